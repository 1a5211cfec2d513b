//! One run of one row.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::cpu::Watch;
use super::delay::{Callbacks, Heard, RATE_HZ, numbered};
use super::outcome::Taken;
use super::rows::{Mode, Player, Row};
use crate::captured::Running;
use crate::rig::Rig;
use crate::rig::card::{Report, Service, Stream, Track};
use crate::rig::places::{self, Backend};
use crate::rig::playback::{HostReport, LEAD_IN, Playback};
use crate::rig::server::Sink;
use crate::sound::Sound;
use crate::sound::raw::RawFormat;

const CHANNELS: u16 = 2;
/// What a program may need beyond the sound's length.
const SPARE: Duration = Duration::from_secs(40);
/// The program's start and the sound's first blocks are not what is measured.
const SETTLING: Duration = Duration::from_secs(1);

/// What a program leaves: its processor time, and of a host program its own report.
struct Left {
    cpu_ms_per_s: Option<f64>,
    host: Option<HostReport>,
}

/// Plays for so many seconds on a card of its own.
///
/// # Errors
/// A program fails, or nothing of the sound is heard.
pub fn measure(rig: &mut Rig<'_>, card: &Path, row: &Row, seconds: usize) -> Result<Taken> {
    let sound = Sound {
        rate_hz: RATE_HZ,
        channels: CHANNELS,
        bits: 24,
        samples: numbered(seconds * RATE_HZ as usize),
    };
    let service = Service::start(rig, card)?;
    let left = match row.player {
        Player::Bare => play_bare(rig, card, row, &sound),
        Player::PortAudio | Player::Ours => play_with_host(rig, row, &sound),
    };
    // A failed run's card must end, too.
    let ended = service.finish(rig, card);
    let left = left?;
    let (report, folder) = ended?;
    judge(row, &report, &folder, &sound, left)
}

fn watched_for(sound: &Sound) -> Duration {
    let length = sound.frames() as u64 / u64::from(sound.rate_hz);
    Duration::from_secs(length).saturating_sub(SETTLING)
}

fn play_bare(rig: &mut Rig<'_>, card: &Path, row: &Row, sound: &Sound) -> Result<Left> {
    let (how, format) = match row.mode {
        Mode::Exclusive => ("exclusive", RawFormat::Int32),
        Mode::Shared => ("shared", RawFormat::Float32),
        Mode::LowLatency => ("low-latency", RawFormat::Float32),
    };
    let paths = rig.paths;
    let raw = paths.rig().join("bench-input.raw");
    fs::write(&raw, format.encode(&sound.samples))
        .with_context(|| format!("cannot write {}", raw.display()))?;
    let mut play = rig
        .wine(Backend::Card)?
        .command(card.join("wasapi-client.exe"));
    play.args(["play", "--device", "OUT", "--how", how]);
    play.args(["--format", format.name()]);
    play.args(["--input", &places::windows_path(&raw)]);
    if let Some(frames) = row.block_frames {
        play.args(["--period", &frames.to_string()]);
    }
    let running = Running::start(&mut play, &places::logs(paths).join("bench-client"))?;
    let watch = Watch::start(running.id());
    let output = running.finish(watched_for(sound) + SPARE)?;
    let cpu_ms_per_s = watch.finish(watched_for(sound));
    if !output.status.success() {
        bail!("the bare program failed: {}", output.last_words());
    }
    Ok(Left {
        cpu_ms_per_s,
        host: None,
    })
}

fn play_with_host(rig: &mut Rig<'_>, row: &Row, sound: &Sound) -> Result<Left> {
    let (host_api, device) = match (row.player, row.mode) {
        (Player::Ours, Mode::Exclusive) => ("asio", "ASIO2WASAPI Exclusive"),
        (Player::Ours, _) => ("asio", "ASIO2WASAPI Shared"),
        (_, Mode::Exclusive) => ("wasapi-exclusive", "OUT"),
        (..) => ("wasapi-shared", "OUT"),
    };
    let format = match host_api {
        "wasapi-shared" => RawFormat::Float32,
        _ => RawFormat::Int32,
    };
    let how = Playback {
        host_api,
        device: Some(device),
        backend: Backend::Card,
        device_format: None,
        block_frames: row.block_frames.context("the row names no block")?,
        format,
        // The card takes the sink's place.
        sink: Sink {
            format,
            rate_hz: RATE_HZ,
            channels: CHANNELS,
        },
        tolerance_lsb: 0,
        record_from: None,
    };
    let host = rig.start_host(&how, sound, "bench")?;
    let watch = Watch::start(host.id());
    let report = host.finish();
    let cpu_ms_per_s = watch.finish(watched_for(sound));
    Ok(Left {
        cpu_ms_per_s,
        host: Some(report?),
    })
}

fn judge(row: &Row, report: &Report, folder: &Path, sound: &Sound, left: Left) -> Result<Taken> {
    // Wine's own older interfaces open the device, too, and hand over nothing or little.
    let renders = report.streams.iter().filter(|stream| stream.renders);
    let stream = renders.max_by_key(|stream| stream.blocks.len());
    let stream = stream.context("nothing was played on the card")?;
    let behind = stream
        .latency_frames
        .context("the card has heard nothing of what was handed over")?;
    let frames = match &left.host {
        None => behind.p50,
        Some(host) => {
            let heard = heard(&report.tracks, folder, sound)?;
            from_callbacks(row, host, stream, &heard)?
        }
    };
    let told_frames = left.host.map_or(stream.stated_latency_frames, |host| {
        host.reported_output_latency_frames
    });
    Ok(Taken {
        frames,
        device_frames: behind.p50,
        told_frames,
        period_frames: stream.period_frames,
        hand_over_ns: stream.hand_over_ns,
        cpu_ms_per_s: left.cpu_ms_per_s,
        underruns: stream.underruns,
        stalls: report.stalls.count,
    })
}

fn heard(tracks: &[Track], folder: &Path, sound: &Sound) -> Result<Heard> {
    let mut heard = Heard::new(sound.frames());
    for track in tracks.iter().filter(|track| track.played) {
        let Some(format) = RawFormat::from_name(&track.sample) else {
            continue;
        };
        let bytes = fs::read(folder.join(&track.file))
            .with_context(|| format!("the card left no {}", track.file))?;
        heard.add(&format.decode(&bytes), track.channels, track.first_frame);
    }
    Ok(heard)
}

fn from_callbacks(row: &Row, host: &HostReport, stream: &Stream, heard: &Heard) -> Result<u64> {
    let callbacks = Callbacks {
        times_ns: &host.callback_times_ns,
        block_frames: row.block_frames.context("the row names no block")?,
        lead_in_frames: RATE_HZ as usize * LEAD_IN.as_millis() as usize / 1000,
    };
    let mut delays = heard.delays(&callbacks, &stream.blocks);
    delays.sort_unstable();
    let middle = delays.get(delays.len() / 2).copied();
    middle.context("nothing of the sound was heard as it was sent")
}
