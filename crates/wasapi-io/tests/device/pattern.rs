//! A sound of which every frame is known by what it is.

use engine::format::SampleFormat;

/// The sample of the frame with that number: never silence, and found again at once.
pub fn sample(frame: usize) -> i16 {
    let mixed = (frame as u32 + 1).wrapping_mul(2_654_435_761);
    ((mixed >> 16) as i16) | 1
}

/// Writes the sample into a device's memory.
pub fn encode(value: i16, sample: SampleFormat, bytes: &mut [u8]) {
    let whole = i32::from(value) << 16;
    match sample {
        SampleFormat::Int16 => bytes.copy_from_slice(&value.to_le_bytes()),
        SampleFormat::Int24 => bytes.copy_from_slice(&whole.to_le_bytes()[1..]),
        SampleFormat::Float32 => {
            bytes.copy_from_slice(&(f32::from(value) / 32_768.0).to_le_bytes());
        }
        _ => bytes.copy_from_slice(&whole.to_le_bytes()),
    }
}

/// The sample, exactly; `None` where it is none of ours.
pub fn decode(bytes: &[u8], sample: SampleFormat) -> Option<i16> {
    let whole = match (sample, bytes) {
        (SampleFormat::Int16, &[a, b]) => return Some(i16::from_le_bytes([a, b])),
        (SampleFormat::Int24, &[a, b, c]) => i32::from_le_bytes([0, a, b, c]),
        (SampleFormat::Float32, &[a, b, c, d]) => {
            let value = f32::from_le_bytes([a, b, c, d]) * 32_768.0;
            return (value.fract() == 0.0).then_some(value as i16);
        }
        (_, &[a, b, c, d]) => i32::from_le_bytes([a, b, c, d]),
        _ => return None,
    };
    (whole & 0xFFFF == 0).then_some((whole >> 16) as i16)
}
