//! What comes out of the matrix, against a reference in 64-bit floats.

use proptest::prelude::*;

use crate::client::Plane;
use crate::mix::{MixControl, MixSpec, Mixer, mixer};

const RATE_HZ: u32 = 48_000;

fn make(sources: usize, sinks: usize, ramp_frames: usize) -> (MixControl, Mixer) {
    mixer(&MixSpec {
        sources,
        sinks,
        block_frames: 64,
        ramp_frames,
        rate_hz: RATE_HZ,
    })
    .expect("it can be")
}

/// One block; what each sink gets.
fn cycle(mixer: &mut Mixer, sources: &[Vec<f32>], frames: usize) -> Vec<Vec<f32>> {
    let sinks = mixer.spec().sinks;
    mixer.begin(frames);
    for (channel, samples) in sources.iter().enumerate() {
        mixer.source(channel, Plane::Float32(samples));
    }
    (0..sinks).for_each(|sink| mixer.make(sink));
    let made = (0..sinks).map(|sink| mixer.sink(sink).to_vec()).collect();
    mixer.end();
    made
}

/// Sound that has every exponent that sound has.
fn sample() -> impl Strategy<Value = f32> {
    (-1.0_f32..1.0, 0..40).prop_map(|(sample, down)| sample * 0.5_f32.powi(down))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn sums_are_within_their_bound(
        sources in prop::collection::vec(prop::collection::vec(sample(), 37), 1..70),
        factors in prop::collection::vec(-16.0_f32..16.0, 70 * 3),
    ) {
        let factors = &factors[..sources.len() * 3];
        let (mut control, mut best) = make(sources.len(), 3, 0);
        control.set(factors).expect("as many as pairs");
        let made = cycle(&mut best, &sources, 37);
        let (mut control, plain) = make(sources.len(), 3, 0);
        control.set(factors).expect("as many as pairs");
        prop_assert_eq!(&made, &cycle(&mut plain.plain(), &sources, 37), "of another unit");
        for (sink, made) in made.iter().enumerate() {
            let factors = &factors[sink * sources.len()..][..sources.len()];
            for (frame, made) in made.iter().enumerate() {
                let products = || {
                    let pairs = sources.iter().zip(factors);
                    pairs.map(move |(source, factor)| f64::from(source[frame]) * f64::from(*factor))
                };
                let exact = neumaier(products());
                let sizes: f64 = products().map(f64::abs).sum();
                let half_step = f64::from(made.abs()).max(f64::from(f32::MIN_POSITIVE)) * 2.0_f64.powi(-24);
                let bound = half_step + sources.len() as f64 * 2.0_f64.powi(-52) * sizes;
                prop_assert!((f64::from(*made) - exact).abs() <= bound, "{made} is not {exact}");
            }
        }
    }

    /// Whatever bits a number has, a route that needs not change them does not.
    #[test]
    fn one_route_of_unity_is_exact(bits in prop::collection::vec(any::<u32>(), 64)) {
        let source: Vec<f32> = bits.iter().map(|bits| f32::from_bits(*bits)).collect();
        let (mut control, mut mixer) = make(2, 2, 0);
        // Straight; and together with silence.
        control.set(&[1.0, 0.0, 1.0, 0.5]).expect("as many as pairs");
        let made = cycle(&mut mixer, &[source.clone(), vec![0.0; 64]], 64);
        for (made, source) in made[0].iter().zip(&source).filter(|(_, s)| s.is_finite()) {
            prop_assert_eq!(made.to_bits(), source.to_bits());
        }
        for (made, source) in made[1].iter().zip(&source).filter(|(_, s)| s.is_finite()) {
            prop_assert_eq!(made, source);
        }
        for (made, source) in made.iter().flatten().zip(source.iter().chain(&source)) {
            prop_assert!(source.is_finite() || *made == 0.0, "{source} became {made}");
        }
    }

    /// At any time, in any direction: no frame's factor is further from the last than the curve is
    /// steep, and at the end of the ramp it is the new one.
    #[test]
    fn changes_make_no_clicks(
        steps in prop::collection::vec((-2.0_f32..2.0, 1_usize..6), 1..8),
        frames in 1_usize..=64,
    ) {
        const RAMP: usize = 96;
        let (mut control, mut mixer) = make(1, 1, RAMP);
        let ones = vec![1.0_f32; frames];
        let mut last = 0.0_f32;
        for (factor, blocks) in steps {
            control.set(&[factor]).expect("one pair");
            for _ in 0..blocks {
                for sample in &cycle(&mut mixer, std::slice::from_ref(&ones), frames)[0] {
                    // Steepest in the middle, where the curve's slope is 15/8; from -2 to 2 at the most.
                    let steepest = 4.0 * 15.0 / 8.0 / RAMP as f32;
                    prop_assert!((sample - last).abs() <= steepest * 1.001, "{last} to {sample}");
                    last = *sample;
                }
            }
            if blocks * frames >= RAMP {
                prop_assert_eq!(last, factor);
            }
        }
    }

    /// How a stretch is cut into blocks changes no bit.
    #[test]
    fn blocks_do_not_matter(cuts in prop::collection::vec(1_usize..=64, 1..20), factor in -2.0_f32..2.0) {
        let total: usize = cuts.iter().sum();
        let sound: Vec<f32> = (0..total).map(|n| (n as f32 * 0.37).sin()).collect();
        let run = |cuts: &[usize]| {
            let (mut control, mut mixer) = make(2, 1, 100);
            control.set(&[factor, 0.25]).expect("two pairs");
            let mut at = 0;
            let mut all = Vec::new();
            for frames in cuts {
                let part = sound[at..at + frames].to_vec();
                all.extend(cycle(&mut mixer, &[part.clone(), part], *frames).remove(0));
                at += frames;
            }
            all
        };
        prop_assert_eq!(run(&cuts), run(&vec![1; total]));
    }
}

/// A sum that is exact but for the last rounding.
fn neumaier(numbers: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut rest) = (0.0_f64, 0.0_f64);
    for number in numbers {
        let next = sum + number;
        rest += if sum.abs() >= number.abs() {
            (sum - next) + number
        } else {
            (number - next) + sum
        };
        sum = next;
    }
    sum + rest
}

#[test]
fn a_change_is_whole_and_takes_as_long_as_it_should() {
    let (mut control, mut mixer) = make(2, 2, 64);
    control.set(&[1.0, 0.0, 0.0, 1.0]).expect("four pairs");
    let sources = [vec![1.0_f32; 64], vec![-1.0; 64]];
    let made = cycle(&mut mixer, &sources, 64);
    assert!(control.is_taken());
    // Both rise along the same curve.
    assert!(made[0][0] > 0.0 && made[0][0] < 0.01 && made[0][63] == 1.0);
    assert!(made[0].iter().zip(&made[1]).all(|(a, b)| *a == -*b));
    // They change places: nothing in between has one without the other.
    control.set(&[9.0, 9.0, 9.0, 9.0]).expect("four pairs");
    control.set(&[0.0, 1.0, 1.0, 0.0]).expect("four pairs");
    let made = cycle(&mut mixer, &sources, 64);
    assert!(made[0].iter().zip(&made[1]).all(|(a, b)| *a == -*b));
    assert_eq!((made[0][63], made[1][63]), (-1.0, 1.0));
    assert_eq!(cycle(&mut mixer, &sources, 10)[0], vec![-1.0; 10]);
    assert!(control.set(&[1.0]).is_err());
}

#[test]
fn what_is_missing_is_silent_and_what_overflows_is_still_a_number() {
    let (mut control, mut mixer) = make(2, 1, 0);
    control.set(&[f32::NAN, 2.0]).expect("two pairs");
    let sources = [vec![f32::NAN; 64], vec![f32::MAX, f32::INFINITY, 0.5]];
    let made = cycle(&mut mixer, &sources, 5);
    assert_eq!(made[0], [f32::MAX, 0.0, 1.0, 0.0, 0.0]);
    // A source that is not heard of any more is silent, not what it was.
    let made = cycle(&mut mixer, &[], 5);
    assert_eq!(made[0], [0.0; 5]);
    mixer.begin(4);
    mixer.source(1, Plane::Int32(&[i32::MIN, 1 << 30]));
    mixer.source(2, Plane::Int32(&[1]));
    mixer.make(0);
    mixer.make(7);
    assert_eq!(mixer.sink(0), [-2.0, 1.0, 0.0, 0.0]);
    assert_eq!(mixer.heard(1), [-1.0, 0.5, 0.0, 0.0]);
    assert!(mixer.sink(7).is_empty() && mixer.heard(2).is_empty());
    mixer.end();
}

#[test]
fn meters_tell_of_both_sides() {
    let (mut control, mut mixer) = make(2, 1, 0);
    control.set(&[0.5, 0.0]).expect("two pairs");
    for _ in 0..2_000 {
        cycle(&mut mixer, &[vec![0.5; 48]], 48);
    }
    let (sources, sinks) = (control.source_meters(), control.sink_meters());
    let level = sources.level(0);
    assert!(
        level.peak == 0.5 && (level.rms - 0.5).abs() < 1e-3,
        "{level:?}"
    );
    assert_eq!(sources.level(1).peak, 0.0);
    assert_eq!(sinks.level(0).peak, 0.25);
    assert_eq!((sources.channels(), sinks.channels()), (2, 1));
    // Two seconds after the sound.
    for _ in 0..2_000 {
        cycle(&mut mixer, &[], 48);
    }
    assert!(sources.level(0).peak < 0.05 && sources.level(0).rms < 0.02);
}

#[test]
fn specifications_are_checked() {
    let good = MixSpec {
        sources: 64,
        sinks: 64,
        block_frames: 64,
        ramp_frames: 480,
        rate_hz: RATE_HZ,
    };
    assert!(mixer(&good).is_ok());
    for sides in [(0, 4), (4, 0), (0, 0)] {
        let (sources, sinks) = sides;
        let (mut control, mut empty) = mixer(&MixSpec {
            sources,
            sinks,
            ..good
        })
        .expect("it can be");
        control.set(&[]).expect("no pairs");
        cycle(&mut empty, &[vec![1.0; 64]], 64);
    }
    let cases = [
        (
            MixSpec {
                sources: 2_000,
                ..good
            },
            "2000 by 64",
        ),
        (
            MixSpec {
                sources: usize::MAX,
                ..good
            },
            "by 64",
        ),
        (
            MixSpec {
                block_frames: 0,
                ..good
            },
            "0 frames",
        ),
        (
            MixSpec {
                block_frames: 8_193,
                ..good
            },
            "8193 frames",
        ),
        (
            MixSpec {
                ramp_frames: usize::MAX,
                ..good
            },
            "ramp",
        ),
        (MixSpec { rate_hz: 0, ..good }, "0 Hz"),
    ];
    for (spec, part) in cases {
        let error = mixer(&spec).expect_err("it cannot be");
        assert!(error.contains(part) && error.ends_with('.'), "{error}");
    }
}
