//! How long a frame takes from the program to the analogue output.
//!
//! Every frame that is sent carries its number. The card's files tell in which of the device's
//! frames each number was heard; the program tells when it was asked for which number; the card's
//! notes on each hand-over join the two clocks.

use crate::rig::card::Block;

/// Frames per second of every run, and of the card.
pub const RATE_HZ: u32 = 48_000;

/// Samples that carry their frames' numbers, counted from 1: stereo, at the top of 32 bits. Eight
/// low bits stay empty, so that a float sample holds the number, too.
pub fn numbered(frames: usize) -> Vec<i32> {
    let numbers = (1..=frames as i32).map(|number| number << 8);
    numbers.flat_map(|sample| [sample, sample]).collect()
}

/// The frames' numbers; 0 for silence and for sounds that are not ours.
pub fn numbers(samples: &[i32], channels: u16) -> Vec<u32> {
    let frames = samples.chunks_exact(usize::from(channels.max(1)));
    let number = |frame: &[i32]| match (u32::try_from(frame[0] >> 8), frame[0] & 0xFF) {
        (Ok(number), 0) => number,
        _ => 0,
    };
    frames.map(number).collect()
}

/// In which of the device's frames each numbered frame was first heard.
pub struct Heard(Vec<Option<u64>>);

impl Heard {
    /// Nothing yet, of so many numbered frames.
    pub fn new(frames: usize) -> Heard {
        Heard(vec![None; frames + 1])
    }

    /// Adds what a converter played, from the device's frame `first_frame` on.
    pub fn add(&mut self, numbers: &[u32], first_frame: u64) {
        for (at, &number) in (first_frame..).zip(numbers) {
            if number > 0
                && let Some(slot) = self.0.get_mut(number as usize)
            {
                slot.get_or_insert(at);
            }
        }
    }

    /// Where a numbered frame was first heard.
    pub fn frame_of(&self, number: usize) -> Option<u64> {
        self.0.get(number).copied().flatten()
    }

    /// Frames from each callback to the analogue output of its first frame, where that was heard.
    pub fn delays(&self, callbacks: &Callbacks<'_>, blocks: &[Block]) -> Vec<u64> {
        let delay = |(index, time_ns): (usize, &u64)| {
            let sent = index * callbacks.block_frames as usize + 1;
            let number = sent.checked_sub(callbacks.lead_in_frames)?;
            let heard = self.frame_of(number)?;
            Some(heard.saturating_sub(frame_at(*time_ns, blocks)?))
        };
        let times = callbacks.times_ns.iter().enumerate();
        times.filter_map(delay).collect()
    }
}

/// When a program was asked for its blocks.
pub struct Callbacks<'a> {
    /// On the performance counter.
    pub times_ns: &'a [u64],
    /// Frames of each.
    pub block_frames: u32,
    /// Frames of silence before the numbered ones.
    pub lead_in_frames: usize,
}

/// The device's frame at an instant, reckoned from the last hand-over before it.
pub fn frame_at(time_ns: u64, blocks: &[Block]) -> Option<u64> {
    let after = blocks.partition_point(|block| block.released_ns <= time_ns);
    let near = blocks.get(after.saturating_sub(1))?;
    let frames = |ns: u64| (u128::from(ns) * u128::from(RATE_HZ) / 1_000_000_000) as u64;
    Some(match time_ns.checked_sub(near.released_ns) {
        Some(later_ns) => near.written_at_frame + frames(later_ns),
        None => near
            .written_at_frame
            .saturating_sub(frames(near.released_ns - time_ns)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn blocks() -> Vec<Block> {
        let block = |ms: u64| Block {
            event_ns: None,
            released_ns: 500 * MS + ms * MS,
            written_at_frame: 7 + ms * 48,
            played_at_frame: None,
        };
        vec![block(0), block(10), block(20)]
    }

    #[test]
    fn the_clocks_are_joined_at_the_nearest_hand_over_before() {
        let blocks = blocks();
        assert_eq!(frame_at(512 * MS, &blocks), Some(7 + 12 * 48));
        assert_eq!(frame_at(530 * MS, &blocks), Some(7 + 30 * 48));
        assert_eq!(frame_at(500 * MS - 20_833, &blocks), Some(7));
        assert_eq!(frame_at(0, &blocks), Some(0));
        assert_eq!(frame_at(0, &[]), None);
    }

    #[test]
    fn only_our_frames_have_numbers() {
        let samples = [0, 9, 3, 9, -256, 9, 7 << 8, 9, 1];
        assert_eq!(numbers(&samples, 2), [0, 0, 0, 7]);
        assert_eq!(numbers(&numbered(3), 2), [1, 2, 3]);
    }

    #[test]
    fn a_delay_is_from_the_callback_to_the_number_that_was_heard() {
        let sound = numbered(960);
        assert_eq!(&sound[..4], [256, 256, 512, 512]);
        let mut heard = Heard::new(960);
        heard.add(&numbers(&[0, 0, 3, 3], 2), 90);
        heard.add(&numbers(&sound, 2), 1_000);
        let callbacks = Callbacks {
            times_ns: &[500 * MS, 510 * MS, 520 * MS],
            block_frames: 480,
            lead_in_frames: 480,
        };
        // The first callback was silence; the second sent number 1.
        let second = 1_000 - (7 + 480);
        assert_eq!(heard.delays(&callbacks, &blocks()), [second, second]);
    }
}
