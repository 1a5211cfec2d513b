//! The checks of our own ASIO host, which also does what no host should do.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::super::{Leg, Passed, passed, stage::Stage};
use super::{Driver, EXCLUSIVE, SHARED};
use crate::captured::{Output, Running};
use crate::rig::places;
use crate::rig::server::Sink;
use crate::sound::raw::RawFormat;

const LIMIT: Duration = Duration::from_secs(150);
const SINK: Sink = Sink {
    format: RawFormat::Int32,
    rate_hz: 48_000,
    channels: 2,
};

/// One check with its arguments.
struct Row {
    name: &'static str,
    arguments: &'static [&'static str],
}

const fn row(name: &'static str, arguments: &'static [&'static str]) -> Row {
    Row { name, arguments }
}

/// Each is run on both drivers.
const ROWS: &[Row] = &[
    row("open", &[]),
    row("null-pointers", &[]),
    row("before-init", &[]),
    row("start-stop", &["--count", "50"]),
    row("open-close", &["--count", "50"]),
    row("blocks", &[]),
    row("rates", &[]),
    row("from-callback", &[]),
];

/// On the driver that counts. Planted faults show that it does count.
const GUARD: Row = row("guard", &["--seconds", "60"]);

/// All of them.
pub fn legs() -> Vec<Leg> {
    let mut legs = vec![Leg::new("check: list", |stage| {
        check(stage, SHARED, &row("list", &[]))
    })];
    for driver in [SHARED, EXCLUSIVE] {
        let leg = |row: &'static Row| {
            let name = format!("check: {}, {}", driver.way, row.name);
            Leg::new(name, move |stage| check(stage, driver, row))
        };
        legs.extend(ROWS.iter().map(leg));
    }
    legs.push(Leg::new("check: shared, two-instances", |stage| {
        check(stage, SHARED, &row("two-instances", &[]))
    }));
    legs.push(Leg::new("check: exclusive, two-instances", |stage| {
        // The device is the first one's alone; the second must say so and not disturb it.
        check(stage, EXCLUSIVE, &row("two-instances", &["--may-refuse"]))
    }));
    legs.push(Leg::new(
        "check: real-time guard, both drivers, 60 s",
        guard,
    ));
    legs
}

fn check(stage: &mut Stage<'_>, driver: Driver, row: &Row) -> Result<Passed> {
    let running = start(stage, driver, row)?;
    finish(running)?;
    Ok(passed(""))
}

fn start(stage: &mut Stage<'_>, driver: Driver, row: &Row) -> Result<Running> {
    let program = stage.programs()?.join("asio-check.exe");
    let paths = stage.paths;
    let rig = stage.rig_with_driver(driver.backend)?;
    rig.use_sink(SINK)?;
    let mut command = rig.wine(driver.backend)?.command_to(program, SINK);
    command
        .arg(row.name)
        .args(["--driver", driver.name])
        .args(row.arguments);
    let log = places::logs(paths).join(format!("check-{}-{}", driver.way, row.name));
    Running::start(&mut command, &log)
}

fn finish(running: Running) -> Result<Output> {
    let output = running.finish(LIMIT)?;
    if !output.status.success() {
        bail!("{}", output.last_words());
    }
    Ok(output)
}

/// Registers the guarded driver for the time of the check. Both drivers run at once, each in its
/// own prefix.
fn guard(stage: &mut Stage<'_>) -> Result<Passed> {
    let guarded = stage.guarded_driver()?;
    let product = stage.product()?.join("asio2wasapi.dll");
    let drivers = [SHARED, EXCLUSIVE];
    for driver in drivers {
        let rig = stage.rig_with_driver(driver.backend)?;
        rig.wine(driver.backend)?.register(&guarded, true)?;
    }
    let counts = both_guarded(stage, drivers);
    for driver in drivers {
        let rig = stage.rig()?;
        rig.wine(driver.backend)?.register(&product, true)?;
    }
    Ok(passed(counts?))
}

/// What the guards counted, in words.
fn both_guarded(stage: &mut Stage<'_>, drivers: [Driver; 2]) -> Result<String> {
    let running = [
        start(stage, drivers[0], &GUARD)?,
        start(stage, drivers[1], &GUARD)?,
    ];
    let mut counts = Vec::new();
    for (driver, running) in drivers.iter().zip(running) {
        let said: serde_json::Value = serde_json::from_str(&finish(running)?.stdout)
            .context("the check's result is unclear")?;
        let clean = &said["clean"];
        counts.push(format!(
            "{}: {} allocations, {} frees, {} locks in {} cycles",
            driver.way, clean["allocations"], clean["frees"], clean["locks"], clean["sections"]
        ));
    }
    Ok(counts.join("; "))
}
