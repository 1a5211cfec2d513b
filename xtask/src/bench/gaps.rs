//! What of a numbered sound the DAC did not play in its place.

use serde::Serialize;

/// How often and how much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Dropouts {
    /// Places where the sound does not go on with the next number.
    pub count: u64,
    /// Frames of silence in them, and numbers left out or played again.
    pub frames: u64,
}

impl Dropouts {
    /// Of both.
    pub fn plus(self, other: Dropouts) -> Dropouts {
        Dropouts {
            count: self.count + other.count,
            frames: self.frames + other.frames,
        }
    }

    fn note(&mut self, frames: u64) {
        if frames > 0 {
            self.count += 1;
            self.frames += frames;
        }
    }
}

/// Follows the numbers that a converter played, in their order.
pub struct Follower {
    next_number: u64,
    /// Frames without a number since the last one.
    silent_frames: u64,
    /// The frame of the device's after the last one that was looked at.
    next_frame: u64,
    found: Dropouts,
}

impl Follower {
    /// Nothing played yet.
    pub fn new() -> Follower {
        Follower {
            next_number: 1,
            silent_frames: 0,
            next_frame: 0,
            found: Dropouts::default(),
        }
    }

    /// Adds what was played from the device's frame `first_frame` on; 0 is no number.
    pub fn add(&mut self, numbers: &[u32], first_frame: u64) {
        // Between two stretches the converter was silent.
        self.silent_frames += first_frame.saturating_sub(self.next_frame);
        self.next_frame = first_frame + numbers.len() as u64;
        for &number in numbers {
            match u64::from(number) {
                0 => self.silent_frames += 1,
                number => self.step(number),
            }
        }
    }

    fn step(&mut self, number: u64) {
        // Before the first one silence is none of the sound's.
        let silent_frames = match self.next_number {
            1 => 0,
            _ => self.silent_frames,
        };
        let wrong_frames = number.abs_diff(self.next_number);
        self.found.note(silent_frames + wrong_frames);
        self.next_number = number + 1;
        self.silent_frames = 0;
    }

    /// What was found in a sound of so many frames; the end that never came is part of it.
    pub fn finish(mut self, frames: usize) -> Dropouts {
        let missing = (frames as u64 + 1).saturating_sub(self.next_number);
        self.found.note(missing);
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(parts: &[(&[u32], u64)], frames: usize) -> (u64, u64) {
        let mut follower = Follower::new();
        for (numbers, first_frame) in parts {
            follower.add(numbers, *first_frame);
        }
        let found = follower.finish(frames);
        (found.count, found.frames)
    }

    #[test]
    fn silence_around_the_sound_is_none() {
        assert_eq!(follow(&[(&[0, 0, 1, 2, 3, 0, 0], 7)], 3), (0, 0));
        assert_eq!(
            follow(&[(&[0, 0], 0), (&[1, 2], 90), (&[0], 92)], 2),
            (0, 0)
        );
    }

    #[test]
    fn silence_inside_is_one() {
        assert_eq!(follow(&[(&[1, 0, 0, 2, 0, 3], 0)], 3), (2, 3));
        // Nothing was open in between.
        assert_eq!(follow(&[(&[1, 2], 0), (&[3], 9)], 3), (1, 7));
    }

    #[test]
    fn numbers_left_out_or_played_again_are_one() {
        assert_eq!(follow(&[(&[1, 2, 6, 7], 0)], 7), (1, 3));
        assert_eq!(follow(&[(&[1, 2, 0, 5], 0)], 5), (1, 3));
        assert_eq!(follow(&[(&[1, 2, 1, 2, 3], 0)], 3), (1, 2));
        assert_eq!(follow(&[(&[3, 4], 0)], 4), (1, 2));
    }

    #[test]
    fn an_end_that_never_comes_is_one() {
        assert_eq!(follow(&[(&[1, 2, 0], 0)], 4), (1, 2));
        assert_eq!(follow(&[], 4), (1, 4));
    }
}
