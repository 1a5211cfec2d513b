//! How late a thread comes to run after the device's signal.

use crate::math::ln;
use crate::rng::SplitMix64;

/// A distribution of delays, each the sum of its parts. The default is no delay at all.
///
/// The delays are those of wake-ups: the device's clock and what it plays do not jitter with them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WakeSpec {
    /// Always added, in nanoseconds.
    pub fixed_ns: u64,
    /// Root mean square of a part that is shaped like one half of a normal distribution, cut off
    /// at six times this, in nanoseconds.
    pub rms_ns: u64,
    /// Now and then a longer delay.
    pub tail: Option<Tail>,
    /// Rarely a delay of a fixed length.
    pub spike: Option<Spike>,
}

/// A part with an exponential distribution.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tail {
    /// One wake-up in so many has it, on average.
    pub one_in: u32,
    /// Its mean, in nanoseconds; it is cut off at some forty times this.
    pub mean_ns: u64,
}

/// A part of a fixed length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spike {
    /// One wake-up in so many has it, on average.
    pub one_in: u32,
    /// Its length in nanoseconds.
    pub delay_ns: u64,
}

impl WakeSpec {
    /// Delays with that root mean square and nothing else.
    pub const fn jitter(rms_ns: u64) -> Self {
        Self {
            fixed_ns: 0,
            rms_ns,
            tail: None,
            spike: None,
        }
    }

    /// The next delay in nanoseconds.
    pub fn draw(&self, rng: &mut SplitMix64) -> u64 {
        let mut delay_ns = self.fixed_ns;
        if self.rms_ns > 0 {
            delay_ns = delay_ns.saturating_add((bell(rng).abs() * self.rms_ns as f64) as u64);
        }
        if let Some(Tail { one_in, mean_ns }) = self.tail
            && rng.one_in(one_in)
        {
            let length = -ln(1.0 - rng.unit()) * mean_ns as f64;
            delay_ns = delay_ns.saturating_add(length as u64);
        }
        if let Some(Spike {
            one_in,
            delay_ns: spike_ns,
        }) = self.spike
            && rng.one_in(one_in)
        {
            delay_ns = delay_ns.saturating_add(spike_ns);
        }
        delay_ns
    }
}

/// A nearly normal number of mean 0 and deviation 1: twelve even ones added up.
fn bell(rng: &mut SplitMix64) -> f64 {
    (0..12).map(|_| rng.unit()).sum::<f64>() - 6.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draws(spec: WakeSpec, count: u32) -> Vec<f64> {
        let mut rng = SplitMix64::new(1);
        (0..count).map(|_| spec.draw(&mut rng) as f64).collect()
    }

    #[test]
    fn each_part_has_the_size_that_was_set() {
        assert!(draws(WakeSpec::default(), 10).iter().all(|&ns| ns == 0.0));
        let rms = |values: &[f64]| {
            (values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64).sqrt()
        };
        let jitter = draws(WakeSpec::jitter(10_000), 100_000);
        assert!((rms(&jitter) - 10_000.0).abs() < 100.0, "{}", rms(&jitter));
        let tail = WakeSpec {
            fixed_ns: 500,
            tail: Some(Tail {
                one_in: 1,
                mean_ns: 20_000,
            }),
            ..WakeSpec::default()
        };
        let tail = draws(tail, 100_000);
        let mean = tail.iter().sum::<f64>() / tail.len() as f64;
        assert!((mean - 20_500.0).abs() < 300.0, "{mean}");
        let spike = WakeSpec {
            spike: Some(Spike {
                one_in: 100,
                delay_ns: 7,
            }),
            ..WakeSpec::default()
        };
        let spikes = draws(spike, 100_000)
            .iter()
            .filter(|&&ns| ns == 7.0)
            .count();
        assert!((800..1200).contains(&spikes), "{spikes}");
    }
}
