//! The project's one door: `cargo xtask setup | build | demo | test | bench | prove | tidy`.
//!
//! On Linux it owns a rig: a private sound server, private Wine prefixes and the programs that run
//! in them, all below the target directory. On Windows it builds and tests natively.

mod bench;
mod build;
mod interrupt;
mod layers;
mod paths;
mod process;
mod prove;
mod sound;
mod tidy;

#[cfg(not(windows))]
mod captured;
#[cfg(not(windows))]
mod demo;
#[cfg(not(windows))]
mod progress;
#[cfg(not(windows))]
mod rig;
#[cfg(not(windows))]
mod routed;
#[cfg(not(windows))]
mod setup;
#[cfg(not(windows))]
mod suite;
#[cfg(windows)]
mod windows;

#[cfg(windows)]
use windows::{demo, setup, suite};

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use lexopt::prelude::*;

use crate::build::BuildRequest;
use crate::paths::Paths;

const HELP: &str = "\
Set up, build, demonstrate and test asio2wasapi.

Usage: cargo xtask COMMAND [OPTION]...

Commands:
  setup             Install and prepare what is missing: the Windows compiler, Wine, a sound
                    server, an ASIO program to test with. Safe to repeat; says what it does.
  build             Build the driver and the programs into target/dist/TARGET.
      --target T      instead of x86_64-pc-windows-gnu (on Windows: this machine's own target)
      --release       optimised
  demo [FILE.wav]   Play a tune, or your file, through the driver with a real ASIO program,
                    record what arrives and compare it sample by sample.
                    Leaves report.json, report.svg and the recordings in target/demo.
  test [FILTER]     Format, lints, layers, unit tests, then the driver under Wine.
                    With FILTER: only the legs whose name contains it (see --list).
                    The legs of 32-bit programs run only with the filter 32-bit: they fetch 170 MB,
                    take 2 GB of disk and some three minutes.
      --list          name the legs and stop
  bench             Side by side on the simulated card, in real time: a bare WASAPI program,
                    PortAudio's WASAPI, and the driver: latency, round trip, processor time, and
                    dropouts alone and beside a busy program. Written to docs/bench.
      --repeats N     how often each is run; the median counts (5)
      --minutes N     how long each plays in all its runs, alone and again beside a busy
                      program (1)
      --quick         3 repeats and 0.15 minutes
      --driver NAME   rows for another 64-bit ASIO driver, by the name that hosts list; may be
                      repeated. Run its installer with WINEPREFIX=target/rig/prefix-card, or
      --driver-dll F  register its DLL for the time of the bench; may be repeated
      --output DIR    instead of docs/bench
  prove [CLAIM]...  Measure what the project promises, or only these claims; exit status 1 when
                    one falls short.
      --list          tell the claims, their targets and last figures, and measure nothing
      --quick         the short form, where there is one
      --json          one JSON object on standard output
      --write         keep the figures in docs/claims.json and make docs/claims.md of it
  tidy              Only the checks that need no running driver.
  help              Print this text.

Everything that is started is stopped again, also on Ctrl-C. Your own Wine prefix, sound server
and home folder are never touched. All files are below target/ (or CARGO_TARGET_DIR).

Exit status: 0 all is well, 1 something failed, 2 wrong usage, 130 interrupted.

Examples:
  cargo xtask demo                 from a fresh clone to sound, with a verdict
  cargo xtask demo song.wav        the same with your own file
  cargo xtask test shared          only what concerns shared mode
  cargo xtask prove added-latency  what the driver adds to the bare device, in frames
";

enum Command {
    Help,
    Setup,
    Build(BuildRequest),
    Demo(Option<PathBuf>),
    Test {
        filter: Option<String>,
        list_only: bool,
    },
    Bench(bench::Request),
    Prove(prove::Request),
    Tidy,
}

fn parse() -> Result<Command, lexopt::Error> {
    let mut args = lexopt::Parser::from_env();
    let name = match args.next()? {
        None | Some(Short('h') | Long("help")) => return Ok(Command::Help),
        Some(Value(name)) => name.string()?,
        Some(other) => return Err(other.unexpected()),
    };
    let mut build = BuildRequest::default();
    let mut value = None;
    let mut list_only = false;
    let mut bench = bench::Request::default();
    let mut prove = prove::Request::default();
    while let Some(arg) = args.next()? {
        match (name.as_str(), arg) {
            (_, Short('h') | Long("help")) => return Ok(Command::Help),
            ("build", Long("target")) => build.target = Some(args.value()?.string()?),
            ("build", Long("release")) => build.release = true,
            ("test", Long("list")) => list_only = true,
            ("bench", Long("quick")) => bench.shorten(),
            ("bench", Long("repeats")) => bench.repeats = args.value()?.parse()?,
            ("bench", Long("minutes")) => bench.minutes = args.value()?.parse()?,
            ("bench", Long("driver")) => bench.drivers.push(args.value()?.string()?),
            ("bench", Long("driver-dll")) => bench.driver_dlls.push(args.value()?.into()),
            ("bench", Long("output")) => bench.output = Some(args.value()?.into()),
            ("prove", Long("list")) => prove.list_only = true,
            ("prove", Long("quick")) => prove.quick = true,
            ("prove", Long("json")) => prove.json = true,
            ("prove", Long("write")) => prove.write = true,
            ("prove", Value(id)) => prove.ids.push(id.string()?),
            ("demo" | "test", Value(given)) if value.is_none() => value = Some(given),
            (_, other) => return Err(other.unexpected()),
        }
    }
    Ok(match name.as_str() {
        "help" => Command::Help,
        "setup" => Command::Setup,
        "build" => Command::Build(build),
        "demo" => Command::Demo(value.map(PathBuf::from)),
        "test" => Command::Test {
            filter: value.map(|v| v.string()).transpose()?,
            list_only,
        },
        "bench" => {
            bench.check()?;
            Command::Bench(bench)
        }
        "prove" => {
            prove.check()?;
            Command::Prove(prove)
        }
        "tidy" => Command::Tidy,
        other => return Err(format!("there is no command `{other}`").into()),
    })
}

/// Runs a command. `Ok(false)` means that it ran to its end and its verdict is bad.
fn run(command: Command) -> Result<bool> {
    if matches!(command, Command::Help) {
        print!("{HELP}");
        return Ok(true);
    }
    interrupt::install()?;
    let paths = Paths::find()?;
    match command {
        Command::Help => Ok(true),
        Command::Setup => setup::run(&paths).map(|()| true),
        Command::Build(request) => build::run(&paths, &request).map(|()| true),
        Command::Demo(file) => demo::run(&paths, file.as_deref()),
        Command::Test { filter, list_only } => suite::run(&paths, filter.as_deref(), list_only),
        Command::Bench(request) => bench::run(&paths, &request).map(|()| true),
        Command::Prove(request) => prove::run(&paths, &request),
        Command::Tidy => tidy::run(&paths),
    }
}

fn main() -> ExitCode {
    let command = match parse() {
        Ok(command) => command,
        Err(error) => {
            eprintln!("xtask: {error}. `cargo xtask help` says what there is.");
            return ExitCode::from(2);
        }
    };
    match run(command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            if interrupt::pending() {
                ExitCode::from(130)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}
