//! Tells from the clock alone that a device must have run dry.
//!
//! What devices say of their queue is not enough: one that takes its periods from an empty queue
//! says only that it is empty, which it also is when all is well. But the instants at which it takes
//! them are known from the wake-ups.

/// How far the device's clock may go away from the system's between two wake-ups: one part in so
/// many of a period.
const DRIFT_PART: u64 = 100;

/// Watches over the time between wake-ups and hand-overs. Real-time safe.
///
/// The device takes a period at instants that are a period apart. No wake-up comes before its
/// instant, so the earliest ones tell them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lateness {
    period_ns: u64,
    /// The instant of the wake-up that was last, as the earliest ones have it. 0 before the first.
    tick_ns: u64,
    /// When the device finds its queue empty. 0 while that is not known.
    dry_ns: u64,
    /// The last hand-over came too late, which has not been told yet.
    untold: bool,
}

impl Lateness {
    /// For a device that has just been started.
    pub(crate) fn new(period_ns: u64) -> Self {
        Self {
            period_ns: period_ns.max(1),
            tick_ns: 0,
            dry_ns: 0,
            untold: false,
        }
    }

    /// Whether the device must have run dry before the wake-up at `woken_ns`. Each time that it did
    /// is told once.
    pub(crate) fn woken(&mut self, woken_ns: u64) -> bool {
        let late = self.is_dry_at(woken_ns);
        self.tick_ns = if self.tick_ns == 0 || woken_ns <= self.tick_ns {
            woken_ns
        } else {
            let ticks = (woken_ns - self.tick_ns) / self.period_ns;
            let next_ns = self.tick_ns + ticks * self.period_ns;
            // A wake-up a little before its tick: the device is faster than thought.
            let early_ns = next_ns + self.period_ns - woken_ns;
            if early_ns <= self.period_ns / 4 {
                woken_ns
            } else {
                // A device that is slower than thought is followed slowly.
                (next_ns + self.period_ns / DRIFT_PART).min(woken_ns)
            }
        };
        if late {
            // Where the device goes on from is told by the next hand-over.
            self.dry_ns = 0;
        }
        std::mem::take(&mut self.untold) || late
    }

    /// Frames were handed over at `now_ns`, and what is queued now lasts for so many periods beyond
    /// the one that the device is playing.
    pub(crate) fn handed_over(&mut self, now_ns: u64, periods_queued: u64) {
        self.untold = self.is_dry_at(now_ns);
        self.dry_ns = self
            .tick_ns
            .saturating_add(self.period_ns.saturating_mul(periods_queued + 1));
        if self.untold {
            self.dry_ns = now_ns.saturating_add(self.period_ns.saturating_mul(periods_queued + 1));
        }
    }

    /// Sound is missing, whatever the clock says: the device has played all that it had and set no event, or
    /// it was started anew. The next wake-up tells.
    pub(crate) fn missed(&mut self) {
        self.untold = true;
    }

    fn is_dry_at(&self, now_ns: u64) -> bool {
        // The instants are known to a part of a period only.
        self.dry_ns != 0 && now_ns > self.dry_ns + self.period_ns / 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: u64 = 10_000;

    fn running() -> Lateness {
        let mut lateness = Lateness::new(PERIOD);
        for n in 1..100 {
            assert!(!lateness.woken(n * PERIOD + n % 7 * 100), "{n}");
            lateness.handed_over(n * PERIOD + 800, 1);
        }
        lateness
    }

    #[test]
    fn a_client_on_time_is_not_late() {
        running();
    }

    #[test]
    fn nearly_a_period_late_is_not_too_late() {
        let mut lateness = running();
        for n in 100..200 {
            assert!(!lateness.woken(n * PERIOD), "{n}");
            lateness.handed_over(n * PERIOD + PERIOD * 9 / 10, 1);
        }
    }

    #[test]
    fn a_late_wake_up_is_told_at_once_and_once() {
        let mut lateness = running();
        assert!(lateness.woken(101 * PERIOD + PERIOD / 2));
        lateness.handed_over(101 * PERIOD + PERIOD / 2 + 10, 1);
        assert!(!lateness.woken(102 * PERIOD));
        lateness.handed_over(102 * PERIOD + 10, 1);
        assert!(!lateness.woken(103 * PERIOD));
    }

    #[test]
    fn a_late_hand_over_is_told_at_the_next_wake_up_and_once() {
        let mut lateness = running();
        assert!(!lateness.woken(100 * PERIOD));
        lateness.handed_over(101 * PERIOD + PERIOD / 2, 1);
        assert!(lateness.woken(101 * PERIOD + PERIOD / 2 + 5));
        lateness.handed_over(101 * PERIOD + PERIOD / 2 + 10, 1);
        assert!(!lateness.woken(102 * PERIOD));
    }

    #[test]
    fn an_event_that_was_missed_is_told_at_the_next_wake_up_and_once() {
        let mut lateness = running();
        lateness.missed();
        // So soon after the instant that time alone would not tell.
        assert!(lateness.woken(101 * PERIOD + PERIOD / 100));
        lateness.handed_over(101 * PERIOD + 10, 1);
        assert!(!lateness.woken(102 * PERIOD));
    }

    #[test]
    fn a_longer_queue_lasts_longer() {
        let mut lateness = running();
        assert!(!lateness.woken(100 * PERIOD));
        lateness.handed_over(100 * PERIOD, 3);
        assert!(!lateness.woken(103 * PERIOD + PERIOD / 2));
        lateness.handed_over(103 * PERIOD + PERIOD / 2, 1);
    }

    #[test]
    fn a_device_with_another_clock_is_followed() {
        for part in [-500_i64, 500] {
            let period = PERIOD as i64 + PERIOD as i64 / part;
            let mut lateness = Lateness::new(PERIOD);
            for n in 1..10_000 {
                assert!(!lateness.woken((n * period) as u64), "{n}");
                lateness.handed_over((n * period) as u64 + PERIOD / 2, 1);
            }
        }
    }
}
