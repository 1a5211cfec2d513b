//! Dither, from the host's samples to what a DAC of 16 bits played.

mod support;

use engine::format::SampleFormat;
use session::Preferences;
use simcard::spec::CardSpec;
use simcard::{Use, Wish};
use support::{CHANNELS, SECOND, counter, rig, values, wrap24};

/// One step of 16 bits, in units of 24 bits.
const STEP: i32 = 256;

/// What a DAC of 16 bits plays in a second of a host that counts in steps of `scale`, in units of 24
/// bits.
fn played(scale: i64, dither: bool) -> Vec<Vec<i32>> {
    let mut card = CardSpec::stereo("CARD");
    card.render.as_mut().expect("it plays").formats = vec![SampleFormat::Int16];
    let rig = rig(1, &card);
    let preferences = Preferences {
        dither,
        ..Preferences::default()
    };
    let mut driver = rig.driver_with(Wish::new(Use::Exclusive), preferences);
    let (mut handler, _) = counter();
    handler.scale = scale;
    driver
        .create_buffers(&CHANNELS, 480, handler)
        .expect("created");
    driver.start().expect("started");
    rig.run_until(SECOND);
    driver.stop().expect("stopped");
    let tracks = rig.recording.played(rig.out);
    assert_eq!(tracks[0].format.sample, SampleFormat::Int16);
    let frames = values(&tracks[0]);
    assert!(frames.len() > 40_000, "{}", frames.len());
    frames
}

#[test]
fn what_fits_is_played_as_it_is_with_dither_too() {
    for dither in [false, true] {
        let frames = played(i64::from(STEP), dither);
        let heard = frames.iter().skip_while(|frame| frame[0] == 0);
        let mut count = 0;
        for (n, frame) in (1_i64..).zip(heard) {
            let value = n * i64::from(STEP);
            assert_eq!(frame[..], [wrap24(value), wrap24(-value)], "frame {n}");
            count = n;
        }
        assert!(count > 40_000, "{count}");
    }
}

#[test]
fn what_does_not_fit_is_rounded_or_dithered_as_the_user_wants() {
    const SCALE: i64 = 100;
    let (plain, dithered) = (played(SCALE, false), played(SCALE, true));
    assert_eq!(plain.len(), dithered.len());
    // The first number is less than half a step.
    let begin = plain.iter().position(|frame| frame[0] != 0).expect("sound") - 1;
    // For each place between two steps the errors of what was dithered.
    let mut errors = vec![Vec::new(); STEP as usize];
    for (n, place) in (1_i64..).zip(begin..plain.len()) {
        for (channel, sign) in [(0, 1), (1, -1)] {
            let value = wrap24(sign * n * SCALE);
            let nearest = (value + STEP / 2) & -STEP;
            assert_eq!(plain[place][channel], nearest, "frame {n}");
            let error = dithered[place][channel] - value;
            assert!(error.abs() <= STEP * 3 / 2, "frame {n} is off by {error}");
            errors[(value & (STEP - 1)) as usize].push(error);
        }
    }
    assert!(errors[0].iter().all(|error| *error == 0), "what fits");
    for (between, errors) in errors.iter().enumerate().skip(1) {
        if errors.is_empty() {
            continue;
        }
        let count = errors.len() as f64;
        let mean = errors.iter().sum::<i32>() as f64 / count;
        let squares = errors.iter().map(|error| f64::from(*error).powi(2));
        let rms = (squares.sum::<f64>() / count).sqrt();
        // Neither depends on the value: that is what noise of two steps is for.
        assert!(mean.abs() < 20.0, "{between}: {mean} of {count}");
        assert!((115.0..141.0).contains(&rms), "{between}: {rms}");
    }
}
