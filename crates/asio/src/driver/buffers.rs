//! The memory that host and driver share.

use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::fmt;
use std::sync::Arc;

use super::{ChannelId, SampleType};

const LINE_BYTES: usize = 64;
const SAMPLE_BYTES: usize = 4;

/// One cache line of samples.
#[repr(C, align(64))]
struct Line(UnsafeCell<[u8; LINE_BYTES]>);

/// The double buffers of a stream's channels: planar, allocated once, zero at first.
///
/// Each half is aligned to 64 bytes and shares its cache lines with nothing else. The host writes
/// through the raw pointers that `createBuffers` gave it; ASIO's rule is that it touches a half only
/// between the `bufferSwitch` for that half and its own `outputReady` or the next switch, and the
/// driver touches it in the rest of the time. A host that breaks the rule spoils its own sound.
pub struct HostBuffers {
    lines: Box<[Line]>,
    lines_per_half: usize,
    channels: Box<[ChannelId]>,
    sample_type: SampleType,
    block_frames: u32,
}

// SAFETY: the cells hold plain bytes, any value of which is a valid sample. Who touches a half when
// is settled by ASIO's protocol, described at the type; the rest never changes.
unsafe impl Sync for HostBuffers {}

/// One channel's half of the double buffer, as samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Half<'a> {
    /// 32-bit integers, full scale the whole range.
    Int32(&'a [i32]),
    /// Floats, full scale ±1.0.
    Float32(&'a [f32]),
}

impl HostBuffers {
    /// Silent buffers of two halves of `block_frames` for each of `channels`. Allocates: not for
    /// the real-time path.
    pub fn new(
        sample_type: SampleType,
        channels: &[ChannelId],
        block_frames: u32,
    ) -> Arc<HostBuffers> {
        let lines_per_half = (block_frames as usize * SAMPLE_BYTES).div_ceil(LINE_BYTES);
        let count = lines_per_half * 2 * channels.len();
        let lines = (0..count)
            .map(|_| Line(UnsafeCell::new([0; LINE_BYTES])))
            .collect();
        Arc::new(HostBuffers {
            lines,
            lines_per_half,
            channels: channels.into(),
            sample_type,
            block_frames,
        })
    }

    /// Frames in a half.
    pub fn block_frames(&self) -> u32 {
        self.block_frames
    }

    /// How the samples lie in every channel.
    pub fn sample_type(&self) -> SampleType {
        self.sample_type
    }

    /// The channels, in the order of the host's list.
    pub fn channels(&self) -> &[ChannelId] {
        &self.channels
    }

    /// A half as samples: `slot` is the position in [`channels`](Self::channels), `half` is 0 or 1.
    /// `None` outside of these. Real-time safe. To be read only while the half is the driver's.
    #[inline]
    pub fn half(&self, slot: usize, half: usize) -> Option<Half<'_>> {
        let start = self.start_of(slot, half)?;
        let frames = self.block_frames as usize;
        // SAFETY: `start` points to `lines_per_half` lines of initialised memory, at least `frames`
        // samples of 4 bytes, aligned to 64, alive as long as `self`. The protocol described at the
        // type keeps the host from writing meanwhile.
        Some(unsafe {
            match self.sample_type {
                SampleType::Int32Lsb => {
                    Half::Int32(std::slice::from_raw_parts(start.cast(), frames))
                }
                SampleType::Float32Lsb => {
                    Half::Float32(std::slice::from_raw_parts(start.cast(), frames))
                }
            }
        })
    }

    /// Fills a half, for inputs: `slot` and `half` as in [`half`](Self::half). `false`, and nothing
    /// is done, unless `samples` are of this type and as many as the block has frames. Real-time
    /// safe. Only while the half is the driver's.
    pub fn fill(&self, slot: usize, half: usize, samples: Half<'_>) -> bool {
        let (from, frames) = match (self.sample_type, samples) {
            (SampleType::Int32Lsb, Half::Int32(samples)) => {
                (samples.as_ptr().cast::<u8>(), samples.len())
            }
            (SampleType::Float32Lsb, Half::Float32(samples)) => {
                (samples.as_ptr().cast::<u8>(), samples.len())
            }
            _ => return false,
        };
        let Some(start) = self.start_of(slot, half) else {
            return false;
        };
        if frames != self.block_frames as usize {
            return false;
        }
        // SAFETY: both are as long as a block of samples of 4 bytes. `from` may be another half of
        // this very stream, or the same. The protocol described at the type keeps the host away.
        unsafe { std::ptr::copy(from, start, frames * SAMPLE_BYTES) };
        true
    }

    /// Silences everything. Only while no callback runs.
    pub fn clear(&self) {
        for line in &self.lines {
            // SAFETY: the caller holds the protocol: nobody uses the buffers meanwhile.
            unsafe { *line.0.get() = [0; LINE_BYTES] };
        }
    }

    /// The address of a half for the host. The host may write to it as long as `self` lives.
    pub(crate) fn pointer(&self, slot: usize, half: usize) -> Option<*mut c_void> {
        self.start_of(slot, half).map(<*mut u8>::cast)
    }

    fn start_of(&self, slot: usize, half: usize) -> Option<*mut u8> {
        if slot >= self.channels.len() || half > 1 {
            return None;
        }
        let first = (slot * 2 + half) * self.lines_per_half;
        let half_lines = self.lines.get(first..first + self.lines_per_half)?;
        // Through the slice's pointer, so that it is valid for the whole half.
        Some(UnsafeCell::raw_get(
            half_lines.as_ptr().cast::<UnsafeCell<u8>>(),
        ))
    }
}

impl fmt::Debug for HostBuffers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostBuffers")
            .field("sample_type", &self.sample_type)
            .field("channels", &self.channels)
            .field("block_frames", &self.block_frames)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn outputs(count: u32) -> Vec<ChannelId> {
        (0..count)
            .map(|index| ChannelId {
                is_input: false,
                index,
            })
            .collect()
    }

    #[test]
    fn what_is_outside_does_not_exist() {
        let buffers = HostBuffers::new(SampleType::Int32Lsb, &outputs(2), 16);
        assert!(buffers.half(1, 1).is_some());
        for (slot, half) in [(2, 0), (0, 2), (usize::MAX, 0), (0, usize::MAX)] {
            assert!(buffers.half(slot, half).is_none());
            assert!(buffers.pointer(slot, half).is_none());
        }
    }

    #[test]
    fn a_half_is_filled_by_a_block_of_its_own_kind_only() {
        let buffers = HostBuffers::new(SampleType::Float32Lsb, &outputs(2), 3);
        let block = [0.5, -0.5, 1.0];
        assert!(buffers.fill(1, 0, Half::Float32(&block)));
        assert_eq!(buffers.half(1, 0), Some(Half::Float32(&block)));
        assert_eq!(buffers.half(0, 0), Some(Half::Float32(&[0.0; 3])));
        assert!(!buffers.fill(1, 0, Half::Float32(&block[..2])));
        assert!(!buffers.fill(1, 0, Half::Int32(&[1, 2, 3])));
        assert!(!buffers.fill(2, 0, Half::Float32(&block)));
        assert_eq!(buffers.half(1, 0), Some(Half::Float32(&block)));
    }

    proptest! {
        #[test]
        fn halves_are_apart_aligned_and_hold_what_the_host_writes(
            channels in 1u32..5,
            block_frames in 1u32..200,
        ) {
            let buffers = HostBuffers::new(SampleType::Int32Lsb, &outputs(channels), block_frames);
            let slots = (0..channels as usize).flat_map(|slot| [(slot, 0), (slot, 1)]);
            for (number, (slot, half)) in slots.clone().enumerate() {
                let start = buffers.pointer(slot, half).unwrap();
                prop_assert_eq!(start as usize % 64, 0);
                for frame in 0..block_frames as usize {
                    // SAFETY: the half holds `block_frames` samples of 4 bytes.
                    unsafe { *start.cast::<i32>().add(frame) = number as i32 };
                }
            }
            for (number, (slot, half)) in slots.clone().enumerate() {
                let expected = vec![number as i32; block_frames as usize];
                prop_assert_eq!(buffers.half(slot, half), Some(Half::Int32(&expected)));
            }
            buffers.clear();
            for (slot, half) in slots {
                let silence = vec![0; block_frames as usize];
                prop_assert_eq!(buffers.half(slot, half), Some(Half::Int32(&silence)));
            }
        }
    }
}
