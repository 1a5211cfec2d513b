//! The bridge between two clocks: how it follows them, and how its filter sounds.

mod pair;
mod tone;

use std::thread;

use engine::resample::Quality;
use serde_json::{Value, json};
use simcard::clock::{ClockSpec, Sine, Step};

use pair::{Device, Seen};

const SECOND_NS: u64 = 1_000_000_000;
const DAY_SECONDS: u64 = 24 * 3_600;

/// How long.
pub struct Plan {
    /// Virtual time of each run, in seconds.
    pub seconds: u64,
    /// Of the long run.
    pub long_seconds: u64,
    /// Runs of a case.
    pub runs: u64,
    /// Of the first run; the next has the next number.
    pub seed: u64,
}

impl Plan {
    /// The long form or the short one.
    pub fn new(quick: bool, seed: u64) -> Plan {
        if quick {
            Plan {
                seconds: 60,
                long_seconds: 600,
                runs: 1,
                seed,
            }
        } else {
            Plan {
                seconds: 300,
                long_seconds: DAY_SECONDS,
                runs: 6,
                seed,
            }
        }
    }
}

/// What a case must be.
#[derive(Clone, Copy)]
enum Kind {
    /// Followed closely.
    Followed,
    /// No frame lost or repeated.
    Survived,
    /// Every sample as it was.
    Exact,
}

struct Case {
    name: &'static str,
    kind: Kind,
    source: Device,
    sink: Device,
    quality: Quality,
    seconds: u64,
    runs: u64,
}

fn device(clock: ClockSpec) -> Device {
    Device {
        rate_hz: 48_000,
        block_frames: 480,
        clock,
    }
}

fn off(ppm: f64) -> Device {
    device(ClockSpec::with_ppm(ppm))
}

fn swing(seconds: u64) -> Device {
    let sine = Sine {
        ppm: 500.0,
        period_ns: seconds * SECOND_NS,
    };
    device(ClockSpec {
        sine: Some(sine),
        ..ClockSpec::default()
    })
}

fn step(ppm: f64) -> Device {
    let step = Step {
        at_ns: 41 * SECOND_NS,
        ppm,
    };
    device(ClockSpec {
        steps: vec![step],
        ..ClockSpec::default()
    })
}

fn cases(plan: &Plan) -> Vec<Case> {
    use Kind::{Exact, Followed, Survived};
    let exact = || off(0.0);
    let sized = |device: Device, rate_hz, block_frames| Device {
        rate_hz,
        block_frames,
        ..device
    };
    let case = |name, kind, source, sink| Case {
        name,
        kind,
        source,
        sink,
        quality: Quality::Best,
        seconds: plan.seconds,
        runs: plan.runs,
    };
    let long = |case: Case| Case {
        quality: Quality::LowDelay,
        seconds: plan.long_seconds,
        runs: 1,
        ..case
    };
    vec![
        long(case(
            "long, a swing of an hour",
            Survived,
            swing(3_600),
            exact(),
        )),
        long(case("long, equal clocks", Exact, exact(), exact())),
        case("+500 ppm", Followed, off(500.0), exact()),
        case("-500 ppm", Followed, off(-500.0), exact()),
        case("+500 ppm at the sink", Followed, exact(), off(500.0)),
        case("a swing of an hour", Followed, swing(3_600), exact()),
        case(
            "64 frames",
            Followed,
            sized(off(500.0), 48_000, 64),
            sized(exact(), 48_000, 64),
        ),
        case(
            "64 to 480 frames",
            Followed,
            sized(off(-500.0), 48_000, 64),
            exact(),
        ),
        case(
            "44.1 to 48 kHz",
            Followed,
            sized(off(500.0), 44_100, 441),
            exact(),
        ),
        case(
            "96 to 44.1 kHz",
            Followed,
            sized(off(-500.0), 96_000, 960),
            sized(exact(), 44_100, 128),
        ),
        case("a swing of 10 min", Survived, swing(600), exact()),
        case("a swing of 2 min", Survived, swing(120), exact()),
        case("+5000 ppm", Survived, off(5_000.0), exact()),
        case("-5000 ppm", Survived, off(-5_000.0), exact()),
        case("a step of +1000 ppm", Survived, step(1_000.0), exact()),
        case("a step of -1000 ppm", Survived, step(-1_000.0), exact()),
        case("equal clocks", Exact, exact(), exact()),
    ]
}

impl Case {
    fn run(&self, seed: u64) -> Result<Value, String> {
        eprintln!(
            "{}: {} s of sound, {} times",
            self.name, self.seconds, self.runs
        );
        let mut worst = Seen::default();
        for run in 0..self.runs {
            let seen = pair::run(
                &self.source,
                &self.sink,
                self.quality,
                self.seconds,
                seed + run,
            )?;
            worst = worst.worse(seen);
        }
        let kind = match self.kind {
            Kind::Followed => "followed",
            Kind::Survived => "survived",
            Kind::Exact => "exact",
        };
        Ok(json!({
            "case": self.name, "kind": kind, "seconds": self.seconds, "runs": self.runs,
            "frames": worst.frames, "jumps": worst.jumps, "altered": worst.altered,
            "underruns": worst.status.underruns, "overruns": worst.status.overruns,
            "target_frames": worst.status.target_frames,
            "fill_early_frames": worst.fill_early, "fill_late_frames": worst.fill_late,
            "ppm_early": worst.ppm_early, "ppm_late_rms": worst.ppm_rms,
            "latency_apart_frames": worst.latency,
        }))
    }
}

/// Two halves of the cases at once, and the filter's tones.
pub fn measure(plan: &Plan) -> Result<Value, String> {
    let cases = cases(plan);
    let (long, short) = cases.split_at(1);
    let all = |cases: &[Case]| -> Result<Vec<Value>, String> {
        cases.iter().map(|case| case.run(plan.seed)).collect()
    };
    let rows = thread::scope(|scope| {
        let aside = scope.spawn(|| all(long));
        let here = all(short);
        let there = aside
            .join()
            .map_err(|_| "A thread of the runs ended early.")?;
        Ok::<Vec<Value>, String>([there?, here?].concat())
    })?;
    Ok(json!({ "seed": plan.seed, "rows": rows, "filters": tone::measure()? }))
}
