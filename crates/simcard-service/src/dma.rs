//! Where a piece of hardware plays from and records to: two halves for each channel, in the memory
//! that it shares with its driver, as an old interface has them on its card.
//!
//! The halves take turns. In period `p` since the start, counted from 0, the hardware plays the
//! outputs' half `p % 2` and fills the inputs' half `p % 2`. At the boundary `k` between the periods
//! `k - 1` and `k` it says so, and the host's block number `k` is in half `(k - 1) % 2`:
//!
//! - The inputs hold what was recorded in period `k - 1`: its first frame entered one block ago.
//! - The outputs are played in period `k + 1`: the first frame leaves one block from now.
//!
//! To this the converters add their own latency, and nothing else does. The hardware does not know
//! whether a half was filled: a program that is late hears what was in it two periods before.

use engine::format::SampleFormat;

use crate::layout::{RING_BYTES, Ring};

/// Halves begin at multiples of this.
const ALIGN_BYTES: usize = 64;

/// What the memory is divided into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Channels that record.
    pub inputs: u16,
    /// Channels that play.
    pub outputs: u16,
    /// Frames of a half.
    pub block_frames: u32,
    /// The samples.
    pub sample: SampleFormat,
}

impl Shape {
    /// Bytes of a half.
    pub fn half_bytes(&self) -> usize {
        self.block_frames as usize * self.sample.bytes()
    }

    fn stride_bytes(&self) -> usize {
        self.half_bytes().next_multiple_of(ALIGN_BYTES)
    }

    /// Whether the memory is large enough.
    pub fn fits(&self) -> bool {
        let channels = usize::from(self.inputs) + usize::from(self.outputs);
        self.stride_bytes() * channels * 2 <= RING_BYTES
    }

    /// Where a half begins, in bytes; inputs come first. `None` for what does not exist.
    pub fn half_at(&self, is_input: bool, channel: u16, half: usize) -> Option<usize> {
        let (first, count) = if is_input {
            (0, self.inputs)
        } else {
            (self.inputs, self.outputs)
        };
        let exists = channel < count && half < 2;
        let place = (usize::from(first) + usize::from(channel)) * 2 + half;
        exists.then(|| place * self.stride_bytes())
    }

    /// Appends a half of all outputs to `frames`, interleaved.
    pub fn take_outputs(&self, memory: &Ring, half: usize, frames: &mut Vec<u8>) {
        let (bytes, channels) = (self.sample.bytes(), usize::from(self.outputs));
        let start = frames.len();
        frames.resize(start + self.half_bytes() * channels, 0);
        let mut plane = vec![0; self.half_bytes()];
        for channel in 0..self.outputs {
            let Some(at) = self.half_at(false, channel, half) else {
                continue;
            };
            memory.copy_out(at, &mut plane);
            let slots = frames[start..].chunks_exact_mut(bytes);
            let own = slots.skip(channel.into()).step_by(channels);
            for (to, from) in own.zip(plane.chunks_exact(bytes)) {
                to.copy_from_slice(from);
            }
        }
    }

    /// Fills a half of all inputs with interleaved frames.
    pub fn put_inputs(&self, memory: &Ring, half: usize, frames: &[u8]) {
        let (bytes, channels) = (self.sample.bytes(), usize::from(self.inputs));
        let mut plane = Vec::with_capacity(self.half_bytes());
        for channel in 0..self.inputs {
            let samples = frames.chunks_exact(bytes).skip(channel.into());
            plane.clear();
            plane.extend(samples.step_by(channels).flatten());
            plane.truncate(self.half_bytes());
            if let Some(at) = self.half_at(true, channel, half) {
                memory.copy_in(at, &plane);
            }
        }
    }

    /// Silences both halves of all outputs.
    pub fn silence_outputs(&self, memory: &Ring) {
        let silence = vec![0; self.half_bytes()];
        for (channel, half) in (0..self.outputs).flat_map(|channel| [(channel, 0), (channel, 1)]) {
            if let Some(at) = self.half_at(false, channel, half) {
                memory.copy_in(at, &silence);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::Shared;
    use proptest::prelude::*;
    use std::sync::OnceLock;

    /// One for all runs, as it is large.
    fn memory() -> &'static Ring {
        static SHARED: OnceLock<&Shared> = OnceLock::new();
        &SHARED
            .get_or_init(|| Box::leak(Shared::private()))
            .hardware
            .ring
    }

    proptest! {
        #[test]
        fn planes_and_frames_hold_the_same_samples(
            channels in 1_u16..5,
            block_frames in 1_u32..40,
            half in 0_usize..2,
            packed: bool,
            seed: u8,
        ) {
            let sample = if packed { SampleFormat::Int24 } else { SampleFormat::Int32 };
            // The same planes as inputs of one shape and outputs of another, which begin where they did.
            let inputs = Shape { inputs: channels, outputs: 0, block_frames, sample };
            let outputs = Shape { inputs: 0, outputs: channels, block_frames, sample };
            let bytes = inputs.half_bytes() * usize::from(channels);
            let frames: Vec<u8> = (0..bytes).map(|n| (n as u8).wrapping_mul(7) ^ seed).collect();
            let memory = memory();
            memory.silence();
            inputs.put_inputs(memory, half, &frames);
            let mut back = Vec::new();
            outputs.take_outputs(memory, half, &mut back);
            prop_assert_eq!(&back, &frames);
            back.clear();
            outputs.take_outputs(memory, 1 - half, &mut back);
            prop_assert!(back.iter().all(|byte| *byte == 0));
            outputs.silence_outputs(memory);
            back.clear();
            outputs.take_outputs(memory, half, &mut back);
            prop_assert!(back.iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn halves_are_apart_and_inside() {
        let shape = Shape {
            inputs: 3,
            outputs: 2,
            block_frames: 100,
            sample: SampleFormat::Int24,
        };
        assert!(shape.fits());
        let all = (0..3).map(|n| (true, n)).chain((0..2).map(|n| (false, n)));
        let places: Vec<usize> = all
            .flat_map(|(is_input, n)| [0, 1].map(|half| shape.half_at(is_input, n, half).unwrap()))
            .collect();
        assert_eq!(places, (0..10).map(|n| n * 320).collect::<Vec<_>>());
        for (is_input, channel, half) in [(true, 3, 0), (false, 2, 0), (true, 0, 2)] {
            assert_eq!(shape.half_at(is_input, channel, half), None);
        }
        let huge = Shape {
            block_frames: 1 << 20,
            ..shape
        };
        assert!(!huge.fits());
    }
}
