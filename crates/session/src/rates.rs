//! Rates of hosts and of devices.

/// The rates in Hz that a host may choose. What the device does not run at is resampled.
pub(crate) const RATES_HZ: std::ops::RangeInclusive<u32> = 8_000..=768_000;

/// A number of frames at one rate as the number that lasts as long at another, rounded.
pub(crate) fn at_rate(frames: u32, from_hz: u32, to_hz: u32) -> u32 {
    let from_hz = u64::from(from_hz.max(1));
    ((u64::from(frames) * u64::from(to_hz) + from_hz / 2) / from_hz) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_keep_their_length_at_another_rate() {
        assert_eq!(at_rate(480, 48_000, 44_100), 441);
        assert_eq!(at_rate(480, 48_000, 96_000), 960);
        assert_eq!(
            at_rate(480, 0, 48_000),
            23_040_000,
            "a device without a rate is no crash"
        );
    }
}
