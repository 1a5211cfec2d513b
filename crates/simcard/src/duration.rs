//! Frames and the system's 100 ns units (`REFERENCE_TIME`, here `_hns`).

const HNS_PER_SECOND: u64 = 10_000_000;

/// The duration of `frames` in units of 100 ns, rounded to the nearest.
pub fn hns_from_frames(frames: u32, rate_hz: u32) -> u64 {
    let rate_hz = u64::from(rate_hz.max(1));
    (u64::from(frames) * HNS_PER_SECOND + rate_hz / 2) / rate_hz
}

/// The frames that last `hns` units of 100 ns, rounded to the nearest.
pub fn frames_from_hns(hns: u64, rate_hz: u32) -> u32 {
    scale(hns, rate_hz, HNS_PER_SECOND / 2)
}

/// The fewest frames that last at least `hns` units of 100 ns.
pub fn frames_covering_hns(hns: u64, rate_hz: u32) -> u32 {
    scale(hns, rate_hz, HNS_PER_SECOND - 1)
}

fn scale(hns: u64, rate_hz: u32, rounding: u64) -> u32 {
    let units = u128::from(hns) * u128::from(rate_hz) + u128::from(rounding);
    u32::try_from(units / u128::from(HNS_PER_SECOND)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_frames_lead_back_to_each_other() {
        assert_eq!(hns_from_frames(256, 96_000), 26_667);
        assert_eq!(frames_from_hns(26_667, 96_000), 256);
        assert_eq!(frames_covering_hns(100_001, 48_000), 481);
        assert_eq!(frames_from_hns(u64::MAX, u32::MAX), u32::MAX);
    }
}
