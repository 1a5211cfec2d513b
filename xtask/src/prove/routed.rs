//! PortAudio's ASIO hosts that play through the router to the simulated card in real time: what of their
//! sum is heard, what is added, and who notices when one of them or the router is killed.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::captured;
use crate::paths::{DEFAULT_TARGET, Paths};
use crate::rig::Rig;
use crate::rig::card::{Report, Service};
use crate::rig::places::{self, Backend};
use crate::rig::playback::Host;
use crate::rig::router::{self, Router};
use crate::rig::witness::undisturbed_between;
use crate::routed::{
    BLOCK_FRAMES, CHANNELS, DRIVER, RATE_HZ, found, how, latencies, played, two_sounds,
};
use crate::sound::Sound;
use crate::sound::make;
use crate::sound::pieces::{Piece, pieces};
use crate::{build, interrupt, progress};

/// How long both play together.
const TOGETHER_FRAMES: usize = 96_000;
/// How long a program takes to start and to be seen, at most, in seconds of another's sound.
const START_SECONDS: usize = 3;
/// The frames of silence that stand for a second.
const SECOND: u64 = RATE_HZ as u64;
const LIMIT: Duration = Duration::from_secs(60);

/// How often each thing is done.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    pub mixes: usize,
    pub client_kills: usize,
    pub router_kills: usize,
}

/// A rig with driver, router and card.
struct Bench<'a> {
    rig: Rig<'a>,
    card: std::path::PathBuf,
    product: std::path::PathBuf,
}

impl<'a> Bench<'a> {
    fn start(paths: &'a Paths) -> Result<Self> {
        build::rig_programs(paths)?;
        let product = build::product(paths, DEFAULT_TARGET, true)?;
        let card = build::card(paths)?;
        let mut rig = Rig::start(paths)?;
        let wine = rig.wine(Backend::Card)?;
        wine.register(&card.join("simcard_wasapi.dll"), true)?;
        wine.register(&product.join("asio2wasapi.dll"), true)?;
        router::end(&mut rig, &product)?;
        Ok(Self { rig, card, product })
    }

    fn finish(&mut self, service: Service) -> Result<(Report, std::path::PathBuf)> {
        service.finish(&mut self.rig, &self.card)
    }
}

/// Two hosts at once, so often; and the latencies as often.
///
/// # Errors
/// A build fails, or the rig, or a host.
pub fn mix(paths: &Paths, extent: Extent) -> Result<Value> {
    let mut bench = Bench::start(paths)?;
    let sounds = two_sounds(TOGETHER_FRAMES);
    let (mut mixes, mut ways) = (Vec::new(), Vec::new());
    for run in 1..=extent.mixes {
        let what = format!("{run}/{}: two hosts", extent.mixes);
        let whole = |mix: &Value| {
            let hosts = mix["hosts"].as_array();
            hosts.is_some_and(|all| all.iter().all(|host| host["exact"] == true))
        };
        let (mix, _) = progress::step(&what, || {
            undisturbed_between(|| two_hosts(&mut bench, &sounds), whole)
        })?;
        mixes.push(mix);
        let what = format!("{run}/{}: latencies", extent.mixes);
        let rows = progress::step(&what, || {
            latencies(&mut bench.rig, &bench.card, &bench.product, 3)
        })?;
        ways.push(json!(rows.rows));
        interrupt::check()?;
    }
    Ok(
        json!({ "block_frames": crate::routed::EXCLUSIVE_FRAMES, "mixes": mixes, "latencies": ways }),
    )
}

fn two_hosts(bench: &mut Bench<'_>, sounds: &[Sound; 2]) -> Result<Value> {
    let service = Service::start(&mut bench.rig, &bench.card)?;
    let outcome = Router::start(&mut bench.rig, &bench.product).and_then(|router| {
        let upper = bench.rig.start_host(&how(), &sounds[0], "routed-upper")?;
        let lower = bench.rig.start_host(&how(), &sounds[1], "routed-lower")?;
        let hosts = [upper, lower].map(Host::finish);
        router.finish(&mut bench.rig, &bench.product)?;
        hosts.into_iter().collect::<Result<Vec<_>>>()
    });
    let (report, folder) = bench.finish(service)?;
    outcome?;
    let sums = played(&report, &folder)?;
    let found = [0, 1].map(|which| {
        let found = found(&sums, which, &sounds[which]);
        json!({
            "frames": found.frames_played,
            "found": found.frames_found,
            "faults": found.dropouts,
            "exact": found.is_exact(),
        })
    });
    Ok(json!({ "hosts": found, "stalls": report.stalls.count }))
}

/// A host plays while others are killed, and one while the router is.
///
/// # Errors
/// A build fails, or the rig, or the host.
pub fn isolation(paths: &Paths, extent: Extent) -> Result<Value> {
    let mut bench = Bench::start(paths)?;
    let clients = progress::step("clients are killed", || {
        let whole = |clients: &Value| clients["gaps"] == 0;
        let kill = || kill_clients(&mut bench, extent.client_kills);
        undisturbed_between(kill, whole)
    })?
    .0;
    interrupt::check()?;
    let routers = progress::step("the router is killed", || {
        let whole = |routers: &Value| {
            let silences = routers["silences_ms"].as_array();
            silences.is_some_and(|all| all.iter().all(|ms| ms.as_u64() <= Some(1_000)))
        };
        let kill = || kill_routers(&mut bench, extent.router_kills);
        undisturbed_between(kill, whole)
    })?
    .0;
    Ok(json!({ "clients": clients, "routers": routers }))
}

fn noise(seconds: usize) -> Sound {
    make::noise(RATE_HZ, CHANNELS, 24, seconds * RATE_HZ as usize)
}

fn kill_clients(bench: &mut Bench<'_>, kills: usize) -> Result<Value> {
    let sound = noise(2 * START_SECONDS + kills * START_SECONDS);
    // It must not be heard in the other's sound, and is killed in mid-cycle all the same.
    let silence = Sound {
        samples: vec![0; sound.samples.len()],
        ..sound.clone()
    };
    // Beside the cycle, so that only the router is judged: inside it a host's own lateness is heard, and
    // Wine's server is late for everybody when a process begins or ends.
    let config = bench.rig.paths.rig().join("routed-stays.toml");
    let text = format!("[profile.{DRIVER:?}]\nhand_over = \"pipelined\"\n");
    fs::write(&config, text).context("cannot write the configuration")?;
    bench.rig.wine(Backend::Card)?.use_config(Some(&config));
    let service = Service::start(&mut bench.rig, &bench.card)?;
    let outcome = Router::start(&mut bench.rig, &bench.product).and_then(|router| {
        let host = bench.rig.start_host(&how(), &sound, "routed-stays")?;
        router.await_words("came:", 1)?;
        for kill in 1..=kills {
            let name = format!("routed-dies-{}", kill % 2);
            let dies = bench.rig.start_host(&how(), &silence, &name)?;
            router.await_words("came:", 1 + kill)?;
            // Somewhere in a block, another each time.
            let block_us = u64::from(BLOCK_FRAMES) * 1_000_000 / u64::from(RATE_HZ);
            let inside_us = kill as u64 * block_us * 7 / 19 % block_us;
            captured::pause(Duration::from_micros(300_000 + inside_us))?;
            drop(dies);
            router.await_words("left:", kill)?;
        }
        let host = host.finish();
        router.finish(&mut bench.rig, &bench.product)?;
        host
    });
    bench.rig.wine(Backend::Card)?.use_config(None);
    let (report, folder) = bench.finish(service)?;
    outcome?;
    let spans = spans(&report, &folder, &sound)?;
    Ok(json!({
        "kills": kills,
        "frames": sound.frames(),
        "found": spans.iter().map(|span| span.piece.frames).sum::<u64>(),
        "gaps": spans.len().saturating_sub(1),
        "stalls": report.stalls.count,
    }))
}

fn kill_routers(bench: &mut Bench<'_>, kills: usize) -> Result<Value> {
    let sound = noise(2 * START_SECONDS + kills * START_SECONDS);
    // Beside the cycle, so that only the router is judged: inside it a host's own lateness is heard, and
    // Wine's server is late for everybody when a process begins or ends.
    let config = bench.rig.paths.rig().join("routed-stays.toml");
    let text = format!("[profile.{DRIVER:?}]\nhand_over = \"pipelined\"\n");
    fs::write(&config, text).context("cannot write the configuration")?;
    bench.rig.wine(Backend::Card)?.use_config(Some(&config));
    let service = Service::start(&mut bench.rig, &bench.card)?;
    let outcome = bench
        .rig
        .start_host(&how(), &sound, "routed-plays")
        .and_then(|host| {
            let mut before = await_client(bench, None)?;
            for _ in 0..kills {
                captured::pause(Duration::from_millis(700))?;
                kill(bench, before)?;
                before = await_client(bench, Some(before))?;
            }
            host.finish()
        });
    let (report, folder) = bench.finish(service)?;
    router::end(&mut bench.rig, &bench.product)?;
    bench.rig.wine(Backend::Card)?.use_config(None);
    let host = outcome?;
    let spans = spans(&report, &folder, &sound)?;
    let silences: Vec<u64> = spans
        .windows(2)
        .map(|pair| pair[1].from_frame.saturating_sub(pair[0].until_frame))
        .collect();
    let repeated = spans
        .windows(2)
        .filter(|pair| pair[1].piece.from < pair[0].piece.end());
    let longest_us = host.callback_interval_us.map(|intervals| intervals.max);
    Ok(json!({
        "kills": kills,
        "silences_ms": silences.iter().map(|frames| frames * 1000 / SECOND).collect::<Vec<_>>(),
        "repeated": repeated.count(),
        "heard_to_frame": spans.last().map(|span| span.piece.end()),
        "frames": sound.frames(),
        "callback_interval_max_us": longest_us,
        "stalls": report.stalls.count,
    }))
}

/// The process of a router that has a client, and is not that one.
fn await_client(bench: &mut Bench<'_>, before: Option<u64>) -> Result<u64> {
    for _ in 0..200 {
        let said = router::ask(&mut bench.rig, &bench.product, &["list", "--json"])?;
        if let Ok(status) = serde_json::from_str::<Value>(&said.stdout)
            && let Some(process) = status["process"].as_u64()
            && Some(process) != before
            && status["clients"]
                .as_array()
                .is_some_and(|all| !all.is_empty())
        {
            return Ok(process);
        }
        captured::pause(Duration::from_millis(50))?;
    }
    anyhow::bail!("no router has a client")
}

/// Ends a process of this prefix by its number, without a word to it.
fn kill(bench: &mut Bench<'_>, process: u64) -> Result<()> {
    let paths = bench.rig.paths;
    let mut command = bench.rig.wine(Backend::Card)?.command("taskkill");
    command.args(["/F", "/PID", &process.to_string()]);
    let log = places::logs(paths).join("taskkill");
    let output = captured::capture(&mut command, &log, LIMIT)?;
    ensure!(output.status.success(), "{}", output.last_words());
    Ok(())
}

/// A stretch of sound on the card's own count of frames.
struct Span {
    from_frame: u64,
    until_frame: u64,
    piece: Piece,
}

fn spans(report: &Report, folder: &Path, sound: &Sound) -> Result<Vec<Span>> {
    let mut spans = Vec::new();
    let tracks = report.tracks.iter().filter(|track| track.played);
    for (track, heard) in tracks.zip(played(report, folder)?) {
        let found = pieces(sound, &heard).with_context(|| format!("in {}", track.file))?;
        spans.extend(found.into_iter().map(|piece| Span {
            from_frame: track.first_frame + piece.at,
            until_frame: track.first_frame + piece.at + piece.frames,
            piece,
        }));
    }
    spans.sort_by_key(|span| span.from_frame);
    Ok(spans)
}
