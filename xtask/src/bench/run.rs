//! All runs, interleaved.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, anyhow, ensure};

use super::outcome::Outcome;
use super::results::{self, Circumstances};
use super::rows::{self, Row};
use super::{Request, duplex, installed, measure, table};
use crate::paths::{DEFAULT_TARGET, Paths};
use crate::progress;
use crate::prove::{book, calendar};
use crate::rig::Rig;
use crate::rig::places::{self, Backend};
use crate::{build, interrupt, process, setup};

/// Starting and ending a program and a card takes about so long.
const START_SECONDS: usize = 4;

/// What a run does.
#[derive(Clone, Copy)]
enum Kind {
    /// Plays on an otherwise idle machine.
    Idle,
    /// Plays beside a program that keeps the processor busy.
    Busy,
    /// Plays and records.
    RoundTrip,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Idle => "alone",
            Kind::Busy => "beside a busy program",
            Kind::RoundTrip => "round trip",
        }
    }

    /// Seconds of sound.
    fn seconds(self, request: &Request) -> usize {
        match self {
            Kind::Idle | Kind::Busy => request.seconds(),
            Kind::RoundTrip => duplex::SECONDS,
        }
    }
}

/// The runs of a row.
fn kinds(row: &Row) -> &'static [Kind] {
    match row.records {
        true => &[Kind::Idle, Kind::Busy, Kind::RoundTrip],
        false => &[Kind::Idle, Kind::Busy],
    }
}

/// Measures and writes `bench.md`, `bench.json` and `bench.svg`.
///
/// # Errors
/// Set-up or a build fails, a driver that was asked for is not there, no run comes to its end, or a
/// result cannot be written.
pub fn run(paths: &Paths, request: &Request) -> Result<()> {
    installed::find(&request.driver_dlls)?;
    setup::compiler(paths)?;
    setup::rig(paths)?;
    let mut circumstances = circumstances(paths, request)?;
    let outcomes = prepare_and_measure(paths, request)?;
    circumstances.load[1] = load();
    let is_measured = outcomes.iter().any(|outcome| !outcome.runs.is_empty());
    ensure!(is_measured, "no run came to its end: {}", why(&outcomes));
    let usual = paths.root.join("docs").join("bench");
    let folder = request.output.as_deref().unwrap_or(&usual);
    results::write(folder, &circumstances, &outcomes)?;
    println!("{}", table::latency(&outcomes));
    println!("{}", table::reliability(&outcomes));
    println!("written to {}", folder.display());
    Ok(())
}

fn prepare_and_measure(paths: &Paths, request: &Request) -> Result<Vec<Outcome>> {
    build::rig_programs(paths)?;
    let driver = build::product(paths, DEFAULT_TARGET, true)?.join("asio2wasapi.dll");
    let card = build::card(paths)?;
    let mut rig = Rig::start(paths)?;
    let wine = rig.wine(Backend::Card)?;
    wine.register(&card.join("simcard_wasapi.dll"), true)?;
    wine.register(&driver, true)?;
    let registered = installed::register(&mut rig, &request.driver_dlls);
    let outcomes = registered.and_then(|()| measure_all(&mut rig, &card, request));
    // The next bench shall find the machine as this one did.
    let unregistered = installed::unregister(&mut rig, &request.driver_dlls);
    let outcomes = outcomes?;
    unregistered?;
    Ok(outcomes)
}

fn measure_all(rig: &mut Rig<'_>, card: &Path, request: &Request) -> Result<Vec<Outcome>> {
    let drivers = progress::step("asking the ASIO drivers for their channels", || {
        installed::list(rig, card)
    })?;
    let rows = rows::all(&drivers, &request.drivers).map_err(|why| anyhow!(why))?;
    progress::note(&announcement(&rows, request));
    let mut outcomes: Vec<Outcome> = rows.into_iter().map(Outcome::new).collect();
    for repeat in 1..=request.repeats {
        for outcome in &mut outcomes {
            for kind in kinds(&outcome.row) {
                let (name, way) = (outcome.row.name(), kind.name());
                let what = format!("{repeat}/{}: {name}, {way}", request.repeats);
                let done = progress::step(&what, || one(rig, card, request, outcome, *kind));
                // A run that fails is told of in the results, an interrupted bench has none.
                interrupt::check()?;
                if let Err(error) = done {
                    outcome.failures.push(format!("{way}: {error:#}"));
                }
            }
        }
    }
    Ok(outcomes)
}

fn one(
    rig: &mut Rig<'_>,
    card: &Path,
    request: &Request,
    outcome: &mut Outcome,
    kind: Kind,
) -> Result<()> {
    let seconds = kind.seconds(request);
    match kind {
        Kind::Idle => {
            let taken = measure::measure(rig, card, &outcome.row, seconds, false)?;
            outcome.runs.push(taken);
        }
        Kind::Busy => {
            let taken = measure::measure(rig, card, &outcome.row, seconds, true)?;
            outcome.busy.push(taken);
        }
        Kind::RoundTrip => {
            let found = duplex::measure(rig, card, &outcome.row)?;
            outcome.round_trips.push(found);
        }
    }
    Ok(())
}

/// What is to come, and about how long it takes.
fn announcement(rows: &[Row], request: &Request) -> String {
    let all = || rows.iter().flat_map(kinds);
    let (runs, seconds) = (
        all().count(),
        all()
            .map(|kind| kind.seconds(request) + START_SECONDS)
            .sum::<usize>(),
    );
    let minutes = (seconds * request.repeats).div_ceil(60);
    format!(
        "{} rows, {} runs in all: about {minutes} min",
        rows.len(),
        runs * request.repeats
    )
}

fn why(outcomes: &[Outcome]) -> &str {
    let first = outcomes.iter().find_map(|outcome| outcome.failures.first());
    first.map_or("there was none", String::as_str)
}

fn circumstances(paths: &Paths, request: &Request) -> Result<Circumstances> {
    let said = Command::new(places::wine_loader()?)
        .arg("--version")
        .output()
        .context("Wine does not tell its version")?;
    Ok(Circumstances {
        command: command(request),
        date: calendar::today(),
        commit: book::commit(paths),
        wine: String::from_utf8_lossy(&said.stdout).trim().to_owned(),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        load: [load(); 2],
        real_time: !process::real_time().is_empty(),
        repeats: request.repeats,
        seconds: request.seconds(),
    })
}

/// What makes it again.
fn command(request: &Request) -> String {
    let (repeats, minutes) = (request.repeats, request.minutes);
    let mut command = format!("cargo xtask bench --repeats {repeats} --minutes {minutes}");
    for name in &request.drivers {
        command += &format!(" --driver \"{name}\"");
    }
    for dll in &request.driver_dlls {
        // Where it is on this machine helps nobody.
        let name = dll.file_name().unwrap_or_default().to_string_lossy();
        command += &format!(" --driver-dll \"{name}\"");
    }
    command
}

/// The system's own average of the last minute; 0 where it tells none.
fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = text.split_whitespace().next();
    first.and_then(|word| word.parse().ok()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::super::rows::tests::usual;
    use super::*;

    #[test]
    fn the_announcement_counts_all_runs() {
        let mut rows = usual();
        rows.truncate(3);
        let request = Request::default();
        // Ours cannot record: 3 x 12 s twice, 2 x 3 s, and 8 starts, five times.
        let seconds = 5 * (3 * 2 * 12 + 2 * duplex::SECONDS + 8 * START_SECONDS);
        let expected = format!("3 rows, 40 runs in all: about {} min", seconds.div_ceil(60));
        assert_eq!(announcement(&rows, &request), expected);
    }

    #[test]
    fn the_command_names_the_drivers_of_others() {
        let request = Request {
            drivers: vec!["Their Driver".to_owned()],
            driver_dlls: vec!["/somewhere/their.dll".into()],
            ..Request::default()
        };
        let expected = "cargo xtask bench --repeats 5 --minutes 1 --driver \"Their Driver\" \
                        --driver-dll \"their.dll\"";
        assert_eq!(command(&request), expected);
    }
}
