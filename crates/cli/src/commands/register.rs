//! `register` and `unregister`: this project's drivers in the registry.

use std::path::{Path, PathBuf, absolute};

use anyhow::{Context, Result, bail};
use asio::registry;
use session::installation;

use crate::failure::NeedsElevation;

/// The driver's file, which lies beside this program.
const DLL_NAME: &str = "asio2wasapi.dll";

/// Installs a driver for each profile, which the DLL serves.
pub fn register(dll: Option<&Path>) -> Result<()> {
    let dll = match dll {
        Some(dll) => {
            absolute(dll).with_context(|| format!("{} is no path to a DLL", dll.display()))?
        }
        None => beside_this_program()?,
    };
    if !dll.is_file() {
        bail!(
            "there is no {}; say with --dll where the driver is",
            dll.display()
        );
    }
    let config = super::configuration();
    installation::register(&config, &dll)
        .map_err(|error| explain(error, "register the drivers"))?;
    for profile in config.profiles {
        println!("Registered {}: {}", profile.name, dll.display());
    }
    Ok(())
}

/// Removes them.
pub fn unregister() -> Result<()> {
    let names = installation::unregister().map_err(|error| explain(error, "remove the drivers"))?;
    for name in names {
        println!("Removed {name}");
    }
    Ok(())
}

fn beside_this_program() -> Result<PathBuf> {
    let program = std::env::current_exe().context("cannot find out where this program is")?;
    Ok(program.with_file_name(DLL_NAME))
}

fn explain(error: registry::Error, what: &'static str) -> anyhow::Error {
    match error {
        registry::Error::NeedsElevation { .. } => NeedsElevation { what }.into(),
        error => error.into(),
    }
}
