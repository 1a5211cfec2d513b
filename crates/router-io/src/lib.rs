//! The router as a device: a [`Device`](engine::endpoint::Device) and its endpoint over the client's
//! end of `ipc`, so that a driver in a host's process plays to the router as it plays to hardware.
//!
//! - [`RouterDevice`] looks for the router, lets it be started if there is none, and attaches.
//! - Its endpoint runs one cycle for each block that the router asks for. What the router says of
//!   rate, block and latency is the endpoint's; the router's death is a lost device.
//!
//! What this crate never does: anything with the operating system ([`System`] does that), allocate
//! or lock in a cycle.
#![forbid(unsafe_code)]

mod attach;
mod device;
mod endpoint;

pub use device::{RouterDevice, Wants};
pub use ipc::HandOver;

#[cfg(test)]
mod tests;

use engine::idle::Ticker;
use ipc::Link;

/// What people are told of the process at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// What people call it as a device.
    pub device: String,
    /// What begins a sentence of it.
    pub subject: String,
    /// What is to be done where it does not run, and where it does not answer.
    pub advice: [String; 2],
}

impl Default for Peer {
    /// The user's router.
    fn default() -> Self {
        Self {
            device: "Router".to_owned(),
            subject: "The router".to_owned(),
            advice: [
                "start it with `asio2wasapi route`".to_owned(),
                "end its process, asio2wasapi.exe".to_owned(),
            ],
        }
    }
}

/// What the device needs of the system.
pub trait System: Send + Sync + 'static {
    /// How the system joins two processes.
    type Link: Link + 'static;

    /// The place of that number at the router; `None` if there is none.
    fn place(&self, number: usize) -> Option<Self::Link>;

    /// This process, not 0.
    fn process(&self) -> u32;

    /// What people are told of the other end.
    fn peer(&self) -> Peer {
        Peer::default()
    }

    /// Starts a router, without waiting for it.
    ///
    /// # Errors
    /// One sentence that tells why there is none.
    fn launch(&self) -> Result<(), String>;

    /// A clock to wait for; it is that of the router's time stamps. While it runs, its thread has the
    /// priority that sound needs.
    fn ticker(&self) -> Box<dyn Ticker>;
}
