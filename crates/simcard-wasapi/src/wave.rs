//! `WAVEFORMATEX` and `WAVEFORMATEXTENSIBLE` as clients write them.

use engine::format::{SampleFormat, StreamFormat};

/// Bytes of a `WAVEFORMATEX`.
pub const PLAIN_BYTES: usize = 18;
/// Bytes of a `WAVEFORMATEXTENSIBLE`.
pub const LONG_BYTES: usize = 40;

const PCM: u16 = 1;
const FLOAT: u16 = 3;
const EXTENSIBLE: u16 = 0xFFFE;
/// The sub-formats' GUIDs after their first 4 bytes.
const MEDIA_TAIL: [u8; 12] = [0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

/// The bytes of the format that begins with `head`.
pub fn whole_bytes(head: &[u8; PLAIN_BYTES]) -> usize {
    if u16_at(head, 0) == EXTENSIBLE && u16_at(head, 16) >= 22 {
        LONG_BYTES
    } else {
        PLAIN_BYTES
    }
}

/// Reads a format. `None` when it contradicts itself or is of a kind that no simulated device has.
///
/// A `WAVEFORMATEX` without speaker positions gets those of 0.
pub fn read(bytes: &[u8]) -> Option<StreamFormat> {
    let head = bytes.first_chunk::<PLAIN_BYTES>()?;
    let (mut tag, container_bits) = (u16_at(head, 0), u16_at(head, 14));
    let (mut valid_bits, mut channel_mask) = (container_bits, 0);
    if tag == EXTENSIBLE {
        let long = bytes.first_chunk::<LONG_BYTES>()?;
        if u16_at(head, 16) < 22 || long[28..] != MEDIA_TAIL {
            return None;
        }
        valid_bits = match u16_at(long, 18) {
            0 => container_bits,
            bits => bits,
        };
        channel_mask = u32_at(long, 20);
        tag = u16::try_from(u32_at(long, 24)).ok()?;
    }
    let sample = match (tag, container_bits, valid_bits) {
        (PCM, 16, 16) => SampleFormat::Int16,
        (PCM, 24, 24) => SampleFormat::Int24,
        (PCM, 32, 24) => SampleFormat::Int24In32,
        (PCM, 32, 32) => SampleFormat::Int32,
        (FLOAT, 32, 32) => SampleFormat::Float32,
        _ => return None,
    };
    let format = StreamFormat {
        sample,
        channels: u16_at(head, 2),
        rate_hz: u32_at(head, 4),
        channel_mask,
    };
    let frame_bytes = format.frame_bytes();
    let consistent = format.channels > 0
        && format.rate_hz > 0
        && usize::from(u16_at(head, 12)) == frame_bytes
        && u64::from(u32_at(head, 8)) == u64::from(format.rate_hz) * frame_bytes as u64;
    consistent.then_some(format)
}

/// The long form of a format.
pub fn write(format: &StreamFormat) -> [u8; LONG_BYTES] {
    let sample = format.sample;
    let frame_bytes = format.frame_bytes();
    let tag = if sample == SampleFormat::Float32 {
        FLOAT
    } else {
        PCM
    };
    let mut bytes = [0; LONG_BYTES];
    let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
    put(0, &EXTENSIBLE.to_le_bytes());
    put(2, &format.channels.to_le_bytes());
    put(4, &format.rate_hz.to_le_bytes());
    put(
        8,
        &format
            .rate_hz
            .saturating_mul(frame_bytes as u32)
            .to_le_bytes(),
    );
    put(12, &(frame_bytes as u16).to_le_bytes());
    put(14, &(sample.bytes() as u16 * 8).to_le_bytes());
    put(16, &22_u16.to_le_bytes());
    put(18, &sample.valid_bits().to_le_bytes());
    put(20, &format.channel_mask.to_le_bytes());
    put(24, &u32::from(tag).to_le_bytes());
    put(28, &MEDIA_TAIL);
    bytes
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_plain_format_is_read() {
        let bytes = [
            1, 0, 2, 0, 0x80, 0xBB, 0, 0, 0, 0xEE, 2, 0, 4, 0, 16, 0, 0, 0,
        ];
        let format = StreamFormat {
            sample: SampleFormat::Int16,
            channels: 2,
            rate_hz: 48_000,
            channel_mask: 0,
        };
        assert_eq!(read(&bytes), Some(format));
        assert_eq!(whole_bytes(&bytes), PLAIN_BYTES);
        let mut wrong = bytes;
        wrong[8] = 1;
        assert_eq!(read(&wrong), None, "another number of bytes in a second");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(index in 0_usize..5, channels in 1_u16..32, rate_hz in 1_u32..400_000, channel_mask: u32) {
            let sample = SampleFormat::PREFERENCE[index];
            let format = StreamFormat { sample, channels, rate_hz, channel_mask };
            prop_assert_eq!(read(&write(&format)), Some(format));
        }

        #[test]
        fn no_bytes_do_harm(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = read(&bytes);
        }
    }
}
