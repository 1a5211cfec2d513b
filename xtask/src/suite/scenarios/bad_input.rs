//! What users get wrong: one clear sentence each, and an exit status that says so.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::super::{Leg, Passed, passed, stage::Stage};
use super::{Driver, EXCLUSIVE, SHARED};
use crate::captured;
use crate::paths::Paths;
use crate::rig::places;
use crate::rig::server::Sink;
use crate::sound::raw::RawFormat;
use crate::sound::{make, wav};

const LIMIT: Duration = Duration::from_secs(60);
const SINK: Sink = Sink {
    format: RawFormat::Int16,
    rate_hz: 48_000,
    channels: 2,
};

/// One mistake.
#[derive(Clone, Copy)]
struct Row {
    name: &'static str,
    file: File,
    driver: Driver,
    /// The name that the user gives.
    driver_name: &'static str,
    has_server: bool,
    /// Words that the sentence must have.
    says: &'static [&'static str],
}

/// What is played.
#[derive(Clone, Copy)]
enum File {
    Good,
    Missing,
    Garbage,
    CutOff,
    OddRate,
}

const BASE: Row = Row {
    name: "",
    file: File::Good,
    driver: SHARED,
    driver_name: SHARED.name,
    has_server: true,
    says: &[],
};

const ROWS: &[Row] = &[
    Row {
        name: "a missing file",
        file: File::Missing,
        says: &["missing.wav"],
        ..BASE
    },
    Row {
        name: "no WAV file",
        file: File::Garbage,
        says: &["garbage.wav"],
        ..BASE
    },
    Row {
        name: "a WAV file that is cut off",
        file: File::CutOff,
        says: &["cut.wav"],
        ..BASE
    },
    Row {
        name: "a driver's name with a mistake",
        driver_name: "ASIO2WASAPI Sharde",
        says: &["ASIO2WASAPI Sharde", "ASIO2WASAPI Shared"],
        ..BASE
    },
    Row {
        name: "a rate that nothing has",
        file: File::OddRate,
        says: &["4321"],
        ..BASE
    },
    Row {
        name: "no sound server, shared",
        has_server: false,
        says: &[SHARED.name, "has nothing to play on"],
        ..BASE
    },
    Row {
        name: "no sound server, exclusive",
        driver: EXCLUSIVE,
        driver_name: EXCLUSIVE.name,
        has_server: false,
        says: &[EXCLUSIVE.name, "has nothing to play on"],
        ..BASE
    },
];

/// One leg for each row.
pub fn legs() -> Vec<Leg> {
    let leg = |row: &Row| {
        let row = *row;
        Leg::new(format!("bad input: {}", row.name), move |stage| {
            mistake(stage, row)
        })
    };
    ROWS.iter().map(leg).collect()
}

fn mistake(stage: &mut Stage<'_>, row: Row) -> Result<Passed> {
    let program = stage.product()?.join("asio2wasapi.exe");
    let paths = stage.paths;
    let file = make_file(paths, row.file)?;
    let rig = stage.rig_with_driver(row.driver.backend)?;
    rig.use_sink(SINK)?;
    let mut command = rig.wine(row.driver.backend)?.command_to(program, SINK);
    command
        .arg("play")
        .arg(places::windows_path(&file))
        .args(["--driver", row.driver_name]);
    if !row.has_server {
        command.env("PULSE_SERVER", "unix:/nowhere/at/all");
    }
    let output = captured::capture(&mut command, &places::logs(paths).join("mistake"), LIMIT)?;
    // The system's own sound library talks too.
    let is_ours = |line: &&str| !line.is_empty() && !line.starts_with("ALSA lib");
    let said: Vec<&str> = output.stderr.lines().filter(is_ours).collect();
    let said = said.join("\n");
    ensure!(
        !output.status.success(),
        "it ended with exit status 0 and said: {said}"
    );
    let code = output.status.code();
    ensure!(
        code == Some(1),
        "it ended with {code:?} instead of 1 and said: {said}"
    );
    ensure!(!said.contains("panicked"), "it panicked: {said}");
    ensure!(
        said.lines().count() == 1,
        "one sentence is wanted, but it said: {said}"
    );
    for word in row.says {
        ensure!(said.contains(word), "`{word}` is missing in: {said}");
    }
    Ok(passed(said))
}

fn make_file(paths: &Paths, kind: File) -> Result<PathBuf> {
    let folder = paths.rig();
    let file = folder.join(match kind {
        File::Good => "good.wav",
        File::Missing => "missing.wav",
        File::Garbage => "garbage.wav",
        File::CutOff => "cut.wav",
        File::OddRate => "odd.wav",
    });
    let noise = |rate_hz| make::noise(rate_hz, 2, 16, 4800);
    match kind {
        File::Missing => {}
        File::Garbage => fs::write(&file, b"this is no sound")?,
        File::Good => wav::write(&file, &noise(48_000))?,
        File::OddRate => wav::write(&file, &noise(4_321))?,
        File::CutOff => {
            wav::write(&file, &noise(48_000))?;
            let bytes = fs::read(&file)?;
            fs::write(&file, &bytes[..bytes.len() / 2])?;
        }
    }
    Ok(file)
}
