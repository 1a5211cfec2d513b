//! The shared memory between the router and a driver in a host's process: one layout, both ends.
//!
//! Each client has memory of its own, so that nobody reaches another's sound by accident.
//!
//! **Coming.** The router keeps a [`Door`] for each place where a client can attach. A client claims
//! a free one, writes what it wants and asks ([`knock`]); the router validates that and answers. Then
//! the router has a [`RouterEnd`] and the client a [`ClientEnd`].
//!
//! **Blocks.** [`RouterEnd::ask`] writes what the client hears into one half of its memory, the
//! block's number and time into the header, and wakes it. [`ClientEnd::take`] reads that,
//! [`ClientEnd::give`] writes what the client plays into the same half, says that the block is done
//! and wakes the router, which takes it over with [`RouterEnd::collect`]. Who collects in the cycle
//! in which it asked runs the client *synchronously* and adds no frame; who collects in the next
//! cycle runs it *pipelined*, which adds a block and is deaf to how long the client takes. A client
//! that is not done gets no other block until it is: it is silent, and counted.
//!
//! **Claims.** What the other side wrote is a claim until it is validated: numbers are bounded,
//! numbers of blocks may jump, samples that are no finite numbers or far beyond full scale are
//! silent, and everything is read once and then used from one's own memory. Whatever bytes are in
//! the memory, they cost that client its sound and nothing else. The claim `ipc-fuzz` measures that.
//!
//! The memory and the two events are a [`Link`]: [`heap_links`] makes them inside one process,
//! `windows` makes those that processes share.
#![deny(unsafe_code)]

mod block;
mod client_end;
mod door;
mod heap;
mod layout;
mod limits;
mod link;
mod router_end;
mod wish;

#[cfg(windows)]
pub mod windows;

pub use block::{LOUDEST, Planes};
pub use client_end::{Answered, Asked, ClientEnd, Knocking, Standing, knock, offered};
pub use door::{Door, Knock, Terms};
pub use heap::{HeapLink, HeapMemory, heap_links};
pub use layout::{ClientPart, HEADER_BYTES, Header, MAGIC, MEMORY_BYTES, RouterPart, VERSION};
pub use limits::{
    BLOCK_FRAMES_MAX, CHANNELS_MAX, CLIENTS_MAX, NAME_BYTES_MAX, RATE_HZ_MAX, RATE_HZ_MIN,
};
pub use link::{Interrupter, Link};
pub use router_end::{Collected, Counts, RouterEnd};
pub use wish::{HandOver, Refusal, Wish};
