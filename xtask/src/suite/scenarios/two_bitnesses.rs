//! The driver for 32-bit programs, beside that for 64-bit programs: installed by one command, judged
//! by the validator, and played through by a 32-bit program that we did not write.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::super::{Leg, Passed, native, passed, stage::Stage};
use super::playback::{self, exclusive, shared};
use super::{Driver, EXCLUSIVE, SHARED, registration, validator};
use crate::build;
use crate::captured;
use crate::paths::Paths;
use crate::rig::Rig;
use crate::rig::places::{self, Backend};
use crate::rig::playback::{Host, Playback};
use crate::rig::server::Sink;
use crate::rig::wine::Wine;
use crate::rig::witness::{Watch, undisturbed};
use crate::routed::{self, found, two_sounds};
use crate::sound::compare::{Comparison, compare};
use crate::sound::raw::RawFormat::{Float32, Int16, Int24, Int32};
use crate::sound::{Sound, make};

const LIMIT: Duration = Duration::from_secs(120);
const MARK: &str = "32-bit: ";
const BACKEND: Backend = Backend::Pulse32;

const SHARED_32: Driver = Driver {
    backend: Backend::Pulse32,
    ..SHARED
};
const EXCLUSIVE_32: Driver = Driver {
    backend: Backend::Alsa32,
    ..EXCLUSIVE
};

const PLAYED: [playback::Row; 5] = [
    shared(48_000, 480, Int16, Int16).through(SHARED_32),
    shared(48_000, 512, Int24, Float32).through(SHARED_32),
    exclusive(48_000, 480, Int16, Int16).through(EXCLUSIVE_32),
    exclusive(48_000, 512, Int24, Int32).through(EXCLUSIVE_32),
    exclusive(96_000, 1024, Int32, Int32).through(EXCLUSIVE_32),
];

/// Registration first: the others leave the driver registered.
pub fn legs() -> Vec<Leg> {
    let mut legs = vec![Leg::new(
        format!("{MARK}one command registers both drivers and leaves nothing"),
        both,
    )];
    legs.push(Leg::new(
        format!("{MARK}one router for programs of both bitnesses"),
        one_router,
    ));
    legs.push(Leg::new(
        format!("{MARK}a driver that is there for 32-bit programs alone, in the router"),
        narrow_driver,
    ));
    legs.push(Leg::new(
        format!("{MARK}unit tests of the interface"),
        interface,
    ));
    legs.extend([SHARED_32, EXCLUSIVE_32].map(|driver| {
        Leg::new(format!("{MARK}validator, {}", driver.way), move |stage| {
            validator::ours(stage, driver)
        })
    }));
    legs.extend(PLAYED.map(|row| playback::leg(MARK, row)));
    legs.into_iter().map(Leg::with_wine_32).collect()
}

/// Sizes, calling conventions, and panics that must not leave the driver.
fn interface(stage: &mut Stage<'_>) -> Result<Passed> {
    let paths = stage.paths;
    let program = build::interface_tests_32(paths)?;
    let wine = stage.rig()?.wine(BACKEND)?;
    native::count(&run(wine, paths, &program, &[])?)
}

/// A driver as `asio2wasapi drivers --json` tells it.
#[derive(Deserialize)]
struct Listed {
    name: String,
    dll: Option<String>,
    for_64_bit: bool,
    for_32_bit: bool,
    problem: Option<String>,
}

/// The command-line program of each bitness, with both DLLs beside it.
struct Both {
    wide: PathBuf,
    narrow: PathBuf,
}

fn both(stage: &mut Stage<'_>) -> Result<Passed> {
    let paths = stage.paths;
    let both = gather(stage)?;
    stage.forget_driver(BACKEND)?;
    let wine = stage.rig()?.wine(BACKEND)?;
    // Other legs of an earlier run leave it registered.
    run(wine, paths, &both.wide, &["unregister"])?;
    let before = registration::registry(wine, paths)?;
    let programs = [
        (&both.wide, "asio2wasapi.dll"),
        (&both.narrow, "asio2wasapi32.dll"),
    ];
    for (program, _) in programs {
        run(wine, paths, program, &["register"])?;
        for (asked, dll) in programs {
            let said = run(wine, paths, asked, &["drivers", "--json"])?;
            let listed: Vec<Listed> = serde_json::from_str(&said).context("the list is unclear")?;
            check(&listed, dll)?;
        }
        run(wine, paths, program, &["unregister"])?;
        let after = registration::registry(wine, paths)?;
        for (one, other, what) in [(&after, &before, "stays"), (&before, &after, "is gone")] {
            let line = registration::first_foreign(one, other);
            ensure!(line.is_none(), "this {what}: {}", line.unwrap_or_default());
        }
    }
    Ok(passed("by the 64-bit and by the 32-bit program"))
}

/// How long both play together.
const TOGETHER_FRAMES: usize = 96_000;

/// A 32-bit and a 64-bit program play through one router, which is 64-bit: both sounds are in the sum, bit
/// for bit.
fn one_router(stage: &mut Stage<'_>) -> Result<Passed> {
    let both = gather(stage)?;
    stage.forget_driver(BACKEND)?;
    // The test programs of both bitnesses.
    stage.rig_with_driver(BACKEND)?;
    stage.forget_driver(BACKEND)?;
    let paths = stage.paths;
    let rig = stage.rig()?;
    run(rig.wine(BACKEND)?, paths, &both.wide, &["register"])?;
    let sounds = two_sounds(TOGETHER_FRAMES);
    let outcome = undisturbed(
        &Watch::between(paths),
        || play_both(rig, &both, &sounds),
        |(parts, _)| parts.iter().all(Comparison::is_complete),
    );
    run(rig.wine(BACKEND)?, paths, &both.wide, &["unregister"])?;
    let ((parts, status), tries) = outcome?;
    for part in &parts {
        playback::demand(part, 0).with_context(|| tries.testimony())?;
    }
    let clients = status["clients"].as_array().map_or(0, Vec::len);
    ensure!(clients == 2, "one router should have both, but: {status}");
    Ok(passed("both bit-exact in the sum"))
}

/// Another maker's driver that plays its first output back on its inputs.
const LOOPED: &str = "Fixture sound";
const LOOPED_ROUTER: &str = "[router.sink.Box]\nkind = \"asio\"\ndevice = \"Fixture sound\"\n\
                             [router.source.BoxIn]\nkind = \"asio\"\ndevice = \"Fixture sound\"\n";

/// The router, a 64-bit program, plays to a driver that only a 32-bit program can load, and records from it.
fn narrow_driver(stage: &mut Stage<'_>) -> Result<Passed> {
    let both = gather(stage)?;
    // The test programs of both bitnesses.
    stage.rig_with_driver(BACKEND)?;
    stage.forget_driver(BACKEND)?;
    let paths = stage.paths;
    let looped = build::broken_driver_for(paths, BACKEND.target())?;
    let config = paths.rig().join("router-narrow.toml");
    let text = format!(
        "[profile.{:?}]\nhand_over = \"pipelined\"\n\n{LOOPED_ROUTER}",
        routed::DRIVER
    );
    fs::write(&config, text).context("cannot write the configuration")?;
    let rig = stage.rig()?;
    run(rig.wine(BACKEND)?, paths, &both.wide, &["register"])?;
    rig.wine(BACKEND)?.register(&looped, true)?;
    rig.wine(BACKEND)?.use_config(Some(&config));
    let sound = make::noise(routed::RATE_HZ, routed::CHANNELS, 24, TOGETHER_FRAMES).on_both_sides();
    let outcome = undisturbed(
        &Watch::between(paths),
        || through_narrow_driver(rig, &both, &sound),
        Comparison::is_complete,
    );
    rig.wine(BACKEND)?.use_config(None);
    rig.wine(BACKEND)?.register(&looped, false)?;
    run(rig.wine(BACKEND)?, paths, &both.wide, &["unregister"])?;
    let (heard, tries) = outcome?;
    playback::demand(&heard, 0).with_context(|| tries.testimony())?;
    Ok(passed(format!(
        "what a 64-bit program plays comes back bit-exact through {LOOPED:?}"
    )))
}

fn through_narrow_driver(rig: &mut Rig<'_>, both: &Both, sound: &Sound) -> Result<Comparison> {
    let how = Playback {
        backend: BACKEND,
        record_from: Some(routed::DRIVER),
        ..routed::how()
    };
    let paths = rig.paths;
    let host = rig.start_host_like(&how, sound, "narrow-driver", Backend::Pulse)?;
    let recording = host.recording();
    let ended = host.finish();
    let _ = run(rig.wine(BACKEND)?, paths, &both.wide, &["route", "end"]);
    ended?;
    let bytes = fs::read(&recording).context("the host left no recording")?;
    let heard = Sound {
        samples: Int32.decode(&bytes),
        ..*sound
    };
    Ok(compare(&sound.only_channel(0), &heard.only_channel(0), 0))
}

fn play_both(
    rig: &mut Rig<'_>,
    both: &Both,
    sounds: &[Sound; 2],
) -> Result<([Comparison; 2], Value)> {
    let paths = rig.paths;
    let sink = Sink {
        format: Float32,
        rate_hz: sounds[0].rate_hz,
        channels: sounds[0].channels,
    };
    let how = Playback {
        backend: BACKEND,
        sink,
        ..routed::how()
    };
    let recorder = rig.record(sink)?;
    let narrow = rig.start_host(&how, &sounds[0], "both-narrow")?;
    let wide = rig.start_host_like(&how, &sounds[1], "both-wide", Backend::Pulse)?;
    let mut status = Value::Null;
    for _ in 0..40 {
        captured::pause(Duration::from_millis(50))?;
        let wine = rig.wine(BACKEND)?;
        let listed = run(wine, paths, &both.wide, &["route", "list", "--json"]);
        let Ok(listed) = listed else { continue };
        status = serde_json::from_str(&listed).context("the list is unclear")?;
        if status["clients"]
            .as_array()
            .is_some_and(|all| all.len() == 2)
        {
            break;
        }
    }
    let hosts = [narrow, wide].map(Host::finish);
    let recorded = recorder.finish()?;
    // Nobody needs it any more, but it would not end at once.
    let _ = run(rig.wine(BACKEND)?, paths, &both.wide, &["route", "end"]);
    hosts.into_iter().collect::<Result<Vec<_>>>()?;
    let recorded = [recorded];
    Ok((
        [0, 1].map(|which| found(&recorded, which, &sounds[which])),
        status,
    ))
}

/// Everybody has both drivers, and who asks would load the DLL of his own bitness.
fn check(listed: &[Listed], dll: &str) -> Result<()> {
    for driver in [SHARED, EXCLUSIVE] {
        let found = listed.iter().find(|entry| entry.name == driver.name);
        let found = found.with_context(|| format!("{} is not listed", driver.name))?;
        let Listed { name, problem, .. } = found;
        ensure!(
            found.for_64_bit && found.for_32_bit && problem.is_none(),
            "{name}: 64-bit {}, 32-bit {}, {problem:?}",
            found.for_64_bit,
            found.for_32_bit
        );
        let path = found.dll.as_deref().unwrap_or_default();
        ensure!(
            path.ends_with(&format!("\\{dll}")),
            "{name}: {path}, not {dll}"
        );
    }
    Ok(())
}

/// Puts the files of both bitnesses together, as a user would.
fn gather(stage: &mut Stage<'_>) -> Result<Both> {
    let folder = stage.paths.rig().join("both");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let put = |from: &Path, to: &str| -> Result<PathBuf> {
        let to = folder.join(to);
        fs::copy(from, &to).with_context(|| format!("cannot copy to {}", to.display()))?;
        Ok(to)
    };
    for backend in [Backend::Pulse, BACKEND] {
        let name = build::driver_name(backend.target());
        put(&stage.product_for(backend)?.join(name), name)?;
    }
    let program = build::program_name(Backend::Pulse.target());
    let narrow = build::program_name(BACKEND.target());
    Ok(Both {
        wide: put(&stage.product()?.join(program), program)?,
        narrow: put(&stage.product_for(BACKEND)?.join(narrow), narrow)?,
    })
}

fn run(wine: &Wine, paths: &Paths, program: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = wine.command(program);
    command.args(arguments);
    let log = places::logs(paths).join("both");
    Ok(captured::succeed(&mut command, &log, LIMIT)?.stdout)
}
