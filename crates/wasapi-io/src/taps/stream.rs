//! An open tap.

#![allow(unsafe_code)]

use std::sync::Arc;

use engine::endpoint::{
    Chosen, Cycle, Due, Endpoint, EndpointError, EndpointTiming, Intake, Label, Packet,
    StreamFault, Wake, Waker,
};
use engine::format::StreamFormat;

use super::filler::{Filler, Owed};
use crate::clock::now_ns;
use crate::com::SharedApartment;
use crate::duration::ns_from_frames;
use crate::fault::{broken, refused};
use crate::hresult::Hr;
use crate::hresult::codes::E_HANDLE;
use crate::input::Input;
use crate::output::Output;
use crate::parts::StreamWaker;
use crate::priority::ProAudio;
use crate::sync::{Event, Signal, Timer, Waitable, wait_first};

/// Silence that is handed over in one piece, in parts of a second.
const PIECES_PER_SECOND: u32 = 20;
/// Periods of silence that are kept queued on the endpoint, so that it never stands still.
const KEPT_PERIODS: u32 = 2;

/// What a tap is made of.
pub(crate) struct TapParts {
    pub(crate) input: Input,
    /// Silence on the endpoint that is heard, so that the system goes on giving packets; `None` where
    /// there is no such endpoint.
    pub(crate) keeper: Option<Output>,
    pub(crate) name: String,
    pub(crate) chosen: Chosen,
}

/// An open tap. It may go to another thread while it is stopped.
pub(crate) struct Tap {
    // Dropped in this order: the sides before the apartment may end.
    input: Input,
    keeper: Option<Output>,
    /// Stands for the keeper's event where there is none.
    timer: Timer,
    waker: Arc<StreamWaker>,
    priority: Option<ProAudio>,
    _apartment: SharedApartment,

    name: String,
    chosen: Chosen,
    filler: Filler,
    silence: Vec<u8>,
    running: bool,
    keeper_due: bool,
    woken_ns: u64,
}

// SAFETY: as for a device's stream: the interfaces are those of the multithreaded apartment, which
// `_apartment` keeps alive, and are used by one thread at a time; `priority` is there from `start` to
// `stop` only, and these are called on one thread, as `Endpoint` demands.
unsafe impl Send for Tap {}

impl Tap {
    pub(crate) fn new(parts: TapParts, apartment: SharedApartment) -> Result<Self, EndpointError> {
        let TapParts {
            input,
            keeper,
            name,
            chosen,
        } = parts;
        let fail = |code| refused(&format!("\"{name}\" was opened but is of no use"), code);
        let timer = Timer::new().map_err(fail)?;
        let waker = Arc::new(StreamWaker(Event::new().map_err(fail)?));
        let format = input.format;
        let piece_frames = (format.rate_hz / PIECES_PER_SECOND).max(1) as usize;
        Ok(Self {
            filler: Filler::new(format.rate_hz, input.period_ns),
            silence: vec![0; piece_frames * format.frame_bytes()],
            input,
            keeper,
            timer,
            waker,
            priority: None,
            _apartment: apartment,
            name,
            chosen,
            running: false,
            keeper_due: false,
            // Also makes the clock ready, which is not to happen on the real-time path.
            woken_ns: now_ns(),
        })
    }

    fn try_start(&mut self) -> Hr<()> {
        if let Some(keeper) = &mut self.keeper {
            keeper.prepare(KEPT_PERIODS * keeper.period_frames)?;
        }
        self.priority = ProAudio::enter().ok();
        let started = self.input.start().and_then(|()| match &mut self.keeper {
            Some(keeper) => keeper.start(),
            None => Ok(()),
        });
        if started.is_err() {
            self.input.stop();
            self.priority = None;
        }
        started
    }

    /// What wakes the tap when it hears nothing.
    fn clock(&self) -> &dyn Waitable {
        match self.keeper.as_ref().and_then(Output::event) {
            Some(event) => event,
            None => &self.timer,
        }
    }

    fn due(&mut self, keeper_too: bool) -> Wake {
        self.keeper_due |= keeper_too;
        self.woken_ns = now_ns();
        Wake::Due
    }
}

/// What the keeper plays.
struct Silence {
    keep_frames: u32,
    frame_bytes: usize,
}

impl Cycle for Silence {
    fn captured(&mut self, _packet: Packet<'_>) {}

    fn due(&mut self, due: Due<'_>) -> u32 {
        due.bytes.fill(0);
        let room_frames = (due.bytes.len() / self.frame_bytes) as u32;
        self.keep_frames
            .saturating_sub(due.queued_frames)
            .min(room_frames)
    }
}

/// Puts silence between what is heard, where some is owed.
struct Filling<'a> {
    work: &'a mut dyn Cycle,
    filler: &'a mut Filler,
    silence: &'a [u8],
    frame_bytes: usize,
    rate_hz: u32,
    heard: bool,
}

impl Filling<'_> {
    fn give(&mut self, owed: Owed) {
        let piece_frames = (self.silence.len() / self.frame_bytes) as u32;
        let mut left_frames = owed.frames;
        let mut is_torn = owed.is_torn;
        while left_frames > 0 {
            let frames = left_frames.min(piece_frames);
            left_frames -= frames;
            self.work.captured(Packet {
                bytes: &self.silence[..frames as usize * self.frame_bytes],
                now_ns: owed.end_ns - ns_from_frames(left_frames, self.rate_hz),
                discontinuity: std::mem::take(&mut is_torn),
            });
        }
    }
}

impl Cycle for Filling<'_> {
    fn captured(&mut self, packet: Packet<'_>) {
        self.heard = true;
        let frames = (packet.bytes.len() / self.frame_bytes) as u32;
        let owed = self.filler.packet(frames, packet.now_ns);
        self.give(owed);
        // What the silence stood for is no sound that was lost.
        let discontinuity = packet.discontinuity && owed.frames == 0;
        self.work.captured(Packet {
            discontinuity,
            ..packet
        });
    }

    fn due(&mut self, _due: Due<'_>) -> u32 {
        0
    }
}

impl Endpoint for Tap {
    fn output_format(&self) -> Option<StreamFormat> {
        None
    }

    fn input_format(&self) -> Option<StreamFormat> {
        Some(self.input.format)
    }

    fn timing(&self) -> EndpointTiming {
        EndpointTiming {
            period_frames: self.input.period_frames,
            buffer_frames: 0,
            intake: Intake::Level { slack_frames: 0 },
            queued_frames: 0,
            device_frames: 0,
            input_period_frames: self.input.period_frames,
            input_device_frames: self.input.device_frames,
            is_one_clock: true,
        }
    }

    fn chosen(&self) -> Chosen {
        self.chosen.clone()
    }

    fn label(&self) -> Label {
        Label {
            output: None,
            input: Some(self.name.clone()),
            mode: "loopback",
        }
    }

    fn waker(&self) -> Arc<dyn Waker> {
        Arc::clone(&self.waker) as Arc<dyn Waker>
    }

    fn start(&mut self, _keep_frames: u32) -> Result<(), EndpointError> {
        if self.running {
            return Ok(());
        }
        self.try_start()
            .map_err(|code| refused(&format!("\"{}\" cannot be heard", self.name), code))?;
        self.running = true;
        self.keeper_due = false;
        self.woken_ns = now_ns();
        self.filler.start(self.woken_ns);
        Ok(())
    }

    fn stop(&mut self) {
        if !std::mem::take(&mut self.running) {
            return;
        }
        self.input.stop();
        if let Some(keeper) = &mut self.keeper {
            keeper.stop();
        }
        self.priority = None;
    }

    fn wait(&mut self) -> Wake {
        let period_ns = self.input.period_ns;
        if self.keeper.is_none() {
            self.timer.set((period_ns / 100) as i64);
        }
        let limit_ms = (2 * period_ns).div_ceil(1_000_000).max(1) as u32;
        let waker: &dyn Waitable = &*self.waker;
        let signal = match self.input.event() {
            Some(event) => wait_first(&[waker, self.clock(), event], limit_ms),
            None => wait_first(&[waker, self.clock()], limit_ms),
        };
        match signal {
            Signal::Of(0) => Wake::Interrupted,
            Signal::Of(1) => self.due(true),
            Signal::Of(_) => self.due(false),
            Signal::Failed => Wake::Lost(broken(E_HANDLE)),
            // An endpoint that is gone sets no event, but says so when it is asked. One that is only
            // late is served nevertheless: what it does not give is silence.
            Signal::TimedOut => match self.keeper.as_ref().map_or(Ok(()), Output::check) {
                Err(code) => Wake::Lost(broken(code)),
                Ok(()) => self.due(true),
            },
        }
    }

    fn cycle(&mut self, work: &mut dyn Cycle) -> Result<(), StreamFault> {
        let keeper_due = std::mem::take(&mut self.keeper_due);
        if let Some(keeper) = self.keeper.as_mut().filter(|_| keeper_due) {
            let mut silence = Silence {
                keep_frames: KEPT_PERIODS * keeper.period_frames,
                frame_bytes: keeper.format.frame_bytes(),
            };
            keeper.cycle(&mut silence, self.woken_ns)?;
        }
        let mut filling = Filling {
            work,
            filler: &mut self.filler,
            silence: &self.silence,
            frame_bytes: self.input.format.frame_bytes(),
            rate_hz: self.input.format.rate_hz,
            heard: false,
        };
        self.input
            .cycle(&mut filling, self.woken_ns)
            .map_err(broken)?;
        if !filling.heard {
            let owed = filling.filler.none(self.woken_ns);
            filling.give(owed);
        }
        Ok(())
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.stop();
    }
}
