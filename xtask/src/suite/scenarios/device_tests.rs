//! The tests of the WASAPI endpoints themselves, on Wine's devices and on the simulated card.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};

use super::super::native::{count, results};
use super::super::{Leg, Passed, stage::Stage};
use crate::build;
use crate::captured;
use crate::rig::card::Service;
use crate::rig::places::{self, Backend};
use crate::rig::server::Sink;
use crate::sound::raw::RawFormat;

const LIMIT: Duration = Duration::from_secs(400);
const SINK: Sink = Sink {
    format: RawFormat::Int32,
    rate_hz: 48_000,
    channels: 2,
};

/// A card with a cable, and a second output for the default to move to.
const CARD: &str = "card Simulated Card\n render OUT\n capture IN\ncable OUT 1 2 -> IN 1 2\n\
                    card Spare Card\n render SPARE\n";
/// How the tests find the program that lets faults strike the card.
const STRIKER: &str = "SIMCARD_STRIKER";

/// One leg for each of Wine's ways to the sound server, and one for the card.
pub fn legs() -> Vec<Leg> {
    let mut legs: Vec<Leg> = [("pulse", Backend::Pulse), ("alsa", Backend::Alsa)]
        .map(|(name, backend)| {
            Leg::new(format!("device tests: {name}"), move |stage| {
                run(stage, name, backend, None)
            })
        })
        .into();
    legs.push(Leg::new("device tests: card", on_card));
    legs.push(Leg::new("device tests: units", units));
    legs
}

fn on_card(stage: &mut Stage<'_>) -> Result<Passed> {
    let programs = stage.card()?;
    let service = Service::start_as(stage.rig()?, &programs, Some(CARD))?;
    let striker = programs.join("simcard-service.exe");
    let outcome = run(stage, "card", Backend::Card, Some(&striker));
    service.finish(stage.rig()?, &programs)?;
    outcome
}

/// The unit tests that there are on Windows only.
fn units(stage: &mut Stage<'_>) -> Result<Passed> {
    let program = build::wasapi_unit_tests(stage.paths)?;
    let mut command = stage.rig()?.wine(Backend::Pulse)?.sound_command(program);
    let log = places::logs(stage.paths).join("device-tests-units");
    count(&captured::succeed(&mut command, &log, LIMIT)?.stdout)
}

fn run(
    stage: &mut Stage<'_>,
    name: &str,
    backend: Backend,
    striker: Option<&Path>,
) -> Result<Passed> {
    let program = stage.device_tests()?;
    let paths = stage.paths;
    let rig = stage.rig()?;
    rig.use_sink(SINK)?;
    let mut command = rig.wine(backend)?.command_to(program, SINK);
    if let Some(striker) = striker {
        command.env(STRIKER, places::windows_path(striker));
    }
    command.args(["--include-ignored", "--test-threads", "1"]);
    let log = places::logs(paths).join(format!("device-tests-{name}"));
    let output = captured::capture(&mut command, &log, LIMIT)?;
    if !output.status.success() {
        bail!("{}", output.last_words());
    }
    let found = results(&output.stdout)?;
    if found.passed == 0 {
        bail!("not a single test ran");
    }
    Ok(Passed {
        count: found.passed,
        detail: found.to_string(),
    })
}
