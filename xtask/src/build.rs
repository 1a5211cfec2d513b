//! `build`: the driver and the programs, gathered where a user or a test looks for them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::paths::Paths;
use crate::process;

#[cfg(not(windows))]
const RIG_PROGRAMS: &[&str] = &[
    "pa-host",
    "sdl-host",
    "asio-check",
    "competitor",
    "event-witness",
];
const LIMIT: Duration = Duration::from_secs(1800);

/// What `build` was asked for.
#[derive(Default)]
pub struct BuildRequest {
    /// A target triple; the default is [`default_target`].
    pub target: Option<String>,
    /// Optimised.
    pub release: bool,
}

/// The target to build for when none is named.
#[cfg(not(windows))]
pub fn default_target() -> Result<String> {
    Ok(crate::paths::DEFAULT_TARGET.to_owned())
}

/// The target to build for when none is named: this machine's own.
#[cfg(windows)]
pub fn default_target() -> Result<String> {
    let output = Command::new("rustc")
        .arg("-vV")
        .output()
        .context("rustc cannot be started")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no host")?.to_owned())
}

/// Builds and says where the results are.
pub fn run(paths: &Paths, request: &BuildRequest) -> Result<()> {
    let target = request.target.clone().map_or_else(default_target, Ok)?;
    if !target.contains("-windows-") {
        bail!("{target} is not a Windows target: the driver can only run on Windows or in Wine");
    }
    #[cfg(not(windows))]
    crate::setup::compiler(paths)?;
    let dist = product(paths, &target, request.release)?;
    println!("built {}", dist.display());
    Ok(())
}

/// The driver's file. That for 32-bit programs has another name, so that both fit into one folder.
pub fn driver_name(target: &str) -> &'static str {
    match target.starts_with("i686-") {
        true => "asio2wasapi32.dll",
        false => "asio2wasapi.dll",
    }
}

/// The command-line program's file, likewise.
pub fn program_name(target: &str) -> &'static str {
    match target.starts_with("i686-") {
        true => "asio2wasapi32.exe",
        false => "asio2wasapi.exe",
    }
}

/// Builds the driver and the command-line program; returns the folder that holds both.
pub fn product(paths: &Paths, target: &str, release: bool) -> Result<PathBuf> {
    let packages = ["-p", "asio2wasapi-driver", "-p", "asio2wasapi-cli"];
    let built = cargo_build(paths, target, release, &packages)?;
    let dist = paths.dist(target);
    copy(
        &built.join("asio2wasapi_driver.dll"),
        &dist.join(driver_name(target)),
    )?;
    copy(
        &built.join("asio2wasapi.exe"),
        &dist.join(program_name(target)),
    )?;
    Ok(dist)
}

/// Builds the programs that the rig runs; returns the folder that holds them.
#[cfg(not(windows))]
pub fn rig_programs(paths: &Paths) -> Result<PathBuf> {
    rig_programs_for(paths, crate::rig::places::Backend::Pulse)
}

/// The same for those that run on a backend.
#[cfg(not(windows))]
pub fn rig_programs_for(paths: &Paths, backend: crate::rig::places::Backend) -> Result<PathBuf> {
    let mut what = vec!["-p", "hosts"];
    what.extend(RIG_PROGRAMS.iter().flat_map(|program| ["--bin", program]));
    let built = cargo_build(paths, backend.target(), false, &what)?;
    let bin = crate::rig::places::programs_for(paths, backend);
    for program in RIG_PROGRAMS {
        let file = format!("{program}.exe");
        copy(&built.join(&file), &bin.join(&file))?;
    }
    Ok(bin)
}

/// Builds the driver that counts what its callback must not do.
#[cfg(not(windows))]
pub fn guarded_driver(paths: &Paths) -> Result<PathBuf> {
    let what = ["-p", "asio2wasapi-driver", "--features", "guard"];
    let built = cargo_build(paths, crate::paths::DEFAULT_TARGET, false, &what)?;
    let driver = paths.rig().join("guard").join("asio2wasapi.dll");
    copy(&built.join("asio2wasapi_driver.dll"), &driver)?;
    Ok(driver)
}

/// Builds the driver with planted faults, on which the validator is judged.
#[cfg(not(windows))]
pub fn broken_driver(paths: &Paths) -> Result<PathBuf> {
    broken_driver_for(paths, crate::paths::DEFAULT_TARGET)
}

/// The same for programs of a target.
#[cfg(not(windows))]
pub fn broken_driver_for(paths: &Paths, target: &str) -> Result<PathBuf> {
    let what = ["-p", "broken-driver", "--lib"];
    let built = cargo_build(paths, target, false, &what)?;
    Ok(built.join("broken_driver.dll"))
}

/// Builds the simulated card's service and DLL; returns the folder that holds them.
#[cfg(not(windows))]
pub fn card(paths: &Paths) -> Result<PathBuf> {
    let what = [
        "-p",
        "simcard-service",
        "-p",
        "simcard-wasapi",
        "-p",
        "simcard-asio",
    ];
    cargo_build(paths, crate::paths::DEFAULT_TARGET, false, &what)
}

/// Builds the tests of `wasapi-io` that need a device; returns their program.
#[cfg(not(windows))]
pub fn device_tests(paths: &Paths) -> Result<PathBuf> {
    let what = ["-p", "wasapi-io", "--test", "device"];
    tests(paths, crate::paths::DEFAULT_TARGET, &what)
}

/// Builds the unit tests of `wasapi-io` for Windows, most of which are there for no other system; returns
/// their program.
#[cfg(not(windows))]
pub fn wasapi_unit_tests(paths: &Paths) -> Result<PathBuf> {
    let what = ["-p", "wasapi-io", "--lib"];
    tests(paths, crate::paths::DEFAULT_TARGET, &what)
}

/// Builds the tests of hosted ASIO hardware; returns their program.
#[cfg(not(windows))]
pub fn hosting_tests(paths: &Paths) -> Result<PathBuf> {
    let what = ["-p", "asio-io", "--test", "hardware"];
    tests(paths, crate::paths::DEFAULT_TARGET, &what)
}

/// Builds the unit tests of `asio` for 32-bit Windows; returns their program.
#[cfg(not(windows))]
pub fn interface_tests_32(paths: &Paths) -> Result<PathBuf> {
    tests(paths, crate::paths::TARGET_32, &["-p", "asio", "--lib"])
}

/// Builds the unit tests of `ipc`; returns their program.
#[cfg(not(windows))]
pub fn memory_tests(paths: &Paths) -> Result<PathBuf> {
    tests(paths, crate::paths::DEFAULT_TARGET, &["-p", "ipc", "--lib"])
}

/// Builds `ipc`'s program of hops, optimised; returns it.
#[cfg(not(windows))]
pub fn hop(paths: &Paths) -> Result<PathBuf> {
    let what = ["-p", "ipc", "--example", "hop"];
    let built = cargo_build(paths, crate::paths::DEFAULT_TARGET, true, &what)?;
    Ok(built.join("examples").join("hop.exe"))
}

/// Builds tests; returns their program.
#[cfg(not(windows))]
fn tests(paths: &Paths, target: &str, what: &[&str]) -> Result<PathBuf> {
    let mut command = Command::new("cargo");
    command
        .args(["test", "--no-run", "--message-format=json", "--target"])
        .arg(target)
        .args(what)
        .current_dir(&paths.root);
    let log = crate::rig::places::logs(paths).join(format!("cargo-tests-{target}"));
    let said = crate::captured::succeed(&mut command, &log, LIMIT)?.stdout;
    let mut programs = said.lines().filter_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        message["executable"].as_str().map(PathBuf::from)
    });
    programs.next_back().context("cargo names no test program")
}

/// Runs `cargo build`; returns the folder with its results.
fn cargo_build(paths: &Paths, target: &str, release: bool, what: &[&str]) -> Result<PathBuf> {
    let mut command = Command::new("cargo");
    command
        .args(["build", "--quiet", "--target", target])
        .args(what)
        .current_dir(&paths.root);
    if release {
        command.arg("--release");
    }
    if !process::show(&mut command, LIMIT)? {
        bail!(
            "`{}` failed; its messages are above",
            process::name(&command)
        );
    }
    Ok(paths
        .target
        .join(target)
        .join(if release { "release" } else { "debug" }))
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::copy(from, to)
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}
