//! Measures what is claimed of the simulated card and of the driver on it. JSON on standard output;
//! progress on standard error.

mod bare;
mod bits;
mod click;
mod clock;
mod drift;
mod exact;
mod host;
mod kept;
mod latency;
mod reported;
mod tap;

#[path = "../../tests/support/matrix.rs"]
mod matrix;
#[path = "../../tests/support/model.rs"]
mod model;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use lexopt::prelude::*;
use serde_json::Value;

const HELP: &str = "\
Measures the simulated card in virtual time; JSON on standard output tells the figures.

Usage: claims exact|clock|drift|latency|reported|bits|host|click [OPTION]...

  exact      every frame of every mode against what was written
      --seconds N    virtual time of each mode (3600)
      --runs N       machines that share that time, each with other sizes and delays (12)
      --seed N       of the first machine (1)
      --mode NAME    only this mode
  clock      clocks against exact arithmetic over 24 h
      --instants N   compared for each clock (20000)
      --seed N       (1)
  drift      the bridge between two clocks, and its filters
      --quick        minutes instead of a day
      --seed N       of the first run (1)
  latency    frames that the driver adds to a bare client
      --quick        a shorter list of blocks
  reported   the latencies that the driver reports, and those that it has
      --cases N      settings of every kind, drawn (2000)
      --seed N       of the first (1)
  host       what a host notices of devices that come and go
      --cases N      scenarios, drawn (2000)
      --seconds N    how long each is (3600)
      --within N     no scenario is begun after so many seconds of real time (no limit)
      --kept FILE    go on with what a run that was cut has left there
      --seed N       of the first (1)
  click      the click where sound moves to another device
      --cases N      moves of each kind in each mode (2000)
      --seed N       (1)
  bits       every sample through the whole driver, both ways
      --seconds N    virtual time of each format in each mode (3600)
      --runs N       sizes of blocks that share that time (12)
      --seed N       (1)
";

struct Arguments {
    seconds: u64,
    runs: u64,
    seed: u64,
    instants: u64,
    cases: u64,
    mode: Option<String>,
    quick: bool,
    within: Duration,
    kept: Option<PathBuf>,
}

fn parse() -> Result<(String, Arguments), lexopt::Error> {
    let mut parser = lexopt::Parser::from_env();
    let mut what = None;
    let mut arguments = Arguments {
        seconds: 3_600,
        runs: 12,
        seed: 1,
        instants: 20_000,
        cases: 2_000,
        mode: None,
        quick: false,
        within: Duration::MAX,
        kept: None,
    };
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => what = Some("help".to_owned()),
            Long("seconds") => arguments.seconds = parser.value()?.parse()?,
            Long("runs") => arguments.runs = parser.value()?.parse()?,
            Long("seed") => arguments.seed = parser.value()?.parse()?,
            Long("instants") => arguments.instants = parser.value()?.parse()?,
            Long("within") => {
                arguments.within = Duration::from_secs(parser.value()?.parse()?);
            }
            Long("kept") => arguments.kept = Some(parser.value()?.into()),
            Long("cases") => arguments.cases = parser.value()?.parse()?,
            Long("mode") => arguments.mode = Some(parser.value()?.string()?),
            Long("quick") => arguments.quick = true,
            Value(given) if what.is_none() => what = Some(given.string()?),
            other => return Err(other.unexpected()),
        }
    }
    Ok((what.unwrap_or_else(|| "help".to_owned()), arguments))
}

fn measure(what: &str, arguments: &Arguments) -> Result<Value, String> {
    match what {
        "exact" => {
            let plan = exact::Plan {
                seconds: arguments.seconds.max(1),
                runs: arguments.runs.max(1),
                seed: arguments.seed,
            };
            exact::measure(&plan, arguments.mode.as_deref())
        }
        "clock" => clock::measure(arguments.instants.max(1), arguments.seed),
        "drift" => drift::measure(&drift::Plan::new(arguments.quick, arguments.seed)),
        "latency" => latency::measure(arguments.quick),
        "reported" => reported::measure(arguments.cases.max(1), arguments.seed),
        "host" => host::measure(&host::Plan {
            cases: arguments.cases.max(1),
            seconds: arguments.seconds.max(10),
            seed: arguments.seed,
            within: arguments.within,
            kept: arguments.kept.as_deref(),
        }),
        "click" => click::measure(arguments.cases.max(1), arguments.seed),
        "bits" => bits::measure(&bits::Plan {
            seconds: arguments.seconds.max(1),
            runs: arguments.runs.max(1),
            seed: arguments.seed,
        }),
        other => Err(format!(
            "There is nothing to measure by the name `{other}`."
        )),
    }
}

fn main() -> ExitCode {
    let (what, arguments) = match parse() {
        Ok(parsed) => parsed,
        Err(error) => {
            eprintln!("claims: {error}. `claims --help` says what there is.");
            return ExitCode::from(2);
        }
    };
    if what == "help" {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match measure(&what, &arguments) {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("claims: {error}");
            ExitCode::FAILURE
        }
    }
}
