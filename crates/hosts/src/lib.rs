//! What the test programs share. None of them is shipped: they stand in for the programs of the
//! field, so that the driver is judged from outside.
//!
//! - `pa-host` is PortAudio, a real ASIO and WASAPI host, loaded at run time.
//! - `asio-check` is a host of our own that also does what hosts should not do.

pub mod checks;
#[cfg(windows)]
pub mod clock;
pub mod intervals;
pub mod material;
#[cfg(windows)]
pub mod portaudio;
pub mod report;
pub mod sheet;
#[cfg(windows)]
mod system;
