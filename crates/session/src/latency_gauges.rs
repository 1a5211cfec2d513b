//! What the stream's thread knows of latency, for the control side to read.

use asio_io::HostClient;
use engine::endpoint::{Endpoint, EndpointTiming, MeasuredLatency};
use engine::graph::Graph;
use engine::latency::{InputLatency, Latency};
use rt::Gauge;

use crate::rates::at_rate;

/// A change of fewer frames than this is not worth telling the host, which may interrupt its sound
/// for it.
const TOLD_FRAMES: u32 = 2;

/// Numbers that only the stream's thread writes, in frames.
#[derive(Debug)]
pub(crate) struct LatencyGauges {
    timing: EndpointTiming,
    /// The host's rate, and those of the device's sides, in Hz.
    rate_hz: u32,
    output_hz: u32,
    input_hz: u32,
    /// Of the device's rates.
    kept_frames: Gauge,
    device_frames: Gauge,
    input_device_frames: Gauge,
    /// Of the host's rate.
    lead_frames: Gauge,
    filter_frames: Gauge,
}

impl LatencyGauges {
    /// For an endpoint that was not measured yet, and a host that runs at `rate_hz`.
    pub(crate) fn new(endpoint: &dyn Endpoint, rate_hz: u32) -> Self {
        let timing = endpoint.timing();
        let hz = |format: Option<engine::format::StreamFormat>| {
            format.map_or(rate_hz, |format| format.rate_hz)
        };
        Self {
            timing,
            rate_hz,
            output_hz: hz(endpoint.output_format()),
            input_hz: hz(endpoint.input_format()),
            kept_frames: Gauge::new(0),
            device_frames: Gauge::new(u64::from(timing.device_frames)),
            input_device_frames: Gauge::new(u64::from(timing.input_device_frames)),
            lead_frames: Gauge::new(0),
            filter_frames: Gauge::new(0),
        }
    }

    /// Takes over what is known now. Returns whether the host should ask for its latencies again.
    /// Neither allocates nor blocks.
    pub(crate) fn update(&self, graph: &Graph<HostClient>, measured: MeasuredLatency) -> bool {
        let mut changed = set(&self.kept_frames, graph.fill().base_frames());
        changed |= set(&self.lead_frames, graph.input_lead_frames());
        changed |= set(&self.filter_frames, graph.filter_frames());
        if let Some(frames) = measured.device_frames {
            changed |= set(&self.device_frames, frames);
        }
        if let Some(frames) = measured.input_device_frames {
            changed |= set(&self.input_device_frames, frames);
        }
        changed
    }

    /// The latency of what is played.
    pub(crate) fn output(&self, block_frames: u32, at_once: bool) -> Latency {
        let own = |frames| at_rate(frames, self.output_hz, self.rate_hz);
        let kept_frames = get(&self.kept_frames);
        let queue_frames = self.timing.queued_frames.saturating_add(kept_frames);
        let all_frames = own(queue_frames.saturating_add(get(&self.device_frames)));
        let (queued_frames, kept_frames) = (own(self.timing.queued_frames), own(kept_frames));
        let timing = EndpointTiming {
            queued_frames,
            // What is left of the sum, so that the parts' roundings do not add up.
            device_frames: all_frames.saturating_sub(queued_frames + kept_frames),
            ..self.timing
        };
        Latency {
            filter_frames: get(&self.filter_frames),
            ..Latency::of(&timing, kept_frames, block_frames, at_once)
        }
    }

    /// The latency of what is recorded.
    pub(crate) fn input(&self) -> InputLatency {
        let own = |frames| at_rate(frames, self.input_hz, self.rate_hz);
        let timing = EndpointTiming {
            input_period_frames: own(self.timing.input_period_frames),
            input_device_frames: own(get(&self.input_device_frames)),
            ..self.timing
        };
        InputLatency::of(&timing, get(&self.lead_frames))
    }
}

fn get(gauge: &Gauge) -> u32 {
    u32::try_from(gauge.get()).unwrap_or(u32::MAX)
}

/// Returns whether the difference is worth telling.
fn set(gauge: &Gauge, frames: u32) -> bool {
    let before = get(gauge);
    if before != frames {
        gauge.set(u64::from(frames));
    }
    before.abs_diff(frames) >= TOLD_FRAMES
}
