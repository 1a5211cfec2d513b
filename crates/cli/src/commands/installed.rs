//! The ASIO drivers that are installed.

use anyhow::{Context, Result, anyhow, bail};
use asio::host::{self, Driver, InstalledDriver};
use config::nearest;

/// Finds a driver by its name, case not counted.
///
/// # Errors
/// There is none of that name; the sentence suggests another.
pub fn find(name: &str) -> Result<InstalledDriver> {
    let drivers = host::list()?;
    if let Some(found) = drivers
        .iter()
        .find(|driver| driver.name.eq_ignore_ascii_case(name))
    {
        return Ok(found.clone());
    }
    let names: Vec<&str> = drivers.iter().map(|driver| driver.name.as_str()).collect();
    if names.is_empty() {
        bail!("no ASIO driver is installed; `asio2wasapi register` installs this project's");
    }
    let installed = names.join(", ");
    Err(match nearest(name, names) {
        Some(suggestion) => anyhow!(
            "there is no ASIO driver \"{name}\"; did you mean \"{suggestion}\"? \
             Installed: {installed}"
        ),
        None => anyhow!("there is no ASIO driver \"{name}\"; installed: {installed}"),
    })
}

/// Loads a driver by its name and makes it ready.
///
/// # Errors
/// It is not installed, cannot be loaded here or does not want to.
pub fn open(name: &str) -> Result<Driver> {
    let installed = find(name)?;
    if let Some(problem) = &installed.problem {
        bail!("{} cannot be loaded: {problem}", installed.name);
    }
    let clsid = installed
        .clsid
        .with_context(|| format!("{} has no class", installed.name))?;
    let mut driver = Driver::load(clsid)?;
    driver.init()?;
    Ok(driver)
}
