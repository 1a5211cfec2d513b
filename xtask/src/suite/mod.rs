//! `test`: everything that can be checked on this machine, leg by leg.

mod native;
mod scenarios;
pub mod stage;

use std::io::{IsTerminal, Write};
use std::time::Instant;

use anyhow::{Result, bail};

use crate::interrupt;
use crate::paths::Paths;
use crate::rig::witness::Words;
use crate::setup::{self, NeedsRoot, Unavailable};
use stage::Stage;

/// A leg that passed.
struct Passed {
    /// How many checks that were.
    count: u32,
    /// What is worth saying.
    detail: String,
}

/// One check that passed, with something to say about it.
fn passed(detail: impl Into<String>) -> Passed {
    Passed {
        count: 1,
        detail: detail.into(),
    }
}

type Work = Box<dyn Fn(&mut Stage<'_>) -> Result<Passed>>;

/// What must be there before a leg can run. Each needs what those before it need.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Needs {
    /// Nothing but Rust.
    Rust,
    /// What set-up prepares.
    SetUp,
    /// Wine for 32-bit programs, which is prepared only when it is asked for.
    Wine32,
}

/// What a filter must have in it to ask for it.
const ASKS_FOR_WINE_32: &str = "32-bit";

/// One leg of the test.
struct Leg {
    name: String,
    needs: Needs,
    work: Work,
}

impl Leg {
    fn new(
        name: impl Into<String>,
        work: impl Fn(&mut Stage<'_>) -> Result<Passed> + 'static,
    ) -> Leg {
        Leg {
            name: name.into(),
            needs: Needs::SetUp,
            work: Box::new(work),
        }
    }

    /// Runs with nothing but Rust.
    fn with_rust_alone(self) -> Leg {
        Leg {
            needs: Needs::Rust,
            ..self
        }
    }

    /// Runs 32-bit programs in Wine.
    fn with_wine_32(self) -> Leg {
        Leg {
            needs: Needs::Wine32,
            ..self
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
    let lacking = lacking(paths, &legs)?;
    let lacking_32 = match &lacking {
        None => lacking_32(paths, &legs, filter)?,
        Some(_) => lacking.clone(),
    };
    let mut stage = Stage::new(paths);
    let mut tally = Tally::default();
    let begun = Instant::now();
    let mut undecided = Vec::new();
    for leg in &legs {
        let why = match leg.needs {
            Needs::Rust => None,
            Needs::SetUp => lacking.as_deref(),
            Needs::Wine32 => lacking_32.as_deref(),
        };
        match why {
            Some(why) => {
                tally.skipped += 1;
                println!("SKIP  {} NOT RUN: {why}", leg.name);
            }
            None => match run_leg(leg, &mut stage)? {
                Verdict::None => undecided.push(leg),
                verdict => tally.count(&verdict),
            },
        }
    }
    for leg in undecided {
        tally.count(&run_leg(leg, &mut stage)?);
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

/// Sets up what the legs need. The value says what is missing when only root could do it.
fn lacking(paths: &Paths, legs: &[Leg]) -> Result<Option<String>> {
    if !legs.iter().any(|leg| leg.needs > Needs::Rust) {
        return Ok(None);
    }
    match setup::compiler(paths).and_then(|()| setup::rig(paths)) {
        Ok(()) => Ok(None),
        Err(error) if error.is::<NeedsRoot>() => {
            println!("{error}");
            Ok(Some("packages are missing, see above".to_owned()))
        }
        Err(error) => Err(error.context("set-up failed")),
    }
}

/// Sets up what 32-bit programs need, if they are asked for. The value says why they cannot run.
fn lacking_32(paths: &Paths, legs: &[Leg], filter: Option<&str>) -> Result<Option<String>> {
    if !legs.iter().any(|leg| leg.needs == Needs::Wine32) {
        return Ok(None);
    }
    if !filter.is_some_and(|filter| filter.contains(ASKS_FOR_WINE_32)) {
        let how = format!("only when asked for: `cargo xtask test {ASKS_FOR_WINE_32}`");
        return Ok(Some(how));
    }
    match setup::wine_32(paths) {
        Ok(()) => Ok(None),
        Err(error) if error.is::<Unavailable>() => Ok(Some(error.to_string())),
        Err(error) => Err(error.context("set-up failed")),
    }
}

/// What came of a leg.
enum Verdict {
    /// So many checks passed.
    Passed(u32),
    Failed,
    /// The machine was too busy to tell.
    None,
}

impl Tally {
    fn count(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Passed(count) => self.passed += count,
            Verdict::Failed | Verdict::None => self.failed += 1,
        }
    }
}

fn run_leg(leg: &Leg, stage: &mut Stage<'_>) -> Result<Verdict> {
    // Seen only while it runs: the verdict replaces it on a terminal.
    if std::io::stdout().is_terminal() {
        print!("      {}\r", leg.name);
        let _ = std::io::stdout().flush();
    }
    let begun = Instant::now();
    let outcome = (leg.work)(stage);
    interrupt::check()?;
    let seconds = begun.elapsed().as_secs_f64();
    Ok(match outcome {
        Ok(Passed { count, detail }) => {
            println!("PASS  {} ({seconds:.1} s) {detail}", leg.name);
            Verdict::Passed(count)
        }
        Err(error) => {
            let words = error.downcast_ref::<Words>();
            let is_undecided = words.is_some_and(Words::is_no_verdict);
            let word = if is_undecided { "NONE" } else { "FAIL" };
            println!("{word}  {} ({seconds:.1} s) {error:#}", leg.name);
            match is_undecided {
                true => Verdict::None,
                false => Verdict::Failed,
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_undecided_in_the_end_has_failed() {
        let mut tally = Tally::default();
        for verdict in [Verdict::Passed(3), Verdict::None, Verdict::Failed] {
            tally.count(&verdict);
        }
        assert_eq!((tally.passed, tally.failed), (3, 2));
    }
}
