//! `register` and `unregister`: this project's drivers in the registry.

use std::path::{Path, PathBuf, absolute};

use anyhow::{Context, Result, bail};
use asio::registry::{self, View};
use session::installation;

use crate::failure::NeedsElevation;
use crate::pe;

/// The driver's files, which lie beside this program: for 64-bit and for 32-bit programs.
const DLL_NAMES: [&str; 2] = ["asio2wasapi.dll", "asio2wasapi32.dll"];

/// Installs a driver for each profile, which the DLL serves; without one, those beside this program.
pub fn register(dll: Option<&Path>) -> Result<()> {
    let dlls = match dll {
        Some(dll) => {
            vec![absolute(dll).with_context(|| format!("{} is no path to a DLL", dll.display()))?]
        }
        None => beside_this_program()?,
    };
    let config = super::configuration();
    let mut served = Vec::new();
    for dll in &dlls {
        if !dll.is_file() {
            bail!(
                "there is no {}; say with --dll where the driver is",
                dll.display()
            );
        }
        let view = view_of(dll)?;
        installation::register(view, &config, dll)
            .map_err(|error| explain(error, "register the drivers"))?;
        for profile in &config.profiles {
            let bits = view.bits();
            println!(
                "Registered {} for {bits}-bit programs: {}",
                profile.name,
                dll.display()
            );
        }
        served.push(view);
    }
    if dll.is_none() && !served.contains(&View::Bits32) {
        println!(
            "32-bit programs get no driver: {} is not beside this program.",
            DLL_NAMES[1]
        );
    }
    Ok(())
}

/// Removes them, for programs of both bitnesses.
pub fn unregister() -> Result<()> {
    let mut removed: Vec<String> = Vec::new();
    for view in [View::OWN, View::OTHER] {
        let names =
            installation::unregister(view).map_err(|error| explain(error, "remove the drivers"))?;
        removed.extend(names);
    }
    removed.sort();
    removed.dedup();
    for name in removed {
        println!("Removed {name}");
    }
    Ok(())
}

/// Those that are there; where there is none, the one that should be.
fn beside_this_program() -> Result<Vec<PathBuf>> {
    let program = std::env::current_exe().context("cannot find out where this program is")?;
    let beside = DLL_NAMES.map(|name| program.with_file_name(name));
    let there: Vec<PathBuf> = beside.iter().filter(|dll| dll.is_file()).cloned().collect();
    Ok(match there.is_empty() {
        true => beside.into_iter().take(1).collect(),
        false => there,
    })
}

/// Who can load the DLL.
fn view_of(dll: &Path) -> Result<View> {
    Ok(match pe::bits(dll)? {
        32 => View::Bits32,
        _ => View::Bits64,
    })
}

fn explain(error: registry::Error, what: &'static str) -> anyhow::Error {
    match error {
        registry::Error::NeedsElevation { .. } => NeedsElevation { what }.into(),
        error => error.into(),
    }
}
