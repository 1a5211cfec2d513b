//! Two of PortAudio's ASIO hosts and a WASAPI program at once, on another maker's ASIO hardware with short
//! blocks: what of each the hardware played, and how long the WASAPI program's sound was on its way.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::Bench;
use crate::prove::judge::LIKENESS_MIN;
use crate::rig::card::{Report, Service};
use crate::rig::places::Backend;
use crate::rig::playback::{Host, Playback};
use crate::rig::router::{self, Router};
use crate::routed::{
    ALL_RUN_FRAMES, CHANNELS, DRIVER, MACHINE, ON_HARDWARE, RATE_HZ, found, how, latencies,
    two_sounds,
};
use crate::sound::make;
use crate::sound::raw::RawFormat;
use crate::sound::{Sound, compare::Comparison};
use crate::{interrupt, progress};

/// How long all play together.
const TOGETHER_FRAMES: usize = 96_000;
/// How loud the WASAPI program is to be, in decibels.
const GAIN_DB: f64 = -6.0;
/// The sound of which a place is looked for, and how far away it may be.
const PIECE_FRAMES: usize = 2_048;
const WAY_FRAMES_MAX: usize = 9_600;
/// The mixer works so far ahead of the endpoint's DAC, a period, and a loopback packet comes when it has.
const AHEAD_FRAMES: usize = 480;
/// From one such place to the next.
const STEP_FRAMES: usize = 9_600;
/// How often a mix is tried, at most.
const TRIES_MAX: u32 = 5;
/// What disturbs sound may have been so long before it, or after it.
const NEAR_NS: u64 = 20_000_000;
/// What a mix takes, from the first program's start to the last one's end.
const LENGTH: Duration = Duration::from_secs(15);
/// For how long each way of running is measured.
const LATENCY_SECONDS: usize = 3;

/// So many mixes, and as often the latencies.
///
/// # Errors
/// The rig fails, or a host.
pub fn take(bench: &mut Bench<'_>, runs: usize) -> Result<Value> {
    let sounds = Sounds::new();
    let (mut mixes, mut ways) = (Vec::new(), Vec::new());
    for run in 1..=runs {
        let what = format!("{run}/{runs}: two hosts and a WASAPI program");
        mixes.push(progress::step(&what, || undisturbed(bench, &sounds))?);
        let what = format!("{run}/{runs}: latencies");
        let rows = progress::step(&what, || {
            let Bench { rig, card, product } = &mut *bench;
            latencies(rig, card, product, &ON_HARDWARE, LATENCY_SECONDS)
        })?;
        ways.push(json!(rows.rows));
        interrupt::check()?;
    }
    Ok(json!({
        "block_frames": ON_HARDWARE.block_frames, "gain_db": GAIN_DB, "mixes": mixes,
        "latencies": ways,
    }))
}

/// A mix; again while something is missing and the machine kept even the hardware waiting meanwhile, which
/// runs before all programs: a host that is late by a millisecond has lost its block.
fn undisturbed(bench: &mut Bench<'_>, sounds: &Sounds) -> Result<Value> {
    let mut tries = 1;
    loop {
        let mut mix = at_once(bench, sounds)?;
        let was_disturbed = mix["hardware_waited"].as_u64() > Some(0);
        if is_whole(&mix) || !was_disturbed || tries == TRIES_MAX {
            mix["tries"] = json!(tries);
            return Ok(mix);
        }
        interrupt::check()?;
        tries += 1;
    }
}

/// Whether the hosts' sounds are exact and the WASAPI program's is known again everywhere.
fn is_whole(mix: &Value) -> bool {
    let all = |list: &Value, good: fn(&Value) -> bool| {
        list.as_array().is_some_and(|list| list.iter().all(good))
    };
    let alike = |likeness: &Value| likeness.as_f64() >= Some(LIKENESS_MIN);
    all(&mix["hosts"], |host| host["exact"] == true) && all(&mix["loopback"]["likeness"], alike)
}

/// What is played: the hosts on the left, the WASAPI program on the right.
struct Sounds {
    hosts: [Sound; 2],
    wasapi: Sound,
}

impl Sounds {
    fn new() -> Self {
        // The program plays a little longer, as it comes later.
        let mut noise = make::noise(RATE_HZ, CHANNELS, 20, TOGETHER_FRAMES + RATE_HZ as usize);
        smooth(&mut noise);
        Self {
            hosts: two_sounds(TOGETHER_FRAMES).map(|sound| sound.only_channel(0)),
            wasapi: noise.between_silence(ALL_RUN_FRAMES, 0).only_channel(1),
        }
    }
}

/// Each frame the mean of some, so that what is shifted by a part of a frame, or stretched a little, is known
/// again.
fn smooth(noise: &mut Sound) {
    const FRAMES: usize = 16;
    let channels = usize::from(noise.channels);
    for at in 0..noise.samples.len() {
        let own = noise.samples[at..].iter().step_by(channels).take(FRAMES);
        let sum: i64 = own.map(|sample| i64::from(*sample)).sum();
        noise.samples[at] = ((sum / FRAMES as i64) as i32) & !0xFFF;
    }
}

const ROUTING: &str = "[router.source.Browser]\nkind = \"loopback\"\ndevice = \"SPARE\"\n\
                       [router.sink.Interface]\nkind = \"asio\"\ndevice = \"Simcard Hardware\"\n\
                       [router.mix.all]\n\
                       routes = [{ from = \"Browser\", to = \"Interface\", gain_db = -6.0 }]\n";

fn config(bench: &Bench<'_>, hand_over: &str) -> Result<PathBuf> {
    let file = bench
        .rig
        .paths
        .rig()
        .join(format!("mixed-{hand_over}.toml"));
    let text = format!("[profile.{DRIVER:?}]\nhand_over = {hand_over:?}\n{ROUTING}");
    fs::write(&file, text).context("cannot write the configuration")?;
    Ok(file)
}

fn at_once(bench: &mut Bench<'_>, sounds: &Sounds) -> Result<Value> {
    let configs = [config(bench, "synchronous")?, config(bench, "pipelined")?];
    bench.rig.wine(Backend::Card)?.use_config(Some(&configs[0]));
    bench.rig.wine(Backend::Card)?.let_save_pass(LENGTH)?;
    let service = Service::start_as(&mut bench.rig, &bench.card, Some(MACHINE))?;
    let outcome = Router::start(&mut bench.rig, &bench.product).and_then(|router| {
        let rig = &mut bench.rig;
        let asio = Playback {
            block_frames: ON_HARDWARE.block_frames,
            ..how()
        };
        let wasapi = Playback {
            host_api: "wasapi-shared",
            device: Some("SPARE"),
            format: RawFormat::Float32,
            ..how()
        };
        let [upper, lower] = &sounds.hosts;
        let upper = rig.start_host_as(&asio, upper, "mixed-upper", &configs[0])?;
        let lower = rig.start_host_as(&asio, lower, "mixed-lower", &configs[1])?;
        let program = rig.start_host(&wasapi, &sounds.wasapi, "mixed-wasapi")?;
        let hosts = [upper, lower, program].map(Host::finish);
        // Only now: a program that begins takes time from those that play.
        let bridge = bridge_of_loopback(bench)?;
        router.finish(&mut bench.rig, &bench.product)?;
        hosts.into_iter().collect::<Result<Vec<_>>>()?;
        Ok(bridge)
    });
    bench.rig.wine(Backend::Card)?.use_config(None);
    let (report, folder) = bench.finish(service)?;
    let bridge = outcome?;
    let played = Dac::all(&report, &folder, "HW OUT")?;
    let hosts = [0, 1].map(|which| {
        let sums: Vec<Sound> = played.iter().map(|dac| dac.sound.only_channel(0)).collect();
        let Comparison {
            frames_played,
            frames_found,
            dropouts,
            first_difference,
            ..
        } = found(&sums, which, &sounds.hosts[which]);
        json!({
            "frames": frames_played, "found": frames_found, "faults": dropouts,
            "exact": frames_found == frames_played && dropouts == 0 && first_difference.is_none(),
        })
    });
    Ok(json!({
        "hosts": hosts,
        "loopback": by_loopback(&report, &folder, &played)?,
        "bridge": bridge,
        "hardware_waited": stops_within(&report, &played),
    }))
}

/// How often the machine kept the hardware waiting while the hosts were heard.
fn stops_within(report: &Report, played: &[Dac]) -> usize {
    let heard = played.iter().filter_map(|dac| {
        let left = dac.sound.channel(0);
        let first = left.iter().position(|sample| *sample != 0)?;
        let last = left.iter().rposition(|sample| *sample != 0)?;
        Some(dac.time_of(first).saturating_sub(NEAR_NS)..dac.time_of(last) + NEAR_NS)
    });
    let heard: Vec<_> = heard.collect();
    let within = |time_ns: u64| heard.iter().any(|span| span.contains(&time_ns));
    report
        .stops
        .iter()
        .filter(|stop| within(stop.time_ns))
        .count()
}

/// How the router holds the loopback's clock and the hardware's together, in its own words.
fn bridge_of_loopback(bench: &mut Bench<'_>) -> Result<Value> {
    let told = router::ask(&mut bench.rig, &bench.product, &["list", "--json"])?;
    let mut status: Value =
        serde_json::from_str(&told.stdout).context("the router's status is unclear")?;
    Ok(status["sources"][0]["bridge"].take())
}

/// What a DAC played without a gap.
struct Dac {
    sound: Sound,
    time_ns: u64,
}

impl Dac {
    fn all(report: &Report, folder: &Path, endpoint: &str) -> Result<Vec<Self>> {
        let tracks = report.tracks.iter();
        let played = tracks.filter(|track| track.played && track.endpoint == endpoint);
        let dac = |track: &crate::rig::card::Track| {
            Ok(Self {
                sound: track.sound(folder)?,
                time_ns: track.time_ns,
            })
        };
        played.map(dac).collect()
    }

    fn right(&self) -> Vec<f64> {
        let samples = self.sound.channel(1).into_iter();
        samples.map(f64::from).collect()
    }

    /// The frame that is under way at that time.
    fn frame_at(&self, time_ns: u64) -> Option<usize> {
        let ns = time_ns.checked_sub(self.time_ns)?;
        Some((u128::from(ns) * u128::from(RATE_HZ) / 1_000_000_000) as usize)
    }

    fn time_of(&self, frame: usize) -> u64 {
        self.time_ns + frame as u64 * 1_000_000_000 / u64::from(RATE_HZ)
    }
}

/// A stretch of the WASAPI program's sound that came in a loopback packet, and that the hardware's DAC played.
struct Way {
    /// From the packet's coming to the hardware's DAC.
    frames: usize,
    likeness: f64,
    gain_db: f64,
}

fn by_loopback(report: &Report, folder: &Path, hardware: &[Dac]) -> Result<Value> {
    let longest = |all: Vec<Dac>| all.into_iter().max_by_key(loud_frames);
    let from =
        longest(Dac::all(report, folder, "SPARE")?).context("the endpoint played nothing")?;
    let to = hardware.iter().max_by_key(|dac| loud_frames(dac));
    let to = to.context("the hardware played nothing")?;
    let ways = ways(&from, to)?;
    let of = |what: fn(&Way) -> f64| ways.iter().map(what).collect::<Vec<_>>();
    Ok(json!({
        "frames": ways.iter().map(|way| way.frames).collect::<Vec<_>>(),
        "likeness": of(|way| way.likeness),
        "gain_db": of(|way| way.gain_db),
    }))
}

/// The ways of some stretches of what `from` played to what `to` played.
fn ways(from: &Dac, to: &Dac) -> Result<Vec<Way>> {
    let (sent, heard) = (from.right(), to.right());
    let begin = sent.iter().position(|sample| *sample != 0.0);
    let begin = begin.context("the WASAPI program was not heard by its own endpoint")?;
    // Sound from a tap begins when the two clocks are known.
    let begin = begin + RATE_HZ as usize / 2;
    let mut ways = Vec::new();
    for at in (begin..begin + TOGETHER_FRAMES / 2).step_by(STEP_FRAMES) {
        let piece = sent.get(at..at + PIECE_FRAMES);
        let piece = piece.context("the WASAPI program was heard for too short a time")?;
        let came = at.checked_sub(AHEAD_FRAMES);
        let place = came.and_then(|came| to.frame_at(from.time_of(came)));
        let place = place.context("the hardware began too late")?;
        ways.push(find(piece, &heard, place)?);
    }
    Ok(ways)
}

fn loud_frames(dac: &Dac) -> usize {
    dac.right().iter().filter(|sample| **sample != 0.0).count()
}

/// Where the piece is, from that place on: where the two are most alike.
fn find(piece: &[f64], heard: &[f64], place: usize) -> Result<Way> {
    let within = heard.get(place..).unwrap_or_default();
    ensure!(
        within.len() >= PIECE_FRAMES + WAY_FRAMES_MAX,
        "the hardware ended too early"
    );
    let power = |all: &[f64]| all.iter().map(|x| x * x).sum::<f64>();
    let own = power(piece);
    let likeness = |frames: usize| {
        let there = &within[frames..frames + PIECE_FRAMES];
        let both: f64 = piece.iter().zip(there).map(|(a, b)| a * b).sum();
        both / (own * power(there)).sqrt().max(f64::MIN_POSITIVE)
    };
    let all = (0..WAY_FRAMES_MAX).map(|frames| (frames, likeness(frames)));
    let (frames, likeness) = all
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .context("there is nothing to look at")?;
    let gain = power(&within[frames..frames + PIECE_FRAMES]) / own;
    Ok(Way {
        frames,
        likeness,
        gain_db: 10.0 * gain.log10(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_that_comes_before_its_own_dac_plays_it_is_found() {
        let noise = make::noise(RATE_HZ, CHANNELS, 24, 2 * RATE_HZ as usize);
        let dac = |time_ns: u64| Dac {
            sound: noise.clone(),
            time_ns,
        };
        // The packet comes 480 frames (10 ms) before the endpoint's DAC plays it; the hardware plays it in 4 ms.
        let ways = ways(&dac(1_000_000_000), &dac(994_000_000)).unwrap();
        assert_eq!(ways.len(), 5);
        assert!(ways.iter().all(|way| (191..=192).contains(&way.frames)));
        assert!(ways.iter().all(|way| way.likeness > 0.999));
    }

    #[test]
    fn a_stretch_is_found_where_it_is_and_as_loud_as_it_is() {
        let noise = make::noise(RATE_HZ, 1, 24, 30_000);
        let sent: Vec<f64> = noise
            .samples
            .iter()
            .map(|sample| f64::from(*sample))
            .collect();
        let heard: Vec<f64> = [vec![0.0; 777], sent.iter().map(|x| x / 2.0).collect()].concat();
        let way = find(&sent[1_000..1_000 + PIECE_FRAMES], &heard, 1_000).unwrap();
        assert_eq!(way.frames, 777);
        assert!(way.likeness > 0.999_999 && (way.gain_db + 6.0206).abs() < 0.001);
        let foreign = find(&sent[20_000..20_000 + PIECE_FRAMES], &heard, 1_000).unwrap();
        assert!(foreign.likeness < 0.2, "{}", foreign.likeness);
        assert!(find(&sent[..PIECE_FRAMES], &heard, 25_000).is_err());
    }
}
