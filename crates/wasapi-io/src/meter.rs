//! Finds a device's latency in what its positions and times say of it.

/// Wake-ups of which the most punctual one counts: the others say less than the truth.
const GROUP: usize = 8;
/// Groups of which the middle one is believed.
const GROUPS: usize = 9;
/// The groups agree when they are no further apart than this, in parts of a second: one over it.
const AGREE_PART: f64 = 1_000.0;
/// A new figure counts as new when it is further from the last than this, in frames.
const NEWS_FRAMES: f64 = 2.0;
/// What no device has, in seconds.
const BELIEVED_S: f64 = 2.0;

/// Which way late wake-ups pull the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bias {
    /// A late wake-up makes the sample too small.
    Shortens,
    /// A late wake-up makes the sample too large.
    Lengthens,
}

/// Takes samples of one latency, each with an error by a wake-up's lateness, and tells the latency
/// when they agree. Real-time safe.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Meter {
    bias: Bias,
    rate_hz: f64,
    best: Option<f64>,
    in_group: usize,
    groups: [f64; GROUPS],
    full_groups: usize,
    told_frames: Option<f64>,
}

impl Meter {
    pub(crate) fn new(bias: Bias, rate_hz: u32) -> Self {
        Self {
            bias,
            rate_hz: f64::from(rate_hz),
            best: None,
            in_group: 0,
            groups: [0.0; GROUPS],
            full_groups: 0,
            told_frames: None,
        }
    }

    /// Forgets the samples and keeps what they have told.
    pub(crate) fn restart(&mut self) {
        self.best = None;
        self.in_group = 0;
        self.full_groups = 0;
    }

    /// One sample, in frames. One that cannot be is left out.
    pub(crate) fn add(&mut self, frames: f64) {
        let limit = BELIEVED_S * self.rate_hz;
        if !frames.is_finite() || frames < -limit || frames > limit {
            return;
        }
        self.best = Some(match (self.best, self.bias) {
            (None, _) => frames,
            (Some(best), Bias::Shortens) => best.max(frames),
            (Some(best), Bias::Lengthens) => best.min(frames),
        });
        self.in_group += 1;
        if self.in_group < GROUP {
            return;
        }
        self.in_group = 0;
        let best = self.best.take().unwrap_or(frames);
        if let Some(slot) = self.groups.get_mut(self.full_groups) {
            *slot = best;
            self.full_groups += 1;
        }
        if self.full_groups == GROUPS {
            self.full_groups = 0;
            self.conclude();
        }
    }

    fn conclude(&mut self) {
        self.groups.sort_unstable_by(f64::total_cmp);
        // Of so many, two at either end may be anything.
        let spread = self.groups[GROUPS - 3] - self.groups[2];
        if spread > self.rate_hz / AGREE_PART {
            return;
        }
        let middle = self.groups[GROUPS / 2];
        let is_news = self
            .told_frames
            .is_none_or(|told| (told - middle).abs() > NEWS_FRAMES);
        if is_news {
            self.told_frames = Some(middle);
        }
    }

    /// The latency in whole frames; `None` as long as the samples do not agree.
    pub(crate) fn frames(&self) -> Option<u32> {
        self.told_frames
            .map(|frames| frames.round().max(0.0) as u32)
    }
}

/// Frames at `rate_hz` from the instant `from_ns` to `to_ns`; negative when it is before.
pub(crate) fn frames_between(from_ns: u64, to_ns: u64, rate_hz: u32) -> f64 {
    let ns = to_ns.wrapping_sub(from_ns) as i64;
    ns as f64 * f64::from(rate_hz) / 1e9
}

/// How far behind `at_ns` the end of a packet is whose first frame was there at `first_ns`. Packets are
/// stamped with their first frame, and what is waiting ends with their last.
pub(crate) fn behind_frames(first_ns: u64, packet_frames: u32, at_ns: u64, rate_hz: u32) -> f64 {
    frames_between(first_ns, at_ns, rate_hz) - f64::from(packet_frames)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: usize = GROUP * GROUPS;

    #[test]
    fn nothing_is_told_before_there_is_enough() {
        let mut meter = Meter::new(Bias::Shortens, 48_000);
        for _ in 1..ALL {
            meter.add(480.0);
            assert_eq!(meter.frames(), None);
        }
        meter.add(480.0);
        assert_eq!(meter.frames(), Some(480));
    }

    #[test]
    fn figures_that_do_not_agree_tell_nothing() {
        let mut meter = Meter::new(Bias::Shortens, 48_000);
        for n in 0..10 * ALL {
            meter.add((n / GROUP % 9 * 100) as f64);
        }
        assert_eq!(meter.frames(), None);
    }

    #[test]
    fn a_figure_that_hardly_changes_is_not_told_anew() {
        let mut meter = Meter::new(Bias::Lengthens, 48_000);
        (0..ALL).for_each(|_| meter.add(100.2));
        (0..ALL).for_each(|_| meter.add(101.9));
        assert_eq!(meter.frames(), Some(100));
        (0..ALL).for_each(|_| meter.add(148.0));
        assert_eq!(meter.frames(), Some(148));
    }

    #[test]
    fn what_cannot_be_is_left_out() {
        let mut meter = Meter::new(Bias::Lengthens, 48_000);
        for _ in 0..ALL {
            meter.add(f64::NAN);
            meter.add(f64::INFINITY);
            meter.add(-1e300);
            meter.add(64.0);
        }
        assert_eq!(meter.frames(), Some(64));
    }

    #[test]
    fn t10_a_packet_is_behind_by_its_last_frame_and_not_by_its_first() {
        // Stamped 12 ms ago, 10 ms long: 2 ms behind, and no packet more.
        let behind = behind_frames(1_000_000_000, 480, 1_012_000_000, 48_000);
        assert_eq!(behind, 96.0);
        let mut meter = Meter::new(Bias::Lengthens, 48_000);
        (0..ALL).for_each(|_| meter.add(behind));
        assert_eq!(meter.frames(), Some(96));
    }

    #[test]
    fn instants_may_be_in_either_order() {
        assert_eq!(
            frames_between(1_000_000_000, 2_000_000_000, 48_000),
            48_000.0
        );
        assert_eq!(
            frames_between(2_000_000_000, 1_000_000_000, 48_000),
            -48_000.0
        );
    }

    proptest! {
        #[test]
        fn late_wake_ups_and_a_few_wild_samples_do_no_harm(
            truth in 0.0_f64..5_000.0,
            late in proptest::collection::vec(0.0_f64..40.0, ALL),
            lengthens in any::<bool>(),
            wild in 0_usize..ALL,
        ) {
            let (lateness, sign) = if lengthens {
                (Bias::Lengthens, 1.0)
            } else {
                (Bias::Shortens, -1.0)
            };
            let mut meter = Meter::new(lateness, 48_000);
            for (n, late) in late.iter().enumerate() {
                // Each group has one wake-up that is hardly late.
                let late = if n % GROUP == 3 { late / 100.0 } else { *late };
                meter.add(if n == wild { 50_000.0 } else { truth + sign * late });
            }
            let told = f64::from(meter.frames().unwrap());
            prop_assert!((told - truth).abs() <= 1.0, "{} for {}", told, truth);
        }
    }
}
