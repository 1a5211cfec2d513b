//! Places between frames and steps from one to the next, in whole numbers: a day of steps adds up
//! without an error.

/// Bits behind the point.
const BITS: u32 = 64;
/// 2^-53: a fraction is as fine as an f64 below 1 can be everywhere.
const ULP: f64 = 1.0 / (1u64 << 53) as f64;
/// What a block of steps is rounded by at most.
const ROUNDED: i128 = 1 << 24;
const SCALE: f64 = 18_446_744_073_709_551_616.0;

/// A place in the source's stream, in source frames with a fraction of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(i128);

impl Position {
    /// The place of a whole frame.
    pub const fn of_frame(frame: i64) -> Position {
        Position((frame as i128) << BITS)
    }

    /// The frame at or before the place.
    pub const fn frame(self) -> i64 {
        (self.0 >> BITS) as i64
    }

    /// How far behind [`frame`](Self::frame) the place is, from 0 to below 1.
    pub fn fraction(self) -> f64 {
        ((self.0 as u64) >> 11) as f64 * ULP
    }

    /// Whether the place is a frame.
    pub const fn is_whole(self) -> bool {
        self.0 as u64 == 0
    }

    /// The place that many steps on.
    pub const fn after(self, step: Step, steps: u64) -> Position {
        Position(self.0 + step.0 * steps as i128)
    }

    /// Source frames from `frame` to this place; negative where the place is before it.
    pub fn frames_from(self, frame: i64) -> f64 {
        (self.frame() - frame) as f64 + self.fraction()
    }

    /// The step nearest to [`Step::ONE`] that leads to a whole frame in `steps` steps, or as far
    /// there as a deviation of `most` from it goes. From a whole frame: [`Step::ONE`].
    pub fn step_to_whole(self, steps: u64, most: f64) -> Step {
        let fraction = i128::from(self.0 as u64);
        let way = if fraction < 1 << (BITS - 1) {
            -fraction
        } else {
            (1 << BITS) - fraction
        };
        let limit = (most * SCALE) as i128;
        Step(Step::ONE.0 + (way / i128::from(steps.max(1))).clamp(-limit, limit))
    }

    /// The whole frame that this place is, but for what steps were rounded by.
    pub const fn settled(self) -> Position {
        let rounded = self.0 + (1 << (BITS - 1));
        let whole = (rounded >> BITS) << BITS;
        let apart = self.0 - whole;
        if -ROUNDED < apart && apart < ROUNDED {
            Position(whole)
        } else {
            self
        }
    }

    /// Steps from this place that stay before `frame`: the first place at or behind it is that many
    /// steps on.
    pub const fn steps_before(self, frame: i64, step: Step) -> u64 {
        let way = Position::of_frame(frame).0 - self.0;
        if way <= 0 {
            return 0;
        }
        ((way + step.0 - 1) / step.0) as u64
    }
}

/// Source frames for one sink frame; above 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step(i128);

impl Step {
    /// Frame by frame.
    pub const ONE: Step = Step(1 << BITS);

    /// The step between two rates in Hz, exact to 2^-64. A rate of 0 counts as 1.
    pub const fn between(source_hz: u32, sink_hz: u32) -> Step {
        let source = if source_hz == 0 { 1 } else { source_hz as i128 };
        let sink = if sink_hz == 0 { 1 } else { sink_hz as i128 };
        Step((source << BITS) / sink)
    }

    /// This step times `factor`, which is kept between 0.5 and 2; what is no number counts as 1.
    pub fn times(self, factor: f64) -> Step {
        let factor = if factor.is_finite() { factor } else { 1.0 };
        let deviation = (factor.clamp(0.5, 2.0) - 1.0) * self.ratio();
        Step(self.0 + (deviation * SCALE) as i128)
    }

    /// As a number.
    pub fn ratio(self) -> f64 {
        self.0 as f64 / SCALE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_steps_is_exact() {
        let step = Step::between(44_100, 48_000);
        let day = 24 * 3_600 * 48_000;
        let end = Position::of_frame(0).after(step, day);
        // The step is short by less than 2^-64 frames.
        assert!((end.frames_from(24 * 3_600 * 44_100)).abs() < 1e-9);
        assert_eq!(Step::between(48_000, 48_000), Step::ONE);
    }

    #[test]
    fn places_and_steps() {
        let half = Position::of_frame(-3).after(Step::between(1, 2), 1);
        assert_eq!((half.frame(), half.fraction()), (-3, 0.5));
        assert!(!half.is_whole() && half.after(Step::between(1, 2), 1).is_whole());
        assert_eq!(half.frames_from(-2), -0.5);
        assert_eq!(half.steps_before(0, Step::ONE), 3);
        assert_eq!(half.steps_before(-3, Step::ONE), 0);
        assert_eq!(Position::of_frame(0).steps_before(2, Step::ONE), 2);
        let faster = Step::ONE.times(1.0 + 500e-6);
        assert!((faster.ratio() - 1.0005).abs() < 1e-15);
        assert_eq!(Step::ONE.times(1.0), Step::ONE);
        assert_eq!(Step::ONE.times(f64::NAN), Step::ONE);
    }
}
