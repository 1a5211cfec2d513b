//! A simulated sound card.
#![forbid(unsafe_code)]

pub mod clock;
mod math;
pub mod rng;
pub mod wake;
