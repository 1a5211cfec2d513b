//! `WAVEFORMATEX` and `WAVEFORMATEXTENSIBLE` as bytes: how WASAPI is told a stream's format.

use engine::format::{SampleFormat, StreamFormat};

const TAG_PCM: u16 = 0x0001;
const TAG_FLOAT: u16 = 0x0003;
const TAG_EXTENSIBLE: u16 = 0xFFFE;

/// Bytes of a `WAVEFORMATEX`.
const PLAIN_BYTES: usize = 18;
/// Bytes of a `WAVEFORMATEXTENSIBLE`.
const EXTENSIBLE_BYTES: usize = 40;

/// What follows the tag in the sub-format GUIDs of wave formats: `xxxxxxxx-0000-0010-8000-00AA00389B71`.
const SUBFORMAT_TAIL: [u8; 12] = [
    0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xAA, 0x00, 0x38, 0x9B, 0x71,
];

/// How a format is written down. Devices answer differently to the same format in another form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Header {
    /// `WAVEFORMATEXTENSIBLE` with speaker positions.
    Extensible,
    /// `WAVEFORMATEXTENSIBLE` with a channel mask of 0.
    ExtensibleNoMask,
    /// `WAVEFORMATEX`, which has neither speaker positions nor valid bits.
    Plain,
}

/// A format as WASAPI takes it. Always 40 bytes long in memory, whatever its form, so that a reader
/// that takes the long form for granted stays inside.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct WaveFormat {
    bytes: [u8; EXTENSIBLE_BYTES],
    used_bytes: usize,
}

impl WaveFormat {
    /// `format` in the form `header`, or `None` where that form cannot say it.
    pub(crate) fn encode(format: &StreamFormat, header: Header) -> Option<Self> {
        let sample = format.sample;
        if header == Header::Plain && sample == SampleFormat::Int24In32 {
            return None;
        }
        // Systems divide by these without looking.
        if format.channels == 0 || format.rate_hz == 0 {
            return None;
        }
        let frame_bytes = u16::try_from(format.frame_bytes()).ok()?;
        let second_bytes = format.rate_hz.checked_mul(frame_bytes.into())?;
        let container_bits = sample.bytes() as u16 * 8;
        let sub_tag = if sample == SampleFormat::Float32 {
            TAG_FLOAT
        } else {
            TAG_PCM
        };
        let (tag, extra_bytes) = match header {
            Header::Plain => (sub_tag, 0),
            _ => (TAG_EXTENSIBLE, (EXTENSIBLE_BYTES - PLAIN_BYTES) as u16),
        };

        let mut out = Writer {
            bytes: [0; EXTENSIBLE_BYTES],
            at: 0,
        };
        out.put(&tag.to_le_bytes());
        out.put(&format.channels.to_le_bytes());
        out.put(&format.rate_hz.to_le_bytes());
        out.put(&second_bytes.to_le_bytes());
        out.put(&frame_bytes.to_le_bytes());
        out.put(&container_bits.to_le_bytes());
        out.put(&extra_bytes.to_le_bytes());
        if header != Header::Plain {
            let mask = match header {
                Header::Extensible if format.channel_mask != 0 => format.channel_mask,
                Header::Extensible => default_mask(format.channels)?,
                _ => 0,
            };
            out.put(&sample.valid_bits().to_le_bytes());
            out.put(&mask.to_le_bytes());
            out.put(&u32::from(sub_tag).to_le_bytes());
            out.put(&SUBFORMAT_TAIL);
        }
        Some(Self {
            bytes: out.bytes,
            used_bytes: out.at,
        })
    }

    /// The format's bytes: 18 or 40 of them.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.used_bytes]
    }
}

struct Writer {
    bytes: [u8; EXTENSIBLE_BYTES],
    at: usize,
}

impl Writer {
    fn put(&mut self, field: &[u8]) {
        self.bytes[self.at..self.at + field.len()].copy_from_slice(field);
        self.at += field.len();
    }
}

/// Bytes of the whole format that begins with `head`, as it states them itself.
pub(crate) fn stated_bytes(head: &[u8; PLAIN_BYTES]) -> usize {
    let tag = u16::from_le_bytes([head[0], head[1]]);
    let extra_bytes = u16::from_le_bytes([head[16], head[17]]);
    // The oldest formats end before the extra length, and what stands there then means nothing.
    if tag == TAG_PCM {
        PLAIN_BYTES
    } else {
        PLAIN_BYTES + usize::from(extra_bytes)
    }
}

/// Whether `bytes` hold all of the format that begins with them.
pub(crate) fn is_whole(bytes: &[u8]) -> bool {
    bytes
        .first_chunk()
        .is_some_and(|head| stated_bytes(head) <= bytes.len())
}

/// Channels, rate in Hz and speaker positions, whatever the samples are like. `None` when there is
/// no channel or no rate.
pub(crate) fn decode_outline(bytes: &[u8]) -> Option<(u16, u32, u32)> {
    let head = bytes.first_chunk::<PLAIN_BYTES>()?;
    let tag = u16::from_le_bytes([head[0], head[1]]);
    let channels = u16::from_le_bytes([head[2], head[3]]);
    let rate_hz = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
    let channel_mask = match bytes.get(20..24) {
        Some(&[a, b, c, d]) if tag == TAG_EXTENSIBLE => u32::from_le_bytes([a, b, c, d]),
        _ => 0,
    };
    (channels > 0 && rate_hz > 0).then_some((channels, rate_hz, channel_mask))
}

/// Reads a format in either form. `None` when it is not one of ours or makes no sense.
pub(crate) fn decode(bytes: &[u8]) -> Option<StreamFormat> {
    let u16_at = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let u32_at = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));

    let tag = u16_at(0)?;
    let channels = u16_at(2)?;
    let rate_hz = u32_at(4)?;
    let frame_bytes = u16_at(12)?;
    let container_bits = u16_at(14)?;
    let (tag, valid_bits, channel_mask) = if tag == TAG_EXTENSIBLE {
        if bytes.get(28..EXTENSIBLE_BYTES)? != SUBFORMAT_TAIL {
            return None;
        }
        (u16::try_from(u32_at(24)?).ok()?, u16_at(18)?, u32_at(20)?)
    } else {
        (tag, container_bits, 0)
    };
    // Some drivers leave the valid bits at 0 when they mean all of them.
    let valid_bits = if valid_bits == 0 {
        container_bits
    } else {
        valid_bits
    };

    let sample = match (tag, container_bits, valid_bits) {
        (TAG_PCM, 16, 16) => SampleFormat::Int16,
        (TAG_PCM, 24, 24) => SampleFormat::Int24,
        (TAG_PCM, 32, 24) => SampleFormat::Int24In32,
        (TAG_PCM, 32, 32) => SampleFormat::Int32,
        (TAG_FLOAT, 32, 32) => SampleFormat::Float32,
        _ => return None,
    };
    let format = StreamFormat {
        sample,
        channels,
        rate_hz,
        channel_mask,
    };
    let sensible = channels > 0 && rate_hz > 0 && format.frame_bytes() == frame_bytes.into();
    sensible.then_some(format)
}

/// The usual speaker positions of that many channels, where there is a usual arrangement.
pub(crate) fn default_mask(channels: u16) -> Option<u32> {
    match channels {
        1 => Some(0x4),
        2 => Some(0x3),
        4 => Some(0x33),
        6 => Some(0x3F),
        8 => Some(0x63F),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stereo(sample: SampleFormat) -> StreamFormat {
        StreamFormat {
            sample,
            channels: 2,
            rate_hz: 48_000,
            channel_mask: 3,
        }
    }

    #[test]
    fn the_plain_form_is_laid_out_as_documented() {
        let wave = WaveFormat::encode(&stereo(SampleFormat::Int16), Header::Plain).unwrap();
        let expected = [
            1, 0, 2, 0, 0x80, 0xBB, 0, 0, 0x00, 0xEE, 0x02, 0, 4, 0, 16, 0, 0, 0,
        ];
        assert_eq!(wave.as_bytes(), expected);
    }

    #[test]
    fn the_extensible_form_is_laid_out_as_documented() {
        let wave =
            WaveFormat::encode(&stereo(SampleFormat::Int24In32), Header::Extensible).unwrap();
        let expected = [
            0xFE, 0xFF, 2, 0, 0x80, 0xBB, 0, 0, 0x00, 0xDC, 0x05, 0, 8, 0, 32, 0, 22,
            0, // head
            24, 0, 3, 0, 0, 0, // valid bits, channel mask
            1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71, // sub-format
        ];
        assert_eq!(wave.as_bytes(), expected);
    }

    #[test]
    fn t14_the_plain_form_cannot_tell_24_valid_bits_in_32() {
        assert!(WaveFormat::encode(&stereo(SampleFormat::Int24In32), Header::Plain).is_none());
    }

    #[test]
    fn a_format_too_wide_for_its_fields_has_no_form() {
        let wide = StreamFormat {
            channels: u16::MAX,
            ..stereo(SampleFormat::Int32)
        };
        assert!(WaveFormat::encode(&wide, Header::Extensible).is_none());
        let fast = StreamFormat {
            rate_hz: u32::MAX,
            ..stereo(SampleFormat::Int32)
        };
        assert!(WaveFormat::encode(&fast, Header::Extensible).is_none());
    }

    #[test]
    fn a_format_without_channels_or_rate_has_no_form() {
        for header in [Header::Extensible, Header::ExtensibleNoMask, Header::Plain] {
            let still = StreamFormat {
                rate_hz: 0,
                ..stereo(SampleFormat::Int16)
            };
            assert!(WaveFormat::encode(&still, header).is_none());
            let empty = StreamFormat {
                channels: 0,
                ..stereo(SampleFormat::Int16)
            };
            assert!(WaveFormat::encode(&empty, header).is_none());
        }
    }

    #[test]
    fn valid_bits_of_zero_mean_all_bits() {
        let wave = WaveFormat::encode(&stereo(SampleFormat::Int16), Header::Extensible).unwrap();
        let mut bytes = wave.as_bytes().to_vec();
        bytes[18] = 0;
        assert_eq!(decode(&bytes), Some(stereo(SampleFormat::Int16)));
    }

    #[test]
    fn foreign_sub_formats_and_truncated_bytes_are_not_ours() {
        let wave = WaveFormat::encode(&stereo(SampleFormat::Int16), Header::Extensible).unwrap();
        for length in 0..EXTENSIBLE_BYTES {
            assert_eq!(decode(&wave.as_bytes()[..length]), None, "{length} bytes");
        }
        let mut bytes = wave.as_bytes().to_vec();
        bytes[39] = 0;
        assert_eq!(decode(&bytes), None);
        let mut dolby = wave.as_bytes().to_vec();
        dolby[24] = 0x92;
        assert_eq!(decode(&dolby), None);
    }

    #[test]
    fn a_format_is_whole_when_all_that_it_states_is_there() {
        let long = WaveFormat::encode(&stereo(SampleFormat::Int16), Header::Extensible).unwrap();
        assert!(is_whole(long.as_bytes()));
        assert!(!is_whole(&long.as_bytes()[..39]));
        let short = WaveFormat::encode(&stereo(SampleFormat::Int16), Header::Plain).unwrap();
        assert!(is_whole(short.as_bytes()));
        assert!(!is_whole(&short.as_bytes()[..17]));
    }

    #[test]
    fn the_extra_length_of_plain_pcm_means_nothing() {
        let mut head = [0; PLAIN_BYTES];
        head[0] = 1;
        head[16..18].copy_from_slice(&u16::MAX.to_le_bytes());
        assert_eq!(stated_bytes(&head), PLAIN_BYTES);
        head[0] = 3;
        assert_eq!(stated_bytes(&head), PLAIN_BYTES + usize::from(u16::MAX));
    }

    #[test]
    fn the_outline_of_a_foreign_format_is_read() {
        let wave = WaveFormat::encode(&stereo(SampleFormat::Float32), Header::Extensible).unwrap();
        let mut bytes = wave.as_bytes().to_vec();
        bytes[14] = 64;
        assert_eq!(decode(&bytes), None);
        assert_eq!(decode_outline(&bytes), Some((2, 48_000, 3)));
        assert_eq!(decode_outline(&bytes[..18]), Some((2, 48_000, 0)));
        assert_eq!(decode_outline(&bytes[..17]), None);
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(
            index in 0_usize..5,
            channels in 1_u16..64,
            rate_hz in 1_u32..1_000_000,
            channel_mask in 1_u32..,
        ) {
            let sample = SampleFormat::PREFERENCE[index];
            let format = StreamFormat { sample, channels, rate_hz, channel_mask };
            for header in [Header::Extensible, Header::ExtensibleNoMask, Header::Plain] {
                let Some(wave) = WaveFormat::encode(&format, header) else { continue };
                let mask = if header == Header::Extensible { channel_mask } else { 0 };
                prop_assert_eq!(
                    decode(wave.as_bytes()),
                    Some(StreamFormat { channel_mask: mask, ..format })
                );
            }
        }

        #[test]
        fn no_bytes_make_the_reader_fail(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Some(format) = decode(&bytes) {
                prop_assert!(format.channels > 0 && format.rate_hz > 0);
            }
        }
    }
}
