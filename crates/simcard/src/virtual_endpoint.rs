//! An open simulated stream as the engine's [`Endpoint`].

use std::sync::Arc;

use engine::endpoint::{
    Cycle, Due, Endpoint, EndpointError, EndpointTiming, StreamFault, Wake, Waker,
};
use engine::format::StreamFormat;

use crate::buffers::Data;
use crate::error::SimError;
use crate::rng::SplitMix64;
use crate::virtual_device::{Use, refused};
use crate::virtual_time::{Outcome, Place, Until, VirtualTime};
use crate::wake::WakeSpec;
use crate::world::{StreamId, World};

/// `AUDCLNT_E_BUFFER_ERROR`, which a client may try again.
const BUFFER_ERROR: SimError = SimError::Code(0x8889_0018_u32 as i32);
/// Refusals in a row after which a device that gives no memory counts as broken.
const REFUSALS_MAX: u32 = 50;

/// What was opened.
pub(crate) struct Opened {
    pub(crate) stream: StreamId,
    pub(crate) usage: Use,
    pub(crate) format: StreamFormat,
    pub(crate) timing: EndpointTiming,
}

/// A stream in virtual time. [`wait`](Endpoint::wait) lets the world go on to the stream's next
/// wake-up, the time that the client worked included.
pub(crate) struct VirtualEndpoint {
    time: Arc<VirtualTime>,
    place: Place,
    name: String,
    opened: Opened,
    work: WakeSpec,
    rng: SplitMix64,
    running: bool,
    memory: Vec<u8>,
    /// The level at which the queue is kept.
    keep_frames: u32,
    /// Frames for which the device offers memory in this cycle.
    room_frames: u32,
    /// Frames that the device had queued at the wake-up.
    queued_frames: u32,
    /// Frames that the cycle wrote.
    written_frames: u32,
    /// When the frames in `memory` are handed over.
    hand_over_ns: Option<u64>,
    /// When the client's own timer wakes it.
    timer_ns: Option<u64>,
    woken_ns: u64,
    /// How long the last cycle's work took.
    busy_ns: u64,
    underrun: bool,
    underruns: u64,
    refusals: u32,
}

impl VirtualEndpoint {
    pub(crate) fn new(
        time: Arc<VirtualTime>,
        name: String,
        opened: Opened,
        work: WakeSpec,
    ) -> Self {
        let place = time.enter();
        let bytes = opened.timing.buffer_frames as usize * opened.format.frame_bytes();
        let seed = time.with(|world| world.seed);
        Self {
            rng: SplitMix64::derived(seed, &format!("work on {name}, place {}", place.seat)),
            time,
            place,
            name,
            opened,
            work,
            running: false,
            memory: vec![0; bytes],
            keep_frames: 0,
            room_frames: 0,
            queued_frames: 0,
            written_frames: 0,
            hand_over_ns: None,
            timer_ns: None,
            woken_ns: 0,
            busy_ns: 0,
            underrun: false,
            underruns: 0,
            refusals: 0,
        }
    }

    fn period_ns(&self) -> u64 {
        u64::from(self.opened.timing.period_frames) * 1_000_000_000
            / u64::from(self.opened.format.rate_hz)
    }

    fn filled(&self) -> &[u8] {
        &self.memory[..self.written_frames as usize * self.opened.format.frame_bytes()]
    }

    /// Hands over what the last cycle has written, when the client has worked for its time.
    fn finish_cycle(&mut self) -> Result<Outcome, SimError> {
        let Some(at_ns) = self.hand_over_ns else {
            return Ok(Outcome::Reached);
        };
        let outcome = self.time.wait(&self.place, |_| Ok(Until::Time(at_ns)))?;
        if outcome == Outcome::Reached {
            self.hand_over_ns = None;
            let (stream, bytes) = (self.opened.stream, self.filled());
            self.time
                .with(|world| world.release_buffer(stream, Data::Bytes(bytes)))?;
        }
        Ok(outcome)
    }

    /// Waits for the event or for the client's own timer.
    fn next_wake(&mut self) -> Result<Outcome, SimError> {
        let stream = self.opened.stream;
        let limit_ns = self.period_ns().saturating_mul(4).max(200_000_000);
        if self.opened.usage != Use::ExclusiveTimer {
            return self.time.wait(&self.place, |world| {
                Ok(Until::Signal(stream, world.now_ns() + limit_ns))
            });
        }
        let period_frames = self.opened.timing.period_frames;
        let level_frames = self.keep_frames.saturating_sub(period_frames);
        let room_ns = |world: &mut World| {
            let due_ns = world.time_of_padding(stream, level_frames)?;
            Ok::<u64, SimError>(due_ns + world.timer_delay_ns(stream)?)
        };
        let at_ns = match self.timer_ns {
            Some(at_ns) => at_ns,
            None => *self.timer_ns.insert(self.time.with(room_ns)?),
        };
        let outcome = self.time.wait(&self.place, |_| Ok(Until::Time(at_ns)))?;
        if outcome == Outcome::Reached {
            self.timer_ns = None;
        }
        Ok(outcome)
    }

    /// Asks the device what it wants, and for room.
    fn prepare_cycle(&mut self) -> Result<(), SimError> {
        let Opened {
            stream,
            usage,
            timing,
            ..
        } = self.opened;
        let asked = self.time.with(|world| {
            let padding_frames = world.padding_frames(stream)?;
            let (room_frames, queued_frames) = match usage {
                // The device does not tell what is in its two buffers.
                Use::Exclusive => (timing.buffer_frames, 0),
                _ => (timing.buffer_frames - padding_frames, padding_frames),
            };
            let granted = world.get_buffer(stream, room_frames);
            let underruns = world.stats(stream)?.underruns;
            Ok((
                world.now_ns(),
                room_frames,
                queued_frames,
                granted,
                underruns,
            ))
        });
        let (now_ns, room_frames, queued_frames, granted, underruns) = asked?;
        self.woken_ns = now_ns;
        self.underrun = underruns != self.underruns;
        self.underruns = underruns;
        self.room_frames = 0;
        self.queued_frames = queued_frames;
        match granted {
            Ok(()) => {
                self.refusals = 0;
                self.room_frames = room_frames;
                Ok(())
            }
            Err(SimError::BufferTooLarge | BUFFER_ERROR) if self.refusals < REFUSALS_MAX => {
                self.refusals += 1;
                self.timer_ns = Some(now_ns + self.period_ns());
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn try_wait(&mut self) -> Result<Wake, SimError> {
        if self.finish_cycle()? == Outcome::Interrupted {
            return Ok(Wake::Interrupted);
        }
        match self.next_wake()? {
            Outcome::Interrupted => Ok(Wake::Interrupted),
            Outcome::Reached => self.prepare_cycle().map(|()| Wake::Due),
            Outcome::TimedOut => {
                // A stream that is dead says so when it is asked.
                let stream = self.opened.stream;
                self.time.with(|world| world.padding_frames(stream))?;
                Ok(Wake::TimedOut)
            }
        }
    }
}

/// As the engine has it: out of a running stream an error of the device means that it is lost.
fn fault(error: SimError) -> StreamFault {
    StreamFault {
        kind: error.kind(),
        code: error.code(),
    }
}

struct VirtualWaker {
    time: Arc<VirtualTime>,
    seat: usize,
}

impl Waker for VirtualWaker {
    fn wake(&self) {
        self.time.interrupt(self.seat);
    }
}

impl Endpoint for VirtualEndpoint {
    fn output_format(&self) -> Option<StreamFormat> {
        Some(self.opened.format)
    }

    fn input_format(&self) -> Option<StreamFormat> {
        None
    }

    fn timing(&self) -> EndpointTiming {
        self.opened.timing
    }

    fn waker(&self) -> Arc<dyn Waker> {
        Arc::new(VirtualWaker {
            time: Arc::clone(&self.time),
            seat: self.place.seat,
        })
    }

    fn start(&mut self, keep_frames: u32) -> Result<(), EndpointError> {
        if self.running {
            return Ok(());
        }
        let Opened {
            stream,
            usage,
            timing,
            ..
        } = self.opened;
        let silence_frames = match usage {
            Use::Exclusive => timing.buffer_frames,
            _ => keep_frames.min(timing.buffer_frames),
        };
        let begin = |world: &mut World| {
            world.reset(stream)?;
            world.get_buffer(stream, silence_frames)?;
            world.release_buffer(stream, Data::Silent(silence_frames))?;
            world.start(stream)?;
            Ok(world.stats(stream)?.underruns)
        };
        let begun = self.time.take_part(&self.place, true, begin);
        self.underruns = begun.map_err(|error| {
            self.time.take_part(&self.place, false, |_| ());
            refused(&format!("\"{}\" cannot be started", self.name), error)
        })?;
        self.running = true;
        self.keep_frames = silence_frames;
        self.busy_ns = 0;
        self.hand_over_ns = None;
        self.timer_ns = None;
        self.refusals = 0;
        Ok(())
    }

    fn stop(&mut self) {
        if !self.running {
            return;
        }
        self.running = false;
        let stream = self.opened.stream;
        self.time.take_part(&self.place, false, |world| {
            // A device that is gone refuses all of it, and is silent all the same.
            let _ = world.stop(stream);
            let _ = world.release_buffer(stream, Data::Silent(0));
            let _ = world.reset(stream);
        });
    }

    fn wait(&mut self) -> Wake {
        self.try_wait()
            .unwrap_or_else(|error| Wake::Lost(fault(error)))
    }

    fn cycle(&mut self, work: &mut dyn Cycle) -> Result<(), StreamFault> {
        if self.room_frames == 0 || self.hand_over_ns.is_some() {
            return Ok(());
        }
        let bytes = self.room_frames as usize * self.opened.format.frame_bytes();
        let written_frames = work.due(Due {
            bytes: &mut self.memory[..bytes],
            queued_frames: self.queued_frames,
            now_ns: self.woken_ns,
            busy_ns: self.busy_ns,
            underrun: self.underrun,
        });
        self.written_frames = written_frames.min(self.room_frames);
        self.room_frames = 0;
        // No time passes before the next wait, which hands the frames over.
        self.busy_ns = self.work.draw(&mut self.rng);
        self.hand_over_ns = Some(self.woken_ns.saturating_add(self.busy_ns));
        Ok(())
    }
}

impl Drop for VirtualEndpoint {
    fn drop(&mut self) {
        self.stop();
        let stream = self.opened.stream;
        self.time.with(|world| world.close(stream));
        self.time.leave(&self.place);
    }
}
