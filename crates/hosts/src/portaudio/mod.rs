//! PortAudio, loaded at run time and driven safely.
#![expect(unsafe_code, reason = "calls a C library")]

use std::ffi::c_int;
use std::path::Path;

use anyhow::{Result, anyhow};
use serde::Serialize;

use crate::dll::text;
use library::Library;

mod job;
mod library;
mod raw;
mod stream;

pub use job::{Flags, Job, Stall};
pub use stream::{Request, Side, Stream};

/// The ways to a device that the tests use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostApi {
    /// An ASIO driver.
    Asio,
    /// A WASAPI endpoint, mixed with what others play.
    WasapiShared,
    /// A WASAPI endpoint, alone.
    WasapiExclusive,
}

impl HostApi {
    fn type_id(self) -> c_int {
        match self {
            HostApi::Asio => raw::ASIO,
            HostApi::WasapiShared | HostApi::WasapiExclusive => raw::WASAPI,
        }
    }
}

/// Which way sound goes through a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the device to us.
    Input,
    /// From us to the device.
    Output,
}

/// A host API of the library and its devices.
#[derive(Debug, Serialize)]
pub struct HostApiEntry {
    /// PortAudio's name for it.
    pub name: String,
    /// PortAudio's stable number for it.
    pub type_id: i32,
    /// What it offers.
    pub devices: Vec<DeviceEntry>,
}

/// A device of a host API.
#[derive(Clone, Debug, Serialize)]
pub struct DeviceEntry {
    /// PortAudio's index; good until the library is initialised anew.
    pub index: i32,
    /// Name of the device, of the driver for ASIO.
    pub name: String,
    /// Channels to record from.
    pub input_channels: i32,
    /// Channels to play to.
    pub output_channels: i32,
    /// Rate that nobody has to ask for, in Hz.
    pub default_rate_hz: f64,
    /// Input latency that PortAudio proposes for interactive use, in milliseconds.
    pub low_input_latency_ms: f64,
    /// Output latency that PortAudio proposes for interactive use, in milliseconds.
    pub low_output_latency_ms: f64,
    /// The host API's default for recording.
    pub default_input: bool,
    /// The host API's default for playback.
    pub default_output: bool,
}

impl DeviceEntry {
    fn has(&self, direction: Direction) -> bool {
        let channels = match direction {
            Direction::Input => self.input_channels,
            Direction::Output => self.output_channels,
        };
        channels > 0
    }

    fn is_default(&self, direction: Direction) -> bool {
        match direction {
            Direction::Input => self.default_input,
            Direction::Output => self.default_output,
        }
    }
}

/// An initialised PortAudio. Dropping it ends it. One thread only.
pub struct PortAudio {
    library: Library,
}

impl PortAudio {
    /// Loads and initialises the library. This looks at every driver and device of the system.
    ///
    /// # Errors
    /// The library cannot be loaded or does not initialise.
    pub fn load(path: &Path) -> Result<PortAudio> {
        let library = Library::load(path)?;
        // SAFETY: may be called at any time; `PortAudio` exists only if it succeeded.
        let code = unsafe { (library.initialize)() };
        if code != 0 {
            return Err(library.error("PortAudio does not initialise", code));
        }
        Ok(PortAudio { library })
    }

    /// The library's own version text.
    pub fn version(&self) -> String {
        // SAFETY: PortAudio returns a static string.
        unsafe { text((self.library.version_text)()) }
    }

    /// Every host API with its devices.
    ///
    /// # Errors
    /// PortAudio cannot tell.
    pub fn host_apis(&self) -> Result<Vec<HostApiEntry>> {
        // SAFETY: the library is initialised, here and below.
        let count = unsafe { (self.library.host_api_count)() };
        if count < 0 {
            return Err(self
                .library
                .error("PortAudio cannot list its host APIs", count));
        }
        (0..count).map(|index| self.host_api(index)).collect()
    }

    fn host_api(&self, index: c_int) -> Result<HostApiEntry> {
        // SAFETY: PortAudio returns null or a structure that lives until it is terminated.
        let info = unsafe { (self.library.host_api_info)(index).as_ref() }
            .ok_or_else(|| anyhow!("PortAudio has no host API {index}"))?;
        Ok(HostApiEntry {
            // SAFETY: a string of PortAudio's, alive as long as the structure.
            name: unsafe { text(info.name) },
            type_id: info.type_id,
            devices: self.devices_of(index, info)?,
        })
    }

    fn devices_of(&self, host_api: c_int, owner: &raw::HostApiInfo) -> Result<Vec<DeviceEntry>> {
        // SAFETY: the library is initialised, here and below.
        let count = unsafe { (self.library.device_count)() };
        if count < 0 {
            return Err(self
                .library
                .error("PortAudio cannot list its devices", count));
        }
        let entry = |index: c_int| {
            // SAFETY: PortAudio returns null or a structure that lives until it is terminated.
            let info = unsafe { (self.library.device_info)(index).as_ref() }?;
            (info.host_api == host_api).then(|| DeviceEntry {
                index,
                // SAFETY: a string of PortAudio's, alive as long as the structure.
                name: unsafe { text(info.name) },
                input_channels: info.max_input_channels,
                output_channels: info.max_output_channels,
                default_rate_hz: info.default_sample_rate_hz,
                low_input_latency_ms: info.default_low_input_latency_s * 1000.0,
                low_output_latency_ms: info.default_low_output_latency_s * 1000.0,
                default_input: index == owner.default_input_device,
                default_output: index == owner.default_output_device,
            })
        };
        Ok((0..count).filter_map(entry).collect())
    }

    /// The device to play to or to record from: the one of exactly that name, else the first whose
    /// name contains it (case does not matter), without a name the host API's default.
    ///
    /// # Errors
    /// There is no such host API or device; the sentence names the ones that there are.
    pub fn find(
        &self,
        host_api: HostApi,
        direction: Direction,
        name: Option<&str>,
    ) -> Result<DeviceEntry> {
        // SAFETY: the library is initialised.
        let index = unsafe { (self.library.host_api_index)(host_api.type_id()) };
        if index < 0 {
            return Err(self
                .library
                .error("PortAudio does not have this host API", index));
        }
        let HostApiEntry {
            name: api,
            mut devices,
            ..
        } = self.host_api(index)?;
        devices.retain(|device| device.has(direction));
        let found = match name {
            None => devices.iter().find(|device| device.is_default(direction)),
            Some(name) => {
                let lower = name.to_lowercase();
                devices
                    .iter()
                    .find(|device| device.name == name)
                    .or_else(|| {
                        devices
                            .iter()
                            .find(|device| device.name.to_lowercase().contains(&lower))
                    })
            }
        };
        found.cloned().ok_or_else(|| {
            let names: Vec<_> = devices.iter().map(|device| device.name.as_str()).collect();
            let names = if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            };
            let wish = name.map_or("a default".to_owned(), |name| format!("\"{name}\""));
            let kind = match direction {
                Direction::Input => "input",
                Direction::Output => "output",
            };
            anyhow!("{api} has no {kind} device {wish}; there is: {names}")
        })
    }
}

impl Drop for PortAudio {
    fn drop(&mut self) {
        // SAFETY: pairs with the initialisation; streams borrow `self`, so none is open. An error
        // has nobody left to act on it.
        unsafe { (self.library.terminate)() };
    }
}

impl Library {
    /// `what` with PortAudio's text for the code and, where it has one, the system's.
    fn error(&self, what: &str, code: c_int) -> anyhow::Error {
        // SAFETY: PortAudio returns a static string for every number.
        let mut message = unsafe { text((self.error_text)(code)) };
        if code == raw::UNANTICIPATED_HOST_ERROR {
            // SAFETY: PortAudio returns null or a structure valid until its next error, and all
            // calls come from this thread.
            if let Some(host) = unsafe { (self.last_host_error)().as_ref() } {
                // SAFETY: a string of PortAudio's, alive as long as the structure.
                let detail = unsafe { text(host.text) };
                message = format!("{message}: {detail} (host error {})", host.code);
            }
        }
        anyhow!("{what}: {message} (PortAudio error {code})")
    }
}
