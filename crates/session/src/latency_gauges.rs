//! What the stream's thread knows of latency, for the control side to read.

use asio_io::HostClient;
use engine::endpoint::{EndpointTiming, MeasuredLatency};
use engine::graph::Graph;
use engine::latency::{InputLatency, Latency};
use rt::Gauge;

/// A change of fewer frames than this is not worth telling the host, which may interrupt its sound
/// for it.
const TOLD_FRAMES: u32 = 2;

/// Numbers that only the stream's thread writes. All in frames.
#[derive(Debug)]
pub(crate) struct LatencyGauges {
    kept_frames: Gauge,
    lead_frames: Gauge,
    device_frames: Gauge,
    input_device_frames: Gauge,
}

impl LatencyGauges {
    /// For an endpoint that was not measured yet.
    pub(crate) fn new(timing: &EndpointTiming) -> Self {
        Self {
            kept_frames: Gauge::new(0),
            lead_frames: Gauge::new(0),
            device_frames: Gauge::new(u64::from(timing.device_frames)),
            input_device_frames: Gauge::new(u64::from(timing.input_device_frames)),
        }
    }

    /// Takes over what is known now. Returns whether the host should ask for its latencies again.
    /// Neither allocates nor blocks.
    pub(crate) fn update(&self, graph: &Graph<HostClient>, measured: MeasuredLatency) -> bool {
        let mut changed = set(&self.kept_frames, graph.fill().base_frames());
        changed |= set(&self.lead_frames, graph.input_lead_frames());
        if let Some(frames) = measured.device_frames {
            changed |= set(&self.device_frames, frames);
        }
        if let Some(frames) = measured.input_device_frames {
            changed |= set(&self.input_device_frames, frames);
        }
        changed
    }

    /// The latency of what is played.
    pub(crate) fn output(
        &self,
        timing: &EndpointTiming,
        block_frames: u32,
        at_once: bool,
    ) -> Latency {
        let timing = EndpointTiming {
            device_frames: get(&self.device_frames),
            ..*timing
        };
        Latency::of(&timing, get(&self.kept_frames), block_frames, at_once)
    }

    /// The latency of what is recorded.
    pub(crate) fn input(&self, timing: &EndpointTiming) -> InputLatency {
        let timing = EndpointTiming {
            input_device_frames: get(&self.input_device_frames),
            ..*timing
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
