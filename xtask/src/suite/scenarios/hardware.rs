//! The simulated hardware with an ASIO driver of its own, of which nothing is ours but the simulation:
//! one program at a time has it, and the validator judges it, over its cable too.

mod recorded;

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail, ensure};

use super::super::native::results;
use super::super::{Leg, Passed, passed, stage::Stage};
use super::validator::{self, Check};
use crate::build;
use crate::captured;
use crate::rig::card::Service;
use crate::rig::places::{self, Backend};
use crate::rig::playback::Playback;
use crate::rig::server::Sink;
use crate::sound::make;
use crate::sound::raw::RawFormat::Int32;

/// As hosts list it.
pub const NAME: &str = "Simcard Hardware";

const LIMIT: Duration = Duration::from_secs(60);
const RATE_HZ: u32 = 48_000;
const CHANNELS: u16 = 2;

/// What is not playing: that is among the card's legs.
pub fn legs() -> Vec<Leg> {
    let mut legs = vec![
        Leg::new("hardware: one program at a time", one_program),
        Leg::new("hardware: validator", validated),
        Leg::new("hardware: hosted as an endpoint", hosted),
    ];
    legs.extend(recorded::legs());
    legs
}

fn one_program(stage: &mut Stage<'_>) -> Result<Passed> {
    let programs = stage.card()?;
    let product = stage.product()?;
    let service = Service::start(stage.rig()?, &programs)?;
    let outcome = refused_while_held(stage, &product);
    service.finish(stage.rig()?, &programs)?;
    outcome
}

fn refused_while_held(stage: &mut Stage<'_>, product: &Path) -> Result<Passed> {
    let paths = stage.paths;
    let wav = paths.rig().join("hardware-second.wav");
    crate::sound::wav::write(&wav, &make::noise(RATE_HZ, CHANNELS, 16, 4800))?;
    let how = Playback {
        host_api: "asio",
        device: Some(NAME),
        record_from: None,
        backend: Backend::Card,
        device_format: None,
        block_frames: 256,
        format: Int32,
        sink: Sink {
            format: Int32,
            rate_hz: RATE_HZ,
            channels: CHANNELS,
        },
        tolerance_lsb: 0,
    };
    let sound = make::noise(RATE_HZ, CHANNELS, 32, 6 * RATE_HZ as usize);
    let holder = stage.rig()?.start_host(&how, &sound, "hardware-holder")?;
    captured::pause(Duration::from_secs(3))?;
    let wine = stage.rig()?.wine(Backend::Card)?;
    let mut play = wine.command(product.join("asio2wasapi.exe"));
    play.args(["play", &places::windows_path(&wav), "--driver", NAME]);
    let log = places::logs(paths).join("hardware-second");
    let output = captured::capture(&mut play, &log, LIMIT)?;
    holder.finish()?;
    let said = output.stderr.trim();
    ensure!(
        output.status.code() == Some(1),
        "the second program ended with {}",
        output.status
    );
    ensure!(
        said.lines().count() == 1 && said.contains("AUDCLNT_E_DEVICE_IN_USE"),
        "one sentence that says that the hardware is taken is wanted, but it said: {said}"
    );
    Ok(passed(said))
}

/// Our own host of ASIO hardware plays and records over the hardware's cable.
fn hosted(stage: &mut Stage<'_>) -> Result<Passed> {
    let programs = stage.card()?;
    stage.rig_with_driver(Backend::Card)?;
    let tests = build::hosting_tests(stage.paths)?;
    let service = Service::start(stage.rig()?, &programs)?;
    let mut command = stage.rig()?.wine(Backend::Card)?.command(tests);
    command.args(["--ignored", "--nocapture", "--test-threads", "1"]);
    let log = places::logs(stage.paths).join("hardware-hosted");
    let output = captured::capture(&mut command, &log, LIMIT);
    service.finish(stage.rig()?, &programs)?;
    let output = output?;
    if !output.status.success() {
        bail!("{}", output.last_words());
    }
    let found = results(&output.stdout)?;
    ensure!(found.passed > 0, "not a single test ran");
    let figures = output
        .stdout
        .lines()
        .filter(|line| line.contains("bit-exact"));
    let figures: Vec<&str> = figures.collect();
    Ok(Passed {
        count: found.passed,
        detail: figures.join("; "),
    })
}

fn validated(stage: &mut Stage<'_>) -> Result<Passed> {
    let programs = stage.card()?;
    let service = Service::start(stage.rig()?, &programs)?;
    let report = validator::validate(stage, Backend::Card, NAME, &["--quick"]);
    service.finish(stage.rig()?, &programs)?;
    let checks = report?.checks;
    for Check { id, outcome, text } in &checks {
        if outcome != "passed" {
            bail!("{id} {outcome}: {text}");
        }
    }
    let trip = checks.iter().find(|check| check.id == "measured-latency");
    let trip = trip.map_or("the round trip was not measured", |check| &check.text);
    Ok(passed(format!("{} checks; {trip}", checks.len())))
}
