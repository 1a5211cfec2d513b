//! What arrived of what was sent, frame by frame.

use serde::Serialize;

use super::Sound;
use super::search::{Pair, Place};

/// More faults than this are not told apart: the sound counts as lost from there on.
const DROPOUTS_MAX: u32 = 1000;

/// A place where something is missing, added or wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where in the recording.
    pub at_recorded: usize,
    /// Frames of what was sent that are not there.
    pub missing: usize,
    /// Frames of the recording that are something else.
    pub foreign: usize,
}

/// The result of a comparison. All counts are frames of what was sent, unless noted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// How many were sent.
    pub frames_played: usize,
    /// How many of them arrived, within the tolerance.
    pub frames_found: usize,
    /// The first that did not arrive exactly; none: bit-exact.
    pub first_difference: Option<usize>,
    /// Places where something is missing, added or wrong.
    pub dropouts: u32,
    /// Foreign frames between those that were found.
    pub frames_inserted: usize,
    /// The largest error of a sample that counts as found, in steps of the coarser of the two
    /// depths, rounded up.
    pub max_error_lsb: u32,
    /// Where in the recording the first found frame is.
    pub begin_in_recording: Option<usize>,
    /// Which frame of what was sent that is.
    #[serde(skip)]
    pub begin_in_sent: Option<usize>,
    /// Where in the recording the last found frame ends.
    #[serde(skip)]
    pub end_in_recording: Option<usize>,
    /// Where in what was sent it ends.
    #[serde(skip)]
    pub end_in_sent: Option<usize>,
    /// The faults between these two, in order.
    #[serde(skip)]
    pub faults: Vec<Fault>,
}

impl Comparison {
    /// Everything arrived, in order and within the tolerance.
    pub fn is_complete(&self) -> bool {
        self.frames_played > 0 && self.frames_found == self.frames_played && self.dropouts == 0
    }

    /// Everything arrived without a single changed bit.
    pub fn is_exact(&self) -> bool {
        self.is_complete() && self.first_difference.is_none()
    }
}

/// Compares. A sample counts as found within `tolerance_lsb` steps of the coarser depth.
/// Different channel counts: nothing is found.
pub fn compare(played: &Sound, recorded: &Sound, tolerance_lsb: u32) -> Comparison {
    let lsb_bits = 32 - played.bits.min(recorded.bits);
    let lsb = 1_u64 << lsb_bits;
    let tolerance = u64::from(tolerance_lsb)
        .saturating_mul(lsb)
        .min(u64::from(u32::MAX)) as u32;
    let pair = Pair {
        played,
        recorded,
        tolerance,
    };
    let mut tally = Tally::new(played.frames());
    let begin = if played.channels == recorded.channels && played.frames() > 0 {
        pair.begin()
    } else {
        None
    };
    match begin {
        Some(begin) => walk(&pair, begin, &mut tally),
        None => tally.lost(0, played.frames()),
    }
    let mut result = tally.result;
    result.max_error_lsb = u64::from(tally.max_error).div_ceil(lsb) as u32;
    result.begin_in_recording = begin.map(|place| place.recorded);
    result.begin_in_sent = begin.map(|place| place.played);
    result
}

fn walk(pair: &Pair<'_>, begin: Place, tally: &mut Tally) {
    tally.lost(0, begin.played);
    let (played_end, recorded_end) = (pair.played.frames(), pair.recorded.frames());
    let mut at = begin;
    while at.played < played_end {
        if at.recorded < recorded_end && pair.matches(at) {
            tally.found(at, pair.difference(at));
            at = Place {
                played: at.played + 1,
                recorded: at.recorded + 1,
            };
            continue;
        }
        let next = (tally.result.dropouts < DROPOUTS_MAX)
            .then(|| pair.resume(at))
            .flatten();
        let Some(next) = next else {
            tally.lost(at.played, played_end);
            return;
        };
        tally.fault(at, next);
        at = next;
    }
}

struct Tally {
    result: Comparison,
    /// In steps of the 32-bit grid.
    max_error: u32,
}

impl Tally {
    fn new(frames_played: usize) -> Tally {
        Tally {
            result: Comparison {
                frames_played,
                ..Comparison::default()
            },
            max_error: 0,
        }
    }

    fn found(&mut self, at: Place, error: u32) {
        self.result.frames_found += 1;
        self.result.end_in_recording = Some(at.recorded + 1);
        self.result.end_in_sent = Some(at.played + 1);
        self.max_error = self.max_error.max(error);
        if error > 0 {
            self.result.first_difference.get_or_insert(at.played);
        }
    }

    fn lost(&mut self, from: usize, to: usize) {
        if from < to {
            self.result.dropouts += 1;
            self.result.first_difference.get_or_insert(from);
        }
    }

    fn fault(&mut self, at: Place, next: Place) {
        self.result.dropouts += 1;
        self.result.first_difference.get_or_insert(at.played);
        let (missing, foreign) = (next.played - at.played, next.recorded - at.recorded);
        self.result.frames_inserted += foreign.saturating_sub(missing);
        self.result.faults.push(Fault {
            at_recorded: at.recorded,
            missing,
            foreign,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::make;
    use super::*;

    const SENT: usize = 6000;

    fn noise() -> Sound {
        make::noise(48_000, 2, 16, SENT)
    }

    fn recorded(sound: &Sound) -> Sound {
        sound.between_silence(1234, 777)
    }

    /// Removes and inserts frames of a recording.
    fn splice(sound: &mut Sound, at: usize, remove: usize, insert: &[[i32; 2]]) {
        let range = at * 2..(at + remove) * 2;
        sound
            .samples
            .splice(range, insert.as_flattened().iter().copied());
    }

    #[test]
    fn what_arrives_whole_is_exact() {
        let sent = noise();
        let result = compare(&sent, &recorded(&sent), 0);
        assert!(result.is_exact(), "{result:?}");
        assert_eq!(result.begin_in_recording, Some(1234));
        assert_eq!(result.max_error_lsb, 0);
    }

    #[test]
    fn a_tune_between_silences_is_exact_too() {
        let sent = make::tune(8_000, 24).between_silence(100, 100);
        let result = compare(&sent, &recorded(&sent), 0);
        assert!(result.is_exact(), "{result:?}");
        // The recording's own silence is longer than what was sent of it.
        assert_eq!(result.begin_in_recording, Some(1234));
    }

    #[test]
    fn a_missing_stretch_is_one_dropout() {
        let sent = noise();
        let mut got = recorded(&sent);
        splice(&mut got, 1234 + 2000, 480, &[]);
        let result = compare(&sent, &got, 0);
        assert_eq!(result.dropouts, 1);
        assert_eq!(result.frames_found, SENT - 480);
        assert_eq!(result.first_difference, Some(2000));
        assert_eq!(result.frames_inserted, 0);
        let fault = Fault {
            at_recorded: 1234 + 2000,
            missing: 480,
            foreign: 0,
        };
        assert_eq!(result.faults, [fault]);
        assert_eq!(result.begin_in_sent, Some(0));
        assert_eq!(result.end_in_recording, Some(1234 + SENT - 480));
        assert_eq!(result.end_in_sent, Some(SENT));
    }

    #[test]
    fn an_inserted_silence_is_one_dropout_and_loses_nothing() {
        let sent = noise();
        let mut got = recorded(&sent);
        splice(&mut got, 1234 + 2000, 0, &[[0, 0]; 300]);
        let result = compare(&sent, &got, 0);
        assert_eq!((result.dropouts, result.frames_inserted), (1, 300));
        assert_eq!(result.frames_found, SENT);
        assert!(!result.is_complete());
    }

    #[test]
    fn a_period_that_is_heard_twice_is_found_out() {
        let sent = noise();
        let mut got = recorded(&sent);
        let again: Vec<[i32; 2]> = (0..256)
            .map(|n| [got.frame(2000 + n)[0], got.frame(2000 + n)[1]])
            .collect();
        splice(&mut got, 2256, 0, &again);
        let result = compare(&sent, &got, 0);
        assert_eq!((result.dropouts, result.frames_inserted), (1, 256));
        assert_eq!(result.frames_found, SENT);
    }

    #[test]
    fn one_wrong_bit_is_one_dropout_of_one_frame() {
        let sent = noise();
        let mut got = recorded(&sent);
        got.samples[(1234 + 3000) * 2 + 1] ^= 1 << 16;
        let result = compare(&sent, &got, 0);
        assert_eq!((result.dropouts, result.frames_found), (1, SENT - 1));
        assert_eq!(result.first_difference, Some(3000));
    }

    #[test]
    fn within_the_tolerance_a_difference_is_reported_but_found() {
        let sent = noise();
        let mut got = recorded(&sent);
        let sample = &mut got.samples[(1234 + 3000) * 2];
        *sample = sample.saturating_sub(1 << 16);
        let result = compare(&sent, &got, 1);
        assert!(result.is_complete() && !result.is_exact(), "{result:?}");
        assert_eq!(
            (result.first_difference, result.max_error_lsb),
            (Some(3000), 1)
        );
    }

    #[test]
    fn a_missing_begin_and_a_missing_end_are_counted() {
        let sent = noise();
        let mut got = recorded(&sent);
        splice(&mut got, 1234 + 5000, SENT - 5000 + 777, &[]);
        splice(&mut got, 0, 1234 + 100, &[]);
        let result = compare(&sent, &got, 0);
        assert_eq!((result.dropouts, result.frames_found), (2, 4900));
        assert_eq!(result.first_difference, Some(0));
    }

    #[test]
    fn silence_and_foreign_sound_hold_nothing() {
        let sent = noise();
        let silence = Sound {
            samples: vec![0; 20_000],
            ..sent.clone()
        };
        let result = compare(&sent, &silence, 0);
        assert_eq!((result.frames_found, result.first_difference), (0, Some(0)));
        assert!(!result.is_complete());
        let foreign = make::noise(48_000, 2, 24, SENT);
        assert_eq!(compare(&sent, &foreign, 0).frames_found, 0);
        let mono = Sound {
            channels: 1,
            ..sent.clone()
        };
        assert_eq!(compare(&sent, &mono, 0).frames_found, 0);
        let empty = Sound {
            samples: Vec::new(),
            ..sent.clone()
        };
        assert_eq!(compare(&sent, &empty, 0).frames_found, 0);
        assert!(!compare(&empty, &sent, 0).is_complete());
    }

    #[test]
    fn lower_bits_that_appear_from_nowhere_are_a_difference() {
        let sent = noise();
        let mut got = recorded(&sent);
        got.bits = 32;
        got.samples[(1234 + 10) * 2] |= 1;
        let result = compare(&sent, &got, 1);
        assert_eq!(
            (result.first_difference, result.max_error_lsb),
            (Some(10), 1)
        );
        assert!(result.is_complete());
    }
}
