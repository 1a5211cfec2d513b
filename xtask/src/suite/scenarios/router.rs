//! The router: what it shares with its clients, and PortAudio's ASIO hosts that play through it to the
//! simulated card, all at once.

mod amiss;
mod control;
mod files;
mod isolated;
mod microphone;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::super::{Leg, Passed, native, passed, stage::Stage};
use super::playback;
use crate::build;
use crate::captured;
use crate::rig::card::{Report, Service};
use crate::rig::places::{self, Backend};
use crate::rig::playback::{Host, HostReport, Playback};
use crate::rig::router::{self, Router};
use crate::rig::witness::{Watch, undisturbed};
use crate::routed::{
    self, ALL_RUN_FRAMES, CHANNELS, DRIVER, RATE_HZ, found, how, played, played_by, split,
    two_sounds,
};
use crate::sound::compare::{Comparison, compare};
use crate::sound::tone::{Heard, heard, tone};
use crate::sound::{Sound, make};

const LIMIT: Duration = Duration::from_secs(120);
/// How long they play together.
const FRAMES: usize = 96_000;

/// All of them.
pub fn legs() -> Vec<Leg> {
    vec![
        Leg::new("router: memory and events between processes", shared_memory),
        Leg::new("router: two hosts at once", two_hosts),
        Leg::new("router: a second one is refused", one_router),
        Leg::new("router: changed while it plays", changed_live),
        Leg::new("router: what it adds to the latency", added_frames),
        Leg::new("router: ASIO hardware keeps the time", on_hardware),
        Leg::new(
            "router: an ASIO driver in a process of its own",
            isolated::killed,
        ),
        Leg::new("router: what a WASAPI program plays", from_endpoint),
        Leg::new("router: a program at another rate", other_rate),
        Leg::new(
            "router: a microphone that nobody named",
            microphone::default_one,
        ),
        Leg::new("router: a sink that is a file", files::take),
        Leg::new("router: its session is its own", control::session),
        Leg::new(
            "router: watched, recorded to the frame, and Ctrl-C",
            control::watched,
        ),
        Leg::new("router: what goes wrong is told", amiss::told),
        Leg::new("router: a client is killed", client_killed),
        Leg::new("router: the router is killed", router_killed),
    ]
}

/// The tests of `ipc` on the system's own memory and events.
fn shared_memory(stage: &mut Stage<'_>) -> Result<Passed> {
    let program = build::memory_tests(stage.paths)?;
    let paths = stage.paths;
    let mut command = stage.rig()?.wine(Backend::Card)?.command(program);
    let log = places::logs(paths).join("memory-tests");
    let output = captured::capture(&mut command, &log, LIMIT)?;
    if !output.status.success() {
        bail!("{}", output.last_words());
    }
    native::count(&output.stdout)
}

/// The stage as every leg here needs it; the folders with the card and with the product.
fn prepare(stage: &mut Stage<'_>) -> Result<(PathBuf, PathBuf)> {
    let card = stage.card()?;
    let product = stage.product()?;
    router::end(stage.rig_with_driver(Backend::Card)?, &product)?;
    Ok((card, product))
}

/// Both hosts, side by side.
fn start_both(stage: &mut Stage<'_>, sounds: &[Sound; 2]) -> Result<[Host; 2]> {
    let rig = stage.rig()?;
    let upper = rig.start_host(&how(), &sounds[0], "router-upper")?;
    let lower = rig.start_host(&how(), &sounds[1], "router-lower")?;
    Ok([upper, lower])
}

/// The driver starts the router by itself; both sounds are in the sum, bit for bit.
fn two_hosts(stage: &mut Stage<'_>) -> Result<Passed> {
    let (card, product) = prepare(stage)?;
    let sounds = two_sounds(FRAMES);
    let ((parts, hosts), tries) = undisturbed(
        &Watch::between(stage.paths),
        || {
            let service = Service::start(stage.rig()?, &card)?;
            let router = Router::start(stage.rig()?, &product);
            let hosts = router.and_then(|router| {
                let hosts = start_both(stage, &sounds)?;
                let hosts = hosts.map(Host::finish);
                router.await_words("left:", 2)?;
                Ok(hosts)
            });
            let (report, folder) = service.finish(stage.rig()?, &card)?;
            let sums = played(&report, &folder)?;
            let parts = [0, 1].map(|which| found(&sums, which, &sounds[which]));
            Ok((parts, hosts?))
        },
        |(parts, _)| parts.iter().all(Comparison::is_complete),
    )?;
    let [upper, lower] = hosts;
    let hosts: [HostReport; 2] = [upper?, lower?];
    for (part, host) in parts.iter().zip(&hosts) {
        playback::demand(part, 0).with_context(|| tries.testimony())?;
        ensure!(host.device == DRIVER, "{} played", host.device);
    }
    let remark = tries
        .remark()
        .map_or(String::new(), |remark| format!("; {remark}"));
    Ok(passed(format!(
        "both bit-exact in the sum, told latencies {} and {} frames{remark}",
        hosts[0].reported_output_latency_frames, hosts[1].reported_output_latency_frames
    )))
}

/// A second router says one sentence.
fn one_router(stage: &mut Stage<'_>) -> Result<Passed> {
    let (card, product) = prepare(stage)?;
    let service = Service::start(stage.rig()?, &card)?;
    let outcome = Router::start(stage.rig()?, &product).and_then(|router| {
        let second = router::ask(stage.rig()?, &product, &[])?;
        let output = router.finish(stage.rig()?, &product)?;
        ensure!(output.status.success(), "{}", output.last_words());
        Ok(second)
    });
    service.finish(stage.rig()?, &card)?;
    let second = outcome?;
    let said = second.stderr.trim();
    ensure!(second.status.code() == Some(1), "{}", second.status);
    ensure!(
        said.lines().count() == 1 && said.contains("runs already"),
        "it should say in one sentence that another runs, but said: {said}"
    );
    Ok(passed(said))
}

/// One of two is killed while both play; the other has no gap.
fn client_killed(stage: &mut Stage<'_>) -> Result<Passed> {
    let (card, product) = prepare(stage)?;
    let sounds = two_sounds(2 * FRAMES);
    let (parts, tries) = undisturbed(
        &Watch::between(stage.paths),
        || {
            let service = Service::start(stage.rig()?, &card)?;
            let router = Router::start(stage.rig()?, &product);
            let outcome = router.and_then(|router| {
                let [stays, dies] = start_both(stage, &sounds)?;
                router.await_words("came:", 2)?;
                captured::pause(Duration::from_millis(3_500))?;
                drop(dies);
                router.await_words("left:", 1)?;
                stays.finish()
            });
            let (report, folder) = service.finish(stage.rig()?, &card)?;
            outcome?;
            let sums = played(&report, &folder)?;
            Ok([0, 1].map(|which| found(&sums, which, &sounds[which])))
        },
        |parts| parts[0].is_complete(),
    )?;
    let [stayed, died] = parts;
    playback::demand(&stayed, 0).with_context(|| tries.testimony())?;
    ensure!(
        died.frames_found > ALL_RUN_FRAMES && died.frames_found < died.frames_played,
        "of the one that was killed {} of {} frames were played",
        died.frames_found,
        died.frames_played
    );
    Ok(passed(format!(
        "the other bit-exact without a gap; the killed one was heard for {} frames",
        died.frames_found - ALL_RUN_FRAMES
    )))
}

/// The router is killed; the hosts play on, the driver starts another router, and they are heard again.
fn router_killed(stage: &mut Stage<'_>) -> Result<Passed> {
    let (card, product) = prepare(stage)?;
    let sounds = two_sounds(3 * FRAMES);
    let (silences, tries) = undisturbed(
        &Watch::between(stage.paths),
        || {
            let service = Service::start(stage.rig()?, &card)?;
            let router = Router::start(stage.rig()?, &product);
            let outcome = router.and_then(|router| {
                let hosts = start_both(stage, &sounds)?;
                router.await_words("came:", 2)?;
                captured::pause(Duration::from_millis(3_500))?;
                drop(router);
                let [upper, lower] = hosts.map(Host::finish);
                Ok([upper?, lower?])
            });
            let (report, folder) = service.finish(stage.rig()?, &card)?;
            router::end(stage.rig()?, &product)?;
            outcome?;
            [0, 1]
                .map(|which| silence_frames(&report, &folder, which, &sounds[which]))
                .into_iter()
                .collect::<Result<Vec<u64>>>()
        },
        |silences| silences.iter().all(|frames| *frames <= SILENCE_FRAMES_MAX),
    )?;
    for frames in &silences {
        ensure!(
            *frames <= SILENCE_FRAMES_MAX,
            "silence for {frames} frames; {}",
            tries.testimony()
        );
    }
    let ms = |frames: u64| frames * 1000 / u64::from(RATE_HZ);
    Ok(passed(format!(
        "heard again {} and {} ms after the last frame before, through a router that the driver started",
        ms(silences[0]),
        ms(silences[1])
    )))
}

/// A second.
const SILENCE_FRAMES_MAX: u64 = RATE_HZ as u64;

/// How many frames the DAC played between the two parts of a sound that was heard, cut once, and heard
/// to its end.
fn silence_frames(report: &Report, folder: &Path, which: usize, sound: &Sound) -> Result<u64> {
    // Each router has streams of its own, and so tracks.
    let mut parts: Vec<(u64, u64, usize)> = Vec::new();
    let tracks = report.tracks.iter().filter(|track| track.played);
    for (track, played) in tracks.zip(played(report, folder)?) {
        let found = compare(sound, &split(&played)[which], 0);
        if let Some(begin) = found.begin_in_recording
            && found.frames_found > 0
        {
            let first = track.first_frame + begin as u64;
            let end = first + (found.frames_found + found.frames_inserted) as u64;
            parts.push((first, end, found.frames_found));
        }
    }
    parts.sort_unstable();
    let [before, after] = parts[..] else {
        bail!("it was heard in {} parts instead of two", parts.len());
    };
    ensure!(
        before.2 > ALL_RUN_FRAMES && after.2 > FRAMES / 2,
        "heard were {} and {} frames",
        before.2,
        after.2
    );
    Ok(after.0.saturating_sub(before.1))
}

/// What may be neither plain nor turned over: the ramp of 10 ms, and a block for each of the programs that
/// are started meanwhile, as that stops Wine's server, and with it everybody, for some milliseconds. That
/// nothing is lost without them is what the other legs are for.
const BETWEEN_MAX: usize = 480 + 3 * 512;

/// A program is turned over while it plays, by words that are sent to the router; they are saved when
/// that is said.
fn changed_live(stage: &mut Stage<'_>) -> Result<Passed> {
    let (card, product) = prepare(stage)?;
    let config = stage.paths.rig().join("router-config.toml");
    let sound = make::noise(RATE_HZ, CHANNELS, 24, 3 * FRAMES);
    let ((plain, turned), tries) = undisturbed(
        &Watch::between(stage.paths),
        || {
            // Programs that start meanwhile make a host in Wine late, which inside the cycle is heard.
            let text = format!("[profile.{DRIVER:?}]\nhand_over = \"pipelined\"\n");
            fs::write(&config, text)?;
            stage.rig()?.wine(Backend::Card)?.use_config(Some(&config));
            let service = Service::start(stage.rig()?, &card)?;
            let router = Router::start(stage.rig()?, &product);
            let outcome = router.and_then(|router| {
                let host = stage.rig()?.start_host(&how(), &sound, "router-live")?;
                router.await_words("came:", 1)?;
                captured::pause(Duration::from_millis(2_000))?;
                let words = ["set", "pa-host", "Output", "--invert", "true"];
                let said = router::ask(stage.rig()?, &product, &words)?;
                ensure!(said.status.success(), "{}", said.last_words());
                let list = router::ask(stage.rig()?, &product, &["list", "--json"])?;
                let wrong = router::ask(stage.rig()?, &product, &["set", "nobody", "Output"])?;
                host.finish()?;
                check_control(stage, &product, &list.stdout, &wrong.stderr, &config)?;
                let output = router.finish(stage.rig()?, &product)?;
                ensure!(output.status.success(), "{}", output.last_words());
                Ok(())
            });
            stage.rig()?.wine(Backend::Card)?.use_config(None);
            let (report, folder) = service.finish(stage.rig()?, &card)?;
            outcome?;
            let sums = played(&report, &folder)?;
            let best = |sums: &[Sound]| {
                let found = sums.iter().map(|played| compare(&sound, played, 0));
                found
                    .max_by_key(|found| found.frames_found)
                    .unwrap_or_default()
            };
            let plain = best(&sums);
            let turned: Vec<Sound> = sums
                .iter()
                .map(|played| Sound {
                    samples: played
                        .samples
                        .iter()
                        .map(|sample| sample.saturating_neg())
                        .collect(),
                    ..*played
                })
                .collect();
            Ok((plain, best(&turned)))
        },
        |(plain, turned)| plain.frames_found + turned.frames_found + BETWEEN_MAX >= sound.frames(),
    )?;
    let (before, after) = (plain.frames_found, turned.frames_found);
    let missing = sound.frames().saturating_sub(before + after);
    ensure!(
        before > 10_000 && after > 10_000 && missing <= BETWEEN_MAX,
        "{before} frames were plain and {after} turned over of {}; {}",
        sound.frames(),
        tries.testimony()
    );
    Ok(passed(format!(
        "{before} frames plain, {after} turned over, {missing} between"
    )))
}

fn check_control(
    stage: &mut Stage<'_>,
    product: &Path,
    list: &str,
    wrong: &str,
    config: &Path,
) -> Result<()> {
    let status: serde_json::Value = serde_json::from_str(list).context("the list is unclear")?;
    let client = &status["clients"][0];
    let name = client["name"].as_str().unwrap_or_default();
    ensure!(name.starts_with("pa-host.exe"), "there is {status}");
    let peak = client["plays"][0]["peak"].as_f64();
    ensure!(peak.is_some_and(|peak| peak > 0.5), "it plays {peak:?}");
    ensure!(status["is_changed"] == true, "{status}");
    ensure!(
        status["mixes"][0]["routes"][0]["invert"] == true,
        "{status}"
    );
    ensure!(
        wrong.trim().lines().count() == 1 && wrong.contains("nobody"),
        "it should say in one sentence that there is nobody, but said: {wrong}"
    );
    let before = fs::read_to_string(config)?;
    ensure!(
        !before.contains("invert"),
        "it was saved before it was said"
    );
    let saved = router::ask(stage.rig()?, product, &["save"])?;
    ensure!(saved.status.success(), "{}", saved.last_words());
    let text = fs::read_to_string(config).context("nothing was saved")?;
    ensure!(text.contains("invert = true"), "saved was: {text}");
    Ok(())
}

/// Programs in the cycle add nothing to what the bare driver has, those beside it one block.
fn added_frames(stage: &mut Stage<'_>) -> Result<Passed> {
    let (card, product) = prepare(stage)?;
    let mut measured = None;
    let (rows, tries) = undisturbed(
        &Watch::between(stage.paths),
        || {
            let rows = routed::latencies(stage.rig()?, &card, &product, &routed::ON_CARD, 2)?;
            let is_right = rows.is_right();
            measured = Some(rows.words());
            Ok(is_right)
        },
        |is_right| *is_right,
    )?;
    let words = measured.unwrap_or_default();
    ensure!(rows, "{words}; {}", tries.testimony());
    Ok(passed(words))
}

/// A card, another beside it, and hardware with an ASIO driver.
const CARDS: &str = "card Simulated Card\n render OUT\n capture IN\n\
                     card Spare Card\n render SPARE\n\
                     hardware Simcard Hardware\n blocks 512 256\n render HW OUT\n capture HW IN\n";

/// Two programs on a router of that configuration: what one of the card's DACs played.
fn two_programs(
    stage: &mut Stage<'_>,
    config: &str,
    sounds: &[Sound; 2],
    second: &Playback<'_>,
    dac: &str,
) -> Result<Vec<Sound>> {
    let (card, product) = prepare(stage)?;
    let file = stage.paths.rig().join("router-programs.toml");
    fs::write(&file, config).context("cannot write the configuration")?;
    stage.rig()?.wine(Backend::Card)?.use_config(Some(&file));
    let service = Service::start_as(stage.rig()?, &card, Some(CARDS))?;
    let router = Router::start(stage.rig()?, &product);
    let outcome = router.and_then(|router| {
        let rig = stage.rig()?;
        let first = rig.start_host(&how(), &sounds[0], "router-upper")?;
        let second = rig.start_host(second, &sounds[1], "router-lower")?;
        let hosts = [first, second].map(Host::finish);
        let output = router.finish(stage.rig()?, &product)?;
        ensure!(output.status.success(), "{}", output.last_words());
        hosts.into_iter().collect::<Result<Vec<_>>>()
    });
    stage.rig()?.wine(Backend::Card)?.use_config(None);
    let (report, folder) = service.finish(stage.rig()?, &card)?;
    outcome?;
    played_by(&report, &folder, Some(dac))
}

/// Another maker's ASIO driver is the master.
fn on_hardware(stage: &mut Stage<'_>) -> Result<Passed> {
    let config = "[router.sink.Interface]\nkind = \"asio\"\ndevice = \"Simcard Hardware\"\n";
    let sounds = two_sounds(FRAMES);
    let (parts, tries) = undisturbed(
        &Watch::between(stage.paths),
        || {
            let sums = two_programs(stage, config, &sounds, &how(), "HW OUT")?;
            Ok([0, 1].map(|which| found(&sums, which, &sounds[which])))
        },
        |parts| parts.iter().all(Comparison::is_complete),
    )?;
    for part in &parts {
        playback::demand(part, 0).with_context(|| tries.testimony())?;
    }
    Ok(passed("both bit-exact in the sum that the hardware played"))
}

/// PortAudio's WASAPI plays to one endpoint; the router hears it there and plays it on another, beside
/// an ASIO program, which is heard bit by bit. What is heard on the way between two clocks may be
/// resampled: it is known by its power.
fn from_endpoint(stage: &mut Stage<'_>) -> Result<Passed> {
    let config = "[router.source.Browser]\nkind = \"loopback\"\ndevice = \"SPARE\"\n\
                  [router.sink.Speakers]\nkind = \"device\"\ndevice = \"OUT\"\nmode = \"shared\"\n\
                  [router.mix.all]\nroutes = [{ from = \"Browser\", to = \"Speakers\", gain_db = -6.0 }]\n";
    let wasapi = Playback {
        host_api: "wasapi-shared",
        device: Some("SPARE"),
        format: crate::sound::raw::RawFormat::Float32,
        ..how()
    };
    let noise = make::noise(RATE_HZ, CHANNELS, 24, FRAMES).between_silence(ALL_RUN_FRAMES, 0);
    let tone = tone(RATE_HZ, CHANNELS, 1, TONE_HZ, ALL_RUN_FRAMES, FRAMES);
    let sounds = [noise.only_channel(0), tone];
    let ((exact, power), tries) = undisturbed(
        &Watch::between(stage.paths),
        || {
            let sums = two_programs(stage, config, &sounds, &wasapi, "OUT")?;
            let left = sums
                .iter()
                .map(|played| compare(&sounds[0], &played.only_channel(0), 0))
                .max_by_key(|found| found.frames_found);
            let right = sums.iter().map(|played| loudest(played, 1));
            Ok((
                left.unwrap_or_default(),
                right.fold(0.0, f64::max) / loudest(&sounds[1], 1),
            ))
        },
        |(exact, _)| exact.is_complete(),
    )?;
    playback::demand(&exact, 0).with_context(|| tries.testimony())?;
    let gain_db = 20.0 * power.log10();
    ensure!(
        (gain_db + 6.0).abs() < 0.1,
        "the WASAPI program was heard at {gain_db:.2} dB instead of -6.0"
    );
    Ok(passed(format!(
        "the ASIO program bit-exact, the WASAPI program at {gain_db:.2} dB of -6.0"
    )))
}

/// A rate that the router has not.
const OTHER_HZ: u32 = 44_100;
const TONE_HZ: f64 = 997.0;

/// One program has the router's rate and is heard bit by bit; one beside it has another, and its tone is
/// whole: no frame is lost between its clock and the router's, which are one.
fn other_rate(stage: &mut Stage<'_>) -> Result<Passed> {
    let noise = make::noise(RATE_HZ, CHANNELS, 24, FRAMES).between_silence(ALL_RUN_FRAMES, 0);
    let at_other = |frames: usize| frames * OTHER_HZ as usize / RATE_HZ as usize;
    let (silent, frames) = (at_other(ALL_RUN_FRAMES), at_other(FRAMES));
    let tone = tone(OTHER_HZ, CHANNELS, 1, TONE_HZ, silent, frames);
    let sounds = [noise.only_channel(0), tone];
    let how = Playback {
        block_frames: 256,
        ..how()
    };
    let ((exact, tone), tries) = undisturbed(
        &Watch::between(stage.paths),
        || {
            let sums = two_programs(stage, "", &sounds, &how, "OUT")?;
            let left = sums
                .iter()
                .map(|played| compare(&sounds[0], &played.only_channel(0), 0))
                .max_by_key(|found| found.frames_found);
            let right = sums
                .iter()
                .map(|played| heard(played, 1, TONE_HZ, usize::MAX))
                .max_by_key(|heard| heard.frames);
            Ok((left.unwrap_or_default(), right.unwrap_or_default()))
        },
        |(exact, tone)| exact.is_complete() && is_whole(tone),
    )?;
    playback::demand(&exact, 0).with_context(|| tries.testimony())?;
    ensure!(
        is_whole(&tone),
        "the program at {OTHER_HZ} Hz was heard so: {tone:?}; {}",
        tries.testimony()
    );
    Ok(passed(format!(
        "the program at {RATE_HZ} Hz bit-exact; the one at {OTHER_HZ} Hz whole, at {:+.3} dB, all else at \
         {:.0} dB",
        tone.gain_db, tone.rest_db
    )))
}

/// A resampled tone without a frame lost or repeated, as loud as it was.
fn is_whole(tone: &Heard) -> bool {
    tone.frames.abs_diff(FRAMES) < 50 && tone.gain_db.abs() < 0.01 && tone.rest_db < -100.0
}

/// The power of a second of a channel, where it is loudest, as a root mean square.
fn loudest(sound: &Sound, channel: usize) -> f64 {
    let samples = sound.channel(channel);
    let power = |second: &[i32]| {
        let sum: f64 = second.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        (sum / second.len() as f64).sqrt()
    };
    samples
        .chunks_exact(RATE_HZ as usize)
        .map(power)
        .fold(0.0, f64::max)
}
