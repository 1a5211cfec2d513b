//! Samples that use every bit of their format.

use engine::format::SampleFormat;
use simcard::rng::SplitMix64;

/// Frame `n` as the host has it: two words.
pub fn frame(sample: SampleFormat, n: u64) -> [u32; 2] {
    let bits = SplitMix64::new(n).next_u64();
    [bits as u32, (bits >> 32) as u32].map(|bits| match sample {
        SampleFormat::Int16 => bits & 0xFFFF_0000,
        SampleFormat::Int24 | SampleFormat::Int24In32 => bits & 0xFFFF_FF00,
        SampleFormat::Int32 => bits,
        SampleFormat::Float32 => float(bits),
    })
}

/// A float below full scale, from 20 powers of two, with all its bits.
fn float(bits: u32) -> u32 {
    let exponent = 107 + (bits >> 23) % 20;
    bits & 0x807F_FFFF | exponent << 23
}

/// The host's words of a device's sample.
fn word(sample: SampleFormat, bytes: &[u8]) -> u32 {
    match (sample, bytes) {
        (SampleFormat::Int16, &[a, b]) => u32::from_le_bytes([0, 0, a, b]),
        (SampleFormat::Int24, &[a, b, c]) => u32::from_le_bytes([0, a, b, c]),
        (_, &[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
        _ => unreachable!("no sample of {sample} has {} bytes", bytes.len()),
    }
}

/// Compares frames with what was written, from the first that is not silent.
#[derive(Default)]
pub struct Listener {
    /// Frames that were compared.
    pub next: u64,
    /// Those that were not as written.
    pub wrong: u64,
}

impl Listener {
    /// The next frame, as words.
    pub fn hear(&mut self, sample: SampleFormat, words: [u32; 2]) {
        if self.next == 0 && words == [0, 0] {
            return;
        }
        self.wrong += u64::from(words != frame(sample, self.next));
        self.next += 1;
    }

    /// The next frames, as a device has them.
    pub fn hear_bytes(&mut self, sample: SampleFormat, bytes: &[u8]) {
        let length = sample.bytes();
        for frame in bytes.chunks_exact(2 * length) {
            let (left, right) = frame.split_at(length);
            self.hear(sample, [word(sample, left), word(sample, right)]);
        }
    }
}
