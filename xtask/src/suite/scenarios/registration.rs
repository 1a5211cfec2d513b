//! Installing and removing the driver: what is written, and that nothing stays.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::super::{Leg, Passed, passed, stage::Stage};
use super::{EXCLUSIVE, SHARED};
use crate::captured;
use crate::paths::Paths;
use crate::rig::places::{self, Backend};
use crate::rig::wine::Wine;

const LIMIT: Duration = Duration::from_secs(60);
const BACKEND: Backend = Backend::Pulse;

/// Both ways.
pub fn legs() -> Vec<Leg> {
    vec![
        Leg::new("registration: regsvr32 leaves nothing", |stage| {
            leaves_nothing(stage, |wine, _, product, wanted| {
                wine.register(&product.join("asio2wasapi.dll"), wanted)
                    .map(drop)
            })
        }),
        Leg::new(
            "registration: the command-line program leaves nothing",
            |stage| {
                leaves_nothing(stage, |wine, paths, product, wanted| {
                    let mut command = wine.command(product.join("asio2wasapi.exe"));
                    command.arg(if wanted { "register" } else { "unregister" });
                    let log = places::logs(paths).join("register");
                    captured::succeed(&mut command, &log, LIMIT).map(drop)
                })
            },
        ),
    ]
}

type Register = fn(&Wine, &Paths, &Path, bool) -> Result<()>;

/// The registry before and after must be the same; between them both drivers are listed.
fn leaves_nothing(stage: &mut Stage<'_>, register: Register) -> Result<Passed> {
    let product = stage.product()?;
    let paths = stage.paths;
    stage.forget_driver(BACKEND)?;
    let wine = stage.rig()?.wine(BACKEND)?;
    // Other legs of an earlier run leave it registered.
    register(wine, paths, &product, false)?;
    let before = registry(wine, paths)?;
    register(wine, paths, &product, true)?;
    let between = registry(wine, paths)?;
    for driver in [SHARED, EXCLUSIVE] {
        let entry = format!("\\Software\\ASIO\\{}]", driver.name).to_lowercase();
        let is_listed = between
            .lines()
            .any(|line| line.to_lowercase().ends_with(&entry));
        ensure!(
            is_listed,
            "{} is not in the list of ASIO drivers",
            driver.name
        );
    }
    register(wine, paths, &product, true).context("registering a second time")?;
    register(wine, paths, &product, false)?;
    let after = registry(wine, paths)?;
    if let Some(line) = first_foreign(&after, &before) {
        bail!("this stays in the registry: {line}");
    }
    if let Some(line) = first_foreign(&before, &after) {
        bail!("this is gone from the registry: {line}");
    }
    register(wine, paths, &product, false).context("unregistering a second time")?;
    Ok(passed(format!(
        "{} lines written and removed",
        between.lines().count() - before.lines().count()
    )))
}

/// The machine's whole part of the registry as text.
pub(super) fn registry(wine: &Wine, paths: &Paths) -> Result<String> {
    let file = paths.rig().join("registry.reg");
    let _ = fs::remove_file(&file);
    let mut command: Command = wine.command("regedit");
    command
        .arg("/E")
        .arg(places::windows_path(&file))
        .arg("HKEY_LOCAL_MACHINE\\Software");
    captured::succeed(&mut command, &places::logs(paths).join("regedit"), LIMIT)?;
    let bytes = fs::read(&file).context("Wine did not export its registry")?;
    let units: Vec<u16> = bytes
        .as_chunks::<2>()
        .0
        .iter()
        .map(|pair| u16::from_le_bytes(*pair))
        .collect();
    Ok(String::from_utf16_lossy(&units))
}

/// The first line that the other text does not have.
pub(super) fn first_foreign<'a>(text: &'a str, other: &str) -> Option<&'a str> {
    let known: std::collections::HashSet<&str> = other.lines().collect();
    text.lines().find(|line| !known.contains(line))
}
