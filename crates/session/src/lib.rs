//! Builds the graph of a driver instance from a device and an ASIO host, and watches over it.
//!
//! [`DirectDriver`] is the logic of one driver instance: it answers the host's questions from what
//! the device says, and opens a [`DirectStream`] when the host creates its buffers. Each stream has
//! one thread, which opens the device, runs the cycle and closes the device.
//!
//! [`OwnStreams`] makes streams on the same machinery for a [`StreamClient`] that is no ASIO host.
//!
//! This crate knows neither WASAPI nor any other kind of device: what works on one works on all.
#![forbid(unsafe_code)]

mod channel_names;
mod devices;
mod direct_driver;
mod direct_stream;
mod handle;
#[cfg(windows)]
pub mod installation;
mod keeper;
mod latency_gauges;
mod member;
mod members;
mod orders;
mod own_stream;
mod patience;
mod placeholder;
mod preferences;
pub mod product;
mod rates;
mod stream_client;
mod stream_thread;
mod telling;
mod wiring;

pub use devices::JoinedDevice;
pub use direct_driver::DirectDriver;
pub use direct_stream::DirectStream;
pub use own_stream::{Master, OwnStream, OwnStreams};
pub use preferences::{ChannelMap, Preferences};
pub use stream_client::{Ears, News, StreamClient};
pub use wiring::{Wiring, WiringSource};
