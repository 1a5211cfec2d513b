//! The ASIO 2.3 interface, both sides of it, in our own definitions.
//!
//! - [`abi`]: the numbers, structures and the table of methods, as they are in memory.
//! - [`driver`]: a safe trait that a driver implements, and the COM object that offers it to hosts.
//!
//! Nobody else needs to know an ASIO number or touch an ASIO pointer.
#![allow(unsafe_code)] // A binary interface of raw pointers is what this crate makes safe.

#[macro_use]
pub mod abi;
pub mod driver;
#[cfg(test)]
mod mock;

pub use abi::Guid;
