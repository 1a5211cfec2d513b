//! The programs that play, and what they tell.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::journey::{Block, CHANNELS};
use super::{BLOCK_FRAMES, SINK};
use crate::bench::delay::{RATE_HZ, numbered};
use crate::captured::{Output, Running};
use crate::rig::Rig;
use crate::rig::listener::Heard;
use crate::rig::places::{self, Backend};
use crate::rig::playback::{LEAD_IN, Playback, SPARE};
use crate::sound::Sound;
use crate::sound::raw::RawFormat;

const DRIVER: &str = "ASIO2WASAPI Shared";
/// What shared mode computes in.
const FORMAT: RawFormat = RawFormat::Float32;
/// How long a host stalls.
const STALL_MS: &str = "30";

/// A program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Player {
    /// Fills WASAPI's buffer in the event's handler.
    Bare,
    /// PortAudio's own WASAPI.
    PortAudio,
    /// PortAudio's ASIO on our driver.
    Ours,
}

/// In the order in which they play.
pub const PLAYERS: [Player; 3] = [Player::Bare, Player::PortAudio, Player::Ours];

impl Player {
    /// In results.
    pub fn name(self) -> &'static str {
        match self {
            Player::Bare => "bare WASAPI",
            Player::PortAudio => "PortAudio WASAPI",
            Player::Ours => "asio2wasapi",
        }
    }
}

/// A numbered sound that was played.
pub struct Played {
    /// What the program handed over.
    pub blocks: Vec<Block>,
    /// What it calls its latency.
    pub told_frames: u64,
    /// Numbered frames that were sent.
    pub frames: usize,
    /// What came.
    pub heard: Heard,
}

/// A stall, as it went.
pub struct Stall {
    /// The block in which it was.
    pub at_callback: usize,
    /// How often the driver told the host that it was late.
    pub overloads: u64,
}

#[derive(Deserialize)]
struct BareReport {
    latency_frames: u64,
    handed: Vec<Moment>,
}

#[derive(Deserialize)]
struct Moment {
    first_frame: u64,
    time_ns: u64,
}

#[derive(Deserialize)]
struct CheckReport {
    reported_output_latency_frames: u64,
    callback_times_ns: Vec<u64>,
    overloads: u64,
}

/// Frames of silence before the numbered ones.
pub fn lead_in_frames() -> usize {
    RATE_HZ as usize * LEAD_IN.as_millis() as usize / 1000
}

fn sound(seconds: usize) -> Sound {
    Sound {
        rate_hz: RATE_HZ,
        channels: CHANNELS,
        bits: 24,
        samples: numbered(seconds * RATE_HZ as usize),
    }
}

/// Plays once.
///
/// # Errors
/// The program fails.
pub fn play(rig: &mut Rig<'_>, card: &Path, player: Player, seconds: usize) -> Result<Played> {
    let sound = sound(seconds);
    let listener = rig.listen(SINK)?;
    let said = match player {
        Player::Bare => bare(rig, card, &sound),
        Player::PortAudio => host(rig, "wasapi-shared", None, &sound),
        Player::Ours => host(rig, "asio", Some(DRIVER), &sound),
    };
    // A failed run's recording must end, too.
    let heard = listener.finish();
    let (blocks, told_frames) = said?;
    Ok(Played {
        blocks,
        told_frames,
        frames: sound.frames(),
        heard: heard?,
    })
}

/// Plays on the driver with a host that stalls once, a third into the sound.
///
/// # Errors
/// The program fails.
pub fn stalled(rig: &mut Rig<'_>, seconds: usize) -> Result<(Played, Stall)> {
    let sound = sound(seconds);
    let at_frame = lead_in_frames() + sound.frames() / 3;
    let at_callback = at_frame / BLOCK_FRAMES as usize;
    let listener = rig.listen(SINK)?;
    let said = check(rig, &sound, at_callback);
    let heard = listener.finish();
    let report = said?;
    let stall = Stall {
        at_callback,
        overloads: report.overloads,
    };
    let played = Played {
        blocks: blocks(&report.callback_times_ns),
        told_frames: report.reported_output_latency_frames,
        frames: sound.frames(),
        heard: heard?,
    };
    Ok((played, stall))
}

/// Callbacks that all ask for a block.
fn blocks(times_ns: &[u64]) -> Vec<Block> {
    let block = |(index, &time_ns)| Block {
        time_ns,
        first_frame: index * u64::from(BLOCK_FRAMES),
    };
    (0..).zip(times_ns).map(block).collect()
}

fn bare(rig: &mut Rig<'_>, card: &Path, sound: &Sound) -> Result<(Vec<Block>, u64)> {
    let input = written(rig, sound)?;
    let wine = rig.wine(Backend::Pulse)?;
    let mut play = wine.command_to(card.join("wasapi-client.exe"), SINK);
    play.args(["play", "--how", "shared", "--format", FORMAT.name()]);
    play.args(["--input", &places::windows_path(&input)]);
    let log = places::logs(rig.paths).join("wine-bare");
    let output = Running::start(&mut play, &log)?.finish(limit(sound))?;
    let report: BareReport = report(&output, "the bare program")?;
    let block = |moment: &Moment| Block {
        time_ns: moment.time_ns,
        first_frame: moment.first_frame,
    };
    Ok((
        report.handed.iter().map(block).collect(),
        report.latency_frames,
    ))
}

fn host(
    rig: &mut Rig<'_>,
    host_api: &str,
    device: Option<&str>,
    sound: &Sound,
) -> Result<(Vec<Block>, u64)> {
    let how = Playback {
        host_api,
        device,
        backend: Backend::Pulse,
        device_format: None,
        block_frames: BLOCK_FRAMES,
        format: FORMAT,
        sink: SINK,
        tolerance_lsb: 0,
        record_from: None,
    };
    let report = rig.start_host(&how, sound, "wine-host")?.finish()?;
    let told_frames = report.reported_output_latency_frames;
    Ok((blocks(&report.callback_times_ns), told_frames))
}

fn check(rig: &mut Rig<'_>, sound: &Sound, at_callback: usize) -> Result<CheckReport> {
    let input = written(rig, sound)?;
    let program = places::programs(rig.paths).join("asio-check.exe");
    let mut play = rig.wine(Backend::Pulse)?.command_to(program, SINK);
    play.args(["play", "--driver", DRIVER, "--format", FORMAT.name()]);
    play.args(["--input", &places::windows_path(&input)]);
    play.args(["--block", &BLOCK_FRAMES.to_string(), "--times"]);
    play.args(["--stall-ms", STALL_MS]);
    play.args(["--stall-at-callback", &at_callback.to_string()]);
    let log = places::logs(rig.paths).join("wine-stall");
    let output = Running::start(&mut play, &log)?.finish(limit(sound))?;
    report(&output, "the host that stalls")
}

/// The sound after its silence, in a file.
fn written(rig: &Rig<'_>, sound: &Sound) -> Result<PathBuf> {
    let input = rig.paths.rig().join("wine-input.raw");
    let sent = sound.between_silence(lead_in_frames(), 0);
    fs::write(&input, FORMAT.encode(&sent.samples))
        .with_context(|| format!("cannot write {}", input.display()))?;
    Ok(input)
}

fn limit(sound: &Sound) -> Duration {
    Duration::from_secs((sound.frames() / RATE_HZ as usize) as u64) + SPARE
}

fn report<T: for<'a> Deserialize<'a>>(output: &Output, who: &str) -> Result<T> {
    if !output.status.success() {
        bail!("{who} failed: {}", output.last_words());
    }
    serde_json::from_str(&output.stdout).with_context(|| format!("{who} told no report"))
}
