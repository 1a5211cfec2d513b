//! The programs that play while a fault strikes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::super::super::stage::Stage;
use super::super::Driver;
use super::{CHANNELS, RATE_HZ};
use crate::captured::{self, Output, Running};
use crate::rig::places::{self, Backend};
use crate::sound::Sound;
use crate::sound::raw::RawFormat;

const LIMIT: Duration = Duration::from_secs(90);

/// Who plays, and what is handed over.
#[derive(Clone, Copy)]
pub enum Player {
    /// A bare WASAPI program.
    Bare(&'static str, RawFormat),
    /// PortAudio's own WASAPI.
    PortAudio(&'static str, RawFormat),
    /// A host that answers reset requests, on one of our drivers.
    Ours(Driver, RawFormat),
}

/// What came of it.
pub struct Outcome {
    /// It ended without an error.
    pub good: bool,
    /// Its last words, in one line.
    pub said: String,
    /// What an ASIO host lived through.
    pub lives: Option<Vec<Life>>,
    /// How often its driver told it that a block was too late.
    pub overloads: u64,
}

/// A time between the opening of a driver and its end.
#[derive(Deserialize)]
pub struct Life {
    /// The frame of the sound after the last that the driver was given.
    pub end_frame: u64,
}

#[derive(Deserialize)]
struct Sheet {
    lives: Vec<Life>,
    overloads: u64,
}

impl Player {
    /// For people.
    pub fn name(self) -> String {
        match self {
            Player::Bare(how, _) => format!("bare {how}"),
            Player::PortAudio(api, _) => format!("PortAudio's {api}"),
            Player::Ours(driver, _) => driver.way.to_owned(),
        }
    }

    /// Plays the sound to the default device, to the end or until it fails.
    pub fn play(self, stage: &mut Stage<'_>, card: &Path, sound: &Sound) -> Result<Outcome> {
        let hosts = stage.programs()?;
        let paths = stage.paths;
        let (Player::Bare(_, format) | Player::PortAudio(_, format) | Player::Ours(_, format)) =
            self;
        let input = write(&paths.rig().join("fault-input.raw"), sound, format)?;
        let wine = stage.rig()?.wine(Backend::Card)?;
        let channels = CHANNELS.to_string();
        let mut command = match self {
            Player::Bare(how, _) => {
                let mut command = wine.command(card.join("wasapi-client.exe"));
                command.args(["play", "--how", how]);
                command
            }
            Player::PortAudio(api, _) => {
                let mut command = wine.command(hosts.join("pa-host.exe"));
                let library = places::windows_path(&places::portaudio(paths));
                command.args(["--library", &library, "play", "--host-api", api]);
                command.args(["--rate", &RATE_HZ.to_string(), "--block", "480"]);
                command.args(["--channels", &channels, "--device", "OUT"]);
                command
            }
            Player::Ours(driver, _) => {
                let mut command = wine.command(hosts.join("asio-check.exe"));
                command.args(["play", "--answer-resets", "--driver", driver.name]);
                command.args(["--channels", &channels]);
                command
            }
        };
        command.args(["--format", format.name(), "--input", &input]);
        let log = places::logs(paths).join("fault-player");
        let output = captured::capture(&mut command, &log, LIMIT)?;
        self.outcome(&output)
    }

    fn outcome(self, output: &Output) -> Result<Outcome> {
        let sheet: Option<Sheet> = match self {
            Player::Ours(..) => {
                let sheet = serde_json::from_str(output.stdout.trim());
                Some(sheet.with_context(|| format!("asio-check said: {}", output.last_words()))?)
            }
            _ => None,
        };
        let (lives, overloads) = match sheet {
            Some(sheet) => (Some(sheet.lives), sheet.overloads),
            None => (None, 0),
        };
        let mut said = output.stderr.trim().replace('\n', " ");
        if said.is_empty() && !output.status.success() {
            said = format!("without a word, with {}", output.status);
        }
        Ok(Outcome {
            good: output.status.success(),
            said,
            lives,
            overloads,
        })
    }
}

fn write(path: &Path, sound: &Sound, format: RawFormat) -> Result<String> {
    fs::write(path, format.encode(&sound.samples))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(places::windows_path(path))
}

/// What a listener was told.
pub struct Told {
    /// A line for each call.
    pub lines: Vec<String>,
    /// The ids of the two cards' DACs.
    pub ids: [String; 2],
}

/// Listens while a bare program plays to the second card.
pub fn listen(stage: &mut Stage<'_>, card: &Path, sound: &Sound) -> Result<Told> {
    let paths = stage.paths;
    let logs = places::logs(paths);
    let raw: PathBuf = paths.rig().join("fault-input.raw");
    let input = write(&raw, sound, RawFormat::Float32)?;
    let wine = stage.rig()?.wine(Backend::Card)?;
    let mut watch = wine.command(card.join("wasapi-client.exe"));
    watch.args(["watch", "--seconds", "5"]);
    let watcher = Running::start(&mut watch, &logs.join("fault-listener"))?;
    // Until it listens, nothing happens to the devices.
    captured::pause(Duration::from_secs(2))?;
    let mut play = wine.command(card.join("wasapi-client.exe"));
    play.args(["play", "--device", "SPARE", "--input", &input]);
    // It is the script's clock; what becomes of its stream is another leg's.
    captured::capture(&mut play, &logs.join("fault-player"), LIMIT)?;
    let output = watcher.finish(LIMIT)?;
    ensure!(output.status.success(), "{}", output.last_words());
    let lines: Vec<String> = serde_json::from_str(output.stdout.trim())
        .with_context(|| format!("the listener said: {}", output.last_words()))?;
    let id_after = |words: &str| {
        let line = lines.iter().find_map(|line| line.strip_prefix(words));
        line.map(str::to_owned)
            .with_context(|| format!("nothing begins with '{words}' in {lines:?}"))
    };
    let ids = [id_after("state 8 ")?, id_after("default 0 0 ")?];
    Ok(Told { lines, ids })
}
