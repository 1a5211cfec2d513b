//! The portable heart of asio2wasapi: sample formats and their conversion, the graph that joins a
//! client to an endpoint, and latency as a sum of named parts.
//!
//! What this crate never does: I/O, reading a clock, starting a thread, allocating once a graph is
//! built, `unsafe`. Time and everything else that varies is an argument, so the same inputs give
//! the same bits.
//!
//! Words used everywhere: a *sample* is one channel's value, a *frame* is one sample of every
//! channel at one instant, a *block* is what a client processes at a time, a *period* is what an
//! endpoint takes or hands over at a time.
#![forbid(unsafe_code)]

pub mod bridge;
pub mod client;
pub mod convert;
mod curve;
pub mod drift;
pub mod endpoint;
pub mod fill;
pub mod format;
pub mod graph;
pub mod idle;
pub mod latency;
pub mod mix;
pub mod resample;
