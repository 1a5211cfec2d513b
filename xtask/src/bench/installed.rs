//! The ASIO drivers on the simulated card's machine.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::captured;
use crate::rig::Rig;
use crate::rig::card::Service;
use crate::rig::places::{self, Backend};

/// Some drivers take their time to be loaded.
const LIMIT: Duration = Duration::from_secs(60);

/// A driver as an ASIO host sees it.
#[derive(Clone, Debug, Deserialize)]
pub struct Driver {
    /// The name that hosts list.
    pub name: String,
    /// Channels that it records.
    pub input_channels: u32,
    /// Channels that it plays.
    pub output_channels: u32,
}

#[derive(Deserialize)]
struct HostApi {
    name: String,
    devices: Vec<Driver>,
}

impl Driver {
    /// Whether it has inputs.
    pub fn records(&self) -> bool {
        self.input_channels > 0
    }
}

/// Loads each driver and asks it for its channels. The card is there meanwhile.
///
/// # Errors
/// The host program fails.
pub fn list(rig: &mut Rig<'_>, card: &Path) -> Result<Vec<Driver>> {
    let service = Service::start(rig, card)?;
    let paths = rig.paths;
    let said = rig.wine(Backend::Card).and_then(|wine| {
        let mut list = wine.command(places::programs(paths).join("pa-host.exe"));
        let library = places::windows_path(&places::portaudio(paths));
        list.args(["--library", &library, "list", "--json"]);
        captured::succeed(&mut list, &places::logs(paths).join("bench-list"), LIMIT)
    });
    // A failed run's card must end, too.
    let ended = service.finish(rig, card);
    let said = said?;
    ended?;
    drivers(&said.stdout)
}

fn drivers(text: &str) -> Result<Vec<Driver>> {
    let host_apis: Vec<HostApi> =
        serde_json::from_str(text).context("the list of ASIO drivers is unclear")?;
    let asio = host_apis.into_iter().find(|api| api.name == "ASIO");
    let devices = asio.map(|api| api.devices).unwrap_or_default();
    Ok(devices
        .into_iter()
        .filter(|device| device.output_channels > 0)
        .collect())
}

/// Whether the DLLs are there.
///
/// # Errors
/// One is not.
pub fn find(dlls: &[PathBuf]) -> Result<()> {
    for dll in dlls {
        ensure!(dll.is_file(), "there is no file {}", dll.display());
    }
    Ok(())
}

/// Registers drivers of somebody else.
///
/// # Errors
/// A registration fails.
pub fn register(rig: &mut Rig<'_>, dlls: &[PathBuf]) -> Result<()> {
    for dll in dlls {
        let full = std::path::absolute(dll).context("the working directory is gone")?;
        let done = rig.wine(Backend::Card)?.register(&full, true);
        done.with_context(|| format!("{} cannot be registered", full.display()))?;
    }
    Ok(())
}

/// Undoes that, also after Ctrl-C; hence not through `captured`. What was never registered is left
/// alone by its DLL.
///
/// # Errors
/// Wine or its program does not start.
pub fn unregister(rig: &mut Rig<'_>, dlls: &[PathBuf]) -> Result<()> {
    for dll in dlls {
        let full = std::path::absolute(dll).context("the working directory is gone")?;
        let mut command = rig.wine(Backend::Card)?.command("regsvr32");
        command.args(["/s", "/u", &places::windows_path(&full)]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.status().context("regsvr32 cannot be started")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dll_that_is_not_there_is_named() {
        assert!(find(&[]).is_ok());
        let error = find(&["no-such.dll".into()]).unwrap_err();
        assert_eq!(error.to_string(), "there is no file no-such.dll");
    }

    #[test]
    fn only_asio_drivers_that_play_count() {
        let text = r#"[{"name":"MME","devices":[{"name":"OUT","input_channels":0,"output_channels":2}]},
            {"name":"ASIO","devices":[{"name":"A","input_channels":2,"output_channels":2},
            {"name":"B","input_channels":2,"output_channels":0}]}]"#;
        let found = drivers(text).unwrap();
        assert_eq!(found.len(), 1);
        assert!(found[0].name == "A" && found[0].records());
        assert!(drivers("[]").unwrap().is_empty());
        assert!(drivers("no").is_err());
    }
}
