//! What a host notices of devices that come and go, over many scenarios.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rt::Mutex;
use serde_json::{Value, json};

use crate::kept::Kept;
use crate::support::scenario::{self, Outcome};

/// What is to be measured.
pub struct Plan<'a> {
    /// Scenarios, and the seed of the first.
    pub cases: u64,
    pub seed: u64,
    /// How long each is.
    pub seconds: u64,
    /// None is begun after so much real time.
    pub within: Duration,
    /// Where those are kept that are done.
    pub kept: Option<&'a Path>,
}

/// Runs the scenarios on all processors.
pub fn measure(plan: &Plan<'_>) -> Result<Value, String> {
    let begun = Instant::now();
    let seeds = plan.seed..plan.seed + plan.cases;
    let kept = Kept::open(plan.kept, plan.seconds)?;
    let left = seeds
        .clone()
        .filter(|seed| !kept.outcomes.contains_key(seed));
    let left: Vec<u64> = left.collect();
    let next = AtomicUsize::new(0);
    let kept = Mutex::new(kept);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while begun.elapsed() < plan.within {
                    let Some(&seed) = left.get(next.fetch_add(1, Ordering::Relaxed)) else {
                        return;
                    };
                    let outcome = scenario::run(seed, plan.seconds);
                    let mut kept = kept.lock();
                    kept.add(seed, outcome);
                    if kept.outcomes.len().is_multiple_of(100) {
                        eprintln!("{} of {} scenarios", kept.outcomes.len(), plan.cases);
                    }
                }
            });
        }
    });
    let mut kept = kept.lock();
    let outcomes: Vec<Outcome> = seeds
        .filter_map(|seed| kept.outcomes.get(&seed).cloned())
        .collect();
    if outcomes.is_empty() {
        return Err("no scenario ended".to_owned());
    }
    if outcomes.len() as u64 == plan.cases {
        kept.finish();
    }
    Ok(figures(&outcomes, plan.cases, plan.seconds))
}

fn figures(outcomes: &[Outcome], cases: u64, seconds: u64) -> Value {
    let most = |figure: fn(&Outcome) -> f64| outcomes.iter().map(figure).fold(0.0, f64::max);
    let sum = |count: fn(&Outcome) -> u64| outcomes.iter().map(count).sum::<u64>();
    let wrong: Vec<&String> = outcomes.iter().flat_map(|one| &one.wrong).collect();
    let failed = outcomes.iter().filter(|one| !one.wrong.is_empty()).count();
    json!({
        "asked": cases,
        "scenarios": outcomes.len(),
        "seconds_each": seconds,
        "faults": sum(|one| one.faults),
        "gap_periods_max": most(|one| one.gap_periods),
        "back_ms_max": most(|one| one.back_ns[0] as f64 / 1e6),
        "back_new_rate_ms_max": most(|one| one.back_ns[1] as f64 / 1e6),
        "repeated_frames": sum(|one| one.repeated),
        "scenarios_failed": failed,
        // The first of them are enough to look into.
        "wrong": &wrong[..wrong.len().min(20)],
    })
}
