//! `test`: everything that can be checked on this machine, leg by leg.

mod native;
mod scenarios;
mod stage;

use std::io::{IsTerminal, Write};
use std::time::Instant;

use anyhow::{Result, bail};

use crate::interrupt;
use crate::paths::Paths;
use crate::setup;
use stage::Stage;

/// How a leg ended well, or why it could not run.
enum Outcome {
    /// Held. How many checks that were, and what is worth saying.
    Passed { count: u32, detail: String },
    /// Cannot be run here.
    Skipped { why: String },
}

/// One leg that passed, with something to say about it.
fn passed(detail: impl Into<String>) -> Outcome {
    Outcome::Passed {
        count: 1,
        detail: detail.into(),
    }
}

type Work = Box<dyn Fn(&mut Stage<'_>) -> Result<Outcome>>;

/// One leg of the test.
struct Leg {
    name: String,
    work: Work,
}

impl Leg {
    fn new(
        name: impl Into<String>,
        work: impl Fn(&mut Stage<'_>) -> Result<Outcome> + 'static,
    ) -> Leg {
        Leg {
            name: name.into(),
            work: Box::new(work),
        }
    }
}

#[derive(Default)]
struct Tally {
    passed: u32,
    failed: u32,
    skipped: u32,
}

/// Runs the legs whose name contains `filter`. The value says whether all is well.
pub fn run(paths: &Paths, filter: Option<&str>, list_only: bool) -> Result<bool> {
    let mut legs = native::legs();
    legs.extend(scenarios::legs());
    legs.retain(|leg| filter.is_none_or(|wanted| leg.name.contains(wanted)));
    if legs.is_empty() {
        bail!(
            "no leg's name contains `{}`; see --list",
            filter.unwrap_or_default()
        );
    }
    if list_only {
        for leg in &legs {
            println!("{}", leg.name);
        }
        return Ok(true);
    }
    setup::compiler(paths)?;
    setup::rig(paths)?;
    let mut stage = Stage::new(paths);
    let mut tally = Tally::default();
    let begun = Instant::now();
    for leg in &legs {
        run_leg(leg, &mut stage, &mut tally)?;
    }
    drop(stage);
    let Tally {
        passed,
        failed,
        skipped,
    } = tally;
    println!("done in {:.0} s", begun.elapsed().as_secs_f64());
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    Ok(failed == 0 && passed > 0)
}

fn run_leg(leg: &Leg, stage: &mut Stage<'_>, tally: &mut Tally) -> Result<()> {
    // Seen only while it runs: the verdict replaces it on a terminal.
    if std::io::stdout().is_terminal() {
        print!("      {}\r", leg.name);
        let _ = std::io::stdout().flush();
    }
    let begun = Instant::now();
    let outcome = (leg.work)(stage);
    interrupt::check()?;
    let seconds = begun.elapsed().as_secs_f64();
    match outcome {
        Ok(Outcome::Passed { count, detail }) => {
            tally.passed += count;
            println!("PASS  {} ({seconds:.1} s) {detail}", leg.name);
        }
        Ok(Outcome::Skipped { why }) => {
            tally.skipped += 1;
            println!("SKIP  {} ({seconds:.1} s) NOT RUN: {why}", leg.name);
        }
        Err(error) => {
            tally.failed += 1;
            println!("FAIL  {} ({seconds:.1} s) {error:#}", leg.name);
        }
    }
    Ok(())
}
