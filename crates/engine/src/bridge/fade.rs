//! From sound to sound, or to silence, without a click.

use crate::curve::smooth;

/// Frames of a fade: short enough to be heard as nothing, long enough not to be heard as a click.
pub(super) const FADE_FRAMES: usize = 64;

/// What a channel's fades have left to do. Counted for all channels at once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fades {
    /// Frames in which the last value before a break still falls to 0.
    falling: usize,
    /// Frames in which the sound behind a break still rises.
    rising: usize,
}

impl Fades {
    /// The sound breaks off: its last value falls to 0.
    pub(super) fn fall(&mut self) {
        self.falling = FADE_FRAMES;
        self.rising = 0;
    }

    /// What sounds next rises from 0.
    pub(super) fn rise(&mut self) {
        self.rising = FADE_FRAMES;
    }

    /// Nothing is to be done.
    pub(super) fn are_over(self) -> bool {
        self.falling == 0 && self.rising == 0
    }

    /// The share of the last value before the break and that of the sound, for each frame from
    /// now on.
    pub(super) fn shares(self) -> impl Iterator<Item = (f64, f64)> {
        (0..).map(move |frame| {
            let falls = left(self.falling.saturating_sub(frame));
            let rises = 1.0 - left(self.rising.saturating_sub(frame));
            (falls, rises)
        })
    }

    /// That many frames of sound were made.
    pub(super) fn pass_sound(&mut self, frames: usize) {
        self.pass_silence(frames);
        self.rising = self.rising.saturating_sub(frames);
    }

    /// That many frames of silence were made: a rise waits for the sound.
    pub(super) fn pass_silence(&mut self, frames: usize) {
        self.falling = self.falling.saturating_sub(frames);
    }
}

/// From 0 at none left to 1 at all of the fade left.
fn left(frames: usize) -> f64 {
    smooth(frames as f64 / FADE_FRAMES as f64)
}
