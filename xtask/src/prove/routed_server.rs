//! A WASAPI program and an ASIO program, mixed by the router on Wine's own sound: the WASAPI program plays to
//! one sink of the sound server, whose monitor is the router's default microphone, and the router plays
//! both to another sink, which is recorded.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::paths::{DEFAULT_TARGET, Paths};
use crate::rig::Rig;
use crate::rig::places::Backend;
use crate::rig::playback::{Host, Playback};
use crate::rig::router::{self, PROGRAM, Router};
use crate::rig::server::Sink;
use crate::rig::witness::{Watch, undisturbed};
use crate::routed::{ALL_RUN_FRAMES, CHANNELS, RATE_HZ, how};
use crate::sound::compare::compare;
use crate::sound::make;
use crate::sound::raw::RawFormat;
use crate::sound::tone::{FIT_FRAMES, LOW_HZ, heard, tone};
use crate::{build, interrupt, progress};

/// How long both play.
const FRAMES: usize = 96_000;
/// The router plays to it.
const MIX: Sink = Sink {
    format: RawFormat::Float32,
    rate_hz: RATE_HZ,
    channels: CHANNELS,
};
/// The WASAPI program plays to it, and the router hears it.
const PROGRAM_SINK: Sink = Sink {
    format: RawFormat::Int32,
    ..MIX
};
const BACKEND: Backend = Backend::Pulse;
const CONFIG: &str = "[router.source.\"Browser\"]\nkind = \"capture\"\ndevice = \"default\"\n\
                      mode = \"shared\"\non_demand = true\n\n\
                      [router.sink.\"Output\"]\nkind = \"device\"\ndevice = \"default\"\n\
                      mode = \"shared\"\n\n[router.mix.\"all\"]\nroutes = \
                      [{ from = \"Browser\", to = \"Output\", gain_db = -6.0 }]\n";

/// So often.
///
/// # Errors
/// A build fails, or the rig, or a program.
pub fn measure(paths: &Paths, runs: usize) -> Result<Value> {
    build::rig_programs(paths)?;
    let product = build::product(paths, DEFAULT_TARGET, true)?;
    let mut rig = Rig::start(paths)?;
    let driver = product.join("asio2wasapi.dll");
    rig.wine(BACKEND)?.register(&driver, true)?;
    let mut rows = Vec::new();
    for run in 1..=runs {
        let what = format!("{run}/{runs}: both worlds");
        let row = progress::step(&what, || {
            let whole = |row: &Value| row["asio_found"] == row["asio_frames"];
            undisturbed(&Watch::first(paths), || once(&mut rig, &product), whole)
        })?;
        rows.push(row.0);
        interrupt::check()?;
    }
    Ok(json!({ "rows": rows }))
}

/// Once, with the router of that folder, whose driver is registered.
///
/// # Errors
/// The rig fails, or a program.
pub fn once(rig: &mut Rig<'_>, product: &Path) -> Result<Value> {
    rig.use_sink(PROGRAM_SINK)?;
    let config = rig.paths.rig().join("router-server.toml");
    fs::write(&config, CONFIG).context("cannot write the configuration")?;
    router::end_on(rig, BACKEND, product)?;
    rig.wine(BACKEND)?.use_config(Some(&config));
    let row = play(rig, product);
    rig.wine(BACKEND)?.use_config(None);
    row
}

fn play(rig: &mut Rig<'_>, product: &Path) -> Result<Value> {
    let noise = make::noise(RATE_HZ, CHANNELS, 24, FRAMES).between_silence(ALL_RUN_FRAMES, 0);
    let asio = noise.only_channel(0);
    let wasapi = tone(RATE_HZ, CHANNELS, 1, LOW_HZ, ALL_RUN_FRAMES, FRAMES);
    let asio_how = Playback {
        backend: BACKEND,
        format: RawFormat::Float32,
        sink: MIX,
        ..how()
    };
    let wasapi_how = Playback {
        host_api: "wasapi-shared",
        device: None,
        sink: PROGRAM_SINK,
        ..asio_how.clone()
    };
    let recorder = rig.record(MIX)?;
    let mut command = rig.wine(BACKEND)?.command_to(product.join(PROGRAM), MIX);
    command.env("PULSE_SOURCE", format!("{}.monitor", PROGRAM_SINK.name()));
    let outcome = Router::start_by(rig, BACKEND, command).and_then(|router| {
        let first = rig.start_host(&asio_how, &asio, "both-asio")?;
        let second = rig.start_host(&wasapi_how, &wasapi, "both-wasapi")?;
        let hosts = [first, second].map(Host::finish);
        router.finish(rig, product)?;
        hosts.into_iter().collect::<Result<Vec<_>>>()
    });
    let recorded = recorder.finish()?;
    outcome?;
    let exact = compare(&asio, &recorded.only_channel(0), 0);
    let tone = heard(&recorded, 1, LOW_HZ, FIT_FRAMES);
    Ok(json!({
        "asio_frames": exact.frames_played,
        "asio_found": exact.frames_found,
        "asio_exact": exact.is_exact(),
        "wasapi_frames": FRAMES,
        "wasapi_heard": tone.frames,
        "wasapi_gain_db": tone.gain_db,
        "wasapi_rest_db": tone.rest_db,
    }))
}
