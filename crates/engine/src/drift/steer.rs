//! From what is seen of two clocks to the ratio between them.

/// While the lead is so near to its target, in frames, and the clocks agree, nothing is done.
const HOLD_FRAMES: f64 = 12.0;
/// Clocks differ if they seem to by so much and by so many standard deviations.
const DIFFER: f64 = 10e-6;
const DIFFER_SIGMAS: f64 = 5.0;
/// They agree again if they seem to differ by less for so long, in seconds, with the lead so near
/// to its target, in frames.
const AGREE: f64 = 2e-6;
const AGREE_SECONDS: f64 = 10.0;
const AGREE_FRAMES: f64 = 4.0;
/// An error of the lead goes in this time, in seconds, but not faster than this: unheard, and the
/// ratio stays near the clocks'.
const CORRECT_SECONDS: f64 = 16.0;
const CORRECT_GENTLY: f64 = 8e-6;
/// What an error has beyond so many frames goes in this time, in seconds, but not faster than this.
const LARGE_FRAMES: f64 = 16.0;
const LARGE_SECONDS: f64 = 1.0;
const CORRECT_MAX: f64 = 2_000e-6;

/// What is seen of two clocks at a pull.
#[derive(Clone, Copy, Debug)]
pub struct Sight {
    /// How far the lead is beyond its target, in source frames, and its standard deviation.
    pub error_frames: f64,
    /// See `error_frames`.
    pub error_sd_frames: f64,
    /// How much faster than nominal the source runs than the sink, and the standard deviation.
    pub deviation: f64,
    /// See `deviation`.
    pub deviation_sd: f64,
    /// Since the last pull, in seconds.
    pub seconds: f64,
    /// The source's rate in Hz.
    pub rate_hz: f64,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Course {
    /// The clocks agree: the nominal ratio, exactly.
    Hold,
    /// The nominal ratio times 1 plus this.
    Slide(f64),
}

/// Decides between holding and sliding, and how fast to slide.
#[derive(Clone, Debug, Default)]
pub struct Steer {
    slides: bool,
    /// For how long the clocks have agreed, in seconds.
    agreed: f64,
}

impl Steer {
    /// A steer that holds.
    pub fn new() -> Steer {
        Steer::default()
    }

    /// The course until the next pull.
    pub fn course(&mut self, sight: &Sight) -> Course {
        if self.slides {
            self.watch_agreement(sight);
        } else {
            let hold = HOLD_FRAMES + 4.0 * sight.error_sd_frames;
            let differ = DIFFER.max(DIFFER_SIGMAS * sight.deviation_sd);
            self.slides = sight.error_frames.abs() > hold || sight.deviation.abs() > differ;
        }
        if !self.slides {
            return Course::Hold;
        }
        Course::Slide(sight.deviation + correction(sight.error_frames, sight.rate_hz))
    }

    fn watch_agreement(&mut self, sight: &Sight) {
        let agrees = sight.deviation.abs() < AGREE && sight.error_frames.abs() < AGREE_FRAMES;
        self.agreed = if agrees {
            self.agreed + sight.seconds
        } else {
            0.0
        };
        if self.agreed >= AGREE_SECONDS {
            *self = Steer::new();
        }
    }
}

/// What is added to the deviation so that an error of the lead goes.
fn correction(error_frames: f64, rate_hz: f64) -> f64 {
    let gentle = error_frames / (CORRECT_SECONDS * rate_hz);
    let beyond = error_frames - error_frames.clamp(-LARGE_FRAMES, LARGE_FRAMES);
    let large = beyond / (LARGE_SECONDS * rate_hz);
    gentle.clamp(-CORRECT_GENTLY, CORRECT_GENTLY) + large.clamp(-CORRECT_MAX, CORRECT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALM: Sight = Sight {
        error_frames: 3.0,
        error_sd_frames: 0.5,
        deviation: 1e-6,
        deviation_sd: 1e-6,
        seconds: 0.01,
        rate_hz: 48_000.0,
    };

    #[test]
    fn clocks_that_agree_are_left_alone() {
        let mut steer = Steer::new();
        assert_eq!(steer.course(&CALM), Course::Hold);
        let unsure = Sight {
            deviation: 400e-6,
            deviation_sd: 100e-6,
            ..CALM
        };
        assert_eq!(steer.course(&unsure), Course::Hold);
    }

    #[test]
    fn clocks_that_differ_are_followed_until_they_agree_for_long() {
        let mut steer = Steer::new();
        let differ = Sight {
            deviation: 50e-6,
            ..CALM
        };
        let Course::Slide(deviation) = steer.course(&differ) else {
            panic!("the clocks differ");
        };
        assert!((50e-6..60e-6).contains(&deviation), "{deviation}");
        let courses: Vec<Course> = (0..1_001).map(|_| steer.course(&CALM)).collect();
        assert!(matches!(courses[990], Course::Slide(_)));
        assert_eq!(courses.last(), Some(&Course::Hold));
    }

    #[test]
    fn a_lead_that_wandered_off_is_brought_back_and_never_too_fast() {
        let mut steer = Steer::new();
        let far = Sight {
            error_frames: -20.0,
            ..CALM
        };
        let Course::Slide(slow) = steer.course(&far) else {
            panic!("the lead is off");
        };
        assert!(slow < -50e-6, "{slow}");
        assert!(correction(1e9, 48_000.0) <= CORRECT_MAX + CORRECT_GENTLY);
        assert_eq!(correction(0.0, 48_000.0), 0.0);
    }
}
