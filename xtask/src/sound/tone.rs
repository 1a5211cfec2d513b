//! A tone, and what of one is heard: sound that is resampled has no frame that could be known again,
//! but a tone stays one, and any frame that is lost or repeated shifts its phase.

use std::f64::consts::TAU;
use std::ops::Range;

use super::Sound;

/// Low, so that a clock that is followed hardly turns it within [`FIT_FRAMES`], and a block that is lost does.
pub const LOW_HZ: f64 = 131.0;
/// Frames that are fitted at a time: a tenth of a second at 48 kHz.
pub const FIT_FRAMES: usize = 4_800;
/// Half of full scale.
const AMPLITUDE: f64 = 0.5;
/// What is louder than this belongs to the tone.
const QUIET: i32 = 1 << 22;

/// A tone on one channel, as 24 bits, after so much silence on all.
pub fn tone(
    rate_hz: u32,
    channels: u16,
    channel: usize,
    hz: f64,
    silent_frames: usize,
    frames: usize,
) -> Sound {
    let at = |n: usize| {
        let phase = TAU * (n as f64 * hz / f64::from(rate_hz)).fract();
        (phase.sin() * AMPLITUDE * f64::from(i32::MAX)) as i32 & !0xFF
    };
    let mut samples = vec![0; (silent_frames + frames) * usize::from(channels)];
    let own = samples
        .chunks_exact_mut(usize::from(channels))
        .skip(silent_frames);
    for (n, frame) in own.enumerate() {
        frame[channel] = at(n);
    }
    Sound {
        rate_hz,
        channels,
        bits: 24,
        samples,
    }
}

/// What was heard of a tone.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Heard {
    /// The first frame that is not quiet.
    pub first_frame: usize,
    /// From the first frame to the last that is not quiet.
    pub frames: usize,
    /// How loud beside the one that was played, in dB.
    pub gain_db: f64,
    /// All that is not the tone, in dB below full scale, as a root mean square: a lost frame is heard in it.
    pub rest_db: f64,
}

/// Looks for the tone of [`tone`] on a channel of what was heard. Its phase is fitted once to each
/// stretch of `fit_frames`, or to all of it where that is longer; the ends are left out.
pub fn heard(sound: &Sound, channel: usize, hz: f64, fit_frames: usize) -> Heard {
    let samples = sound.channel(channel);
    let is_loud = |sample: &i32| sample.unsigned_abs() > QUIET.unsigned_abs();
    let (Some(first), Some(last)) = (
        samples.iter().position(is_loud),
        samples.iter().rposition(is_loud),
    ) else {
        return Heard::default();
    };
    let frames = last + 1 - first;
    let end_frames = sound.rate_hz as usize / 50;
    let inner = first + end_frames..(last + 1).saturating_sub(end_frames);
    if inner.len() < end_frames {
        return Heard {
            first_frame: first,
            frames,
            ..Heard::default()
        };
    }
    let step = hz / f64::from(sound.rate_hz);
    let parts = inner.len().div_ceil(fit_frames.max(end_frames));
    let length = inner.len() / parts;
    let (mut amplitude, mut rest) = (f64::MAX, 0.0_f64);
    for part in 0..parts {
        let begin = inner.start + part * length;
        let (loud, noise) = fit(&samples, begin..begin + length, step);
        amplitude = amplitude.min(loud);
        rest = rest.max(noise);
    }
    Heard {
        first_frame: first,
        frames,
        gain_db: 20.0 * (amplitude / AMPLITUDE).log10(),
        rest_db: 20.0 * rest.max(1e-12).log10(),
    }
}

/// The amplitude of the sine that is nearest, and the root mean square of what is left, full scale 1.
fn fit(samples: &[i32], range: Range<usize>, step: f64) -> (f64, f64) {
    let count = range.len() as f64;
    let value = |n: usize| f64::from(samples[n]) / -f64::from(i32::MIN);
    let wave = |n: usize| (TAU * (n as f64 * step).fract()).sin_cos();
    let (mut ss, mut cc, mut sc, mut xs, mut xc) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for n in range.clone() {
        let ((sin, cos), x) = (wave(n), value(n));
        (ss, cc, sc) = (ss + sin * sin, cc + cos * cos, sc + sin * cos);
        (xs, xc) = (xs + x * sin, xc + x * cos);
    }
    let whole = ss * cc - sc * sc;
    let (a, b) = ((xs * cc - xc * sc) / whole, (xc * ss - xs * sc) / whole);
    let rest: f64 = range
        .map(|n| {
            let (sin, cos) = wave(n);
            (value(n) - a * sin - b * cos).powi(2)
        })
        .sum();
    (a.hypot(b), (rest / count).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HZ: f64 = 997.0;

    #[test]
    fn a_whole_tone_is_known_and_a_lost_frame_is_heard() {
        let whole = tone(48_000, 2, 1, HZ, 1_000, 48_000);
        let found = heard(&whole, 1, HZ, usize::MAX);
        assert!((47_990..=48_000).contains(&found.frames), "{found:?}");
        assert!((1_000..1_010).contains(&found.first_frame), "{found:?}");
        assert!(found.gain_db.abs() < 0.001, "{found:?}");
        assert!(found.rest_db < -135.0, "{found:?}");
        assert_eq!(heard(&whole, 0, HZ, usize::MAX), Heard::default());

        let mut torn = whole;
        torn.samples.drain(40_000..40_002);
        let found = heard(&torn, 1, HZ, usize::MAX);
        assert!(found.rest_db > -45.0, "{found:?}");
        let found = heard(&torn, 1, HZ, 12_000);
        assert!(found.rest_db > -45.0, "{found:?}");
    }
}
