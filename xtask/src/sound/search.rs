//! Finding a stretch of one sound in another.

use super::Sound;

/// Two sounds side by side, and how far two samples may be apart to count as the same.
pub struct Pair<'a> {
    /// What was sent.
    pub played: &'a Sound,
    /// What arrived.
    pub recorded: &'a Sound,
    /// In steps of the 32-bit grid.
    pub tolerance: u32,
}

/// A frame that was sent, and the place where it arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Index in what was sent.
    pub played: usize,
    /// Index in what arrived.
    pub recorded: usize,
}

/// The first stretch to look for: long enough to be unique in music.
const ANCHOR_FRAMES: usize = 256;
/// How many stretches are tried before the sound counts as absent.
const ANCHOR_TRIES: usize = 200;
/// A stretch to find the way again after a fault.
const RESYNC_FRAMES: usize = 64;
/// How far off a fault may throw the sound, in frames.
const RESYNC_REACH: usize = 96_000;

impl Pair<'_> {
    /// The largest difference between two frames' samples, in steps of the 32-bit grid.
    pub fn difference(&self, place: Place) -> u32 {
        let played = self.played.frame(place.played);
        let recorded = self.recorded.frame(place.recorded);
        played
            .iter()
            .zip(recorded)
            .map(|(p, r)| p.abs_diff(*r))
            .max()
            .unwrap_or(0)
    }

    /// Whether two frames count as the same.
    pub fn matches(&self, place: Place) -> bool {
        self.difference(place) <= self.tolerance
    }

    fn stretch_matches(&self, place: Place, frames: usize) -> bool {
        (0..frames).all(|n| {
            self.matches(Place {
                played: place.played + n,
                recorded: place.recorded + n,
            })
        })
    }

    /// Whether a stretch of what was sent can be told from any other: silence cannot.
    fn is_distinct(&self, begin: usize, frames: usize) -> bool {
        let first = self.played.frame(begin);
        (begin + 1..begin + frames).any(|index| {
            let frame = self.played.frame(index);
            first
                .iter()
                .zip(frame)
                .any(|(a, b)| a.abs_diff(*b) > self.tolerance)
        })
    }

    fn find(&self, begin: usize, frames: usize, from: usize, to: usize) -> Option<Place> {
        let last = self.recorded.frames().checked_sub(frames)?;
        (from..to.min(last + 1))
            .map(|recorded| Place {
                played: begin,
                recorded,
            })
            .find(|place| self.stretch_matches(*place, frames))
    }

    /// Where the sound begins to arrive; matching frames before it belong to it as well.
    pub fn begin(&self) -> Option<Place> {
        let frames = ANCHOR_FRAMES.min(self.played.frames());
        let room = self.played.frames() - frames;
        let step = (room / ANCHOR_TRIES).max(1);
        let first = self.first_sound().saturating_sub(8).min(room);
        let found = (first..=room)
            .step_by(step)
            .filter(|begin| self.is_distinct(*begin, frames))
            .find_map(|begin| self.find(begin, frames, 0, usize::MAX))?;
        Some(self.back(
            found,
            Place {
                played: 0,
                recorded: 0,
            },
        ))
    }

    fn first_sound(&self) -> usize {
        let is_sound = |sample: &i32| sample.unsigned_abs() > self.tolerance;
        let index = self.played.samples.iter().position(is_sound).unwrap_or(0);
        index / usize::from(self.played.channels)
    }

    /// Where the sound goes on behind a fault at `fault`.
    pub fn resume(&self, fault: Place) -> Option<Place> {
        let left = self.played.frames() - fault.played;
        let near = [0, 1, 2, 4, 8, 16, 32];
        let far = (RESYNC_FRAMES..RESYNC_REACH).step_by(RESYNC_FRAMES);
        near.into_iter()
            .chain(far)
            .take_while(|skip| skip + RESYNC_FRAMES <= left)
            .find_map(|skip| {
                let begin = fault.played + skip;
                if !self.is_distinct(begin, RESYNC_FRAMES) {
                    return None;
                }
                let to = fault.recorded + skip + RESYNC_REACH;
                let found = self.find(begin, RESYNC_FRAMES, fault.recorded, to)?;
                Some(self.back(found, fault))
            })
    }

    /// Goes back over matching frames, not beyond `limit`.
    fn back(&self, from: Place, limit: Place) -> Place {
        let mut place = from;
        while place.played > limit.played && place.recorded > limit.recorded {
            let before = Place {
                played: place.played - 1,
                recorded: place.recorded - 1,
            };
            if !self.matches(before) {
                break;
            }
            place = before;
        }
        place
    }
}
