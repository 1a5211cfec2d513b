//! What a simulated card is.

use engine::format::{SampleFormat, StreamFormat};
use engine::latency::gcd;

use crate::clock::ClockSpec;
use crate::duration::{frames_from_hns, hns_from_frames};
use crate::wake::WakeSpec;

/// Which way sound goes at an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flow {
    /// From programs to a digital-to-analogue converter (DAC).
    Render,
    /// From an analogue-to-digital converter (ADC) to programs.
    Capture,
}

/// One piece of hardware: one clock, a DAC, an ADC, or both.
#[derive(Clone, Debug, PartialEq)]
pub struct CardSpec {
    /// Its name; faults find it by this.
    pub name: String,
    /// The clock that its converters share.
    pub clock: ClockSpec,
    /// How late programs run after its signals.
    pub wake: WakeSpec,
    /// What it plays with.
    pub render: Option<EndpointSpec>,
    /// What it records with.
    pub capture: Option<EndpointSpec>,
}

/// One converter as the system shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct EndpointSpec {
    /// The name that users see; faults find the endpoint by this too.
    pub name: String,
    /// Channels, the same in every mode.
    pub channels: u16,
    /// Speaker positions as `dwChannelMask` of `WAVEFORMATEXTENSIBLE` has them.
    pub channel_mask: u32,
    /// Rate of the mixer in Hz. The mixer's samples are 32-bit floats.
    pub mix_rate_hz: u32,
    /// Rates in exclusive mode, in Hz.
    pub rates_hz: Vec<u32>,
    /// Sample formats in exclusive mode.
    pub formats: Vec<SampleFormat>,
    /// The mixer's and the device's usual period in units of 100 ns.
    pub default_period_hns: u64,
    /// The shortest period in exclusive mode, in units of 100 ns.
    pub min_period_hns: u64,
    /// The mixer's periods are multiples of this, in frames.
    pub fundamental_frames: u32,
    /// The mixer's shortest period in frames, before it is rounded to a multiple.
    pub engine_min_frames: u32,
    /// In exclusive mode a buffer must be whole packets of so many bytes; 1 for no such rule.
    pub packet_bytes: u32,
    /// Exclusive streams without events get a buffer of so many of their periods at least; 1 for what
    /// they ask for.
    pub timer_periods: u32,
    /// Frames from the device's buffer to the analogue output, or from the input to the buffer.
    pub latency_frames: u32,
}

/// The mixer's periods at a rate, in frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnginePeriods {
    /// The period when nobody asks for another.
    pub default_frames: u32,
    /// Each period is a multiple of this.
    pub fundamental_frames: u32,
    /// The shortest.
    pub min_frames: u32,
    /// The longest.
    pub max_frames: u32,
}

impl EndpointSpec {
    /// A stereo converter as they are built into many PCs: 48 kHz, 10 ms, every integer format, HDA's
    /// packets of 128 bytes.
    pub fn stereo(name: &str) -> Self {
        Self {
            name: name.into(),
            channels: 2,
            channel_mask: 3,
            mix_rate_hz: 48_000,
            rates_hz: vec![44_100, 48_000, 88_200, 96_000, 176_400, 192_000],
            formats: vec![
                SampleFormat::Int32,
                SampleFormat::Int24In32,
                SampleFormat::Int24,
                SampleFormat::Int16,
            ],
            default_period_hns: 100_000,
            min_period_hns: 30_000,
            fundamental_frames: 16,
            engine_min_frames: 128,
            packet_bytes: 128,
            timer_periods: 1,
            latency_frames: 24,
        }
    }

    /// The mixer's periods at that rate: multiples of the fundamental one that come nearest to what
    /// the specification says.
    pub fn engine_periods(&self, rate_hz: u32) -> EnginePeriods {
        let fundamental_frames = self.fundamental_frames.max(1);
        let usual = frames_from_hns(self.default_period_hns, rate_hz);
        let multiple = |frames: u32| {
            let count = (frames.saturating_add(fundamental_frames / 2) / fundamental_frames).max(1);
            count.saturating_mul(fundamental_frames)
        };
        let default_frames = multiple(usual);
        EnginePeriods {
            default_frames,
            fundamental_frames,
            min_frames: multiple(self.engine_min_frames).min(default_frames),
            max_frames: default_frames,
        }
    }

    /// The usual period, with the mixer at that rate in Hz, and the shortest exclusive one in units of
    /// 100 ns, as `IAudioClient::GetDevicePeriod` tells them.
    pub fn device_period_hns(&self, mix_rate_hz: u32) -> (u64, u64) {
        let frames = self.engine_periods(mix_rate_hz).default_frames;
        (hns_from_frames(frames, mix_rate_hz), self.min_period_hns)
    }

    /// Buffers of frames of `frame_bytes` are multiples of so many frames.
    pub(crate) fn frames_multiple(&self, frame_bytes: usize) -> u32 {
        let packet_bytes = self.packet_bytes.max(1);
        packet_bytes / gcd(packet_bytes, frame_bytes.max(1) as u32)
    }

    /// The mixer's format at a rate.
    pub(crate) fn float_format(&self, rate_hz: u32) -> StreamFormat {
        StreamFormat {
            sample: SampleFormat::Float32,
            channels: self.channels,
            rate_hz,
            channel_mask: self.channel_mask,
        }
    }

    /// Checks what would make no device.
    pub(crate) fn check(&self) -> Result<(), String> {
        let plausible = self.channels > 0
            && self.channels <= 256
            && (1..=crate::clock::RATE_MAX_HZ).contains(&self.mix_rate_hz)
            && (1..=5_000_000).contains(&self.default_period_hns)
            && (1..=self.default_period_hns).contains(&self.min_period_hns)
            && self.packet_bytes <= 1 << 16
            && self.timer_periods <= 64
            && self.engine_min_frames <= 1 << 16
            && self.fundamental_frames <= 1 << 16
            && self.latency_frames <= 1 << 20;
        if plausible {
            return Ok(());
        }
        Err(format!(
            "The device {} has no channels, a rate, a period, a packet or a latency that no device \
             has; correct its description.",
            self.name
        ))
    }
}

impl CardSpec {
    /// A stereo card with a perfect clock and no jitter: endpoints `OUT` and `IN`.
    pub fn stereo(name: &str) -> Self {
        Self {
            name: name.into(),
            clock: ClockSpec::default(),
            wake: WakeSpec::default(),
            render: Some(EndpointSpec::stereo("OUT")),
            capture: Some(EndpointSpec::stereo("IN")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mixers_periods_are_multiples() {
        let spec = EndpointSpec::stereo("OUT");
        let at = |rate_hz| spec.engine_periods(rate_hz);
        assert_eq!(
            (at(48_000).default_frames, at(48_000).min_frames),
            (480, 128)
        );
        assert_eq!(at(44_100).default_frames, 448, "441 is no multiple of 16");
        assert_eq!(spec.device_period_hns(48_000), (100_000, 30_000));
        // 448 frames: what is told fits what the mixer does.
        assert_eq!(spec.device_period_hns(44_100), (101_587, 30_000));
    }

    #[test]
    fn packets_make_multiples_of_frames() {
        let spec = EndpointSpec::stereo("OUT");
        assert_eq!(spec.frames_multiple(4), 32);
        assert_eq!(spec.frames_multiple(8), 16);
        assert_eq!(spec.frames_multiple(6), 64);
        let free = EndpointSpec {
            packet_bytes: 1,
            ..spec
        };
        assert_eq!(free.frames_multiple(6), 1);
    }
}
