//! The Wine prefixes: one plays through PulseAudio's own driver (shared mode), one through ALSA's
//! (which has exclusive mode), and one is for the simulated card, which takes the devices' place.

use std::fs;
use std::path::Path;
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
    let key = format!(
        "recipe 3\n{}\n{}\n{SHIM}{}",
        wine_version()?,
        paths.rig().display(),
        settings("*")
    );
    let mark = paths.rig().join("prefixes.stamp");
    let all_there = [Backend::Pulse, Backend::Alsa, Backend::Card]
        .iter()
        .all(|backend| places::prefix(paths, *backend).is_dir());
    if all_there && stamp::is_current(&mark, &key) {
        return Ok(());
    }
    let dirs = PrivateDirs::claim(paths)?;
    // An interrupted copy must not count as finished.
    let _ = fs::remove_file(&mark);
    progress::step("making a Wine prefix for shared mode", || {
        first(paths, &dirs)
    })?;
    progress::step("making one for exclusive mode", || {
        copy(paths, &dirs, Backend::Alsa, "alsa")
    })?;
    progress::step("making one for the simulated card", || {
        copy(paths, &dirs, Backend::Card, "pulse")
    })?;
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

fn first(paths: &Paths, dirs: &PrivateDirs) -> Result<()> {
    let prefix = clean_place(paths, Backend::Pulse)?;
    let wine = Wine::start(paths, dirs, Backend::Pulse)?;
    let mut boot = wine.command("wineboot");
    captured::succeed(
        boot.arg("--init"),
        &places::logs(paths).join("wineboot"),
        LIMIT,
    )?;
    // Rust's programs need a function that Wine 8 has no DLL for; later ones have it.
    let shim = prefix.join("drive_c/windows/system32/bcryptprimitives.dll");
    if !shim.exists() {
        compile_shim(paths, &shim)?;
    }
    set_driver(paths, &wine, "pulse")
}

/// Links instead of 700 MB of copies, but for the registry, which Wine writes in place when it
/// finds links.
fn copy(paths: &Paths, dirs: &PrivateDirs, backend: Backend, driver: &str) -> Result<()> {
    let prefix = clean_place(paths, backend)?;
    let mut copy = Command::new("cp");
    copy.arg("-al")
        .arg(places::prefix(paths, Backend::Pulse))
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

fn clean_place(paths: &Paths, backend: Backend) -> Result<std::path::PathBuf> {
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

fn compile_shim(paths: &Paths, to: &Path) -> Result<()> {
    let mut gcc = Command::new("x86_64-w64-mingw32-gcc");
    gcc.args(["-shared", "-Os", "-s", "-o"]).arg(to);
    gcc.arg(paths.root.join("xtask/assets/bcryptprimitives.c"))
        .arg("-ladvapi32");
    captured::succeed(&mut gcc, &places::logs(paths).join("shim"), LIMIT)?;
    Ok(())
}
