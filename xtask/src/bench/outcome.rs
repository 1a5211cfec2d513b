//! What came of the runs.

use serde::Serialize;

use super::rows::{ROWS, Row};
use crate::rig::card::Spread;

/// One run of one row.
#[derive(Clone, Debug, Serialize)]
pub struct Taken {
    /// Frames from the program to the analogue output, the median of its blocks.
    pub frames: u64,
    /// The part of it behind WASAPI.
    pub device_frames: u64,
    /// What the program was told, in frames.
    pub told_frames: u64,
    /// The device's period.
    pub period_frames: u32,
    /// From the event to the hand-over to WASAPI, in nanoseconds.
    pub hand_over_ns: Option<Spread>,
    /// Processor time of the program, in milliseconds per second.
    pub cpu_ms_per_s: Option<f64>,
    /// Stretches of silence because the program was late.
    pub underruns: u64,
    /// Stops of the card's time because its service was late.
    pub stalls: u64,
}

/// All runs of a row.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The row.
    pub row: Row,
    /// Those that came to their end.
    pub runs: Vec<Taken>,
    /// Why others did not.
    pub failures: Vec<String>,
}

/// What is told of a row: medians, sums of underruns and stalls, the worst of the worst.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Frames from the program to the analogue output.
    pub frames: f64,
    /// The part of it behind WASAPI.
    pub device_frames: f64,
    /// What the program was told, in frames.
    pub told_frames: f64,
    /// The device's period.
    pub period_frames: f64,
    /// From the event to the hand-over to WASAPI, in microseconds: p50, p99, and the longest.
    pub hand_over_us: Option<[f64; 3]>,
    /// Processor time of the program, in milliseconds per second.
    pub cpu_ms_per_s: Option<f64>,
    /// Underruns of all runs.
    pub underruns: u64,
    /// Stalls of all runs.
    pub stalls: u64,
}

/// The middle, or between the two middle ones; none of nothing.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    if values.len().is_multiple_of(2) {
        return Some((values[values.len() / 2 - 1] + upper) / 2.0);
    }
    Some(upper)
}

impl Outcome {
    /// No run yet.
    pub fn new(row: Row) -> Outcome {
        Outcome {
            row,
            runs: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// What is told of it; none without a run that came to its end.
    pub fn summary(&self) -> Option<Summary> {
        let middle = |of: fn(&Taken) -> f64| median(self.runs.iter().map(of));
        let spreads: Vec<Spread> = self
            .runs
            .iter()
            .filter_map(|run| run.hand_over_ns)
            .collect();
        let us = |of: fn(&Spread) -> u64| median(spreads.iter().map(|s| of(s) as f64 / 1e3));
        let longest = spreads.iter().map(|spread| spread.max).max();
        let hand_over_us = match (us(|s| s.p50), us(|s| s.p99), longest) {
            (Some(p50), Some(p99), Some(longest)) => Some([p50, p99, longest as f64 / 1e3]),
            _ => None,
        };
        Some(Summary {
            frames: middle(|run| run.frames as f64)?,
            device_frames: middle(|run| run.device_frames as f64)?,
            told_frames: middle(|run| run.told_frames as f64)?,
            period_frames: middle(|run| f64::from(run.period_frames))?,
            hand_over_us,
            cpu_ms_per_s: median(self.runs.iter().filter_map(|run| run.cpu_ms_per_s)),
            underruns: self.runs.iter().map(|run| run.underruns).sum(),
            stalls: self.runs.iter().map(|run| run.stalls).sum(),
        })
    }

    /// Frames as a multiple of the least that the device allows.
    pub fn ratio(&self, all: &[Outcome]) -> Option<f64> {
        let floor = all.iter().find(|other| other.row.is_floor_of(&self.row))?;
        let floor_frames = floor.summary()?.frames;
        (floor_frames > 0.0).then_some(self.summary()?.frames / floor_frames)
    }
}

/// An outcome without runs for each row.
pub fn empty() -> Vec<Outcome> {
    ROWS.iter().copied().map(Outcome::new).collect()
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub fn taken(frames: u64, longest_ns: u64) -> Taken {
        Taken {
            frames,
            device_frames: frames / 2,
            told_frames: 600,
            period_frames: 256,
            hand_over_ns: Some(Spread {
                p50: 10_000,
                p99: 20_000,
                max: longest_ns,
            }),
            cpu_ms_per_s: Some(5.0),
            underruns: 1,
            stalls: 2,
        }
    }

    #[test]
    fn a_median_is_in_the_middle() {
        assert_eq!(median([]), None);
        assert_eq!(median([3.0]), Some(3.0));
        assert_eq!(median([9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 9.0]), Some(3.0));
    }

    #[test]
    fn the_worst_is_kept_and_faults_are_summed() {
        let mut outcome = Outcome::new(ROWS[0]);
        assert!(outcome.summary().is_none());
        outcome.runs = vec![taken(300, 30_000), taken(500, 90_000), taken(310, 40_000)];
        let summary = outcome.summary().unwrap();
        assert_eq!(summary.frames, 310.0);
        assert_eq!(summary.hand_over_us, Some([10.0, 20.0, 90.0]));
        assert_eq!((summary.underruns, summary.stalls), (3, 6));
    }

    #[test]
    fn a_ratio_needs_its_floor() {
        let mut all = empty();
        all[2].runs = vec![taken(750, 0)];
        assert_eq!(all[2].ratio(&all), None);
        all[0].runs = vec![taken(500, 0)];
        assert_eq!(all[2].ratio(&all), Some(1.5));
        assert_eq!(all[0].ratio(&all), Some(1.0));
    }
}
