//! Silence for the time in which a tap hears nothing at all: systems give no packets then.

use crate::duration::ns_from_frames;

/// Periods without a packet after which silence is given instead, and the shortest such time.
const PATIENCE_PERIODS: u64 = 4;
const PATIENCE_MIN_NS: u64 = 40_000_000;
/// Silence that is owed for longer is not made up for: the machine was asleep.
const OWED_MAX_NS: u64 = 1_000_000_000;

/// Silence that is owed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Owed {
    pub(crate) frames: u32,
    /// When the last of it ends.
    pub(crate) end_ns: u64,
    /// More was owed than is given.
    pub(crate) is_torn: bool,
}

/// Counts what is owed by the clock. While packets come, it does nothing: they are as long as they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filler {
    rate_hz: u32,
    patience_ns: u64,
    /// How far silence stays behind the clock, so that it does not overtake packets that are late.
    behind_ns: u64,
    /// Until when there was sound or silence.
    end_ns: u64,
    is_filling: bool,
}

impl Filler {
    /// For packets that should come once in a period.
    pub(crate) fn new(rate_hz: u32, period_ns: u64) -> Self {
        let patience_ns = (PATIENCE_PERIODS * period_ns).max(PATIENCE_MIN_NS);
        Self {
            rate_hz,
            patience_ns,
            behind_ns: patience_ns / 2,
            end_ns: 0,
            is_filling: true,
        }
    }

    /// Nothing is owed yet.
    pub(crate) fn start(&mut self, now_ns: u64) {
        self.end_ns = now_ns;
        self.is_filling = true;
    }

    /// A packet is there, whose last frame was at `end_ns`: what is owed before it.
    pub(crate) fn packet(&mut self, frames: u32, end_ns: u64) -> Owed {
        let was_filling = std::mem::take(&mut self.is_filling);
        let first_ns = end_ns.saturating_sub(ns_from_frames(frames, self.rate_hz));
        let owed = match was_filling {
            true => self.owed_until(first_ns),
            false => Owed::default(),
        };
        self.end_ns = self.end_ns.max(end_ns);
        owed
    }

    /// There was no packet in this cycle: what is owed now.
    pub(crate) fn none(&mut self, now_ns: u64) -> Owed {
        if now_ns.saturating_sub(self.end_ns) < self.patience_ns {
            return Owed::default();
        }
        self.is_filling = true;
        self.owed_until(now_ns - self.behind_ns)
    }

    fn owed_until(&mut self, until_ns: u64) -> Owed {
        let owed_ns = until_ns.saturating_sub(self.end_ns);
        let is_torn = owed_ns > OWED_MAX_NS;
        if is_torn {
            self.end_ns = until_ns - OWED_MAX_NS;
        }
        let given_ns = owed_ns.min(OWED_MAX_NS);
        let frames = (given_ns * u64::from(self.rate_hz) / 1_000_000_000) as u32;
        // Whole frames, so that the rest is owed the next time.
        self.end_ns += ns_from_frames(frames, self.rate_hz);
        Owed {
            frames,
            end_ns: self.end_ns,
            is_torn,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: u64 = 1_000_000;
    const RATE_HZ: u32 = 48_000;

    fn filler() -> Filler {
        let mut filler = Filler::new(RATE_HZ, 10 * MS);
        filler.start(1_000 * MS);
        filler
    }

    #[test]
    fn t11_while_nothing_is_heard_there_is_silence_by_the_clock() {
        let mut filler = filler();
        assert_eq!(filler.none(1_030 * MS).frames, 0, "it may come yet");
        let first = filler.none(1_040 * MS);
        assert_eq!((first.frames, first.end_ns), (960, 1_020 * MS));
        let frames: u32 = (5..=100)
            .map(|n| filler.none((1_000 + 10 * n) * MS).frames)
            .sum();
        assert_eq!(first.frames + frames, 48 * (2_000 - 20 - 1_000));
        // When sound is back, what lies between is silent, and nothing is doubled.
        let owed = filler.packet(480, 2_005 * MS);
        assert_eq!(owed.frames, 48 * (1_995 - 1_980));
        assert_eq!(filler.packet(480, 2_015 * MS).frames, 0);
        assert_eq!(filler.none(2_025 * MS).frames, 0);
    }

    #[test]
    fn packets_that_come_are_left_alone() {
        let mut filler = filler();
        // Stamps that jump, go back, or stand still.
        for end_ms in [1_010, 1_030, 1_020, 1_020, 1_055] {
            let owed = filler.packet(480, end_ms * MS);
            assert_eq!(owed.frames, 0);
            assert_eq!(filler.none((end_ms + 20) * MS).frames, 0);
        }
    }

    #[test]
    fn a_machine_that_slept_gets_a_second_at_most() {
        let mut filler = filler();
        let owed = filler.none(3_600_000 * MS);
        assert_eq!((owed.frames, owed.is_torn), (RATE_HZ, true));
        let later = filler.none(3_600_040 * MS);
        assert_eq!((later.frames, later.is_torn), (48 * 40, false));
    }

    proptest! {
        #[test]
        fn frames_are_those_of_the_clock(
            rate_hz in 8_000_u32..384_000,
            steps in prop::collection::vec((any::<bool>(), 1_u64..200 * MS), 1..200),
        ) {
            let mut filler = Filler::new(rate_hz, 10 * MS);
            let begun_ns = 77 * MS;
            filler.start(begun_ns);
            let (mut now_ns, mut given) = (begun_ns, 0);
            let mut last = Owed::default();
            for (is_packet, step_ns) in steps {
                now_ns += step_ns;
                // A packet of what was heard since the last frame that was accounted for.
                if is_packet {
                    let frames = (rate_hz / 100).min(
                        ((now_ns - filler.end_ns) * u64::from(rate_hz) / 1_000_000_000) as u32);
                    if frames > 0 {
                        let was_filling = filler.is_filling;
                        let before_ns = filler.end_ns;
                        let owed = filler.packet(frames, now_ns);
                        given += u64::from(owed.frames + frames);
                        if !was_filling {
                            // A gap between packets is the device's own.
                            let heard_ns = ns_from_frames(frames, rate_hz);
                            let gap_ns = (now_ns - before_ns).saturating_sub(heard_ns);
                            given += gap_ns * u64::from(rate_hz) / 1_000_000_000;
                        }
                    }
                } else {
                    last = filler.none(now_ns);
                    given += u64::from(last.frames);
                }
            }
            let clock = (filler.end_ns - begun_ns) * u64::from(rate_hz) / 1_000_000_000;
            prop_assert!(!last.is_torn);
            prop_assert!(clock.abs_diff(given) <= 201, "{clock} {given}");
        }
    }

    #[test]
    fn a_period_of_nothing_is_patient_enough() {
        assert_eq!(Filler::new(RATE_HZ, 0).patience_ns, PATIENCE_MIN_NS);
        assert_eq!(Filler::new(RATE_HZ, 21_333_333).patience_ns, 85_333_332);
    }
}
