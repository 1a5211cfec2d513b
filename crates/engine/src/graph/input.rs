//! The recording side of a graph.

use crate::bridge::{
    BridgeSink, BridgeSource, BridgeSpec, BridgeStatus, Clocks, Side, Stamp, bridge,
};
use crate::client::{Client, Plane};
use crate::convert::{Decoder, PlaneMut};
use crate::endpoint::{EndpointTiming, Intake, Packet};
use crate::format::{ClientSample, StreamFormat};
use crate::graph::{GraphSpec, NS_PER_SECOND, at_rate, gcd, ns_of};
use crate::resample::Resampler;

/// Frames that are converted at a time.
const PIECE_FRAMES: usize = 512;
/// What late wake-ups may cost where nobody knows the clocks, in nanoseconds.
const MARGIN_NS: u64 = 2_000_000;

/// Takes packets from a device and gives blocks to a client.
#[derive(Debug)]
pub(super) struct Input {
    receiver: Receiver,
    sink: BridgeSink,
    pulled_frames: u64,
}

/// Takes packets from a device into a bridge.
#[derive(Debug)]
pub(super) struct Receiver {
    spec: BridgeSpec,
    format: StreamFormat,
    decoder: Decoder,
    source: BridgeSource,
    /// One channel after the other.
    integers: Vec<i32>,
    floats: Vec<f32>,
    received_frames: u64,
}

impl Receiver {
    pub(super) fn new(format: StreamFormat, spec: BridgeSpec, source: BridgeSource) -> Receiver {
        let samples = PIECE_FRAMES * usize::from(format.channels);
        let (integers, floats) = match spec.sample {
            ClientSample::Int32 => (vec![0; samples], Vec::new()),
            ClientSample::Float32 => (Vec::new(), vec![0.0; samples]),
        };
        Receiver {
            spec,
            format,
            decoder: Decoder::new(format),
            source,
            integers,
            floats,
            received_frames: 0,
        }
    }

    /// Takes what was recorded. Real-time safe.
    pub(super) fn take(&mut self, packet: Packet<'_>) {
        let frame_bytes = self.format.frame_bytes();
        let mut frames_before = 0;
        for piece in packet.bytes.chunks(PIECE_FRAMES * frame_bytes) {
            let frames = piece.len() / frame_bytes;
            self.decode(piece, frames);
            let stamp = Stamp {
                position_frames: self.received_frames,
                at_ns: packet.now_ns + ns_of(frames_before, self.format.rate_hz),
            };
            let (integers, floats) = (&self.integers, &self.floats);
            let sample = self.spec.sample;
            self.source.push(frames, stamp, |channel| {
                let plane = channel * PIECE_FRAMES..channel * PIECE_FRAMES + frames;
                match sample {
                    ClientSample::Int32 => integers.get(plane).map(Plane::Int32),
                    ClientSample::Float32 => floats.get(plane).map(Plane::Float32),
                }
            });
            self.received_frames += frames as u64;
            frames_before += frames as u64;
        }
    }

    fn decode(&mut self, piece: &[u8], frames: usize) {
        let (integers, floats) = (&mut self.integers, &mut self.floats);
        match self.spec.sample {
            ClientSample::Int32 => {
                let planes = integers.chunks_exact_mut(PIECE_FRAMES);
                let planes = planes.map(|plane| Some(PlaneMut::Int32(&mut plane[..frames])));
                self.decoder.read(piece, planes);
            }
            ClientSample::Float32 => {
                let planes = floats.chunks_exact_mut(PIECE_FRAMES);
                let planes = planes.map(|plane| Some(PlaneMut::Float32(&mut plane[..frames])));
                self.decoder.read(piece, planes);
            }
        }
    }
}

impl Input {
    /// # Errors
    /// One sentence that tells why such frames cannot be had from such a device.
    pub(super) fn new(
        format: StreamFormat,
        block_frames: u32,
        spec: &GraphSpec,
    ) -> Result<Input, String> {
        let spec = bridge_spec(format, block_frames, spec)?;
        let (source, sink) = bridge(&spec)?;
        Ok(Input {
            receiver: Receiver::new(format, spec, source),
            sink,
            pulled_frames: 0,
        })
    }

    /// Forgets all that came. Allocates: not for the real-time path.
    pub(super) fn restart(&mut self) {
        if let Ok((source, sink)) = bridge(&self.receiver.spec) {
            (self.receiver.source, self.sink) = (source, sink);
        }
        self.receiver.received_frames = 0;
        self.pulled_frames = 0;
    }

    /// The device's channels.
    pub(super) fn channels(&self) -> usize {
        usize::from(self.receiver.format.channels)
    }

    /// The rates of the device and of the client in Hz.
    fn rates_hz(&self) -> (u32, u32) {
        let BridgeSpec { source, sink, .. } = &self.receiver.spec;
        (source.rate_hz, sink.rate_hz)
    }

    /// What came since the start, in whole frames of the client.
    pub(super) fn received_client_frames(&self) -> u64 {
        let (from, to) = self.rates_hz();
        let frames = u128::from(self.receiver.received_frames);
        (frames * u128::from(to) / u128::from(from.max(1))) as u64
    }

    /// A period of the device in frames of the client; at least 1.
    pub(super) fn period_client_frames(&self, period_frames: u32) -> u32 {
        let (from, to) = self.rates_hz();
        at_rate(period_frames, from, to).max(1)
    }

    /// Takes what was recorded. Real-time safe.
    pub(super) fn take(&mut self, packet: Packet<'_>) {
        self.receiver.take(packet);
    }

    /// Gives the client its next block. Real-time safe.
    pub(super) fn give(&mut self, client: &mut impl Client, now_ns: u64) {
        let frames = client.block_frames();
        let stamp = Stamp {
            position_frames: self.pulled_frames,
            at_ns: now_ns,
        };
        self.sink.pull(frames as usize, stamp);
        self.pulled_frames += u64::from(frames);
        for channel in 0..self.channels() {
            if client.hears(channel) {
                client.input(channel, self.sink.plane(channel));
            }
        }
    }

    /// Frames of the client's rate from a block's first frame at the device's side of the buffers to
    /// the block's time, beyond a period.
    pub(super) fn lead_frames(&self) -> u32 {
        let target_frames = self.sink.status().target_frames;
        let (from, to) = self.rates_hz();
        at_rate(target_frames, from, to)
    }

    /// How the way from the device to the client does.
    pub(super) fn status(&self) -> BridgeStatus {
        self.sink.status()
    }
}

/// The bridge between the device's packets and the client's blocks.
///
/// The lead that it needs, in frames: when a block is asked for, all of it must be there but for the
/// packet that came in the same wake-up (`block - input period`); a block's time may be as far ahead
/// of its wake-up as `period - gcd(block, period)`; and a packet may be as old as
/// `input period - gcd(input period, period)`, or an input period where the wake-ups are not the
/// device's own. With equal periods the sum is `block - gcd(block, period)`. Where the clocks differ,
/// all of these are at their worst at some time, and the filter needs frames ahead.
pub(super) fn bridge_spec(
    format: StreamFormat,
    block_frames: u32,
    spec: &GraphSpec,
) -> Result<BridgeSpec, String> {
    let EndpointTiming {
        period_frames,
        input_period_frames,
        is_one_clock,
        intake,
        ..
    } = spec.timing;
    let rate_hz = spec.rate_hz;
    let block = at_rate(block_frames, rate_hz, format.rate_hz);
    let period = match spec.output {
        Some(output) => at_rate(period_frames, output.rate_hz, format.rate_hz),
        None => input_period_frames,
    };
    let packet = input_period_frames.max(1);
    let has_own_wakes = matches!(intake, Intake::Level { slack_frames: 0 } | Intake::Whole);
    let target_frames = if is_one_clock && rate_hz == format.rate_hz {
        let age = if has_own_wakes {
            gcd(packet, period)
        } else {
            0
        };
        block + period - gcd(block, period).min(period) - age
    } else {
        let reach = Resampler::new(format.rate_hz, rate_hz, spec.quality)?.reach_frames();
        let margin_ns = if is_one_clock { 0 } else { MARGIN_NS };
        let margin = margin_ns * u64::from(format.rate_hz) / NS_PER_SECOND;
        block + period + reach as u32 + margin as u32
    };
    Ok(BridgeSpec {
        channels: format.channels,
        sample: spec.sample,
        source: Side {
            rate_hz: format.rate_hz,
            block_frames: packet.min(PIECE_FRAMES as u32),
        },
        sink: Side {
            rate_hz,
            block_frames,
        },
        clocks: if is_one_clock {
            Clocks::Shared
        } else {
            Clocks::Apart
        },
        quality: spec.quality,
        target_frames: Some(target_frames),
    })
}
