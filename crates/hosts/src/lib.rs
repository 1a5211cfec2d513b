//! What the test programs share. None of them is shipped: they stand in for the programs of the
//! field, so that the driver is judged from outside.
//!
//! - `pa-host` is PortAudio, a real ASIO and WASAPI host, loaded at run time.
//! - `sdl-host` is SDL, a library of games and media players, on WASAPI.
//! - `asio-check` is a host of our own that also does what hosts should not do.
//! - `event-witness` tells when the system itself is slow.

#[cfg(windows)]
pub mod ball;
pub mod checks;
pub mod clock;
#[cfg(windows)]
mod dll;
pub mod intervals;
pub mod material;
#[cfg(windows)]
pub mod portaudio;
pub mod recording;
pub mod report;
#[cfg(windows)]
pub mod sdl;
pub mod sheet;
#[cfg(windows)]
mod system;
