//! The driver's side: implement [`Driver`], [`Stream`] and [`Live`]; [`Object`] makes a COM object of
//! it, and [`dll`] has what a DLL exports.
//!
//! What a host sends is checked before a driver sees it, and what a driver panics with ends here. A
//! null pointer is always `ASE_InvalidParameter`, in every argument, but for the window that `init`
//! is given and for the parameter of those `future` selectors that have none. Nothing is written
//! through any pointer when a call fails.
//!
//! # Threads
//! Control calls wait for each other, one object at a time. On the thread that runs `bufferSwitch`
//! they do not wait: a control call that finds the object busy there, or that comes from inside
//! another call on its own thread, is `ASE_InvalidMode`. `outputReady` and `getSamplePosition` take
//! no lock anywhere.
//!
//! # States
#![doc = include_str!("calls.md")]

mod border;
mod buffers;
mod callbacks;
mod checks;
mod core;
pub mod dll;
mod error;
mod identity;
mod model;
mod object;
mod shims;
#[cfg(test)]
mod tests;
mod traits;

pub use buffers::{Half, HostBuffers};
pub use callbacks::{HostCallbacks, SwitchTime};
pub use error::{Error, Result};
pub use model::{
    BlockSizes, ChannelCounts, ChannelId, ChannelInfo, Future, InternalFrames, Latencies,
    SamplePosition, SampleType, StreamRequest, WindowHandle,
};
pub use object::{Object, ObjectRef};
pub use traits::{Driver, Live, Stream};
