//! The graph: one client, one endpoint, and what is between.

mod decode;
mod input;

use crate::bridge::BridgeStatus;
use crate::client::{BlockTime, Client};
use crate::convert;
use crate::endpoint::{Cycle, Due, EndpointTiming, Intake, Packet};
use crate::fill::Fill;
use crate::format::{ClientSample, StreamFormat};
use crate::resample::Quality;
use input::Input;

const NS_PER_SECOND: u64 = 1_000_000_000;

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
    /// The filter for clocks that differ.
    pub quality: Quality,
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
    output: Option<StreamFormat>,
    input: Option<Input>,
    rate_hz: u32,
    intake: Intake,
    input_period_frames: u32,
    fill: Fill,
    /// Frames of the client's last block that are handed over. All of them: the next is to be made.
    taken_frames: usize,
    /// Frames that the client made.
    made_frames: u64,
    last_ns: u64,
    /// The last cycle made a block, so that how long it took tells of the client.
    made_a_block: bool,
    underrun: bool,
}

impl<C: Client> Graph<C> {
    /// A graph that has made nothing yet.
    ///
    /// # Errors
    /// One sentence that tells why these two cannot be joined.
    pub fn new(client: C, spec: &GraphSpec) -> Result<Self, String> {
        let block_frames = client.block_frames();
        let input = match spec.input {
            Some(format) => Some(Input::new(format, block_frames, spec)?),
            None => None,
        };
        let fill = Fill::new(&spec.timing, block_frames, spec.rate_hz, input.is_some());
        Ok(Self {
            client,
            output: spec.output,
            input,
            rate_hz: spec.rate_hz,
            intake: spec.timing.intake,
            input_period_frames: spec.timing.input_period_frames,
            fill,
            taken_frames: block_frames as usize,
            made_frames: 0,
            last_ns: 0,
            made_a_block: false,
            underrun: false,
        })
    }

    /// The client.
    pub fn client(&self) -> &C {
        &self.client
    }

    /// How full the endpoint's queue is kept.
    pub fn fill(&self) -> &Fill {
        &self.fill
    }

    /// Frames that recorded sound waits beyond the packet that it came in; 0 without an input.
    pub fn input_lead_frames(&self) -> u32 {
        self.input.as_ref().map_or(0, Input::lead_frames)
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
        self.taken_frames = self.client.block_frames() as usize;
        self.made_frames = 0;
        self.made_a_block = false;
        self.underrun = false;
        self.fill.restart();
        if let Some(input) = &mut self.input {
            input.restart();
        }
        restart(&mut self.client);
    }

    fn make_block(&mut self, now_ns: u64) {
        // A wake-up that comes early after one with many blocks must not turn time back.
        self.last_ns = self.last_ns.max(now_ns);
        if let Some(input) = &mut self.input {
            input.give(&mut self.client, self.last_ns);
        }
        self.client.process(BlockTime {
            frame: self.made_frames,
            now_ns: self.last_ns,
        });
        self.made_frames += u64::from(self.client.block_frames());
        self.taken_frames = 0;
        self.made_a_block = true;
    }

    /// Makes the blocks for which all input is there, where nothing is played.
    ///
    /// A block's time is as long after the wake-up in which its last packet came as the packet's
    /// frames beyond the block are before it, and always `period - gcd(block, period)` frames more,
    /// so that it is never before the wake-up.
    fn make_recorded_blocks(&mut self, now_ns: u64) {
        let Some(input) = &self.input else { return };
        let received_frames = input.received_frames();
        let block_frames = self.client.block_frames().max(1);
        let period_frames = self.input_period_frames.max(1);
        let later = u64::from(period_frames - gcd(block_frames, period_frames));
        while self.made_frames + u64::from(block_frames) <= received_frames {
            let beyond = received_frames - self.made_frames - u64::from(block_frames);
            let ahead = later.saturating_sub(beyond);
            self.make_block(now_ns + self.ns_of(ahead));
        }
    }

    fn ns_of(&self, frames: u64) -> u64 {
        frames * NS_PER_SECOND / u64::from(self.rate_hz.max(1))
    }

    fn frames_in(&self, ns: u64) -> u32 {
        let frames = u128::from(ns) * u128::from(self.rate_hz) / u128::from(NS_PER_SECOND);
        u32::try_from(frames).unwrap_or(u32::MAX)
    }

    fn render(&mut self, due: Due<'_>, format: &StreamFormat) -> u32 {
        let frame_bytes = format.frame_bytes();
        let room = due.bytes.len() / frame_bytes;
        if self.made_a_block {
            self.fill.note(self.frames_in(due.busy_ns), room as u32);
        }
        self.made_a_block = false;
        let level = match self.intake {
            Intake::Whole => room,
            Intake::Level { .. } => {
                let keep_frames = self.fill.keep_frames();
                keep_frames.saturating_sub(due.queued_frames) as usize
            }
        };
        let block_frames = self.client.block_frames().max(1) as usize;
        let mut done = 0;
        while done < room {
            if self.taken_frames >= block_frames {
                if done >= level {
                    break;
                }
                let ahead_frames = due.queued_frames.saturating_add(done as u32);
                let ahead_frames = ahead_frames.saturating_sub(self.fill.base_frames());
                let ahead_ns = self.ns_of(u64::from(ahead_frames));
                self.make_block(due.now_ns.saturating_add(ahead_ns));
            }
            let frames = (block_frames - self.taken_frames).min(room - done);
            let bytes = &mut due.bytes[done * frame_bytes..(done + frames) * frame_bytes];
            write(&self.client, self.taken_frames, bytes, format);
            self.taken_frames += frames;
            done += frames;
        }
        done as u32
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
        match self.output {
            Some(format) => self.render(due, &format),
            None => 0,
        }
    }
}

/// Writes frames of the client's block from `start` on.
fn write(client: &impl Client, start: usize, out: &mut [u8], format: &StreamFormat) {
    let frames = out.len() / format.frame_bytes();
    for channel in 0..usize::from(format.channels) {
        match client.output(channel) {
            Some(plane) => {
                convert::write_channel(plane.part(start, frames), out, format, channel);
            }
            None => convert::silence_channel(out, format, channel),
        }
    }
}

/// The greatest common divisor; of 0 and a number the number.
fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests;
