//! The driver that counts what its cycle does, under Wine: in every mode of the simulated card and of
//! Wine's own devices.

mod cases;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::captured::Running;
use crate::rig::card::{Report, Service};
use crate::rig::places::{self, Backend};
use crate::rig::server::Sink;
use crate::sound::raw::RawFormat;
use crate::suite::stage::Stage;
use cases::{ROUNDS, Round, WAYS, Way};

const BACKENDS: [Backend; 3] = [Backend::Card, Backend::Pulse, Backend::Alsa];
const SINK: Sink = Sink {
    format: RawFormat::Int32,
    rate_hz: 48_000,
    channels: 2,
};
/// Beyond the run: start, planted faults, end.
const MARGIN: Duration = Duration::from_secs(60);

/// What the driver counted in each case in so many seconds without and in some more with planted faults.
/// The driver that does not count takes the other's place again in the end.
///
/// # Errors
/// A build or a program fails, or the card saw another mode than the one that was wanted.
pub fn all(stage: &mut Stage<'_>, seconds: u64) -> Result<Value> {
    let guarded = stage.guarded_driver()?;
    let card = stage.card()?;
    let product = stage.product()?.join("asio2wasapi.dll");
    let config = stage.paths.rig().join("guarded.toml");
    let counted = register(stage, &guarded, &config).and_then(|()| {
        ROUNDS
            .iter()
            .map(|round| count(stage, &card, &config, round, seconds))
            .collect()
    });
    restore(stage, &guarded, &product)?;
    let counted: Vec<Vec<Value>> = counted?;
    Ok(json!({ "seconds": seconds, "cases": counted.concat() }))
}

/// The configuration's drivers take the place of the others; which profiles it has stays the same in all
/// rounds.
fn register(stage: &mut Stage<'_>, guarded: &Path, config: &Path) -> Result<()> {
    for backend in BACKENDS {
        let file = config_of(config, backend);
        write(&file, &cases::configuration(&ROUNDS[0], backend))?;
        let rig = stage.rig_with_driver(backend)?;
        rig.wine(backend)?.register_as(guarded, &file)?;
    }
    Ok(())
}

fn restore(stage: &mut Stage<'_>, guarded: &Path, product: &Path) -> Result<()> {
    for backend in BACKENDS {
        let wine = stage.rig()?.wine(backend)?;
        wine.register(guarded, false)?;
        wine.register(product, true)?;
    }
    Ok(())
}

fn config_of(config: &Path, backend: Backend) -> PathBuf {
    config.with_extension(format!("{backend:?}.toml").to_lowercase())
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// One round: all modes at once.
fn count(
    stage: &mut Stage<'_>,
    card: &Path,
    config: &Path,
    round: &Round,
    seconds: u64,
) -> Result<Vec<Value>> {
    eprintln!("  {}: counting for {seconds} s", round.name);
    for backend in BACKENDS {
        write(
            &config_of(config, backend),
            &cases::configuration(round, backend),
        )?;
    }
    let rig = stage.rig()?;
    rig.use_sink(SINK)?;
    let service = Service::start_as(rig, card, Some(&cases::cards()))?;
    let sheets = run(stage, config, round, seconds);
    let (report, _) = service.finish(stage.rig()?, card)?;
    let sheets = sheets?;
    for (way, sheet) in &sheets {
        if sheet["clean"].is_object() {
            check(way, round, sheet, &report)?;
        }
    }
    Ok(sheets
        .into_iter()
        .map(|(way, sheet)| told(way, round, sheet))
        .collect())
}

fn run(
    stage: &mut Stage<'_>,
    config: &Path,
    round: &Round,
    seconds: u64,
) -> Result<Vec<(&'static Way, Value)>> {
    let program = stage.programs()?.join("asio-check.exe");
    let paths = stage.paths;
    let mut running = Vec::new();
    for way in WAYS.iter().filter(|way| way.takes_part_in(round)) {
        let wine = stage.rig()?.wine(way.backend)?;
        let mut command = wine.command_to(&program, SINK);
        let file = config_of(config, way.backend);
        command.env("ASIO2WASAPI_CONFIG", places::windows_path(&file));
        command.args(["guard", "--driver", &way.driver()]);
        command.args(["--seconds", &seconds.to_string()]);
        if round.records {
            command.arg("--record");
        }
        let name = format!("prove-guard-{:?}-{}", way.backend, way.mode).to_lowercase();
        running.push((
            way,
            Running::start(&mut command, &places::logs(paths).join(name))?,
        ));
    }
    let limit = Duration::from_secs(seconds) + MARGIN;
    let sheets = running.into_iter().map(|(way, running)| {
        let output = running.finish(limit)?;
        // A driver that is not clean ends with an error, and tells its counts all the same.
        let sheet = serde_json::from_str(output.stdout.trim()).with_context(|| {
            let words = output.last_words();
            format!("{} told no counts, {}: {words}", way.mode, output.status)
        })?;
        Ok((way, sheet))
    });
    sheets.collect()
}

/// The card must have seen the mode, in all directions, and the host what the cable brings.
fn check(way: &Way, round: &Round, sheet: &Value, report: &Report) -> Result<()> {
    let Some(wanted) = way.seen_as else {
        return Ok(());
    };
    let of_mode = |end: &str, renders: bool| {
        let streams = report
            .streams
            .iter()
            .filter(move |stream| stream.renders == renders && stream.endpoint == end);
        let modes: Vec<&str> = streams.map(|stream| stream.mode.as_str()).collect();
        ensure!(
            modes.contains(&wanted),
            "{end} was to be opened {wanted}, and was {modes:?}"
        );
        Ok(())
    };
    of_mode(&way.dac(), true)?;
    if round.records {
        of_mode(&way.adc(round), false)?;
        ensure!(
            sheet["heard"].as_u64() > Some(0),
            "{} {}: the host heard nothing",
            way.mode,
            round.name
        );
    }
    Ok(())
}

/// What counts of a sheet, with the case's name.
fn told(way: &Way, round: &Round, sheet: Value) -> Value {
    let place = match way.backend {
        Backend::Card => "on the card",
        _ => "on Wine's own devices",
    };
    json!({
        "mode": format!("{} {place}", way.mode), "round": round.name, "error": sheet["error"],
        "clean": sheet["clean"], "with_allocations": sheet["with_allocations"],
        "with_locks": sheet["with_locks"], "block_frames": sheet["block_frames"],
    })
}
