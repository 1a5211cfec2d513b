//! Taps: what programs play, as something to record from.

mod filler;
mod programs;
pub use programs::Programs;

#[cfg(windows)]
mod activation;
#[cfg(windows)]
mod loopback;
#[cfg(windows)]
mod ports;
#[cfg(windows)]
mod process;
#[cfg(windows)]
mod processes;
#[cfg(windows)]
mod stream;

#[cfg(windows)]
pub use self::{loopback::LoopbackDevice, process::ProcessDevice};
#[cfg(windows)]
pub(crate) use processes::running;
