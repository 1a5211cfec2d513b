//! One channel of a device's frames, sample by sample: short and plain, for tools and as what the
//! fast way is compared with.

use crate::client::Plane;
use crate::format::{SampleFormat, StreamFormat};

/// Writes one channel's samples into their places in an interleaved buffer of `format`: sample `n`
/// into frame `n`. Stops at the end of the shorter of the two; a channel that the format does not
/// have is not written.
pub fn write_channel(plane: Plane<'_>, out: &mut [u8], format: &StreamFormat, channel: usize) {
    if channel >= usize::from(format.channels) {
        return;
    }
    let place = Place {
        frame_bytes: format.frame_bytes(),
        first: channel * format.sample.bytes(),
    };
    match plane {
        Plane::Int32(samples) => match format.sample {
            SampleFormat::Int16 => place.write(samples, out, |s| int16(s).to_le_bytes()),
            SampleFormat::Int24 => place.write(samples, out, |s| packed(int24(s))),
            SampleFormat::Int24In32 => place.write(samples, out, |s| (int24(s) << 8).to_le_bytes()),
            SampleFormat::Int32 => place.write(samples, out, i32::to_le_bytes),
            SampleFormat::Float32 => place.write(samples, out, |s| float(s).to_le_bytes()),
        },
        Plane::Float32(samples) => match format.sample {
            SampleFormat::Int16 => {
                place.write(samples, out, |s| (scaled(s, 15) as i16).to_le_bytes());
            }
            SampleFormat::Int24 => place.write(samples, out, |s| packed(limit24(scaled(s, 23)))),
            SampleFormat::Int24In32 => {
                place.write(samples, out, |s| {
                    (limit24(scaled(s, 23)) << 8).to_le_bytes()
                });
            }
            SampleFormat::Int32 => {
                place.write(samples, out, |s| (scaled(s, 31) as i32).to_le_bytes());
            }
            SampleFormat::Float32 => place.write(samples, out, |s| finite(s).to_le_bytes()),
        },
    }
}

/// Where a channel's samples are in an interleaved buffer. All in bytes.
struct Place {
    frame_bytes: usize,
    first: usize,
}

impl Place {
    fn write<S: Copy, const N: usize>(
        &self,
        samples: &[S],
        out: &mut [u8],
        encode: impl Fn(S) -> [u8; N],
    ) {
        for (frame, &sample) in out.chunks_exact_mut(self.frame_bytes).zip(samples) {
            frame[self.first..self.first + N].copy_from_slice(&encode(sample));
        }
    }
}

fn int16(sample: i32) -> i16 {
    (sample.saturating_add(1 << 15) >> 16) as i16
}

/// The nearest 24-bit integer, as a number.
fn int24(sample: i32) -> i32 {
    sample.saturating_add(1 << 7) >> 8
}

fn packed(value: i32) -> [u8; 3] {
    let [low, middle, high, _] = value.to_le_bytes();
    [low, middle, high]
}

fn float(sample: i32) -> f32 {
    // Both steps round at most once: the division by a power of two is exact.
    sample as f32 / 2_147_483_648.0
}

/// The sample times 2^`bits`, rounded. Through f64, where both steps are exact for every f32, so
/// that the value is rounded once. NaN becomes 0 when cast to an integer, and what is too large the
/// largest: that is how `as` is defined.
fn scaled(sample: f32, bits: u32) -> f64 {
    (f64::from(sample) * f64::from(1u32 << bits)).round_ties_even()
}

fn limit24(value: f64) -> i32 {
    (value as i32).clamp(-(1 << 23), (1 << 23) - 1)
}

/// Floats go through as they are, over full scale too: the system's mixer has the headroom. Only
/// what is no number at all becomes silence, because some devices answer it with full-scale noise.
fn finite(sample: f32) -> f32 {
    if sample.is_finite() { sample } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mono(sample: SampleFormat) -> StreamFormat {
        StreamFormat {
            sample,
            channels: 1,
            rate_hz: 48_000,
            channel_mask: 0,
        }
    }

    /// One sample through the conversion, back as the integer or the float's bits that it became.
    fn through(plane: Plane<'_>, sample: SampleFormat) -> i64 {
        let mut bytes = vec![0xAA; sample.bytes()];
        write_channel(plane, &mut bytes, &mono(sample), 0);
        read(&bytes, sample)
    }

    fn read(bytes: &[u8], sample: SampleFormat) -> i64 {
        match (sample, bytes) {
            (SampleFormat::Int16, &[a, b]) => i64::from(i16::from_le_bytes([a, b])),
            (SampleFormat::Int24, &[a, b, c]) => i64::from(i32::from_le_bytes([0, a, b, c]) >> 8),
            (SampleFormat::Int24In32, &[zero, a, b, c]) => {
                assert_eq!(zero, 0, "24-in-32 is left-aligned with a zero byte (T14)");
                i64::from(i32::from_le_bytes([0, a, b, c]) >> 8)
            }
            (_, &[a, b, c, d]) => i64::from(i32::from_le_bytes([a, b, c, d])),
            _ => panic!("{} bytes are no {sample}", bytes.len()),
        }
    }

    fn int(value: i32, to: SampleFormat) -> i64 {
        through(Plane::Int32(&[value]), to)
    }

    fn flt(value: f32, to: SampleFormat) -> i64 {
        through(Plane::Float32(&[value]), to)
    }

    #[test]
    fn the_ends_of_the_scale() {
        use SampleFormat::*;
        for (format, bits) in [(Int16, 16), (Int24, 24), (Int24In32, 24), (Int32, 32)] {
            let (low, high) = (-(1i64 << (bits - 1)), (1i64 << (bits - 1)) - 1);
            assert_eq!(
                (int(i32::MIN, format), int(i32::MAX, format)),
                (low, high),
                "{format}"
            );
            assert_eq!(
                (flt(-1.0, format), flt(1.0, format)),
                (low, high),
                "{format}"
            );
            assert_eq!(
                (flt(-9.0, format), flt(f32::INFINITY, format)),
                (low, high),
                "{format}"
            );
            assert_eq!((flt(f32::NAN, format), int(0, format)), (0, 0), "{format}");
        }
        let bits = |value: f32| i64::from(value.to_bits() as i32);
        assert_eq!(int(i32::MIN, Float32), bits(-1.0));
        assert_eq!(int(1 << 30, Float32), bits(0.5));
        assert_eq!(flt(1.5, Float32), bits(1.5), "the mixer has headroom");
        assert_eq!(flt(f32::NAN, Float32), bits(0.0));
        assert_eq!(flt(f32::NEG_INFINITY, Float32), bits(0.0));
    }

    #[test]
    fn t14_24_bits_in_32_are_the_upper_ones() {
        let format = mono(SampleFormat::Int24In32);
        let mut bytes = [0xAA; 4];
        write_channel(Plane::Int32(&[0x1234_5678]), &mut bytes, &format, 0);
        // 0x12345678 rounded to 24 bits, above a byte that is zero.
        assert_eq!(bytes, [0, 0x56, 0x34, 0x12]);
        write_channel(Plane::Float32(&[-1.0]), &mut bytes, &format, 0);
        assert_eq!(bytes, [0, 0, 0, 0x80]);
    }

    #[test]
    fn t16_every_channel_has_its_place_and_the_rest_is_left_alone() {
        let format = StreamFormat {
            sample: SampleFormat::Int16,
            channels: 3,
            rate_hz: 1,
            channel_mask: 0,
        };
        let mut bytes = [0xEE; 12 + 3]; // Two frames and a half.
        write_channel(
            Plane::Int32(&[1 << 16, 2 << 16, 3 << 16]),
            &mut bytes,
            &format,
            1,
        );
        assert_eq!(
            bytes,
            [
                0xEE, 0xEE, 1, 0, 0xEE, 0xEE, 0xEE, 0xEE, 2, 0, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE
            ]
        );
        let before = bytes;
        write_channel(Plane::Int32(&[7]), &mut bytes, &format, 3);
        assert_eq!(bytes, before, "a channel that is not there");
    }

    proptest! {
        #[test]
        fn what_fits_is_not_altered(value: i32) {
            use SampleFormat::*;
            prop_assert_eq!(int(value, Int32), i64::from(value));
            prop_assert_eq!(int(value & !0xFF, Int24), i64::from(value >> 8));
            prop_assert_eq!(int(value & !0xFF, Int24In32), i64::from(value >> 8));
            prop_assert_eq!(int(value & !0xFFFF, Int16), i64::from(value >> 16));
            // 24 bits fit a float, and come back from it.
            let wide = (value >> 8) as f32 / 8_388_608.0;
            prop_assert_eq!(int(value & !0xFF, Float32), i64::from(wide.to_bits() as i32));
            prop_assert_eq!(flt(wide, Int24), i64::from(value >> 8));
            prop_assert_eq!(flt(wide, Int24In32), i64::from(value >> 8));
            prop_assert_eq!(flt(wide, Int32), i64::from(value & !0xFF));
            prop_assert_eq!(flt((value >> 16) as f32 / 32_768.0, Int16), i64::from(value >> 16));
        }

        #[test]
        fn what_does_not_fit_is_off_by_half_a_step_at_most(value: i32) {
            for (format, lost) in [(SampleFormat::Int16, 16), (SampleFormat::Int24, 8)] {
                let most = (1i64 << (31 - lost)) - 1;
                let got = int(value, format);
                let error = (got << lost) - i64::from(value);
                let limited = got == most && error < 0;
                prop_assert!(limited || error.abs() <= 1 << (lost - 1), "{} off by {}", value, error);
            }
        }

        #[test]
        fn floats_are_off_by_half_a_step_at_most(value in -1.0f32..1.0) {
            for (format, bits) in
                [(SampleFormat::Int16, 15), (SampleFormat::Int24, 23), (SampleFormat::Int32, 31)]
            {
                let exact = f64::from(value) * f64::from(1u32 << bits);
                let got = flt(value, format);
                let limited = got == (1i64 << bits) - 1 && exact > got as f64;
                prop_assert!(limited || (got as f64 - exact).abs() <= 0.5, "{} to {}", value, got);
            }
        }

        #[test]
        fn louder_never_becomes_quieter(a: i32, b: i32) {
            let (low, high) = (a.min(b), a.max(b));
            for format in SampleFormat::PREFERENCE {
                if format != SampleFormat::Float32 {
                    prop_assert!(int(low, format) <= int(high, format));
                }
            }
        }
    }
}
