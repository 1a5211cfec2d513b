//! How long a frame takes from the program over the cable back to the program.

use serde::{Deserialize, Serialize};

use super::delay::RATE_HZ;
use super::gaps::{Dropouts, Follower};

/// A transfer between program and device.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Moment {
    /// Its first frame, counted from the stream's first.
    pub first_frame: u64,
    /// When it was made, on the performance counter.
    pub time_ns: u64,
}

/// What came of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RoundTrip {
    /// From handing over to taking back.
    pub frames: u64,
    /// What of the sound did not come back in its place.
    pub dropouts: Dropouts,
}

/// A numbered sound that was played and recorded by one program.
pub struct Journey {
    /// What was handed over, block by block.
    pub handed: Vec<Moment>,
    /// What was taken back, block by block.
    pub taken: Vec<Moment>,
    /// Frames of silence before the numbered ones.
    pub lead_in_frames: u64,
    /// The numbers of the recorded frames; 0 is none.
    pub recorded: Vec<u32>,
}

impl Journey {
    /// What came of a sound of so many frames; none if nothing came back.
    pub fn finish(&self, frames: usize) -> Option<RoundTrip> {
        let mut follower = Follower::new();
        follower.add(&self.recorded, 0);
        Some(RoundTrip {
            frames: self.frames()?,
            dropouts: follower.finish(frames),
        })
    }

    /// Frames from handing over to taking back: of each block the mean over those of its frames
    /// that came back, of these the median.
    fn frames(&self) -> Option<u64> {
        let back = self.back();
        let mut times: Vec<u64> = self
            .handed
            .windows(2)
            .filter_map(|pair| self.of_block(pair[0], pair[1].first_frame, &back))
            .collect();
        times.sort_unstable();
        let middle = times.get(times.len() / 2).copied()?;
        // To the nearest frame.
        let doubled = 2 * u128::from(middle) * u128::from(RATE_HZ) / 1_000_000_000;
        Some(doubled.div_ceil(2) as u64)
    }

    /// For each number when it came back, in nanoseconds.
    fn back(&self) -> Vec<Option<u64>> {
        let last = self.recorded.iter().max().copied().unwrap_or(0);
        let mut back = vec![None; last as usize + 1];
        for (index, moment) in self.taken.iter().enumerate() {
            let end = self
                .taken
                .get(index + 1)
                .map(|next| next.first_frame as usize);
            let end = end.unwrap_or(self.recorded.len()).min(self.recorded.len());
            let numbers = self.recorded.get(moment.first_frame as usize..end);
            for number in numbers.into_iter().flatten() {
                back[*number as usize].get_or_insert(moment.time_ns);
            }
        }
        // Silence has been everywhere.
        back[0] = None;
        back
    }

    /// The mean over a block's frames, in nanoseconds.
    fn of_block(&self, block: Moment, end: u64, back: &[Option<u64>]) -> Option<u64> {
        let (mut total_ns, mut count) = (0, 0);
        for frame in block.first_frame..end {
            let number = (frame + 1).checked_sub(self.lead_in_frames);
            let number = number.and_then(|number| usize::try_from(number).ok());
            let back_ns = number.and_then(|number| *back.get(number)?);
            if let Some(time_ns) = back_ns.and_then(|ns| ns.checked_sub(block.time_ns)) {
                total_ns += time_ns;
                count += 1;
            }
        }
        total_ns.checked_div(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    /// Blocks of 48 frames each millisecond from then on.
    fn moments(from_ms: u64, count: u64) -> Vec<Moment> {
        let moment = |index| Moment {
            first_frame: index * 48,
            time_ns: (from_ms + index) * MS,
        };
        (0..count).map(moment).collect()
    }

    fn journey(delay_frames: usize, lead_in_frames: u64) -> Journey {
        let mut recorded = vec![0; delay_frames + lead_in_frames as usize];
        recorded.extend(1..=4_800);
        Journey {
            handed: moments(70, 101),
            taken: moments(70, 101),
            lead_in_frames,
            recorded,
        }
    }

    #[test]
    fn it_is_what_the_recording_is_behind_whatever_the_blocks() {
        assert_eq!(journey(96, 0).frames(), Some(96));
        assert_eq!(journey(100, 0).frames(), Some(100));
        assert_eq!(journey(143, 480).frames(), Some(143));
    }

    #[test]
    fn taking_it_later_takes_longer() {
        let mut journey = journey(96, 0);
        journey.taken = moments(72, 101);
        assert_eq!(journey.frames(), Some(96 + 2 * 48));
    }

    #[test]
    fn a_torn_sound_tells_its_time_and_its_gaps() {
        let mut torn = journey(96, 0);
        for gap in 0..60 {
            torn.recorded[96 + 70 * gap + 30] = 0;
        }
        let found = torn.finish(4_800).unwrap();
        assert_eq!((found.frames, found.dropouts.count), (96, 60));
        let whole = journey(96, 0).finish(4_800).unwrap();
        assert_eq!(whole.dropouts, Dropouts::default());
    }

    #[test]
    fn what_never_came_back_tells_nothing() {
        let mut journey = journey(96, 0);
        journey.recorded.fill(0);
        assert_eq!(journey.frames(), None);
        journey.taken.clear();
        journey.recorded.clear();
        assert_eq!(journey.frames(), None);
    }
}
