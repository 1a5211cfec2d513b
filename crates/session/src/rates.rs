//! Rates of hosts and of devices.

use engine::endpoint::{Device, EndpointError, FaultKind};

/// The rates in Hz that a host may choose. What the device does not run at is resampled.
pub(crate) const RATES_HZ: std::ops::RangeInclusive<u32> = 8_000..=768_000;

/// A number of frames at one rate as the number that lasts as long at another, rounded.
pub(crate) fn at_rate(frames: u32, from_hz: u32, to_hz: u32) -> u32 {
    let from_hz = u64::from(from_hz.max(1));
    ((u64::from(frames) * u64::from(to_hz) + from_hz / 2) / from_hz) as u32
}

/// The rate that a device runs at for a host at `rate_hz`: the same where it can, else its own, if
/// the host's may be resampled.
///
/// # Errors
/// As [`Device::check_rate`] and [`Device::describe`].
pub(crate) fn device_hz(
    device: &dyn Device,
    rate_hz: u32,
    may_resample: bool,
) -> Result<u32, EndpointError> {
    match device.check_rate(rate_hz) {
        Ok(()) => Ok(rate_hz),
        Err(error)
            if may_resample
                && error.kind == FaultKind::Unsupported
                && RATES_HZ.contains(&rate_hz) =>
        {
            let own_hz = device.describe()?.rate_hz;
            device.check_rate(own_hz)?;
            Ok(own_hz)
        }
        Err(error) => Err(error),
    }
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
