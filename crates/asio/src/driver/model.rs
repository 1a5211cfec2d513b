//! The values that pass between the shims and a driver.

use std::ffi::c_void;

use super::HostCallbacks;
use crate::abi;

/// How many channels a driver has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChannelCounts {
    /// Channels from the device to the host.
    pub inputs: u32,
    /// Channels from the host to the device.
    pub outputs: u32,
}

/// The whole way of a frame, the double buffer included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latencies {
    /// Frames from the device's input to the host's callback.
    pub input_frames: u32,
    /// Frames from the host's callback to the device's output.
    pub output_frames: u32,
}

/// The blocks that a host can choose from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockSizes {
    /// The shortest block in frames; at least 1.
    pub min_frames: u32,
    /// The longest block in frames.
    pub max_frames: u32,
    /// The block that the driver likes best, in frames.
    pub preferred_frames: u32,
    /// The step between two sizes in frames; -1 for powers of two, 0 where there is no choice. A
    /// hint for the host's menu: a driver takes every size from `min_frames` to `max_frames`.
    pub granularity: i32,
}

/// Names a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChannelId {
    /// From the device to the host.
    pub is_input: bool,
    /// The number among the inputs or the outputs, from 0.
    pub index: u32,
}

/// What a channel is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelInfo {
    /// How its samples lie in the host's buffers.
    pub sample_type: SampleType,
    /// A name for the user. The host gets 31 bytes of it.
    pub name: String,
    /// It is part of the stream.
    pub is_active: bool,
    /// The group that it belongs to.
    pub group: i32,
}

/// The sample types that our drivers offer. [`abi::SampleType`] has them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SampleType {
    /// 32-bit integer, full scale the whole range.
    Int32Lsb,
    /// 32-bit float, full scale ±1.0.
    Float32Lsb,
    /// 24-bit integer in 3 bytes, full scale the whole range.
    Int24Lsb,
}

impl SampleType {
    /// The number that hosts know it by.
    pub const fn to_abi(self) -> abi::SampleType {
        match self {
            SampleType::Int32Lsb => abi::SampleType::INT32_LSB,
            SampleType::Float32Lsb => abi::SampleType::FLOAT32_LSB,
            SampleType::Int24Lsb => abi::SampleType::INT24_LSB,
        }
    }

    /// Bytes of a sample.
    pub const fn bytes(self) -> usize {
        match self {
            SampleType::Int32Lsb | SampleType::Float32Lsb => 4,
            SampleType::Int24Lsb => 3,
        }
    }
}

/// What `createBuffers` asks for, checked: at least one channel, each of them exists and comes
/// once, and the block is one of [`BlockSizes`].
#[derive(Debug)]
pub struct StreamRequest {
    /// The channels, in the order of the host's list.
    pub channels: Vec<ChannelId>,
    /// The host's block in frames.
    pub block_frames: u32,
    /// The host's callbacks; what they support is known already.
    pub host: HostCallbacks,
}

/// A place in the stream and when it was there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SamplePosition {
    /// Frames since the start.
    pub frames: u64,
    /// The system's time at that frame, in ns.
    pub system_ns: u64,
}

/// The window that a host hands to `init`. May be null or no window at all: hosts differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowHandle(pub *mut c_void);

// SAFETY: the handle is a number that the system checks on every use; nothing here dereferences it.
unsafe impl Send for WindowHandle {}

/// What a host may ask in `future` and a driver can answer with yes. The shims say no to the rest.
#[derive(Debug)]
pub enum Future<'a> {
    /// Does it hand over the time with each block?
    CanTimeInfo,
    /// Does it tell the host of blocks that came too late?
    CanReportOverload,
    /// How many frames are buffered beside the double buffer? To be filled in.
    InternalBufferFrames(&'a mut InternalFrames),
}

/// Frames that a driver buffers beside the double buffer; part of the latencies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InternalFrames {
    /// On the way in.
    pub input_frames: u32,
    /// On the way out.
    pub output_frames: u32,
}
