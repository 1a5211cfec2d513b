//! Latency as a sum of named parts, each owned by the piece that causes it.

use crate::endpoint::EndpointTiming;

/// The greatest common divisor, by Euclid; of 0 and a number the number. Blocks and periods come together
/// again at so many frames.
pub const fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Frames from the instant a client is asked for a block until the block's first frame leaves the
/// device, in parts, in frames of the client's rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// What is queued in the device's buffer ahead of the block.
    pub device_queue_frames: u32,
    /// What is kept queued beyond that, because wake-ups are not the device's own or the host is
    /// slow.
    pub kept_frames: u32,
    /// From the device's buffer to its output, as the system states it.
    pub device_frames: u32,
    /// What the filter needs ahead, where the device runs at another rate than the client.
    pub filter_frames: u32,
    /// One block, where the host does not say when its output is ready, so that each block is
    /// played one block later.
    pub output_ready_frames: u32,
}

impl Latency {
    /// The latency, at one rate, of an endpoint whose queue is kept at `kept_frames` at least
    /// ([`Fill::base_frames`](crate::fill::Fill::base_frames)), with a client of that block size.
    /// `output_ready`: the client says when its block is ready.
    pub const fn of(
        timing: &EndpointTiming,
        kept_frames: u32,
        block_frames: u32,
        output_ready: bool,
    ) -> Self {
        Self {
            device_queue_frames: timing.queued_frames,
            kept_frames,
            device_frames: timing.device_frames,
            filter_frames: 0,
            output_ready_frames: if output_ready { 0 } else { block_frames },
        }
    }

    /// The sum, in frames.
    pub const fn total_frames(&self) -> u32 {
        self.device_queue_frames
            .saturating_add(self.kept_frames)
            .saturating_add(self.device_frames)
            .saturating_add(self.filter_frames)
            .saturating_add(self.output_ready_frames)
    }

    /// What of it waits between the client's block and the device's buffer, in frames: neither the
    /// device's own delay nor the client's blocks.
    pub const fn internal_frames(&self) -> u32 {
        self.kept_frames.saturating_add(self.filter_frames)
    }
}

/// Frames from the instant at which sound is at the device's input until a client gets it, in parts,
/// in frames of the client's rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InputLatency {
    /// From the device's input to its buffer, as the system states it.
    pub device_frames: u32,
    /// The packet that the device gathers before it hands it over.
    pub period_frames: u32,
    /// What waits because blocks are longer than packets, or clocks differ.
    pub lead_frames: u32,
}

impl InputLatency {
    /// The latency of an endpoint behind which sound waits for `lead_frames`
    /// ([`Graph::input_lead_frames`](crate::graph::Graph::input_lead_frames)).
    pub const fn of(timing: &EndpointTiming, lead_frames: u32) -> Self {
        Self {
            device_frames: timing.input_device_frames,
            period_frames: timing.input_period_frames,
            lead_frames,
        }
    }

    /// The sum, in frames.
    pub const fn total_frames(&self) -> u32 {
        self.device_frames
            .saturating_add(self.period_frames)
            .saturating_add(self.lead_frames)
    }

    /// What of it waits between the device's packet and the client's block, in frames.
    pub const fn internal_frames(&self) -> u32 {
        self.lead_frames
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Intake;

    #[test]
    fn the_parts_add_up() {
        let timing = EndpointTiming {
            period_frames: 480,
            buffer_frames: 960,
            intake: Intake::Level { slack_frames: 100 },
            queued_frames: 480,
            device_frames: 30,
            input_period_frames: 0,
            input_device_frames: 0,
            is_one_clock: true,
        };
        assert_eq!(Latency::of(&timing, 100, 64, true).total_frames(), 610);
        assert_eq!(Latency::of(&timing, 100, 64, false).total_frames(), 674);
    }
}
