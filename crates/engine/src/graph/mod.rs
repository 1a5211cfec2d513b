//! The graph: one client, one endpoint, and what is between.

mod fade;
mod input;
mod joined;
mod output;

use crate::bridge::{BridgeStatus, Stamp};
use crate::client::{BlockTime, Client};
use crate::convert::Encoder;
use crate::endpoint::{Cycle, Due, EndpointTiming, Intake, Packet};
use crate::fill::Fill;
use crate::format::{ClientSample, StreamFormat};
use crate::latency::{InputLatency, gcd};
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
    fitting: Fitting,
    joined_outputs: Vec<Option<JoinedOutput>>,
    joined_inputs: Vec<Option<JoinedInput>>,
    /// The client's.
    rate_hz: u32,
    /// Frames that the client made.
    made_frames: u64,
    /// Of them, those before the endpoint that is there now.
    recorded_from: u64,
    last_ns: u64,
    /// What was queued in the device after the last cycle, as far as it tells.
    queued_frames: u64,
    /// The last cycle made a block, so that how long it took tells of the client.
    made_a_block: bool,
    underrun: bool,
}

/// The parts of a graph that are made for one endpoint. Making them takes memory and time; a running
/// graph [exchanges](Graph::exchange) them between two cycles.
#[derive(Debug)]
pub struct Fitting {
    output: Option<Output>,
    input: Option<Input>,
    output_channels: usize,
    timing: EndpointTiming,
    fill: Fill,
}

impl Fitting {
    /// What joins a client with blocks of `block_frames` to an endpoint, as `spec` says.
    ///
    /// # Errors
    /// One sentence that tells why the two cannot be joined.
    pub fn new(block_frames: u32, spec: &GraphSpec) -> Result<Fitting, String> {
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
        Ok(Fitting {
            output,
            input,
            output_channels: spec.output.map_or(0, |format| usize::from(format.channels)),
            timing: spec.timing,
            fill,
        })
    }

    /// The level at which the endpoint's queue is to be kept, in its frames: what
    /// [`Endpoint::start`](crate::endpoint::Endpoint::start) is to be told.
    pub fn keep_frames(&self) -> u32 {
        self.fill.keep_frames()
    }
}

impl<C: Client> Graph<C> {
    /// A graph that has made nothing yet.
    ///
    /// # Errors
    /// One sentence that tells why these two cannot be joined.
    pub fn new(client: C, spec: &GraphSpec) -> Result<Self, String> {
        Ok(Self {
            fitting: Fitting::new(client.block_frames(), spec)?,
            client,
            joined_outputs: Vec::new(),
            joined_inputs: Vec::new(),
            rate_hz: spec.rate_hz,
            made_frames: 0,
            recorded_from: 0,
            last_ns: 0,
            queued_frames: 0,
            made_a_block: false,
            underrun: false,
        })
    }

    /// Goes on with what was made for another endpoint and the same client, and gives what it had in
    /// exchange. What was recorded and not yet given, and what is left of the client's last block, is
    /// forgotten; positions and time go on. Sound rises from silence on both sides. Real-time safe.
    pub fn exchange(&mut self, fitting: &mut Fitting) {
        std::mem::swap(&mut self.fitting, fitting);
        self.fade_in();
        // Blocks that are made only of what is recorded are counted from here on.
        self.recorded_from = self.made_frames;
        self.made_a_block = false;
    }

    /// Lets the sound on both sides of the endpoint rise from silence. Real-time safe.
    pub fn fade_in(&mut self) {
        if let Some(output) = &mut self.fitting.output {
            output.fade_in();
        }
        if let Some(input) = &mut self.fitting.input {
            input.fade_in();
        }
    }

    /// Lets the sound on both sides of the endpoint fall to silence, and stay there until an
    /// [exchange](Self::exchange) or a [restart](Self::restart). Real-time safe.
    pub fn fade_out(&mut self) {
        if let Some(output) = &mut self.fitting.output {
            output.fade_out();
        }
        if let Some(input) = &mut self.fitting.input {
            input.fade_out();
        }
    }

    /// Whether the client made a block in the last cycle.
    pub fn has_just_made_a_block(&self) -> bool {
        self.made_a_block
    }

    /// Whether nothing is heard any more after a [`fade_out`](Self::fade_out): all that was written
    /// before the silence is played.
    pub fn has_faded_out(&self) -> bool {
        let is_played = match &self.fitting.output {
            None => true,
            Some(output) => {
                // What the device has taken out of its buffer it plays even if it is stopped.
                let ahead_frames = u64::from(self.fitting.timing.queued_frames);
                let queued_frames = self.queued_frames + ahead_frames;
                output
                    .fallen_frames()
                    .is_some_and(|frames| frames >= queued_frames)
            }
        };
        let input = self.fitting.input.as_ref();
        is_played && input.is_none_or(Input::has_faded_out)
    }

    /// Takes other devices instead of those that it had. Their channels follow the endpoint's, in
    /// their order; one that is not there has none. Allocates: not for the real-time path.
    pub fn join(&mut self, outputs: Vec<Option<JoinedOutput>>, inputs: Vec<Option<JoinedInput>>) {
        self.joined_outputs = outputs;
        self.joined_inputs = inputs;
    }

    /// Puts a device that plays into the place of that number among those that [`join`](Self::join)
    /// gave, and returns what was there. Real-time safe.
    pub fn set_joined_output(
        &mut self,
        place: usize,
        output: Option<JoinedOutput>,
    ) -> Option<JoinedOutput> {
        let slot = self.joined_outputs.get_mut(place);
        slot.and_then(|slot| std::mem::replace(slot, output))
    }

    /// As [`set_joined_output`](Self::set_joined_output), for one that records.
    pub fn set_joined_input(
        &mut self,
        place: usize,
        input: Option<JoinedInput>,
    ) -> Option<JoinedInput> {
        let slot = self.joined_inputs.get_mut(place);
        slot.and_then(|slot| std::mem::replace(slot, input))
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
        &self.fitting.fill
    }

    /// Frames that recorded sound waits beyond the packet that it came in; 0 without an input.
    pub fn input_lead_frames(&self) -> u32 {
        self.fitting.input.as_ref().map_or(0, Input::lead_frames)
    }

    /// The latency of the first joined device that records and is there.
    pub fn joined_input_latency(&self) -> Option<InputLatency> {
        let first = self.joined_inputs.iter().flatten().next();
        first.map(JoinedInput::latency)
    }

    /// Frames of the client that its sound waits for a filter, because the device runs at another
    /// rate; 0 where it does not.
    pub fn filter_frames(&self) -> u32 {
        self.fitting
            .output
            .as_ref()
            .map_or(0, Output::filter_frames)
    }

    /// How the way from the device's input to the client does.
    pub fn input_status(&self) -> Option<BridgeStatus> {
        self.fitting.input.as_ref().map(Input::status)
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
        self.queued_frames = 0;
        self.fitting.fill.restart();
        if let Some(output) = &mut self.fitting.output {
            output.restart(self.client.block_frames());
        }
        if let Some(input) = &mut self.fitting.input {
            input.restart();
        }
        restart(&mut self.client);
    }

    fn make_block(&mut self, now_ns: u64) {
        // A wake-up that comes early after one with many blocks must not turn time back.
        self.last_ns = self.last_ns.max(now_ns);
        if let Some(input) = &mut self.fitting.input {
            input.give(&mut self.client, self.last_ns, now_ns);
        }
        let stamp = Stamp {
            position_frames: self.made_frames,
            at_ns: self.last_ns,
        };
        let mut first_channel = self.fitting.input.as_ref().map_or(0, Input::channels);
        for input in self.joined_inputs.iter_mut().flatten() {
            first_channel += input.give(&mut self.client, first_channel, stamp);
        }
        self.client.process(BlockTime {
            frame: self.made_frames,
            now_ns: self.last_ns,
        });
        let mut first_channel = self.fitting.output_channels;
        for output in self.joined_outputs.iter_mut().flatten() {
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
        let Some(input) = &self.fitting.input else {
            return;
        };
        let received_frames = input.received_client_frames();
        let block_frames = self.client.block_frames().max(1);
        let period_frames = input.period_client_frames(self.fitting.timing.input_period_frames);
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
        if let Some(input) = &mut self.fitting.input {
            input.woken(due.now_ns);
        }
        let rate_hz = output.format().rate_hz;
        let room = due.bytes.len() / output.format().frame_bytes();
        if std::mem::take(&mut self.made_a_block) {
            let busy_frames = frames_in(due.busy_ns, rate_hz);
            self.fitting.fill.note(busy_frames, room as u32);
        }
        let level = match self.fitting.timing.intake {
            Intake::Whole => room,
            Intake::Level { .. } => {
                let keep_frames = self.fitting.fill.keep_frames();
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
                let base_ns = ns_of(u64::from(self.fitting.fill.base_frames()), rate_hz);
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
        self.queued_frames = u64::from(due.queued_frames) + left.done as u64;
        (output, left.done as u32)
    }
}

/// Real-time safe if the client is.
impl<C: Client> Cycle for Graph<C> {
    fn captured(&mut self, packet: Packet<'_>) {
        let now_ns = packet.now_ns;
        if let Some(input) = &mut self.fitting.input {
            input.take(packet);
        }
        if self.fitting.output.is_none() {
            self.make_recorded_blocks(now_ns);
        }
    }

    fn due(&mut self, due: Due<'_>) -> u32 {
        self.underrun |= due.underrun;
        let Some(output) = self.fitting.output.take() else {
            return 0;
        };
        let (output, frames) = self.render(output, due);
        self.fitting.output = Some(output);
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

#[cfg(test)]
mod tests;
