//! The programs that measure, and how they are run.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{cost, program};
use crate::paths::Paths;
use crate::process;
#[cfg(not(windows))]
use crate::suite::stage::Stage;

const LIMIT: Duration = Duration::from_secs(3 * 3600);
/// Drivers that are validated at once. The checks wait most of the time; with many more of them
/// they would wait for the processor, and notice that.
const AT_ONCE: usize = 6;

/// How a figure was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// As the target has it.
    Full,
    /// In short.
    Quick,
    /// Without Wine, by a test of the parts.
    Native,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Form::Full => "full",
            Form::Quick => "quick",
            Form::Native => "native test only",
        })
    }
}

/// What was measured.
pub struct Taken {
    /// As the program told it.
    pub data: Value,
    /// How.
    pub form: Form,
}

/// What measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The program of the simulated card, in virtual time.
    Card(CardRun),
    /// An example of another crate that needs neither Wine nor a device.
    Example(ExampleRun),
    /// The validator on the drivers with planted faults.
    PlantedFaults,
    /// The engine's program of costs.
    Cost,
    /// The driver that counts what its cycle does, under Wine.
    Guard,
    /// Programs in turns on Wine's own sound, up to the sound server's monitor.
    Monitor,
    /// Programs in turns on the simulated card under Wine, beside one that keeps the processor busy.
    Busy,
    /// PortAudio on the simulated card under Wine, while its devices come and go.
    StandIn,
    /// PortAudio on Wine's own sound, while the sound server loses its sink, moves its default and dies.
    SoundServer,
    /// Two of PortAudio's hosts through the router to the simulated card under Wine.
    RouterMix,
    /// The same, while hosts and routers are killed.
    RouterIsolation,
    /// A WASAPI program and a host through the router to a sink of the sound server.
    RouterServer,
    /// A block to a client in another process and back, under Wine.
    RouterHop,
}

/// A crate's example and its arguments. The long form runs optimised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExampleRun {
    /// The crate.
    pub package: &'static str,
    /// The example.
    pub example: &'static str,
    /// The long form's arguments.
    pub full: &'static [&'static str],
    /// The short form's.
    pub quick: &'static [&'static str],
    /// It measures time: both forms run optimised, and the test leaves it alone.
    pub is_timed: bool,
}

impl ExampleRun {
    fn arguments(&self, quick: bool) -> Vec<&'static str> {
        let mut all = vec!["run"];
        if !quick || self.is_timed {
            all.push("--release");
        }
        all.extend(["-p", self.package, "--example", self.example, "--"]);
        all.extend(if quick { self.quick } else { self.full });
        all
    }
}

/// Arguments of the simulated card's program. The long form runs optimised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardRun {
    /// The long form.
    pub full: &'static [&'static str],
    /// The short form.
    pub quick: &'static [&'static str],
}

impl Source {
    /// For messages.
    pub fn name(self) -> &'static str {
        match self {
            Source::Card(_) => "the simulated card's program",
            Source::Example(_) => "the example",
            Source::PlantedFaults => "the validator",
            Source::Cost => "the engine's program of costs",
            Source::Guard => "the driver that counts",
            Source::Monitor => "the run on Wine's own sound",
            Source::Busy => "the run beside a busy program",
            Source::StandIn => "the run with devices that come and go",
            Source::SoundServer => "the run with a sound server that comes and goes",
            Source::RouterMix => "the run of two hosts through the router",
            Source::RouterIsolation => "the run in which hosts and routers are killed",
            Source::RouterServer => "the run of both worlds through the router",
            Source::RouterHop => "the program of hops",
        }
    }

    /// Whether the short form takes seconds and needs nothing but Rust.
    #[cfg(not(windows))]
    pub fn is_cheap(self) -> bool {
        match self {
            Source::Card(_) => true,
            Source::Example(run) => !run.is_timed,
            _ => false,
        }
    }

    /// The programs that measure, as one would type them.
    pub fn commands(self, quick: bool) -> Vec<String> {
        match self {
            Source::Card(run) => {
                let arguments = card_arguments(run, quick);
                vec![format!("cargo {}", arguments.join(" "))]
            }
            Source::Example(run) => vec![format!("cargo {}", run.arguments(quick).join(" "))],
            Source::PlantedFaults => {
                let end = if quick { " --quick" } else { "" };
                vec![format!(
                    "cargo run -p broken-driver --bin validate-broken -- FAULT{end}"
                )]
            }
            Source::Cost => {
                let run = "cargo run --release -p engine --example cost --";
                let [rates, cycles] = cost::rounds(quick);
                vec![
                    format!("{run} rates {rates}"),
                    format!("{run} cycles {cycles}"),
                    "valgrind --tool=callgrind cost loop WAY CLIENT FORMAT CHANNELS FRAMES ROUNDS"
                        .to_owned(),
                ]
            }
            Source::Guard => ["", " --record"]
                .map(|end| {
                    let seconds = guard_seconds(quick);
                    format!("asio-check.exe guard --driver PROFILE --seconds {seconds}{end}")
                })
                .to_vec(),
            Source::Monitor => {
                let seconds = monitor_extent(quick).1;
                vec![
                    "wasapi-client.exe play --how shared --format float32 --input RAW".to_owned(),
                    format!("pa-host.exe play --block 480 --times, {seconds} s each"),
                    "asio-check.exe play --block 480 --times --stall-ms 30".to_owned(),
                ]
            }
            Source::StandIn => vec![
                "simcard-service.exe --config FAULTS".to_owned(),
                "pa-host.exe play --host-api asio --block 480".to_owned(),
            ],
            Source::SoundServer => vec![
                "pactl unload-module, load-module, set-default-sink; kill pulseaudio".to_owned(),
                "pa-host.exe play --host-api asio --block 480".to_owned(),
            ],
            Source::RouterMix => vec![
                "asio2wasapi.exe route".to_owned(),
                "pa-host.exe play --host-api asio --device \"ASIO2WASAPI Router\" --block 64, two at once"
                    .to_owned(),
                "pa-host.exe play --host-api wasapi-shared --device SPARE".to_owned(),
            ],
            Source::RouterIsolation => vec![
                "asio2wasapi.exe route".to_owned(),
                "pa-host.exe play --host-api asio --device \"ASIO2WASAPI Router\"".to_owned(),
                "kill -s KILL CLIENT, and ROUTER".to_owned(),
            ],
            Source::RouterServer => vec![
                "PULSE_SINK=MIX PULSE_SOURCE=PROGRAM.monitor asio2wasapi.exe route".to_owned(),
                "pa-host.exe play --host-api asio --device \"ASIO2WASAPI Router\"".to_owned(),
                "PULSE_SINK=PROGRAM pa-host.exe play --host-api wasapi-shared".to_owned(),
            ],
            Source::RouterHop => vec![format!("hop.exe --rounds {}", hop_rounds(quick))],
            Source::Busy => {
                let (repeats, seconds) = busy_extent(quick);
                vec![format!(
                    "pa-host.exe play --block 64 beside competitor.exe, {repeats} times {seconds} s"
                )]
            }
        }
    }

    /// Measures. `shows`: the programs' own progress is shown.
    pub fn take(self, paths: &Paths, quick: bool, shows: bool) -> Result<Taken> {
        let form = if quick { Form::Quick } else { Form::Full };
        match self {
            Source::Card(run) => {
                let mut command = Command::new("cargo");
                command
                    .args(card_arguments(run, quick))
                    .current_dir(&paths.root);
                let data = program::json(&mut command, shows, LIMIT)?;
                Ok(Taken { data, form })
            }
            Source::Example(run) => {
                let mut command = Command::new("cargo");
                command.args(run.arguments(quick)).current_dir(&paths.root);
                let data = program::json(&mut command, shows, LIMIT)?;
                Ok(Taken { data, form })
            }
            Source::PlantedFaults => {
                let data = planted_faults(paths, quick, shows)?;
                Ok(Taken { data, form })
            }
            Source::Cost => {
                let data = cost::take(paths, quick, shows)?;
                Ok(Taken { data, form })
            }
            Source::Guard => guard(paths, quick, shows),
            Source::Monitor => Ok(Taken {
                data: on_wine::monitor(paths, monitor_extent(quick))?,
                form,
            }),
            Source::StandIn => Ok(Taken {
                data: on_wine::stand_in(paths, quick)?,
                form,
            }),
            Source::SoundServer => Ok(Taken {
                data: on_wine::sound_server(paths, if quick { 1 } else { 10 })?,
                form,
            }),
            Source::RouterMix => Ok(Taken {
                data: on_wine::router_mix(paths, quick)?,
                form,
            }),
            Source::RouterIsolation => Ok(Taken {
                data: on_wine::router_isolation(paths, quick)?,
                form,
            }),
            Source::RouterServer => Ok(Taken {
                data: on_wine::router_server(paths, if quick { 2 } else { 10 })?,
                form,
            }),
            Source::RouterHop => Ok(Taken {
                data: on_wine::router_hop(paths, hop_rounds(quick))?,
                form,
            }),
            Source::Busy => Ok(Taken {
                data: on_wine::busy(paths, busy_extent(quick))?,
                form,
            }),
        }
    }
}

/// How often each program plays, and for how many seconds.
type Extent = (usize, usize);

const fn monitor_extent(quick: bool) -> Extent {
    if quick { (3, 4) } else { (7, 6) }
}

/// The long form makes 450 000 cycles of 64 frames at 48 kHz.
const fn busy_extent(quick: bool) -> Extent {
    if quick { (1, 10) } else { (10, 60) }
}

const fn hop_rounds(quick: bool) -> usize {
    if quick { 500 } else { 20_000 }
}

/// What only Wine can measure.
#[cfg(not(windows))]
mod on_wine {
    use anyhow::{Context, Result};
    use serde_json::Value;

    use super::super::{busy, hop, routed, routed_server, sound_server, stand_in, wine};
    use super::Extent;
    use crate::paths::Paths;
    use crate::setup;

    fn prepare(paths: &Paths) -> Result<()> {
        let done = setup::compiler(paths).and_then(|()| setup::rig(paths));
        done.context("this is measured under Wine only")
    }

    /// In all 200 losses and returns, 200 moves, 50 formats, 100 stalls: in many short runs, so that a busy
    /// machine disturbs few of them.
    pub fn stand_in(paths: &Paths, quick: bool) -> Result<Value> {
        prepare(paths)?;
        let extent = stand_in::Extent {
            runs: if quick { 1 } else { 50 },
            losses: 2,
            moves: 2,
            formats: 1,
            stalls: 1,
        };
        stand_in::measure(paths, extent)
    }

    pub fn sound_server(paths: &Paths, runs: usize) -> Result<Value> {
        prepare(paths)?;
        sound_server::measure(paths, runs)
    }

    /// In all ten mixes, 100 killed clients and 20 killed routers.
    const fn routed_extent(quick: bool) -> routed::Extent {
        routed::Extent {
            mixes: if quick { 2 } else { 10 },
            client_kills: if quick { 20 } else { 100 },
            router_kills: if quick { 2 } else { 20 },
        }
    }

    pub fn router_mix(paths: &Paths, quick: bool) -> Result<Value> {
        prepare(paths)?;
        routed::mix(paths, routed_extent(quick))
    }

    pub fn router_isolation(paths: &Paths, quick: bool) -> Result<Value> {
        prepare(paths)?;
        routed::isolation(paths, routed_extent(quick))
    }

    pub fn router_server(paths: &Paths, runs: usize) -> Result<Value> {
        prepare(paths)?;
        routed_server::measure(paths, runs)
    }

    pub fn router_hop(paths: &Paths, rounds: usize) -> Result<Value> {
        prepare(paths)?;
        hop::measure(paths, rounds)
    }

    pub fn monitor(paths: &Paths, extent: Extent) -> Result<Value> {
        prepare(paths)?;
        wine::measure(paths, extent)
    }

    pub fn busy(paths: &Paths, extent: Extent) -> Result<Value> {
        prepare(paths)?;
        busy::measure(paths, extent)
    }
}

#[cfg(windows)]
mod on_wine {
    use anyhow::{Result, bail};
    use serde_json::Value;

    use super::Extent;
    use crate::paths::Paths;

    pub fn stand_in(_paths: &Paths, _quick: bool) -> Result<Value> {
        bail!("this is measured under Wine only")
    }

    pub fn sound_server(_paths: &Paths, _runs: usize) -> Result<Value> {
        bail!("this is measured under Wine only")
    }

    pub fn router_server(paths: &Paths, runs: usize) -> Result<Value> {
        sound_server(paths, runs)
    }

    pub fn router_hop(paths: &Paths, rounds: usize) -> Result<Value> {
        sound_server(paths, rounds)
    }

    pub fn router_mix(paths: &Paths, quick: bool) -> Result<Value> {
        stand_in(paths, quick)
    }

    pub fn router_isolation(paths: &Paths, quick: bool) -> Result<Value> {
        stand_in(paths, quick)
    }

    pub fn monitor(_paths: &Paths, _extent: Extent) -> Result<Value> {
        bail!("this is measured under Wine only: run it on Linux")
    }

    pub fn busy(paths: &Paths, extent: Extent) -> Result<Value> {
        monitor(paths, extent)
    }
}

fn card_arguments(run: CardRun, quick: bool) -> Vec<&'static str> {
    let mut arguments = vec!["run"];
    if !quick {
        arguments.push("--release");
    }
    arguments.extend(["-p", "simcard", "--example", "claims", "--"]);
    arguments.extend(if quick { run.quick } else { run.full });
    arguments
}

/// How long each case is counted.
pub const fn guard_seconds(quick: bool) -> u64 {
    if quick { 1 } else { 60 }
}

/// Runs the validator on every driver of the fixture.
fn planted_faults(paths: &Paths, quick: bool, shows: bool) -> Result<Value> {
    const BUILD: [&str; 5] = ["build", "-p", "broken-driver", "--bin", "validate-broken"];
    let mut build = Command::new("cargo");
    build.args(BUILD).current_dir(&paths.root);
    let built = program::run(&mut build, shows, LIMIT)?;
    if !built.status.success() {
        bail!("`{}` failed: {}", process::name(&build), built.last_words);
    }
    let name = format!("validate-broken{}", std::env::consts::EXE_SUFFIX);
    let validator = paths.target.join("debug").join(name);
    let expected = program::json(Command::new(&validator).arg("--expected"), false, LIMIT)?;
    let drivers = expected
        .as_object()
        .context("the fixture names no drivers")?;
    let results = validate_all(&validator, drivers, quick, shows)?;
    Ok(json!({ "quick": quick, "drivers": results }))
}

/// Several at once, in the order of the list.
fn validate_all(
    validator: &Path,
    drivers: &Map<String, Value>,
    quick: bool,
    shows: bool,
) -> Result<Vec<Value>> {
    let drivers: Vec<(&String, &Value)> = drivers.iter().collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some((driver, expected)) = drivers.get(place) else {
                return done;
            };
            if shows {
                eprintln!("  validating {driver} ({} of {})", place + 1, drivers.len());
            }
            done.push((place, validate(validator, driver, expected, quick)));
        }
    };
    let mut all = Vec::new();
    thread::scope(|scope| {
        let workers = [(); AT_ONCE].map(|()| scope.spawn(work));
        for worker in workers {
            match worker.join() {
                Ok(done) => all.extend(done),
                Err(_) => all.push((0, Err(anyhow!("a thread of the validation ended early")))),
            }
        }
    });
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, result)| result).collect()
}

/// What the validator says of one driver, beside what it should say.
fn validate(validator: &Path, driver: &str, expected: &Value, quick: bool) -> Result<Value> {
    // The list names drivers as hosts do, the program by their fault.
    let fault = driver.rsplit(' ').next().unwrap_or(driver);
    let mut command = Command::new(validator);
    command.arg(fault);
    if quick {
        command.arg("--quick");
    }
    let report = program::json(&mut command, false, LIMIT)?;
    let checks = report["checks"].as_array();
    let checks = checks.with_context(|| format!("the report on {driver} has no checks"))?;
    let noticed: Map<String, Value> = checks
        .iter()
        .filter(|check| check["outcome"] != "passed")
        .map(|check| {
            let id = check["id"].as_str().unwrap_or_default();
            (id.to_owned(), check["outcome"].clone())
        })
        .collect();
    Ok(json!({
        "driver": driver, "checks": checks.len(), "expected": expected, "noticed": noticed,
    }))
}

/// Under Wine; where it cannot be had, the native test of the same cycle.
#[cfg(not(windows))]
fn guard(paths: &Paths, quick: bool, shows: bool) -> Result<Taken> {
    use crate::setup::{self, NeedsRoot};

    match setup::compiler(paths).and_then(|()| setup::rig(paths)) {
        Ok(()) => Ok(Taken {
            data: super::guarded::all(&mut Stage::new(paths), guard_seconds(quick))?,
            form: if quick { Form::Quick } else { Form::Full },
        }),
        Err(error) if error.is::<NeedsRoot>() => {
            eprintln!("{error}");
            eprintln!("  without Wine only the native test of the cycle can run");
            native_guard(paths, shows)
        }
        Err(error) => Err(error.context("set-up failed")),
    }
}

#[cfg(windows)]
fn guard(paths: &Paths, _quick: bool, shows: bool) -> Result<Taken> {
    native_guard(paths, shows)
}

fn native_guard(paths: &Paths, shows: bool) -> Result<Taken> {
    let mut command = Command::new("cargo");
    command
        .args(["test", "-p", "session", "--test", "real_time"])
        .current_dir(&paths.root);
    let said = program::run(&mut command, shows, LIMIT)?;
    let ran = said.stdout.contains("test result: ok. 1 passed");
    Ok(Taken {
        data: json!({ "native_test_passed": said.status.success() && ran }),
        form: Form::Native,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_form_is_optimised_and_the_command_is_the_one_that_runs() {
        let source = Source::Card(CardRun {
            full: &["exact", "--seconds", "3600"],
            quick: &["exact", "--seconds", "60"],
        });
        let told = "cargo run --release -p simcard --example claims -- exact --seconds 3600";
        assert_eq!(source.commands(false), [told]);
        let told = "cargo run -p simcard --example claims -- exact --seconds 60";
        assert_eq!(source.commands(true), [told]);
        assert!(Source::Guard.commands(true)[0].ends_with("--seconds 1"));
    }
}
