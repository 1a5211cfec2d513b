//! The memory that host and driver share.

use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::fmt;
use std::ptr::NonNull;
use std::sync::Arc;

use super::{ChannelId, SampleType};

const LINE_BYTES: usize = 64;

/// One cache line of samples.
#[repr(C, align(64))]
struct Line(UnsafeCell<[u8; LINE_BYTES]>);

/// The double buffers of a stream's channels: planar, allocated once and zero at first, or in the
/// memory of a device.
///
/// Each half that is allocated is aligned to 64 bytes and shares its cache lines with nothing else. The host writes
/// through the raw pointers that `createBuffers` gave it; ASIO's rule is that it touches a half only
/// between the `bufferSwitch` for that half and its own `outputReady` or the next switch, and the
/// driver touches it in the rest of the time. A host that breaks the rule spoils its own sound.
pub struct HostBuffers {
    /// For each slot its halves. Each is memory for a block of samples, in `own` or in a device's,
    /// that stays as long as `self`.
    halves: Box<[[*mut u8; 2]]>,
    /// What was allocated, to be freed; raw, as the halves point into it.
    own: Option<NonNull<[Line]>>,
    channels: Box<[ChannelId]>,
    sample_type: SampleType,
    block_frames: u32,
}

// SAFETY: the cells hold plain bytes, any value of which is a valid sample. Who touches a half when
// is settled by ASIO's protocol, described at the type; the rest never changes.
unsafe impl Sync for HostBuffers {}
// SAFETY: nothing in it belongs to a thread: the pointers are to memory that lives as long as it does.
unsafe impl Send for HostBuffers {}

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
        let half_bytes = block_frames as usize * sample_type.bytes();
        let lines_per_half = half_bytes.div_ceil(LINE_BYTES);
        let count = lines_per_half * 2 * channels.len();
        let own: Box<[Line]> = (0..count)
            .map(|_| Line(UnsafeCell::new([0; LINE_BYTES])))
            .collect();
        let own = NonNull::from(Box::leak(own));
        let start = own.as_ptr().cast::<u8>();
        let half = |number: usize| start.wrapping_add(number * lines_per_half * LINE_BYTES);
        let halves = (0..channels.len()).map(|slot| [half(2 * slot), half(2 * slot + 1)]);
        Arc::new(HostBuffers {
            halves: halves.collect(),
            own: Some(own),
            channels: channels.into(),
            sample_type,
            block_frames,
        })
    }

    /// Buffers that are the memory of a device: for each of `channels` its two halves, with whatever
    /// is in them. `None` unless there are as many halves as channels and none is null.
    ///
    /// # Safety
    /// Each half is memory for `block_frames` samples of that type, aligned for one, that may be read
    /// and written until the process ends. Nobody takes a reference to it.
    pub unsafe fn in_place(
        sample_type: SampleType,
        channels: &[ChannelId],
        block_frames: u32,
        halves: Vec<[*mut u8; 2]>,
    ) -> Option<Arc<HostBuffers>> {
        let any_null = halves.as_flattened().iter().any(|half| half.is_null());
        (halves.len() == channels.len() && !any_null).then(|| {
            Arc::new(HostBuffers {
                halves: halves.into(),
                own: None,
                channels: channels.into(),
                sample_type,
                block_frames,
            })
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
    /// `None` outside of these, and for samples of 3 bytes, which only a device reads. Real-time safe.
    /// To be read only while the half is the driver's.
    #[inline]
    pub fn half(&self, slot: usize, half: usize) -> Option<Half<'_>> {
        let start = self.start_of(slot, half)?;
        let frames = self.block_frames as usize;
        // SAFETY: `start` points to `frames` initialised samples of the type, aligned, alive as long as
        // `self`. The protocol described at the type keeps the host from writing meanwhile.
        unsafe {
            match self.sample_type {
                SampleType::Int32Lsb => Some(Half::Int32(std::slice::from_raw_parts(
                    start.cast(),
                    frames,
                ))),
                SampleType::Float32Lsb => Some(Half::Float32(std::slice::from_raw_parts(
                    start.cast(),
                    frames,
                ))),
                SampleType::Int24Lsb => None,
            }
        }
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
        unsafe { std::ptr::copy(from, start, frames * self.sample_type.bytes()) };
        true
    }

    /// Silences everything. Only while no callback runs.
    pub fn clear(&self) {
        let bytes = self.block_frames as usize * self.sample_type.bytes();
        for half in self.halves.as_flattened() {
            // SAFETY: each half has so many bytes, and the caller holds the protocol: nobody uses the
            // buffers meanwhile.
            unsafe { half.write_bytes(0, bytes) };
        }
    }

    /// The address of a half for the host. The host may write to it as long as `self` lives.
    pub(crate) fn pointer(&self, slot: usize, half: usize) -> Option<*mut c_void> {
        self.start_of(slot, half).map(<*mut u8>::cast)
    }

    fn start_of(&self, slot: usize, half: usize) -> Option<*mut u8> {
        self.halves.get(slot)?.get(half).copied()
    }
}

impl Drop for HostBuffers {
    fn drop(&mut self) {
        if let Some(own) = self.own {
            // SAFETY: it was leaked from a box in `new`; nobody uses the halves any more.
            drop(unsafe { Box::from_raw(own.as_ptr()) });
        }
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

    #[test]
    fn the_memory_of_a_device_is_used_as_it_is() {
        let memory: &'static mut [i32; 4] = Box::leak(Box::new([1, 2, 3, 4]));
        let start = memory.as_mut_ptr().cast::<u8>();
        let halves = vec![[start, start.wrapping_add(8)]];
        let kind = SampleType::Int32Lsb;
        // SAFETY: two halves of two samples each, in memory that is never freed.
        let buffers = unsafe { HostBuffers::in_place(kind, &outputs(1), 2, halves) }.unwrap();
        assert_eq!(buffers.half(0, 1), Some(Half::Int32(&[3, 4])));
        assert!(buffers.fill(0, 0, Half::Int32(&[5, 6])));
        assert_eq!(buffers.half(0, 0), Some(Half::Int32(&[5, 6])));
        for halves in [vec![], vec![[start, std::ptr::null_mut()]]] {
            // SAFETY: refused before anything is read or written.
            let refused = unsafe { HostBuffers::in_place(kind, &outputs(1), 2, halves) };
            assert!(refused.is_none());
        }
    }

    #[test]
    fn samples_of_three_bytes_are_the_devices_business() {
        let buffers = HostBuffers::new(SampleType::Int24Lsb, &outputs(1), 100);
        assert_eq!(buffers.half(0, 0), None);
        let apart = |half| buffers.pointer(0, half).unwrap() as usize;
        assert!(apart(1) - apart(0) >= 300);
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
