//! The checks of our own ASIO host, which also does what no host should do.

use std::time::Duration;

use anyhow::{Result, bail, ensure};

use super::super::{Leg, Passed, passed, stage::Stage};
use super::{Driver, EXCLUSIVE, SHARED};
use crate::captured;
use crate::prove::source::guard_seconds;
use crate::prove::{guarded, judge};
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
    legs.push(Leg::new("check: real-time guard, every mode", guard));
    legs
}

fn check(stage: &mut Stage<'_>, driver: Driver, row: &Row) -> Result<Passed> {
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
    let output = captured::capture(&mut command, &log, LIMIT)?;
    if !output.status.success() {
        bail!("{}", output.last_words());
    }
    Ok(passed(""))
}

/// The driver counts what its cycles do; the claim `rt-clean` in its short form.
fn guard(stage: &mut Stage<'_>) -> Result<Passed> {
    let figure = judge::rt_clean(&guarded::all(stage, guard_seconds(true))?)?;
    ensure!(figure.holds, "{}", figure.text);
    Ok(passed(figure.text))
}
