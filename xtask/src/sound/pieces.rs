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

/// Takes what was played apart. Every frame must be silent or one of the sound's, bit by bit; no two
/// frames of the sound may be alike.
///
/// # Errors
/// A frame is neither: its number.
pub fn pieces(sound: &Sound, played: &Sound) -> Result<Vec<Piece>> {
    let places: HashMap<&[i32], usize> = (0..sound.frames())
        .map(|number| (sound.frame(number), number))
        .collect();
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < played.frames() {
        if played.frame(at).iter().all(|sample| *sample == 0) {
            at += 1;
            continue;
        }
        let from = *places
            .get(played.frame(at))
            .with_context(|| format!("frame {at} is neither silent nor the sound's"))?;
        let goes_on = |n: &usize| {
            at + n < played.frames()
                && from + n < sound.frames()
                && played.frame(at + n) == sound.frame(from + n)
        };
        let frames = (1..).find(|n| !goes_on(n)).unwrap_or(1);
        pieces.push(Piece {
            at: at as u64,
            from: from as u64,
            frames: frames as u64,
        });
        at += frames;
    }
    Ok(pieces)
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
}
