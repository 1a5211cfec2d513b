//! An open stream for playback.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use engine::endpoint::{
    Cycle, Due, Endpoint, EndpointError, EndpointTiming, Intake, StreamFault, Wake, Waker,
};
use engine::format::StreamFormat;

use crate::client::{AudioClient, Writer};
use crate::clock::now_ns;
use crate::com::Apartment;
use crate::duration::{hns_from_frames, plausible_latency_frames};
use crate::fault::{broken, refused};
use crate::hresult::Hr;
use crate::hresult::codes::{BUFFER_ERROR, BUFFER_TOO_LARGE, E_FAIL, E_HANDLE};
use crate::lateness::Lateness;
use crate::open::Opened;
use crate::plan::{Pace, wait_limit_ns};
use crate::priority::ProAudio;
use crate::sync::{Event, Signal, Timer, wait_either};

/// Periods that are queued beyond the next where the device sets no events. The timer runs out at any
/// instant of the device's period, and such devices report their progress in jumps of several.
const TIMER_SLACK_PERIODS: u32 = 3;
/// Refusals in a row after which a device that gives no memory counts as broken.
const REFUSALS_MAX: u32 = 50;

/// An open stream. Bound to its thread by the COM pointers and the apartment in it.
pub(crate) struct Stream {
    // Dropped in this order: the writer before its client, both before the apartment is left.
    writer: Writer,
    client: AudioClient,
    /// Present where the device sets no events.
    timer: Option<Timer>,
    waker: Arc<StreamWaker>,
    priority: Option<ProAudio>,
    _apartment: Apartment,

    name: String,
    format: StreamFormat,
    pace: Pace,
    timing: EndpointTiming,
    period_ns: u64,
    /// The level at which the queue is kept.
    keep_frames: u32,
    lateness: Lateness,
    /// Where a refusal of real-time priority is noted; 0 for none.
    priority_error: Arc<AtomicI32>,

    running: bool,
    refusals: u32,
    woken_ns: u64,
    /// How long the last cycle's work took.
    busy_ns: u64,
}

impl Stream {
    pub(crate) fn new(
        opened: Opened,
        name: String,
        priority_error: Arc<AtomicI32>,
        apartment: Apartment,
    ) -> Result<Self, EndpointError> {
        let fail = |code| refused(&format!("\"{name}\" was opened but is of no use"), code);
        let Opened {
            mut client,
            format,
            pace,
            period_frames,
        } = opened;
        let timing = timing(&client, pace, format.rate_hz, period_frames).map_err(fail)?;
        let timer = match pace {
            Pace::ExclusiveTimer => Some(Timer::new().map_err(fail)?),
            Pace::SharedEvent | Pace::ExclusiveEvent => {
                client.enable_event().map_err(fail)?;
                None
            }
        };
        let writer = client.writer(format.frame_bytes()).map_err(fail)?;
        let waker = Arc::new(StreamWaker(Event::new().map_err(fail)?));
        // Also makes the clock ready, which is not to happen on the real-time path.
        let now_ns = now_ns();
        let period_ns = 100 * hns_from_frames(timing.period_frames, format.rate_hz).unsigned_abs();
        Ok(Self {
            writer,
            client,
            timer,
            waker,
            priority: None,
            _apartment: apartment,
            name,
            format,
            pace,
            timing,
            period_ns,
            keep_frames: 0,
            lateness: Lateness::new(period_ns),
            priority_error,
            running: false,
            refusals: 0,
            woken_ns: now_ns,
            busy_ns: 0,
        })
    }

    fn try_start(&mut self, keep_frames: u32) -> Hr<()> {
        // Whatever an earlier start that failed has left behind.
        self.client.reset()?;
        let silence_frames = match self.pace {
            Pace::ExclusiveEvent => self.timing.buffer_frames,
            Pace::SharedEvent | Pace::ExclusiveTimer => self.free_frames()?.min(keep_frames),
        };
        self.keep_frames = silence_frames;
        if silence_frames > 0 {
            self.writer.write_silence(silence_frames)?;
        }
        if let Some(event) = self.client.event() {
            event.unset();
        }
        let priority = ProAudio::enter();
        let refusal = priority.as_ref().err().copied().unwrap_or(0);
        // Relaxed: the number stands for itself.
        self.priority_error.store(refusal, Ordering::Relaxed);
        self.client.start()?;
        self.priority = priority.ok();
        Ok(())
    }

    fn free_frames(&self) -> Hr<u32> {
        Ok(self
            .timing
            .buffer_frames
            .saturating_sub(self.client.padding_frames()?))
    }

    /// Waits for the device's event.
    fn wait_for_event(&self, event: &Event) -> Wake {
        let limit_ms = (wait_limit_ns(self.period_ns) / 1_000_000) as u32;
        match wait_either(&*self.waker, event, limit_ms) {
            Signal::First => Wake::Interrupted,
            Signal::Second => Wake::Due,
            Signal::TimedOut => self.silent(),
            Signal::Failed => Wake::Lost(broken(E_HANDLE)),
        }
    }

    /// Waits until the queue is a period below its level: first as long as that should take, then in
    /// short pauses, as devices report their progress in jumps.
    fn wait_for_room(&self, timer: &Timer) -> Wake {
        let limit_ns = wait_limit_ns(self.period_ns);
        let limit_ms = (limit_ns / 1_000_000) as u32;
        let begun_ns = now_ns();
        let low_frames = self.keep_frames.saturating_sub(self.timing.period_frames);
        let short_pause_hns = (self.period_ns / 800).max(10_000) as i64;
        let mut pause_hns = 0;
        loop {
            let padding_frames = match self.client.padding_frames() {
                Ok(frames) => frames,
                Err(code) => return Wake::Lost(broken(code)),
            };
            let due = padding_frames <= low_frames;
            if !due {
                let excess_frames = padding_frames - low_frames;
                pause_hns = match pause_hns {
                    0 => hns_from_frames(excess_frames, self.format.rate_hz),
                    _ => short_pause_hns,
                };
                timer.set(pause_hns);
            }
            match wait_either(&*self.waker, timer, if due { 0 } else { limit_ms }) {
                Signal::First => return Wake::Interrupted,
                Signal::Failed => return Wake::Lost(broken(E_HANDLE)),
                Signal::Second | Signal::TimedOut if due => return Wake::Due,
                Signal::Second | Signal::TimedOut => {}
            }
            if now_ns().saturating_sub(begun_ns) >= limit_ns {
                return self.silent();
            }
        }
    }

    /// What it means that the device has been silent for too long.
    fn silent(&self) -> Wake {
        match self.client.padding_frames() {
            Ok(_) => Wake::TimedOut,
            Err(code) => Wake::Lost(broken(code)),
        }
    }

    /// Frames for which there is room, and frames that are queued.
    fn room(&self) -> Hr<(u32, u32)> {
        let buffer_frames = self.timing.buffer_frames;
        if self.pace == Pace::ExclusiveEvent {
            // The device has two such buffers and does not tell what is in them.
            return Ok((buffer_frames, 0));
        }
        let padding_frames = self.client.padding_frames()?;
        Ok((buffer_frames.saturating_sub(padding_frames), padding_frames))
    }

    /// For how many of the device's periods what is queued will last.
    fn periods_queued(&self, queued_frames: u32) -> u64 {
        match self.pace {
            // The other buffer, of which the device has just begun the first half.
            Pace::ExclusiveEvent => 1,
            Pace::SharedEvent | Pace::ExclusiveTimer => {
                u64::from(queued_frames / self.timing.period_frames)
            }
        }
    }

    /// Whether the device may give memory after all, the next time.
    fn refused_for_now(&mut self, code: i32) -> bool {
        self.refusals += 1;
        matches!(code, BUFFER_TOO_LARGE | BUFFER_ERROR) && self.refusals < REFUSALS_MAX
    }
}

fn timing(
    client: &AudioClient,
    pace: Pace,
    rate_hz: u32,
    period_frames: u32,
) -> Hr<EndpointTiming> {
    let buffer_frames = client.buffer_frames()?;
    if buffer_frames == 0 || period_frames == 0 {
        return Err(E_FAIL);
    }
    let (intake, queued_frames, longest_frames) = match pace {
        // While one of the two buffers is filled, the other plays.
        Pace::ExclusiveEvent => (Intake::Whole, buffer_frames, buffer_frames),
        Pace::SharedEvent => {
            let intake = Intake::Level { slack_frames: 0 };
            (intake, 0, buffer_frames.saturating_sub(period_frames))
        }
        Pace::ExclusiveTimer => {
            let slack_frames = period_frames.saturating_mul(TIMER_SLACK_PERIODS);
            let intake = Intake::Level { slack_frames };
            (intake, 0, buffer_frames.saturating_sub(period_frames))
        }
    };
    // The system's figure is the longest way of a frame, and a full queue is a part of that way.
    let latency_frames = plausible_latency_frames(client.latency_hns().unwrap_or(0), rate_hz);
    let stated_frames = latency_frames.saturating_sub(longest_frames);
    let device_frames = match pace {
        // Whatever the system states, the mixer works a period ahead.
        Pace::SharedEvent => stated_frames.max(period_frames),
        Pace::ExclusiveEvent | Pace::ExclusiveTimer => stated_frames,
    };
    Ok(EndpointTiming {
        period_frames,
        buffer_frames,
        intake,
        queued_frames,
        device_frames,
        input_period_frames: 0,
        input_device_frames: 0,
        is_one_clock: true,
    })
}

impl Endpoint for Stream {
    fn output_format(&self) -> Option<StreamFormat> {
        Some(self.format)
    }

    fn input_format(&self) -> Option<StreamFormat> {
        None
    }

    fn timing(&self) -> EndpointTiming {
        self.timing
    }

    fn waker(&self) -> Arc<dyn Waker> {
        Arc::clone(&self.waker) as Arc<dyn Waker>
    }

    fn start(&mut self, keep_frames: u32) -> Result<(), EndpointError> {
        if self.running {
            return Ok(());
        }
        self.try_start(keep_frames)
            .map_err(|code| refused(&format!("\"{}\" cannot be started", self.name), code))?;
        self.running = true;
        self.refusals = 0;
        self.busy_ns = 0;
        self.lateness = Lateness::new(self.period_ns);
        Ok(())
    }

    fn stop(&mut self) {
        if !self.running {
            return;
        }
        self.running = false;
        // A device that is gone refuses both, and is silent all the same.
        let _ = self.client.stop();
        let _ = self.client.reset();
        self.priority = None;
    }

    fn wait(&mut self) -> Wake {
        let wake = match (&self.timer, self.client.event()) {
            (Some(timer), _) => self.wait_for_room(timer),
            (None, Some(event)) => self.wait_for_event(event),
            (None, None) => Wake::Lost(broken(E_HANDLE)),
        };
        self.woken_ns = now_ns();
        wake
    }

    fn cycle(&mut self, work: &mut dyn Cycle) -> Result<(), StreamFault> {
        let (room_frames, queued_frames) = self.room().map_err(broken)?;
        if room_frames == 0 {
            return Ok(());
        }
        let (now_ns, busy_ns) = (self.woken_ns, self.busy_ns);
        let underrun = self.lateness.woken(now_ns);
        let mut filled = false;
        let written = self.writer.write(room_frames, |bytes| {
            filled = true;
            work.due(Due {
                bytes,
                queued_frames,
                now_ns,
                busy_ns,
                underrun,
            })
        });
        let written_frames = match written {
            Ok(frames) => frames,
            Err(code) if !filled && self.refused_for_now(code) => return Ok(()),
            Err(code) => return Err(broken(code)),
        };
        self.refusals = 0;
        let handed_over_ns = crate::clock::now_ns();
        self.busy_ns = handed_over_ns.saturating_sub(now_ns);
        let periods = self.periods_queued(queued_frames.saturating_add(written_frames));
        self.lateness.handed_over(handed_over_ns, periods);
        Ok(())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Interrupts a stream's wait.
struct StreamWaker(Event);

impl Waker for StreamWaker {
    fn wake(&self) {
        self.0.set();
    }
}

impl crate::sync::Waitable for StreamWaker {
    fn handle(&self) -> crate::bindings::HANDLE {
        self.0.handle()
    }
}
