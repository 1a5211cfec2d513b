//! What goes wrong is told to whoever watches: a client that is late, a device that runs dry, a file that
//! cannot grow.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::super::super::{Passed, passed, stage::Stage};
use super::files::{only_file, routing};
use super::prepare;
use crate::captured::{self, Output, Running};
use crate::rig::card::Service;
use crate::rig::places::{self, Backend};
use crate::rig::router::{self, PROGRAM, Router};
use crate::routed::{CHANNELS, DRIVER, RATE_HZ};
use crate::sound::pieces::pieces;
use crate::sound::raw::RawFormat;
use crate::sound::{Sound, make, wav};

const SECONDS: usize = 10;
const FORMAT: RawFormat = RawFormat::Float32;
/// The host stops for so long, in its callback, a second after it has begun.
const STALL_MS: &str = "60";
const STALL_AT_CALLBACK: &str = "100";
/// The device wakes the router so late that all that is queued is played.
const LATE: &str = "late 12 periods on OUT";
/// A file of the router's cannot grow beyond this: 600 blocks of 512 bytes.
const FILE_BYTES_MAX: u64 = 600 * 512;
/// Two channels of 24 bits.
const FRAME_BYTES_MIN: u64 = 6;
const LIMIT: Duration = Duration::from_secs(60);

/// Each is told once it happens; the host plays on to its end, and what is in the file is whole.
pub fn told(stage: &mut Stage<'_>) -> Result<Passed> {
    let (card, product) = prepare(stage)?;
    let folder = stage.paths.rig().join("router-full");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).context("cannot make a folder for the file")?;
    let config = stage.paths.rig().join("router-amiss.toml");
    let take = places::windows_path(&folder.join("Take.wav"));
    let text = routing("asio-check", &take, true);
    fs::write(&config, text).with_context(|| format!("cannot write {}", config.display()))?;
    stage.rig()?.wine(Backend::Card)?.use_config(Some(&config));
    let service = Service::start(stage.rig()?, &card)?;
    let outcome = in_want(stage, &product)
        .and_then(|router| play(stage, router, &service, (&card, &product)));
    stage.rig()?.wine(Backend::Card)?.use_config(None);
    service.finish(stage.rig()?, &card)?;
    let told = outcome?;
    let (recorded, _) = wav::read(&only_file(&folder)?)?;
    // What a busy machine costs is told by other legs.
    let longest = pieces(&noise(), &recorded)?
        .iter()
        .map(|piece| piece.frames)
        .max();
    let (frames, in_a_row) = (recorded.frames() as u64, longest.unwrap_or(0));
    ensure!(
        frames > 0 && 2 * in_a_row >= frames && frames * FRAME_BYTES_MIN < FILE_BYTES_MAX,
        "the file has {frames} frames, {in_a_row} of the host's in a row"
    );
    Ok(passed(format!(
        "the file has {frames} whole frames, {in_a_row} of the host's in a row; {told}"
    )))
}

fn noise() -> Sound {
    make::noise(RATE_HZ, CHANNELS, 24, SECONDS * RATE_HZ as usize)
}

/// A router whose files cannot grow for long, as on a disk that is nearly full.
fn in_want(stage: &mut Stage<'_>, product: &Path) -> Result<Router> {
    let rig = stage.rig()?;
    let plain = rig.wine(Backend::Card)?.command(product.join(PROGRAM));
    let blocks = FILE_BYTES_MAX / 512;
    let mut command = Command::new("sh");
    // Without the trap the system would end the program.
    command.args(["-c", "trap '' XFSZ; ulimit -f $0; exec \"$@\""]);
    command.arg(blocks.to_string());
    command.arg(plain.get_program()).args(plain.get_args());
    for (name, value) in plain.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    Router::start_by(rig, Backend::Card, command)
}

/// What was told, in words.
fn play(
    stage: &mut Stage<'_>,
    router: Router,
    service: &Service,
    (card, product): (&Path, &Path),
) -> Result<String> {
    let log = places::logs(stage.paths).join("router-amiss");
    let mut watch = stage
        .rig()?
        .wine(Backend::Card)?
        .command(product.join(PROGRAM));
    watch.args(["route", "watch", "--json"]);
    let watching = Running::start(&mut watch, &log)?;
    captured::pause(Duration::from_millis(1_000))?;
    let host = start_host(stage)?;
    let late = await_told(&log, "client-late")?;
    let started = router::ask(stage.rig()?, product, &["record", "start", "Take"])?;
    ensure!(started.status.success(), "{}", started.last_words());
    let full = await_told(&log, "file-failed")?;
    service.strike(stage.rig()?, card, LATE)?;
    let dry = await_told(&log, "overload")?;
    let output: Output = host.finish(LIMIT)?;
    ensure!(output.status.success(), "{}", output.last_words());
    router.await_words("left:", 1)?;
    let output = router.finish(stage.rig()?, product)?;
    ensure!(output.status.success(), "{}", output.last_words());
    watching.finish(LIMIT)?;
    Ok([late, full, dry].join(" "))
}

/// A host that stops once in its callback.
fn start_host(stage: &mut Stage<'_>) -> Result<Running> {
    let sound = noise();
    let input = stage.paths.rig().join("router-amiss.raw");
    fs::write(&input, FORMAT.encode(&sound.samples))
        .with_context(|| format!("cannot write {}", input.display()))?;
    let program = stage.programs()?.join("asio-check.exe");
    let log = places::logs(stage.paths).join("router-amiss-host");
    let mut play = stage.rig()?.wine(Backend::Card)?.command(program);
    play.args(["play", "--driver", DRIVER, "--format", FORMAT.name()]);
    play.args(["--input", &places::windows_path(&input), "--block", "480"]);
    play.args(["--stall-ms", STALL_MS]);
    play.args(["--stall-at-callback", STALL_AT_CALLBACK]);
    Running::start(&mut play, &log)
}

/// The sentence of the first event of that kind, once it is told.
pub(super) fn await_told(log: &Path, kind: &str) -> Result<String> {
    for _ in 0..400 {
        let said = fs::read_to_string(log.with_extension("out"))?;
        // The last line may be on its way.
        let events = said
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let event = events
            .into_iter()
            .find(|event: &Value| event["kind"] == kind);
        if let Some(event) = event {
            let sentence = event["message"].as_str().context("it tells no sentence")?;
            return Ok(sentence.to_owned());
        }
        captured::pause(Duration::from_millis(25))?;
    }
    anyhow::bail!("who watches is never told of {kind}")
}
