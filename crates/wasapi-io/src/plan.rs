//! Which durations a stream is asked for, and how much of its buffer one wake-up fills.

use crate::duration::{frames_covering_hns, frames_from_hns, hns_from_frames};

/// The longest that an exclusive stream's period may be, with events.
const EVENT_PERIOD_MAX_HNS: i64 = 5_000_000;
/// The longest that an exclusive stream's buffer may be, without events.
const TIMER_BUFFER_MAX_HNS: i64 = 20_000_000;
/// What is taken for a device's period when it states none that makes sense.
const PERIOD_FALLBACK_HNS: i64 = 100_000;

/// How a stream gets its wake-ups and whether others may play at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    SharedEvent,
    ExclusiveEvent,
    ExclusiveTimer,
}

/// A device's own periods, in units of 100 ns, made sensible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DevicePeriods {
    pub(crate) default_hns: i64,
    pub(crate) min_hns: i64,
}

impl DevicePeriods {
    /// The periods as the device states them; what is out of range is replaced.
    pub(crate) fn new(default_hns: i64, min_hns: i64) -> Self {
        let in_range = |hns: &i64| (1..=EVENT_PERIOD_MAX_HNS).contains(hns);
        let default_hns = Some(default_hns)
            .filter(in_range)
            .unwrap_or(PERIOD_FALLBACK_HNS);
        let min_hns = Some(min_hns)
            .filter(in_range)
            .unwrap_or(default_hns)
            .min(default_hns);
        Self {
            default_hns,
            min_hns,
        }
    }

    pub(crate) fn default_frames(&self, rate_hz: u32) -> u32 {
        frames_from_hns(self.default_hns, rate_hz).max(1)
    }

    pub(crate) fn min_frames(&self, rate_hz: u32) -> u32 {
        frames_covering_hns(self.min_hns, rate_hz).max(1)
    }
}

/// The period and the buffer that one attempt to open a stream asks for, in units of 100 ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Durations {
    pub(crate) period_hns: i64,
    pub(crate) buffer_hns: i64,
}

/// The buffer of a shared stream. Two periods of the mixer at least, so that one is queued while
/// the other is filled; and room for a block beyond the period, so that a client with large blocks
/// has a block's time to make the next one.
pub(crate) fn shared_buffer_hns(periods: DevicePeriods, block_frames: u32, rate_hz: u32) -> i64 {
    let period_hns = periods.default_hns;
    let block_hns = hns_from_frames(block_frames, rate_hz).min(TIMER_BUFFER_MAX_HNS - period_hns);
    period_hns + period_hns.max(block_hns)
}

/// The buffer of a shared stream that records: as for playing, and four periods at least. It adds
/// nothing to the latency, and what does not fit into it is lost.
pub(crate) fn shared_capture_buffer_hns(
    periods: DevicePeriods,
    block_frames: u32,
    rate_hz: u32,
) -> i64 {
    shared_buffer_hns(periods, block_frames, rate_hz)
        .max(4 * periods.default_hns)
        .min(TIMER_BUFFER_MAX_HNS)
}

/// The attempts at an exclusive stream with events: the client's block as the period where the
/// device can be that quick, then the device's own period. Period and buffer are equal, as the
/// system demands of such streams.
pub(crate) fn event_attempts(
    periods: DevicePeriods,
    block_frames: u32,
    rate_hz: u32,
) -> Vec<Durations> {
    let asked_frames = block_frames.max(periods.min_frames(rate_hz));
    let asked = hns_from_frames(asked_frames, rate_hz).min(EVENT_PERIOD_MAX_HNS);
    distinct([asked, periods.default_hns].map(|hns| Durations {
        period_hns: hns,
        buffer_hns: hns,
    }))
}

/// The attempts at an exclusive stream without events: a device period no longer than the client's
/// block, then the device's own. Buffers are four periods, and two blocks and a period, at least.
pub(crate) fn timer_attempts(
    periods: DevicePeriods,
    block_frames: u32,
    rate_hz: u32,
) -> Vec<Durations> {
    let block_hns = hns_from_frames(block_frames, rate_hz);
    let durations = |period_hns: i64| {
        let buffer_hns = (4 * period_hns).max(2 * block_hns + period_hns);
        Durations {
            period_hns,
            buffer_hns: buffer_hns.min(TIMER_BUFFER_MAX_HNS),
        }
    };
    let asked = block_hns.clamp(periods.min_hns, periods.default_hns);
    distinct([durations(asked), durations(periods.default_hns)])
}

fn distinct(attempts: [Durations; 2]) -> Vec<Durations> {
    let [first, second] = attempts;
    if first == second {
        vec![first]
    } else {
        vec![first, second]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PERIODS: DevicePeriods = DevicePeriods {
        default_hns: 100_000,
        min_hns: 30_000,
    };

    #[test]
    fn t4_a_shared_buffer_has_two_periods_at_least() {
        assert_eq!(shared_buffer_hns(PERIODS, 64, 48_000), 200_000);
        assert_eq!(shared_buffer_hns(PERIODS, 480, 48_000), 200_000);
        assert_eq!(shared_buffer_hns(PERIODS, 2_400, 48_000), 600_000);
        assert_eq!(
            shared_buffer_hns(PERIODS, u32::MAX, 48_000),
            TIMER_BUFFER_MAX_HNS
        );
    }

    #[test]
    fn t3_what_is_recorded_has_room_and_no_more_than_the_system_allows() {
        assert_eq!(shared_capture_buffer_hns(PERIODS, 64, 48_000), 400_000);
        assert_eq!(shared_capture_buffer_hns(PERIODS, 4_800, 48_000), 1_100_000);
        for block_frames in [0, u32::MAX] {
            let hns = shared_capture_buffer_hns(PERIODS, block_frames, 48_000);
            assert!(hns <= TIMER_BUFFER_MAX_HNS);
        }
    }

    #[test]
    fn t2_with_events_period_and_buffer_are_equal_and_not_zero() {
        for block_frames in [0, 1, 32, 144, 480, 512, 4_096, u32::MAX] {
            for attempt in event_attempts(PERIODS, block_frames, 48_000) {
                assert_eq!(attempt.period_hns, attempt.buffer_hns);
                assert!((PERIODS.min_hns..=EVENT_PERIOD_MAX_HNS).contains(&attempt.period_hns));
            }
        }
    }

    #[test]
    fn the_clients_block_is_the_period_where_the_device_can() {
        let first = |block_frames| event_attempts(PERIODS, block_frames, 48_000)[0].period_hns;
        assert_eq!(first(256), 53_333);
        assert_eq!(first(32), 30_000);
        assert_eq!(
            event_attempts(PERIODS, 480, 48_000).len(),
            1,
            "nothing is tried twice"
        );
    }

    #[test]
    fn without_events_a_large_block_does_not_slow_the_device_down() {
        let attempts = timer_attempts(PERIODS, 4_800, 48_000);
        assert_eq!(
            attempts,
            [Durations {
                period_hns: 100_000,
                buffer_hns: 2_100_000
            }]
        );
        let attempts = timer_attempts(PERIODS, 64, 48_000);
        assert_eq!(
            attempts[0],
            Durations {
                period_hns: 30_000,
                buffer_hns: 120_000
            }
        );
        assert_eq!(
            attempts[1],
            Durations {
                period_hns: 100_000,
                buffer_hns: 400_000
            }
        );
    }

    #[test]
    fn senseless_periods_are_replaced() {
        let fallback = DevicePeriods {
            default_hns: 100_000,
            min_hns: 100_000,
        };
        assert_eq!(DevicePeriods::new(0, 0), fallback);
        assert_eq!(DevicePeriods::new(i64::MIN, i64::MAX), fallback);
        let crossed = DevicePeriods::new(30_000, 100_000);
        assert_eq!(
            crossed,
            DevicePeriods {
                default_hns: 30_000,
                min_hns: 30_000
            }
        );
    }

    proptest! {
        #[test]
        fn plans_stay_within_the_systems_limits(
            default_hns in any::<i64>(),
            min_hns in any::<i64>(),
            block_frames in any::<u32>(),
            rate_hz in 1_000_u32..800_000,
        ) {
            let periods = DevicePeriods::new(default_hns, min_hns);
            for attempt in timer_attempts(periods, block_frames, rate_hz) {
                prop_assert!(attempt.period_hns >= periods.min_hns);
                prop_assert!(attempt.buffer_hns <= TIMER_BUFFER_MAX_HNS);
                prop_assert!(attempt.buffer_hns >= attempt.period_hns);
            }
            for attempt in event_attempts(periods, block_frames, rate_hz) {
                prop_assert!((1..=EVENT_PERIOD_MAX_HNS).contains(&attempt.period_hns));
            }
            prop_assert!(shared_buffer_hns(periods, block_frames, rate_hz) >= 2 * periods.default_hns);
        }
    }
}
