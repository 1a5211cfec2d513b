//! How a driver lays its samples out, and the way between its planar halves and the engine's
//! interleaved frames.

use asio::abi::SampleType;
use engine::format::SampleFormat;

/// The layout of one channel's samples in a driver's halves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    /// As the engine has them.
    Same(SampleFormat),
    /// 24 bits at the lower end of 4 bytes.
    Low24,
    /// 16 bits at the lower end of 4 bytes.
    Low16,
    /// 64-bit float.
    Double,
}

impl Wire {
    /// The layout of that type; `None` for what no device of today has: big-endian words, words of 18
    /// or 20 bits, single bits.
    pub(crate) fn of(sample_type: SampleType) -> Option<Wire> {
        Some(match sample_type {
            SampleType::INT16_LSB => Wire::Same(SampleFormat::Int16),
            SampleType::INT24_LSB => Wire::Same(SampleFormat::Int24),
            SampleType::INT32_LSB => Wire::Same(SampleFormat::Int32),
            SampleType::FLOAT32_LSB => Wire::Same(SampleFormat::Float32),
            SampleType::INT32_LSB24 => Wire::Low24,
            SampleType::INT32_LSB16 => Wire::Low16,
            SampleType::FLOAT64_LSB => Wire::Double,
            _ => return None,
        })
    }

    /// What the engine makes of it. Every sample that fits the driver's layout passes both ways
    /// unaltered.
    pub(crate) const fn format(self) -> SampleFormat {
        match self {
            Wire::Same(format) => format,
            Wire::Low24 => SampleFormat::Int24In32,
            Wire::Low16 => SampleFormat::Int16,
            Wire::Double => SampleFormat::Float32,
        }
    }

    /// Puts a channel into its place in interleaved frames. `at` is the channel's first byte in a
    /// frame. Real-time safe; what does not fit is left out.
    pub(crate) fn gather(self, planar: &[u8], frames: &mut [u8], at: usize, frame_bytes: usize) {
        let frames = frames.chunks_exact_mut(frame_bytes.max(1));
        match self {
            Wire::Same(SampleFormat::Int16) => each_in(planar, frames, at, |two: [u8; 2]| two),
            Wire::Same(SampleFormat::Int24) => each_in(planar, frames, at, |three: [u8; 3]| three),
            Wire::Same(_) => each_in(planar, frames, at, |four: [u8; 4]| four),
            Wire::Low24 => each_in(planar, frames, at, |four| {
                (i32::from_le_bytes(four) << 8).to_le_bytes()
            }),
            Wire::Low16 => each_in(planar, frames, at, |[low, high, _, _]: [u8; 4]| [low, high]),
            Wire::Double => each_in(planar, frames, at, |eight| {
                (f64::from_le_bytes(eight) as f32).to_le_bytes()
            }),
        }
    }

    /// Takes a channel out of its place in interleaved frames; else as [`gather`](Self::gather).
    pub(crate) fn scatter(self, frames: &[u8], planar: &mut [u8], at: usize, frame_bytes: usize) {
        let frames = frames.chunks_exact(frame_bytes.max(1));
        match self {
            Wire::Same(SampleFormat::Int16) => each_out(frames, planar, at, |two: [u8; 2]| two),
            Wire::Same(SampleFormat::Int24) => each_out(frames, planar, at, |three: [u8; 3]| three),
            Wire::Same(_) => each_out(frames, planar, at, |four: [u8; 4]| four),
            Wire::Low24 => each_out(frames, planar, at, |four| {
                (i32::from_le_bytes(four) >> 8).to_le_bytes()
            }),
            Wire::Low16 => each_out(frames, planar, at, |two| {
                i32::from(i16::from_le_bytes(two)).to_le_bytes()
            }),
            Wire::Double => each_out(frames, planar, at, |four| {
                f64::from(f32::from_le_bytes(four)).to_le_bytes()
            }),
        }
    }
}

/// Sample by sample from a channel into frames.
fn each_in<'a, const N: usize, const M: usize>(
    planar: &[u8],
    frames: impl Iterator<Item = &'a mut [u8]>,
    at: usize,
    convert: impl Fn([u8; N]) -> [u8; M],
) {
    for (sample, frame) in planar.as_chunks::<N>().0.iter().zip(frames) {
        if let Some(place) = frame.get_mut(at..at + M) {
            place.copy_from_slice(&convert(*sample));
        }
    }
}

/// Sample by sample from frames into a channel.
fn each_out<'a, const N: usize, const M: usize>(
    frames: impl Iterator<Item = &'a [u8]>,
    planar: &mut [u8],
    at: usize,
    convert: impl Fn([u8; N]) -> [u8; M],
) {
    for (sample, frame) in planar.as_chunks_mut::<M>().0.iter_mut().zip(frames) {
        let from = frame.get(at..).and_then(<[u8]>::first_chunk);
        if let Some(from) = from {
            *sample = convert(*from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [(SampleType, usize); 7] = [
        (SampleType::INT16_LSB, 2),
        (SampleType::INT24_LSB, 3),
        (SampleType::INT32_LSB, 4),
        (SampleType::FLOAT32_LSB, 4),
        (SampleType::INT32_LSB24, 4),
        (SampleType::INT32_LSB16, 4),
        (SampleType::FLOAT64_LSB, 8),
    ];

    /// A sample of the driver's that has sense in it.
    fn sample(sample_type: SampleType, number: i32) -> Vec<u8> {
        match sample_type {
            SampleType::INT32_LSB24 => (number >> 8).to_le_bytes().to_vec(),
            SampleType::INT32_LSB16 => (number >> 16).to_le_bytes().to_vec(),
            SampleType::FLOAT32_LSB => (number as f32).to_le_bytes().to_vec(),
            SampleType::FLOAT64_LSB => f64::from(number as f32).to_le_bytes().to_vec(),
            SampleType::INT24_LSB => number.to_le_bytes()[1..].to_vec(),
            SampleType::INT16_LSB => number.to_le_bytes()[2..].to_vec(),
            _ => number.to_le_bytes().to_vec(),
        }
    }

    proptest! {
        #[test]
        fn every_sample_comes_back(
            numbers in prop::collection::vec(any::<i32>(), 1..200),
            channels in 1_usize..6,
            kind in 0..ALL.len(),
        ) {
            let (sample_type, bytes) = ALL[kind];
            let wire = Wire::of(sample_type).unwrap();
            let width = wire.format().bytes();
            let frame_bytes = channels * width;
            let frames = numbers.len() / channels;
            let of = |channel: usize| -> Vec<u8> {
                let own = numbers.iter().skip(channel * frames).take(frames);
                own.flat_map(|number| sample(sample_type, *number)).collect()
            };
            let mut interleaved = vec![0; frames * frame_bytes];
            for channel in 0..channels {
                wire.gather(&of(channel), &mut interleaved, channel * width, frame_bytes);
            }
            for channel in 0..channels {
                let mut planar = vec![0xA5; frames * bytes];
                wire.scatter(&interleaved, &mut planar, channel * width, frame_bytes);
                prop_assert_eq!(&planar, &of(channel));
            }
        }

        #[test]
        fn no_length_is_too_short(
            planar in prop::collection::vec(any::<u8>(), 0..40),
            frames in prop::collection::vec(any::<u8>(), 0..40),
            at in 0_usize..20,
            frame_bytes in 0_usize..20,
            kind in 0..ALL.len(),
        ) {
            let wire = Wire::of(ALL[kind].0).unwrap();
            let (mut planar, mut frames) = (planar, frames);
            wire.gather(&planar.clone(), &mut frames, at, frame_bytes);
            wire.scatter(&frames, &mut planar, at, frame_bytes);
        }
    }

    #[test]
    fn words_lie_as_the_engine_wants_them() {
        let mut frame = [0; 4];
        Wire::Low24.gather(&(-2_i32).to_le_bytes(), &mut frame, 0, 4);
        assert_eq!(i32::from_le_bytes(frame), -512);
        assert_eq!(Wire::of(SampleType::INT32_LSB20), None);
        assert_eq!(Wire::of(SampleType::INT16_MSB), None);
        assert_eq!(Wire::of(SampleType(-1)), None);
    }
}
