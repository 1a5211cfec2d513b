//! What a bridge knows of a sample's type.

use crate::client::Plane;

/// 2^31: full scale of an integer.
const FULL_SCALE: f64 = 2_147_483_648.0;

/// A sample as a bridge holds it. As a number it keeps its own scale: integers up to 2^31, floats
/// up to 1.
pub(super) trait Sample: Copy + Default + Send + 'static {
    /// As a number; what is no finite number counts as 0, so that it spoils one frame and not all
    /// those under the filter.
    fn number(self) -> f64;
    /// The nearest sample, within full scale for integers.
    fn nearest(number: f64) -> Self;
    /// The samples of a plane of this type, as they are.
    fn own(plane: Plane<'_>) -> Option<&[Self]>;
    /// A plane of these samples.
    fn plane(samples: &[Self]) -> Plane<'_>;
    /// One sample of a plane, of whatever type; silence where there is none.
    fn of(plane: Plane<'_>, frame: usize) -> Self;
}

impl Sample for i32 {
    fn number(self) -> f64 {
        f64::from(self)
    }

    fn nearest(number: f64) -> i32 {
        number.round() as i32
    }

    fn own(plane: Plane<'_>) -> Option<&[i32]> {
        match plane {
            Plane::Int32(samples) => Some(samples),
            Plane::Float32(_) => None,
        }
    }

    fn plane(samples: &[i32]) -> Plane<'_> {
        Plane::Int32(samples)
    }

    fn of(plane: Plane<'_>, frame: usize) -> i32 {
        match plane {
            Plane::Int32(samples) => samples.get(frame).copied().unwrap_or(0),
            Plane::Float32(samples) => {
                let sample = samples.get(frame).copied().unwrap_or(0.0);
                i32::nearest(f64::from(sample) * FULL_SCALE)
            }
        }
    }
}

impl Sample for f32 {
    fn number(self) -> f64 {
        if self.is_finite() {
            f64::from(self)
        } else {
            0.0
        }
    }

    fn nearest(number: f64) -> f32 {
        number as f32
    }

    fn own(plane: Plane<'_>) -> Option<&[f32]> {
        match plane {
            Plane::Float32(samples) => Some(samples),
            Plane::Int32(_) => None,
        }
    }

    fn plane(samples: &[f32]) -> Plane<'_> {
        Plane::Float32(samples)
    }

    fn of(plane: Plane<'_>, frame: usize) -> f32 {
        match plane {
            Plane::Float32(samples) => samples.get(frame).copied().unwrap_or(0.0),
            Plane::Int32(samples) => {
                let sample = samples.get(frame).copied().unwrap_or(0);
                (f64::from(sample) / FULL_SCALE) as f32
            }
        }
    }
}
