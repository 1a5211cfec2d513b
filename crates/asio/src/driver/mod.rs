//! The driver's side: implement [`Driver`], [`Stream`] and [`Live`].

mod buffers;
mod callbacks;
mod error;
mod model;
mod text;
mod traits;

pub use buffers::{Half, HostBuffers};
pub use callbacks::{HostCallbacks, SwitchTime};
pub use error::{Error, Result};
pub use model::{
    BlockSizes, ChannelCounts, ChannelId, ChannelInfo, Future, InternalFrames, Latencies,
    SamplePosition, SampleType, StreamRequest, WindowHandle,
};
pub use traits::{Driver, Live, Stream};
