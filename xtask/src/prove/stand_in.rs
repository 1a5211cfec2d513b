//! Devices that come and go on the simulated card in real time, while PortAudio's ASIO host plays.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::bench::delay::RATE_HZ;
use crate::bench::measure::playback;
use crate::bench::rows::{Mode, Player, Row};
use crate::paths::{DEFAULT_TARGET, Paths};
use crate::rig::Rig;
use crate::rig::card::{Report, Service};
use crate::rig::places::Backend;
use crate::rig::playback::Playback;
use crate::rig::witness::{Watch, undisturbed};
use crate::sound::Sound;
use crate::sound::make;
use crate::sound::pieces::pieces;
use crate::sound::raw::RawFormat;
use crate::{build, interrupt, progress};

const CHANNELS: u16 = 2;
const CARD: &str = "card Desk\n render OUT\ncard Spare\n render SPARE\n";
/// From one fault to the next, in milliseconds.
const APART_MS: u64 = 700;
/// Before the first and after the last, in milliseconds.
const MARGIN_MS: u64 = 1_000;

/// How often each thing happens in a run of each driver.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    pub runs: u64,
    /// Losses and as many returns.
    pub losses: u64,
    pub moves: u64,
    /// Exclusive streams only: in shared mode what follows is resampled and no frame is known again.
    pub formats: u64,
    pub stalls: u64,
}

/// A stretch of sound.
struct Span {
    from_ns: u64,
    until_ns: u64,
    /// The sound's frames.
    first: u64,
    end: u64,
}

/// Both drivers in turns.
///
/// # Errors
/// A build fails, or the rig.
pub fn measure(paths: &Paths, extent: Extent) -> Result<Value> {
    build::rig_programs(paths)?;
    let driver = build::product(paths, DEFAULT_TARGET, true)?.join("asio2wasapi.dll");
    let card = build::card(paths)?;
    let mut rig = Rig::start(paths)?;
    let wine = rig.wine(Backend::Card)?;
    wine.register(&card.join("simcard_wasapi.dll"), true)?;
    wine.register(&driver, true)?;
    let mut rows = Vec::new();
    for run in 1..=extent.runs {
        for (driver, format) in [
            ("ASIO2WASAPI Exclusive", RawFormat::Int32),
            ("ASIO2WASAPI Shared", RawFormat::Float32),
        ] {
            let what = format!("{run}/{}: {driver}", extent.runs);
            let script = script(&extent, format == RawFormat::Int32);
            // A busy machine stops the card's clock, which no device does: then it is tried again.
            let row = progress::step(&what, || {
                let run = || Ok(one(&mut rig, &card, driver, format, &script));
                let is_whole = |row: &Result<Value>| {
                    row.as_ref().is_ok_and(|row| {
                        row["heard_to_frame"] == row["sound_frames"] && row["repeated"] == 0
                    })
                };
                let (row, tries) = undisturbed(&Watch::each_alone(paths), run, is_whole)?;
                row.with_context(|| tries.testimony())
            })?;
            interrupt::check()?;
            rows.push(row);
        }
    }
    Ok(json!({ "rows": rows }))
}

/// The faults of a run, well mixed.
fn script(extent: &Extent, is_exclusive: bool) -> Vec<String> {
    let Extent {
        losses,
        moves,
        formats,
        stalls,
        ..
    } = *extent;
    let formats = if is_exclusive { formats } else { 0 };
    let mut faults = Vec::new();
    for n in 0..losses.max(moves).max(formats).max(stalls) {
        if n < losses {
            faults.extend(["lose OUT".to_owned(), "back OUT".to_owned()]);
        }
        if n < moves {
            let to = if n % 2 == 0 { "SPARE" } else { "OUT" };
            faults.push(format!("default {to}"));
        }
        if n < formats {
            let rate_hz = if n % 2 == 0 { 44_100 } else { 48_000 };
            faults.push(format!("format {rate_hz}"));
        }
        if n < stalls {
            faults.push("late 3 periods".to_owned());
        }
    }
    faults
}

fn one(
    rig: &mut Rig<'_>,
    card: &Path,
    driver: &str,
    format: RawFormat,
    faults: &[String],
) -> Result<Value> {
    let mut description = CARD.to_owned();
    for (n, fault) in (0..).zip(faults) {
        let at_ms = MARGIN_MS + n * APART_MS;
        description += &format!("at {at_ms}ms {fault}\n");
    }
    let seconds = (2 * MARGIN_MS + faults.len() as u64 * APART_MS).div_ceil(1_000);
    let sound = make::noise(RATE_HZ, CHANNELS, 24, seconds as usize * RATE_HZ as usize);
    let service = Service::start_as(rig, card, Some(&description))?;
    let host = play(rig, driver, format, &sound);
    let (report, folder) = service.finish(rig, card)?;
    let said = host.as_ref().err().map(|error| format!("{error:#}"));
    let longest_us = host.ok().and_then(|host| host.callback_interval_us);
    let spans = spans(&report, &folder, &sound)?;
    Ok(json!({
        "driver": driver,
        "faults": report.faults.len(),
        "asked_faults": faults.len(),
        "host_error": said,
        "callback_interval_max_us": longest_us.map(|intervals| intervals.max),
        "heard_to_frame": spans.last().map(|span| span.end),
        "sound_frames": sound.frames(),
        "repeated": spans.windows(2).filter(|pair| pair[1].first < pair[0].end).count(),
        "stalls": report.stalls.count,
        "gaps": gaps(&report, &spans),
    }))
}

fn play(
    rig: &mut Rig<'_>,
    driver: &str,
    format: RawFormat,
    sound: &Sound,
) -> Result<crate::rig::playback::HostReport> {
    let row = Row {
        player: Player::Ours,
        mode: Some(match format {
            RawFormat::Float32 => Mode::Shared,
            _ => Mode::Exclusive,
        }),
        block_frames: Some(480),
        driver: Some(driver.to_owned()),
        records: false,
    };
    let playback = Playback {
        format,
        ..playback(&row)?
    };
    rig.start_host(&playback, sound, "stand-in")?.finish()
}

/// What was heard, in the order of time.
fn spans(report: &Report, folder: &Path, sound: &Sound) -> Result<Vec<Span>> {
    let mut spans = Vec::new();
    for track in report.tracks.iter().filter(|track| track.played) {
        let heard = track.sound(folder)?;
        let at_ns = |frame: u64| track.time_ns + frame * 1_000_000_000 / u64::from(RATE_HZ);
        let found = pieces(sound, &heard).with_context(|| format!("in {}", track.file))?;
        spans.extend(found.iter().map(|piece| Span {
            from_ns: at_ns(piece.at),
            until_ns: at_ns(piece.at + piece.frames),
            first: piece.from,
            end: piece.end(),
        }));
    }
    spans.sort_by_key(|span| span.from_ns);
    Ok(spans)
}

/// Each silence between two stretches of sound, with the last fault before its end.
fn gaps(report: &Report, spans: &[Span]) -> Vec<Value> {
    let gap = |pair: &[Span]| {
        let [before, after] = pair else { return None };
        let silent_ns = after.from_ns.saturating_sub(before.until_ns);
        let struck = report.faults.iter().filter(|struck| {
            // A late wake-up is heard when what was queued is played.
            struck.time_ns <= after.from_ns
                && struck.time_ns + APART_MS * 1_000_000 > before.until_ns
        });
        let fault = struck.max_by_key(|struck| struck.time_ns);
        let kind = fault.map_or("none", |struck| {
            struck.fault.split_whitespace().next().unwrap_or("none")
        });
        Some(
            json!({ "fault": kind, "silent_ms": silent_ns as f64 / 1e6, "lost_frames": after.first.saturating_sub(before.end) }),
        )
    };
    spans.windows(2).filter_map(gap).collect()
}
