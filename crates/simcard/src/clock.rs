//! A device's clock against reference time.
//!
//! Frames are counted from what was set, never by adding up: a run of a day is as exact as one of a
//! second. The constant part and its steps are integer arithmetic in units of 10⁻²⁴ frames; the sine
//! is the closed form of its integral.

use crate::math::cos_turns;

/// One frame in the units of the phase.
const FRAME: i128 = 1_000_000_000_000_000_000_000_000;
/// Nominal speed in the units of the deviation: 1e9 units are a millionth.
const NOMINAL: i128 = 1_000_000_000_000_000;
/// The end of time, about 2.3 years: up to here nothing overflows at 1 MHz.
pub const TIME_MAX_NS: u64 = 1 << 56;
/// The highest rate that a clock may have, in Hz.
pub const RATE_MAX_HZ: u32 = 1_000_000;
/// The largest deviation, all parts together, in millionths.
const PPM_MAX: f64 = 900_000.0;

/// How a clock deviates from its nominal rate.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClockSpec {
    /// When frame 0 begins, in nanoseconds of reference time.
    pub offset_ns: u64,
    /// The constant deviation in millionths; 100 is fast by one frame in 10 000.
    pub ppm: f64,
    /// A slow swing around the constant.
    pub sine: Option<Sine>,
    /// Later changes of the constant, in order of time.
    pub steps: Vec<Step>,
}

/// A swing of the rate: the deviation is `ppm` times the sine of time, which is 0 at time 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sine {
    /// The largest deviation in millionths.
    pub ppm: f64,
    /// The length of a swing in nanoseconds.
    pub period_ns: u64,
}

/// From an instant on the constant deviation is another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The instant in nanoseconds of reference time.
    pub at_ns: u64,
    /// The constant deviation from there on, in millionths.
    pub ppm: f64,
}

impl ClockSpec {
    /// A clock with a constant deviation.
    pub fn with_ppm(ppm: f64) -> Self {
        Self {
            ppm,
            ..Self::default()
        }
    }

    /// Checks that such a clock can be.
    ///
    /// # Errors
    /// One sentence: a deviation is no number or would stop the clock, or the steps are not in order.
    pub fn check(&self) -> Result<(), String> {
        let swing = self.sine.map_or(0.0, |sine| sine.ppm.abs());
        let constants = std::iter::once(self.ppm).chain(self.steps.iter().map(|step| step.ppm));
        for ppm in constants {
            let sum = ppm.abs() + swing;
            if sum.is_nan() || sum > PPM_MAX {
                return Err(format!(
                    "A clock cannot be off by {ppm} ppm and a swing of {swing} ppm; use at most \
                     {PPM_MAX} ppm in all."
                ));
            }
        }
        if self.sine.is_some_and(|sine| sine.period_ns == 0) {
            return Err("A clock's swing needs a period above 0 s.".into());
        }
        let ordered = self.steps.is_sorted_by(|a, b| a.at_ns < b.at_ns);
        if !ordered || self.steps.first().is_some_and(|step| step.at_ns == 0) {
            return Err("A clock's steps need times above 0 s, each later than the last.".into());
        }
        Ok(())
    }
}

/// A stretch of constant deviation.
#[derive(Clone, Debug, PartialEq)]
struct Segment {
    start_ns: u64,
    /// The constant part's phase at the start.
    start_phase: i128,
    /// Phase in a nanosecond.
    slope: i128,
}

/// A clock that runs at a rate. Times are nanoseconds of reference time, up to [`TIME_MAX_NS`].
#[derive(Clone, Debug, PartialEq)]
pub struct Clock {
    segments: Vec<Segment>,
    sine: Option<Swing>,
    /// Added to the phase so that the first frame is where it is to be.
    shift: i128,
    from_ns: u64,
    first_frame: u64,
    rate_hz: u32,
}

#[derive(Clone, Debug, PartialEq)]
struct Swing {
    period_ns: u64,
    /// Half of the largest lead over the constant part, in frames.
    lead_frames: f64,
}

impl Clock {
    /// A clock whose frame 0 begins at the specification's offset.
    ///
    /// # Errors
    /// One sentence that tells what is wrong with the specification or the rate.
    pub fn new(spec: &ClockSpec, rate_hz: u32) -> Result<Self, String> {
        Self::starting(spec, rate_hz, spec.offset_ns, 0)
    }

    /// The same clock at a rate whose frame `first_frame` begins at `from_ns`, as when a device is
    /// switched to another rate while its frames are counted on.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn starting(
        spec: &ClockSpec,
        rate_hz: u32,
        from_ns: u64,
        first_frame: u64,
    ) -> Result<Self, String> {
        spec.check()?;
        if !(1..=RATE_MAX_HZ).contains(&rate_hz) {
            return Err(format!(
                "A clock cannot run at {rate_hz} Hz; use 1 to {RATE_MAX_HZ} Hz."
            ));
        }
        let from_ns = from_ns.min(TIME_MAX_NS);
        let mut segments: Vec<Segment> = Vec::new();
        let constants = std::iter::once((0, spec.ppm));
        for (start_ns, ppm) in constants.chain(spec.steps.iter().map(|s| (s.at_ns, s.ppm))) {
            let start_phase = segments.last().map_or(0, |last| {
                last.start_phase + i128::from(start_ns - last.start_ns) * last.slope
            });
            segments.push(Segment {
                start_ns,
                start_phase,
                slope: i128::from(rate_hz) * (NOMINAL + (ppm * 1e9).round() as i128),
            });
        }
        let sine = spec.sine.map(|sine| Swing {
            period_ns: sine.period_ns,
            lead_frames: f64::from(rate_hz) * sine.ppm * 1e-6 * (sine.period_ns as f64 * 1e-9)
                / std::f64::consts::TAU,
        });
        let mut clock = Self {
            segments,
            sine,
            shift: 0,
            from_ns,
            first_frame,
            rate_hz,
        };
        clock.shift = i128::from(first_frame) * FRAME - clock.phase(from_ns);
        Ok(clock)
    }

    /// The nominal rate in Hz.
    pub fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// When this clock's first frame begins.
    pub(crate) fn origin_ns(&self) -> u64 {
        self.from_ns
    }

    fn swing(&self, t_ns: u64) -> i128 {
        let Some(swing) = &self.sine else { return 0 };
        let turns = (t_ns % swing.period_ns) as f64 / swing.period_ns as f64;
        (swing.lead_frames * (1.0 - cos_turns(turns)) * FRAME as f64) as i128
    }

    fn segment(&self, t_ns: u64) -> &Segment {
        let next = self.segments.partition_point(|s| s.start_ns <= t_ns);
        &self.segments[next.max(1) - 1]
    }

    fn phase(&self, t_ns: u64) -> i128 {
        let segment = self.segment(t_ns);
        let constant = segment.start_phase + i128::from(t_ns - segment.start_ns) * segment.slope;
        constant + self.swing(t_ns) + self.shift
    }

    /// Frames that have ended at that instant; the frame of this number is under way. The first
    /// frame's number before it begins.
    pub fn frames_at(&self, t_ns: u64) -> u64 {
        if t_ns < self.from_ns {
            return self.first_frame;
        }
        (self.phase(t_ns.min(TIME_MAX_NS)) / FRAME) as u64
    }

    /// The first nanosecond in which frame `n` is under way, `TIME_MAX_NS` if that is never. What
    /// lies before the first frame begins with it.
    pub fn time_of_frame(&self, n: u64) -> u64 {
        if n <= self.first_frame {
            return self.from_ns;
        }
        let last = self.frames_at(TIME_MAX_NS);
        if n > last {
            return TIME_MAX_NS;
        }
        let target = i128::from(n) * FRAME - self.shift;
        let reached = |s: &Segment| s.start_phase + self.swing(s.start_ns) <= target;
        let next = self.segments.partition_point(reached);
        let segment = &self.segments[next.max(1) - 1];
        let mut t_ns = segment.start_ns;
        // Without a swing the second round changes nothing; with one, each round is nearer by the
        // swing's share of the rate.
        for _ in 0..64 {
            let missing = target - segment.start_phase - self.swing(t_ns);
            let (whole, rest) = (missing / segment.slope, missing % segment.slope);
            let elapsed = whole + i128::from(rest > 0);
            let better = segment.start_ns.saturating_add_signed(elapsed as i64);
            if better == t_ns {
                break;
            }
            t_ns = better;
        }
        self.settle(t_ns, i128::from(n) * FRAME)
    }

    /// The last step of the search: the phase grows with every nanosecond, so the first that
    /// reaches the target is found by looking at the neighbours.
    fn settle(&self, mut t_ns: u64, target: i128) -> u64 {
        while t_ns > self.from_ns && self.phase(t_ns - 1) >= target {
            t_ns -= 1;
        }
        while t_ns < TIME_MAX_NS && self.phase(t_ns) < target {
            t_ns += 1;
        }
        t_ns
    }

    /// The first frame that begins at `t_ns` or later.
    pub fn frame_from(&self, t_ns: u64) -> u64 {
        let frame = self.frames_at(t_ns);
        if self.time_of_frame(frame) >= t_ns {
            frame
        } else {
            frame + 1
        }
    }
}

#[cfg(test)]
mod tests;
