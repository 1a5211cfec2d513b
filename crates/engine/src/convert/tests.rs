//! The fast way against plain arithmetic.

use proptest::prelude::*;

use super::*;
use crate::client::Plane;
use crate::format::{SampleFormat, StreamFormat};

fn stream(sample: SampleFormat, channels: u16) -> StreamFormat {
    StreamFormat {
        sample,
        channels,
        rate_hz: 48_000,
        channel_mask: 0,
    }
}

const FORMATS: [SampleFormat; 5] = SampleFormat::PREFERENCE;

/// A device's sample of a client's, by the book.
fn device_of_int(value: i32, sample: SampleFormat) -> Vec<u8> {
    let nearest = |bits: u32| {
        let lost = 32 - bits;
        let half = if lost == 0 { 0 } else { 1i64 << (lost - 1) };
        let top = (1i64 << (bits - 1)) - 1;
        ((i64::from(value) + half) >> lost).min(top)
    };
    match sample {
        SampleFormat::Float32 => {
            let float = (f64::from(value) / 2f64.powi(31)) as f32;
            float.to_le_bytes().to_vec()
        }
        _ => device_bytes(nearest(u32::from(sample.valid_bits())), sample),
    }
}

fn device_of_float(value: f32, sample: SampleFormat) -> Vec<u8> {
    let nearest = |bits: i32| {
        let scaled = (f64::from(value) * 2f64.powi(bits - 1)).round_ties_even();
        let top = 2f64.powi(bits - 1);
        if value.is_nan() {
            0
        } else {
            scaled.clamp(-top, top - 1.0) as i64
        }
    };
    match sample {
        SampleFormat::Float32 if value.is_finite() => value.to_le_bytes().to_vec(),
        SampleFormat::Float32 => vec![0; 4],
        _ => device_bytes(nearest(i32::from(sample.valid_bits())), sample),
    }
}

fn device_bytes(value: i64, sample: SampleFormat) -> Vec<u8> {
    match sample {
        SampleFormat::Int16 => (value as i16).to_le_bytes().to_vec(),
        SampleFormat::Int24 => value.to_le_bytes()[..3].to_vec(),
        SampleFormat::Int24In32 => ((value << 8) as i32).to_le_bytes().to_vec(),
        _ => (value as i32).to_le_bytes().to_vec(),
    }
}

/// A client's sample of a device's bytes, as an integer or a float.
fn client_of(bytes: &[u8], sample: SampleFormat) -> (i32, f32) {
    let wide = match (sample, bytes) {
        (SampleFormat::Int16, &[a, b]) => i32::from_le_bytes([0, 0, a, b]),
        (SampleFormat::Int24, &[a, b, c]) => i32::from_le_bytes([0, a, b, c]),
        (SampleFormat::Int24In32, &[_, a, b, c]) => i32::from_le_bytes([0, a, b, c]),
        (SampleFormat::Int32, &[a, b, c, d]) => i32::from_le_bytes([a, b, c, d]),
        (SampleFormat::Float32, &[a, b, c, d]) => {
            let float = f32::from_le_bytes([a, b, c, d]);
            let scaled = (f64::from(float) * 2f64.powi(31)).round_ties_even();
            let finite = if float.is_finite() { float } else { 0.0 };
            return (scaled as i32, finite);
        }
        _ => panic!("{} bytes are no {sample}", bytes.len()),
    };
    (wide, (f64::from(wide) / 2f64.powi(31)) as f32)
}

fn interleaved<T: Copy>(
    planes: &[Vec<T>],
    frames: usize,
    silence: T,
    sample: impl Fn(T) -> Vec<u8>,
) -> Vec<u8> {
    let at = |frame: usize| {
        let sample = &sample;
        planes
            .iter()
            .flat_map(move |plane| sample(plane.get(frame).copied().unwrap_or(silence)))
    };
    (0..frames).flat_map(at).collect()
}

fn ints(encoder: &mut Encoder, planes: &[Vec<i32>], frames: usize) -> Vec<u8> {
    let mut out = vec![0xEE; frames * encoder.format().frame_bytes()];
    encoder.write(&mut out, |channel| Some(Plane::Int32(&planes[channel])));
    out
}

/// Floats of all kinds: sound, too loud, halfway between two integers, no numbers.
fn any_float() -> impl Strategy<Value = f32> {
    prop_oneof![
        4 => -1.1f32..1.1,
        1 => any::<u32>().prop_map(f32::from_bits),
        1 => (-65_536i32..=65_536).prop_map(|n| n as f32 / 65_536.0),
        1 => (-8i32..=8).prop_map(|n| n as f32 / 16_777_216.0),
        1 => prop::sample::select(vec![1.0, -1.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0]),
    ]
}

/// Integers of all kinds: any, near the ends, and such as fit fewer bits.
fn any_int() -> impl Strategy<Value = i32> {
    prop_oneof![
        4 => any::<i32>(),
        1 => (i32::MAX - 70_000)..=i32::MAX,
        1 => i32::MIN..=(i32::MIN + 70_000),
        1 => any::<i16>().prop_map(|n| i32::from(n) << 16),
        1 => any::<i32>().prop_map(|n| n & !0xFF),
    ]
}

fn planes<T: std::fmt::Debug>(
    sample: impl Strategy<Value = T>,
) -> impl Strategy<Value = Vec<Vec<T>>> {
    let sample = std::rc::Rc::new(sample);
    let channels = prop_oneof![Just(1usize), Just(2), Just(8), 1usize..20];
    (channels, 0usize..40).prop_flat_map(move |(channels, frames)| {
        let plane = prop::collection::vec(std::rc::Rc::clone(&sample), frames);
        prop::collection::vec(plane, channels)
    })
}

proptest! {
    #[test]
    fn integers_become_what_arithmetic_says(planes in planes(any_int()), spare in 0usize..3) {
        let frames = planes[0].len() + spare;
        for sample in FORMATS {
            let encoder = Encoder::new(stream(sample, planes.len() as u16));
            let expected = interleaved(&planes, frames, 0, |s| device_of_int(s, sample));
            for mut encoder in [encoder.clone(), encoder.plain()] {
                prop_assert_eq!(&ints(&mut encoder, &planes, frames), &expected, "{}", sample);
            }
        }
    }

    #[test]
    fn floats_become_what_arithmetic_says(planes in planes(any_float())) {
        let frames = planes[0].len();
        for sample in FORMATS {
            let format = stream(sample, planes.len() as u16);
            let expected = interleaved(&planes, frames, 0.0, |s| device_of_float(s, sample));
            for mut encoder in [Encoder::new(format), Encoder::new(format).plain()] {
                let mut out = vec![0xEE; expected.len()];
                encoder.write(&mut out, |channel| Some(Plane::Float32(&planes[channel])));
                prop_assert_eq!(&out, &expected, "{}", sample);
            }
            let mut by_channel = vec![0xEE; expected.len()];
            for (channel, plane) in planes.iter().enumerate() {
                write_channel(Plane::Float32(plane), &mut by_channel, &format, channel);
            }
            prop_assert_eq!(by_channel, expected, "{}, by channel", sample);
        }
    }

    #[test]
    fn a_device_is_read_as_arithmetic_says(
        bytes in prop::collection::vec(any::<u8>(), 0..3_000),
        channels in prop_oneof![Just(1u16), Just(2), Just(8), 1u16..20],
        room in 0usize..60,
        left_out in 0usize..20,
    ) {
        for sample in FORMATS {
            let format = stream(sample, channels);
            let frames = (bytes.len() / format.frame_bytes()).min(room);
            let mut ints = vec![vec![0x5555_5555; room]; usize::from(channels)];
            let mut floats = vec![vec![0.25; room]; usize::from(channels)];
            let mut planes: Vec<_> = ints.iter_mut().map(|p| Some(PlaneMut::Int32(p))).collect();
            if let Some(plane) = planes.get_mut(left_out) {
                *plane = None;
            }
            Decoder::new(format).read(&bytes, planes);
            let planes: Vec<_> = floats.iter_mut().map(|p| Some(PlaneMut::Float32(p))).collect();
            Decoder::new(format).read(&bytes, planes);
            let mut plain = vec![vec![0.25; room]; usize::from(channels)];
            let planes: Vec<_> = plain.iter_mut().map(|p| Some(PlaneMut::Float32(p))).collect();
            Decoder::new(format).plain().read(&bytes, planes);
            prop_assert_eq!(&plain, &floats);
            for channel in 0..usize::from(channels) {
                for frame in 0..room {
                    let at = frame * format.frame_bytes() + channel * sample.bytes();
                    let (int, float) = match bytes.get(at..at + sample.bytes()) {
                        Some(bytes) if frame < frames => client_of(bytes, sample),
                        _ => (0x5555_5555, 0.25),
                    };
                    let int = if channel == left_out { 0x5555_5555 } else { int };
                    prop_assert_eq!(ints[channel][frame], int, "{} {} {}", sample, channel, frame);
                    prop_assert_eq!(floats[channel][frame].to_bits(), float.to_bits(), "{}", sample);
                }
            }
        }
    }

    #[test]
    fn what_fits_comes_back_as_it_went_with_dither_too(planes in planes(any_int()), seed: u64) {
        let frames = planes[0].len();
        for (sample, lost) in [
            (SampleFormat::Int16, 16),
            (SampleFormat::Int24, 8),
            (SampleFormat::Int24In32, 8),
            (SampleFormat::Int32, 0),
            (SampleFormat::Float32, 8),
        ] {
            let fitting: Vec<Vec<i32>> = planes
                .iter()
                .map(|plane| plane.iter().map(|s| s >> lost << lost).collect())
                .collect();
            let format = stream(sample, planes.len() as u16);
            let mut encoder = Encoder::new(format).with_dither(seed);
            let bytes = ints(&mut encoder, &fitting, frames);
            let mut back = vec![vec![0; frames]; planes.len()];
            let slots: Vec<_> = back.iter_mut().map(|p| Some(PlaneMut::Int32(p))).collect();
            Decoder::new(format).read(&bytes, slots);
            prop_assert_eq!(&back, &fitting, "{}", sample);
            // Through the other client type, which holds 24 bits.
            if sample != SampleFormat::Int32 {
                let mut floats = vec![vec![0.0; frames]; planes.len()];
                let slots: Vec<_> = floats.iter_mut().map(|p| Some(PlaneMut::Float32(p))).collect();
                Decoder::new(format).read(&bytes, slots);
                let mut again = vec![0xEE; bytes.len()];
                encoder.write(&mut again, |channel| Some(Plane::Float32(&floats[channel])));
                prop_assert_eq!(again, bytes, "{} as floats", sample);
            }
        }
    }

    #[test]
    fn louder_never_becomes_quieter(mut values in prop::collection::vec(any_float(), 2..200)) {
        values.retain(|value| !value.is_nan());
        values.sort_by(f32::total_cmp);
        for sample in [SampleFormat::Int16, SampleFormat::Int24, SampleFormat::Int32] {
            let format = stream(sample, 1);
            let mut out = vec![0; values.len() * sample.bytes()];
            Encoder::new(format).write(&mut out, |_| Some(Plane::Float32(&values)));
            let mut back = vec![0; values.len()];
            Decoder::new(format).read(&out, [Some(PlaneMut::Int32(&mut back))]);
            prop_assert!(back.is_sorted(), "{}: {:?}", sample, back);
        }
    }

    #[test]
    fn dither_is_off_by_less_than_two_steps_and_the_same_for_a_seed(
        planes in planes(any_int()),
        seed: u64,
    ) {
        let frames = planes[0].len();
        for (sample, lost) in [(SampleFormat::Int16, 16), (SampleFormat::Int24, 8)] {
            let format = stream(sample, planes.len() as u16);
            let bytes = ints(&mut Encoder::new(format).with_dither(seed), &planes, frames);
            let again = Encoder::new(format).with_dither(seed).plain();
            let again = ints(&mut again.clone(), &planes, frames);
            prop_assert_eq!(&bytes, &again);
            let mut back = vec![vec![0; frames]; planes.len()];
            let slots: Vec<_> = back.iter_mut().map(|p| Some(PlaneMut::Int32(p))).collect();
            Decoder::new(format).read(&bytes, slots);
            for (from, to) in planes.iter().flatten().zip(back.iter().flatten()) {
                let error = i64::from(*to) - i64::from(*from);
                // Near full scale one step more, as it is limited there.
                prop_assert!(error.abs() <= 5i64 << (lost - 1), "{}: {} became {}", sample, from, to);
            }
        }
    }
}

/// Mean and variance of the error over many samples of one level, in steps of the target.
fn error_of(plane: Plane<'_>, exact_steps: f64, sample: SampleFormat, seed: u64) -> (f64, f64) {
    let frames = match plane {
        Plane::Int32(samples) => samples.len(),
        Plane::Float32(samples) => samples.len(),
    };
    let format = stream(sample, 1);
    let mut out = vec![0; frames * sample.bytes()];
    Encoder::new(format)
        .with_dither(seed)
        .write(&mut out, |_| Some(plane));
    let mut back = vec![0; frames];
    Decoder::new(format).read(&out, [Some(PlaneMut::Int32(&mut back))]);
    let step = 2f64.powi(32 - i32::from(sample.valid_bits()));
    let errors = back.iter().map(|s| f64::from(*s) / step - exact_steps);
    let mean = errors.clone().sum::<f64>() / frames as f64;
    let variance = errors.map(|e| (e - mean).powi(2)).sum::<f64>() / frames as f64;
    (mean, variance)
}

/// The mark of triangular dither: neither the mean nor the variance of the error depends on the
/// sample, and the variance is a quarter of a step's square.
#[test]
fn the_error_of_dither_does_not_depend_on_the_sample() {
    const FRAMES: usize = 200_000;
    for (sample, lost) in [(SampleFormat::Int16, 16), (SampleFormat::Int24, 8)] {
        let step = 1i32 << lost;
        for (place, part) in [1, step / 4, step / 2, step - 1].into_iter().enumerate() {
            let value = 100 * step + part;
            let exact = f64::from(value) / f64::from(step);
            let samples = vec![value; FRAMES];
            let (mean, variance) = error_of(Plane::Int32(&samples), exact, sample, place as u64);
            assert!(mean.abs() < 0.006, "{sample}, {part}: mean {mean}");
            assert!(
                (variance - 0.25).abs() < 0.006,
                "{sample}, {part}: variance {variance}"
            );
        }
        let float = 100.3 / 2f32.powi(31 - lost);
        let exact = f64::from(float) * 2f64.powi(31 - lost);
        let (mean, variance) = error_of(Plane::Float32(&[float; FRAMES]), exact, sample, 9);
        assert!(mean.abs() < 0.006, "{sample}, float: mean {mean}");
        assert!(
            (variance - 0.25).abs() < 0.006,
            "{sample}, float: variance {variance}"
        );
    }
}

#[test]
fn the_noise_of_one_sample_tells_nothing_of_the_next() {
    const FRAMES: usize = 100_000;
    let samples = [0x8000; FRAMES];
    let mut out = [0; FRAMES * 2];
    let mut encoder = Encoder::new(stream(SampleFormat::Int16, 1)).with_dither(3);
    encoder.write(&mut out, |_| Some(Plane::Int32(&samples)));
    let errors: Vec<f64> = out
        .chunks_exact(2)
        .map(|b| f64::from(i16::from_le_bytes([b[0], b[1]])) - 0.5)
        .collect();
    for lag in 1..=16 {
        let product = errors.iter().zip(&errors[lag..]).map(|(a, b)| a * b);
        let correlation = product.sum::<f64>() / (FRAMES as f64 * 0.25);
        assert!(correlation.abs() < 0.015, "{lag}: {correlation}");
    }
}

#[test]
fn a_channel_without_a_plane_or_of_another_type_is_silent() {
    for channels in [1u16, 2, 3, 8, 9, 17] {
        for sample in FORMATS {
            let format = stream(sample, channels);
            let mut out = vec![0xEE; 11 * format.frame_bytes()];
            Encoder::new(format).write(&mut out, |_| None);
            assert!(out.iter().all(|byte| *byte == 0), "{format}");
        }
    }
    let format = stream(SampleFormat::Int16, 2);
    let mut out = [0xEE; 8];
    let (ints, floats) = ([1 << 16, 2 << 16], [0.5, 0.5]);
    Encoder::new(format).write(&mut out, |channel| {
        Some([Plane::Int32(&ints), Plane::Float32(&floats)][channel])
    });
    assert_eq!(out, [1, 0, 0, 0, 2, 0, 0, 0]);
}

#[test]
fn long_blocks_are_whole() {
    let planes: Vec<Vec<i32>> = (0..2)
        .map(|channel| (0..1_501).map(|frame| frame * 2 + channel).collect())
        .collect();
    let mut encoder = Encoder::new(stream(SampleFormat::Int32, 2));
    let out = ints(&mut encoder, &planes, 1_501);
    for (place, bytes) in out.chunks_exact(4).enumerate() {
        assert_eq!(bytes, (place as i32).to_le_bytes());
    }
}
