//! How evenly callbacks arrive.

use serde::Serialize;

/// Intervals between consecutive instants, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Intervals {
    /// Half of the intervals are at most this long.
    pub p50: f64,
    /// 99 of 100 intervals are at most this long.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

impl Intervals {
    /// Of instants in nanoseconds, in the order in which they came. `None` for fewer than two.
    pub fn of(times_ns: &[u64]) -> Option<Intervals> {
        let mut sorted: Vec<u64> = times_ns
            .windows(2)
            .map(|pair| pair[1].saturating_sub(pair[0]))
            .collect();
        sorted.sort_unstable();
        let max = *sorted.last()?;
        let percentile = |percent: usize| {
            let rank = (sorted.len() * percent).div_ceil(100);
            sorted[rank.max(1) - 1] as f64 / 1000.0
        };
        Some(Intervals {
            p50: percentile(50),
            p99: percentile(99),
            max: max as f64 / 1000.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_has_no_interval() {
        assert_eq!(Intervals::of(&[]), None);
        assert_eq!(Intervals::of(&[5]), None);
    }

    #[test]
    fn percentiles_are_intervals_that_occurred() {
        // 99 intervals of 1 ms and one of 5 ms.
        let mut times_ns: Vec<u64> = (0..100).map(|i| i * 1_000_000).collect();
        times_ns.push(99 * 1_000_000 + 5_000_000);
        let expected = Intervals {
            p50: 1000.0,
            p99: 1000.0,
            max: 5000.0,
        };
        assert_eq!(Intervals::of(&times_ns), Some(expected));
    }

    #[test]
    fn a_single_interval_is_every_percentile() {
        let expected = Intervals {
            p50: 0.5,
            p99: 0.5,
            max: 0.5,
        };
        assert_eq!(Intervals::of(&[100, 600]), Some(expected));
    }

    #[test]
    fn a_clock_that_goes_back_counts_as_no_time() {
        assert_eq!(Intervals::of(&[600, 100]).map(|i| i.max), Some(0.0));
    }
}
