//! The simulated sound card in real time.

pub mod call;
pub mod config;
pub mod ids;
pub mod layout;
pub mod wave;
