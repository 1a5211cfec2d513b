//! From a device's interleaved frames to planes.

use crate::format::{SampleFormat, StreamFormat};

/// One channel's samples to be filled.
pub(super) enum PlaneMut<'a> {
    /// 32-bit integers, full scale the whole range.
    Int32(&'a mut [i32]),
    /// 32-bit floats, full scale ±1.0.
    Float32(&'a mut [f32]),
}

/// Reads one channel's samples.
pub(super) fn read_channel(
    bytes: &[u8],
    format: &StreamFormat,
    channel: usize,
    plane: PlaneMut<'_>,
) {
    let sample_bytes = format.sample.bytes();
    let samples = bytes
        .chunks_exact(format.frame_bytes())
        .map(|frame| &frame[channel * sample_bytes..][..sample_bytes]);
    match plane {
        PlaneMut::Int32(plane) => {
            for (sample, bytes) in plane.iter_mut().zip(samples) {
                *sample = integer(bytes, format.sample);
            }
        }
        PlaneMut::Float32(plane) => {
            for (sample, bytes) in plane.iter_mut().zip(samples) {
                *sample = match format.sample {
                    SampleFormat::Float32 => float(bytes),
                    other => integer(bytes, other) as f32 / 2_147_483_648.0,
                };
            }
        }
    }
}

fn float(bytes: &[u8]) -> f32 {
    bytes.try_into().map_or(0.0, f32::from_le_bytes)
}

fn integer(bytes: &[u8], format: SampleFormat) -> i32 {
    let mut word = [0; 4];
    match format {
        SampleFormat::Float32 => return (f64::from(float(bytes)) * 2_147_483_648.0) as i32,
        _ => word[4 - bytes.len()..].copy_from_slice(bytes),
    }
    i32::from_le_bytes(word)
}
