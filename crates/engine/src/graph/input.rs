//! The recording side of a graph.

use crate::bridge::{
    BridgeSink, BridgeSource, BridgeSpec, BridgeStatus, Clocks, Side, Stamp, bridge,
};
use crate::client::{Client, Plane};
use crate::convert::{Decoder, PlaneMut};
use crate::endpoint::{EndpointTiming, Intake, Packet};
use crate::format::{ClientSample, StreamFormat};
use crate::graph::fade::{Fade, first_sound};
use crate::graph::{GraphSpec, NS_PER_SECOND, at_rate, ns_of};
use crate::latency::gcd;
use crate::resample::Resampler;

/// Frames that are converted at a time.
const PIECE_FRAMES: usize = 512;
/// What late wake-ups may cost where nobody knows the clocks, in nanoseconds.
const MARGIN_NS: u64 = 2_000_000;
/// A wake-up that is out of step by no more than this is late; what is more is how the device is.
const LATE_MAX_NS: i64 = 1_000_000;

/// Takes packets from a device and gives blocks to a client.
#[derive(Debug)]
pub(super) struct Input {
    receiver: Receiver,
    sink: BridgeSink,
    fade: Fade,
    /// The sound that comes first is to rise from silence.
    rises: bool,
    pulled_frames: u64,
    /// Where packets and wake-ups are the device's own and in step: their ages are multiples of so
    /// many frames.
    step_frames: Option<u32>,
    /// When the last packet came.
    newest_ns: u64,
    /// How much later this wake-up is after that than its event was after the packet's.
    late_ns: i64,
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
        let step_frames = step_frames(format, spec);
        let bridge_spec = bridge_spec(format, block_frames, spec)?;
        let (source, sink) = bridge(&bridge_spec)?;
        Ok(Input {
            receiver: Receiver::new(format, bridge_spec, source),
            sink,
            fade: Fade::new(spec.sample, spec.rate_hz, 1, block_frames as usize),
            rises: false,
            pulled_frames: 0,
            step_frames,
            newest_ns: 0,
            late_ns: 0,
        })
    }

    /// Forgets all that came. Allocates: not for the real-time path.
    pub(super) fn restart(&mut self) {
        if let Ok((source, sink)) = bridge(&self.receiver.spec) {
            (self.receiver.source, self.sink) = (source, sink);
        }
        self.fade.pass();
        self.rises = false;
        self.receiver.received_frames = 0;
        self.pulled_frames = 0;
        self.newest_ns = 0;
        self.late_ns = 0;
    }

    /// The sound that comes next rises from silence. Real-time safe.
    pub(super) fn fade_in(&mut self) {
        self.rises = true;
    }

    /// What is given next falls to silence. Real-time safe.
    pub(super) fn fade_out(&mut self) {
        self.fade.fall();
    }

    /// Whether only silence is given.
    pub(super) fn has_faded_out(&self) -> bool {
        self.fade.has_fallen()
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
        self.newest_ns = packet.now_ns;
        self.receiver.take(packet);
    }

    /// Notes when the device that plays woke us. Real-time safe.
    ///
    /// The events of both sides are a known number of frames apart, but each wake-up is late by a
    /// time of its own. Without this, the lateness of the first would stay in the lead.
    pub(super) fn woken(&mut self, now_ns: u64) {
        let Some(frames) = self.step_frames else {
            return;
        };
        let (rate_hz, _) = self.rates_hz();
        let step_ns = ns_of(frames.into(), rate_hz).max(1);
        let age_ns = now_ns.saturating_sub(self.newest_ns);
        let steps = (age_ns + step_ns / 2) / step_ns;
        let late_ns = age_ns as i64 - ns_of(steps * u64::from(frames), rate_hz) as i64;
        let is_lateness = late_ns.abs() <= LATE_MAX_NS;
        self.late_ns = if is_lateness { late_ns } else { 0 };
    }

    /// Gives the client its next block, whose time is `now_ns` for the client and `due_ns` by the
    /// device, which may be earlier. Real-time safe.
    pub(super) fn give(&mut self, client: &mut impl Client, now_ns: u64, due_ns: u64) {
        let frames = client.block_frames();
        let now_ns = match self.receiver.spec.clocks {
            Clocks::Shared => due_ns,
            Clocks::Apart => now_ns,
        };
        let stamp = Stamp {
            position_frames: self.pulled_frames,
            at_ns: now_ns.saturating_add_signed(-self.late_ns),
        };
        self.sink.pull(frames as usize, stamp);
        self.pulled_frames += u64::from(frames);
        if self.rises
            && let Some(silent_frames) =
                first_sound((0..self.channels()).map(|channel| self.sink.plane(channel)))
        {
            self.rises = false;
            self.fade.rise_after(silent_frames);
        }
        let fades = !self.fade.is_through();
        if fades {
            self.fade.advance(frames as usize);
        }
        for channel in 0..self.channels() {
            if !client.hears(channel) {
                continue;
            }
            let plane = self.sink.plane(channel);
            if fades {
                self.fade.soften(0, Some(plane));
                client.input(channel, self.fade.plane(0, frames as usize));
            } else {
                client.input(channel, plane);
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

/// See [`Input::step_frames`].
fn step_frames(format: StreamFormat, spec: &GraphSpec) -> Option<u32> {
    let timing = &spec.timing;
    let output = spec.output.filter(|_| timing.is_one_clock)?;
    let is_in_step = has_own_wakes(timing) && output.rate_hz == format.rate_hz;
    is_in_step.then(|| gcd(timing.input_period_frames, timing.period_frames))
}

/// Whether the wake-ups are the device's.
fn has_own_wakes(timing: &EndpointTiming) -> bool {
    matches!(
        timing.intake,
        Intake::Level { slack_frames: 0 } | Intake::Whole
    )
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
        ..
    } = spec.timing;
    let rate_hz = spec.rate_hz;
    let block = at_rate(block_frames, rate_hz, format.rate_hz);
    let period = match spec.output {
        Some(output) => at_rate(period_frames, output.rate_hz, format.rate_hz),
        None => input_period_frames,
    };
    let packet = input_period_frames.max(1);
    let target_frames = if is_one_clock && rate_hz == format.rate_hz {
        let lead = block + period - gcd(block, period).min(period);
        if has_own_wakes(&spec.timing) {
            lead - gcd(packet, period)
        } else {
            // One more, as the instants of timers are between frames.
            lead + 1
        }
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
