//! One block, as the callback sees it.

use crate::abi::SampleType;
use crate::driver::{ChannelId, SwitchTime};

/// A channel's double buffer in the driver's memory.
#[derive(Debug)]
pub(super) struct IoChannel {
    pub(super) id: ChannelId,
    pub(super) sample_type: SampleType,
    /// Neither is null.
    pub(super) halves: [*mut u8; 2],
    /// What the driver promises to be there in each half.
    pub(super) bytes: usize,
}

// SAFETY: the pointers are used on the thread of the callback only, between `createBuffers` and
// `disposeBuffers`, for which the driver promises the memory.
unsafe impl Send for IoChannel {}
// SAFETY: as for `Send`; sharing gives nobody else access to the memory.
unsafe impl Sync for IoChannel {}

/// The block that is due: its half of each channel's double buffer, and its time.
///
/// A `slot` is a channel's position in the list that the buffers were created with.
#[derive(Debug)]
pub struct BlockIo<'a> {
    channels: &'a [IoChannel],
    half: usize,
    block_frames: u32,
    time: Option<SwitchTime>,
    tells_ready: bool,
}

impl<'a> BlockIo<'a> {
    /// # Safety
    /// During `'a` each channel's half `half` is memory of the driver that nobody else uses.
    pub(super) unsafe fn new(
        channels: &'a [IoChannel],
        half: usize,
        block_frames: u32,
        time: Option<SwitchTime>,
    ) -> BlockIo<'a> {
        BlockIo {
            channels,
            half,
            block_frames,
            time,
            tells_ready: true,
        }
    }

    /// Which half it is: 0 or 1.
    pub fn half(&self) -> usize {
        self.half
    }

    /// Frames in the block.
    pub fn block_frames(&self) -> u32 {
        self.block_frames
    }

    /// The block's first frame and its time, if the driver tells.
    pub fn time(&self) -> Option<SwitchTime> {
        self.time
    }

    /// How many channels there are.
    pub fn channel_count(&self) -> usize {
        self.channels.len()
    }

    /// The channel at `slot`.
    pub fn channel(&self, slot: usize) -> Option<ChannelId> {
        self.channels.get(slot).map(|channel| channel.id)
    }

    /// How the samples at `slot` lie in memory.
    pub fn sample_type(&self, slot: usize) -> Option<SampleType> {
        self.channels.get(slot).map(|channel| channel.sample_type)
    }

    /// The input at `slot`, of any sample type; `None` if there is no input.
    pub fn input_bytes(&self, slot: usize) -> Option<&[u8]> {
        let channel = self
            .channels
            .get(slot)
            .filter(|channel| channel.id.is_input)?;
        // SAFETY: by the promise at `new`, for as long as `self` is borrowed.
        Some(unsafe { std::slice::from_raw_parts(channel.halves[self.half], channel.bytes) })
    }

    /// The output at `slot`, of any sample type; `None` if there is no output.
    pub fn output_bytes(&mut self, slot: usize) -> Option<&mut [u8]> {
        let channel = self
            .channels
            .get(slot)
            .filter(|channel| !channel.id.is_input)?;
        // SAFETY: by the promise at `new`; borrowing `self` mutably keeps it the only one.
        Some(unsafe { std::slice::from_raw_parts_mut(channel.halves[self.half], channel.bytes) })
    }

    /// The output at `slot`, if it takes 32-bit integers.
    pub fn output_i32(&mut self, slot: usize) -> Option<&mut [i32]> {
        self.sample_type(slot)
            .filter(|kind| *kind == SampleType::INT32_LSB)?;
        // SAFETY: any bytes are an `i32`.
        let (before, samples, _) = unsafe { self.output_bytes(slot)?.align_to_mut() };
        before.is_empty().then_some(samples)
    }

    /// The output at `slot`, if it takes 32-bit floats.
    pub fn output_f32(&mut self, slot: usize) -> Option<&mut [f32]> {
        self.sample_type(slot)
            .filter(|kind| *kind == SampleType::FLOAT32_LSB)?;
        // SAFETY: any bytes are an `f32`.
        let (before, samples, _) = unsafe { self.output_bytes(slot)?.align_to_mut() };
        before.is_empty().then_some(samples)
    }

    /// Does not tell the driver at the end of this callback that the outputs are filled. For
    /// programs that fill them later, and for tests of drivers.
    pub fn withhold_output_ready(&mut self) {
        self.tells_ready = false;
    }

    pub(super) fn tells_ready(&self) -> bool {
        self.tells_ready
    }
}
