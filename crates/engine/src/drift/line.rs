//! One clock's line: position against time.

use super::filter::Filter;

const NS_PER_SECOND: i128 = 1_000_000_000;
/// A clock that nobody knows yet is off by so much, one standard deviation.
const OFF: f64 = 3_000e-6;
/// And its deviation changes by so much in a second.
const OFF_CHANGE: f64 = 0.7e-6;
/// How that change wanders: what it gains in a second, one standard deviation.
const OFF_WANDER: f64 = 0.04e-6;
/// Stamps are late by so much until it is known better, one standard deviation in seconds.
const LATE: f64 = 200e-6;
/// Positions are whole frames and instants are whole ticks: stamps are never taken to be better
/// than this, a variance in frames squared.
const NOISE_MIN: f64 = 0.1;
/// The time over which the stamps' noise is averaged, in seconds.
const NOISE_AVERAGE: f64 = 4.0;
/// A stamp that is off by so many standard deviations and so many seconds is not believed.
const GATE_SIGMAS: f64 = 8.0;
const GATE: f64 = 2e-3;
/// Unless it goes on for so long.
const JUMP_NS: u64 = 100_000_000;
/// The times over which surprises are averaged, in seconds: a clock that changes its speed at once
/// shows in the short one first, one that changes it slowly in the long one.
const SURPRISE_AVERAGES: [f64; 2] = [0.3, 3.0];
/// The standard deviations at which an average means that the clock has changed its speed.
const SURPRISE_SIGMAS: f64 = 7.0;

/// Learns a clock from stamps: where it was when. Late wake-ups make single stamps wrong; the line
/// through them is not. Allocates nothing.
#[derive(Clone, Debug)]
pub struct ClockLine {
    rate_hz: u32,
    /// The first stamp; deviations are counted from the nominal line through it.
    origin: Option<(u64, u64)>,
    last_ns: u64,
    filter: Filter,
    /// Of the stamps, in frames squared.
    noise: f64,
    stamps: u64,
    /// How far the last stamp was off.
    last_off: f64,
    surprises: [f64; 2],
    /// Since when stamps are not believed, and how many.
    unbelieved: Option<u64>,
}

impl ClockLine {
    /// A clock of that nominal rate of which nothing is known.
    pub fn new(rate_hz: u32) -> ClockLine {
        let rate = f64::from(rate_hz);
        let square = |x: f64| x * x;
        let noise = square(LATE * rate) + NOISE_MIN;
        let filter = Filter::new(0.0, noise, square(OFF * rate), square(OFF_CHANGE * rate));
        ClockLine {
            rate_hz,
            origin: None,
            last_ns: 0,
            filter,
            noise,
            stamps: 0,
            last_off: 0.0,
            surprises: [0.0; 2],
            unbelieved: None,
        }
    }

    /// Learns that the clock was at `position_frames` at `at_ns`. An instant before the last one
    /// counts as the last one. True when the line jumped: the clock has lost frames or time, and
    /// what was held against it is no longer where it was.
    pub fn learn(&mut self, position_frames: u64, at_ns: u64) -> bool {
        if self.origin.is_none() {
            self.origin = Some((position_frames, at_ns));
            self.last_ns = at_ns;
        }
        let at_ns = at_ns.max(self.last_ns);
        let rate = f64::from(self.rate_hz);
        let seconds = (at_ns - self.last_ns) as f64 * 1e-9;
        self.filter
            .pass(seconds, (OFF_WANDER * rate) * (OFF_WANDER * rate));
        self.last_ns = at_ns;
        self.stamps += 1;
        let off = self.deviation_frames(position_frames, at_ns) - self.filter.place;
        self.learn_noise(off, seconds);
        let expected = self.filter.look_variance(self.noise);
        if off.abs() > (GATE_SIGMAS * expected.sqrt()).max(GATE * rate) {
            return self.doubt(off, at_ns);
        }
        self.unbelieved = None;
        self.filter.learn(off, self.noise);
        self.watch_speed(off, expected, seconds);
        false
    }

    /// Stamps known.
    pub fn stamps(&self) -> u64 {
        self.stamps
    }

    /// How much faster than nominal the clock runs: 1e-6 is a millionth.
    pub fn deviation(&self) -> f64 {
        self.filter.speed / f64::from(self.rate_hz)
    }

    /// The standard deviation of [`deviation`](Self::deviation).
    pub fn deviation_sd(&self) -> f64 {
        self.filter.speed_variance().max(0.0).sqrt() / f64::from(self.rate_hz)
    }

    /// The standard deviation of where the line is, in frames.
    pub fn place_sd(&self) -> f64 {
        self.filter.place_variance().max(0.0).sqrt()
    }

    /// Frames from `position_frames` to where the line is at `at_ns`; negative where the position
    /// is beyond the line. 0 while nothing is known.
    pub fn frames_beyond(&self, position_frames: u64, at_ns: u64) -> f64 {
        if self.origin.is_none() {
            return 0.0;
        }
        let seconds = (i128::from(at_ns) - i128::from(self.last_ns)) as f64 * 1e-9;
        self.filter.place_in(seconds) - self.deviation_frames(position_frames, at_ns)
    }

    /// From the nominal line to a position, in frames.
    fn deviation_frames(&self, position_frames: u64, at_ns: u64) -> f64 {
        let (first, start_ns) = self.origin.unwrap_or((position_frames, at_ns));
        let elapsed = (i128::from(at_ns) - i128::from(start_ns)) * i128::from(self.rate_hz);
        let moved = (i128::from(position_frames) - i128::from(first)) * NS_PER_SECOND;
        (moved - elapsed) as f64 * 1e-9
    }

    /// The stamps' own noise is what changes from one to the next: a clock that runs at another
    /// speed does not look like noise.
    fn learn_noise(&mut self, off: f64, seconds: f64) {
        let limit = GATE * f64::from(self.rate_hz);
        let change = (off - self.last_off).clamp(-limit, limit);
        self.last_off = off;
        if self.stamps > 1 {
            let share = (seconds / NOISE_AVERAGE).clamp(1.0 / (self.stamps as f64 + 8.0), 1.0);
            self.noise += (change * change / 2.0 - self.noise) * share.min(0.1);
            self.noise = self.noise.max(NOISE_MIN);
        }
    }

    /// A stamp is too far off. One is late; when all are, the line is elsewhere.
    fn doubt(&mut self, off: f64, at_ns: u64) -> bool {
        let since_ns = *self.unbelieved.get_or_insert(at_ns);
        if at_ns - since_ns < JUMP_NS {
            return false;
        }
        self.filter.move_to(self.filter.place + off, self.noise);
        self.unbelieved = None;
        self.surprises = [0.0; 2];
        true
    }

    /// Stamps that are off to one side again and again tell of another speed.
    fn watch_speed(&mut self, off: f64, expected: f64, seconds: f64) {
        let averages = self.surprises.iter_mut().zip(SURPRISE_AVERAGES);
        let mut doubt = None;
        for (surprise, average) in averages.rev() {
            let share = (seconds / average).min(1.0);
            *surprise += (off - *surprise) * share;
            let usual = (expected * share / (2.0 - share)).sqrt();
            if surprise.abs() > SURPRISE_SIGMAS * usual && share > 0.0 {
                doubt = Some(2.0 * *surprise / average);
            }
        }
        if let Some(speed) = doubt {
            self.filter.doubt_speed(speed * speed);
            self.surprises = [0.0; 2];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stamps every 10 ms of a clock at 48 kHz that is off by `ppm`, late by up to 0.3 ms.
    fn learn(line: &mut ClockLine, seconds: std::ops::Range<u64>, ppm: f64, ahead: u64) -> u64 {
        let mut jumps = 0;
        for n in seconds.start * 100..seconds.end * 100 {
            let frame = n * 480;
            let due = frame as f64 / (48_000.0 * (1.0 + ppm * 1e-6));
            let late_ns = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
            let at_ns = (due * 1e9) as u64 + late_ns * 300_000 / (1 << 32);
            jumps += u64::from(line.learn(frame + ahead, at_ns));
        }
        jumps
    }

    #[test]
    fn a_clock_is_learnt_through_late_stamps() {
        for ppm in [0.0, 500.0, -5_000.0] {
            let mut line = ClockLine::new(48_000);
            assert_eq!(learn(&mut line, 0..5, ppm, 0), 0);
            let early = line.deviation() * 1e6 - ppm;
            assert!(early.abs() < 15.0, "{ppm}: {early}");
            assert!(
                early.abs() < 5.0 * line.deviation_sd() * 1e6,
                "{ppm}: {early}"
            );
            learn(&mut line, 5..60, ppm, 0);
            let late = line.deviation() * 1e6 - ppm;
            assert!(late.abs() < 3.0, "{ppm}: {late}");
            // The stamps are late by 0.15 ms or 7.2 frames on average, and so is the line.
            let at_ns = 60e9 / (1.0 + ppm * 1e-6);
            let beyond = line.frames_beyond(60 * 48_000, at_ns as u64);
            assert!((beyond + 7.2).abs() < 2.0, "{ppm}: {beyond}");
        }
    }

    #[test]
    fn one_late_stamp_is_not_believed_and_many_are_a_jump() {
        let mut line = ClockLine::new(48_000);
        learn(&mut line, 0..10, 100.0, 0);
        let before = line.deviation();
        assert!(!line.learn(480_000, 10_030_000_000), "30 ms late, once");
        assert!((line.deviation() - before).abs() < 1e-9);
        let jumps = learn(&mut line, 11..20, 100.0, 48_000);
        assert_eq!(jumps, 1, "a second of frames is gone");
        let beyond = line.frames_beyond(21 * 48_000, 19_998_000_200);
        assert!(beyond.abs() < 20.0, "{beyond}");
        assert!((line.deviation() * 1e6 - 100.0).abs() < 5.0);
    }

    #[test]
    fn no_stamp_is_too_odd() {
        let mut line = ClockLine::new(48_000);
        let odd = [
            (u64::MAX, 0),
            (0, u64::MAX),
            (5, 3),
            (0, 0),
            (u64::MAX, u64::MAX),
        ];
        for (position_frames, at_ns) in odd.into_iter().cycle().take(50) {
            line.learn(position_frames, at_ns);
        }
        assert!(line.deviation().is_finite() && line.frames_beyond(0, 0).is_finite());
    }
}
