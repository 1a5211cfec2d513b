//! Which pieces of a sound a converter played, and where it was silent.

use std::collections::HashMap;

use anyhow::{Context, Result};

use super::Sound;

/// Frames in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where they are in what was played.
    pub at: u64,
    /// The number of the first in the sound.
    pub from: u64,
    /// How many.
    pub frames: u64,
}

impl Piece {
    /// The frame of the sound after the last.
    pub fn end(&self) -> u64 {
        self.from + self.frames
    }
}

/// How long the sound may take to rise from silence or to fall to it, in parts of a second: one over it.
const FADE_PART: usize = 100;
/// What rounding and dither may add to a faded sample, where full scale is 2^31: a few steps of 16 bits.
const FADED_OFF_MAX: f64 = 262_144.0;

/// Takes what was played apart. Every frame must be silent or one of the sound's, bit by bit, but for
/// the ends of a piece, which may fade: there every frame must be the sound's times a gain, the same
/// for all channels, that rises or falls all the time. No two frames of the sound may be alike.
///
/// # Errors
/// A frame is none of these: its number.
pub fn pieces(sound: &Sound, played: &Sound) -> Result<Vec<Piece>> {
    let places: HashMap<&[i32], usize> = (0..sound.frames())
        .map(|number| (sound.frame(number), number))
        .collect();
    let fade_frames = sound.rate_hz as usize / FADE_PART;
    let is_silent = |at: usize| played.frame(at).iter().all(|sample| *sample == 0);
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < played.frames() {
        if is_silent(at) {
            at += 1;
            continue;
        }
        let place_at = |n: usize| {
            let inside = at + n < played.frames();
            inside.then(|| places.get(played.frame(at + n))).flatten()
        };
        let found = (0..=fade_frames).find_map(|n| Some((n, *place_at(n)?)));
        let (rising, from) = found
            .filter(|(rising, from)| from >= rising)
            .map(|(rising, from)| (rising, from - rising))
            .filter(|(rising, from)| fades(sound, *from, played, at, *rising, true))
            .with_context(|| format!("frame {at} is neither silent nor the sound's"))?;
        let goes_on = |n: &usize| {
            at + n < played.frames()
                && from + n < sound.frames()
                && played.frame(at + n) == sound.frame(from + n)
        };
        let exact = (rising + 1..).find(|n| !goes_on(n)).unwrap_or(rising + 1);
        let falling = (0..=fade_frames)
            .find(|n| at + exact + n >= played.frames() || is_silent(at + exact + n))
            .filter(|n| fades(sound, from + exact, played, at + exact, *n, false))
            .unwrap_or(0);
        let frames = exact + falling;
        pieces.push(Piece {
            at: at as u64,
            from: from as u64,
            frames: frames as u64,
        });
        at += frames;
    }
    Ok(pieces)
}

/// Whether that many frames are the sound's with a gain that only rises, or only falls.
fn fades(
    sound: &Sound,
    from: usize,
    played: &Sound,
    at: usize,
    frames: usize,
    rises: bool,
) -> bool {
    if from + frames > sound.frames() || at + frames > played.frames() {
        return false;
    }
    let mut last = if rises { 0.0 } else { 1.0 };
    let outermost = if rises { 0 } else { frames.saturating_sub(1) };
    (0..frames).all(|n| {
        let pairs = || {
            let heard = played.frame(at + n).iter().map(|sample| f64::from(*sample));
            let whole = sound
                .frame(from + n)
                .iter()
                .map(|sample| f64::from(*sample));
            heard.zip(whole)
        };
        let square: f64 = pairs().map(|(_, whole)| whole * whole).sum();
        let gain = pairs().map(|(heard, whole)| heard * whole).sum::<f64>() / square.max(1.0);
        let is_one_gain =
            pairs().all(|(heard, whole)| (heard - gain * whole).abs() <= FADED_OFF_MAX);
        // How well a gain is known depends on how loud the frame is.
        let slack = 2.0 * FADED_OFF_MAX / square.sqrt().max(1.0);
        let goes_on = if rises {
            gain >= last - slack
        } else {
            gain <= last + slack
        };
        last = gain;
        let most = if n == outermost { 0.1 } else { 1.0 };
        is_one_gain && goes_on && (-slack..=most + slack).contains(&gain)
    })
}

#[cfg(test)]
mod tests {
    use super::super::make;
    use super::*;

    #[test]
    fn what_is_cut_and_torn_is_found_and_what_is_foreign_is_told() {
        let sound = make::noise(48_000, 2, 24, 1000);
        let mut played = sound.between_silence(7, 0);
        // 100 frames of silence in the middle, the last 50 frames cut off.
        played.samples.splice(2 * 307..2 * 307, [0; 200]);
        played.samples.truncate(2 * (7 + 100 + 950));
        let piece = |at, from, frames| Piece { at, from, frames };
        assert_eq!(
            pieces(&sound, &played).unwrap(),
            [piece(7, 0, 300), piece(407, 300, 650)]
        );
        played.samples[2 * 10] ^= 1 << 8;
        let error = pieces(&sound, &played).unwrap_err().to_string();
        assert!(error.starts_with("frame 10 "), "{error}");
    }

    /// The same with a gain that rises over `frames` of it from `at` on, or falls.
    fn fade(played: &mut Sound, at: usize, frames: usize, rises: bool) {
        for n in 0..frames {
            let x = (n + 1) as f64 / (frames + 1) as f64;
            let gain = if rises { x } else { 1.0 - x };
            for sample in &mut played.samples[2 * (at + n)..2 * (at + n + 1)] {
                *sample = (f64::from(*sample) * gain).round() as i32;
            }
        }
    }

    #[test]
    fn ends_may_fade_and_count_as_the_sounds() {
        let sound = make::noise(48_000, 2, 24, 3000);
        let mut played = sound.between_silence(20, 20);
        fade(&mut played, 20, 480, true);
        fade(&mut played, 20 + 3000 - 480, 480, false);
        let piece = |at, from, frames| Piece { at, from, frames };
        assert_eq!(pieces(&sound, &played).unwrap(), [piece(20, 0, 3000)]);
        // A fade that goes up and down is none.
        for sample in &mut played.samples[2 * 200..2 * 210] {
            *sample /= 4;
        }
        assert!(pieces(&sound, &played).is_err());
        // One channel alone does not fade.
        let mut played = sound.between_silence(20, 20);
        fade(&mut played, 20, 480, true);
        played.samples[2 * 220] /= 2;
        assert!(pieces(&sound, &played).is_err());
    }
}
