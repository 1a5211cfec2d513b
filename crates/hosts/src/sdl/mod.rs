//! SDL 2 on WASAPI, loaded at run time and driven safely: the library that games and media players
//! play through.
#![expect(unsafe_code, reason = "calls a C library")]

use std::ffi::c_int;
use std::path::Path;

use anyhow::{Result, anyhow};

use crate::dll::text;
use library::Library;

mod device;
mod library;
mod raw;

pub use device::{Device, Job, Part, Request};

/// Which way sound goes through a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the device to us.
    Input,
    /// From us to the device.
    Output,
}

/// SDL with its WASAPI part at work. Dropping it ends it. One thread only.
pub struct Sdl {
    library: Library,
}

impl Sdl {
    /// Loads and initialises the library. No other part than WASAPI is tried.
    ///
    /// # Errors
    /// The library cannot be loaded or does not initialise.
    pub fn load(path: &Path) -> Result<Sdl> {
        // From here on its end undoes what was begun.
        let sdl = Sdl {
            library: Library::load(path)?,
        };
        // SAFETY: this and the next call may be made at any time, in this order.
        let code = unsafe {
            (sdl.library.set_main_ready)();
            (sdl.library.init_subsystem)(raw::INIT_EVENTS)
        };
        if code != 0 {
            return Err(sdl.error("SDL does not initialise"));
        }
        // SAFETY: the name ends with a NUL and is static.
        if unsafe { (sdl.library.audio_init)(c"wasapi".as_ptr()) } != 0 {
            return Err(sdl.error("SDL cannot use WASAPI"));
        }
        Ok(sdl)
    }

    /// The library's version.
    pub fn version(&self) -> String {
        let mut version = raw::Version::default();
        // SAFETY: SDL writes the structure given, a local's.
        unsafe { (self.library.version)(&mut version) };
        let raw::Version {
            major,
            minor,
            patch,
        } = version;
        format!("SDL {major}.{minor}.{patch}")
    }

    /// Names of the devices.
    pub fn devices(&self, direction: Direction) -> Vec<String> {
        let is_capture = c_int::from(direction == Direction::Input);
        // SAFETY: sound is initialised. SDL counts the devices anew.
        let count = unsafe { (self.library.device_count)(is_capture) };
        let name = |index| {
            // SAFETY: the index is below the count; SDL returns null or a string that lives until
            // devices are counted again, which only this function does.
            unsafe { text((self.library.device_name)(index, is_capture)) }
        };
        (0..count).map(name).collect()
    }

    /// The device of exactly that name, else the first whose name contains it (case does not matter).
    ///
    /// # Errors
    /// There is none; the sentence names those that there are.
    pub fn find(&self, direction: Direction, name: &str) -> Result<String> {
        let devices = self.devices(direction);
        let lower = name.to_lowercase();
        let exact = devices.iter().find(|device| *device == name);
        let found = exact.or_else(|| {
            devices
                .iter()
                .find(|device| device.to_lowercase().contains(&lower))
        });
        found.cloned().ok_or_else(|| {
            let kind = match direction {
                Direction::Input => "input",
                Direction::Output => "output",
            };
            let names = devices.join(", ");
            anyhow!("SDL has no {kind} device \"{name}\"; there is: {names}")
        })
    }

    /// `what` with SDL's own text.
    fn error(&self, what: &str) -> anyhow::Error {
        // SAFETY: SDL returns a string of this thread's that lives until its next error.
        let why = unsafe { text((self.library.error)()) };
        anyhow!("{what}: {why}")
    }
}

impl Drop for Sdl {
    fn drop(&mut self) {
        // SAFETY: devices borrow `self`, so none is open. Both may be called whatever was begun.
        unsafe {
            (self.library.audio_quit)();
            (self.library.quit)();
        }
    }
}
