//! Frames and the system's 100 ns units (`REFERENCE_TIME`, here `_hns`), and clock ticks.

/// 100 ns units in a second.
const HNS_PER_SECOND: u64 = 10_000_000;

/// The duration of `frames` in units of 100 ns, rounded to the nearest.
pub(crate) fn hns_from_frames(frames: u32, rate_hz: u32) -> i64 {
    let rate_hz = u64::from(rate_hz.max(1));
    ((u64::from(frames) * HNS_PER_SECOND + rate_hz / 2) / rate_hz) as i64
}

/// How long `frames` frames last, in whole nanoseconds.
pub(crate) fn ns_from_frames(frames: u32, rate_hz: u32) -> u64 {
    u64::from(frames) * 1_000_000_000 / u64::from(rate_hz.max(1))
}

/// The frames that last `hns` units of 100 ns, rounded to the nearest; 0 for what is negative.
pub(crate) fn frames_from_hns(hns: i64, rate_hz: u32) -> u32 {
    scale(hns, rate_hz, HNS_PER_SECOND / 2)
}

/// The fewest frames that last at least `hns` units of 100 ns; 0 for what is negative.
pub(crate) fn frames_covering_hns(hns: i64, rate_hz: u32) -> u32 {
    scale(hns, rate_hz, HNS_PER_SECOND - 1)
}

fn scale(hns: i64, rate_hz: u32, rounding: u64) -> u32 {
    let hns = u128::try_from(hns).unwrap_or(0);
    let frames = (hns * u128::from(rate_hz) + u128::from(rounding)) / u128::from(HNS_PER_SECOND);
    u32::try_from(frames).unwrap_or(u32::MAX)
}

/// What the system says of a stream's latency, in frames; 0 where it says nothing believable.
pub(crate) fn plausible_latency_frames(hns: i64, rate_hz: u32) -> u32 {
    const LONGEST_HNS: i64 = 2 * HNS_PER_SECOND as i64;
    if (0..=LONGEST_HNS).contains(&hns) {
        frames_from_hns(hns, rate_hz)
    } else {
        0
    }
}

/// `ticks` of a counter that makes `ticks_per_second` of them, in nanoseconds.
pub(crate) fn ns_from_ticks(ticks: u64, ticks_per_second: u64) -> u64 {
    const NS: u64 = 1_000_000_000;
    let per_second = ticks_per_second.max(1);
    let part = u128::from(ticks % per_second) * u128::from(NS) / u128::from(per_second);
    (ticks / per_second)
        .saturating_mul(NS)
        .saturating_add(part as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn t1_durations_are_rounded_to_the_nearest() {
        assert_eq!(hns_from_frames(256, 96_000), 26_667);
        assert_eq!(hns_from_frames(480, 48_000), 100_000);
        assert_eq!(hns_from_frames(441, 44_100), 100_000);
        assert_eq!(hns_from_frames(128, 44_100), 29_025);
        assert_eq!(frames_from_hns(29_025, 44_100), 128);
    }

    #[test]
    fn frames_cover_the_whole_duration() {
        assert_eq!(frames_covering_hns(100_000, 48_000), 480);
        assert_eq!(frames_covering_hns(100_001, 48_000), 481);
        assert_eq!(frames_covering_hns(0, 48_000), 0);
        assert_eq!(frames_covering_hns(-5, 48_000), 0);
    }

    #[test]
    fn senseless_numbers_do_no_harm() {
        assert_eq!(frames_from_hns(i64::MAX, u32::MAX), u32::MAX);
        assert_eq!(frames_from_hns(i64::MIN, 48_000), 0);
        assert!(hns_from_frames(u32::MAX, 0) > 0);
        assert_eq!(ns_from_ticks(5, 0), 5_000_000_000);
    }

    #[test]
    fn an_unbelievable_latency_counts_as_none() {
        assert_eq!(plausible_latency_frames(100_000, 48_000), 480);
        assert_eq!(plausible_latency_frames(-1, 48_000), 0);
        assert_eq!(plausible_latency_frames(30_000_000, 48_000), 0);
    }

    #[test]
    fn ticks_become_nanoseconds_at_any_frequency() {
        assert_eq!(ns_from_ticks(10_000_000, 10_000_000), 1_000_000_000);
        assert_eq!(ns_from_ticks(3_579_545, 3_579_545), 1_000_000_000);
        let year_ticks = 365 * 24 * 3600 * 10_000_000_u64;
        assert_eq!(
            ns_from_ticks(year_ticks + 1, 10_000_000),
            31_536_000_000_000_100
        );
    }

    proptest! {
        #[test]
        fn frames_survive_the_way_through_durations(
            frames in 0_u32..1_000_000,
            rate_hz in 1_u32..1_000_000,
        ) {
            prop_assert_eq!(frames_from_hns(hns_from_frames(frames, rate_hz), rate_hz), frames);
        }

        #[test]
        fn covering_frames_are_no_shorter_than_the_duration(
            hns in 0_i64..50_000_000,
            rate_hz in 1_000_u32..400_000,
        ) {
            prop_assert!(hns_from_frames(frames_covering_hns(hns, rate_hz), rate_hz) >= hns);
        }

        #[test]
        fn the_clock_never_goes_back(ticks in 0_u64..1 << 50, step in 0_u64..1 << 20, hz in 1_u64..1 << 34) {
            prop_assert!(ns_from_ticks(ticks + step, hz) >= ns_from_ticks(ticks, hz));
        }
    }
}
