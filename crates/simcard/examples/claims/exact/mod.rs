//! Every frame of every mode against what was written, for hours.

mod capture;
mod exclusive;
mod machine;
mod mixed;

use serde_json::{Value, json};
use simcard::rng::SplitMix64;

const SECOND_NS: u64 = 1_000_000_000;

/// How long and on which machines.
pub struct Plan {
    /// Virtual time of each mode, in seconds, shared by the runs.
    pub seconds: u64,
    /// Machines for each mode.
    pub runs: u64,
    /// Of the first machine; the next has the next number.
    pub seed: u64,
}

/// What was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Frames compared: played by a DAC, or read by a program that records.
    pub checked: u64,
    /// Frames that were not what was written.
    pub wrong: u64,
    /// Frames by which a count was off: gaps, silence that nobody asked for, more or fewer frames
    /// than the clock has.
    pub astray: u64,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.checked += other.checked;
        self.wrong += other.wrong;
        self.astray += other.astray;
    }
}

/// Runs one machine for that many nanoseconds.
type Run = fn(&mut SplitMix64, u64) -> Tally;

const MODES: [(&str, Run); 6] = [
    ("exclusive-event", exclusive::with_events),
    ("exclusive-timer", exclusive::with_a_timer),
    ("shared", mixed::shared),
    ("low-latency", mixed::low_latency),
    ("capture", capture::over_a_cable),
    ("loopback", mixed::loopback),
];

/// All modes, or the one named.
pub fn measure(plan: &Plan, only: Option<&str>) -> Result<Value, String> {
    let wanted = |(name, _): &&(&str, Run)| only.is_none_or(|only| only == *name);
    let modes: Vec<&(&str, Run)> = MODES.iter().filter(wanted).collect();
    if modes.is_empty() {
        let names = MODES.map(|(name, _)| name).join(", ");
        return Err(format!("There is no such mode; there are {names}."));
    }
    let figures: Vec<Value> = modes
        .into_iter()
        .map(|(name, run)| {
            eprintln!(
                "{name}: {} s of sound on {} machines",
                plan.seconds, plan.runs
            );
            let tally = all_runs(plan, name, *run);
            json!({
                "mode": name, "frames_checked": tally.checked, "frames_wrong": tally.wrong,
                "frames_astray": tally.astray,
            })
        })
        .collect();
    let planted = exclusive::with_a_fault(&mut SplitMix64::new(plan.seed));
    Ok(json!({
        "seconds_of_a_mode": plan.seconds, "machines_of_a_mode": plan.runs, "seed": plan.seed,
        "modes": figures,
        "with_a_planted_fault": {
            "frames_wrong": planted.wrong, "frames_astray": planted.astray,
        },
    }))
}

fn all_runs(plan: &Plan, name: &str, run: Run) -> Tally {
    let span_ns = plan.seconds * SECOND_NS / plan.runs;
    let mut sum = Tally::default();
    for seed in plan.seed..plan.seed + plan.runs {
        let tally = run(&mut SplitMix64::derived(seed, name), span_ns);
        if tally.wrong + tally.astray > 0 {
            let seconds = plan.seconds.div_ceil(plan.runs);
            eprintln!(
                "{name}: {tally:?}; repeat with: cargo run -p simcard --example claims -- exact \
                 --mode {name} --seconds {seconds} --runs 1 --seed {seed}"
            );
        }
        sum.add(tally);
    }
    sum
}
