//! Libraries that we did not write and that the tests play through, from Python packages that carry
//! them. Versions and hashes are pinned.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::stamp;
use crate::paths::Paths;
use crate::rig::places::{self, Backend};
use crate::{captured, progress};

const LIMIT: Duration = Duration::from_secs(180);

/// A package and the library in it.
struct Wheel {
    /// For people.
    what: &'static str,
    /// Below `xtask/assets`: what pip is to fetch.
    list: &'static str,
    /// The list's text.
    requirements: &'static str,
    /// The library inside.
    inside: &'static str,
    /// Where it belongs.
    library: fn(&Paths) -> PathBuf,
}

const WHEELS: [Wheel; 3] = [
    Wheel {
        what: "PortAudio, the ASIO program of the tests",
        list: "portaudio-wheel.txt",
        requirements: include_str!("../../assets/portaudio-wheel.txt"),
        inside: "_sounddevice_data/portaudio-binaries/libportaudio64bit-asio.dll",
        library: places::portaudio,
    },
    Wheel {
        what: "PortAudio for 32-bit programs",
        list: "portaudio-wheel.txt",
        requirements: include_str!("../../assets/portaudio-wheel.txt"),
        inside: "_sounddevice_data/portaudio-binaries/libportaudio32bit-asio.dll",
        library: |paths| places::portaudio_for(paths, Backend::Pulse32),
    },
    Wheel {
        what: "SDL, a WASAPI program of the tests",
        list: "sdl-wheel.txt",
        requirements: include_str!("../../assets/sdl-wheel.txt"),
        inside: "sdl2dll/dll/SDL2.dll",
        library: places::sdl,
    },
];

/// Sees to it that the libraries are there.
pub fn ensure(paths: &Paths) -> Result<()> {
    for wheel in &WHEELS {
        let library = (wheel.library)(paths);
        let mark = library.with_extension("stamp");
        if library.is_file() && stamp::is_current(&mark, wheel.requirements) {
            continue;
        }
        progress::step(&format!("fetching {}", wheel.what), || {
            fetch(paths, wheel, &library)?;
            stamp::set(&mark, wheel.requirements)
        })?;
    }
    Ok(())
}

fn fetch(paths: &Paths, wheel: &Wheel, library: &Path) -> Result<()> {
    let work = paths.rig().join("wheel").join(wheel.list);
    // Another version that was fetched before must not be taken for this one.
    let _ = fs::remove_dir_all(&work);
    fs::create_dir_all(&work).with_context(|| format!("cannot make {}", work.display()))?;
    let mut pip = python();
    pip.args(["-m", "pip", "download", "--quiet"]);
    pip.args(["--disable-pip-version-check", "--no-deps"]);
    pip.args(["--only-binary=:all:", "--platform", "win_amd64"]);
    pip.arg("--require-hashes").arg("--requirement");
    pip.arg(paths.root.join("xtask/assets").join(wheel.list));
    pip.arg("--dest").arg(&work);
    captured::succeed(&mut pip, &work.join("pip"), LIMIT)?;
    let mut unpack = python();
    unpack.args(["-m", "zipfile", "-e"]).arg(wheel_in(&work)?);
    unpack.arg(work.join("files"));
    captured::succeed(&mut unpack, &work.join("unpack"), LIMIT)?;
    fs::copy(work.join("files").join(wheel.inside), library)
        .with_context(|| format!("the package holds no {}", wheel.inside))?;
    Ok(())
}

/// The system's own Python: the user's may be anything.
fn python() -> Command {
    Command::new("/usr/bin/python3")
}

fn wheel_in(folder: &Path) -> Result<PathBuf> {
    let entries = fs::read_dir(folder)?;
    let paths = entries.flatten().map(|entry| entry.path());
    let wheel = paths
        .into_iter()
        .find(|path| path.extension().is_some_and(|end| end == "whl"));
    wheel.context("pip said that it fetched the package, but it is not there")
}
