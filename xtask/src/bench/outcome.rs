//! What came of the runs.

use serde::Serialize;

use super::gaps::Dropouts;
use super::round_trip::RoundTrip;
use super::rows::{Mode, Row};
use crate::rig::card::Spread;

/// One run of one row.
#[derive(Clone, Debug, Serialize)]
pub struct Taken {
    /// How the device was used, in the card's words.
    pub mode: String,
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
    /// What of the sound the DAC did not play in its place.
    pub dropouts: Dropouts,
    /// Stops of the card's time because its service was late.
    pub stalls: u64,
}

/// All runs of a row.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// The row.
    pub row: Row,
    /// Those on an otherwise idle machine that came to their end.
    pub runs: Vec<Taken>,
    /// Those beside a program that keeps the processor busy.
    pub busy: Vec<Taken>,
    /// Round trips over the cable.
    pub round_trips: Vec<RoundTrip>,
    /// Why other runs did not come to their end.
    pub failures: Vec<String>,
}

/// What is told of a row: medians, sums of dropouts and stalls, the worst of the worst.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Frames from the program to the analogue output.
    pub frames: f64,
    /// The part of it behind WASAPI.
    pub device_frames: f64,
    /// Frames from the program over the cable and back to it.
    pub round_trip_frames: Option<f64>,
    /// What of the sound did not come back in its place.
    pub round_trip_dropouts: Dropouts,
    /// What the program was told, in frames.
    pub told_frames: f64,
    /// The device's period.
    pub period_frames: f64,
    /// From the event to the hand-over to WASAPI, in microseconds: p50, p99, and the longest.
    pub hand_over_us: Option<[f64; 3]>,
    /// Processor time of the program, in milliseconds per second.
    pub cpu_ms_per_s: Option<f64>,
    /// On an otherwise idle machine.
    pub idle: Faults,
    /// Beside a program that keeps the processor busy; none where no such run came to its end.
    pub busy: Option<Faults>,
}

/// What went wrong in all runs of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Faults {
    /// What of the sound the DAC did not play in its place.
    pub dropouts: Dropouts,
    /// Stops of the card's time because its service was late.
    pub stalls: u64,
}

/// A row's figures as multiples of the floor's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Ratios {
    /// Of the frames to the analogue output.
    pub frames: Option<f64>,
    /// Of the round trip.
    pub round_trip: Option<f64>,
    /// Of the time from the event to the hand-over, p50.
    pub hand_over: Option<f64>,
    /// Of the processor time.
    pub cpu: Option<f64>,
}

impl Faults {
    /// Of these runs; none without any.
    fn of(runs: &[Taken]) -> Option<Faults> {
        let faults = runs.iter().map(|run| Faults {
            dropouts: run.dropouts,
            stalls: run.stalls,
        });
        faults.reduce(|sum, one| Faults {
            dropouts: sum.dropouts.plus(one.dropouts),
            stalls: sum.stalls + one.stalls,
        })
    }
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
            busy: Vec::new(),
            round_trips: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// The way to the device: the row's, or what the card saw.
    pub fn mode(&self) -> Option<Mode> {
        let seen = || Mode::of_stream(&self.runs.first()?.mode);
        self.row.mode.or_else(seen)
    }

    /// In tables.
    pub fn name(&self) -> String {
        let name = self.row.name();
        match (self.row.mode, self.mode()) {
            (None, Some(seen)) => format!("{name} ({})", seen.name()),
            _ => name,
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
            round_trip_frames: median(self.round_trips.iter().map(|found| found.frames as f64)),
            round_trip_dropouts: self
                .round_trips
                .iter()
                .fold(Dropouts::default(), |sum, found| sum.plus(found.dropouts)),
            told_frames: middle(|run| run.told_frames as f64)?,
            period_frames: middle(|run| f64::from(run.period_frames))?,
            hand_over_us,
            cpu_ms_per_s: median(self.runs.iter().filter_map(|run| run.cpu_ms_per_s)),
            idle: Faults::of(&self.runs)?,
            busy: Faults::of(&self.busy),
        })
    }

    /// Its figures as multiples of the least that the device allows.
    pub fn ratios(&self, all: &[Outcome]) -> Ratios {
        self.ratios_or_none(all).unwrap_or_default()
    }

    fn ratios_or_none(&self, all: &[Outcome]) -> Option<Ratios> {
        let mode = self.mode()?;
        let is_floor = |other: &&Outcome| other.row.is_floor_of(&self.row, mode);
        let floor = all.iter().find(is_floor)?.summary()?;
        let own = self.summary()?;
        let ratio = |own: Option<f64>, floor: Option<f64>| {
            let floor = floor.filter(|floor| *floor > 0.0)?;
            Some(own? / floor)
        };
        let median = |found: &Summary| found.hand_over_us.map(|[p50, ..]| p50);
        Some(Ratios {
            frames: ratio(Some(own.frames), Some(floor.frames)),
            round_trip: ratio(own.round_trip_frames, floor.round_trip_frames),
            hand_over: ratio(median(&own), median(&floor)),
            cpu: ratio(own.cpu_ms_per_s, floor.cpu_ms_per_s),
        })
    }
}

#[cfg(test)]
pub mod tests {
    use super::super::rows::{Player, tests::usual};
    use super::*;

    pub fn taken(frames: u64, longest_ns: u64) -> Taken {
        Taken {
            mode: "exclusive-event".to_owned(),
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
            dropouts: Dropouts {
                count: 1,
                frames: 30,
            },
            stalls: 2,
        }
    }

    /// One with a dropout.
    pub fn back(frames: u64) -> RoundTrip {
        RoundTrip {
            frames,
            dropouts: Dropouts {
                count: 1,
                frames: 20,
            },
        }
    }

    pub fn empty() -> Vec<Outcome> {
        usual().into_iter().map(Outcome::new).collect()
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
        let mut outcome = empty().remove(0);
        assert!(outcome.summary().is_none());
        outcome.runs = vec![taken(300, 30_000), taken(500, 90_000), taken(310, 40_000)];
        outcome.round_trips = vec![back(700), back(900), back(710)];
        let summary = outcome.summary().unwrap();
        assert_eq!(summary.frames, 310.0);
        assert_eq!(summary.round_trip_frames, Some(710.0));
        assert_eq!(summary.round_trip_dropouts.count, 3);
        assert_eq!(summary.hand_over_us, Some([10.0, 20.0, 90.0]));
        let Dropouts { count, frames } = summary.idle.dropouts;
        assert_eq!((count, frames, summary.idle.stalls), (3, 90, 6));
        assert_eq!(summary.busy, None);
        outcome.busy = vec![taken(300, 0)];
        assert_eq!(outcome.summary().unwrap().busy.unwrap().dropouts.count, 1);
    }

    #[test]
    fn a_ratio_needs_its_floor() {
        let mut all = empty();
        all[2].runs = vec![taken(750, 0)];
        all[2].round_trips = vec![back(900)];
        assert_eq!(all[2].ratios(&all), Ratios::default());
        all[0].runs = vec![taken(500, 0)];
        let expected = Ratios {
            frames: Some(1.5),
            round_trip: None,
            hand_over: Some(1.0),
            cpu: Some(1.0),
        };
        assert_eq!(all[2].ratios(&all), expected);
        all[0].round_trips = vec![back(600)];
        assert_eq!(all[2].ratios(&all).round_trip, Some(1.5));
        assert_eq!(all[0].ratios(&all).frames, Some(1.0));
    }

    #[test]
    fn the_card_tells_how_an_unknown_driver_plays() {
        let mut all = empty();
        let mut other = Outcome::new(Row {
            player: Player::Other,
            mode: None,
            driver: Some("Theirs".to_owned()),
            ..all[2].row.clone()
        });
        assert_eq!(other.name(), "Theirs, 256");
        other.runs = vec![taken(1_000, 0)];
        assert_eq!(other.name(), "Theirs, 256 (exclusive)");
        all[0].runs = vec![taken(500, 0)];
        assert_eq!(other.ratios(&all).frames, Some(2.0));
    }
}
