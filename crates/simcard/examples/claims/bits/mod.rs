//! Every sample through the whole driver, both ways, compared bit by bit.

mod host;
mod sound;

use std::sync::Arc;

use engine::format::SampleFormat;
use rt::Mutex;
use serde_json::{Value, json};
use simcard::clock::ClockSpec;
use simcard::rng::SplitMix64;
use simcard::wake::WakeSpec;
use simcard::{Use, VirtualDevice};

use crate::matrix;
use crate::model::{between, pick};
use crate::support::SECOND;
use crate::support::cabled::{BOTH, Setting, machine, start};
use crate::tap::Tap;
use host::{Ledger, Player};
use sound::Listener;

const RATES_HZ: [u32; 3] = [44_100, 48_000, 96_000];
/// Wake-ups are late by at most so much, root mean square.
const LATE_MAX_NS: u64 = 100_000;

/// What is to be run.
pub struct Plan {
    /// Virtual time of each format in each mode, all blocks together.
    pub seconds: u64,
    /// Blocks that share that time.
    pub runs: u64,
    /// The first seed.
    pub seed: u64,
}

/// What came of runs.
#[derive(Default)]
struct Tally {
    played: u64,
    heard: u64,
    wrong: u64,
    astray: u64,
    seconds: u64,
    blocks: Vec<u32>,
}

/// Each mode with each format that it can have.
fn ways() -> Vec<(Use, SampleFormat)> {
    let exclusive = [Use::Exclusive, Use::ExclusiveTimer];
    let formats = |usage| SampleFormat::PREFERENCE.map(|sample| (usage, sample));
    let mut ways: Vec<_> = exclusive.into_iter().flat_map(formats).collect();
    // The mixer has floats only.
    ways.extend([Use::Shared, Use::LowLatency].map(|usage| (usage, SampleFormat::Float32)));
    ways
}

/// Every format in every mode.
pub fn measure(plan: &Plan) -> Result<Value, String> {
    let mut rows = Vec::new();
    for (usage, sample) in ways() {
        let way = format!("{usage:?} {sample}");
        eprintln!("{way}: {} s", plan.seconds);
        let mut tally = Tally::default();
        for run in 0..plan.runs {
            let seconds = plan.seconds * (run + 1) / plan.runs - plan.seconds * run / plan.runs;
            let mut rng = SplitMix64::derived(plan.seed + run, &way);
            let setting = draw(&mut rng, usage, sample);
            let told = |error: String| format!("{way}, {setting:?}: {error}");
            run_one(&setting, sample, seconds.max(1), &mut tally).map_err(told)?;
        }
        rows.push(json!({
            "way": way, "seconds": tally.seconds, "frames_played": tally.played,
            "frames_heard": tally.heard, "frames_wrong": tally.wrong,
            "frames_astray": tally.astray, "blocks": tally.blocks,
        }));
    }
    Ok(json!({ "seconds_of_a_row": plan.seconds, "seed": plan.seed, "rows": rows }))
}

fn draw(rng: &mut SplitMix64, usage: Use, sample: SampleFormat) -> Setting {
    let rate_hz = pick(rng, &RATES_HZ);
    let period_frames = between(rng, u64::from(rate_hz / 500), u64::from(rate_hz / 90)) as u32;
    Setting {
        rate_hz,
        period_frames: Some(period_frames),
        sample: Some(sample),
        clock: ClockSpec::with_ppm(between(rng, 0, 1_000) as f64 - 500.0),
        wake: WakeSpec::jitter(between(rng, 0, LATE_MAX_NS)),
        seed: rng.next_u64(),
        ..Setting::new(usage, matrix::block_frames(rng, period_frames))
    }
}

/// A host that plays and records for that long.
fn run_one(
    setting: &Setting,
    sample: SampleFormat,
    seconds: u64,
    tally: &mut Tally,
) -> Result<(), String> {
    let tap = Tap::default();
    let (time, out, input) = machine(setting, tap.clone())?;
    let (clock, wish) = (Arc::clone(&time), setting.wish());
    let device = Arc::new(VirtualDevice::with_sides(
        clock,
        Some(out),
        Some(input),
        wish,
    ));
    let ledger = Arc::<Mutex<Ledger>>::default();
    let host = Box::new(Player::new(sample, Arc::clone(&ledger)));
    let mut driver = start(&device, &BOTH, setting.block_frames, host)?;
    let mut dac = Listener::default();
    for second in 1..=seconds {
        time.run_until(second * SECOND).map_err(|e| e.to_string())?;
        let mut taps = tap.look();
        dac.hear_bytes(sample, &taps.played.bytes);
        taps.played.bytes.clear();
        taps.delivered.bytes.clear();
    }
    let latencies = driver.latencies().map_err(|error| error.to_string())?;
    driver.stop().map_err(|error| error.to_string())?;
    let (_, timing) = device.opened().ok_or("nothing was opened")?;

    let ledger = ledger.lock();
    // What the host wrote last is on its way still.
    let block_frames = u64::from(setting.block_frames);
    let way = u64::from(latencies.output_frames + timing.period_frames) + 2 * block_frames;
    let back = way + u64::from(latencies.input_frames + timing.input_period_frames) + 100;
    let taps = tap.look();
    tally.played += dac.next;
    tally.heard += ledger.adc.next;
    tally.wrong += dac.wrong + ledger.adc.wrong;
    tally.astray += taps.incident_frames
        + taps.played.jumped_frames
        + ledger.written.saturating_sub(dac.next + way)
        + ledger.written.saturating_sub(ledger.adc.next + back);
    tally.seconds += seconds;
    tally.blocks.push(setting.block_frames);
    Ok(())
}
