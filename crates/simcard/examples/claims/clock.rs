//! The model's clock against arithmetic that shares nothing with it.

use serde_json::{Value, json};
use simcard::clock::{Clock, ClockSpec, Sine, Step};
use simcard::rng::SplitMix64;

use crate::model::{between, pick};

const SECOND_NS: u64 = 1_000_000_000;
const HOURS: u64 = 24;
/// Instants before this are not judged: the model's times are whole nanoseconds, and one of them
/// is much of a short time.
const FIRST_S: u64 = 60;
/// Parts of a frame in which constant rates are exact: nanoseconds times thousandths of a ppm.
const FRAME: i128 = 1_000_000_000_000_000_000;

/// A clock in whole numbers: its rate, the deviations in thousandths of a ppm with the instants from
/// which on they hold, and a swing.
struct Exact {
    rate_hz: u32,
    parts: Vec<(u64, i64)>,
    swing: Option<Sine>,
}

/// How a clock was off.
#[derive(Default)]
struct Off {
    relative: f64,
    ns: f64,
    /// Instants at which the count of frames is another.
    counts: u64,
}

impl Exact {
    fn spec(&self) -> ClockSpec {
        let ppm = |milli_ppm: i64| milli_ppm as f64 / 1_000.0;
        let steps = self.parts[1..].iter().map(|&(at_ns, milli_ppm)| Step {
            at_ns,
            ppm: ppm(milli_ppm),
        });
        ClockSpec {
            ppm: ppm(self.parts[0].1),
            sine: self.swing,
            steps: steps.collect(),
            ..ClockSpec::default()
        }
    }

    /// Frames until `t_ns` without the swing, in units of [`FRAME`]: no rounding.
    fn constant(&self, t_ns: u64) -> i128 {
        let ends = self.parts[1..].iter().map(|part| part.0).chain([u64::MAX]);
        let spans = self
            .parts
            .iter()
            .zip(ends)
            .map(|(&(start, milli_ppm), end)| {
                let length = t_ns.min(end).saturating_sub(start);
                i128::from(length)
                    * i128::from(self.rate_hz)
                    * i128::from(1_000_000_000 + milli_ppm)
            });
        spans.sum()
    }

    /// The swing's lead at `t_ns`, in frames: the closed form of its integral.
    fn lead_frames(&self, t_ns: u64) -> f64 {
        let Some(Sine { ppm, period_ns }) = self.swing else {
            return 0.0;
        };
        let turns = (t_ns % period_ns) as f64 / period_ns as f64;
        let frames = f64::from(self.rate_hz) * ppm * 1e-6 * (period_ns as f64 * 1e-9);
        frames / std::f64::consts::TAU * (1.0 - (std::f64::consts::TAU * turns).cos())
    }

    /// Compares the instant at which the model begins a frame with the frame that it should be.
    fn compare(&self, clock: &Clock, frame: u64, off: &mut Off) {
        let t_ns = clock.time_of_frame(frame);
        let apart = (self.constant(t_ns) - i128::from(frame) * FRAME) as f64 / FRAME as f64;
        let apart_frames = (apart + self.lead_frames(t_ns)).abs();
        off.relative = off.relative.max(apart_frames / frame as f64);
        off.ns = off
            .ns
            .max(apart_frames * SECOND_NS as f64 / f64::from(self.rate_hz));
        if self.swing.is_none() {
            let whole = (self.constant(t_ns) / FRAME) as u64;
            off.counts += u64::from(clock.frames_at(t_ns) != whole);
        }
    }
}

/// One clock of each kind of the claim.
fn clocks(rng: &mut SplitMix64) -> [(&'static str, Exact); 3] {
    let exact = |rng: &mut SplitMix64, parts, swing| Exact {
        rate_hz: pick(rng, &[44_100, 48_000, 96_000, 192_000]),
        parts,
        swing,
    };
    let milli_ppm = |rng: &mut SplitMix64| between(rng, 0, 1_000_000) as i64 - 500_000;
    let constant = vec![(0, milli_ppm(rng))];
    let part_ns = HOURS * 3_600 * SECOND_NS / 9;
    let steps = (0..9).map(|n| (n * (part_ns + 7_919), milli_ppm(rng)));
    let steps: Vec<(u64, i64)> = steps.collect();
    let around = vec![(0, milli_ppm(rng))];
    let swing = Sine {
        ppm: between(rng, 1, 500) as f64,
        period_ns: between(rng, 10, 20_000) * SECOND_NS + 1,
    };
    [
        ("constant", exact(rng, constant, None)),
        ("steps", exact(rng, steps, None)),
        ("sine", exact(rng, around, Some(swing))),
    ]
}

/// Ten clocks of each kind, each at that many instants of a day.
pub fn measure(instants: u64, seed: u64) -> Result<Value, String> {
    const MACHINES: u64 = 10;
    let mut worst = [(); 3].map(|()| ("", Off::default()));
    eprintln!("{MACHINES} clocks of each kind");
    for machine in 0..MACHINES {
        let mut rng = SplitMix64::new(seed + machine);
        for ((name, exact), (kind, off)) in clocks(&mut rng).into_iter().zip(&mut worst) {
            *kind = name;
            let clock = Clock::new(&exact.spec(), exact.rate_hz)?;
            let rate = u64::from(exact.rate_hz);
            let (first, last) = (rate * FIRST_S, clock.frames_at(HOURS * 3_600 * SECOND_NS));
            for _ in 0..instants {
                exact.compare(&clock, between(&mut rng, first, last), off);
            }
            exact.compare(&clock, last, off);
        }
    }
    let kinds = worst.map(|(kind, off)| {
        json!({
            "clock": kind, "worst_relative": off.relative, "worst_ns": off.ns,
            "counts_differing": off.counts,
        })
    });
    Ok(json!({
        "hours": HOURS, "clocks_of_a_kind": MACHINES, "instants_of_a_clock": instants,
        "from_s": FIRST_S, "seed": seed, "kinds": kinds,
    }))
}
