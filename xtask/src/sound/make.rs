//! Sound out of nothing: noise that tests every bit, and a short tune for people.

use std::f64::consts::TAU;

use super::Sound;

/// Full-range noise in which no stretch looks like another, so that a fragment tells its place.
/// The first frames hold the extreme values. Same arguments, same noise.
#[cfg(not(windows))]
pub fn noise(rate_hz: u32, channels: u16, bits: u32, frames: usize) -> Sound {
    let mask = -1_i32 << (32 - bits);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ u64::from(bits);
    let count = frames * usize::from(channels);
    let mut samples: Vec<i32> = (0..count).map(|_| next(&mut state) & mask).collect();
    for (sample, extreme) in samples
        .iter_mut()
        .zip([i32::MIN, i32::MAX, i32::MAX, i32::MIN])
    {
        *sample = extreme & mask;
    }
    Sound {
        rate_hz,
        channels,
        bits,
        samples,
    }
}

/// SplitMix64, the upper half.
#[cfg(not(windows))]
fn next(state: &mut u64) -> i32 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 32) as i32
}

/// One note of the tune: its begin in beats, its distance from A4 in semitones, its place between
/// left (0.0) and right (1.0).
struct Note(f64, i32, f64);

const NOTES: [Note; 12] = [
    Note(0.0, -21, 0.5),
    Note(0.0, -9, 0.3),
    Note(0.5, -5, 0.6),
    Note(1.0, -2, 0.4),
    Note(1.5, 3, 0.7),
    Note(2.0, -16, 0.5),
    Note(2.0, 7, 0.3),
    Note(2.5, 3, 0.6),
    Note(3.0, 0, 0.4),
    Note(3.5, -4, 0.7),
    Note(4.0, -21, 0.5),
    Note(4.0, 3, 0.5),
];
const BEAT_SECONDS: f64 = 0.55;
const TUNE_SECONDS: f64 = 4.0;
const NOTE_LEVEL: f64 = 0.3;

/// A few seconds of plucked notes, stereo. The last frame is quiet.
pub fn tune(rate_hz: u32, bits: u32) -> Sound {
    let rate = f64::from(rate_hz);
    let frames = (TUNE_SECONDS * rate) as usize;
    let mut mix = vec![[0.0_f64; 2]; frames];
    for Note(beat, semitones, place) in &NOTES {
        let begin = (beat * BEAT_SECONDS * rate) as usize;
        let frequency = 440.0 * (f64::from(*semitones) / 12.0).exp2();
        for (index, frame) in mix[begin..].iter_mut().enumerate() {
            let value = pluck(frequency, index as f64 / rate);
            frame[0] += value * (1.0 - place).sqrt();
            frame[1] += value * place.sqrt();
        }
    }
    let step = f64::from(1_u32 << (bits - 1)) - 1.0;
    let fade_frames = rate / 4.0;
    let quantise = |(index, value): (usize, &f64)| {
        let fade = ((frames - 1 - index / 2) as f64 / fade_frames).min(1.0);
        ((value * fade * step).round() as i32) << (32 - bits)
    };
    let samples = mix
        .as_flattened()
        .iter()
        .enumerate()
        .map(quantise)
        .collect();
    Sound {
        rate_hz,
        channels: 2,
        bits,
        samples,
    }
}

/// A struck string, `seconds` after the stroke: overtones that die sooner the higher they are.
fn pluck(frequency: f64, seconds: f64) -> f64 {
    let attack = (seconds / 0.004).min(1.0);
    let tone: f64 = (1..=5)
        .map(|n| {
            let n = f64::from(n);
            (TAU * frequency * n * seconds).sin() * (-seconds * (1.2 + 1.1 * n)).exp() / n
        })
        .sum();
    NOTE_LEVEL * attack * tone
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tune_neither_clips_nor_ends_with_a_click() {
        for bits in [16, 24, 32] {
            let tune = tune(48_000, bits);
            let peak = tune.samples.iter().map(|s| s.unsigned_abs()).max().unwrap();
            assert!(peak > 1 << 29, "too quiet: {peak}");
            assert!(peak < (1 << 31) - (1 << 16), "clips: {peak}");
            assert!(tune.samples.iter().all(|s| s.trailing_zeros() >= 32 - bits));
            assert_eq!(tune.samples[tune.samples.len() - 2..], [0, 0]);
        }
    }

    #[cfg(not(windows))]
    #[test]
    fn noise_uses_its_bits_and_repeats_nowhere() {
        let noise = noise(48_000, 2, 16, 10_000);
        assert_eq!(noise.samples[..2], [i32::MIN, i32::MAX & !0xffff]);
        assert!(noise.samples.iter().all(|sample| sample & 0xffff == 0));
        let mut windows: Vec<&[i32]> = noise.samples.windows(8).collect();
        windows.sort_unstable();
        assert!(windows.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
