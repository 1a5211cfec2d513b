//! How long the frames of one numbered sound took to the monitor.

use super::players::{Played, lead_in_frames};
use super::timeline::Timeline;
use crate::bench::delay::{Heard, numbers};
use crate::bench::gaps::{Dropouts, Follower};
use crate::rig::listener;

/// The sink's channels.
pub const CHANNELS: u16 = 2;

/// A block as a program handed it over.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// When the program was asked for it, on the performance counter.
    pub time_ns: u64,
    /// Its first frame, counted from the program's first.
    pub first_frame: u64,
}

/// What came of a sound.
pub struct Journey {
    /// For each block that was heard: its number from 0, and the frames from the program's being
    /// asked to the monitor.
    pub delays: Vec<(usize, f64)>,
    /// What of the sound did not come in its place.
    pub dropouts: Dropouts,
}

impl Journey {
    /// Of what a program played.
    pub fn of(played: &Played) -> Journey {
        let lead_in_frames = lead_in_frames() as u64;
        Journey::new(&played.blocks, lead_in_frames, played.frames, &played.heard)
    }

    /// Of a sound of so many numbered frames after so many of silence.
    fn new(
        blocks: &[Block],
        lead_in_frames: u64,
        frames: usize,
        recorded: &listener::Heard,
    ) -> Journey {
        let numbers = numbers(&recorded.samples, CHANNELS);
        let mut heard = Heard::new(frames);
        heard.add(&numbers, 0);
        let mut follower = Follower::new();
        follower.add(&numbers, 0);
        let timeline = Timeline::new(&recorded.arrivals);
        let delay = |(index, block): (usize, &Block)| {
            let number = (block.first_frame + 1).checked_sub(lead_in_frames)?;
            let heard = heard.frame_of(usize::try_from(number).ok()?)?;
            Some((index, heard as f64 - timeline.frame_at(block.time_ns)?))
        };
        Journey {
            delays: blocks.iter().enumerate().filter_map(delay).collect(),
            dropouts: follower.finish(frames),
        }
    }

    /// Half of the blocks among `which` took no longer; none when none of them was heard.
    pub fn p50(&self, which: impl Fn(usize) -> bool) -> Option<f64> {
        let chosen = self.delays.iter().filter(|(index, _)| which(*index));
        let mut delays: Vec<f64> = chosen.map(|(_, frames)| *frames).collect();
        delays.sort_by(f64::total_cmp);
        delays.get(delays.len().checked_sub(1)? / 2).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::delay::numbered;
    use crate::rig::listener::Arrival;

    const MS: u64 = 1_000_000;

    /// 100 ms of silence, then 100 ms of numbers, of which `lost` are missing.
    fn recording(lost: std::ops::Range<usize>) -> listener::Heard {
        let mut samples = vec![0; 9_600];
        let mut sound = numbered(4_800);
        sound[2 * lost.start..2 * lost.end].fill(0);
        samples.extend(sound);
        let arrival = |n: u64| Arrival {
            frames: 480 * (n + 1),
            time_ns: 500 * MS + 10 * n * MS,
        };
        listener::Heard {
            samples,
            arrivals: (0..20).map(arrival).collect(),
        }
    }

    fn blocks() -> Vec<Block> {
        let block = |n: u64| Block {
            time_ns: 500 * MS + (75 + 10 * n) * MS,
            first_frame: 480 * n,
        };
        (0..12).map(block).collect()
    }

    #[test]
    fn a_delay_is_from_the_request_to_the_number_at_the_monitor() {
        // The second block is the first with numbers: asked for at 85 ms, heard at 100 ms.
        let journey = Journey::new(&blocks(), 480, 4_800, &recording(0..0));
        assert_eq!(journey.delays.len(), 10);
        assert_eq!(journey.delays[0].0, 1);
        let p50 = journey.p50(|_| true).unwrap();
        assert!((p50 - 720.0).abs() < 1e-3, "{p50}");
        assert_eq!(journey.dropouts.count, 0);
        assert_eq!(journey.p50(|index| index > 20), None);
    }

    #[test]
    fn what_is_lost_has_no_delay_and_is_a_dropout() {
        let journey = Journey::new(&blocks(), 480, 4_800, &recording(480..500));
        assert_eq!(journey.delays.len(), 9);
        assert_eq!((journey.dropouts.count, journey.dropouts.frames), (1, 40));
    }
}
