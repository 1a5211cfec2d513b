use super::*;
use proptest::prelude::*;

const DAY_NS: u64 = 86_400_000_000_000;
/// The error of the rate that is allowed, as a fraction.
const TOLERANCE: f64 = 1e-9;

fn clock(spec: &ClockSpec, rate_hz: u32) -> Clock {
    Clock::new(spec, rate_hz).expect("a sound specification")
}

/// Frames of a constant deviation in thousandths of a ppm, by fractions that share nothing with the
/// clock's own arithmetic.
fn exact_frames(t_ns: u64, rate_hz: u32, milli_ppm: i64) -> u64 {
    let speed = (1_000_000_000 + i128::from(milli_ppm)) as u128;
    let whole = u128::from(t_ns) * u128::from(rate_hz) * speed;
    (whole / 1_000_000_000_000_000_000) as u64
}

#[test]
fn a_perfect_clock_counts_what_everybody_counts() {
    let clock = clock(&ClockSpec::default(), 48_000);
    assert_eq!(clock.frames_at(0), 0);
    assert_eq!(clock.frames_at(10_000_000), 480);
    assert_eq!(clock.frames_at(9_999_999), 479);
    assert_eq!(clock.time_of_frame(480), 10_000_000);
    assert_eq!(clock.time_of_frame(1), 20_834, "20 833.3 ns, rounded up");
    assert_eq!(clock.frames_at(DAY_NS), 48_000 * 86_400);
    assert_eq!(clock.frame_from(20_834), 1);
    assert_eq!(clock.frame_from(20_835), 2);
}

#[test]
fn an_offset_shifts_the_first_frame() {
    let spec = ClockSpec {
        offset_ns: 5_000,
        ..ClockSpec::default()
    };
    let clock = clock(&spec, 48_000);
    assert_eq!(clock.frames_at(0), 0);
    assert_eq!(clock.time_of_frame(0), 5_000);
    assert_eq!(clock.time_of_frame(480), 10_005_000);
}

#[test]
fn frames_are_counted_on_at_another_rate() {
    let spec = ClockSpec::with_ppm(20.0);
    let clock = Clock::starting(&spec, 44_100, 3_000_000_123, 144_003).expect("sound");
    assert_eq!(clock.time_of_frame(144_003), 3_000_000_123);
    assert_eq!(clock.frames_at(1), 144_003, "nothing before the first");
    let frames = clock.frames_at(3_000_000_123 + 1_000_000_000) - 144_003;
    assert_eq!(frames, 44_100, "44 100.88");
}

#[test]
fn specifications_without_sense_are_told_so() {
    let error = |spec: ClockSpec| Clock::new(&spec, 48_000).expect_err("no such clock");
    assert!(error(ClockSpec::with_ppm(f64::NAN)).contains("ppm"));
    assert!(error(ClockSpec::with_ppm(-1e6)).contains("at most 900000 ppm"));
    let sine = Some(Sine {
        ppm: 1.0,
        period_ns: 0,
    });
    assert!(
        error(ClockSpec {
            sine,
            ..ClockSpec::default()
        })
        .contains("period")
    );
    let steps = vec![Step { at_ns: 9, ppm: 0.0 }; 2];
    assert!(
        error(ClockSpec {
            steps,
            ..ClockSpec::default()
        })
        .contains("later than")
    );
    assert!(Clock::new(&ClockSpec::default(), 0).is_err());
    assert!(Clock::new(&ClockSpec::default(), RATE_MAX_HZ + 1).is_err());
}

#[test]
fn the_end_of_time_does_no_harm() {
    let fast = clock(&ClockSpec::with_ppm(900_000.0), RATE_MAX_HZ);
    let last = fast.frames_at(u64::MAX);
    assert!(last > 0);
    assert_eq!(fast.time_of_frame(u64::MAX), TIME_MAX_NS);
    assert!(fast.time_of_frame(last) <= TIME_MAX_NS);
}

proptest! {
    #[test]
    fn a_constant_deviation_is_exact_to_the_frame(
        t_ns in 0..2 * DAY_NS,
        rate_hz in prop::sample::select(vec![8_000_u32, 44_100, 48_000, 96_000, 192_000, 768_000]),
        milli_ppm in -500_000_000_i64..500_000_000,
    ) {
        let clock = clock(&ClockSpec::with_ppm(milli_ppm as f64 / 1000.0), rate_hz);
        prop_assert_eq!(clock.frames_at(t_ns), exact_frames(t_ns, rate_hz, milli_ppm));
    }

    #[test]
    fn steps_add_up_to_the_frame(
        rate_hz in prop::sample::select(vec![44_100_u32, 48_000, 192_000]),
        steps in prop::collection::vec((1..DAY_NS / 8, -300_000_i64..300_000), 0..6),
        first in -300_000_i64..300_000,
    ) {
        let mut at_ns = 0;
        let mut spec = ClockSpec::with_ppm(first as f64 / 1000.0);
        // In units of 1e-18 frames, which hold both parts of the product.
        let mut exact = 0_u128;
        let mut milli_ppm = first;
        let grow = |length: u64, milli_ppm: i64| {
            u128::from(length) * u128::from(rate_hz) * (1_000_000_000 + i128::from(milli_ppm)) as u128
        };
        for (length, next) in steps {
            exact += grow(length, milli_ppm);
            at_ns += length;
            milli_ppm = next;
            spec.steps.push(Step { at_ns, ppm: next as f64 / 1000.0 });
        }
        exact += grow(DAY_NS / 8, milli_ppm);
        let frames = clock(&spec, rate_hz).frames_at(at_ns + DAY_NS / 8);
        prop_assert_eq!(u128::from(frames), exact / 1_000_000_000_000_000_000);
    }

    #[test]
    fn a_swing_follows_its_integral(
        t_ns in DAY_NS / 2..DAY_NS,
        ppm in -200.0..200.0,
        swing_ppm in 0.0..500.0,
        period_s in 1_u64..5_000,
    ) {
        let sine = Sine { ppm: swing_ppm, period_ns: period_s * 1_000_000_000 };
        let spec = ClockSpec { ppm, sine: Some(sine), ..ClockSpec::default() };
        let t_s = t_ns as f64 * 1e-9;
        let omega = std::f64::consts::TAU / period_s as f64;
        let lead_s = swing_ppm * 1e-6 / omega * (1.0 - (omega * t_s).cos());
        let expected_s = t_s * (1.0 + ppm * 1e-6) + lead_s;
        let got_s = clock(&spec, 96_000).frames_at(t_ns) as f64 / 96_000.0;
        prop_assert!((got_s - expected_s).abs() / t_s < TOLERANCE, "{} not {}", got_s, expected_s);
    }

    #[test]
    fn time_and_frame_lead_back_to_each_other(
        n in 1..86_400_u64 * 48_000,
        ppm in -1_000.0..1_000.0,
        swing_ppm in 0.0..1_000.0,
        period_ns in 1_000_u64..10_000_000_000_000,
        step_ns in 1..DAY_NS,
    ) {
        let spec = ClockSpec {
            offset_ns: 77,
            ppm,
            sine: Some(Sine { ppm: swing_ppm, period_ns }),
            steps: vec![Step { at_ns: step_ns, ppm: -ppm }],
        };
        let clock = clock(&spec, 48_000);
        let t_ns = clock.time_of_frame(n);
        prop_assert_eq!(clock.frames_at(t_ns), n, "frame {} at {}", n, t_ns);
        prop_assert_eq!(clock.frames_at(t_ns - 1), n - 1, "frame {} before {}", n, t_ns);
        prop_assert_eq!(clock.frame_from(t_ns), n);
        prop_assert!(clock.time_of_frame(n + 1) > t_ns);
    }
}
