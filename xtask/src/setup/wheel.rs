//! PortAudio with ASIO, from a Python package that carries it. Version and hash are pinned.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::stamp;
use crate::paths::Paths;
use crate::rig::places;
use crate::{captured, progress};

const LIMIT: Duration = Duration::from_secs(180);
const REQUIREMENTS: &str = include_str!("../../assets/portaudio-wheel.txt");
const INSIDE: &str = "_sounddevice_data/portaudio-binaries/libportaudio64bit-asio.dll";

/// Sees to it that [`places::portaudio`] is there.
pub fn ensure(paths: &Paths) -> Result<()> {
    let library = places::portaudio(paths);
    let mark = library.with_extension("stamp");
    if library.is_file() && stamp::is_current(&mark, REQUIREMENTS) {
        return Ok(());
    }
    progress::step("fetching PortAudio, the ASIO program of the tests", || {
        let work = paths.rig().join("wheel");
        fs::create_dir_all(&work).with_context(|| format!("cannot make {}", work.display()))?;
        let wanted = paths.root.join("xtask/assets/portaudio-wheel.txt");
        let mut pip = python();
        pip.args([
            "-m",
            "pip",
            "download",
            "--quiet",
            "--disable-pip-version-check",
        ]);
        pip.args([
            "--no-deps",
            "--only-binary=:all:",
            "--platform",
            "win_amd64",
        ]);
        pip.arg("--require-hashes")
            .arg("--requirement")
            .arg(wanted)
            .arg("--dest")
            .arg(&work);
        captured::succeed(&mut pip, &work.join("pip"), LIMIT)?;
        let wheel = wheel_in(&work)?;
        let mut unpack = python();
        unpack
            .args(["-m", "zipfile", "-e"])
            .arg(wheel)
            .arg(work.join("files"));
        captured::succeed(&mut unpack, &work.join("unpack"), LIMIT)?;
        fs::copy(work.join("files").join(INSIDE), &library)
            .context("the package holds no PortAudio with ASIO")?;
        stamp::set(&mark, REQUIREMENTS)
    })
}

/// The system's own Python: the user's may be anything.
fn python() -> Command {
    Command::new("/usr/bin/python3")
}

fn wheel_in(folder: &std::path::Path) -> Result<PathBuf> {
    let entries = fs::read_dir(folder)?;
    let paths = entries.flatten().map(|entry| entry.path());
    let wheel = paths
        .into_iter()
        .find(|path| path.extension().is_some_and(|end| end == "whl"));
    wheel.context("pip said that it fetched the package, but it is not there")
}
