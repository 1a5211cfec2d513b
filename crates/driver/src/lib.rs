//! `asio2wasapi.dll`: what an ASIO host loads.
//!
//! It holds the exports that COM and `regsvr32` call and the table of its drivers. Everything else is
//! elsewhere, where it can be tested without a DLL.
#![cfg(windows)]

mod classes;
mod exports;
#[cfg(feature = "guard")]
mod guard_exports;
mod router;
mod wiring;
