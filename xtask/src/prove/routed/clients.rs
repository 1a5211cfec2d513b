//! Clients that are killed in the middle of a cycle, and two others that play on.
//!
//! All programs are started first; when all play calmly, the victims are killed one after the other, and
//! nothing is started between. So a gap near a kill is the kill's, and none of Wine's server, which keeps
//! everybody waiting when a program begins.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{Bench, SURVIVORS};
use crate::bench::delay::frame_at;
use crate::captured;
use crate::rig::card::{Block, Report, Service, Track};
use crate::rig::events::{Wait, Witness, counter_ns};
use crate::rig::places::Backend;
use crate::rig::playback::Host;
use crate::rig::router::Router;
use crate::rig::witness::{Watch, undisturbed};
use crate::routed::{BLOCK_FRAMES, CHANNELS, RATE_HZ, how};
use crate::sound::Sound;
use crate::sound::compare::{Comparison, compare};
use crate::sound::make;
use crate::{interrupt, progress};

/// So many are killed in each round.
const VICTIMS: usize = 10;
/// More than a round takes.
const SOUND_SECONDS: usize = 45;
/// Everybody plays for so long before the first kill, as starts are not what is judged.
const CALM: Duration = Duration::from_millis(1_500);
/// From kill to kill.
const BETWEEN: Duration = Duration::from_millis(150);
/// What is heard so long after the last kill is judged, too.
const AFTER: Duration = Duration::from_millis(600);
const NS_PER_MS: u64 = 1_000_000;

/// Rounds of kills.
///
/// # Errors
/// The rig fails, or a host.
pub fn kill(bench: &mut Bench<'_>, kills: usize) -> Result<Value> {
    let mut rounds: Vec<Value> = Vec::new();
    let mut left = kills;
    while left > 0 {
        let victims = left.min(VICTIMS);
        let what = format!("{} of {kills} clients are killed", kills - left + victims);
        let whole = |round: &Value| round["gaps"].as_array().is_some_and(Vec::is_empty);
        let (round, tries) = progress::step(&what, || {
            undisturbed(
                &Watch::first(bench.rig.paths),
                || round(bench, victims),
                whole,
            )
        })?;
        let mut round = round;
        round["tries"] = json!(tries.count);
        rounds.push(round);
        left -= victims;
        interrupt::check()?;
    }
    Ok(json!({ "block_frames": BLOCK_FRAMES, "rounds": rounds }))
}

/// What happened when, on the performance counter.
struct Times {
    kills_ns: Vec<u64>,
    end_ns: u64,
}

fn round(bench: &mut Bench<'_>, victims: usize) -> Result<Value> {
    let sound = make::noise(RATE_HZ, CHANNELS, 24, SOUND_SECONDS * RATE_HZ as usize);
    let sounds = [0, 1].map(|channel| sound.only_channel(channel));
    let service = Service::start(&mut bench.rig, &bench.card)?;
    let outcome = Router::start(&mut bench.rig, &bench.product).and_then(|router| {
        let witness = Witness::start(&mut bench.rig, Backend::Card)?;
        let times = play(bench, &router, &sounds, victims)?;
        let waits = witness.finish()?;
        router.finish(&mut bench.rig, &bench.product)?;
        Ok((times, waits))
    });
    let (report, folder) = bench.finish(service)?;
    let (times, waits) = outcome?;
    judge(&report, &folder, &sounds, &times, &waits)
}

fn play(
    bench: &mut Bench<'_>,
    router: &Router,
    sounds: &[Sound; 2],
    victims: usize,
) -> Result<Times> {
    let mut survivors = Vec::new();
    for (way, sound) in SURVIVORS.iter().zip(sounds) {
        let config = bench.config(way)?;
        let name = format!("routed-{way}");
        survivors.push(bench.rig.start_host_as(&how(), sound, &name, &config)?);
    }
    router.await_words("came:", SURVIVORS.len())?;
    // It must not be heard in the others' sound, and is killed in mid-cycle all the same.
    let silence = Sound {
        samples: vec![0; sounds[0].samples.len()],
        ..sounds[0]
    };
    let mut dying: Vec<Host> = Vec::new();
    for victim in 0..victims {
        // Both ways in turns.
        let config = bench.config(SURVIVORS[victim % SURVIVORS.len()])?;
        let name = format!("routed-dies-{victim}");
        dying.push(bench.rig.start_host_as(&how(), &silence, &name, &config)?);
    }
    router.await_words("came:", SURVIVORS.len() + victims)?;
    captured::pause(CALM)?;
    ensure!(
        !router.said().contains("left:"),
        "a client left that nobody has killed"
    );
    let mut kills_ns = Vec::new();
    for (at, victim) in dying.into_iter().enumerate() {
        // Somewhere in a block, another each time.
        let block_us = u64::from(BLOCK_FRAMES) * 1_000_000 / u64::from(RATE_HZ);
        let inside_us = at as u64 * block_us * 7 / 19 % block_us;
        captured::pause(BETWEEN + Duration::from_micros(inside_us))?;
        kills_ns.push(counter_ns()?);
        drop(victim);
    }
    captured::pause(AFTER)?;
    let end_ns = counter_ns()?;
    router.await_words("left:", victims)?;
    drop(survivors);
    Ok(Times { kills_ns, end_ns })
}

/// A fault in somebody's sound.
struct Gap {
    way: &'static str,
    /// On the card's own count.
    at_frame: u64,
    /// On the card's clock.
    time_ns: u64,
    missing: usize,
    foreign: usize,
}

fn judge(
    report: &Report,
    folder: &Path,
    sounds: &[Sound; 2],
    times: &Times,
    waits: &[Wait],
) -> Result<Value> {
    let renders = report.streams.iter().filter(|stream| stream.renders);
    let stream = renders.max_by_key(|stream| stream.blocks.len());
    let blocks = &stream.context("nothing was played on the card")?.blocks;
    let frame_at = |ns: u64| frame_at(ns, blocks).context("the card was handed nothing");
    let kills = times
        .kills_ns
        .iter()
        .map(|ns| frame_at(*ns))
        .collect::<Result<Vec<u64>>>()?;
    let from = *kills.first().context("nobody was killed")?;
    let until = frame_at(times.end_ns)?;
    let (mut gaps, mut before) = (Vec::new(), Vec::new());
    for (channel, way) in SURVIVORS.into_iter().enumerate() {
        let (track, found) = heard(report, folder, &sounds[channel], channel)?;
        let first_frame = track.first_frame;
        let place = |at: Option<usize>| at.map(|at| first_frame + at as u64);
        let (begin, end) = (
            place(found.begin_in_recording),
            place(found.end_in_recording),
        );
        ensure!(
            begin.is_some_and(|begin| begin < from) && end.is_some_and(|end| end >= until),
            "the {way} one was heard from {begin:?} to {end:?}, and not from {from} to {until}"
        );
        for fault in &found.faults {
            let gap = Gap {
                way,
                at_frame: first_frame + fault.at_recorded as u64,
                time_ns: track.time_ns
                    + fault.at_recorded as u64 * 1_000_000_000 / u64::from(RATE_HZ),
                missing: fault.missing,
                foreign: fault.foreign,
            };
            match gap.at_frame {
                at if at >= until => {}
                at if at >= from => gaps.push(tell(&gap, report, blocks, &kills, waits)),
                _ => before.push(tell(&gap, report, blocks, &kills, waits)),
            }
        }
    }
    Ok(json!({
        "kills": kills.len(),
        "judged_frames": (until - from) * SURVIVORS.len() as u64,
        "gaps": gaps,
        "before": before,
        "stalls": report.stalls.count,
        "event_waits": {
            "while_killed": summary(waits, times.kills_ns[0], times.end_ns),
            "before": summary(waits, 0, times.kills_ns[0]),
        },
    }))
}

/// How often programs in Wine waited, and the longest.
fn summary(waits: &[Wait], from_ns: u64, until_ns: u64) -> Value {
    let inside = || {
        waits
            .iter()
            .filter(|wait| (from_ns..until_ns).contains(&wait.at_ns))
    };
    let longest = |of: fn(&Wait) -> u64| inside().map(of).max().unwrap_or(0) / 1_000;
    json!({
        "count": inside().count(),
        "longest_away_us": longest(|wait| wait.away_ns),
        "longest_late_us": longest(|wait| wait.late_ns),
    })
}

/// What of a sound was heard on a channel, on the track that has most of it.
fn heard<'a>(
    report: &'a Report,
    folder: &Path,
    sound: &Sound,
    channel: usize,
) -> Result<(&'a Track, Comparison)> {
    let mut best: Option<(&Track, Comparison)> = None;
    for track in report.tracks.iter().filter(|track| track.played) {
        let found = compare(sound, &track.sound(folder)?.only_channel(channel), 0);
        let is_better = |(_, best): &(&Track, Comparison)| best.frames_found < found.frames_found;
        if best.as_ref().is_none_or(is_better) {
            best = Some((track, found));
        }
    }
    best.context("the card has played nothing")
}

/// All that is known of a gap: where it is, and who was late.
fn tell(gap: &Gap, report: &Report, blocks: &[Block], kills: &[u64], waits: &[Wait]) -> Value {
    let ends = gap.at_frame + gap.foreign.max(1) as u64;
    let is_dry = report.incidents.iter().any(|incident| {
        let end = incident.first_frame + incident.frames;
        incident.underrun && incident.first_frame < ends && end > gap.at_frame
    });
    // The card's time stands still while its service is kept waiting.
    let near_ns = gap.time_ns.saturating_sub(60 * NS_PER_MS)..gap.time_ns + 20 * NS_PER_MS;
    let stops = report
        .stops
        .iter()
        .filter(|stop| near_ns.contains(&stop.time_ns));
    let stood_ns = stops.map(|stop| stop.stood_ns).max().unwrap_or(0);
    let kill = kills.iter().rev().find(|kill| **kill <= gap.at_frame);
    let ms = |frames: u64| frames as f64 * 1_000.0 / f64::from(RATE_HZ);
    // What was handed over for these frames, and the one before.
    let made =
        blocks.partition_point(|block| block.played_at_frame.is_none_or(|at| at <= gap.at_frame));
    let near = &blocks[made.saturating_sub(3)..(made + 1).min(blocks.len())];
    let took = near.iter().map(|block| {
        let event_ns = block.event_ns.unwrap_or(block.released_ns);
        block.released_ns.saturating_sub(event_ns) / 1_000
    });
    let (from_ns, until_ns) = (
        near.first()
            .map_or(0, |block| block.released_ns.saturating_sub(20 * NS_PER_MS)),
        near.last().map_or(0, |block| block.released_ns),
    );
    json!({
        "who": gap.way,
        "at_frame": gap.at_frame,
        "missing": gap.missing,
        "foreign": gap.foreign,
        "device_ran_dry": is_dry,
        "device_stood_us": stood_ns / 1_000,
        "after_kill_ms": kill.map(|kill| ms(gap.at_frame - kill)),
        "cycles_took_us": took.collect::<Vec<_>>(),
        "event_waits": summary(waits, from_ns, until_ns),
    })
}
