//! Samples as bytes: what the test programs read and what the sound server writes.

use serde::Serialize;

/// A little-endian sample format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RawFormat {
    /// 16-bit integer.
    Int16,
    /// 24-bit integer in three bytes.
    Int24,
    /// 32-bit integer.
    Int32,
    /// 32-bit float, full scale 1.0.
    Float32,
}

impl RawFormat {
    /// The test programs' word for it.
    pub fn name(self) -> &'static str {
        match self {
            RawFormat::Int16 => "int16",
            RawFormat::Int24 => "int24",
            RawFormat::Int32 => "int32",
            RawFormat::Float32 => "float32",
        }
    }

    /// The format of that name, as the programs write it.
    pub fn from_name(name: &str) -> Option<RawFormat> {
        [
            RawFormat::Int16,
            RawFormat::Int24,
            RawFormat::Int32,
            RawFormat::Float32,
        ]
        .into_iter()
        .find(|format| format.name() == name)
    }

    /// Bytes of a sample.
    #[cfg(not(windows))]
    pub fn bytes(self) -> usize {
        match self {
            RawFormat::Int16 => 2,
            RawFormat::Int24 => 3,
            RawFormat::Int32 | RawFormat::Float32 => 4,
        }
    }

    /// How many bits a sample resolves.
    pub fn bits(self) -> u32 {
        match self {
            RawFormat::Int16 => 16,
            RawFormat::Int24 | RawFormat::Float32 => 24,
            RawFormat::Int32 => 32,
        }
    }

    /// Samples at the top of 32 bits to bytes; what does not fit below is cut off.
    pub fn encode(self, samples: &[i32]) -> Vec<u8> {
        match self {
            RawFormat::Int16 => samples
                .iter()
                .flat_map(|s| s.to_le_bytes()[2..].to_vec())
                .collect(),
            RawFormat::Int24 => samples
                .iter()
                .flat_map(|s| s.to_le_bytes()[1..].to_vec())
                .collect(),
            RawFormat::Int32 => samples.iter().flat_map(|s| s.to_le_bytes()).collect(),
            RawFormat::Float32 => samples
                .iter()
                .flat_map(|s| float(*s).to_le_bytes())
                .collect(),
        }
    }

    /// Bytes to samples at the top of 32 bits. An incomplete last sample is left out.
    pub fn decode(self, bytes: &[u8]) -> Vec<i32> {
        match self {
            RawFormat::Int16 => {
                let groups = bytes.as_chunks::<2>().0.iter();
                groups
                    .map(|b| i32::from(i16::from_le_bytes(*b)) << 16)
                    .collect()
            }
            RawFormat::Int24 => {
                let groups = bytes.as_chunks::<3>().0.iter();
                groups
                    .map(|[a, b, c]| i32::from_le_bytes([0, *a, *b, *c]))
                    .collect()
            }
            RawFormat::Int32 => bytes
                .as_chunks::<4>()
                .0
                .iter()
                .map(|b| i32::from_le_bytes(*b))
                .collect(),
            RawFormat::Float32 => {
                let groups = bytes.as_chunks::<4>().0.iter();
                groups
                    .map(|b| super::wav::from_float(f32::from_le_bytes(*b)))
                    .collect()
            }
        }
    }
}

/// Exact for material of up to 24 bits.
fn float(sample: i32) -> f32 {
    (f64::from(sample) / 2_147_483_648.0) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDGES: [i32; 6] = [
        0,
        1 << 16,
        -1 << 16,
        i32::MIN,
        i32::MAX & !0xffff,
        0x1234_0000,
    ];

    #[test]
    fn sixteen_bits_survive_every_format() {
        for format in [
            RawFormat::Int16,
            RawFormat::Int24,
            RawFormat::Int32,
            RawFormat::Float32,
        ] {
            assert_eq!(format.decode(&format.encode(&EDGES)), EDGES, "{format:?}");
        }
    }

    #[test]
    fn twenty_four_bits_survive_float() {
        let samples = [i32::MIN, i32::MAX & !0xff, 0x7654_3200, -0x100, 0x100];
        let float = RawFormat::Float32;
        assert_eq!(float.decode(&float.encode(&samples)), samples);
    }

    #[test]
    fn half_a_sample_is_left_out() {
        assert_eq!(RawFormat::Int24.decode(&[0, 0, 1, 9]), [1 << 24]);
    }
}
