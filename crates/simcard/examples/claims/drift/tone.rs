//! How the filter sounds: pure tones in, and what is no longer pure out.

use std::time::Instant;

use engine::resample::{BATCH_FRAMES, Position, Quality, Resampler, Step};
use serde_json::{Value, json};

const TONE_HZ: f64 = 997.0;
/// -1 dBFS.
const LEVEL: f64 = 0.891_250_938_133_745_5;
/// Sink frames that are looked at.
const FRAMES: usize = 48_000;
const LIMIT_DB: f64 = 0.1;

/// From one rate to another with a clock that is off.
struct Way {
    from_hz: u32,
    to_hz: u32,
    ppm: f64,
}

const WAYS: [Way; 7] = [
    way(48_000, 48_000, 100.0),
    way(48_000, 48_000, -500.0),
    way(44_100, 48_000, 0.0),
    way(48_000, 44_100, 37.0),
    way(96_000, 44_100, -37.0),
    way(44_100, 192_000, 5.0),
    way(192_000, 48_000, 0.0),
];

const fn way(from_hz: u32, to_hz: u32, ppm: f64) -> Way {
    Way {
        from_hz,
        to_hz,
        ppm,
    }
}

/// The tone at a rate, through the filter. The value beside it: nanoseconds for a frame.
fn through(way: &Way, quality: Quality, tone_hz: f64) -> Result<(Vec<f64>, f64), String> {
    let mut resampler = Resampler::new(way.from_hz, way.to_hz, quality)?;
    let step = Step::between(way.from_hz, way.to_hz).times(1.0 + way.ppm * 1e-6);
    let start = Position::of_frame(10_000);
    let need = resampler.needs(start, step, FRAMES);
    let turn = |frame: i64| frame as f64 * tone_hz / f64::from(way.from_hz);
    let input = need
        .clone()
        .map(|frame| LEVEL * (turn(frame).fract() * std::f64::consts::TAU).sin());
    let input: Vec<f64> = input.collect();
    let mut output = vec![0.0; FRAMES];
    let begun = Instant::now();
    for (batch, out) in output.chunks_mut(BATCH_FRAMES).enumerate() {
        let at = start.after(step, (batch * BATCH_FRAMES) as u64);
        let part = resampler.needs(at, step, out.len());
        resampler.aim(at, step, out.len());
        let (from, to) = (part.start - need.start, part.end - need.start);
        resampler.apply(&input[from as usize..to as usize], out);
    }
    let cost_ns = begun.elapsed().as_nanos() as f64 / FRAMES as f64;
    Ok((output, cost_ns))
}

/// The level of a tone in what was heard, and of all else.
struct Split {
    tone: f64,
    rest: f64,
}

/// Takes the best-fitting tone of a known frequency out of what was heard.
fn split(heard: &[f64], turns_in_a_frame: f64) -> Split {
    // The fit is over sine, cosine and a constant, by the normal equations.
    let wave = |n: usize| {
        let angle = (n as f64 * turns_in_a_frame).fract() * std::f64::consts::TAU;
        [angle.sin(), angle.cos(), 1.0]
    };
    let mut matrix = [[0.0; 4]; 3];
    for (n, sample) in heard.iter().enumerate() {
        let wave = wave(n);
        for row in 0..3 {
            for column in 0..3 {
                matrix[row][column] += wave[row] * wave[column];
            }
            matrix[row][3] += wave[row] * sample;
        }
    }
    let [sine, cosine, constant] = solve(matrix);
    let rest: f64 = heard
        .iter()
        .enumerate()
        .map(|(n, sample)| {
            let [s, c, _] = wave(n);
            let off = sample - s * sine - c * cosine - constant;
            off * off + constant * constant
        })
        .sum();
    Split {
        tone: (sine * sine + cosine * cosine).sqrt(),
        rest: (rest / heard.len() as f64).sqrt(),
    }
}

/// Gauss's elimination; the matrix is nearly diagonal.
fn solve(mut matrix: [[f64; 4]; 3]) -> [f64; 3] {
    for pivot in 0..3 {
        let row = matrix[pivot].map(|value| value / matrix[pivot][pivot]);
        matrix[pivot] = row;
        for (other, line) in matrix.iter_mut().enumerate() {
            if other != pivot {
                let factor = line[pivot];
                for (value, subtrahend) in line.iter_mut().zip(row) {
                    *value -= factor * subtrahend;
                }
            }
        }
    }
    matrix.map(|row| row[3])
}

fn db(ratio: f64) -> f64 {
    20.0 * ratio.log10()
}

fn tone_through(way: &Way, quality: Quality, tone_hz: f64) -> Result<(Split, f64), String> {
    let (heard, cost_ns) = through(way, quality, tone_hz)?;
    let heard_hz = f64::from(way.from_hz)
        / (Step::between(way.from_hz, way.to_hz).times(1.0 + way.ppm * 1e-6)).ratio();
    Ok((split(&heard, tone_hz / heard_hz), cost_ns))
}

/// THD+N of each way in dB, the response at 48 kHz, and the cost.
fn filter(name: &str, quality: Quality) -> Result<Value, String> {
    let mut ways = Vec::new();
    let (mut worst, mut cost) = (f64::NEG_INFINITY, 0.0);
    for way in &WAYS {
        let (split, cost_ns) = tone_through(way, quality, TONE_HZ)?;
        let thd_n = db(split.rest / (split.tone / std::f64::consts::SQRT_2));
        worst = worst.max(thd_n);
        if ways.is_empty() {
            cost = cost_ns;
        }
        ways.push(json!({
            "from_hz": way.from_hz, "to_hz": way.to_hz, "ppm": way.ppm, "thd_n_db": thd_n,
        }));
    }
    let (mut deviation, mut flat_to_hz, mut is_flat) = (0.0_f64, 0.0, true);
    let tones = [20.0, 50.0, 100.0, 1_000.0, 5_000.0, 10_000.0].into_iter();
    for tone_hz in tones.chain((12..=20).map(|khz| f64::from(khz) * 1_000.0)) {
        let (split, _) = tone_through(&WAYS[0], quality, tone_hz)?;
        let gain = db(split.tone / LEVEL).abs();
        deviation = deviation.max(gain);
        is_flat &= gain <= LIMIT_DB;
        if is_flat {
            flat_to_hz = tone_hz;
        }
    }
    let reach = Resampler::new(48_000, 48_000, quality)?.reach_frames();
    Ok(json!({
        "filter": name, "reach_frames": reach, "thd_n_db": worst, "ways": ways,
        "response_20_hz_to_20_khz_db": deviation, "flat_to_hz": flat_to_hz,
        "mono_ns_for_a_frame": cost,
    }))
}

/// Both filters.
pub fn measure() -> Result<Value, String> {
    eprintln!("tones through the filters");
    Ok(json!([
        filter("best", Quality::Best)?,
        filter("low delay", Quality::LowDelay)?,
    ]))
}
