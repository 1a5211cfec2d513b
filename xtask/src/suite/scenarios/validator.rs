//! The validator, as a user runs it: on our drivers, and on drivers with planted faults.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use super::super::{Leg, Passed, passed, stage::Stage};
use super::{Driver, EXCLUSIVE, ROUTER, SHARED};
use crate::captured;
use crate::rig::places::{self, Backend};
use crate::rig::server::Sink;
use crate::sound::raw::RawFormat;

const LIMIT: Duration = Duration::from_secs(300);
const SINK: Sink = Sink {
    format: RawFormat::Int32,
    rate_hz: 48_000,
    channels: 2,
};

/// One driver of the fixture, and what a check must say of it. All of them are judged natively, by
/// the fixture's own tests; here it is shown that a crash, a hang, a late call and a sound driver are
/// told apart in Wine too.
const FIXTURES: &[(&str, &[&str], Option<&str>)] = &[
    ("Fixture sound", &["--quick"], None),
    (
        "Fixture null-crash",
        &["--check", "null-pointers"],
        Some("crashed"),
    ),
    (
        "Fixture hangs-in-stop",
        &["--check", "from-callback", "--timeout", "5"],
        Some("crashed"),
    ),
    (
        "Fixture calls-late",
        &["--check", "life-cycle"],
        Some("failed"),
    ),
];

/// What the validator says.
#[derive(Deserialize)]
pub(super) struct Report {
    good: bool,
    /// Each as it ended.
    pub(super) checks: Vec<Check>,
}

/// What it says of one check.
#[derive(Deserialize)]
pub(super) struct Check {
    /// Its name.
    pub(super) id: String,
    /// `passed` or anything else.
    pub(super) outcome: String,
    /// Its sentence.
    pub(super) text: String,
}

/// Our drivers first.
pub fn legs() -> Vec<Leg> {
    let mut legs: Vec<Leg> = [SHARED, EXCLUSIVE, ROUTER]
        .map(|driver| {
            Leg::new(format!("validator: {}", driver.way), move |stage| {
                ours(stage, driver)
            })
        })
        .into();
    legs.push(Leg::new("validator: planted faults", fixtures));
    legs
}

/// The validator finds nothing wrong with a driver of ours.
pub(super) fn ours(stage: &mut Stage<'_>, driver: Driver) -> Result<Passed> {
    stage.rig_with_driver(driver.backend)?;
    let report = validate(stage, driver.backend, driver.name, &["--quick"])?;
    if let Some(bad) = report
        .checks
        .iter()
        .find(|check| matches!(&*check.outcome, "failed" | "crashed"))
    {
        bail!("{} {}: {}", bad.id, bad.outcome, bad.text);
    }
    ensure!(report.good, "the validator is not content");
    Ok(passed(format!("{} checks", report.checks.len())))
}

fn fixtures(stage: &mut Stage<'_>) -> Result<Passed> {
    let dll = stage.broken_driver()?;
    stage.rig()?.wine(Backend::Pulse)?.register(&dll, true)?;
    let judged = judge_fixtures(stage);
    stage.rig()?.wine(Backend::Pulse)?.register(&dll, false)?;
    judged
}

fn judge_fixtures(stage: &mut Stage<'_>) -> Result<Passed> {
    for (name, arguments, expected) in FIXTURES {
        let report = validate(stage, Backend::Pulse, name, arguments)?;
        ensure!(!report.checks.is_empty(), "{name}: nothing was checked");
        ensure!(
            report.good == expected.is_none(),
            "{name}: the validator says {}",
            if report.good { "good" } else { "bad" }
        );
        for check in &report.checks {
            let Check { id, outcome, text } = check;
            let wanted = expected.unwrap_or("passed");
            ensure!(outcome == wanted, "{name}: {id} {outcome}: {text}");
        }
    }
    Ok(passed(format!("{} drivers judged rightly", FIXTURES.len())))
}

/// Runs it on a driver.
pub(super) fn validate(
    stage: &mut Stage<'_>,
    backend: Backend,
    driver: &str,
    arguments: &[&str],
) -> Result<Report> {
    let program: PathBuf = stage
        .product_for(backend)?
        .join(crate::build::program_name(backend.target()));
    let paths = stage.paths;
    let rig = stage.rig()?;
    rig.use_sink(SINK)?;
    let mut command = rig.wine(backend)?.command_to(program, SINK);
    command
        .args(["validate", driver, "--json", "--seed", "1"])
        .args(arguments);
    let log = places::logs(paths).join(format!("validate-{}", driver.replace(' ', "-")));
    let output = captured::capture(&mut command, &log, LIMIT)?;
    serde_json::from_str(&output.stdout)
        .with_context(|| format!("the validator left no report: {}", output.last_words()))
}
