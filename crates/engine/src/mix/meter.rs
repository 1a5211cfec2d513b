//! Peak and RMS of each channel, for anybody to read at any time.

use std::sync::Arc;

use rt::Gauge;

/// How fast a peak falls: 20 dB in 1.5 s.
const FALL_DB_PER_SECOND: f64 = 20.0 / 1.5;
/// The time over which RMS is weighed, in seconds.
const RMS_SECONDS: f64 = 0.3;

/// How loud a channel is, full scale 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Level {
    /// The largest magnitude of late; it falls by 20 dB in 1.5 s, so that nobody misses it who
    /// looks now and then.
    pub peak: f32,
    /// Root mean square, the past weighed down by a time of 0.3 s.
    pub rms: f32,
}

impl Level {
    fn to_word(self) -> u64 {
        u64::from(self.peak.to_bits()) << 32 | u64::from(self.rms.to_bits())
    }

    fn of_word(word: u64) -> Level {
        Level {
            peak: f32::from_bits((word >> 32) as u32),
            rms: f32::from_bits(word as u32),
        }
    }
}

/// The levels of some channels: any number of readers on any thread, none of which delays the
/// mixer. Both numbers of a level are of the same block.
#[derive(Clone, Debug)]
pub struct Meters(Arc<[Gauge]>);

impl Meters {
    fn new(channels: usize) -> Meters {
        Meters((0..channels).map(|_| Gauge::new(0)).collect())
    }

    /// Channels.
    pub fn channels(&self) -> usize {
        self.0.len()
    }

    /// A channel's level; silence where there is no such channel.
    pub fn level(&self, channel: usize) -> Level {
        let gauge = self.0.get(channel);
        gauge.map_or_else(Level::default, |gauge| Level::of_word(gauge.get()))
    }
}

/// Measures channels; the mixer's end of [`Meters`].
#[derive(Debug)]
pub(super) struct Measure {
    meters: Meters,
    /// Peak and mean square of each.
    states: Vec<(f32, f64)>,
    rate_hz: f64,
    /// What is left after a block of so many frames, of a peak and of the past.
    frames: usize,
    fall: f32,
    past: f64,
}

impl Measure {
    pub(super) fn new(channels: usize, rate_hz: u32) -> Measure {
        Measure {
            meters: Meters::new(channels),
            states: vec![(0.0, 0.0); channels],
            rate_hz: f64::from(rate_hz),
            frames: 0,
            fall: 1.0,
            past: 1.0,
        }
    }

    pub(super) fn meters(&self) -> Meters {
        self.meters.clone()
    }

    /// A block of so many frames begins.
    pub(super) fn begin(&mut self, frames: usize) {
        if self.frames == frames {
            return;
        }
        self.frames = frames;
        let seconds = frames as f64 / self.rate_hz;
        self.fall = 10.0_f64.powf(-FALL_DB_PER_SECOND * seconds / 20.0) as f32;
        self.past = (-seconds / RMS_SECONDS).exp();
    }

    /// A channel's block.
    pub(super) fn take(&mut self, channel: usize, samples: &[f32]) {
        let (Some(state), Some(gauge)) = (self.states.get_mut(channel), self.meters.0.get(channel))
        else {
            return;
        };
        let (peak, square) = measure(samples);
        let (old_peak, old_square) = *state;
        let mean = square / samples.len().max(1) as f64;
        state.0 = peak.max(old_peak * self.fall);
        state.1 = mean + (old_square - mean) * self.past;
        gauge.set(
            Level {
                peak: state.0,
                rms: state.1.sqrt() as f32,
            }
            .to_word(),
        );
    }
}

/// The largest magnitude, and the sum of the squares.
fn measure(samples: &[f32]) -> (f32, f64) {
    const LANES: usize = 8;
    let mut peaks = [0.0_f32; LANES];
    let mut squares = [0.0_f64; LANES];
    let (pieces, rest) = samples.as_chunks::<LANES>();
    for piece in pieces {
        // By numbers, so that it becomes vectors in every build.
        #[allow(clippy::needless_range_loop)]
        for lane in 0..LANES {
            let size = piece[lane].abs();
            if size > peaks[lane] {
                peaks[lane] = size;
            }
            squares[lane] += f64::from(size) * f64::from(size);
        }
    }
    for sample in rest {
        peaks[0] = peaks[0].max(sample.abs());
        squares[0] += f64::from(*sample) * f64::from(*sample);
    }
    let peak = peaks.into_iter().fold(0.0, f32::max);
    (peak, squares.into_iter().sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(measure: &mut Measure, samples: &[f32], blocks: usize) {
        for _ in 0..blocks {
            measure.begin(samples.len());
            measure.take(0, samples);
        }
    }

    #[test]
    fn a_tone_has_its_peak_and_its_rms() {
        let mut measure = Measure::new(1, 48_000);
        let tone: Vec<f32> = (0..480)
            .map(|n| (n as f32 * std::f32::consts::TAU / 48.0).sin() * 0.5)
            .collect();
        run(&mut measure, &tone, 1_000);
        let level = measure.meters().level(0);
        assert!((level.peak - 0.5).abs() < 1e-6, "{level:?}");
        assert!((level.rms - 0.5 / 2.0_f32.sqrt()).abs() < 1e-4, "{level:?}");
    }

    #[test]
    fn a_peak_falls_by_20_db_in_a_second_and_a_half_whatever_the_block() {
        for frames in [48, 64, 1_000] {
            let mut measure = Measure::new(1, 48_000);
            run(&mut measure, &[1.0], 1);
            run(&mut measure, &vec![0.0; frames], 72_000 / frames);
            let level = measure.meters().level(0);
            assert!((level.peak - 0.1).abs() < 0.002, "{level:?}");
        }
        assert_eq!(Measure::new(1, 48_000).meters().level(1), Level::default());
    }

    #[test]
    fn every_sample_counts_whatever_the_length() {
        for frames in 1..40 {
            for at in 0..frames {
                let mut samples = vec![0.25_f32; frames];
                samples[at] = -3.0;
                let (peak, square) = measure(&samples);
                assert_eq!(peak, 3.0);
                assert_eq!(square, 9.0 + (frames - 1) as f64 / 16.0);
            }
        }
    }
}
