//! The Wine prefixes: one plays through PulseAudio's own driver (shared mode), one through ALSA's
//! (which has exclusive mode), and one is for the simulated card, which takes the devices' place.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use super::stamp;
use crate::paths::Paths;
use crate::rig::places::{self, Backend};
use crate::rig::private_dir::PrivateDirs;
use crate::rig::wine::Wine;
use crate::{captured, progress};

const LIMIT: Duration = Duration::from_secs(240);
const SHIM: &str = include_str!("../../assets/bcryptprimitives.c");

/// Sees to it that all prefixes are there, made by this Wine and by this recipe.
pub fn ensure(paths: &Paths) -> Result<()> {
    let all = [Backend::Pulse, Backend::Alsa, Backend::Card];
    unless_made(paths, "prefixes.stamp", &all, |dirs| {
        progress::step("making a Wine prefix for shared mode", || {
            first(paths, dirs, Backend::Pulse)
        })?;
        progress::step("making one for exclusive mode", || {
            copy(paths, dirs, Backend::Pulse, Backend::Alsa, "alsa")
        })?;
        progress::step("making one for the simulated card", || {
            copy(paths, dirs, Backend::Pulse, Backend::Card, "pulse")
        })
    })
}

/// The same for the prefixes of 32-bit programs.
pub fn ensure_32(paths: &Paths) -> Result<()> {
    let all = [Backend::Pulse32, Backend::Alsa32];
    unless_made(paths, "prefixes-32.stamp", &all, |dirs| {
        progress::step("making a Wine prefix for 32-bit programs", || {
            first(paths, dirs, Backend::Pulse32)
        })?;
        progress::step("making one for their exclusive mode", || {
            copy(paths, dirs, Backend::Pulse32, Backend::Alsa32, "alsa")
        })
    })
}

/// Makes prefixes unless they are there and the mark says that this recipe made them.
fn unless_made(
    paths: &Paths,
    mark: &str,
    all: &[Backend],
    make: impl FnOnce(&PrivateDirs) -> Result<()>,
) -> Result<()> {
    let key = format!(
        "recipe 3\n{}\n{}\n{SHIM}{}",
        wine_version()?,
        paths.rig().display(),
        settings("*")
    );
    let mark = paths.rig().join(mark);
    let mut prefixes = all.iter().map(|backend| places::prefix(paths, *backend));
    if prefixes.all(|prefix| prefix.is_dir()) && stamp::is_current(&mark, &key) {
        return Ok(());
    }
    let dirs = PrivateDirs::claim(paths)?;
    // An interrupted copy must not count as finished.
    let _ = fs::remove_file(&mark);
    make(&dirs)?;
    stamp::set(&mark, &key)
}

fn wine_version() -> Result<String> {
    let output = Command::new(places::wine_loader()?)
        .arg("--version")
        .output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The registry's part: Windows 10, no crash dialogue, and the way to the sound server.
fn settings(driver: &str) -> String {
    format!(
        "REGEDIT4\r\n\r\n\
         [HKEY_CURRENT_USER\\Software\\Wine]\r\n\"Version\"=\"win10\"\r\n\r\n\
         [HKEY_CURRENT_USER\\Software\\Wine\\WineDbg]\r\n\"ShowCrashDialog\"=dword:00000000\r\n\r\n\
         [HKEY_CURRENT_USER\\Software\\Wine\\Drivers]\r\n\"Audio\"=\"{driver}\"\r\n"
    )
}

fn first(paths: &Paths, dirs: &PrivateDirs, backend: Backend) -> Result<()> {
    let prefix = clean_place(paths, backend)?;
    let wine = Wine::start(paths, dirs, backend)?;
    let mut boot = wine.command("wineboot");
    captured::succeed(
        boot.arg("--init"),
        &places::logs(paths).join("wineboot"),
        LIMIT,
    )?;
    // Rust's programs need a function that Wine 8 has no DLL for; later ones have it.
    let folders = match backend.is_32_bit() {
        true => &[("system32", "x86_64"), ("syswow64", "i686")][..],
        false => &[("system32", "x86_64")],
    };
    for (folder, processor) in folders {
        let shim = format!("drive_c/windows/{folder}/bcryptprimitives.dll");
        let shim = prefix.join(shim);
        if !shim.exists() {
            compile_shim(paths, processor, &shim)?;
        }
    }
    set_driver(paths, &wine, "pulse")
}

/// Links instead of 700 MB of copies, but for the registry, which Wine writes in place when it
/// finds links.
fn copy(
    paths: &Paths,
    dirs: &PrivateDirs,
    from: Backend,
    backend: Backend,
    driver: &str,
) -> Result<()> {
    let prefix = clean_place(paths, backend)?;
    let mut copy = Command::new("cp");
    copy.arg("-al")
        .arg(places::prefix(paths, from))
        .arg(&prefix);
    captured::succeed(&mut copy, &places::logs(paths).join("copy-prefix"), LIMIT)?;
    for name in ["system.reg", "user.reg", "userdef.reg"] {
        let file = prefix.join(name);
        let failed = || format!("cannot replace {}", file.display());
        let text = fs::read(&file).with_context(failed)?;
        fs::remove_file(&file).with_context(failed)?;
        fs::write(&file, text).with_context(failed)?;
    }
    let wine = Wine::start(paths, dirs, backend)?;
    set_driver(paths, &wine, driver)
}

fn clean_place(paths: &Paths, backend: Backend) -> Result<PathBuf> {
    let prefix = places::prefix(paths, backend);
    if prefix.exists() {
        fs::remove_dir_all(&prefix)
            .with_context(|| format!("cannot remove {}", prefix.display()))?;
    }
    Ok(prefix)
}

fn set_driver(paths: &Paths, wine: &Wine, driver: &str) -> Result<()> {
    let file = paths.rig().join("settings.reg");
    fs::write(&file, settings(driver))
        .with_context(|| format!("cannot write {}", file.display()))?;
    let mut command = wine.command("regedit");
    command.arg("/S").arg(places::windows_path(&file));
    captured::succeed(&mut command, &places::logs(paths).join("regedit"), LIMIT)?;
    Ok(())
}

fn compile_shim(paths: &Paths, processor: &str, to: &Path) -> Result<()> {
    let mut gcc = Command::new(format!("{processor}-w64-mingw32-gcc"));
    // Where a function's name would have its arguments' length at its end, it is without.
    gcc.args(["-shared", "-Os", "-s", "-Wl,--kill-at", "-o"])
        .arg(to);
    gcc.arg(paths.root.join("xtask/assets/bcryptprimitives.c"))
        .arg("-ladvapi32");
    captured::succeed(&mut gcc, &places::logs(paths).join("shim"), LIMIT)?;
    Ok(())
}
