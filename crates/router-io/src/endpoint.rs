//! An open stream to the router.

use std::sync::Arc;

use engine::endpoint::{
    Chosen, Cycle, Due, Endpoint, EndpointError, EndpointTiming, FaultKind, Intake, Label,
    MeasuredLatency, Packet, StreamFault, Wake, Waker,
};
use engine::format::{SampleFormat, StreamFormat};
use engine::idle::Ticker;
use engine::latency::gcd;
use ipc::{Asked, ClientEnd, Interrupter, Link, Planes, Standing, Terms};
use rt::{Counter, Flag};

use crate::device::{channel_mask, chosen};

const NS_PER_SECOND: u64 = 1_000_000_000;
const NS_PER_MS: u64 = 1_000_000;
/// A time stamp that is further away than this is none.
const STAMP_NS_MAX: u64 = NS_PER_SECOND;
/// A fault that has no code of the system's.
const LOST: StreamFault = StreamFault {
    kind: FaultKind::Lost,
    code: 0,
};

/// An open stream to the router: each block that it asks for is a cycle.
pub(crate) struct RouterEndpoint<L: Link> {
    /// `None` only while dropping.
    client: Option<ClientEnd<L>>,
    /// The clock of the router's time stamps, and this thread's priority.
    ticker: Box<dyn Ticker>,
    /// Set when the router has ended of its own will.
    goodbye: Arc<Flag>,
    /// What people call the other end.
    device: String,
    interrupts: Arc<Interrupts>,
    /// Interruptions that were told.
    interrupted: u64,
    rate_hz: u32,
    block_frames: u32,
    cycle_frames: u32,
    outputs: u16,
    inputs: u16,
    timing: EndpointTiming,
    /// A block that was asked for, for the next cycle.
    asked: Option<Asked>,
    /// The first frame of the block after it.
    next_frame: Option<u64>,
    is_overdue: bool,
    busy_ns: u64,
    /// The block in the formats of the stream.
    recorded: Vec<u8>,
    played: Vec<u8>,
    planes: Planes,
}

/// Ends a wait.
struct Interrupts {
    count: Counter,
    interrupter: Interrupter,
}

impl Waker for Interrupts {
    fn wake(&self) {
        self.count.add(1);
        self.interrupter.interrupt();
    }
}

impl<L: Link> RouterEndpoint<L> {
    /// The stream of a client that was let in.
    pub(crate) fn new(
        client: ClientEnd<L>,
        terms: Terms,
        ticker: Box<dyn Ticker>,
        goodbye: Arc<Flag>,
        device: String,
    ) -> Self {
        let wish = client.wish();
        let (outputs, inputs) = (wish.outputs as u16, wish.inputs as u16);
        let block_frames = wish.block_frames;
        let bytes = |channels: u16| {
            let samples = usize::from(channels) * block_frames as usize;
            vec![0; samples * SampleFormat::Float32.bytes()]
        };
        let interrupts = Arc::new(Interrupts {
            count: Counter::new(),
            interrupter: client.interrupter(),
        });
        let mut endpoint = Self {
            ticker,
            goodbye,
            device,
            interrupts,
            interrupted: 0,
            rate_hz: terms.rate_hz,
            block_frames,
            cycle_frames: terms.cycle_frames,
            outputs,
            inputs,
            timing: EndpointTiming {
                period_frames: block_frames,
                buffer_frames: block_frames,
                intake: Intake::Whole,
                queued_frames: 0,
                device_frames: 0,
                input_period_frames: if inputs > 0 { block_frames } else { 0 },
                input_device_frames: 0,
                is_one_clock: true,
            },
            asked: None,
            next_frame: None,
            is_overdue: false,
            busy_ns: 0,
            recorded: bytes(inputs),
            played: bytes(outputs),
            planes: Planes::new(usize::from(outputs), block_frames as usize),
            client: Some(client),
        };
        let (output_frames, input_frames) = endpoint.device_frames();
        endpoint.timing.device_frames = output_frames;
        endpoint.timing.input_device_frames = input_frames;
        endpoint
    }

    /// How long it is to the device's output, and from its input to the block's memory, in frames.
    fn device_frames(&self) -> (u32, u32) {
        let Some(client) = &self.client else {
            return (0, 0);
        };
        let (output_frames, input_frames) = client.device_latencies_frames();
        // What the client hears waits until it is a block; the block itself is counted elsewhere.
        let waits_less = gcd(self.block_frames, self.cycle_frames);
        (
            output_frames.saturating_add(client.added_frames()),
            input_frames.saturating_sub(waits_less),
        )
    }

    fn format(&self, channels: u16) -> Option<StreamFormat> {
        (channels > 0).then(|| StreamFormat {
            sample: SampleFormat::Float32,
            channels,
            rate_hz: self.rate_hz,
            channel_mask: channel_mask(channels),
        })
    }

    /// So long it waits for the next block before it says that none came, in whole milliseconds, which
    /// the system can wait.
    fn patience_ns(&self) -> u64 {
        let frames = match self.is_overdue {
            true => u64::from(self.block_frames),
            false => patience_frames(self.block_frames, self.cycle_frames),
        };
        let ns = frames * NS_PER_SECOND / u64::from(self.rate_hz);
        ns.div_ceil(NS_PER_MS) * NS_PER_MS
    }

    /// The router is not as it was: `Some` if it is over.
    fn end(&self) -> Option<Wake> {
        match self.client.as_ref().map(ClientEnd::standing) {
            Some(Standing::Attached) => None,
            Some(Standing::Ended) => {
                self.goodbye.set(true);
                Some(Wake::Lost(LOST))
            }
            _ => Some(Wake::Lost(LOST)),
        }
    }

    /// The router's stamp, if it can be one.
    fn stamp_ns(&self, asked: Asked, now_ns: u64) -> u64 {
        match asked.now_ns.abs_diff(now_ns) <= STAMP_NS_MAX {
            true => asked.now_ns,
            false => now_ns,
        }
    }
}

impl<L: Link> Endpoint for RouterEndpoint<L> {
    fn output_format(&self) -> Option<StreamFormat> {
        self.format(self.outputs)
    }

    fn input_format(&self) -> Option<StreamFormat> {
        self.format(self.inputs)
    }

    fn timing(&self) -> EndpointTiming {
        self.timing
    }

    fn measured(&self) -> MeasuredLatency {
        let (output_frames, input_frames) = self.device_frames();
        MeasuredLatency {
            device_frames: Some(output_frames),
            input_device_frames: Some(input_frames),
        }
    }

    fn fault(&mut self) -> Option<StreamFault> {
        match self.end() {
            Some(Wake::Lost(fault)) => Some(fault),
            _ => None,
        }
    }

    fn chosen(&self) -> Chosen {
        let Chosen { output, input } = chosen(&self.device);
        Chosen {
            output: output.filter(|_| self.outputs > 0),
            input: input.filter(|_| self.inputs > 0),
        }
    }

    fn label(&self) -> Label {
        let name = |channels: u16| (channels > 0).then(|| self.device.clone());
        Label {
            output: name(self.outputs),
            input: name(self.inputs),
            mode: "router",
        }
    }

    fn waker(&self) -> Arc<dyn Waker> {
        Arc::clone(&self.interrupts) as Arc<dyn Waker>
    }

    fn start(&mut self, _keep_frames: u32) -> Result<(), EndpointError> {
        self.ticker.set_running(true);
        self.asked = None;
        self.next_frame = None;
        self.is_overdue = false;
        self.busy_ns = 0;
        if let Some(client) = &mut self.client {
            client.go_on();
        }
        Ok(())
    }

    fn stop(&mut self) {
        if let Some(client) = &mut self.client {
            client.rest();
        }
        self.ticker.set_running(false);
    }

    fn wait(&mut self) -> Wake {
        loop {
            let interruptions = self.interrupts.count.get();
            if interruptions != self.interrupted {
                self.interrupted = interruptions;
                return Wake::Interrupted;
            }
            let patience_ns = self.patience_ns();
            let Some(client) = &mut self.client else {
                return Wake::Lost(LOST);
            };
            if let Some(asked) = client.take() {
                self.asked = Some(asked);
                self.is_overdue = false;
                return Wake::Due;
            }
            let was_woken = client.wait(patience_ns);
            if was_woken && !client.has_ended() {
                continue;
            }
            if let Some(end) = self.end() {
                return end;
            }
            if !was_woken {
                self.is_overdue = true;
                let now_ns = self.ticker.now_ns();
                return Wake::TimedOut { now_ns };
            }
        }
    }

    fn cycle(&mut self, work: &mut dyn Cycle) -> Result<(), StreamFault> {
        let (Some(asked), begun_ns) = (self.asked.take(), self.ticker.now_ns()) else {
            return Ok(());
        };
        let now_ns = self.stamp_ns(asked, begun_ns);
        let next = self
            .next_frame
            .replace(asked.frame.wrapping_add(u64::from(self.block_frames)));
        let has_missed = next.is_some_and(|frame| frame != asked.frame);
        let Some(client) = &mut self.client else {
            return Err(LOST);
        };
        if self.inputs > 0 {
            for channel in 0..usize::from(self.inputs) {
                interleave(
                    &mut self.recorded,
                    channel,
                    self.inputs,
                    client.input(channel),
                );
            }
            work.captured(Packet {
                bytes: &self.recorded,
                now_ns,
                discontinuity: has_missed,
            });
        }
        if self.outputs > 0 {
            work.due(Due {
                bytes: &mut self.played,
                queued_frames: 0,
                now_ns,
                busy_ns: self.busy_ns,
                underrun: has_missed,
            });
            for channel in 0..usize::from(self.outputs) {
                let plane = self.planes.plane_mut(channel);
                deinterleave(&self.played, channel, self.outputs, plane);
            }
        }
        self.busy_ns = self.ticker.now_ns().saturating_sub(begun_ns);
        let busy_ns = u32::try_from(self.busy_ns).unwrap_or(u32::MAX);
        let planes = &self.planes;
        client.give(asked, busy_ns, |channel| Some(planes.plane(channel)));
        Ok(())
    }
}

impl<L: Link> Drop for RouterEndpoint<L> {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop(client.leave());
        }
    }
}

/// How long after a block the next may be asked for, and a cycle or a block more, whichever is longer.
/// Blocks that are no cycles are asked for unevenly: one of 512 frames in cycles of 480 once in each, and in
/// every sixteenth not at all.
fn patience_frames(block_frames: u32, cycle_frames: u32) -> u64 {
    let (block, cycle) = (u64::from(block_frames), u64::from(cycle_frames.max(1)));
    block.next_multiple_of(cycle) + block.max(cycle)
}

const SAMPLE_BYTES: usize = SampleFormat::Float32.bytes();

/// Puts a channel's samples to their places in the frames.
fn interleave(bytes: &mut [u8], channel: usize, channels: u16, plane: &[f32]) {
    let frames = bytes.chunks_exact_mut(usize::from(channels) * SAMPLE_BYTES);
    let place = channel * SAMPLE_BYTES;
    for (frame, sample) in frames.zip(plane) {
        if let Some(place) = frame.get_mut(place..place + SAMPLE_BYTES) {
            place.copy_from_slice(&sample.to_le_bytes());
        }
    }
}

/// Takes a channel's samples out of the frames.
fn deinterleave(bytes: &[u8], channel: usize, channels: u16, plane: &mut [f32]) {
    let frames = bytes.chunks_exact(usize::from(channels) * SAMPLE_BYTES);
    let place = channel * SAMPLE_BYTES;
    for (frame, sample) in frames.zip(plane) {
        let bytes = frame.get(place..place + SAMPLE_BYTES);
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        *sample = bytes.map_or(0.0, f32::from_le_bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::patience_frames;

    #[test]
    fn nobody_is_impatient_between_blocks_that_come_as_they_should() {
        assert_eq!(patience_frames(480, 480), 960);
        for (block, cycle) in [
            (512, 480),
            (64, 480),
            (480, 512),
            (1, 700),
            (700, 1),
            (64, 0),
        ] {
            // As a seat does: asked when too little is there for the cycle.
            let (mut there, mut longest, mut last) = (0, 0, 0);
            for now in (0..).step_by(cycle.max(1) as usize).take(2_000) {
                while there < cycle {
                    there += block;
                    longest = longest.max(now - last);
                    last = now;
                }
                there -= cycle;
            }
            let patience = patience_frames(block, cycle);
            assert!(patience > longest, "{block} in {cycle}: {longest}");
        }
    }
}
