//! The results' files.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use super::outcome::{Outcome, Ratios, Summary};
use super::{picture, table};

/// How and where it was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Circumstances {
    /// What makes it again.
    pub command: String,
    /// Year-month-day, UTC.
    pub date: String,
    /// The sources; none without Git.
    pub commit: Option<String>,
    /// Wine's version.
    pub wine: String,
    /// Processor cores.
    pub cores: usize,
    /// Programs that wanted a core, averaged over a minute: before the runs and after them.
    pub load: [f64; 2],
    /// The card's service and Wine's server came before all other programs.
    pub real_time: bool,
    /// Runs of each kind and row.
    pub repeats: usize,
    /// Seconds of each run, round trips aside.
    pub seconds: usize,
}

/// What is kept.
#[derive(Serialize)]
struct Kept<'a> {
    circumstances: &'a Circumstances,
    rows: Vec<KeptRow<'a>>,
}

#[derive(Serialize)]
struct KeptRow<'a> {
    name: String,
    ratios_to_floor: Ratios,
    summary: Option<Summary>,
    #[serde(flatten)]
    outcome: &'a Outcome,
}

/// Writes the page, the figures and the picture.
///
/// # Errors
/// A file cannot be written.
pub fn write(folder: &Path, circumstances: &Circumstances, outcomes: &[Outcome]) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let write = |name: &str, text: String| {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    };
    write("bench.json", json(circumstances, outcomes)?)?;
    write("bench.md", table::page(circumstances, outcomes))?;
    write("bench.svg", picture::draw(outcomes))
}

fn json(circumstances: &Circumstances, outcomes: &[Outcome]) -> Result<String> {
    let rows = outcomes.iter().map(|outcome| KeptRow {
        name: outcome.name(),
        ratios_to_floor: outcome.ratios(outcomes),
        summary: outcome.summary(),
        outcome,
    });
    let kept = Kept {
        circumstances,
        rows: rows.collect(),
    };
    Ok(serde_json::to_string_pretty(&kept)? + "\n")
}

#[cfg(test)]
pub mod tests {
    use super::super::outcome::tests::{back, empty, taken};
    use super::*;
    use serde_json::{Value, json};

    pub fn circumstances() -> Circumstances {
        Circumstances {
            command: "bench".to_owned(),
            date: "2026-01-02".to_owned(),
            commit: None,
            wine: "wine".to_owned(),
            cores: 2,
            load: [0.5, 1.5],
            real_time: true,
            repeats: 3,
            seconds: 4,
        }
    }

    #[test]
    fn programs_can_rely_on_the_shape() {
        let mut all = empty();
        all.truncate(1);
        all[0].runs = vec![taken(500, 90_000)];
        all[0].busy = vec![taken(600, 90_000)];
        all[0].round_trips = vec![back(900)];
        all[0].failures = vec!["alone: it fell".to_owned()];
        let text = json(&circumstances(), &all).unwrap();
        let found: Value = serde_json::from_str(&text).unwrap();
        let run = |frames: u64| {
            json!({
                "mode": "exclusive-event", "frames": frames, "device_frames": frames / 2,
                "told_frames": 600, "period_frames": 256,
                "hand_over_ns": {"p50": 10_000, "p99": 20_000, "max": 90_000},
                "cpu_ms_per_s": 5.0, "dropouts": {"count": 1, "frames": 30}, "stalls": 2
            })
        };
        let faults = json!({"dropouts": {"count": 1, "frames": 30}, "stalls": 2});
        let expected = json!({
            "circumstances": {
                "command": "bench", "date": "2026-01-02", "commit": null, "wine": "wine",
                "cores": 2, "load": [0.5, 1.5], "real_time": true, "repeats": 3, "seconds": 4
            },
            "rows": [{
                "name": "bare WASAPI, exclusive 256",
                "ratios_to_floor": {
                    "frames": 1.0, "round_trip": 1.0, "hand_over": 1.0, "cpu": 1.0
                },
                "summary": {
                    "frames": 500.0, "device_frames": 250.0, "round_trip_frames": 900.0,
                    "round_trip_dropouts": {"count": 1, "frames": 20},
                    "told_frames": 600.0, "period_frames": 256.0,
                    "hand_over_us": [10.0, 20.0, 90.0], "cpu_ms_per_s": 5.0,
                    "idle": faults, "busy": faults
                },
                "row": {
                    "player": "bare", "mode": "exclusive", "block_frames": 256, "driver": null,
                    "records": true
                },
                "runs": [run(500)],
                "busy": [run(600)],
                "round_trips": [{"frames": 900, "dropouts": {"count": 1, "frames": 20}}],
                "failures": ["alone: it fell"]
            }]
        });
        assert_eq!(found, expected);
    }
}
