//! The router is killed again and again while two hosts play.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{Bench, SURVIVORS};
use crate::bench::delay::frame_at;
use crate::rig::card::{Block, Report, Service};
use crate::rig::events::counter_ns;
use crate::rig::playback::Host;
use crate::rig::router;
use crate::rig::witness::{Watch, undisturbed};
use crate::routed::{CHANNELS, RATE_HZ, how};
use crate::sound::compare::compare;
use crate::sound::{Sound, make};
use crate::{captured, interrupt, process, progress};

/// A host needs no longer to begin, and the last kill no longer to be over, in seconds of sound.
const BESIDE_SECONDS: usize = 8;
/// From kill to kill, in seconds of sound: more than it takes.
const KILL_SECONDS: usize = 2;
/// After a kill it has to be well by then.
const BACK: Duration = Duration::from_millis(1_000);
/// Then it is well for so long before the next.
const CALM: Duration = Duration::from_millis(500);

/// So often it is killed in each round.
const ROUND: usize = 5;

/// Kills it so often.
///
/// # Errors
/// The rig fails, or a host.
pub fn kill(bench: &mut Bench<'_>, kills: usize) -> Result<Value> {
    let whole = |round: &Value| {
        let hosts = round["hosts"].as_array();
        hosts.is_some_and(|hosts| hosts.iter().all(is_soon_over))
    };
    let mut rounds: Vec<Value> = Vec::new();
    let mut left = kills;
    while left > 0 {
        let here = left.min(ROUND);
        let what = format!("the router is killed, {} of {kills}", kills - left + here);
        let (mut round, tries) = progress::step(&what, || {
            undisturbed(&Watch::first(bench.rig.paths), || play(bench, here), whole)
        })?;
        round["tries"] = json!(tries.count);
        rounds.push(round);
        left -= here;
        interrupt::check()?;
    }
    Ok(json!(rounds))
}

fn is_soon_over(host: &Value) -> bool {
    let all = host["over_after_ms"].as_array();
    all.is_some_and(|all| {
        all.iter()
            .all(|ms| ms.as_u64() <= Some(BACK.as_millis() as u64))
    })
}

fn play(bench: &mut Bench<'_>, kills: usize) -> Result<Value> {
    let seconds = BESIDE_SECONDS + kills * KILL_SECONDS;
    let sound = make::noise(RATE_HZ, CHANNELS, 24, seconds * RATE_HZ as usize);
    let sounds = [0, 1].map(|channel| sound.only_channel(channel));
    let service = Service::start(&mut bench.rig, &bench.card)?;
    let outcome = play_and_kill(bench, &sounds, kills);
    let (report, folder) = bench.finish(service)?;
    router::end(&mut bench.rig, &bench.product)?;
    let (kills_ns, longest_us) = outcome?;
    let renders = report.streams.iter().filter(|stream| stream.renders);
    let mut blocks: Vec<Block> = renders.flat_map(|stream| stream.blocks.clone()).collect();
    blocks.sort_by_key(|block| block.released_ns);
    let frame_at = |ns: &u64| frame_at(*ns, &blocks).context("the card was handed nothing");
    let kills = kills_ns
        .iter()
        .map(frame_at)
        .collect::<Result<Vec<u64>>>()?;
    let mut hosts = Vec::new();
    for (channel, way) in SURVIVORS.iter().enumerate() {
        let heard = heard(&report, &folder, &sounds[channel], channel)?;
        let mut host = judge(&heard, &kills);
        host["who"] = json!(way);
        host["frames"] = json!(sound.frames());
        host["callback_interval_max_us"] = json!(longest_us[channel]);
        hosts.push(host);
    }
    Ok(json!({ "kills": kills.len(), "hosts": hosts, "stalls": report.stalls.count }))
}

/// When each kill was, and the longest time from call to call of each host.
fn play_and_kill(
    bench: &mut Bench<'_>,
    sounds: &[Sound; 2],
    kills: usize,
) -> Result<(Vec<u64>, Vec<Option<f64>>)> {
    let mut hosts = Vec::new();
    for (way, sound) in SURVIVORS.iter().zip(sounds) {
        let config = bench.config(way)?;
        let name = format!("routed-{way}");
        hosts.push(bench.rig.start_host_as(&how(), sound, &name, &config)?);
    }
    // The driver starts the first router, too.
    let mut running = await_router(&bench.product, &[])?;
    captured::pause(BACK + CALM)?;
    let mut kills_ns = Vec::new();
    for _ in 0..kills {
        captured::pause(CALM)?;
        kills_ns.push(counter_ns()?);
        // Each host may have started one; all but one wait in vain, and then it is not known which.
        let all = routers(&bench.product);
        all.iter().for_each(|id| process::signal(*id, "KILL"));
        running.extend(all);
        running = await_router(&bench.product, &running)?;
        captured::pause(BACK)?;
    }
    let reports = hosts.into_iter().map(Host::finish);
    let reports = reports.collect::<Result<Vec<_>>>()?;
    let longest = reports.iter().map(|report| {
        let intervals = report.callback_interval_us;
        intervals.map(|intervals| intervals.max)
    });
    Ok((kills_ns, longest.collect()))
}

/// The processes of routers, when there is one that is none of those. No program of Wine's is asked, as
/// starting one makes everybody else wait.
fn await_router(product: &Path, before: &[u32]) -> Result<Vec<u32>> {
    for _ in 0..400 {
        let found = routers(product);
        if found.iter().any(|process| !before.contains(process)) {
            return Ok(found);
        }
        captured::pause(Duration::from_millis(25))?;
    }
    bail!("no router has been started")
}

/// The processes of this system that are routers of that folder.
fn routers(product: &Path) -> Vec<u32> {
    let folder = product.display().to_string().replace('/', "\\");
    let is_router = |process: &u32| {
        let words = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words);
        let mut words = words.split('\0');
        let program = words.next().unwrap_or_default().replace('/', "\\");
        program.contains(&folder)
            && program.ends_with("asio2wasapi.exe")
            && words.next() == Some("route")
    };
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(is_router).collect()
}

/// A stretch of a sound on the card's own count of frames.
struct Span {
    from: u64,
    until: u64,
    sent_from: u64,
    sent_until: u64,
    /// Frames within it that are not as they were sent: where such a place begins and ends.
    faults: Vec<(u64, u64)>,
}

/// What was heard of a sound on a channel: each router has a stream of its own, and so a track.
fn heard(report: &Report, folder: &Path, sound: &Sound, channel: usize) -> Result<Vec<Span>> {
    let mut spans = Vec::new();
    for track in report.tracks.iter().filter(|track| track.played) {
        let found = compare(sound, &track.sound(folder)?.only_channel(channel), 0);
        let place = |at: usize| track.first_frame + at as u64;
        let (Some(begin), Some(end)) = (found.begin_in_recording, found.end_in_recording) else {
            continue;
        };
        let fault = |at: usize, frames: usize| (place(at), place(at + frames));
        let faults = found.faults.iter();
        spans.push(Span {
            from: place(begin),
            until: place(end),
            sent_from: found.begin_in_sent.unwrap_or_default() as u64,
            sent_until: found.end_in_sent.unwrap_or_default() as u64,
            faults: faults.map(|at| fault(at.at_recorded, at.foreign)).collect(),
        });
    }
    spans.sort_by_key(|span| span.from);
    Ok(spans)
}

/// What came of each kill.
fn judge(heard: &[Span], kills: &[u64]) -> Value {
    let between = heard.windows(2).map(|pair| (pair[0].until, pair[1].from));
    let inside = heard.iter().flat_map(|span| span.faults.iter().copied());
    let all: Vec<(u64, u64)> = between.chain(inside).collect();
    let ms = |frames: u64| frames * 1_000 / u64::from(RATE_HZ);
    let (mut silences, mut over) = (Vec::new(), Vec::new());
    for (at, kill) in kills.iter().enumerate() {
        let next = kills.get(at + 1).copied().unwrap_or(u64::MAX);
        let its = || all.iter().filter(|(from, _)| (*kill..next).contains(from));
        silences.push(ms(its()
            .map(|(from, until)| until - from)
            .max()
            .unwrap_or(0)));
        over.push(ms(its().map(|(_, until)| until - kill).max().unwrap_or(0)));
    }
    let repeated = heard
        .windows(2)
        .filter(|pair| pair[1].sent_from < pair[0].sent_until);
    json!({
        "silences_ms": silences,
        "over_after_ms": over,
        "repeated": repeated.count(),
        "heard_to_frame": heard.last().map(|span| span.sent_until),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kill_is_over_when_the_last_of_its_gaps_is() {
        let span = |from, until, sent_from, faults: &[(u64, u64)]| Span {
            from,
            until,
            sent_from,
            sent_until: sent_from + (until - from),
            faults: faults.to_vec(),
        };
        let heard = [
            span(0, 48_000, 0, &[]),
            span(57_600, 96_000, 60_000, &[(62_400, 62_880)]),
            span(105_600, 150_000, 98_000, &[]),
        ];
        let told = judge(&heard, &[47_520, 95_520]);
        assert_eq!(told["silences_ms"], json!([200, 200]));
        assert_eq!(told["over_after_ms"], json!([320, 210]));
        assert_eq!(told["repeated"], 1);
        assert_eq!(told["heard_to_frame"], 142_400);
        assert!(is_soon_over(&told));
        // Something is missing later than a second after.
        let late = [span(0, 150_000, 0, &[(96_480, 96_960)])];
        assert!(!is_soon_over(&judge(&late, &[47_520])));
    }
}
