//! How full a device's queue is kept.

use crate::endpoint::{EndpointTiming, Intake};

/// A host that needs longer than this part of a period for a block gets more time: one over it.
const SPARE_PART: u32 = 2;
/// For how long the slowest block counts at least, in parts of a second: one over it.
const WINDOW_PART: u32 = 2;

/// How much is kept queued in a device that plays.
///
/// Nothing is queued that the device does not need before its next wake-up: a block is asked for
/// when less than a period is left. Then at most `period - gcd(block, period)` frames are queued
/// ahead of a block, and its last frame is at most `block - gcd(block, period)` frames later at the
/// output than that of a client which hands over one period at a time.
///
/// A host with long blocks may need longer than a period for one. How long it takes is seen in each
/// cycle, and as much more is kept queued, up to a block, unless it happens once only. The queue
/// follows by blocks that are asked for sooner or later; nothing is lost or repeated. Where there is
/// an input too, a block that is asked for sooner lacks input, so what a host got once it keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    intake: Intake,
    period_frames: u32,
    /// The most that can be kept.
    limit_frames: u32,
    slack_frames: u32,
    /// The most that a slow host gets.
    extra_max_frames: u32,
    extra_frames: u32,
    keeps_extra: bool,
    slowest: Slowest,
}

impl Fill {
    /// For a device that is buffered so and runs at `rate_hz`, and a client whose blocks are as long
    /// as `block_frames` of the device's. `has_input`: blocks need input.
    pub const fn new(
        timing: &EndpointTiming,
        block_frames: u32,
        rate_hz: u32,
        has_input: bool,
    ) -> Self {
        let slack_frames = match timing.intake {
            Intake::Whole => 0,
            Intake::Level { slack_frames } => slack_frames,
        };
        Self {
            intake: timing.intake,
            period_frames: timing.period_frames,
            limit_frames: timing.buffer_frames,
            slack_frames,
            extra_max_frames: block_frames.saturating_sub(timing.period_frames),
            extra_frames: 0,
            keeps_extra: has_input,
            slowest: Slowest::new(rate_hz / WINDOW_PART),
        }
    }

    /// Blocks are asked for while fewer frames than this are queued.
    pub fn keep_frames(&self) -> u32 {
        match self.intake {
            Intake::Whole => self.limit_frames,
            Intake::Level { .. } => {
                let frames = self.period_frames.saturating_add(self.slack_frames);
                frames
                    .saturating_add(self.extra_frames)
                    .min(self.limit_frames)
            }
        }
    }

    /// The fewest frames that are queued ahead of a block when the wake-ups are on time.
    pub fn base_frames(&self) -> u32 {
        match self.intake {
            Intake::Whole => 0,
            Intake::Level { .. } => self.keep_frames().saturating_sub(self.period_frames),
        }
    }

    /// Notes that the client took as long as `busy_frames` play for its blocks of one cycle, in
    /// which the device took `taken_frames`.
    pub fn note(&mut self, busy_frames: u32, taken_frames: u32) {
        if self.extra_max_frames == 0 {
            return;
        }
        let slowest_frames = self.slowest.note(busy_frames, taken_frames);
        let needed_frames = slowest_frames.saturating_sub(self.period_frames / SPARE_PART);
        // In steps of a period, as the latency is told to the host at each change.
        let steps = needed_frames.div_ceil(self.period_frames.max(1));
        let extra_frames = steps
            .saturating_mul(self.period_frames)
            .min(self.extra_max_frames);
        self.extra_frames = if self.keeps_extra {
            extra_frames.max(self.extra_frames)
        } else {
            extra_frames
        };
    }

    /// Forgets how long the client took.
    pub fn restart(&mut self) {
        self.extra_frames = 0;
        self.slowest = Slowest::new(self.slowest.window_frames);
    }
}

/// So many times something must be slow before it counts.
const TIMES: usize = 3;

/// The third largest of the numbers noted within the last window and the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slowest {
    window_frames: u32,
    elapsed_frames: u32,
    /// The largest first.
    current: [u32; TIMES],
    previous: u32,
}

impl Slowest {
    const fn new(window_frames: u32) -> Self {
        Self {
            window_frames,
            elapsed_frames: 0,
            current: [0; TIMES],
            previous: 0,
        }
    }

    fn note(&mut self, value: u32, elapsed_frames: u32) -> u32 {
        self.elapsed_frames = self.elapsed_frames.saturating_add(elapsed_frames);
        if self.elapsed_frames >= self.window_frames {
            self.elapsed_frames = 0;
            self.previous = self.current[TIMES - 1];
            self.current = [0; TIMES];
        }
        let mut value = value;
        for slot in &mut self.current {
            if value > *slot {
                std::mem::swap(slot, &mut value);
            }
        }
        self.current[TIMES - 1].max(self.previous)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latency::gcd;
    use proptest::prelude::*;

    fn timing(period_frames: u32, buffer_frames: u32, intake: Intake) -> EndpointTiming {
        EndpointTiming {
            period_frames,
            buffer_frames,
            intake,
            queued_frames: 0,
            device_frames: 0,
            input_period_frames: 0,
            input_device_frames: 0,
            is_one_clock: true,
        }
    }

    const LEVEL: Intake = Intake::Level { slack_frames: 0 };

    fn often(fill: &mut Fill, busy_frames: u32) {
        for _ in 0..TIMES {
            fill.note(busy_frames, 128);
        }
    }

    #[test]
    fn with_input_a_slow_host_keeps_what_it_got() {
        let mut fill = Fill::new(&timing(480, 10_000, LEVEL), 2_048, 48_000, true);
        often(&mut fill, 900);
        let given = fill.base_frames();
        for _ in 0..1_000 {
            fill.note(0, 480);
        }
        assert_eq!((given, fill.base_frames()), (960, 960));
    }

    #[test]
    fn a_small_buffer_limits_the_level() {
        let mut fill = Fill::new(&timing(128, 384, LEVEL), 2_048, 48_000, false);
        assert_eq!((fill.keep_frames(), fill.base_frames()), (128, 0));
        often(&mut fill, 2_000);
        assert_eq!((fill.keep_frames(), fill.base_frames()), (384, 256));
    }

    #[test]
    fn a_quick_host_costs_nothing_and_a_slow_one_what_it_needs() {
        let mut fill = Fill::new(&timing(480, 10_000, LEVEL), 2_048, 48_000, false);
        often(&mut fill, 240);
        assert_eq!(fill.keep_frames(), 480);
        often(&mut fill, 900);
        assert_eq!(fill.keep_frames(), 480 + 2 * 480);
        often(&mut fill, 100_000);
        assert_eq!(fill.keep_frames(), 2_048, "a block, and no more");
    }

    #[test]
    fn t33_after_a_stall_the_queue_is_back_within_a_second() {
        let mut fill = Fill::new(&timing(480, 10_000, LEVEL), 2_048, 48_000, false);
        fill.note(1_440, 480);
        assert_eq!(fill.base_frames(), 0, "once is never");
        often(&mut fill, 1_440);
        assert!(fill.base_frames() > 0);
        for _ in 0..100 {
            fill.note(10, 480);
        }
        assert_eq!(fill.base_frames(), 0);
    }

    #[test]
    fn a_block_no_longer_than_the_period_never_needs_more() {
        let mut fill = Fill::new(&timing(480, 10_000, LEVEL), 480, 48_000, false);
        often(&mut fill, 100_000);
        assert_eq!((fill.keep_frames(), fill.base_frames()), (480, 0));
    }

    proptest! {
        /// The device takes a period, the client keeps the level, over and over.
        #[test]
        fn the_queue_never_runs_dry_and_never_holds_more_than_it_must(
            period in 1_u32..600,
            block in 1_u32..3_000,
            busy in prop_oneof![Just(0_u32), 0_u32..4_000],
        ) {
            let mut fill = Fill::new(&timing(period, 2 * (period + block), LEVEL), block, 48_000, false);
            let (mut queued, mut ahead_max) = (fill.keep_frames(), 0);
            for _ in 0..2 * block {
                prop_assert!(queued >= period, "the device finds a period");
                queued -= period;
                while queued < fill.keep_frames() {
                    ahead_max = ahead_max.max(queued);
                    queued += block;
                }
                fill.note(busy, period);
            }
            let added = (ahead_max + block).saturating_sub(period);
            let given = fill.base_frames();
            prop_assert!(given <= block.saturating_sub(period));
            prop_assert!(added <= block - gcd(block, period) + given);
            if busy <= period / 2 || block <= period {
                prop_assert_eq!(given, 0);
            }
        }
    }
}
