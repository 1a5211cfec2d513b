//! A tune for whoever has no file at hand.

use std::f64::consts::TAU;

use crate::wav::Wav;

const RATE_HZ: u32 = 48_000;
const SECONDS: u32 = 5;
/// Notes in half tones above the A of 220 Hz.
const NOTES: [i32; 20] = [
    0, 3, 7, 12, 10, 7, 3, 7, -2, 2, 5, 10, 8, 5, 2, 5, 0, 3, 7, 12,
];

/// Five seconds of a plucked melody, with its echo on the right.
pub(crate) fn tune() -> Wav {
    let note_frames = RATE_HZ * SECONDS / NOTES.len() as u32;
    let pluck = |frame: u32| {
        let (note, since) = (frame / note_frames, frame % note_frames);
        let Some(&note) = NOTES.get(note as usize) else {
            return 0.0;
        };
        let seconds = f64::from(since) / f64::from(RATE_HZ);
        let hz = 220.0 * (f64::from(note) / 12.0).exp2();
        let fade = (-6.0 * seconds).exp() * (seconds * 400.0).min(1.0);
        let wave = (TAU * hz * seconds).sin() + 0.3 * (2.0 * TAU * hz * seconds).sin();
        0.4 * fade * wave
    };
    let sample = |value: f64| ((value * 8_388_607.0).round() as i32) << 8;
    let left = (0..RATE_HZ * SECONDS).map(|frame| sample(pluck(frame)));
    let right = (0..RATE_HZ * SECONDS).map(|frame| {
        let echo = frame.checked_sub(note_frames / 2).map_or(0.0, pluck);
        sample(0.7 * echo + 0.3 * pluck(frame))
    });
    Wav::from_planes(RATE_HZ, vec![left.collect(), right.collect()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sounds_and_does_not_clip() {
        let tune = tune();
        assert_eq!((tune.frames(), tune.channels()), (240_000, 2));
        let peak = tune.peak(0, tune.frames()).0;
        assert!((0.2..0.9).contains(&peak), "{peak}");
    }
}
