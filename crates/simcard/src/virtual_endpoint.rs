//! An open simulated stream as the engine's [`RenderEndpoint`].

use std::sync::Arc;

use engine::endpoint::{
    Due, EndpointError, EndpointTiming, RenderEndpoint, StreamFault, Wake, Waker,
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

/// A stream in virtual time. [`wait`](RenderEndpoint::wait) lets the world go on to the stream's next
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
    /// Frames that the device wants in this cycle.
    wanted_frames: u32,
    /// When the frames in `memory` are handed over.
    hand_over_ns: Option<u64>,
    /// When the client's own timer wakes it.
    timer_ns: Option<u64>,
    woken_ns: u64,
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
            wanted_frames: 0,
            hand_over_ns: None,
            timer_ns: None,
            woken_ns: 0,
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
        &self.memory[..self.wanted_frames as usize * self.opened.format.frame_bytes()]
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
        let EndpointTiming {
            buffer_frames,
            period_frames,
            ..
        } = self.opened.timing;
        let room_ns = |world: &mut World| {
            let due_ns = world.time_of_padding(stream, buffer_frames - period_frames)?;
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
            let free_frames = timing.buffer_frames - padding_frames;
            let wanted_frames = match usage {
                Use::Exclusive => timing.buffer_frames,
                Use::ExclusiveTimer => free_frames - free_frames % timing.period_frames,
                Use::Shared | Use::LowLatency => free_frames,
            };
            let granted = world.get_buffer(stream, wanted_frames);
            let underruns = world.stats(stream)?.underruns;
            Ok((world.now_ns(), wanted_frames, granted, underruns))
        });
        let (now_ns, wanted_frames, granted, underruns) = asked?;
        self.woken_ns = now_ns;
        self.underrun = underruns != self.underruns;
        self.underruns = underruns;
        self.wanted_frames = 0;
        match granted {
            Ok(()) => {
                self.refusals = 0;
                self.wanted_frames = wanted_frames;
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

impl RenderEndpoint for VirtualEndpoint {
    fn format(&self) -> StreamFormat {
        self.opened.format
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

    fn start(&mut self) -> Result<(), EndpointError> {
        if self.running {
            return Ok(());
        }
        let stream = self.opened.stream;
        let begin = |world: &mut World| {
            world.reset(stream)?;
            let free_frames = world.buffer_frames(stream)? - world.padding_frames(stream)?;
            world.get_buffer(stream, free_frames)?;
            world.release_buffer(stream, Data::Silent(free_frames))?;
            world.start(stream)?;
            Ok(world.stats(stream)?.underruns)
        };
        let begun = self.time.take_part(&self.place, true, begin);
        self.underruns = begun.map_err(|error| {
            self.time.take_part(&self.place, false, |_| ());
            refused(&format!("\"{}\" cannot be started", self.name), error)
        })?;
        self.running = true;
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

    fn cycle(&mut self, fill: &mut dyn FnMut(Due<'_>)) -> Result<u32, StreamFault> {
        if self.wanted_frames == 0 || self.hand_over_ns.is_some() {
            return Ok(0);
        }
        let bytes = self.wanted_frames as usize * self.opened.format.frame_bytes();
        fill(Due {
            bytes: &mut self.memory[..bytes],
            now_ns: self.woken_ns,
            underrun: self.underrun,
        });
        // No time passes before the next wait, which hands the frames over.
        let work_ns = self.work.draw(&mut self.rng);
        self.hand_over_ns = Some(self.woken_ns.saturating_add(work_ns));
        Ok(self.wanted_frames)
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
