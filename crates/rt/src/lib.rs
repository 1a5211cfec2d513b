//! What real-time code needs, and the home of everything built on atomics.
//!
//! - [`section`] marks the stretch from a device's wake-up to the hand-over of the block. In builds
//!   with the feature `guard`, allocations, frees and locks inside it are counted (`guard`).
//! - [`Mutex`] is the only mutex of the project, because the guard can see it.
//! - [`SeqPair`] hands two numbers that belong together from the real-time thread to any other.
//! - [`latest`] hands the latest of any number of numbers from one thread to another, whole.
//! - [`Flag`], [`Counter`] and [`ThreadMark`] are the single numbers that threads share.
//! - [`DenormalsOff`] keeps tiny numbers from slowing the arithmetic down.
//!
//! Nothing here blocks, allocates or calls the system in a section.

mod cells;
mod denormals;
#[cfg(feature = "guard")]
pub mod guard;
mod latest;
mod mutex;
mod section;
mod seq_pair;

pub use cells::{Counter, Flag, Gauge, ThreadMark};
pub use denormals::DenormalsOff;
pub use latest::{LatestReader, LatestWriter, latest};
pub use mutex::{Mutex, MutexGuard};
pub use section::section;
pub use seq_pair::SeqPair;
