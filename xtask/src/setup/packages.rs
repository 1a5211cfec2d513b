//! System packages by apt: only what is missing, with a reason for each.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::paths::Paths;
use crate::{captured, progress};

/// A package and why it is wanted.
pub struct Package {
    name: &'static str,
    why: &'static str,
}

const fn package(name: &'static str, why: &'static str) -> Package {
    Package { name, why }
}

/// To build for Windows.
pub const COMPILER: &[Package] = &[
    package(
        "gcc-mingw-w64-x86-64-win32",
        "links 64-bit Windows programs",
    ),
    package("gcc-mingw-w64-i686-win32", "links 32-bit Windows programs"),
    package("mingw-w64-x86-64-dev", "Windows import libraries, 64-bit"),
    package("mingw-w64-i686-dev", "Windows import libraries, 32-bit"),
];

/// To run what was built.
pub const RIG: &[Package] = &[
    package("wine64", "runs the driver"),
    package("pulseaudio", "a private sound server that can be recorded"),
    package("pulseaudio-utils", "records it"),
    package("libasound2-plugins", "leads Wine's exclusive mode to it"),
    package(
        "python3-pip",
        "fetches PortAudio and SDL, programs of the tests",
    ),
    package("ca-certificates", "lets it check whom it fetches from"),
];

/// To count instructions.
pub const COUNTER: &[Package] = &[package("valgrind", "counts what conversions cost")];

/// To build Rust's standard library from Debian's source, where it cannot be downloaded.
pub const STD_SOURCE: &[Package] = &[
    package("curl", "fetches the source package"),
    package("ca-certificates", "lets it check whom it fetches from"),
];

/// Packages are missing that only root can install.
#[derive(Debug)]
pub struct NeedsRoot(String);

impl std::fmt::Display for NeedsRoot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "packages are missing that only root can install; run\n    \
             sudo apt-get install --no-install-recommends {}\nand then this command again",
            self.0
        )
    }
}

impl std::error::Error for NeedsRoot {}

/// Installs those that are missing.
///
/// # Errors
/// No apt, [`NeedsRoot`], or apt fails.
pub fn install(paths: &Paths, wanted: &[Package]) -> Result<()> {
    let missing = missing(wanted)?;
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    if !is_root() {
        return Err(NeedsRoot(names.join(" ")).into());
    }
    for package in &missing {
        progress::note(&format!("needs {}: {}", package.name, package.why));
    }
    let log = paths.rig().join("logs");
    progress::step("reading the package lists", || {
        let limit = Duration::from_secs(300);
        captured::succeed(apt().args(["-q", "update"]), &log.join("apt-update"), limit)
    })?;
    progress::step(
        &format!("installing {} packages (about a minute)", names.len()),
        || {
            let mut command = apt();
            command
                .args(["-q", "-y", "--no-install-recommends", "install"])
                .args(&names);
            captured::succeed(
                &mut command,
                &log.join("apt-install"),
                Duration::from_secs(1200),
            )
        },
    )?;
    Ok(())
}

/// Apt, which asks nothing.
pub fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn missing(wanted: &[Package]) -> Result<Vec<&Package>> {
    let output = Command::new("dpkg-query")
        .args(["-W", "-f", "${db:Status-Status} ${Package}\n"])
        .args(wanted.iter().map(|package| package.name))
        .output()
        .context(
            "dpkg-query cannot be started: set-up knows Debian and its relatives only. \
             Elsewhere install MinGW-w64, Wine and PulseAudio by hand",
        )?;
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    let is_missing = |package: &&Package| {
        let line = format!("installed {}", package.name);
        !listed.lines().any(|found| found == line)
    };
    Ok(wanted.iter().filter(is_missing).collect())
}

/// The version of an installed package.
pub fn version(package: &str) -> Result<String> {
    let output = Command::new("dpkg-query")
        .args(["-W", "-f", "${Version}", package])
        .output()
        .context("dpkg-query cannot be started")?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether we may do everything.
pub fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let effective = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    effective.and_then(|ids| ids.split_whitespace().nth(1)) == Some("0")
}
