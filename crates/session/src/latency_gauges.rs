//! What the stream's thread knows of latency, for the control side to read.

use asio::driver::InternalFrames;
use engine::client::Client;
use engine::endpoint::{EndpointTiming, MeasuredLatency};
use engine::graph::{Graph, GraphSpec};
use engine::latency::{InputLatency, Latency};
use rt::Gauge;

use crate::rates::at_rate;

/// A change of fewer frames than this is not worth telling the host, which may interrupt its sound
/// for it.
const TOLD_FRAMES: u32 = 2;

/// Numbers that only the stream's thread writes, in frames of the host's rate.
#[derive(Debug, Default)]
pub(crate) struct LatencyGauges {
    output_frames: Gauge,
    input_frames: Gauge,
    /// What of them waits in the driver itself.
    internal_output_frames: Gauge,
    internal_input_frames: Gauge,
}

impl LatencyGauges {
    /// Takes over what is known now of a graph that was made by `spec`. Returns whether the host
    /// should ask for its latencies again. Neither allocates nor blocks.
    pub(crate) fn update<C: Client>(
        &self,
        graph: &Graph<C>,
        spec: &GraphSpec,
        measured: MeasuredLatency,
    ) -> bool {
        let (output, input) = (output(graph, spec, measured), input(graph, spec, measured));
        set(&self.internal_output_frames, output.internal_frames());
        set(&self.internal_input_frames, input.internal_frames());
        let output_changed = set(&self.output_frames, output.total_frames());
        set(&self.input_frames, input.total_frames()) || output_changed
    }

    /// What waits in the driver itself: of what is recorded, and of what is played.
    pub(crate) fn internal_frames(&self) -> InternalFrames {
        InternalFrames {
            input_frames: get(&self.internal_input_frames),
            output_frames: get(&self.internal_output_frames),
        }
    }

    /// The latency of what is played. `ready_frames`: a block for a host without `outputReady`.
    pub(crate) fn output_frames(&self, ready_frames: u32) -> u32 {
        get(&self.output_frames).saturating_add(ready_frames)
    }

    /// The latency of what is recorded.
    pub(crate) fn input_frames(&self) -> u32 {
        get(&self.input_frames)
    }
}

/// The parts for a host that says when its block is ready.
fn output<C: Client>(graph: &Graph<C>, spec: &GraphSpec, measured: MeasuredLatency) -> Latency {
    let device_hz = spec.output.map_or(spec.rate_hz, |format| format.rate_hz);
    let own = |frames| at_rate(frames, device_hz, spec.rate_hz);
    let EndpointTiming {
        queued_frames,
        device_frames,
        ..
    } = spec.timing;
    let kept_frames = graph.fill().base_frames();
    let device_frames = measured.device_frames.unwrap_or(device_frames);
    let queue_frames = queued_frames.saturating_add(kept_frames);
    let all_frames = own(queue_frames.saturating_add(device_frames));
    let (queued_frames, kept_frames) = (own(queued_frames), own(kept_frames));
    let timing = EndpointTiming {
        queued_frames,
        // What is left of the sum, so that the parts' roundings do not add up.
        device_frames: all_frames.saturating_sub(queued_frames + kept_frames),
        ..spec.timing
    };
    Latency {
        filter_frames: graph.filter_frames(),
        ..Latency::of(&timing, kept_frames, 0, true)
    }
}

fn input<C: Client>(graph: &Graph<C>, spec: &GraphSpec, measured: MeasuredLatency) -> InputLatency {
    let Some(format) = spec.input else {
        // What is joined is all that is recorded.
        return graph.joined_input_latency().unwrap_or_default();
    };
    let own = |frames| at_rate(frames, format.rate_hz, spec.rate_hz);
    let device_frames = measured.input_device_frames;
    let timing = EndpointTiming {
        input_period_frames: own(spec.timing.input_period_frames),
        input_device_frames: own(device_frames.unwrap_or(spec.timing.input_device_frames)),
        ..spec.timing
    };
    InputLatency::of(&timing, graph.input_lead_frames())
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
