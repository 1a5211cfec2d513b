//! The sizes that follow from what a bridge is to be.

use super::{BLOCK_FRAMES_MAX, BridgeSpec, CHANNELS_MAX, Clocks, Side};
use crate::resample::{Resampler, Step};

/// What a target has for late wake-ups and for the time in which a clock is learnt.
pub(super) const MARGIN_NS: u64 = 2_000_000;
/// What the ring holds beyond the target and some blocks.
const ROOM_NS: u64 = 100_000_000;
/// The longest target in frames.
const TARGET_FRAMES_MAX: u32 = 1 << 20;
const NS_PER_SECOND: u64 = 1_000_000_000;

/// A specification that was checked, and what follows from it.
pub(super) struct Plan {
    pub(super) spec: BridgeSpec,
    pub(super) resampler: Resampler,
    /// Source frames for a sink frame while the clocks agree.
    pub(super) nominal: Step,
    /// The lead to begin with.
    pub(super) target_frames: u32,
    /// The least lead at which the filter can run.
    pub(super) sliding_frames: u32,
    /// What is kept for sound that is about to begin.
    pub(super) kept_frames: u32,
    /// What the ring holds.
    pub(super) ring_frames: usize,
}

impl Plan {
    /// # Errors
    /// One sentence that tells what is wrong with the specification.
    pub(super) fn new(spec: &BridgeSpec) -> Result<Plan, String> {
        check(spec)?;
        let (from, to) = (spec.source, spec.sink);
        let resampler = Resampler::new(from.rate_hz, to.rate_hz, spec.quality)?;
        let nominal = Step::between(from.rate_hz, to.rate_hz);
        let pull = (f64::from(to.block_frames) * nominal.ratio()).ceil() as u32;
        let in_step = spec.clocks == Clocks::Shared && from.block_frames.is_multiple_of(pull);
        let pull_frames = if in_step { 0 } else { pull };
        let reach_frames = resampler.reach_frames() as u32;
        let slides = nominal != Step::ONE;
        let sliding_frames = pull_frames + reach_frames;
        let usual = match spec.clocks {
            Clocks::Shared if slides => sliding_frames,
            Clocks::Shared => pull_frames,
            Clocks::Apart => sliding_frames + frames_in(MARGIN_NS, from.rate_hz),
        };
        let least = if slides { sliding_frames } else { 0 };
        let target_frames = spec.target_frames.unwrap_or(usual).max(least);
        let kept_frames = target_frames.max(sliding_frames) + 2 * from.block_frames + 2 * pull;
        let room = frames_in(ROOM_NS, from.rate_hz) + 2 * from.block_frames;
        let ring_frames = kept_frames + room;
        Ok(Plan {
            spec: *spec,
            resampler,
            nominal,
            target_frames,
            sliding_frames,
            kept_frames,
            ring_frames: ring_frames as usize,
        })
    }
}

/// As many whole frames as cover that time.
pub(super) fn frames_in(ns: u64, rate_hz: u32) -> u32 {
    (ns * u64::from(rate_hz)).div_ceil(NS_PER_SECOND) as u32
}

fn check(spec: &BridgeSpec) -> Result<(), String> {
    if !(1..=CHANNELS_MAX).contains(&spec.channels) {
        return Err(format!(
            "A bridge cannot have {} channels; use 1 to {CHANNELS_MAX}.",
            spec.channels
        ));
    }
    for Side { block_frames, .. } in [spec.source, spec.sink] {
        if !(1..=BLOCK_FRAMES_MAX).contains(&block_frames) {
            return Err(format!(
                "A bridge cannot take blocks of {block_frames} frames; use 1 to {BLOCK_FRAMES_MAX}."
            ));
        }
    }
    match spec.target_frames {
        Some(frames) if frames > TARGET_FRAMES_MAX => Err(format!(
            "A bridge cannot hold a lead of {frames} frames; use at most {TARGET_FRAMES_MAX}."
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::ClientSample;
    use crate::resample::Quality;

    fn spec(clocks: Clocks, source: (u32, u32), sink: (u32, u32)) -> BridgeSpec {
        let side = |(rate_hz, block_frames)| Side {
            rate_hz,
            block_frames,
        };
        BridgeSpec {
            channels: 2,
            sample: ClientSample::Int32,
            source: side(source),
            sink: side(sink),
            clocks,
            quality: Quality::Best,
            target_frames: None,
        }
    }

    fn target(spec: &BridgeSpec) -> u32 {
        Plan::new(spec).expect("it can be").target_frames
    }

    #[test]
    fn the_target_is_the_sum_that_is_written_down() {
        let at_48 = (48_000, 480);
        assert_eq!(target(&spec(Clocks::Shared, at_48, at_48)), 0);
        assert_eq!(target(&spec(Clocks::Shared, at_48, (48_000, 160))), 0);
        assert_eq!(target(&spec(Clocks::Shared, at_48, (48_000, 512))), 512);
        assert_eq!(target(&spec(Clocks::Shared, (44_100, 441), at_48)), 48);
        assert_eq!(target(&spec(Clocks::Apart, at_48, at_48)), 480 + 48 + 96);
        let half = spec(Clocks::Apart, (96_000, 96), (48_000, 64));
        assert_eq!(target(&half), 128 + 96 + 192);
    }

    #[test]
    fn a_target_that_is_set_holds_where_the_filter_can_run() {
        let at_48 = (48_000, 64);
        let set = |from, to, frames| BridgeSpec {
            target_frames: Some(frames),
            ..spec(Clocks::Apart, from, to)
        };
        assert_eq!(target(&set(at_48, at_48, 7)), 7);
        assert_eq!(target(&set((44_100, 64), at_48, 7)), 59 + 48);
    }

    #[test]
    fn what_cannot_be_is_refused_in_words() {
        let good = spec(Clocks::Apart, (48_000, 64), (48_000, 64));
        let cases = [
            (
                BridgeSpec {
                    channels: 0,
                    ..good
                },
                "0 channels",
            ),
            (
                BridgeSpec {
                    channels: 65,
                    ..good
                },
                "65 channels",
            ),
            (spec(Clocks::Apart, (48_000, 0), (48_000, 64)), "0 frames"),
            (spec(Clocks::Apart, (0, 64), (48_000, 64)), "from 0 Hz"),
            (
                BridgeSpec {
                    target_frames: Some(u32::MAX),
                    ..good
                },
                "4294967295 frames",
            ),
        ];
        for (spec, part) in cases {
            let error = Plan::new(&spec).err().expect("it cannot be");
            assert!(error.contains(part) && error.ends_with('.'), "{error}");
        }
    }
}
