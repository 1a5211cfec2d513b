//! What a host notices of devices that come and go, over many scenarios.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rt::Mutex;
use serde_json::{Value, json};

use crate::support::scenario::{self, Outcome};

/// That many scenarios of that length, on all processors. None is begun after so many seconds of real
/// time.
pub fn measure(cases: u64, seconds: u64, seed: u64, within: Duration) -> Result<Value, String> {
    let begun = Instant::now();
    let next = AtomicU64::new(seed);
    let done = Mutex::new(Vec::new());
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let case = next.fetch_add(1, Ordering::Relaxed);
                    if case >= seed + cases || begun.elapsed() >= within {
                        return;
                    }
                    let outcome = scenario::run(case, seconds);
                    let mut done = done.lock();
                    done.push(outcome);
                    if done.len() % 100 == 0 {
                        eprintln!("{} of {cases} scenarios", done.len());
                    }
                }
            });
        }
    });
    let outcomes = std::mem::take(&mut *done.lock());
    if outcomes.is_empty() {
        return Err("no scenario ended".to_owned());
    }
    Ok(figures(&outcomes, cases, seconds))
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
