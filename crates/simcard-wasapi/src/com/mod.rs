//! The COM server: what clients see of the card.

mod border;
mod client;
mod clock;
mod device;
mod enumerator;
mod exports;
mod initialize;
mod manager;
mod notify;
mod properties;
mod session;
mod streams;
