//! The drivers that are installed on this machine.

#[cfg(not(windows))]
pub use elsewhere::{load, nowhere};
#[cfg(windows)]
pub use windows::{find, list, load};

#[cfg(windows)]
mod windows {
    use std::path::PathBuf;

    use anyhow::{Context, Result, anyhow};
    use asio::Guid;
    use asio::host::{self, Driver};
    use serde_json::{Value, json};

    use crate::checks::Options;
    use crate::sheet::Sheet;

    /// Writes down what is installed.
    pub fn list(sheet: &Sheet) -> Result<()> {
        sheet.step("listing the drivers");
        let drivers: Vec<Value> = host::list()?
            .iter()
            .map(|driver| {
                json!({
                    "name": driver.name,
                    "clsid": driver.clsid.map(|clsid| clsid.to_string()),
                    "description": driver.description,
                    "dll": driver.dll_path,
                    "for_64_bit": driver.for_64_bit,
                    "for_32_bit": driver.for_32_bit,
                    "problem": driver.problem.as_ref().map(ToString::to_string),
                })
            })
            .collect();
        sheet.note("drivers", drivers);
        Ok(())
    }

    /// The class and the DLL of the installed driver of that name.
    pub fn find(name: &str) -> Result<(Guid, Option<PathBuf>)> {
        let drivers = host::list()?;
        let found = drivers
            .iter()
            .find(|driver| driver.name.eq_ignore_ascii_case(name));
        let found = found.ok_or_else(|| {
            let names: Vec<_> = drivers.iter().map(|driver| driver.name.as_str()).collect();
            anyhow!(
                "no ASIO driver \"{name}\" is installed; there is: {}",
                names.join(", ")
            )
        })?;
        let clsid = found
            .clsid
            .with_context(|| format!("{name} has no usable class id"))?;
        Ok((clsid, found.dll_path.clone()))
    }

    /// Loads the driver, without `init`.
    pub fn load(options: &Options) -> Result<Driver> {
        let (clsid, _) = find(&options.driver)?;
        Ok(Driver::load(clsid)?)
    }
}

#[cfg(not(windows))]
mod elsewhere {
    use anyhow::{Result, bail};
    use asio::host::Driver;

    use crate::checks::Options;

    /// There is nothing to load.
    pub fn load(_options: &Options) -> Result<Driver> {
        nowhere()
    }

    /// Says so.
    pub fn nowhere<T>() -> Result<T> {
        bail!("ASIO drivers are installed on Windows or under Wine only")
    }
}
