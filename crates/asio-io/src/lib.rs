//! Where ASIO and the engine meet: an ASIO host as a client of the engine's graph.
//!
//! Each period the graph asks its client for blocks; [`HostClient`] gets them from the host by its
//! `bufferSwitch`. [`HostLive`] is what the host may ask meanwhile from any thread.
#![forbid(unsafe_code)]

mod host_client;
mod host_live;
mod translate;

pub use host_client::HostClient;
pub use host_live::HostLive;
pub use translate::{client_sample, driver_error, sample_type};
