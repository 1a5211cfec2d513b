//! One run of one row.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::cpu::Watch;
use super::delay::{Callbacks, Heard, RATE_HZ, numbered, numbers};
use super::gaps::{Dropouts, Follower};
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

/// Of every sound and of the card.
pub const CHANNELS: u16 = 2;
/// What a program may need beyond the sound's length.
pub const SPARE: Duration = Duration::from_secs(40);
/// The program's start and the sound's first blocks are not what is measured.
const SETTLING: Duration = Duration::from_secs(1);

/// What a program leaves: its processor time, and of a host program its own report.
struct Left {
    cpu_ms_per_s: Option<f64>,
    host: Option<HostReport>,
}

/// Plays for so many seconds on a card of its own, beside a competitor for the processor if wanted.
///
/// # Errors
/// A program fails, or nothing of the sound is heard.
pub fn measure(
    rig: &mut Rig<'_>,
    card: &Path,
    row: &Row,
    seconds: usize,
    busy: bool,
) -> Result<Taken> {
    measure_on(rig, card, None, row, seconds, busy)
}

/// As [`measure`], on the card of that description.
///
/// # Errors
/// As [`measure`].
pub fn measure_on(
    rig: &mut Rig<'_>,
    card: &Path,
    description: Option<&str>,
    row: &Row,
    seconds: usize,
    busy: bool,
) -> Result<Taken> {
    let sound = sound(seconds);
    let service = Service::start_as(rig, card, description)?;
    let left = play(rig, card, row, &sound, busy);
    // A failed run's card must end, too.
    let ended = service.finish(rig, card);
    let left = left?;
    let (report, folder) = ended?;
    judge(row, &report, &folder, &sound, left)
}

fn play(rig: &mut Rig<'_>, card: &Path, row: &Row, sound: &Sound, busy: bool) -> Result<Left> {
    // It is ended when it is dropped.
    let _competitor = busy.then(|| compete(rig)).transpose()?;
    match row.player {
        Player::Bare => play_bare(rig, card, row, sound),
        Player::PortAudio | Player::Ours | Player::Other => play_with_host(rig, row, sound),
    }
}

fn compete(rig: &mut Rig<'_>) -> Result<Running> {
    let paths = rig.paths;
    let program = places::programs(paths).join("competitor.exe");
    let mut command = rig.wine(Backend::Card)?.command(program);
    Running::start(&mut command, &places::logs(paths).join("bench-competitor"))
}

/// A numbered sound of so many seconds.
pub fn sound(seconds: usize) -> Sound {
    Sound {
        rate_hz: RATE_HZ,
        channels: CHANNELS,
        bits: 24,
        samples: numbered(seconds * RATE_HZ as usize),
    }
}

/// Frames of silence that host programs send before the sound.
pub fn lead_in_frames() -> usize {
    RATE_HZ as usize * LEAD_IN.as_millis() as usize / 1000
}

fn watched_for(sound: &Sound) -> Duration {
    let length = sound.frames() as u64 / u64::from(sound.rate_hz);
    Duration::from_secs(length).saturating_sub(SETTLING)
}

fn play_bare(rig: &mut Rig<'_>, card: &Path, row: &Row, sound: &Sound) -> Result<Left> {
    let paths = rig.paths;
    let mut play = bare(rig, card, "play", row, sound)?;
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

/// The format that the row's program hands over.
pub fn format(row: &Row) -> RawFormat {
    match (row.player, row.mode) {
        (Player::Ours | Player::Other, _) | (_, Some(Mode::Exclusive)) => RawFormat::Int32,
        _ => RawFormat::Float32,
    }
}

/// The bare program, told what to do with the sound.
pub fn bare(
    rig: &mut Rig<'_>,
    card: &Path,
    command: &str,
    row: &Row,
    sound: &Sound,
) -> Result<Command> {
    let raw = rig.paths.rig().join("bench-input.raw");
    let format = format(row);
    fs::write(&raw, format.encode(&sound.samples))
        .with_context(|| format!("cannot write {}", raw.display()))?;
    let wine = rig.wine(Backend::Card)?;
    let mut bare = wine.command(card.join("wasapi-client.exe"));
    let mode = row.mode.context("the row names no mode")?;
    bare.args([command, "--device", "OUT", "--how", mode.name()]);
    bare.args(["--format", format.name()]);
    bare.args(["--input", &places::windows_path(&raw)]);
    if let Some(frames) = row.block_frames {
        bare.args(["--period", &frames.to_string()]);
    }
    Ok(bare)
}

fn play_with_host(rig: &mut Rig<'_>, row: &Row, sound: &Sound) -> Result<Left> {
    let host = rig.start_host(&playback(row)?, sound, "bench")?;
    let watch = Watch::start(host.id());
    let report = host.finish();
    let cpu_ms_per_s = watch.finish(watched_for(sound));
    Ok(Left {
        cpu_ms_per_s,
        host: Some(report?),
    })
}

/// How PortAudio plays for the row.
pub fn playback(row: &Row) -> Result<Playback<'_>> {
    let (host_api, device) = match (&row.driver, row.mode) {
        (Some(driver), _) => ("asio", driver.as_str()),
        (None, Some(Mode::Exclusive)) => ("wasapi-exclusive", "OUT"),
        (None, _) => ("wasapi-shared", "OUT"),
    };
    let format = format(row);
    Ok(Playback {
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
    let (heard, dropouts) = listen(&report.tracks, folder, sound)?;
    let frames = match &left.host {
        None => behind.p50,
        Some(host) => from_callbacks(row, host, stream, &heard)?,
    };
    let told_frames = left.host.map_or(stream.stated_latency_frames, |host| {
        host.reported_output_latency_frames
    });
    Ok(Taken {
        mode: stream.mode.clone(),
        frames,
        device_frames: behind.p50,
        told_frames,
        period_frames: stream.period_frames,
        hand_over_ns: stream.hand_over_ns,
        cpu_ms_per_s: left.cpu_ms_per_s,
        dropouts,
        stalls: report.stalls.count,
    })
}

/// What the DAC played.
fn listen(tracks: &[Track], folder: &Path, sound: &Sound) -> Result<(Heard, Dropouts)> {
    let mut played: Vec<&Track> = tracks.iter().filter(|track| track.played).collect();
    played.sort_by_key(|track| track.first_frame);
    let mut heard = Heard::new(sound.frames());
    let mut follower = Follower::new();
    for track in played {
        let Some(format) = RawFormat::from_name(&track.sample) else {
            continue;
        };
        let bytes = fs::read(folder.join(&track.file))
            .with_context(|| format!("the card left no {}", track.file))?;
        let numbers = numbers(&format.decode(&bytes), track.channels);
        heard.add(&numbers, track.first_frame);
        follower.add(&numbers, track.first_frame);
    }
    Ok((heard, follower.finish(sound.frames())))
}

fn from_callbacks(row: &Row, host: &HostReport, stream: &Stream, heard: &Heard) -> Result<u64> {
    let callbacks = Callbacks {
        times_ns: &host.callback_times_ns,
        block_frames: row.block_frames.context("the row names no block")?,
        lead_in_frames: lead_in_frames(),
    };
    let mut delays = heard.delays(&callbacks, &stream.blocks);
    delays.sort_unstable();
    let middle = delays.get(delays.len() / 2).copied();
    middle.context("nothing of the sound was heard as it was sent")
}
