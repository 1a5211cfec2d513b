//! Sample formats as devices take them, and the formats in which a client hands its blocks over.

use std::fmt;

/// How one sample is laid out in a device's buffer. All are little-endian, integers two's complement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SampleFormat {
    /// 16-bit integer.
    Int16,
    /// 24-bit integer packed in 3 bytes.
    Int24,
    /// 24-bit integer in the upper 24 bits of 4 bytes (left-aligned, the lowest byte zero).
    Int24In32,
    /// 32-bit integer.
    Int32,
    /// 32-bit IEEE float, full scale ±1.0.
    Float32,
}

impl SampleFormat {
    /// Every format, in the order in which an exclusive stream prefers them: the most exact for
    /// integer material first.
    pub const PREFERENCE: [SampleFormat; 5] = [
        SampleFormat::Int32,
        SampleFormat::Int24In32,
        SampleFormat::Int24,
        SampleFormat::Int16,
        SampleFormat::Float32,
    ];

    /// Bytes that one sample takes in a buffer.
    pub const fn bytes(self) -> usize {
        match self {
            SampleFormat::Int16 => 2,
            SampleFormat::Int24 => 3,
            SampleFormat::Int24In32 | SampleFormat::Int32 | SampleFormat::Float32 => 4,
        }
    }

    /// Bits that carry sound: 24 for 24-in-32. For float, the container's 32.
    pub const fn valid_bits(self) -> u16 {
        match self {
            SampleFormat::Int16 => 16,
            SampleFormat::Int24 | SampleFormat::Int24In32 => 24,
            SampleFormat::Int32 | SampleFormat::Float32 => 32,
        }
    }

    /// The name used in configuration, reports and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            SampleFormat::Int16 => "int16",
            SampleFormat::Int24 => "int24",
            SampleFormat::Int24In32 => "int24in32",
            SampleFormat::Int32 => "int32",
            SampleFormat::Float32 => "float32",
        }
    }

    /// The format of that [`name`](Self::name), if there is one.
    pub fn from_name(name: &str) -> Option<SampleFormat> {
        Self::PREFERENCE
            .into_iter()
            .find(|format| format.name() == name)
    }

    /// The formats of a list of names with commas between, in its order.
    ///
    /// # Errors
    /// One sentence that tells the word that is no format, and the words that are.
    pub fn parse_list(list: &str) -> Result<Vec<SampleFormat>, String> {
        let parse = |word: &str| {
            let word = word.trim();
            SampleFormat::from_name(word).ok_or_else(|| {
                let known = Self::PREFERENCE.map(SampleFormat::name).join(", ");
                format!("'{word}' is no sample format; use some of {known}, with commas between.")
            })
        };
        list.split(',').map(parse).collect()
    }
}

impl fmt::Display for SampleFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The format of an endpoint's interleaved stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StreamFormat {
    /// Layout of one sample.
    pub sample: SampleFormat,
    /// Channels in a frame; at least 1.
    pub channels: u16,
    /// Frames per second.
    pub rate_hz: u32,
    /// Speaker positions as the `dwChannelMask` of `WAVEFORMATEXTENSIBLE` has them; 0 where unknown.
    pub channel_mask: u32,
}

impl StreamFormat {
    /// Bytes of one frame.
    pub const fn frame_bytes(&self) -> usize {
        self.sample.bytes() * self.channels as usize
    }
}

impl fmt::Display for StreamFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            sample,
            channels,
            rate_hz,
            ..
        } = self;
        write!(f, "{sample}, {channels} channels, {rate_hz} Hz")
    }
}

/// The type of the samples in a client's planar blocks, in the machine's byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientSample {
    /// 32-bit integer, full scale the whole range.
    Int32,
    /// 32-bit float, full scale ±1.0.
    Float32,
}

impl ClientSample {
    /// The client type that loses nothing on the way to a device of that format.
    pub const fn exact_for(device: SampleFormat) -> ClientSample {
        match device {
            SampleFormat::Float32 => ClientSample::Float32,
            _ => ClientSample::Int32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_format() {
        for format in SampleFormat::PREFERENCE {
            assert_eq!(SampleFormat::from_name(format.name()), Some(format));
        }
        assert_eq!(SampleFormat::from_name("int8"), None);
        let list = SampleFormat::parse_list("int16, float32");
        assert_eq!(list, Ok(vec![SampleFormat::Int16, SampleFormat::Float32]));
        let error = SampleFormat::parse_list("int16,int20").expect_err("no such format");
        assert!(
            error.starts_with("'int20' is no sample format; use some of int32, "),
            "{error}"
        );
        assert!(SampleFormat::parse_list("").is_err());
    }

    #[test]
    fn a_frame_has_a_sample_of_each_channel() {
        let format = StreamFormat {
            sample: SampleFormat::Int24,
            channels: 6,
            rate_hz: 48_000,
            channel_mask: 0,
        };
        assert_eq!(format.frame_bytes(), 18);
        assert_eq!(format.to_string(), "int24, 6 channels, 48000 Hz");
    }
}
