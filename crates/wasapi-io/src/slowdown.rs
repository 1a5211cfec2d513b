//! Tells a device whose wake-ups have become rarer than its periods.

/// So many intervals in a row must be too long.
const TIMES: u32 = 10;
/// For so long after one was told nothing is told, in nanoseconds.
const SELDOM_NS: u64 = 2_000_000_000;

/// Watches over the intervals between a device's wake-ups. Real-time safe.
///
/// Some drivers come to set their events later by a fixed time after a while, until the stream is
/// started anew. A busy machine makes intervals longer too, but each as it happens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slowdown {
    period_ns: u64,
    last_ns: u64,
    late: u32,
    /// The shortest and the longest of the late ones.
    extremes_ns: (u64, u64),
    told_ns: u64,
}

impl Slowdown {
    /// For a stream that is started now.
    pub(crate) fn new(period_ns: u64, now_ns: u64) -> Self {
        Self {
            period_ns: period_ns.max(1),
            last_ns: 0,
            late: 0,
            extremes_ns: (0, 0),
            told_ns: now_ns,
        }
    }

    /// A wake-up; the client's last work took `busy_ns`. Whether the stream should be started anew.
    pub(crate) fn woken(&mut self, now_ns: u64, busy_ns: u64) -> bool {
        let interval_ns = now_ns.saturating_sub(self.last_ns);
        let is_first = self.last_ns == 0;
        self.last_ns = now_ns;
        // A client that takes longer than a period for its work is late by itself.
        let is_late = interval_ns > self.period_ns + self.period_ns / 4;
        let counts = !is_first && is_late && busy_ns < self.period_ns;
        let (shortest_ns, longest_ns) = match self.late {
            0 => (interval_ns, interval_ns),
            _ => self.extremes_ns,
        };
        let extremes_ns = (shortest_ns.min(interval_ns), longest_ns.max(interval_ns));
        let are_alike = extremes_ns.1 - extremes_ns.0 <= self.period_ns / 8;
        (self.late, self.extremes_ns) = match (counts, are_alike) {
            (true, true) => (self.late + 1, extremes_ns),
            (true, false) => (1, (interval_ns, interval_ns)),
            (false, _) => (0, (0, 0)),
        };
        let is_over = self.late >= TIMES && now_ns.saturating_sub(self.told_ns) >= SELDOM_NS;
        if is_over {
            self.told_ns = now_ns;
            self.late = 0;
        }
        is_over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: u64 = 10_000_000;

    /// Wake-ups at these intervals, over and over for so many periods; how often it was told.
    fn told(
        slowdown: &mut Slowdown,
        now: &mut u64,
        intervals: &[u64],
        count: usize,
        busy: u64,
    ) -> usize {
        let intervals = intervals.iter().cycle().take(count);
        let woken = intervals.filter(|interval| {
            *now += **interval;
            slowdown.woken(*now, busy)
        });
        woken.count()
    }

    #[test]
    fn t20_intervals_that_have_grown_are_told_after_ten_and_not_again_at_once() {
        let (mut slowdown, mut now) = (Slowdown::new(PERIOD, 1), 1);
        assert_eq!(told(&mut slowdown, &mut now, &[PERIOD], 1_000, 0), 0);
        let grown = [PERIOD * 3 / 2];
        assert_eq!(told(&mut slowdown, &mut now, &grown, 9, 0), 0);
        assert_eq!(told(&mut slowdown, &mut now, &grown, 1, 0), 1);
        // What does not help is not done all the time: every two seconds.
        assert_eq!(told(&mut slowdown, &mut now, &grown, 133, 0), 0);
        assert_eq!(told(&mut slowdown, &mut now, &grown, 1_000, 0), 8);
    }

    #[test]
    fn t20_a_busy_machine_is_not_taken_for_a_slow_device() {
        let (mut slowdown, mut now) = (Slowdown::new(PERIOD, 1), 1);
        // Late ones are followed by early ones, or are late by other times each.
        for jittery in [
            [PERIOD * 19 / 10, PERIOD / 10],
            [PERIOD * 3 / 2, PERIOD * 7 / 4],
        ] {
            assert_eq!(told(&mut slowdown, &mut now, &jittery, 10_000, 0), 0);
        }
        // The client itself takes longer than a period.
        assert_eq!(
            told(&mut slowdown, &mut now, &[2 * PERIOD], 10_000, PERIOD),
            0
        );
        // A clock that is off by five thousandths.
        assert_eq!(
            told(&mut slowdown, &mut now, &[PERIOD + PERIOD / 200], 10_000, 0),
            0
        );
    }

    #[test]
    fn t20_a_stream_just_begun_is_given_time() {
        let (mut slowdown, mut now) = (Slowdown::new(PERIOD, 1_000), 1_000);
        assert_eq!(told(&mut slowdown, &mut now, &[PERIOD * 3 / 2], 130, 0), 0);
    }
}
