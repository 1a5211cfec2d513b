//! The router on simulated cards, in virtual time: sixteen clients with eight channels, eight
//! sources, four sinks, six clocks. JSON on standard output tells what was seen.

mod cards;
mod checked;
mod line;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::process::ExitCode;

use cards::{Machine, SINKS};
use checked::{CLIENTS, Checked, Seen};
use lexopt::prelude::*;
use serde_json::{Value, json};

const HELP: &str = "\
Measures the router's core in virtual time; JSON on standard output tells the figures.

Usage: exact [--seconds N] [--seed N]
";

/// Long enough for the planted fault.
const PLANTED_SECONDS: u64 = 6;

fn arguments() -> Result<(u64, u64), lexopt::Error> {
    let (mut seconds, mut seed) = (3_600, 1);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("seconds") => seconds = parser.value()?.parse()?,
            Long("seed") => seed = parser.value()?.parse()?,
            other => return Err(other.unexpected()),
        }
    }
    Ok((seconds, seed))
}

fn measure(seconds: u64, seed: u64, plants: bool) -> Result<Value, String> {
    let machine = Machine::new(seed, plants)?;
    let (client, left) = Checked::new(seed)?;
    let truth = machine.run(client, seconds, |second| {
        if second % 600 == 0 {
            eprintln!("{second} of {seconds} s");
        }
    })?;
    let seen = left.seen.lock();
    let statuses = left.statuses.lock();
    let late = |client: usize| statuses.get(client).map_or(0, |status| status.late_blocks);
    let late_others: u64 = (0..CLIENTS - 1).map(late).sum();
    let (played, wrong) = truth.with(|truth| {
        let lines = &truth.lines[1..SINKS];
        let frames: u64 = lines.iter().map(|line| line.frames).sum();
        let wrong: u64 = lines.iter().map(|line| line.wrong).sum();
        (frames + truth.master.frames, wrong + truth.master.wrong)
    });
    let incidents = truth.with(|truth| truth.incident_frames);
    Ok(json!({
        "seconds": seconds, "cycles": seen.cycles,
        "sources": told(seen.sources.iter().map(|line| (line.frames, line.wrong))),
        "clients": told(exact_lines(&seen)),
        "heard_by_clients": told(seen.heard.iter().map(|line| (line.frames, line.wrong))),
        "sinks": { "frames": played, "wrong": wrong },
        "sums": seen.sums, "sums_wrong": seen.sums_wrong, "worst_sum": seen.worst_sum,
        "late_on_purpose": late(CLIENTS - 1), "late_others": late_others,
        "incident_frames": incidents,
    }))
}

fn exact_lines(seen: &Seen) -> impl Iterator<Item = (u64, u64)> + '_ {
    let lines = seen.clients.iter().take(CLIENTS - 1).flatten();
    lines.map(|line| (line.frames, line.wrong))
}

/// Frames and wrong ones, of all lines and of the one with the fewest.
fn told(lines: impl Iterator<Item = (u64, u64)>) -> Value {
    let (mut frames, mut wrong, mut fewest) = (0, 0, u64::MAX);
    for (line_frames, line_wrong) in lines {
        frames += line_frames;
        wrong += line_wrong;
        fewest = fewest.min(line_frames);
    }
    json!({ "frames": frames, "wrong": wrong, "fewest": fewest })
}

fn main() -> ExitCode {
    let (seconds, seed) = match arguments() {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("exact: {error}.\n{HELP}");
            return ExitCode::from(2);
        }
    };
    let measured = measure(seconds.max(5), seed, false).and_then(|mut all| {
        let planted = measure(PLANTED_SECONDS, seed, true)?;
        all["planted"] = json!({
            "sources_wrong": planted["sources"]["wrong"],
            "clients_wrong": planted["clients"]["wrong"],
        });
        Ok(all)
    });
    match measured {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("exact: {error}");
            ExitCode::FAILURE
        }
    }
}
