//! The ASIO 2.3 interface, both sides of it, in our own definitions.
//!
//! - [`abi`]: the numbers, structures and the table of methods, as they are in memory.
//! - [`driver`]: a safe trait that a driver implements, and the COM object that offers it to hosts.
//! - [`host`]: lists, loads and drives any driver.
//! - `registry` (Windows): puts drivers into the list of installed ones, and takes them out.
//!
//! Nobody else needs to know an ASIO number or touch an ASIO pointer.
#![allow(unsafe_code)] // A binary interface of raw pointers is what this crate makes safe.

#[macro_use]
pub mod abi;
pub mod driver;
pub mod host;
#[cfg(test)]
mod mock;
#[cfg(windows)]
pub mod registry;
mod text;

pub use abi::Guid;
