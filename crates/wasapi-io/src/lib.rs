//! Endpoints on WASAPI, Windows' interface to sound devices: list them, find out what they take,
//! open them for playing and recording in shared, low-latency or exclusive mode.
//!
//! - [`WasapiDevice`] is a device with a mode, an [`engine::endpoint::Device`].
//! - [`LoopbackDevice`] records what an endpoint plays, [`ProcessDevice`] what some programs play.
//! - [`list`] tells what endpoints there are, for people and scripts.
//! - [`now_ns`] is the clock that the streams' wake-ups are stamped with.
//! - [`hresult_name`] gives the system's error codes their names.
//!
//! What this crate never does: initialise COM on a thread that asks about a device (such questions
//! are answered on a thread of its own), open a device before it is told to, convert samples,
//! allocate or lock between a device's wake-up and the hand-over of its frames.
//!
//! The crate is complete on Windows only. Elsewhere it holds just the parts that are arithmetic,
//! so that they are tested on every system.

// Elsewhere than on Windows nothing but the tests uses the arithmetic, and the rest is not there to
// be linked to.
#![cfg_attr(not(windows), allow(dead_code, rustdoc::broken_intra_doc_links))]

mod candidates;
mod choice;
mod duration;
mod engine_period;
mod fault;
mod hardware;
mod hresult;
mod known;
mod lateness;
mod meter;
mod mode;
mod negotiate;
mod notes;
mod pairing;
mod plan;
mod slowdown;
mod taps;
mod wave;

pub use choice::Wish;
pub use hresult::hresult_name;
pub use mode::{FORMATS_VARIABLE, Mode, Options};
pub use taps::Programs;

#[cfg(windows)]
pub use self::{
    clock::now_ns,
    device::WasapiDevice,
    endpoint::Selection,
    gap::SystemTicker,
    list::{Direction, EndpointFormats, EndpointInfo, EndpointState, Period, list},
    priority::check_priority,
    session_name::name_sessions,
    taps::{LoopbackDevice, ProcessDevice},
};

#[cfg(windows)]
mod asked;
#[cfg(windows)]
mod changes;
#[cfg(windows)]
mod client;
#[cfg(windows)]
mod clock;
#[cfg(windows)]
mod com;
#[cfg(windows)]
mod device;
#[cfg(windows)]
mod endpoint;
#[cfg(windows)]
mod gap;
#[cfg(windows)]
mod input;
#[cfg(windows)]
mod list;
#[cfg(windows)]
mod open;
#[cfg(windows)]
mod open_shared;
#[cfg(windows)]
mod output;
#[cfg(windows)]
mod parts;
#[cfg(windows)]
mod position;
#[cfg(windows)]
mod priority;
#[cfg(windows)]
mod probe;
#[cfg(windows)]
mod profile;
#[cfg(windows)]
mod reader;
#[cfg(windows)]
mod remembered;
#[cfg(windows)]
mod session_name;
#[cfg(windows)]
mod stream;
#[cfg(windows)]
mod sync;
#[cfg(windows)]
mod users;
#[cfg(windows)]
mod worker;
#[cfg(windows)]
mod writer;

#[cfg(windows)]
#[rustfmt::skip]
#[allow(
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    non_upper_case_globals,
    unsafe_code,
    unused_qualifications,
    clippy::all,
    clippy::missing_safety_doc,
    clippy::undocumented_unsafe_blocks,
    elided_lifetimes_in_paths
)]
mod bindings;
