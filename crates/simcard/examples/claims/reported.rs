//! What the driver reports of its latencies, over the whole matrix of settings, by stream position.

use serde_json::{Value, json};
use simcard::rng::SplitMix64;
use simcard::wake::WakeSpec;

use crate::matrix;
use crate::support::cabled::{Apart, Setting, measure as measure_one};

/// That many settings, drawn.
pub fn measure(cases: u64, seed: u64) -> Result<Value, String> {
    let mut rows = Vec::new();
    eprintln!("{cases} settings");
    for case in seed..seed + cases {
        let setting = matrix::draw(&mut SplitMix64::new(case));
        let told = |error: String| format!("setting {case}, {}: {error}", text(&setting));
        let is_late = setting.wake != WakeSpec::default();
        let apart = measure_one(&setting).map_err(told)?.apart(is_late);
        rows.push(row(&setting, is_late, &apart));
    }
    Ok(json!({ "seed": seed, "rows": rows }))
}

fn row(setting: &Setting, is_late: bool, apart: &Apart) -> Value {
    json!({
        "setting": text(setting),
        "sides": format!("{:?}", setting.sides),
        "is_late": is_late,
        "withholds_output_ready": setting.withholds_output_ready,
        "output_apart_frames": apart.output_frames,
        "input_apart_frames": apart.input_frames,
        "round_trip_apart_frames": apart.round_trip_frames,
        "spread_frames": apart.spread_frames,
    })
}

fn text(setting: &Setting) -> String {
    let Setting {
        usage,
        rate_hz,
        period_frames,
        block_frames,
        sides,
        wake,
        ..
    } = setting;
    let period_frames = period_frames.unwrap_or(0);
    let late_us = wake.rms_ns / 1_000;
    format!(
        "{usage:?} {rate_hz} Hz, period {period_frames}, block {block_frames}, {sides:?}, wake-ups \
         {late_us} us late"
    )
}
