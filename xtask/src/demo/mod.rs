//! `demo`: a tune, or the user's file, through the driver into a recording, with a verdict.

mod picture;
mod report;
mod simulated;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::build;
use crate::paths::{self, Paths};
use crate::rig::Rig;
use crate::rig::places::Backend;
use crate::rig::playback::{Playback, Played};
use crate::rig::server::Sink;
use crate::setup;
use crate::sound::raw::RawFormat;
use crate::sound::{Sound, make, wav};
use crate::{interrupt, progress};

const BLOCK_FRAMES: u32 = 480;
const TUNE_RATE_HZ: u32 = 48_000;

/// One run of the demo.
struct Plan {
    driver: &'static str,
    backend: Backend,
    format: RawFormat,
    sink: RawFormat,
    tolerance_lsb: u32,
}

const EXCLUSIVE: &str = "ASIO2WASAPI Exclusive";
const SHARED: &str = "ASIO2WASAPI Shared";

const fn exclusive(format: RawFormat, sink: RawFormat) -> Plan {
    Plan {
        driver: EXCLUSIVE,
        backend: Backend::Alsa,
        format,
        sink,
        tolerance_lsb: 0,
    }
}

const fn shared(format: RawFormat, sink: RawFormat) -> Plan {
    Plan {
        driver: SHARED,
        backend: Backend::Pulse,
        format,
        sink,
        tolerance_lsb: 1,
    }
}

/// Integer material arrives bit by bit in exclusive mode; shared mode computes in float.
const TUNE_PLANS: [Plan; 5] = [
    exclusive(RawFormat::Int16, RawFormat::Int16),
    exclusive(RawFormat::Int24, RawFormat::Int32),
    exclusive(RawFormat::Int32, RawFormat::Int32),
    shared(RawFormat::Int16, RawFormat::Int16),
    shared(RawFormat::Int24, RawFormat::Float32),
];

fn file_plans(sound: &Sound, is_float: bool) -> [Plan; 2] {
    match sound.bits {
        _ if is_float => [
            // PortAudio itself scales float to integer by a factor that is no power of two.
            Plan {
                tolerance_lsb: 1,
                ..exclusive(RawFormat::Float32, RawFormat::Int32)
            },
            shared(RawFormat::Float32, RawFormat::Float32),
        ],
        0..=16 => [
            exclusive(RawFormat::Int16, RawFormat::Int16),
            shared(RawFormat::Int16, RawFormat::Int16),
        ],
        17..=24 => [
            exclusive(RawFormat::Int24, RawFormat::Int32),
            shared(RawFormat::Int24, RawFormat::Float32),
        ],
        _ => [
            exclusive(RawFormat::Int32, RawFormat::Int32),
            shared(RawFormat::Int32, RawFormat::Float32),
        ],
    }
}

/// One finished run: what was planned, sent and received.
struct Run {
    plan: Plan,
    sink: Sink,
    sent: Sound,
    played: Result<Played>,
}

impl Run {
    fn is_good(&self) -> bool {
        self.played.as_ref().is_ok_and(|played| {
            let found = &played.comparison;
            if self.plan.tolerance_lsb == 0 {
                found.is_exact()
            } else {
                found.is_complete()
            }
        })
    }
}

/// Runs the demo. The value is the verdict.
pub fn run(paths: &Paths, file: Option<&Path>) -> Result<bool> {
    // First of all the file: a wrong name must not cost a set-up.
    let work = match file {
        Some(file) => file_work(file)?,
        None => TUNE_PLANS
            .into_iter()
            .map(|plan| (make::tune(TUNE_RATE_HZ, plan.format.bits()), plan))
            .collect(),
    };
    if let Err(error) = setup::compiler(paths).and_then(|()| setup::rig(paths)) {
        interrupt::check()?;
        println!("{error:#}");
        println!("Without that no Windows program runs here, so the driver is not heard for real.");
        let is_good = simulated::run(paths, file)?;
        println!("SIMULATED ONLY: the real demo needs what is said above");
        return Ok(is_good);
    }
    let dist = progress::step("building the driver and the host program", || {
        build::rig_programs(paths)?;
        build::product(paths, paths::DEFAULT_TARGET, false)
    })?;
    let driver = dist.join("asio2wasapi.dll");

    let runs = play_all(paths, &driver, work)?;
    let folder = paths.demo();
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    report::write(&folder, &runs)?;
    picture::write(&folder.join("report.svg"), &runs)?;
    report::print_table(&folder, &runs);
    let is_simulation_good = simulated::run(paths, file)?;
    report::print_verdict(&runs);
    Ok(is_simulation_good && runs.iter().all(Run::is_good))
}

fn file_work(file: &Path) -> Result<Vec<(Sound, Plan)>> {
    let (sound, is_float) = wav::read(file)?;
    let sound = match sound.channels {
        1 => sound.on_both_sides(),
        2 => sound,
        // Wine and the sound server order the channels of larger formats differently.
        more => bail!(
            "{} has {more} channels; the demo plays mono and stereo",
            file.display()
        ),
    };
    let plans = file_plans(&sound, is_float);
    Ok(plans
        .into_iter()
        .map(|plan| (sound.clone(), plan))
        .collect())
}

fn play_all(paths: &Paths, driver: &Path, work: Vec<(Sound, Plan)>) -> Result<Vec<Run>> {
    let mut rig = progress::step("starting the sound server", || Rig::start(paths))?;
    for (sound, plan) in &work {
        // All at once: each needs a while until it keeps time.
        rig.sink(sink_for(sound, plan))?;
    }
    progress::step("registering the driver in both Wine prefixes", || {
        for backend in Backend::ALL {
            rig.wine(backend)?.register(driver, true)?;
        }
        Ok(())
    })?;
    let mut runs = Vec::new();
    for (sent, plan) in work {
        let sink = sink_for(&sent, &plan);
        let what = format!("playing {} through {}", plan.format.name(), plan.driver);
        let played = progress::step(&what, || rig.play(&playback(&plan, sink), &sent));
        interrupt::check()?;
        runs.push(Run {
            plan,
            sink,
            sent,
            played,
        });
    }
    for backend in Backend::ALL {
        rig.wine(backend)?.register(driver, false)?;
    }
    Ok(runs)
}

fn sink_for(sound: &Sound, plan: &Plan) -> Sink {
    Sink {
        format: plan.sink,
        rate_hz: sound.rate_hz,
        channels: sound.channels,
    }
}

fn playback(plan: &Plan, sink: Sink) -> Playback<'static> {
    Playback {
        host_api: "asio",
        device: Some(plan.driver),
        backend: plan.backend,
        device_format: None,
        block_frames: BLOCK_FRAMES,
        format: plan.format,
        sink,
        tolerance_lsb: plan.tolerance_lsb,
        record_from: None,
    }
}
