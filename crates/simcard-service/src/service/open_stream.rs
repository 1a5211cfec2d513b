//! A stream as the service sees it: between the model and the shared memory.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use engine::format::StreamFormat;
use serde::Serialize;
use simcard::spec::Flow;
use simcard::{Data, EndpointId, Mode, Packet, SimError, StreamId, World};

use super::report::StreamReport;
use super::{Event, Process};
use crate::codes::{FLAG_DISCONTINUITY, FLAG_TIMESTAMP_ERROR, NOT_INITIALIZED};
use crate::layout::{self, HANDOVERS_MAX, PACKETS_MAX};

/// What a client handed over at once, and when it was heard. Times are nanoseconds of the performance
/// counter, which clients see too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Block {
    /// The stream's number of its first frame, counted since the stream was opened.
    pub first_frame: u64,
    /// Frames in it.
    pub frames: u32,
    /// When the event before it was set, if there was one.
    pub event_ns: Option<u64>,
    /// When the client asked for the buffer.
    pub got_ns: u64,
    /// When it handed it over.
    pub released_ns: u64,
    /// The device's frame during which it was handed over.
    pub written_at_frame: u64,
    /// The device's frame in which its first frame was at the analogue output.
    pub played_at_frame: Option<u64>,
}

impl Block {
    /// Frames from the hand-over to the analogue output.
    pub fn latency_frames(&self) -> Option<u64> {
        Some(self.played_at_frame?.saturating_sub(self.written_at_frame))
    }
}

/// An open stream.
pub(super) struct OpenStream {
    pub(super) id: StreamId,
    pub(super) owner: Box<dyn Process>,
    pub(super) process: u32,
    pub(super) endpoint: EndpointId,
    mode: Mode,
    pub(super) renders: bool,
    pub(super) running: bool,
    format: StreamFormat,
    event: Option<Box<dyn Event>>,
    report: StreamReport,
    /// Places in the report's blocks that were not heard yet.
    unheard: VecDeque<usize>,
    /// Frames that the model was given.
    given_frames: u64,
    /// Frames that the device has taken.
    taken_frames: u64,
    /// The next frame that the converter would take, and what the model had queued, before time
    /// passed.
    before: Option<(u64, u32)>,
    event_ns: Option<u64>,
    memory: Vec<u8>,
}

/// When a frame was at the analogue side that entered the ADC's buffer at `time_ns`.
///
/// Follows "IAudioCaptureClient::GetBuffer method (audioclient.h)" and "IAudioClock::GetPosition
/// method (audioclient.h)" on learn.microsoft.com: the packet's time is that at which the device
/// recorded its first frame, and what is recorded is what comes through the microphone. What a DAC
/// plays is heard where it leaves the buffer.
fn at_input_ns(world: &World, endpoint: EndpointId, time_ns: u64) -> u64 {
    let (Ok(Flow::Capture), Ok(spec), Ok(clock)) = (
        world.flow(endpoint),
        world.spec(endpoint),
        world.clock(endpoint),
    ) else {
        return time_ns;
    };
    let frame = clock.frames_at(time_ns);
    clock.time_of_frame(frame.saturating_sub(spec.latency_frames.into()))
}

impl OpenStream {
    pub(super) fn new(
        world: &World,
        id: StreamId,
        (endpoint, mode, format): (EndpointId, Mode, StreamFormat),
        (process, owner): (u32, Box<dyn Process>),
    ) -> Result<Self, SimError> {
        let loopback = matches!(mode, Mode::Shared { loopback: true, .. });
        let renders = world.flow(endpoint)? == Flow::Render && !loopback;
        let latency = u128::from(world.latency_hns(id)?) * u128::from(format.rate_hz);
        let report = StreamReport {
            endpoint: world.spec(endpoint)?.name.clone(),
            mode: mode_name(mode),
            renders,
            process,
            sample: format.sample.name(),
            channels: format.channels,
            rate_hz: format.rate_hz,
            buffer_frames: world.buffer_frames(id)?,
            period_frames: world.period_frames(id)?,
            stated_latency_frames: ((latency + 5_000_000) / 10_000_000) as u64,
            ..StreamReport::empty()
        };
        Ok(Self {
            id,
            owner,
            process,
            endpoint,
            mode,
            renders,
            running: false,
            format,
            event: None,
            report,
            unheard: VecDeque::new(),
            given_frames: 0,
            taken_frames: 0,
            before: None,
            event_ns: None,
            memory: Vec::new(),
        })
    }

    pub(super) fn set_event(&mut self, event: Box<dyn Event>) {
        self.event = Some(event);
    }

    /// When the next hand-over that the model has not seen was made, in nanoseconds of the
    /// performance counter.
    pub(super) fn next_handover(&self, block: &layout::Block) -> Option<u64> {
        let read = block.handovers_read.load(Ordering::Relaxed);
        let written = block.handovers_written.load(Ordering::Acquire);
        let waiting = written.saturating_sub(read);
        if waiting > HANDOVERS_MAX as u64 {
            // No client's side writes that; whoever did has lost them all.
            block.handovers_read.store(written, Ordering::Release);
            return None;
        }
        let slot = &block.handovers[(read % HANDOVERS_MAX as u64) as usize];
        (self.renders && waiting > 0).then(|| slot.released_ns.load(Ordering::Relaxed))
    }

    /// Gives the next hand-over to the model. Returns whether the model took it.
    pub(super) fn hand_over(
        &mut self,
        world: &mut World,
        block: &layout::Block,
        card_ns: impl Fn(u64) -> u64,
    ) -> bool {
        let read = block.handovers_read.load(Ordering::Relaxed);
        let slot = &block.handovers[(read % HANDOVERS_MAX as u64) as usize];
        let end_frame = slot.end_frame.load(Ordering::Relaxed);
        let frames = end_frame.wrapping_sub(self.given_frames);
        let first_frame = self.given_frames;
        let fits = frames <= u64::from(self.report.buffer_frames);
        let agreed = fits && self.give(world, block, first_frame, frames as u32).is_ok();
        block
            .handovers_read
            .store(read.wrapping_add(1), Ordering::Release);
        if !agreed {
            // The client's numbers and the service's go on together; nothing of it is heard.
            self.given_frames = block.client_frames.load(Ordering::Acquire);
            self.taken_frames = self.given_frames;
            return false;
        }
        self.given_frames = end_frame;
        let got_ns = slot.got_ns.load(Ordering::Relaxed);
        let released_ns = slot.released_ns.load(Ordering::Relaxed);
        let clock = world.clock(self.endpoint);
        let written_at_frame = clock.map_or(0, |clock| clock.frames_at(card_ns(released_ns)));
        self.unheard.push_back(self.report.blocks.len());
        self.report.blocks.push(Block {
            first_frame,
            frames: frames as u32,
            event_ns: self.event_ns.take(),
            got_ns,
            released_ns,
            written_at_frame,
            played_at_frame: None,
        });
        true
    }

    fn give(
        &mut self,
        world: &mut World,
        block: &layout::Block,
        first_frame: u64,
        frames: u32,
    ) -> Result<(), SimError> {
        let frame_bytes = self.format.frame_bytes();
        self.memory.resize(frames as usize * frame_bytes, 0);
        block.ring.read(first_frame, frame_bytes, &mut self.memory);
        world.get_buffer(self.id, frames)?;
        world.release_buffer(self.id, Data::Bytes(&self.memory))
    }

    /// Remembers where the stream is before time passes.
    pub(super) fn note_before(&mut self, world: &mut World) {
        let now_ns = world.now_ns();
        let padding = world.padding_frames(self.id);
        let clock = world.clock(self.endpoint);
        self.before = match (self.renders, padding, clock) {
            (true, Ok(padding), Ok(clock)) => Some((clock.frames_at(now_ns), padding)),
            _ => None,
        };
    }

    /// Notes which frames the device has taken while time passed, and as which of its own.
    ///
    /// With a mixer or two buffers that happens at the instant that was reached, and only then: the
    /// mixer's frames are for one period later, the other buffer's for now. From a ring without
    /// events the device takes frame by frame.
    pub(super) fn note_after(&mut self, world: &mut World, block: &layout::Block) {
        let Some((frame_before, padding_before)) = self.before.take() else {
            return;
        };
        let Ok(padding) = world.padding_frames(self.id) else {
            return;
        };
        let taken = padding_before.saturating_sub(padding);
        if taken == 0 {
            return;
        }
        let Ok(clock) = world.clock(self.endpoint) else {
            return;
        };
        let now_frame = clock.frame_from(world.now_ns());
        let first = match self.mode {
            Mode::Exclusive { event: false, .. } => frame_before,
            Mode::Exclusive { .. } => now_frame,
            _ => now_frame + u64::from(world.period_frames(self.id).unwrap_or(0)),
        };
        let latency_frames = world
            .spec(self.endpoint)
            .map_or(0, |spec| spec.latency_frames);
        let at_output = first + u64::from(latency_frames);
        let end = self.taken_frames.wrapping_add(taken.into());
        while let Some(&place) = self.unheard.front() {
            let heard = &mut self.report.blocks[place];
            if heard.first_frame >= end {
                break;
            }
            heard.played_at_frame =
                Some(at_output + (heard.first_frame.saturating_sub(self.taken_frames)));
            self.unheard.pop_front();
        }
        self.taken_frames = end;
        block.service_frames.store(end, Ordering::Release);
    }

    /// Tells the client how things stand.
    pub(super) fn publish(
        &mut self,
        world: &mut World,
        block: &layout::Block,
        real_now_ns: u64,
        real_ns: impl Fn(u64) -> u64,
    ) {
        if let Err(error) = world.buffer_frames(self.id) {
            block.dead.store(error.code(), Ordering::Release);
            return;
        }
        if let Ok((frames, _)) = world.position(self.id) {
            block.tell_position(frames, real_now_ns);
        }
        let refusal = if self.renders {
            world.get_buffer(self.id, 0).err()
        } else {
            self.deliver(world, block, real_ns)
        };
        block
            .refusal
            .store(refusal.map_or(0, SimError::code), Ordering::Release);
    }

    /// Puts packets into the client's ring, as many as the stream's buffer holds. Returns why no
    /// packet is to be had, if that is so.
    fn deliver(
        &mut self,
        world: &mut World,
        block: &layout::Block,
        real_ns: impl Fn(u64) -> u64,
    ) -> Option<SimError> {
        loop {
            let (packet, bytes) = match world.get_packet(self.id) {
                Ok(Some(next)) => next,
                Ok(None) => return None,
                Err(error) => return Some(error),
            };
            let read = block
                .client_frames
                .load(Ordering::Acquire)
                .min(self.given_frames);
            let queued = self.given_frames - read;
            let number = block.packets_written.load(Ordering::Relaxed);
            let packets = number - block.packets_read.load(Ordering::Relaxed).min(number);
            let room = queued + u64::from(packet.frames) <= u64::from(self.report.buffer_frames)
                && packets < PACKETS_MAX as u64;
            if !room {
                // It stays with the model, which was only asked to show it.
                let _ = world.release_packet(self.id, 0);
                return None;
            }
            block
                .ring
                .write(self.given_frames, self.format.frame_bytes(), bytes);
            let Packet {
                frames,
                device_position,
                time_ns,
                discontinuity,
                timestamp_error,
            } = packet;
            let slot = &block.packets[(number % PACKETS_MAX as u64) as usize];
            let flags = if discontinuity { FLAG_DISCONTINUITY } else { 0 }
                | if timestamp_error {
                    FLAG_TIMESTAMP_ERROR
                } else {
                    0
                };
            slot.frames.store(frames, Ordering::Relaxed);
            slot.flags.store(flags, Ordering::Relaxed);
            slot.device_position
                .store(device_position, Ordering::Relaxed);
            let at_input_ns = at_input_ns(world, self.endpoint, time_ns);
            slot.time_ns.store(real_ns(at_input_ns), Ordering::Relaxed);
            self.given_frames += u64::from(frames);
            block
                .service_frames
                .store(self.given_frames, Ordering::Release);
            block.packets_written.store(number + 1, Ordering::Release);
            let _ = world.release_packet(self.id, frames);
        }
    }

    /// Sets the client's event.
    pub(super) fn signal(&mut self, block: &layout::Block, real_ns: u64) {
        block.event_ns.store(real_ns, Ordering::Relaxed);
        self.event_ns = Some(real_ns);
        self.report.events += 1;
        if let Some(event) = &self.event {
            event.set();
        }
    }

    /// Forgets what is queued, after the model has.
    pub(super) fn forget_queue(&mut self, block: &layout::Block) {
        if self.renders {
            self.given_frames = block.client_frames.load(Ordering::Acquire);
            self.taken_frames = self.given_frames;
            block
                .service_frames
                .store(self.given_frames, Ordering::Release);
        } else {
            block
                .client_frames
                .store(self.given_frames, Ordering::Release);
            let written = block.packets_written.load(Ordering::Relaxed);
            block.packets_read.store(written, Ordering::Release);
        }
        self.unheard.clear();
        self.event_ns = None;
    }

    /// Closes the stream; the block is free after this.
    pub(super) fn close(&mut self, world: &mut World, block: &layout::Block) -> StreamReport {
        let stats = world.stats(self.id).unwrap_or_default();
        world.close(self.id);
        block.generation.fetch_add(1, Ordering::AcqRel);
        block.dead.store(NOT_INITIALIZED, Ordering::Release);
        let mut report = std::mem::replace(&mut self.report, StreamReport::empty());
        report.underruns = stats.underruns;
        report.underrun_frames = stats.underrun_frames;
        report.overruns = stats.overruns;
        report.overrun_frames = stats.overrun_frames;
        report.settle();
        report
    }
}

fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Shared { loopback: true, .. } => "loopback",
        Mode::Shared { .. } => "shared",
        Mode::LowLatency { .. } => "low-latency",
        Mode::Exclusive { event: true, .. } => "exclusive-event",
        Mode::Exclusive { .. } => "exclusive-timer",
    }
}
