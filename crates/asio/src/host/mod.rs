//! The host's side: list the installed drivers, load one, drive it safely.
//!
//! [`Driver`] is an open driver. Its callbacks reach a [`Handler`] on the driver's own thread; what
//! the driver wants to tell at other times reaches the handler's [`Events`]. ASIO's callbacks carry
//! no context, so each stream takes one of [`MAX_STREAMS`] sets of functions, made at compile time.

mod bare;
mod block_io;
#[cfg(windows)]
mod com;
mod context;
mod driver;
mod error;
mod fence;
mod handler;
mod inside;
#[cfg(windows)]
mod list;
pub mod misuse;
mod model;
mod offer;
mod references;
mod slots;
mod stream;
#[cfg(test)]
mod tests;
mod windows;

pub use bare::{Bare, Call, Made};
pub use block_io::BlockIo;
pub use driver::Driver;
pub use error::{Error, Result};
pub use handler::{Events, Handler, answer};
#[cfg(windows)]
pub use list::{InstalledDriver, Problem, list};
pub use model::{ChannelInfo, ClockSource};
pub use offer::Offer;
pub use slots::MAX_STREAMS;
pub use windows::tend_windows;
