//! One line per step, with the seconds that it took. On standard error: standard output is for
//! results.

use std::time::Instant;

use anyhow::Result;

/// Runs `work` under a line `  what ... 1.2 s`.
pub fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprint!("  {what} ... ");
    let begun = Instant::now();
    let result = work();
    let seconds = begun.elapsed().as_secs_f64();
    match &result {
        Ok(_) => eprintln!("{seconds:.1} s"),
        Err(_) => eprintln!("failed after {seconds:.1} s"),
    }
    result
}

/// A line for something that needed no work.
pub fn note(text: &str) {
    eprintln!("  {text}");
}
