//! The router's core: what happens in one cycle between devices, clients and the mix.
//!
//! The core is a [`Client`](engine::client::Client) of an [`engine::graph::Graph`]: the graph's
//! endpoint is the master, whose wake-ups drive everything, and every other device is joined to
//! the graph by a bridge of its own. So the core knows no device, no clock and no format: it gets
//! the channels of everything that records, and gives those of everything that plays.
//!
//! In each cycle it
//! 1. takes what pipelined clients have made,
//! 2. mixes what the clients hear, and asks them for their blocks,
//! 3. takes what synchronous clients make, and pipelined ones that were late, waiting no longer than until
//!    one deadline for all,
//! 4. mixes what the devices play.
//!
//! What a client hears of a device or of a pipelined client is of this cycle, what it hears of a
//! synchronous client is of the cycle before. Who hears a pipelined client that is late hears silence.
//!
//! A client whose block is not there in time is silent, and counted; nobody else notices. Clients
//! may have blocks of any length: what is longer or shorter than a cycle is put together ([`Seat`]).
//!
//! What this crate never does: anything with the operating system; allocating, locking or blocking
//! in a cycle, but for the wait for synchronous clients, which is the link's.
#![forbid(unsafe_code)]

mod choice;
mod core;
mod queue;
mod seat;

pub use crate::core::{Attached, Core, CoreControl, CoreSpec, core};
pub use choice::{Choice, Running};
pub use seat::{Seat, SeatStatus, SeatView};
