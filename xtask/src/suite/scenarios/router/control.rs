//! What the router tells as it happens, files that are started and stopped, and Ctrl-C.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::super::super::{Passed, passed, stage::Stage};
use super::amiss::await_told;
use super::files::routing;
use super::prepare;
use crate::captured::{self, Running};
use crate::rig::card::Service;
use crate::rig::places::{self, Backend};
use crate::rig::router::{self, Router};
use crate::rig::witness::{Watch, undisturbed};
use crate::routed::{CHANNELS, DRIVER, RATE_HZ, how};
use crate::sound::pieces::pieces;
use crate::sound::{Sound, make, wav};

const SECONDS: usize = 14;
/// How far ahead a take is asked for, so that the program that asks is done by then.
const AHEAD_FRAMES: u64 = 3 * RATE_HZ as u64;
const TAKE_FRAMES: u64 = 48_321;
const LIMIT: Duration = Duration::from_secs(60);

/// What came of a run.
struct Told {
    /// The kinds of what was told, in their order.
    kinds: Vec<String>,
    /// The frames of the take that was asked for to the frame, and those of them that follow each other
    /// in what was played.
    take: (u64, u64),
    /// Those of the one that Ctrl-C ended.
    last_take: u64,
}

/// A program watches the router while a host comes, is recorded to the frame, and leaves, and while the
/// device is lost and comes back; Ctrl-C ends the router with a whole file.
pub fn watched(stage: &mut Stage<'_>) -> Result<Passed> {
    let sound = make::noise(RATE_HZ, CHANNELS, 24, SECONDS * RATE_HZ as usize);
    let (told, tries) = undisturbed(
        &Watch::between(stage.paths),
        || once(stage, &sound),
        |told| told.take.1 == TAKE_FRAMES,
    )?;
    let Told {
        kinds,
        take,
        last_take,
    } = told;
    ensure!(
        take == (TAKE_FRAMES, TAKE_FRAMES),
        "the take has {} frames and {} in a row of the {TAKE_FRAMES}; {}",
        take.0,
        take.1,
        tries.testimony()
    );
    let mut wanted = [
        "client-came",
        "file-started",
        "file-ended",
        "client-left",
        "device-lost",
        "device-back",
        "file-ended",
    ]
    .iter()
    .peekable();
    for kind in &kinds {
        wanted.next_if(|wanted| kind == *wanted);
    }
    ensure!(
        wanted.peek().is_none(),
        "{:?} was not told, or not in its order: {kinds:?}",
        wanted.peek()
    );
    Ok(passed(format!(
        "a take of {TAKE_FRAMES} frames bit-exact, asked for by its frames; one of {last_take} frames \
         that Ctrl-C ended; {} events live",
        kinds.len()
    )))
}

fn once(stage: &mut Stage<'_>, sound: &Sound) -> Result<Told> {
    let (card, product) = prepare(stage)?;
    let folder = stage.paths.rig().join("router-asked-takes");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).context("cannot make a folder for takes")?;
    let config = stage.paths.rig().join("router-control.toml");
    let take = places::windows_path(&folder.join("Take.wav"));
    // Programs that start meanwhile make a host in Wine late, which inside the cycle is heard.
    let routing = routing("pa-host", &take, true);
    let text = format!("[profile.{DRIVER:?}]\nhand_over = \"pipelined\"\n\n{routing}");
    fs::write(&config, text).with_context(|| format!("cannot write {}", config.display()))?;
    stage.rig()?.wine(Backend::Card)?.use_config(Some(&config));
    let service = Service::start(stage.rig()?, &card)?;
    let outcome = Router::start(stage.rig()?, &product)
        .and_then(|router| play(stage, sound, router, &service, (&card, &product)));
    stage.rig()?.wine(Backend::Card)?.use_config(None);
    service.finish(stage.rig()?, &card)?;
    let kinds = outcome?;
    let mut takes: Vec<PathBuf> = fs::read_dir(&folder)?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    takes.sort();
    ensure!(takes.len() == 2, "two takes are wanted: {takes:?}");
    let (first, _) = wav::read(&takes[0])?;
    let (last, _) = wav::read(&takes[1])?;
    ensure!(last.frames() > 0, "the last take is empty");
    let longest = pieces(sound, &first)?
        .iter()
        .map(|piece| piece.frames)
        .max();
    Ok(Told {
        kinds,
        take: (first.frames() as u64, longest.unwrap_or(0)),
        last_take: last.frames() as u64,
    })
}

/// The kinds of what a program was told that watched.
fn play(
    stage: &mut Stage<'_>,
    sound: &Sound,
    router: Router,
    service: &Service,
    (card, product): (&Path, &Path),
) -> Result<Vec<String>> {
    let log = places::logs(stage.paths).join("router-watched");
    let program = product.join("asio2wasapi.exe");
    let mut watch = stage.rig()?.wine(Backend::Card)?.command(&program);
    watch.args(["route", "watch", "--json"]);
    let watching = Running::start(&mut watch, &log)?;
    captured::pause(Duration::from_millis(1_000))?;
    let host = stage.rig()?.start_host(&how(), sound, "router-control")?;
    router.await_words("came:", 1)?;
    captured::pause(Duration::from_millis(1_000))?;

    let status = status(stage, &program)?;
    let client = &status["router"]["clients"][0]["name"];
    let is_host = client
        .as_str()
        .is_some_and(|name| name.starts_with("pa-host.exe"));
    ensure!(
        is_host,
        "`status` tells of the router: {}",
        status["router"]
    );
    let frame = status["router"]["frame"].as_u64();
    let first = frame.context("the router tells no frame")? + AHEAD_FRAMES;
    ask(
        stage,
        product,
        &["record", "start", "Take", "--at", &first.to_string()],
    )?;
    let end = first + TAKE_FRAMES;
    ask(
        stage,
        product,
        &["record", "stop", "Take", "--at", &end.to_string()],
    )?;
    let again = router::ask(stage.rig()?, product, &["record", "start", "Take"])?;
    let said = again.stderr.trim();
    ensure!(
        again.status.code() == Some(1) && said.lines().count() == 1 && said.contains("already"),
        "one sentence is wanted, but it said: {said}"
    );
    router.await_words("file:", 1)?;
    ask(stage, product, &["record", "start", "Take"])?;
    host.finish()?;
    router.await_words("left:", 1)?;
    service.strike(stage.rig()?, card, "lose OUT")?;
    await_told(&log, "device-lost")?;
    service.strike(stage.rig()?, card, "back OUT")?;
    await_told(&log, "device-back")?;

    let output = router.interrupt()?;
    ensure!(output.status.success(), "{}", output.last_words());
    let watched = watching.finish(LIMIT)?;
    ensure!(watched.status.success(), "{}", watched.last_words());
    let kinds = watched.stdout.lines().map(|line| {
        let event: Value = serde_json::from_str(line).context("an event is unclear")?;
        let kind = event["kind"].as_str().context("an event has no kind")?;
        Ok(kind.to_owned())
    });
    kinds.collect()
}

fn ask(stage: &mut Stage<'_>, product: &Path, words: &[&str]) -> Result<()> {
    let said = router::ask(stage.rig()?, product, words)?;
    ensure!(said.status.success(), "{}", said.last_words());
    Ok(())
}

fn status(stage: &mut Stage<'_>, program: &Path) -> Result<Value> {
    let mut command = stage.rig()?.wine(Backend::Card)?.command(program);
    command.args(["status", "--json"]);
    let log = places::logs(stage.paths).join("router-status");
    let output = captured::succeed(&mut command, &log, LIMIT)?;
    serde_json::from_str(&output.stdout).context("the status is unclear")
}

/// Another program that lists the sessions of the device finds the router's under the router's process.
pub fn session(stage: &mut Stage<'_>) -> Result<Passed> {
    let (card, product) = prepare(stage)?;
    let config = stage.paths.rig().join("router-session.toml");
    let text =
        "[router.sink.Output]\nkind = \"device\"\ndevice = \"default\"\nmode = \"exclusive\"\n";
    fs::write(&config, text).context("cannot write the configuration")?;
    let wave = stage.paths.rig().join("router-session.wav");
    wav::write(&wave, &make::noise(RATE_HZ, CHANNELS, 16, 4_800))?;
    stage.rig()?.wine(Backend::Card)?.use_config(Some(&config));
    let service = Service::start(stage.rig()?, &card)?;
    let outcome = Router::start(stage.rig()?, &product).and_then(|router| {
        let program = product.join("asio2wasapi.exe");
        let mut play = stage.rig()?.wine(Backend::Card)?.command(program);
        play.args(["play", &places::windows_path(&wave)]);
        play.args(["--driver", "ASIO2WASAPI Exclusive"]);
        let log = places::logs(stage.paths).join("router-session");
        let refused = captured::capture(&mut play, &log, LIMIT)?;
        let output = router.finish(stage.rig()?, &product)?;
        ensure!(output.status.success(), "{}", output.last_words());
        Ok(refused)
    });
    stage.rig()?.wine(Backend::Card)?.use_config(None);
    service.finish(stage.rig()?, &card)?;
    let refused = outcome?;
    let said = refused.stderr.trim();
    ensure!(
        refused.status.code() == Some(1) && said.contains("asio2wasapi.exe"),
        "the router's program should be named, but it said: {said}"
    );
    Ok(passed(said))
}
