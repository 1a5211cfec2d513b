//! What `status` and `doctor` tell of a host that plays, loses its device, gets it back and ends.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::super::{Leg, Passed, passed, stage::Stage};
use super::EXCLUSIVE;
use crate::captured::{self, Output, Running};
use crate::rig::Rig;
use crate::rig::card::Service;
use crate::rig::places::{self, Backend};
use crate::sound::make;
use crate::sound::raw::RawFormat::Int32;

const LIMIT: Duration = Duration::from_secs(90);
/// One card alone: while it is gone there is no device.
const CARD: &str = "card Desk\n render OUT\n";
const CODE: &str = "AUDCLNT_E_DEVICE_INVALIDATED";
const HOST: &str = "asio-check.exe";
const SECONDS: usize = 20;
/// Long enough for any machine; reached only when something is never told.
const ATTEMPTS: u32 = 60;

/// One leg for each end that a host can come to.
pub fn legs() -> Vec<Leg> {
    vec![
        Leg::new("status: a device lost and back, live and afterwards", lost),
        Leg::new("status: a host that is ended by force", ended_by_force),
    ]
}

/// Somebody with a folder for records.
struct User {
    program: PathBuf,
    host: PathBuf,
    state: PathBuf,
    log: PathBuf,
    input: PathBuf,
}

fn lost(stage: &mut Stage<'_>) -> Result<Passed> {
    let user = User::new(stage)?;
    let card = stage.card()?;
    let rig = stage.rig()?;
    let service = Service::start_as(rig, &card, Some(CARD))?;
    let told = live(rig, &user, &service, &card).and_then(|()| afterwards(rig, &user));
    service.finish(rig, &card)?;
    told?;
    Ok(passed("status, the record, the log and doctor agree"))
}

/// While the host plays.
fn live(rig: &mut Rig<'_>, user: &User, service: &Service, card: &Path) -> Result<()> {
    ensure!(user.running(rig)?.is_empty(), "something runs before");
    let host = user.play(rig)?;
    let state = user.until(rig, "the host runs", |state| state["now"] == "running")?;
    let is = |field: &Value, expected: &str| -> Result<()> {
        let text = field.as_str().unwrap_or_default();
        ensure!(text.contains(expected), "{field} instead of {expected}");
        Ok(())
    };
    is(&state["instance"]["program"], HOST)?;
    is(&state["instance"]["driver"], EXCLUSIVE.name)?;
    is(&state["opened"]["output"]["name"], "OUT")?;
    is(&state["opened"]["mode"], "exclusive")?;
    ensure!(state["opened"]["rate_hz"] == 48_000, "{}", state["opened"]);
    let text = user.succeed(rig, &["status"])?.stdout;
    ensure!(text.contains(HOST) && text.contains("OUT"), "{text}");
    user.until(rig, "cycles are counted", |state| {
        state["readings"]["cycles"].as_u64() > Some(0)
    })?;
    service.strike(rig, card, "lose OUT")?;
    user.until(rig, "the loss is told", |state| {
        state["silent_because"].is_string() && state["totals"]["lost"] == 1
    })?;
    service.strike(rig, card, "back OUT")?;
    user.until(rig, "the return is told", |state| {
        state["silent_because"].is_null() && state["totals"]["back"] == 1
    })?;
    let output = host.finish(LIMIT)?;
    ensure!(output.status.success(), "{}", output.last_words());
    Ok(())
}

/// When it has ended.
fn afterwards(rig: &mut Rig<'_>, user: &User) -> Result<()> {
    ensure!(user.running(rig)?.is_empty(), "it still runs");
    let last = user.last(rig)?;
    ensure!(last["totals"]["ended"] == true, "it has not ended: {last}");
    ensure!(last["is_running"] == false, "it runs: {last}");
    let lost = user.event(&last, "lost")?;
    ensure!(lost["code"]["name"] == CODE, "lost for {}", lost["code"]);
    user.event(&last, "back")?;
    let log = fs::read_to_string(&user.log).context("there is no log")?;
    ensure!(log.contains(CODE), "the log lacks {CODE}: {log}");
    // What else doctor finds in this prefix is not this leg's.
    let doctor = user.run(rig, &["doctor"])?.stdout;
    let told = format!("was lost once ({CODE})");
    ensure!(doctor.contains(&told), "doctor does not tell: {doctor}");
    Ok(())
}

/// The system gives its lock back, and so it is known.
fn ended_by_force(stage: &mut Stage<'_>) -> Result<Passed> {
    let user = User::new(stage)?;
    let card = stage.card()?;
    let rig = stage.rig()?;
    let service = Service::start_as(rig, &card, Some(CARD))?;
    let told = end_by_force(rig, &user);
    service.finish(rig, &card)?;
    told?;
    Ok(passed("known as gone, its files are tidied up"))
}

fn end_by_force(rig: &mut Rig<'_>, user: &User) -> Result<()> {
    let host = user.play(rig)?;
    user.until(rig, "the host runs", |state| state["now"] == "running")?;
    drop(host);
    let mut attempts = 0;
    while !user.running(rig)?.is_empty() {
        attempts += 1;
        ensure!(attempts < ATTEMPTS, "it seems to run for ever");
    }
    let left = fs::read_dir(user.state.join("running"))?.count();
    ensure!(left == 0, "{left} files were left behind");
    let last = user.last(rig)?;
    ensure!(last["totals"]["ended"] == false, "it has ended: {last}");
    let doctor = user.run(rig, &["doctor"])?.stdout;
    let told = "ended without a word";
    ensure!(doctor.contains(told), "doctor does not tell: {doctor}");
    Ok(())
}

impl User {
    /// With nothing recorded yet.
    fn new(stage: &mut Stage<'_>) -> Result<User> {
        let product = stage.product()?;
        let hosts = stage.programs()?;
        stage.rig_with_driver(Backend::Card)?;
        let folder = stage.paths.rig();
        let user = User {
            program: product.join("asio2wasapi.exe"),
            host: hosts.join(HOST),
            state: folder.join("status-state"),
            log: folder.join("status.log"),
            input: folder.join("status-input.raw"),
        };
        if user.state.exists() {
            fs::remove_dir_all(&user.state).context("cannot remove the old records")?;
        }
        let _ = fs::remove_file(&user.log);
        let sound = make::noise(48_000, 2, 24, SECONDS * 48_000);
        fs::write(&user.input, Int32.encode(&sound.samples)).context("cannot write the sound")?;
        Ok(user)
    }

    /// Starts the host.
    fn play(&self, rig: &mut Rig<'_>) -> Result<Running> {
        let log = places::logs(rig.paths).join("status-host");
        let mut command = rig.wine(Backend::Card)?.command(&self.host);
        command
            .env("ASIO2WASAPI_STATE", places::windows_path(&self.state))
            .env("ASIO2WASAPI_LOG", places::windows_path(&self.log))
            .args(["play", "--driver", EXCLUSIVE.name, "--channels", "2"])
            .args(["--format", Int32.name(), "--input"])
            .arg(places::windows_path(&self.input));
        Running::start(&mut command, &log)
    }

    fn run(&self, rig: &mut Rig<'_>, arguments: &[&str]) -> Result<Output> {
        let log = places::logs(rig.paths).join("status");
        let mut command = rig.wine(Backend::Card)?.command(&self.program);
        command
            .env("ASIO2WASAPI_STATE", places::windows_path(&self.state))
            .args(arguments);
        captured::capture(&mut command, &log, LIMIT)
    }

    fn succeed(&self, rig: &mut Rig<'_>, arguments: &[&str]) -> Result<Output> {
        let output = self.run(rig, arguments)?;
        let words = output.last_words();
        ensure!(output.status.success(), "{arguments:?} failed: {words}");
        Ok(output)
    }

    /// The states of what runs.
    fn running(&self, rig: &mut Rig<'_>) -> Result<Vec<Value>> {
        let text = self.succeed(rig, &["status", "--json"])?.stdout;
        let mut report: Value = serde_json::from_str(&text).context("status is unclear")?;
        let problems = &report["problems"];
        ensure!(problems == &Value::Array(Vec::new()), "{problems}");
        match report["running"].take() {
            Value::Array(states) => Ok(states),
            other => anyhow::bail!("{other} is no list"),
        }
    }

    /// The state of the only instance that runs, once it is so.
    fn until(
        &self,
        rig: &mut Rig<'_>,
        what: &str,
        holds: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let mut seen = Value::Null;
        for _ in 0..ATTEMPTS {
            if let Some(state) = self.running(rig)?.pop() {
                if holds(&state) {
                    return Ok(state);
                }
                seen = state;
            }
            captured::pause(Duration::from_millis(100))?;
        }
        anyhow::bail!("status never says that {what}, but: {seen}")
    }

    /// The record of the last session.
    fn last(&self, rig: &mut Rig<'_>) -> Result<Value> {
        let text = self.succeed(rig, &["status", "--last", "--json"])?.stdout;
        let mut found: Value = serde_json::from_str(&text).context("the record is unclear")?;
        Ok(found["items"][0].take())
    }

    fn event<'a>(&self, session: &'a Value, kind: &str) -> Result<&'a Value> {
        let entries = session["entries"].as_array().context("no entries")?;
        let found = entries.iter().find(|entry| entry["event"] == kind);
        found.with_context(|| format!("nothing is {kind} in {entries:?}"))
    }
}
