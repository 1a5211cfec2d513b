//! More devices than one: each has a bridge to the graph and a thread of its own.

use std::sync::Arc;

use crate::bridge::{
    BridgeSink, BridgeSource, BridgeSpec, BridgeStatus, BridgeView, Clocks, Side, Stamp, bridge,
};
use crate::client::Client;
use crate::convert::Encoder;
use crate::endpoint::{Cycle, Due, EndpointTiming, Intake, Packet};
use crate::fill::Fill;
use crate::format::StreamFormat;
use crate::graph::input::{Receiver, bridge_spec};
use crate::graph::{GraphSpec, at_rate, encoder, ns_of, with_safety};
use crate::latency::InputLatency;

/// Frames that are written at a time.
const PIECE_FRAMES: u32 = 512;

/// A device that plays beside the graph's own: the graph's end.
#[derive(Debug)]
pub struct JoinedOutput {
    source: BridgeSource,
    channels: u16,
}

/// A device that records beside the graph's own: the graph's end.
#[derive(Debug)]
pub struct JoinedInput {
    sink: BridgeSink,
    channels: u16,
    /// As its device states it, in its frames.
    timing: EndpointTiming,
    device_hz: u32,
    client_hz: u32,
}

/// The other end of a [`JoinedOutput`]: what its device's thread does in each cycle.
#[derive(Debug)]
pub struct Player {
    encoder: Encoder,
    intake: Intake,
    fill: Fill,
    sink: BridgeSink,
    written_frames: u64,
}

/// The other end of a [`JoinedInput`].
#[derive(Debug)]
pub struct Listener(Receiver);

/// Joins a device that plays to a graph that is as `graph` says and whose client has blocks of
/// `block_frames`.
///
/// # Errors
/// One sentence that tells why it cannot be joined.
pub fn join_output(
    format: StreamFormat,
    timing: &EndpointTiming,
    block_frames: u32,
    graph: &GraphSpec,
) -> Result<(JoinedOutput, Player), String> {
    let (source, sink) = bridge(&BridgeSpec {
        channels: format.channels,
        sample: graph.sample,
        source: Side {
            rate_hz: graph.rate_hz,
            block_frames,
        },
        sink: Side {
            rate_hz: format.rate_hz,
            block_frames: timing.period_frames.clamp(1, PIECE_FRAMES),
        },
        clocks: Clocks::Apart,
        quality: graph.quality,
        target_frames: None,
    })?;
    let timing = with_safety(*timing, graph.safety_frames);
    let output = JoinedOutput {
        source,
        channels: format.channels,
    };
    let player = Player {
        encoder: encoder(format, graph),
        intake: timing.intake,
        fill: Fill::new(&timing, 0, format.rate_hz, false),
        sink,
        written_frames: 0,
    };
    Ok((output, player))
}

/// Joins a device that records, as [`join_output`] does one that plays.
///
/// # Errors
/// One sentence that tells why it cannot be joined.
pub fn join_input(
    format: StreamFormat,
    timing: &EndpointTiming,
    block_frames: u32,
    graph: &GraphSpec,
) -> Result<(JoinedInput, Listener), String> {
    let graph = GraphSpec {
        timing: EndpointTiming {
            input_period_frames: timing.input_period_frames,
            is_one_clock: false,
            ..graph.timing
        },
        ..graph.clone()
    };
    let spec = bridge_spec(format, block_frames, &graph)?;
    let (source, sink) = bridge(&spec)?;
    let input = JoinedInput {
        sink,
        channels: format.channels,
        timing: *timing,
        device_hz: format.rate_hz,
        client_hz: graph.rate_hz,
    };
    Ok((input, Listener(Receiver::new(format, spec, source))))
}

impl JoinedOutput {
    /// Hands over a block of the client, whose channels from `first_channel` on are this device's.
    /// Returns how many these are. Real-time safe.
    pub(super) fn push(
        &mut self,
        client: &impl Client,
        first_channel: usize,
        stamp: Stamp,
    ) -> usize {
        let frames = client.block_frames() as usize;
        self.source.push(frames, stamp, |channel| {
            client.output(first_channel + channel)
        });
        usize::from(self.channels)
    }
}

impl JoinedInput {
    /// The same, whose bridge shows there how it does.
    #[must_use]
    pub fn shown_in(mut self, view: Arc<BridgeView>) -> Self {
        self.sink = self.sink.shown_in(view);
        self
    }

    /// How long sound is on its way, in frames of the client.
    pub(super) fn latency(&self) -> InputLatency {
        let own = |frames| at_rate(frames, self.device_hz, self.client_hz);
        InputLatency {
            device_frames: own(self.timing.input_device_frames),
            period_frames: own(self.timing.input_period_frames),
            lead_frames: own(self.sink.status().target_frames),
        }
    }

    /// Gives the client's channels from `first_channel` on their next block. Returns how many these
    /// are. Real-time safe.
    pub(super) fn give(
        &mut self,
        client: &mut impl Client,
        first_channel: usize,
        stamp: Stamp,
    ) -> usize {
        self.sink.pull(client.block_frames() as usize, stamp);
        for channel in 0..usize::from(self.channels) {
            if client.hears(first_channel + channel) {
                client.input(first_channel + channel, self.sink.plane(channel));
            }
        }
        usize::from(self.channels)
    }
}

impl Player {
    /// The same, whose bridge shows there how it does.
    #[must_use]
    pub fn shown_in(mut self, view: Arc<BridgeView>) -> Self {
        self.sink = self.sink.shown_in(view);
        self
    }

    /// The level at which the device's queue is kept, in frames.
    pub fn keep_frames(&self) -> u32 {
        self.fill.keep_frames()
    }

    /// How the bridge does.
    pub fn status(&self) -> BridgeStatus {
        self.sink.status()
    }
}

impl Cycle for Player {
    fn captured(&mut self, _packet: Packet<'_>) {}

    fn due(&mut self, due: Due<'_>) -> u32 {
        let format = *self.encoder.format();
        let frame_bytes = format.frame_bytes();
        let room = due.bytes.len() / frame_bytes;
        let wanted = match self.intake {
            Intake::Whole => room,
            Intake::Level { .. } => {
                let keep_frames = self.fill.keep_frames();
                room.min(keep_frames.saturating_sub(due.queued_frames) as usize)
            }
        };
        let mut done = 0;
        while done < wanted {
            let ahead = u64::from(due.queued_frames) + done as u64;
            let stamp = Stamp {
                position_frames: self.written_frames,
                at_ns: due.now_ns + ns_of(ahead, format.rate_hz),
            };
            let frames = self.sink.pull(wanted - done, stamp);
            if frames == 0 {
                break;
            }
            let out = &mut due.bytes[done * frame_bytes..(done + frames) * frame_bytes];
            let sink = &self.sink;
            self.encoder.write(out, |channel| Some(sink.plane(channel)));
            done += frames;
            self.written_frames += frames as u64;
        }
        done as u32
    }
}

impl Cycle for Listener {
    fn captured(&mut self, packet: Packet<'_>) {
        self.0.take(packet);
    }

    fn due(&mut self, _due: Due<'_>) -> u32 {
        0
    }
}
