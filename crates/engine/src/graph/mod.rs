//! The graph: one client, one endpoint, and what is between.

mod input;
mod joined;
mod output;

use crate::bridge::{BridgeStatus, Stamp};
use crate::client::{BlockTime, Client};
use crate::convert::Encoder;
use crate::endpoint::{Cycle, Due, EndpointTiming, Intake, Packet};
use crate::fill::Fill;
use crate::format::{ClientSample, StreamFormat};
use crate::resample::Quality;
use input::Input;
use output::{Left, Output};

pub use joined::{JoinedInput, JoinedOutput, Listener, Player, join_input, join_output};

const NS_PER_SECOND: u64 = 1_000_000_000;
/// Any number would do; a fixed one makes each run give the same bits.
const DITHER_SEED: u64 = 0x5EED_0F0D_17E2;

/// What a graph joins.
#[derive(Clone, Debug)]
pub struct GraphSpec {
    /// The format of what the endpoint plays; `None` if it only records.
    pub output: Option<StreamFormat>,
    /// The format of what the endpoint records; `None` if it only plays.
    pub input: Option<StreamFormat>,
    /// How the endpoint is buffered.
    pub timing: EndpointTiming,
    /// The type of the client's samples.
    pub sample: ClientSample,
    /// The client's rate in Hz.
    pub rate_hz: u32,
    /// The filter for rates and clocks that differ.
    pub quality: Quality,
    /// Frames to keep queued in a device beyond what it needs, of its rate.
    pub safety_frames: u32,
    /// Whether noise hides the rounding where a device has fewer bits than a sample.
    pub dither: bool,
}

/// Joins a client that makes blocks to an endpoint that wants, or has, other numbers of frames.
///
/// What is played has no buffer between: what is left of a block stays where the client put it, and
/// each sample is converted once, from there into the endpoint's memory. A block is asked for only
/// when [`Fill`] says that it is needed. What is recorded goes through a
/// [bridge](crate::bridge), which holds as much as blocks and packets of different lengths demand
/// and slides between frames if the clocks turn out to differ.
#[derive(Debug)]
pub struct Graph<C> {
    client: C,
    output: Option<Output>,
    input: Option<Input>,
    joined_outputs: Vec<JoinedOutput>,
    joined_inputs: Vec<JoinedInput>,
    output_channels: usize,
    /// The client's.
    rate_hz: u32,
    intake: Intake,
    input_period_frames: u32,
    fill: Fill,
    /// Frames that the client made.
    made_frames: u64,
    /// Of them, those before the endpoint that is there now.
    recorded_from: u64,
    last_ns: u64,
    /// The last cycle made a block, so that how long it took tells of the client.
    made_a_block: bool,
    underrun: bool,
}

/// The parts that depend on the endpoint.
struct Sides {
    output: Option<Output>,
    input: Option<Input>,
    fill: Fill,
}

impl Sides {
    fn new(block_frames: u32, spec: &GraphSpec) -> Result<Sides, String> {
        let input = match spec.input {
            Some(format) => Some(Input::new(format, block_frames, spec)?),
            None => None,
        };
        let output = match spec.output {
            Some(format) => Some(Output::new(format, block_frames, spec)?),
            None => None,
        };
        let device_hz = spec.output.map_or(spec.rate_hz, |format| format.rate_hz);
        let fill = Fill::new(
            &with_safety(spec.timing, spec.safety_frames),
            at_rate(block_frames, spec.rate_hz, device_hz),
            device_hz,
            input.is_some(),
        );
        Ok(Sides {
            output,
            input,
            fill,
        })
    }
}

impl<C: Client> Graph<C> {
    /// A graph that has made nothing yet.
    ///
    /// # Errors
    /// One sentence that tells why these two cannot be joined.
    pub fn new(client: C, spec: &GraphSpec) -> Result<Self, String> {
        let Sides {
            output,
            input,
            fill,
        } = Sides::new(client.block_frames(), spec)?;
        Ok(Self {
            client,
            output,
            joined_outputs: Vec::new(),
            joined_inputs: Vec::new(),
            output_channels: spec.output.map_or(0, |format| usize::from(format.channels)),
            input,
            rate_hz: spec.rate_hz,
            intake: spec.timing.intake,
            input_period_frames: spec.timing.input_period_frames,
            fill,
            made_frames: 0,
            recorded_from: 0,
            last_ns: 0,
            made_a_block: false,
            underrun: false,
        })
    }

    /// Goes on with another endpoint. What was recorded and not yet given, and what is left of the
    /// client's last block, is forgotten; positions and time go on. Allocates: not for the real-time
    /// path.
    ///
    /// # Errors
    /// One sentence that tells why the client cannot be joined to that endpoint; the graph is as it
    /// was.
    pub fn replace_endpoint(&mut self, spec: &GraphSpec) -> Result<(), String> {
        let block_frames = self.client.block_frames();
        let sides = Sides::new(block_frames, spec)?;
        self.output_channels = spec.output.map_or(0, |format| usize::from(format.channels));
        self.rate_hz = spec.rate_hz;
        self.intake = spec.timing.intake;
        self.input_period_frames = spec.timing.input_period_frames;
        (self.output, self.input, self.fill) = (sides.output, sides.input, sides.fill);
        // Blocks that are made only of what is recorded are counted from here on.
        self.recorded_from = self.made_frames;
        self.made_a_block = false;
        Ok(())
    }

    /// Takes other devices instead of those that it had. Their channels follow the endpoint's, in
    /// their order. Allocates: not for the real-time path.
    pub fn join(&mut self, outputs: Vec<JoinedOutput>, inputs: Vec<JoinedInput>) {
        self.joined_outputs = outputs;
        self.joined_inputs = inputs;
    }

    /// The client.
    pub fn client(&self) -> &C {
        &self.client
    }

    /// The client, to be changed between two cycles.
    pub fn client_mut(&mut self) -> &mut C {
        &mut self.client
    }

    /// How full the endpoint's queue is kept.
    pub fn fill(&self) -> &Fill {
        &self.fill
    }

    /// Frames that recorded sound waits beyond the packet that it came in; 0 without an input.
    pub fn input_lead_frames(&self) -> u32 {
        self.input.as_ref().map_or(0, Input::lead_frames)
    }

    /// Frames of the client that its sound waits for a filter, because the device runs at another
    /// rate; 0 where it does not.
    pub fn filter_frames(&self) -> u32 {
        self.output.as_ref().map_or(0, Output::filter_frames)
    }

    /// How the way from the device's input to the client does.
    pub fn input_status(&self) -> Option<BridgeStatus> {
        self.input.as_ref().map(Input::status)
    }

    /// Whether the device ran dry since this was asked last.
    pub fn take_underrun(&mut self) -> bool {
        std::mem::take(&mut self.underrun)
    }

    /// Forgets what is left of the last block and counts frames from 0 again. `restart` tells the
    /// client. Allocates: not for the real-time path.
    pub fn restart(&mut self, restart: impl FnOnce(&mut C)) {
        self.made_frames = 0;
        self.recorded_from = 0;
        self.made_a_block = false;
        self.underrun = false;
        self.fill.restart();
        if let Some(output) = &mut self.output {
            output.restart(self.client.block_frames());
        }
        if let Some(input) = &mut self.input {
            input.restart();
        }
        restart(&mut self.client);
    }

    fn make_block(&mut self, now_ns: u64) {
        // A wake-up that comes early after one with many blocks must not turn time back.
        self.last_ns = self.last_ns.max(now_ns);
        if let Some(input) = &mut self.input {
            input.give(&mut self.client, self.last_ns, now_ns);
        }
        let stamp = Stamp {
            position_frames: self.made_frames,
            at_ns: self.last_ns,
        };
        let mut first_channel = self.input.as_ref().map_or(0, Input::channels);
        for input in &mut self.joined_inputs {
            first_channel += input.give(&mut self.client, first_channel, stamp);
        }
        self.client.process(BlockTime {
            frame: self.made_frames,
            now_ns: self.last_ns,
        });
        let mut first_channel = self.output_channels;
        for output in &mut self.joined_outputs {
            first_channel += output.push(&self.client, first_channel, stamp);
        }
        self.made_frames += u64::from(self.client.block_frames());
        self.made_a_block = true;
    }

    /// Makes the blocks for which all input is there, where nothing is played.
    ///
    /// A block's time is as long after the wake-up in which its last packet came as the packet's
    /// frames beyond the block are before it, and always `period - gcd(block, period)` frames more,
    /// so that it is never before the wake-up.
    fn make_recorded_blocks(&mut self, now_ns: u64) {
        let Some(input) = &self.input else { return };
        let received_frames = input.received_client_frames();
        let block_frames = self.client.block_frames().max(1);
        let period_frames = input.period_client_frames(self.input_period_frames);
        let later = u64::from(period_frames - gcd(block_frames, period_frames));
        loop {
            let made_frames = self.made_frames - self.recorded_from + u64::from(block_frames);
            let Some(beyond) = received_frames.checked_sub(made_frames) else {
                return;
            };
            let ahead = later.saturating_sub(beyond);
            self.make_block(now_ns + ns_of(ahead, self.rate_hz));
        }
    }

    fn render(&mut self, mut output: Output, due: Due<'_>) -> (Output, u32) {
        if let Some(input) = &mut self.input {
            input.woken(due.now_ns);
        }
        let rate_hz = output.format().rate_hz;
        let room = due.bytes.len() / output.format().frame_bytes();
        if std::mem::take(&mut self.made_a_block) {
            let busy_frames = frames_in(due.busy_ns, rate_hz);
            self.fill.note(busy_frames, room as u32);
        }
        let level = match self.intake {
            Intake::Whole => room,
            Intake::Level { .. } => {
                let keep_frames = self.fill.keep_frames();
                keep_frames.saturating_sub(due.queued_frames) as usize
            }
        };
        let mut left = Left {
            done: 0,
            level,
            room,
        };
        let block_frames = self.client.block_frames().max(1);
        while left.done < room {
            while output.needs_block(&left, block_frames) {
                let base_ns = ns_of(u64::from(self.fill.base_frames()), rate_hz);
                let queued_ns = ns_of(u64::from(due.queued_frames), rate_hz);
                let ahead_ns = queued_ns + output.ns_before_block(&left);
                // Late wake-ups find less queued than there was when they were due; the block's time
                // is then.
                let at_ns = due.now_ns.saturating_add(ahead_ns);
                self.make_block(at_ns.saturating_sub(base_ns));
                output.block_made(&self.client);
            }
            if !output.write(&self.client, due.bytes, &mut left) {
                break;
            }
        }
        (output, left.done as u32)
    }
}

/// Real-time safe if the client is.
impl<C: Client> Cycle for Graph<C> {
    fn captured(&mut self, packet: Packet<'_>) {
        let now_ns = packet.now_ns;
        if let Some(input) = &mut self.input {
            input.take(packet);
        }
        if self.output.is_none() {
            self.make_recorded_blocks(now_ns);
        }
    }

    fn due(&mut self, due: Due<'_>) -> u32 {
        self.underrun |= due.underrun;
        let Some(output) = self.output.take() else {
            return 0;
        };
        let (output, frames) = self.render(output, due);
        self.output = Some(output);
        frames
    }
}

/// What writes into a device of that format.
fn encoder(format: StreamFormat, spec: &GraphSpec) -> Encoder {
    let encoder = Encoder::new(format);
    match spec.dither {
        true => encoder.with_dither(DITHER_SEED),
        false => encoder,
    }
}

/// More slack for devices that have any.
fn with_safety(timing: EndpointTiming, safety_frames: u32) -> EndpointTiming {
    let intake = match timing.intake {
        Intake::Whole => Intake::Whole,
        Intake::Level { slack_frames } => Intake::Level {
            slack_frames: slack_frames.saturating_add(safety_frames),
        },
    };
    EndpointTiming { intake, ..timing }
}

fn ns_of(frames: u64, rate_hz: u32) -> u64 {
    frames * NS_PER_SECOND / u64::from(rate_hz.max(1))
}

fn frames_in(ns: u64, rate_hz: u32) -> u32 {
    let frames = u128::from(ns) * u128::from(rate_hz) / u128::from(NS_PER_SECOND);
    u32::try_from(frames).unwrap_or(u32::MAX)
}

/// Frames of one rate as frames of another that last as long, rounded up.
fn at_rate(frames: u32, from_hz: u32, to_hz: u32) -> u32 {
    let frames = u64::from(frames) * u64::from(to_hz);
    frames.div_ceil(u64::from(from_hz.max(1))) as u32
}

/// The greatest common divisor; of 0 and a number the number.
fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests;
