//! From one rate to another, with a ratio that may change from frame to frame.
//!
//! A sink frame is the source's sound at a [`Position`], a place between two source frames. The
//! filter is symmetric around that place, so it delays nothing: what it costs is that the source
//! frames ahead of the place must be there, [`Resampler::reach_frames`] of them. At a whole frame
//! and equal rates the filter passes exactly that frame, so a stream that goes from frame to frame
//! and then begins to slide between them has neither a step nor a jump in time.

mod bank;
mod kernel;
mod position;

use std::ops::Range;

use bank::{Bank, Place};
use fearless_simd::Level;
use kernel::Kernel;

pub use position::{Position, Step};

/// Sink frames that are made at once at most.
pub const BATCH_FRAMES: usize = 32;
/// The source may have this many times the sink's rate at most.
const DOWN_MAX: f64 = 32.0;

/// What the filter is to be good at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Quality {
    /// Inaudible: reaches 48 frames ahead. Noise and distortion of a tone of 997 Hz are below
    /// -150 dB; at 48 kHz it is flat to 0.001 dB up to 20 kHz.
    #[default]
    Best,
    /// Short: reaches 16 frames ahead. Noise and distortion of a tone of 997 Hz are below -105 dB;
    /// at 48 kHz it is flat to 0.1 dB up to 20 kHz, and tones above 19 kHz bring images, which are
    /// above 19 kHz too.
    LowDelay,
}

impl Quality {
    /// Taps at equal rates and the side lobes in dB.
    const fn filter(self) -> (usize, f64) {
        match self {
            Quality::Best => (96, 140.0),
            Quality::LowDelay => (32, 96.0),
        }
    }
}

/// Makes sink frames of source frames. One serves all channels of a stream: [`aim`](Self::aim) at
/// the places of some sink frames, then [`apply`](Self::apply) to each channel. Allocates when it
/// is made and never after.
#[derive(Clone, Debug)]
pub struct Resampler {
    /// The CPU's vector units.
    level: Level,
    kernel: Kernel,
    /// Knows which filters are kept, where that helps.
    bank: Option<Bank>,
    /// One filter behind the other: those that are kept, then those of the batch alone.
    filters: Vec<f64>,
    /// Which of them each of the batch is.
    rows: [usize; BATCH_FRAMES],
    /// Where each filter of the batch begins, in frames behind the first one's beginning.
    starts: [usize; BATCH_FRAMES],
    /// Filters that the batch has.
    aimed: usize,
}

impl Resampler {
    /// A resampler for streams whose rates are about these, in Hz.
    ///
    /// # Errors
    /// One sentence, when a rate is 0 or the source's is more than 32 times the sink's.
    pub fn new(source_hz: u32, sink_hz: u32, quality: Quality) -> Result<Resampler, String> {
        let down = f64::from(source_hz) / f64::from(sink_hz);
        if source_hz == 0 || sink_hz == 0 || down > DOWN_MAX {
            return Err(format!(
                "A stream cannot be resampled from {source_hz} Hz to {sink_hz} Hz; use rates above \
                 0 Hz, the first at most {DOWN_MAX} times the second."
            ));
        }
        let (taps, attenuation_db) = quality.filter();
        let stretch = down.max(1.0);
        let taps = ((taps as f64 * stretch).ceil() as usize).next_multiple_of(8);
        let bank = Bank::new(source_hz, sink_hz, taps);
        let kept = bank.as_ref().map_or(0, Bank::slots);
        Ok(Resampler {
            level: Level::new(),
            kernel: Kernel::new(taps, 1.0 / stretch, attenuation_db),
            bank,
            filters: vec![0.0; taps * (kept + BATCH_FRAMES)],
            rows: [0; BATCH_FRAMES],
            starts: [0; BATCH_FRAMES],
            aimed: 0,
        })
    }

    /// Source frames that the filter needs from a place on, and as many before it.
    pub fn reach_frames(&self) -> usize {
        self.kernel.taps() / 2
    }

    /// The source frames that `frames` sink frames need of which the first is at `at`. None for no
    /// frame.
    pub fn needs(&self, at: Position, step: Step, frames: usize) -> Range<i64> {
        let half = self.reach_frames() as i64;
        let first = at.frame() - (half - 1);
        if frames == 0 {
            return first..first;
        }
        first..at.after(step, frames as u64 - 1).frame() + half + 1
    }

    /// Works out the filters of `frames` sink frames, at most [`BATCH_FRAMES`], of which the first
    /// is at `at`.
    pub fn aim(&mut self, at: Position, step: Step, frames: usize) {
        self.aimed = frames.min(BATCH_FRAMES);
        let mut fractions = [0.0; BATCH_FRAMES];
        let batch = fractions.iter_mut().zip(&mut self.starts);
        for (n, (fraction, start)) in batch.take(self.aimed).enumerate() {
            let place = at.after(step, n as u64);
            *fraction = place.fraction();
            *start = (place.frame() - at.frame()) as usize;
        }
        let fractions = fractions.get(..self.aimed).unwrap_or_default();
        let taps = self.kernel.taps();
        let kept = self.bank.as_ref().map_or(0, Bank::slots);
        for (n, row) in self.rows.iter_mut().enumerate() {
            *row = kept + n;
        }
        let Some(bank) = self.bank.as_mut().filter(|bank| bank.serves(step)) else {
            let own = self.filters.get_mut(kept * taps..).unwrap_or_default();
            return self.kernel.at(self.level, fractions, own);
        };
        for (n, fraction) in fractions.iter().enumerate() {
            let (before, own) = self.rows.split_at_mut(n);
            let Some(row) = own.first_mut() else { return };
            match bank.place(*fraction, before) {
                Place::Kept(slot) => {
                    *row = slot;
                    continue;
                }
                Place::Free(slot) => *row = slot,
                Place::Elsewhere => {}
            }
            let filter = self.filters.get_mut(*row * taps..(*row + 1) * taps);
            let filter = filter.unwrap_or_default();
            self.kernel.at(self.level, &[*fraction], filter);
        }
    }

    /// Makes one channel's sink frames at the places aimed at. `input` holds that channel's frames
    /// that [`needs`](Self::needs) tells; where it is shorter, `out` is left as it is.
    pub fn apply(&self, input: &[f64], out: &mut [f64]) {
        let batch = kernel::Batch {
            taps: self.kernel.taps(),
            filters: &self.filters,
            rows: self.rows.get(..self.aimed).unwrap_or_default(),
            starts: &self.starts,
        };
        kernel::products(self.level, &batch, input, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(need: &Range<i64>) -> Vec<f64> {
        need.clone().map(|frame| frame as f64).collect()
    }

    #[test]
    fn a_sink_frame_is_the_sound_at_its_place() {
        for quality in [Quality::Best, Quality::LowDelay] {
            for (from_hz, to_hz) in [(48_000, 48_000), (44_100, 48_000), (192_000, 44_100)] {
                let mut resampler = Resampler::new(from_hz, to_hz, quality).expect("it can be");
                let step = Step::between(from_hz, to_hz).times(1.0003);
                let at = Position::of_frame(-77).after(step, 3);
                let need = resampler.needs(at, step, BATCH_FRAMES);
                assert_eq!(need.start, at.frame() + 1 - resampler.reach_frames() as i64);
                resampler.aim(at, step, BATCH_FRAMES);
                let mut out = [0.0; BATCH_FRAMES];
                resampler.apply(&ramp(&need), &mut out);
                for (n, sample) in out.iter().enumerate() {
                    let place = at.after(step, n as u64).frames_from(0);
                    // A line is not the filter's business: it has no end. What is left is small.
                    assert!((sample - place).abs() < 0.01, "{sample} at {place}");
                }
            }
        }
    }

    #[test]
    fn a_filter_that_is_kept_is_the_one_that_is_made() {
        for quality in [Quality::Best, Quality::LowDelay] {
            for (from_hz, to_hz) in [(44_100, 48_000), (48_000, 44_100), (48_000, 96_000)] {
                let mut keeps = Resampler::new(from_hz, to_hz, quality).expect("it can be");
                assert!(keeps.bank.is_some());
                let mut makes = keeps.clone();
                makes.bank = None;
                makes.filters = vec![0.0; makes.kernel.taps() * BATCH_FRAMES];
                let step = Step::between(from_hz, to_hz);
                let half_a_slot = Step::between(1, 320);
                let begins = [
                    Position::of_frame(0),
                    Position::of_frame(3).after(half_a_slot, 1),
                    // Days later the last bits are others.
                    Position::of_frame(0).after(step, 1 << 33),
                ];
                for begin in begins {
                    for batch in 0..400 {
                        let at = begin.after(step, batch * 29);
                        // Now and then the clocks are apart for a while.
                        let step = if batch % 97 == 5 {
                            step.times(1.0001)
                        } else {
                            step
                        };
                        let need = keeps.needs(at, step, 29);
                        let noise = need.map(|n| ((n * 7919) % 65_537) as f64);
                        let noise: Vec<f64> = noise.collect();
                        let (mut kept, mut made) = ([0.0; 29], [0.0; 29]);
                        keeps.aim(at, step, 29);
                        keeps.apply(&noise, &mut kept);
                        makes.aim(at, step, 29);
                        makes.apply(&noise, &mut made);
                        assert_eq!(kept, made, "{from_hz} to {to_hz} Hz, {batch}");
                    }
                }
            }
        }
    }

    #[test]
    fn at_whole_frames_all_bits_pass() {
        let mut resampler = Resampler::new(48_000, 48_000, Quality::Best).expect("it can be");
        let need = resampler.needs(Position::of_frame(0), Step::ONE, 8);
        let input: Vec<f64> = need
            .clone()
            .map(|frame| f64::from(i32::MAX - 1 - (frame as i32).pow(2)))
            .collect();
        resampler.aim(Position::of_frame(0), Step::ONE, 8);
        let mut out = [0.0; 8];
        resampler.apply(&input, &mut out);
        let first = -need.start as usize;
        assert_eq!(out, input[first..first + 8]);
    }

    #[test]
    fn too_little_input_and_odd_rates_do_no_harm() {
        assert!(Resampler::new(0, 48_000, Quality::Best).is_err());
        assert!(Resampler::new(48_000, 0, Quality::Best).is_err());
        let error = Resampler::new(384_000, 8_000, Quality::Best).err();
        assert!(error.is_some_and(|text| text.contains("384000 Hz to 8000 Hz")));
        let mut resampler = Resampler::new(48_000, 48_000, Quality::LowDelay).expect("it can be");
        resampler.aim(Position::of_frame(0), Step::ONE, 2);
        let mut out = [7.0; 2];
        resampler.apply(&[0.0; 32], &mut out);
        assert_eq!(out, [0.0, 7.0]);
        assert!(
            resampler
                .needs(Position::of_frame(0), Step::ONE, 0)
                .is_empty()
        );
    }
}
