//! How loud something is.

use std::fmt;

use engine::client::Plane;

/// A peak as a fraction of full scale, shown in dBFS.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Peak(pub f64);

impl Peak {
    /// The largest sample of a plane, whatever its sign. What is no number counts as silence.
    pub fn of(plane: Plane<'_>) -> Peak {
        Peak(match plane {
            Plane::Int32(samples) => {
                let max = samples.iter().map(|sample| sample.unsigned_abs()).max();
                f64::from(max.unwrap_or(0)) / 2f64.powi(31)
            }
            Plane::Float32(samples) => samples
                .iter()
                .fold(0.0, |max: f64, &sample| max.max(f64::from(sample.abs()))),
        })
    }

    /// The louder one.
    pub fn max(self, other: Peak) -> Peak {
        Peak(self.0.max(other.0))
    }

    /// In decibels below full scale; minus infinity for silence.
    pub fn dbfs(self) -> f64 {
        20.0 * self.0.log10()
    }
}

impl fmt::Display for Peak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 > 0.0 {
            f.pad(&format!("{:.1} dBFS", self.dbfs()))
        } else {
            f.pad("silent")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_scale_is_zero_decibels() {
        assert_eq!(Peak::of(Plane::Int32(&[i32::MIN, 3])), Peak(1.0));
        assert_eq!(Peak::of(Plane::Float32(&[0.25, -1.0])), Peak(1.0));
        assert_eq!(Peak(1.0).to_string(), "0.0 dBFS");
        assert_eq!(Peak(0.5).to_string(), "-6.0 dBFS");
    }

    #[test]
    fn silence_and_nonsense_are_silent() {
        assert_eq!(Peak::of(Plane::Int32(&[])).to_string(), "silent");
        assert_eq!(
            Peak::of(Plane::Float32(&[0.0, f32::NAN])).to_string(),
            "silent"
        );
        assert_eq!(Peak(0.25).max(Peak::default()), Peak(0.25));
    }
}
