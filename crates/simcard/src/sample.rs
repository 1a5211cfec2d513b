//! Samples as plain numbers: what is on a wire, and what the mixer adds up.
//!
//! Full scale is ±1.0. Every value of every sample format is a 64-bit float exactly, so a wire
//! between two converters of one format alters nothing.

use engine::format::SampleFormat;

/// Appends the samples of `bytes` to `out`.
pub(crate) fn decode(bytes: &[u8], format: SampleFormat, out: &mut Vec<f64>) {
    let integer = |value: i32| f64::from(value) / 2_147_483_648.0;
    match format {
        SampleFormat::Int16 => each(bytes, out, |[a, b]: [u8; 2]| {
            integer(i32::from_le_bytes([0, 0, a, b]))
        }),
        SampleFormat::Int24 => each(bytes, out, |[a, b, c]: [u8; 3]| {
            integer(i32::from_le_bytes([0, a, b, c]))
        }),
        // The lowest byte carries no sound, whatever is in it.
        SampleFormat::Int24In32 => each(bytes, out, |[_, a, b, c]: [u8; 4]| {
            integer(i32::from_le_bytes([0, a, b, c]))
        }),
        SampleFormat::Int32 => each(bytes, out, |b: [u8; 4]| integer(i32::from_le_bytes(b))),
        SampleFormat::Float32 => each(bytes, out, |b: [u8; 4]| f64::from(f32::from_le_bytes(b))),
    }
}

fn each<const N: usize>(bytes: &[u8], out: &mut Vec<f64>, value: impl Fn([u8; N]) -> f64) {
    let (samples, _) = bytes.as_chunks::<N>();
    out.extend(samples.iter().map(|&sample| value(sample)));
}

/// Appends samples in that format to `out`: rounded to the nearest, limited to full scale for
/// integers; what is no number is silence there.
pub(crate) fn encode(samples: &[f64], format: SampleFormat, out: &mut Vec<u8>) {
    let integer = |value: f64, bits: u32| {
        let scale = f64::from(1_u32 << (bits - 1));
        ((value * scale).round().clamp(-scale, scale - 1.0)) as i32
    };
    for &sample in samples {
        match format {
            SampleFormat::Int16 => {
                out.extend_from_slice(&(integer(sample, 16) as i16).to_le_bytes());
            }
            SampleFormat::Int24 => out.extend_from_slice(&integer(sample, 24).to_le_bytes()[..3]),
            SampleFormat::Int24In32 => {
                out.extend_from_slice(&(integer(sample, 24) << 8).to_le_bytes());
            }
            SampleFormat::Int32 => out.extend_from_slice(&integer(sample, 32).to_le_bytes()),
            SampleFormat::Float32 => out.extend_from_slice(&(sample as f32).to_le_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_value_of_every_format_goes_through_unaltered(bytes: [u8; 12]) {
            for format in SampleFormat::PREFERENCE {
                let mut bytes = bytes;
                if format == SampleFormat::Int24In32 {
                    bytes.iter_mut().step_by(4).for_each(|low| *low = 0);
                }
                let (mut samples, mut back) = (Vec::new(), Vec::new());
                decode(&bytes, format, &mut samples);
                prop_assume!(samples.iter().all(|sample| !sample.is_nan()));
                encode(&samples, format, &mut back);
                prop_assert_eq!(&back[..], &bytes[..], "{}", format);
            }
        }
    }

    #[test]
    fn integers_are_limited() {
        let mut bytes = Vec::new();
        encode(&[2.0, -2.0, f64::NAN], SampleFormat::Int16, &mut bytes);
        assert_eq!(bytes, [0xFF, 0x7F, 0x00, 0x80, 0, 0]);
    }
}
