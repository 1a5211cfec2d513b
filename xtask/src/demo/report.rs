//! The demo's results as a table for people and as JSON.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use super::{BLOCK_FRAMES, Run};
use crate::rig::playback::HostReport;
use crate::sound::compare::Comparison;
use crate::sound::wav;

#[derive(Serialize)]
struct Entry<'a> {
    driver: &'a str,
    material: &'a str,
    sink: String,
    rate_hz: u32,
    channels: u16,
    block_frames: u32,
    tolerance_lsb: u32,
    is_good: bool,
    tries: Option<u32>,
    error: Option<String>,
    comparison: Option<&'a Comparison>,
    host: Option<&'a HostReport>,
    recording: Option<String>,
}

/// Writes `report.json` and the recordings.
pub fn write(folder: &Path, runs: &[Run]) -> Result<()> {
    let mut entries = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let recording = format!("recorded-{}.wav", index + 1);
        if let Ok(played) = &run.played {
            wav::write(&folder.join(&recording), &played.recorded)?;
        }
        entries.push(entry(run, recording));
    }
    let path = folder.join("report.json");
    let text = serde_json::to_string_pretty(&entries)?;
    fs::write(&path, text + "\n").with_context(|| format!("cannot write {}", path.display()))
}

fn entry(run: &Run, recording: String) -> Entry<'_> {
    let played = run.played.as_ref().ok();
    Entry {
        driver: run.plan.driver,
        material: run.plan.format.name(),
        sink: run.sink.name(),
        rate_hz: run.sent.rate_hz,
        channels: run.sent.channels,
        block_frames: BLOCK_FRAMES,
        tolerance_lsb: run.plan.tolerance_lsb,
        is_good: run.is_good(),
        error: run.played.as_ref().err().map(|error| format!("{error:#}")),
        tries: played.map(|played| played.tries.count),
        comparison: played.map(|played| &played.comparison),
        host: played.map(|played| &played.host),
        recording: played.map(|_| recording),
    }
}

/// Prints the table and where the rest is.
pub fn print_table(folder: &Path, runs: &[Run]) {
    println!();
    println!(
        "  {:22} {:8} {:10} {:>8} {:>8}  {:16} {:>8} {:>8} {:>17}",
        "driver",
        "material",
        "sink",
        "played",
        "found",
        "first difference",
        "dropouts",
        "latency",
        "callback p50/p99"
    );
    for run in runs {
        println!("  {}", line(run));
    }
    println!();
    for run in runs {
        match &run.played {
            Err(error) => println!("  {}: {error:#}", run.plan.driver),
            Ok(played) => {
                let remark = match run.is_good() {
                    true => played.tries.remark(),
                    false => Some(played.tries.testimony().to_string()),
                };
                if let Some(remark) = remark {
                    println!(
                        "  {}, {}: {remark}",
                        run.plan.driver,
                        run.plan.format.name()
                    );
                }
            }
        }
    }
    println!("  details: {}", folder.join("report.json").display());
    println!("  picture: {}", folder.join("report.svg").display());
}

/// Prints the last line.
pub fn print_verdict(runs: &[Run]) {
    println!("\n{}", verdict(runs));
}

fn line(run: &Run) -> String {
    let begin = format!(
        "{:22} {:8} {:10}",
        run.plan.driver,
        run.plan.format.name(),
        run.sink.pulse_format()
    );
    let Ok(played) = &run.played else {
        return format!("{begin} FAILED");
    };
    let found = &played.comparison;
    let difference = match found.first_difference {
        None => "none: bit-exact".to_owned(),
        Some(_) if found.is_complete() => format!("at most {} LSB", found.max_error_lsb),
        Some(frame) => format!("frame {frame}"),
    };
    let rate = f64::from(run.sent.rate_hz);
    let latency_ms = played.host.reported_output_latency_frames as f64 * 1000.0 / rate;
    let intervals = played
        .host
        .callback_interval_us
        .map_or_else(String::new, |interval| {
            format!(
                "{:.1} / {:.1} ms",
                interval.p50 / 1000.0,
                interval.p99 / 1000.0
            )
        });
    format!(
        "{begin} {:>8} {:>8}  {difference:16} {:>8} {latency_ms:>5.1} ms {intervals:>17}",
        found.frames_played, found.frames_found, found.dropouts,
    )
}

fn verdict(runs: &[Run]) -> String {
    let bad = runs.iter().filter(|run| !run.is_good()).count();
    if bad > 0 {
        return format!(
            "NOT GOOD: {bad} of {} runs lost or changed sound",
            runs.len()
        );
    }
    let exact = runs.iter().filter(|run| {
        run.played
            .as_ref()
            .is_ok_and(|played| played.comparison.is_exact())
    });
    format!(
        "ALL GOOD: every frame of {} runs arrived, {} of them bit-exact",
        runs.len(),
        exact.count()
    )
}
