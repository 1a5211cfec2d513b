//! When the card's time stood still, so that what happened before keeps its time.

use std::collections::VecDeque;

use super::report::StopReport;

/// So many are remembered: packets are delivered soon after their first frame.
const STOPS_MAX: usize = 1_024;

/// One stop of the card's time.
struct Stop {
    /// The card's instant at which its time stood still.
    at_ns: u64,
    /// How far real time was ahead of the card's before.
    shift_ns: u64,
}

/// The last stops of the card's time.
#[derive(Default)]
pub(super) struct Stops(VecDeque<Stop>);

impl Stops {
    /// The card's time stood still at that instant of its own; before, real time was ahead by
    /// `shift_ns`.
    pub(super) fn note(&mut self, at_ns: u64, shift_ns: u64) {
        if self.0.len() == STOPS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(Stop { at_ns, shift_ns });
    }

    /// The real time at which it was `card_ns` on the card, when real time is ahead by `shift_ns` now.
    pub(super) fn real_ns(&self, card_ns: u64, shift_ns: u64) -> u64 {
        let first_after = self.0.partition_point(|stop| stop.at_ns < card_ns);
        let stop = self.0.get(first_after);
        card_ns + stop.map_or(shift_ns, |stop| stop.shift_ns)
    }

    /// The stops for the report, when real time is ahead by `shift_ns` in the end.
    pub(super) fn told(&self, shift_ns: u64) -> Vec<StopReport> {
        let ends = self.0.iter().skip(1).map(|next| next.shift_ns);
        let ends = ends.chain([shift_ns]);
        let stops = self.0.iter().zip(ends);
        let told = |(stop, end_ns): (&Stop, u64)| StopReport {
            time_ns: stop.at_ns,
            stood_ns: end_ns.saturating_sub(stop.shift_ns),
        };
        stops.map(told).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_before_a_stop_keeps_its_time() {
        let mut stops = Stops::default();
        assert_eq!(stops.real_ns(50, 1_000), 1_050);
        stops.note(100, 1_000);
        stops.note(200, 1_030);
        assert_eq!(stops.real_ns(50, 1_090), 1_050);
        assert_eq!(stops.real_ns(100, 1_090), 1_100);
        assert_eq!(stops.real_ns(150, 1_090), 1_180);
        assert_eq!(stops.real_ns(201, 1_090), 1_291);
        let told = |stop: StopReport| (stop.time_ns, stop.stood_ns);
        let told: Vec<_> = stops.told(1_090).into_iter().map(told).collect();
        assert_eq!(told, [(100, 30), (200, 60)]);
    }

    #[test]
    fn only_the_last_stops_are_remembered() {
        let mut stops = Stops::default();
        for n in 0..2 * STOPS_MAX as u64 {
            stops.note(n * 10, n);
        }
        assert_eq!(stops.0.len(), STOPS_MAX);
        assert_eq!(stops.real_ns(5, 9_999), 5 + STOPS_MAX as u64);
    }
}
