//! Samples on their way through the memory.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::limits::HALF_SAMPLES;

/// What is louder is no sound: 48 dB beyond full scale.
pub const LOUDEST: f32 = 256.0;

/// Which of the four parts of the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    ToClient,
    FromClient,
}

/// One channel's samples in one half. Channels lie one behind the other without gaps.
pub(crate) fn plane(
    samples: &[AtomicU32],
    way: Way,
    number: u32,
    channel: usize,
    frames: usize,
) -> &[AtomicU32] {
    let half = (number & 1) as usize;
    let part = match way {
        Way::ToClient => half,
        Way::FromClient => 2 + half,
    };
    let start = channel.saturating_mul(frames);
    let end = start.saturating_add(frames);
    let half = samples.get(part * HALF_SAMPLES..(part + 1) * HALF_SAMPLES);
    half.and_then(|half| half.get(start..end))
        .unwrap_or_default()
}

/// Writes a channel; silence where there are too few samples.
pub(crate) fn write(plane: &[AtomicU32], samples: Option<&[f32]>) {
    let mut samples = samples.unwrap_or_default().iter();
    for word in plane {
        let sample = samples.next().copied().unwrap_or(0.0);
        word.store(sample.to_bits(), Ordering::Relaxed);
    }
}

/// Reads a channel, each sample once; silence where there are too few, and for what is no sound.
/// Returns how many samples were none.
pub(crate) fn read(plane: &[AtomicU32], into: &mut [f32]) -> u32 {
    let mut damaged = 0;
    let mut words = plane.iter();
    for sample in into {
        let claim = words
            .next()
            .map_or(0.0, |word| f32::from_bits(word.load(Ordering::Relaxed)));
        // False for what is no number, too.
        let is_sound = claim.abs() <= LOUDEST;
        damaged += u32::from(!is_sound);
        *sample = if is_sound { claim } else { 0.0 };
    }
    damaged
}

/// Blocks of some channels in one's own memory, made once.
#[derive(Clone, Debug, PartialEq)]
pub struct Planes {
    samples: Vec<f32>,
    frames: usize,
}

impl Planes {
    /// Silence.
    pub fn new(channels: usize, frames: usize) -> Planes {
        Planes {
            samples: vec![0.0; channels * frames],
            frames,
        }
    }

    /// A channel's samples; empty where there is no such channel.
    pub fn plane(&self, channel: usize) -> &[f32] {
        let start = channel.saturating_mul(self.frames);
        let end = start.saturating_add(self.frames);
        self.samples.get(start..end).unwrap_or_default()
    }

    /// The same, to be changed.
    pub fn plane_mut(&mut self, channel: usize) -> &mut [f32] {
        let start = channel.saturating_mul(self.frames);
        let end = start.saturating_add(self.frames);
        self.samples.get_mut(start..end).unwrap_or_default()
    }

    /// All channels, one behind the other.
    pub(crate) fn planes_mut(&mut self) -> impl Iterator<Item = &mut [f32]> {
        self.samples.chunks_exact_mut(self.frames.max(1))
    }
}
