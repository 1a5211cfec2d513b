//! The checks. Each returns a sentence on what it did, or the fault that it found.

pub mod callbacks;
pub mod calls;
pub mod facts;
pub mod held;
pub mod hosts;
pub mod inside;
pub mod latency;
pub mod loopback;
pub mod memory;
pub mod misuse;
pub mod model;
pub mod orders;
pub mod position;
pub mod rates;
pub mod ready;
pub mod references;
pub mod rounds;
pub mod shuffle;
pub mod sizes;
pub mod stream;
pub mod threads;
