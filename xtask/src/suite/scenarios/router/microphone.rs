//! What a program records through a router whose configuration names no source.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::super::super::{Passed, passed, stage::Stage};
use super::{FRAMES, prepare};
use crate::captured;
use crate::rig::card::Service;
use crate::rig::playback::{HostReport, LEAD_IN, Playback};
use crate::rig::router::{self, Router};
use crate::rig::witness::{Watch, undisturbed};
use crate::routed::{ALL_RUN_FRAMES, CHANNELS, DRIVER, RATE_HZ, how};
use crate::sound::Sound;
use crate::sound::tone::{FIT_FRAMES, Heard, LOW_HZ, heard, tone};

/// What is told of the way, by two clocks and a bridge, may be off by so many frames.
const OFF_FRAMES_MAX: i64 = 480;

/// What came of a run.
struct Recorded {
    tone: Heard,
    host: HostReport,
    /// What the router tells of its input's latency while it is open, in frames.
    input_frames: i64,
    messages: Vec<String>,
}

/// A program hears the default microphone, over the card's cable what it plays itself; the microphone is
/// open as long as that program is there, and no longer.
pub fn default_one(stage: &mut Stage<'_>) -> Result<Passed> {
    let sound = tone(RATE_HZ, CHANNELS, 1, LOW_HZ, ALL_RUN_FRAMES, FRAMES);
    let (recorded, tries) = undisturbed(
        &Watch::between(stage.paths),
        || once(stage, &sound),
        |recorded| is_whole(&recorded.tone),
    )?;
    let Recorded {
        tone,
        host,
        input_frames,
        messages,
    } = recorded;
    ensure!(
        is_whole(&tone),
        "it was heard so: {tone:?}; {}",
        tries.testimony()
    );
    let count = |words: &str| {
        let told = messages.iter().filter(|message| message.contains(words));
        told.count()
    };
    ensure!(
        count("\"Input\" is opened") == 1 && count("\"Input\" is closed") == 1,
        "the router tells: {messages:?}"
    );
    let in_frames = host.recorded.as_ref();
    let in_frames = in_frames.and_then(|recorded| recorded.reported_input_latency_frames);
    let in_frames = in_frames.context("PortAudio told no input latency")?;
    // PortAudio asked when the microphone was closed.
    let told = (host.reported_output_latency_frames + in_frames) as i64 + input_frames
        - i64::from(crate::routed::BLOCK_FRAMES);
    let lead_in = RATE_HZ as usize * LEAD_IN.as_millis() as usize / 1000;
    let round_trip = tone.first_frame as i64 - (lead_in + ALL_RUN_FRAMES) as i64;
    ensure!(
        (round_trip - told).abs() <= OFF_FRAMES_MAX,
        "the round trip is {round_trip} frames, but {told} were told; {}",
        tries.testimony()
    );
    Ok(passed(format!(
        "whole, at {:+.3} dB, round trip {round_trip} frames, told {told}; opened and closed with the \
         program",
        tone.gain_db
    )))
}

fn is_whole(tone: &Heard) -> bool {
    tone.frames.abs_diff(FRAMES) < 50 && tone.gain_db.abs() < 0.1 && tone.rest_db < -40.0
}

fn once(stage: &mut Stage<'_>, sound: &Sound) -> Result<Recorded> {
    let (card, product) = prepare(stage)?;
    let service = Service::start(stage.rig()?, &card)?;
    let outcome = Router::start(stage.rig()?, &product)
        .and_then(|router| record(stage, sound, router, &product));
    service.finish(stage.rig()?, &card)?;
    outcome
}

fn record(
    stage: &mut Stage<'_>,
    sound: &Sound,
    router: Router,
    product: &Path,
) -> Result<Recorded> {
    let how = Playback {
        record_from: Some(DRIVER),
        ..how()
    };
    let before = messages(&list(stage, product)?);
    ensure!(before.is_empty(), "before any program came: {before:?}");
    let host = stage.rig()?.start_host(&how, sound, "router-microphone")?;
    let recording = host.recording();
    router.await_words("came:", 1)?;
    captured::pause(Duration::from_millis(800))?;
    let input_frames = list(stage, product)?["input_latency_frames"].as_i64();
    let host = host.finish()?;
    router.await_words("left:", 1)?;
    let told = list(stage, product)?;
    let output = router.finish(stage.rig()?, product)?;
    ensure!(output.status.success(), "{}", output.last_words());
    let bytes = fs::read(&recording).context("nothing was recorded")?;
    let recorded = Sound {
        samples: how.format.decode(&bytes),
        ..*sound
    };
    Ok(Recorded {
        tone: heard(&recorded, 1, LOW_HZ, FIT_FRAMES),
        host,
        input_frames: input_frames.context("the router tells no latency")?,
        messages: messages(&told),
    })
}

fn list(stage: &mut Stage<'_>, product: &Path) -> Result<Value> {
    let list = router::ask(stage.rig()?, product, &["list", "--json"])?;
    serde_json::from_str(&list.stdout).context("the list is unclear")
}

/// What the router tells of its source.
fn messages(status: &Value) -> Vec<String> {
    let events = status["events"].as_array().cloned().unwrap_or_default();
    let messages = events.iter().filter_map(|event| event["message"].as_str());
    let own = messages.filter(|message| message.contains("\"Input\""));
    own.map(str::to_owned).collect()
}
