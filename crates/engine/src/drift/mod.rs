//! How two clocks differ, and what to do about it.
//!
//! A [`ClockLine`] learns one clock: where it is at an instant and how fast it runs, from positions
//! that are stated at instants which are never quite right. A [`Steer`] holds the distance between
//! two such lines by the ratio at which frames are used, and leaves the ratio at exactly its nominal
//! value while the clocks agree.

mod filter;
mod line;
mod steer;

pub use line::ClockLine;
pub use steer::{Course, Sight, Steer};
