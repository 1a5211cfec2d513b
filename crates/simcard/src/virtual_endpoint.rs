//! An open simulated stream as the engine's [`Endpoint`].

use std::sync::Arc;

use engine::endpoint::{
    Chosen, Cycle, Due, Endpoint, EndpointError, EndpointTiming, Intake, Label, Packet,
    StreamFault, Wake, Waker,
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
    pub(crate) output: Option<(StreamId, StreamFormat)>,
    pub(crate) input: Option<(StreamId, StreamFormat)>,
    pub(crate) chosen: Chosen,
    pub(crate) usage: Use,
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
    recorded: Recorded,
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
    /// When the device counts as silent if it has given no sign.
    silent_ns: u64,
    /// How long the last cycle's work took.
    busy_ns: u64,
    underrun: bool,
    underruns: u64,
    refusals: u32,
}

/// Packets that were taken at a wake-up.
#[derive(Default)]
struct Recorded {
    bytes: Vec<u8>,
    packets: Vec<Taken>,
}

/// One of them.
struct Taken {
    length_bytes: usize,
    frames: u32,
    discontinuity: bool,
    /// When its last frame was recorded.
    complete_ns: u64,
}

impl VirtualEndpoint {
    pub(crate) fn new(
        time: Arc<VirtualTime>,
        name: String,
        opened: Opened,
        work: WakeSpec,
    ) -> Self {
        let place = time.enter();
        let bytes = opened.output.map_or(0, |(_, format)| {
            opened.timing.buffer_frames as usize * format.frame_bytes()
        });
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
            recorded: Recorded::default(),
            keep_frames: 0,
            room_frames: 0,
            queued_frames: 0,
            written_frames: 0,
            hand_over_ns: None,
            timer_ns: None,
            woken_ns: 0,
            silent_ns: 0,
            busy_ns: 0,
            underrun: false,
            underruns: 0,
            refusals: 0,
        }
    }

    fn output(&self) -> Option<StreamId> {
        self.opened.output.map(|(stream, _)| stream)
    }

    fn input(&self) -> Option<StreamId> {
        self.opened.input.map(|(stream, _)| stream)
    }

    fn streams(&self) -> impl Iterator<Item = StreamId> + use<> {
        // As near together as can be, what records first.
        [self.input(), self.output()].into_iter().flatten()
    }

    fn frame_bytes(&self) -> usize {
        let format = self.opened.output.or(self.opened.input);
        format.map_or(1, |(_, format)| format.frame_bytes())
    }

    fn period_ns(&self, frames: u32) -> u64 {
        let format = self.opened.output.or(self.opened.input);
        let rate_hz = format.map_or(1, |(_, format)| format.rate_hz);
        u64::from(frames) * 1_000_000_000 / u64::from(rate_hz)
    }

    /// Hands over what the last cycle has written, when the client has worked for its time.
    fn finish_cycle(&mut self) -> Result<Outcome, SimError> {
        let Some(at_ns) = self.hand_over_ns else {
            return Ok(Outcome::Reached);
        };
        let outcome = self.time.wait(&self.place, |_| Ok(Until::Time(at_ns)))?;
        if outcome == Outcome::Reached {
            self.hand_over_ns = None;
            if let Some(stream) = self.output() {
                let bytes = &self.memory[..self.written_frames as usize * self.frame_bytes()];
                self.time
                    .with(|world| world.release_buffer(stream, Data::Bytes(bytes)))?;
            }
        }
        Ok(outcome)
    }

    /// Waits for an event or for the client's own timer.
    fn next_wake(&mut self) -> Result<Outcome, SimError> {
        let timing = self.opened.timing;
        if self.opened.usage != Use::ExclusiveTimer {
            let until = Until::Signal([self.output(), self.input()], self.silent_ns);
            return self.time.wait(&self.place, |_| Ok(until));
        }
        let level_frames = self.keep_frames.saturating_sub(timing.period_frames);
        let period_ns = self.period_ns(timing.period_frames);
        let (output, woken_ns) = (self.output(), self.woken_ns);
        let room_ns = |world: &mut World| match output {
            Some(stream) => {
                let due_ns = world.time_of_padding(stream, level_frames)?;
                Ok::<u64, SimError>(due_ns + world.timer_delay_ns(stream)?)
            }
            None => Ok(woken_ns.max(world.now_ns()) + period_ns),
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

    /// The clock has ticked: two periods from now it counts as silent.
    fn heard_of(&mut self) {
        self.silent_ns = self.woken_ns + 2 * self.period_ns(self.opened.timing.period_frames);
    }

    /// The device has set no event for two periods. One that has played a period meanwhile is served as
    /// if it had.
    fn was_silent(&mut self) -> Result<Wake, SimError> {
        // A stream that is dead sets no event, but says so when it is asked.
        let mut padding_frames = 0;
        for stream in self.streams() {
            padding_frames = self.time.with(|world| world.padding_frames(stream))?;
        }
        let period_frames = self.opened.timing.period_frames;
        let low_frames = self.keep_frames.saturating_sub(period_frames);
        let is_level = matches!(self.opened.timing.intake, Intake::Level { .. });
        if self.output().is_some() && is_level && padding_frames <= low_frames {
            let wake = self.woken(Outcome::Reached);
            // The host has a rhythm: from now on it is looked every period.
            self.silent_ns = self.woken_ns + self.period_ns(period_frames);
            return wake;
        }
        let now_ns = self.time.with(|world| world.now_ns());
        self.silent_ns = now_ns + self.period_ns(period_frames);
        Ok(Wake::TimedOut { now_ns })
    }

    /// Takes all that was recorded.
    fn take_packets(&mut self) -> Result<(), SimError> {
        let Some((stream, StreamFormat { rate_hz, .. })) = self.opened.input else {
            return Ok(());
        };
        let recorded = &mut self.recorded;
        self.time.with(|world| {
            while let Some((packet, bytes)) = world.get_packet(stream)? {
                recorded.bytes.extend_from_slice(bytes);
                let length_ns = u64::from(packet.frames) * 1_000_000_000 / u64::from(rate_hz);
                recorded.packets.push(Taken {
                    length_bytes: bytes.len(),
                    frames: packet.frames,
                    discontinuity: packet.discontinuity,
                    complete_ns: packet.time_ns + length_ns,
                });
                world.release_packet(stream, packet.frames)?;
            }
            Ok(())
        })
    }

    /// Asks the device what it wants, and for room.
    fn ask_for_room(&mut self) -> Result<(), SimError> {
        let Some(stream) = self.output() else {
            return Ok(());
        };
        let Opened { usage, timing, .. } = self.opened;
        let asked = self.time.with(|world| {
            let padding_frames = world.padding_frames(stream)?;
            let (room_frames, queued_frames) = match usage {
                // The device does not tell what is in its two buffers.
                Use::Exclusive => (timing.buffer_frames, 0),
                _ => (timing.buffer_frames - padding_frames, padding_frames),
            };
            let granted = world.get_buffer(stream, room_frames);
            let underruns = world.stats(stream)?.underruns;
            Ok((room_frames, queued_frames, granted, underruns))
        });
        let (room_frames, queued_frames, granted, underruns) = asked?;
        // Kept until a cycle tells it: the device may refuse its memory just now.
        self.underrun |= underruns != self.underruns;
        self.underruns = underruns;
        self.queued_frames = queued_frames;
        match granted {
            Ok(()) => {
                self.refusals = 0;
                self.room_frames = room_frames;
                Ok(())
            }
            Err(SimError::BufferTooLarge | BUFFER_ERROR) if self.refusals < REFUSALS_MAX => {
                self.refusals += 1;
                self.timer_ns = Some(self.woken_ns + self.period_ns(timing.period_frames));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    fn try_wait(&mut self) -> Result<Wake, SimError> {
        if self.finish_cycle()? == Outcome::Interrupted {
            return Ok(Wake::Interrupted);
        }
        let outcome = self.next_wake()?;
        self.woken(outcome)
    }

    fn woken(&mut self, outcome: Outcome) -> Result<Wake, SimError> {
        match outcome {
            Outcome::Interrupted => Ok(Wake::Interrupted),
            Outcome::Reached | Outcome::ReachedSecond => {
                self.woken_ns = self.time.with(|world| world.now_ns());
                self.room_frames = 0;
                self.take_packets()?;
                // A device with events wants nothing without one.
                if outcome == Outcome::Reached || self.output().is_none() {
                    self.heard_of();
                    self.ask_for_room()?;
                }
                Ok(Wake::Due)
            }
            Outcome::TimedOut => self.was_silent(),
        }
    }

    /// Gives the packets away: with events the newest as of now and the others as long before as they
    /// are, else as of when they were complete.
    fn give_packets(&mut self, work: &mut dyn Cycle) {
        let Recorded { bytes, packets } = std::mem::take(&mut self.recorded);
        let mut end = bytes.len();
        let mut later_frames = 0;
        let mut given = Vec::with_capacity(packets.len());
        for packet in packets.iter().rev() {
            let now_ns = match self.opened.usage {
                Use::ExclusiveTimer => packet.complete_ns,
                _ => self.woken_ns.saturating_sub(self.period_ns(later_frames)),
            };
            given.push(Packet {
                bytes: &bytes[end - packet.length_bytes..end],
                now_ns,
                discontinuity: packet.discontinuity,
            });
            end -= packet.length_bytes;
            later_frames += packet.frames;
        }
        for packet in given.into_iter().rev() {
            work.captured(packet);
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

/// Interrupts a place in virtual time.
pub(crate) struct VirtualWaker {
    pub(crate) time: Arc<VirtualTime>,
    pub(crate) seat: usize,
}

impl Waker for VirtualWaker {
    fn wake(&self) {
        self.time.interrupt(self.seat);
    }
}

impl Endpoint for VirtualEndpoint {
    fn output_format(&self) -> Option<StreamFormat> {
        self.opened.output.map(|(_, format)| format)
    }

    fn input_format(&self) -> Option<StreamFormat> {
        self.opened.input.map(|(_, format)| format)
    }

    fn timing(&self) -> EndpointTiming {
        self.opened.timing
    }

    fn fault(&mut self) -> Option<StreamFault> {
        let ask = |stream| self.time.with(|world| world.padding_frames(stream));
        self.streams()
            .find_map(|stream| ask(stream).err())
            .map(fault)
    }

    fn chosen(&self) -> Chosen {
        self.opened.chosen.clone()
    }

    fn label(&self) -> Label {
        let name = |is_open| Some(self.name.clone()).filter(|_| is_open);
        Label {
            output: name(self.opened.output.is_some()),
            input: name(self.opened.input.is_some()),
            mode: "",
        }
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
        let Opened { usage, timing, .. } = self.opened;
        let keep_frames = match usage {
            Use::Exclusive => timing.buffer_frames,
            _ => keep_frames.min(timing.buffer_frames),
        };
        let silence_frames = match usage {
            // Due at once: the queue is long, and the sound comes a period sooner.
            Use::ExclusiveTimer => keep_frames.saturating_sub(timing.period_frames),
            _ => keep_frames,
        };
        let (output, streams) = (self.output(), self.streams());
        let begin = |world: &mut World| {
            let mut underruns = 0;
            if let Some(stream) = output {
                world.reset(stream)?;
                world.get_buffer(stream, silence_frames)?;
                world.release_buffer(stream, Data::Silent(silence_frames))?;
                underruns = world.stats(stream)?.underruns;
            }
            for stream in streams {
                world.start(stream)?;
            }
            Ok(underruns)
        };
        let begun = self.time.take_part(&self.place, true, begin);
        self.underruns = begun.map_err(|error| {
            self.time.take_part(&self.place, false, |_| ());
            refused(&format!("\"{}\" cannot be started", self.name), error)
        })?;
        self.running = true;
        self.underrun = false;
        self.woken_ns = self.time.with(|world| world.now_ns());
        // The first packet needs two periods and more.
        self.heard_of();
        if output.is_none() {
            self.silent_ns += 2 * self.period_ns(timing.period_frames);
        }
        self.keep_frames = keep_frames;
        self.busy_ns = 0;
        self.hand_over_ns = None;
        self.timer_ns = None;
        self.refusals = 0;
        self.recorded = Recorded::default();
        Ok(())
    }

    fn stop(&mut self) {
        if !self.running {
            return;
        }
        self.running = false;
        let (output, streams) = (self.output(), self.streams());
        self.time.take_part(&self.place, false, |world| {
            // A device that is gone refuses all of it, and is silent all the same.
            for stream in streams {
                let _ = world.stop(stream);
                if output == Some(stream) {
                    let _ = world.release_buffer(stream, Data::Silent(0));
                }
                let _ = world.reset(stream);
            }
        });
    }

    fn wait(&mut self) -> Wake {
        self.try_wait()
            .unwrap_or_else(|error| Wake::Lost(fault(error)))
    }

    fn cycle(&mut self, work: &mut dyn Cycle) -> Result<(), StreamFault> {
        self.give_packets(work);
        if self.room_frames == 0 || self.hand_over_ns.is_some() {
            return Ok(());
        }
        let bytes = self.room_frames as usize * self.frame_bytes();
        let written_frames = work.due(Due {
            bytes: &mut self.memory[..bytes],
            queued_frames: self.queued_frames,
            now_ns: self.woken_ns,
            busy_ns: self.busy_ns,
            underrun: std::mem::take(&mut self.underrun),
        });
        self.written_frames = written_frames.min(self.room_frames);
        self.room_frames = 0;
        // No time passes before the next wait, which hands the frames over.
        let spent_ns = VirtualTime::take_spent_ns();
        self.busy_ns = self.work.draw(&mut self.rng).saturating_add(spent_ns);
        self.hand_over_ns = Some(self.woken_ns.saturating_add(self.busy_ns));
        Ok(())
    }
}

impl Drop for VirtualEndpoint {
    fn drop(&mut self) {
        self.stop();
        for stream in self.streams() {
            self.time.with(|world| world.close(stream));
        }
        self.time.leave(&self.place);
    }
}
