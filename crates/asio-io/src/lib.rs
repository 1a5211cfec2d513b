//! Where ASIO and the engine meet: an ASIO host as a client of the engine's graph, and an ASIO driver
//! that we host as a device of it.
//!
//! Each period the graph asks its client for blocks; [`HostClient`] gets them from the host by its
//! `bufferSwitch`. [`HostLive`] is what the host may ask meanwhile from any thread.
//! The other way round, [`AsioDevice`] is the hardware behind an installed driver.
#![forbid(unsafe_code)]

mod host_client;
mod host_live;
mod hosted;
mod translate;

pub use host_client::HostClient;
pub use host_live::HostLive;
#[cfg(windows)]
pub use hosted::Installed;
pub use hosted::{AsioDevice, ChannelNames, DriverSource, MakeTicker};
pub use translate::{client_sample, driver_error, sample_type};
