//! A simulated sound card: an instrument in which every frame is known.
//!
//! A [`World`] is a machine with cards. Each [card](spec::CardSpec) has a clock that may be off,
//! swing and step, a DAC and an ADC, and says how late programs run after its signals. Streams behave
//! as the system documents for WASAPI: shared through a mixer, shared at a period of one's own,
//! exclusive with events or without, loopback. Cables lead from DACs to ADCs. [`fault`]s strike on a
//! script. A [recorder](recorder::Recorder) is told the truth: each frame that a converter played or
//! delivered, with its number and its time.
//!
//! It is a model and nothing else: [`World::advance`] lets time pass and nothing happens otherwise.
//! It reads no clock, starts no thread, knows no COM. The same seed gives the same bits.
//!
//! [`VirtualTime`] runs a world for programs with threads of their own: [`VirtualDevice`] is an
//! endpoint as the engine wants it.
//!
//! Where the documentation leaves something open, the item that decides it says so.
#![forbid(unsafe_code)]

mod advance;
mod buffers;
pub mod clock;
mod control;
mod converter;
pub mod duration;
mod endpoint;
mod error;
pub mod fault;
mod fifo;
mod math;
mod mixer;
mod open;
pub mod recorder;
pub mod rng;
mod sample;
pub mod spec;
mod stream;
mod strike;
mod virtual_device;
mod virtual_endpoint;
mod virtual_gap;
mod virtual_time;
pub mod wake;
mod wire;
mod world;

pub use buffers::Data;
pub use error::{Result, SimError};
pub use open::{Mode, Support};
pub use stream::{Packet, StreamStats};
pub use virtual_device::{Choice, Use, VirtualDevice, Wish};
pub use virtual_time::{Stuck, VirtualTime};
pub use wire::Cable;
pub use world::{EndpointId, Notice, StreamId, World};
