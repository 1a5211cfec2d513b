//! Gains in decibels.

/// The largest gain in dB.
pub const GAIN_DB_MAX: f64 = 24.0;
/// A gain of no more dB is silence.
pub const SILENCE_DB: f64 = -144.0;

/// The factor of a gain in dB: exactly 1 for 0 dB, 0 from [`SILENCE_DB`] down.
pub fn factor_of_db(gain_db: f64) -> f64 {
    if gain_db > SILENCE_DB {
        10.0_f64.powf(gain_db / 20.0)
    } else {
        0.0
    }
}

/// # Errors
/// A sentence's end that tells what gains there are.
pub(super) fn check_gain(gain_db: f64) -> Result<(), String> {
    // Minus infinity is how some write silence; what is no number is no gain.
    if gain_db <= GAIN_DB_MAX {
        return Ok(());
    }
    Err(format!(
        "has a gain of {gain_db} dB; use at most {GAIN_DB_MAX} dB"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_are_those_of_the_decibels() {
        assert_eq!(factor_of_db(0.0), 1.0);
        assert!((factor_of_db(20.0) - 10.0).abs() < 1e-12);
        assert!((factor_of_db(-6.0) - 0.501_187).abs() < 1e-6);
        assert_eq!(factor_of_db(SILENCE_DB), 0.0);
        assert_eq!(factor_of_db(f64::NEG_INFINITY), 0.0);
        assert!(check_gain(f64::NAN).is_err() && check_gain(24.1).is_err());
        assert!(check_gain(f64::NEG_INFINITY).is_ok() && check_gain(24.0).is_ok());
    }
}
