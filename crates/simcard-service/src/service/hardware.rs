//! The hardware with a driver of its own: between the model and the memory that it plays from.
//!
//! To the model it is a pair of exclusive streams with events that begin and end together. What such
//! a stream hands over, the hardware takes from its own memory at the boundary itself, so that what
//! is heard is what was in the memory then, as [`crate::dma`] has it.

use std::sync::atomic::Ordering;

use engine::format::StreamFormat;
use simcard::duration::hns_from_frames;
use simcard::{Data, EndpointId, Mode, SimError, StreamId, World};

use super::open_stream::Block;
use super::report::StreamReport;
use super::{Event, Process};
use crate::call::{Answer, format_words};
use crate::codes::{NOT_FOUND, NOT_INITIALIZED};
use crate::config::Config;
use crate::dma::Shape;
use crate::hardware::HardwareSpec;
use crate::layout::{self, HANDOVERS_MAX};

type Reply = Result<Answer, i32>;

/// The hardware of the machine.
pub(super) struct Hardware {
    spec: HardwareSpec,
    render: EndpointId,
    capture: EndpointId,
    /// Channels, and the latencies of the converters in frames: of the ADC and of the DAC.
    channels: [u16; 2],
    latency_frames: [u32; 2],
    rate_hz: u32,
    open: Option<OpenHardware>,
}

/// Somebody has it.
struct OpenHardware {
    render: StreamId,
    capture: StreamId,
    generation: u32,
    process: u32,
    owner: Box<dyn Process>,
    shape: Shape,
    event: Option<Box<dyn Event>>,
    running: bool,
    /// The device's frame with which period 0 began.
    start_frame: u64,
    /// Periods of earlier starts.
    base_periods: u64,
    /// Periods since the start of which the outputs were taken.
    taken: u64,
    /// Periods since the start that were recorded.
    recorded: u64,
    /// The boundary has happened and the driver was not told.
    pending: bool,
    event_ns: Option<u64>,
    report: StreamReport,
    frames: Vec<u8>,
}

/// The instants of the performance counter and of the card: the second is the first less this.
#[derive(Clone, Copy)]
pub(super) struct Shift(pub(super) u64);

impl Hardware {
    /// The machine's hardware, if it has some.
    pub(super) fn of(config: &Config, world: &World) -> Option<Self> {
        let spec = config.hardware.clone()?;
        let (render, capture) = (spec.card.render.as_ref()?, spec.card.capture.as_ref()?);
        let mut last = world.endpoint_ids().skip(world.endpoint_ids().count() - 2);
        Some(Self {
            render: last.next()?,
            capture: last.next()?,
            channels: [capture.channels, render.channels],
            latency_frames: [capture.latency_frames, render.latency_frames],
            rate_hz: render.mix_rate_hz,
            spec,
            open: None,
        })
    }

    /// Whether it runs.
    pub(super) fn is_running(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.running)
    }

    /// Whether it is open for a process that is gone.
    pub(super) fn is_orphan(&self) -> bool {
        let open = self.open.as_ref();
        open.is_some_and(|open| !open.owner.is_alive())
    }

    pub(super) fn describe(&self, world: &World) -> Reply {
        self.check_there(world)?;
        let sizes = &self.spec.blocks_frames;
        let [sample, ..] = format_words(&self.format(0));
        let mut words = vec![
            self.channels[0].into(),
            self.channels[1].into(),
            sample,
            self.rate_hz.into(),
            self.latency_frames[0].into(),
            self.latency_frames[1].into(),
            self.open.is_some().into(),
            sizes.len() as u64,
        ];
        words.extend(sizes.iter().map(|frames| u64::from(*frames)));
        Ok(Answer {
            text: self.spec.card.name.clone(),
            ..Answer::good(&words)
        })
    }

    /// It is plugged in, and the system answers.
    fn check_there(&self, world: &World) -> Result<(), i32> {
        let formats = [self.render, self.capture].map(|id| world.mix_format(id));
        formats.into_iter().try_for_each(|format| match format {
            Ok(_) => Ok(()),
            Err(error) => Err(error.code()),
        })
    }

    fn rates_hz(&self) -> &[u32] {
        let render = self.spec.card.render.as_ref();
        render.map_or(&[], |render| &render.rates_hz)
    }

    pub(super) fn rates(&self) -> Reply {
        let rates = self.rates_hz().iter().map(|rate_hz| u64::from(*rate_hz));
        let mut words = vec![self.rates_hz().len() as u64];
        words.extend(rates);
        Ok(Answer::good(&words))
    }

    pub(super) fn set_rate(&mut self, rate_hz: u32) -> Reply {
        if !self.rates_hz().contains(&rate_hz) {
            return Err(SimError::UnsupportedFormat.code());
        }
        if self.open.is_some() && rate_hz != self.rate_hz {
            return Err(SimError::DeviceInUse.code());
        }
        self.rate_hz = rate_hz;
        Ok(Answer::good(&[]))
    }

    /// The format of one of the two ways: 0 in, 1 out.
    fn format(&self, way: usize) -> StreamFormat {
        StreamFormat {
            sample: self.spec.sample,
            channels: self.channels[way],
            rate_hz: self.rate_hz,
            channel_mask: 0,
        }
    }

    pub(super) fn open(
        &mut self,
        world: &mut World,
        block: &layout::Block,
        block_frames: u32,
        (process, owner): (u32, Box<dyn Process>),
    ) -> Reply {
        self.check_there(world)?;
        if self.open.is_some() {
            return Err(SimError::DeviceInUse.code());
        }
        if !self.spec.blocks_frames.contains(&block_frames) {
            return Err(SimError::BufferSizeError.code());
        }
        let (render, capture) = self
            .open_pair(world, block_frames)
            .map_err(SimError::code)?;
        block.clear();
        block.ring.silence();
        let generation = block
            .generation
            .fetch_add(1, Ordering::AcqRel)
            .wrapping_add(1);
        self.open = Some(OpenHardware {
            render,
            capture,
            generation,
            process,
            owner,
            shape: Shape {
                inputs: self.channels[0],
                outputs: self.channels[1],
                block_frames,
                sample: self.spec.sample,
            },
            event: None,
            running: false,
            start_frame: 0,
            base_periods: 0,
            taken: 0,
            recorded: 0,
            pending: false,
            event_ns: None,
            report: self.empty_report(process, block_frames),
            frames: Vec::new(),
        });
        Ok(Answer::good(&[generation.into()]))
    }

    /// Both streams at one instant, so that frame and boundary are the same to both.
    fn open_pair(
        &self,
        world: &mut World,
        block_frames: u32,
    ) -> Result<(StreamId, StreamId), SimError> {
        let period_hns = hns_from_frames(block_frames, self.rate_hz);
        let mode = Mode::Exclusive {
            buffer_hns: period_hns,
            period_hns,
            event: true,
        };
        let render = world.open(self.render, mode, self.format(1))?;
        let both = world
            .open(self.capture, mode, self.format(0))
            .and_then(|capture| {
                world.set_event(render)?;
                world.set_event(capture)?;
                let fits = world.buffer_frames(render)? == block_frames;
                if fits {
                    Ok((render, capture))
                } else {
                    Err(SimError::BufferSizeError)
                }
            });
        if both.is_err() {
            world.close(render);
        }
        both
    }

    fn empty_report(&self, process: u32, block_frames: u32) -> StreamReport {
        StreamReport {
            endpoint: self.spec.card.name.clone(),
            mode: "asio",
            renders: true,
            process,
            sample: self.spec.sample.name(),
            channels: self.channels[1],
            rate_hz: self.rate_hz,
            buffer_frames: 2 * block_frames,
            period_frames: block_frames,
            stated_latency_frames: u64::from(block_frames + self.latency_frames[1]),
            ..StreamReport::empty()
        }
    }

    fn owned(&mut self, generation: u32, process: u32) -> Result<&mut OpenHardware, i32> {
        let open = self.open.as_mut();
        open.filter(|open| open.generation == generation && open.process == process)
            .ok_or(NOT_INITIALIZED)
    }

    pub(super) fn set_event(
        &mut self,
        generation: u32,
        process: u32,
        event: Box<dyn Event>,
    ) -> Reply {
        self.owned(generation, process)?.event = Some(event);
        Ok(Answer::good(&[]))
    }

    pub(super) fn start(
        &mut self,
        world: &mut World,
        block: &layout::Block,
        (generation, process): (u32, u32),
    ) -> Reply {
        let endpoint = self.render;
        let open = self.owned(generation, process)?;
        let begin = |world: &mut World| {
            world.start(open.render)?;
            world.start(open.capture)?;
            Ok(world.clock(endpoint)?.frame_from(world.now_ns()))
        };
        let begun = begin(world).map_err(|error: SimError| {
            halt(world, open);
            error.code()
        })?;
        open.start_frame = begun;
        (open.taken, open.recorded, open.pending) = (0, 0, false);
        open.running = true;
        for number in [&block.client_frames, &block.service_frames] {
            number.store(0, Ordering::Relaxed);
        }
        let written = block.handovers_written.load(Ordering::Acquire);
        block.handovers_read.store(written, Ordering::Relaxed);
        block.tell_position(0, 0);
        block.running.store(1, Ordering::Release);
        Ok(Answer::good(&[]))
    }

    pub(super) fn stop(
        &mut self,
        world: &mut World,
        block: &layout::Block,
        (generation, process): (u32, u32),
    ) -> Reply {
        let open = self.owned(generation, process)?;
        open.stop(world, block);
        Ok(Answer::good(&[]))
    }

    /// Lets go of it for that client.
    pub(super) fn close_for(&mut self, generation: u32, process: u32) -> Result<(), i32> {
        self.owned(generation, process).map(drop)
    }

    /// Lets go of it, whoever has it. Returns what happened.
    pub(super) fn close(
        &mut self,
        world: &mut World,
        block: &layout::Block,
    ) -> Option<StreamReport> {
        let mut open = self.open.take()?;
        open.stop(world, block);
        world.close(open.render);
        world.close(open.capture);
        block.generation.fetch_add(1, Ordering::AcqRel);
        block.dead.store(NOT_INITIALIZED, Ordering::Release);
        open.report.settle();
        Some(open.report)
    }

    /// Before the model gets to that instant: if there is a boundary on the way, the DAC gets what is in
    /// the memory now.
    pub(super) fn feed(
        &mut self,
        world: &mut World,
        block: &layout::Block,
        to_ns: u64,
        shift: Shift,
    ) {
        self.note_handovers(world, block, shift);
        let Some(open) = self.open.as_mut().filter(|open| open.running) else {
            return;
        };
        if world
            .next_tick_ns(open.render)
            .is_none_or(|tick_ns| tick_ns > to_ns)
        {
            return;
        }
        let block_frames = u64::from(open.shape.block_frames);
        let half = (open.taken % 2) as usize;
        let served = block.client_frames.load(Ordering::Acquire);
        // The block number `taken - 1` is played in the period `taken`.
        if served < open.taken.saturating_sub(1) * block_frames {
            open.report.underruns += 1;
            open.report.underrun_frames += block_frames;
        }
        open.frames.clear();
        open.shape.take_outputs(&block.ring, half, &mut open.frames);
        // Where a fault refuses it, the DAC plays silence.
        let _ = world
            .get_buffer(open.render, open.shape.block_frames)
            .and_then(|()| world.release_buffer(open.render, Data::Bytes(&open.frames)));
        open.taken += 1;
    }

    /// After time has passed: what was recorded goes into the memory, and the driver is told of the
    /// boundary. Returns how late that is, in nanoseconds, if it happens.
    pub(super) fn tend(
        &mut self,
        world: &mut World,
        block: &layout::Block,
        now_ns: u64,
        Shift(shift_ns): Shift,
    ) -> Option<u64> {
        let open = self.open.as_mut()?;
        if let Err(error) = [open.render, open.capture]
            .into_iter()
            .try_for_each(|id| world.buffer_frames(id).map(drop))
        {
            open.running = false;
            block.dead.store(error.code(), Ordering::Release);
            return None;
        }
        while let Ok(Some((packet, bytes))) = world.get_packet(open.capture) {
            let half = (open.recorded % 2) as usize;
            open.shape.put_inputs(&block.ring, half, bytes);
            open.recorded += 1;
            let frames = open.recorded * u64::from(open.shape.block_frames);
            // It was there to be taken.
            let _ = world.release_packet(open.capture, packet.frames);
            let at_ns = world
                .clock(self.capture)
                .map_or(0, |clock| clock.time_of_frame(open.start_frame + frames));
            block.tell_position(frames, at_ns + shift_ns);
            block.service_frames.store(frames, Ordering::Release);
        }
        world.take_signal(open.capture);
        let signal = world.take_signal(open.render);
        open.pending |= signal.is_some();
        if !open.pending || open.recorded + 1 < open.taken {
            return None;
        }
        open.pending = false;
        open.event_ns = Some(now_ns);
        open.report.events += 1;
        if let Some(event) = &open.event {
            event.set();
        }
        signal.map(|at_ns| now_ns.saturating_sub(at_ns + shift_ns))
    }

    /// Writes down what the driver says that it has filled.
    fn note_handovers(&mut self, world: &World, block: &layout::Block, Shift(shift_ns): Shift) {
        let Some(open) = &mut self.open else { return };
        let Ok(clock) = world.clock(self.render) else {
            return;
        };
        let written = block.handovers_written.load(Ordering::Acquire);
        let mut read = block.handovers_read.load(Ordering::Relaxed);
        if written.wrapping_sub(read) > HANDOVERS_MAX as u64 {
            // No driver writes that; whoever did has lost them all.
            read = written;
        }
        let block_frames = u64::from(open.shape.block_frames);
        while read != written {
            let slot = &block.handovers[(read % HANDOVERS_MAX as u64) as usize];
            let released_ns = slot.released_ns.load(Ordering::Relaxed);
            let number = slot.end_frame.load(Ordering::Relaxed) / block_frames;
            let written_at_frame = clock.frames_at(released_ns.saturating_sub(shift_ns));
            let due = number
                .checked_add(1)
                .and_then(|periods| periods.checked_mul(block_frames))
                .and_then(|frames| frames.checked_add(open.start_frame));
            let played = due.filter(|due| written_at_frame < *due);
            open.report.blocks.push(Block {
                first_frame: (open.base_periods + number).saturating_sub(1) * block_frames,
                frames: open.shape.block_frames,
                event_ns: open.event_ns.take(),
                got_ns: slot.got_ns.load(Ordering::Relaxed),
                released_ns,
                written_at_frame,
                played_at_frame: played.map(|due| due + u64::from(self.latency_frames[1])),
            });
            read = read.wrapping_add(1);
        }
        block.handovers_read.store(read, Ordering::Release);
    }
}

impl OpenHardware {
    /// It stands still, and its outputs' memory is silent, so that another start begins with silence.
    fn stop(&mut self, world: &mut World, block: &layout::Block) {
        halt(world, self);
        self.shape.silence_outputs(&block.ring);
        if std::mem::take(&mut self.running) {
            self.base_periods += self.taken;
        }
        block.running.store(0, Ordering::Release);
    }
}

/// Stops both streams and forgets what is in them. Nothing is to be done for one that is dead.
fn halt(world: &mut World, open: &OpenHardware) {
    for id in [open.render, open.capture] {
        let _ = world.stop(id).and_then(|_| world.reset(id));
    }
}

/// What is answered where there is no hardware.
pub(super) const NO_HARDWARE: i32 = NOT_FOUND;
