//! How a hosted driver's stream is buffered, in the engine's words.

use asio::driver::Latencies;
use engine::endpoint::{EndpointTiming, Intake, MeasuredLatency};
use engine::format::StreamFormat;

const NS_PER_SECOND: u64 = 1_000_000_000;

/// What a stream was made as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StreamShape {
    pub(crate) output: Option<StreamFormat>,
    pub(crate) input: Option<StreamFormat>,
    pub(crate) rate_hz: u32,
    pub(crate) block_frames: u32,
    pub(crate) latencies: Latencies,
}

impl StreamShape {
    /// How the stream is buffered. A driver's latencies reckon from the callback and with the whole
    /// block: what is put into a half plays when the other half has, and what is found in one has been
    /// recorded for a block.
    pub(crate) fn timing(&self) -> EndpointTiming {
        let block_frames = self.block_frames;
        let device = self.device(self.latencies);
        let (has_output, has_input) = (self.output.is_some(), self.input.is_some());
        let only = |wanted: bool, frames: u32| if wanted { frames } else { 0 };
        EndpointTiming {
            period_frames: block_frames,
            buffer_frames: only(has_output, block_frames),
            intake: match has_output {
                true => Intake::Whole,
                false => Intake::Level { slack_frames: 0 },
            },
            queued_frames: only(has_output, self.queued_frames()),
            device_frames: only(has_output, device.device_frames.unwrap_or(0)),
            input_period_frames: only(has_input, block_frames),
            input_device_frames: only(has_input, device.input_device_frames.unwrap_or(0)),
            is_one_clock: true,
        }
    }

    /// What plays before a half does.
    fn queued_frames(&self) -> u32 {
        self.block_frames.min(self.latencies.output_frames)
    }

    /// The hardware's own part of these latencies.
    pub(crate) fn device(&self, latencies: Latencies) -> MeasuredLatency {
        let output_frames = latencies.output_frames.saturating_sub(self.queued_frames());
        let input_frames = latencies.input_frames.saturating_sub(self.block_frames);
        MeasuredLatency {
            device_frames: self.output.map(|_| output_frames),
            input_device_frames: self.input.map(|_| input_frames),
        }
    }

    /// How long a block lasts.
    pub(crate) fn block_ns(&self) -> u64 {
        block_ns(self.block_frames, self.rate_hz)
    }
}

fn block_ns(block_frames: u32, rate_hz: u32) -> u64 {
    u64::from(block_frames) * NS_PER_SECOND / u64::from(rate_hz.max(1))
}

/// How long a callback waits for the graph: most of a block, so that the driver has its thread back
/// before the next is due.
pub(crate) fn patience_ns(block_frames: u32, rate_hz: u32) -> u64 {
    block_ns(block_frames, rate_hz) / 8 * 7
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::format::SampleFormat;
    use engine::latency::Latency;

    fn shape(input_frames: u32, output_frames: u32) -> StreamShape {
        let format = StreamFormat {
            sample: SampleFormat::Int32,
            channels: 2,
            rate_hz: 48_000,
            channel_mask: 0,
        };
        StreamShape {
            output: Some(format),
            input: Some(format),
            rate_hz: 48_000,
            block_frames: 256,
            latencies: Latencies {
                input_frames,
                output_frames,
            },
        }
    }

    #[test]
    fn the_engine_adds_up_what_the_driver_says() {
        for (input_frames, output_frames) in [(256 + 31, 256 + 47), (256, 100), (300, 0)] {
            let timing = shape(input_frames, output_frames).timing();
            let output = Latency::of(&timing, 0, 256, true).total_frames();
            assert_eq!(output, output_frames);
            let input = timing.input_period_frames + timing.input_device_frames;
            assert_eq!(input, input_frames);
        }
    }

    #[test]
    fn a_side_that_is_not_there_has_no_frames() {
        let timing = StreamShape {
            output: None,
            ..shape(287, 303)
        }
        .timing();
        assert_eq!(
            (
                timing.buffer_frames,
                timing.queued_frames,
                timing.device_frames
            ),
            (0, 0, 0)
        );
        assert_eq!(timing.period_frames, 256);
        let timing = StreamShape {
            input: None,
            ..shape(287, 303)
        }
        .timing();
        assert_eq!(
            (timing.input_period_frames, timing.input_device_frames),
            (0, 0)
        );
    }

    #[test]
    fn a_callback_is_back_before_the_next_is_due() {
        assert_eq!(shape(0, 0).block_ns(), 5_333_333);
        assert_eq!(patience_ns(256, 48_000), 4_666_662);
        assert_eq!(patience_ns(u32::MAX, 0) / 1_000_000_000, 3_758_096_383);
    }
}
