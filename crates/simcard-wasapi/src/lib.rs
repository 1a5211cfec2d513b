//! The simulated sound card in real time.

#[cfg(windows)]
pub mod abi;
pub mod call;
#[cfg(windows)]
pub mod client;
pub mod codes;
#[cfg(windows)]
mod com;
pub mod config;
pub mod ids;
pub mod layout;
pub mod service;
pub mod side;
#[cfg(windows)]
pub mod system;
pub mod wave;
