//! `drivers`: the ASIO drivers of this machine.

use anyhow::Result;
use asio::host::{self, InstalledDriver};
use serde::Serialize;

use crate::table::table;

/// A driver as a script gets it.
#[derive(Serialize)]
struct DriverEntry {
    name: String,
    clsid: Option<String>,
    description: String,
    dll: Option<String>,
    for_64_bit: bool,
    for_32_bit: bool,
    problem: Option<String>,
}

/// Lists the installed drivers.
pub fn drivers(json: bool) -> Result<()> {
    let drivers: Vec<DriverEntry> = host::list()?.into_iter().map(DriverEntry::from).collect();
    if json {
        println!("{}", serde_json::to_string(&drivers)?);
    } else if drivers.is_empty() {
        println!("No ASIO driver is installed. `asio2wasapi register` installs this project's.");
    } else {
        let rows: Vec<_> = drivers.iter().map(DriverEntry::row).collect();
        print!("{}", table(["NAME", "FOR", "DLL", "CLSID", ""], &rows));
    }
    Ok(())
}

impl From<InstalledDriver> for DriverEntry {
    fn from(driver: InstalledDriver) -> Self {
        DriverEntry {
            name: driver.name,
            clsid: driver.clsid.map(|clsid| clsid.to_string()),
            description: driver.description,
            dll: driver.dll_path.map(|path| path.display().to_string()),
            for_64_bit: driver.for_64_bit,
            for_32_bit: driver.for_32_bit,
            problem: driver.problem.map(|problem| problem.to_string()),
        }
    }
}

impl DriverEntry {
    fn row(&self) -> [String; 5] {
        let programs = match (self.for_64_bit, self.for_32_bit) {
            (true, true) => "64- and 32-bit",
            (true, false) => "64-bit",
            (false, _) => "32-bit",
        };
        [
            self.name.clone(),
            programs.to_owned(),
            self.dll.clone().unwrap_or_default(),
            self.clsid.clone().unwrap_or_default(),
            self.problem.clone().unwrap_or_default(),
        ]
    }
}
