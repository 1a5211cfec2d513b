//! How much of a click there is where sound moves from one device to another.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use engine::format::SampleFormat;
use serde_json::{Value, json};
use simcard::recorder::{Recording, Track};
use simcard::spec::CardSpec;
use simcard::{Use, fault};

use crate::support::moving::{Stream, moving};
use crate::support::spectrum::click_dbfs;

const SECOND: u64 = 1_000_000_000;
const USES: [Use; 4] = [
    Use::Shared,
    Use::LowLatency,
    Use::Exclusive,
    Use::ExclusiveTimer,
];
/// What the sound is moved by.
const FAULTS: [&str; 3] = ["default TWO OUT", "lose ONE", "format 44100 on ONE OUT"];

/// 997 Hz at -1 dBFS.
fn tone(frame: u64) -> i32 {
    let turns = (frame * 997 % 48_000) as f64 / 48_000.0;
    let level = 10_f64.powf(-1.0 / 20.0) * f64::from(i32::MAX);
    ((turns * std::f64::consts::TAU).sin() * level) as i32
}

/// `moves` of each kind in each mode, at instants that are drawn.
pub fn measure(moves: u64, seed: u64) -> Result<Value, String> {
    let mut rows = Vec::new();
    for usage in USES {
        for what in FAULTS {
            let mut ends: Vec<f64> = Vec::new();
            let mut begins: Vec<f64> = Vec::new();
            for n in 0..moves {
                let at_ns = 700_000_000 + (seed + n) * 1_234_567 % 40_000_000;
                let (end, begin) = one(usage, what, at_ns)?;
                ends.extend(end);
                begins.push(begin);
            }
            let most = |list: &[f64]| list.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            rows.push(json!({
                "use": format!("{usage:?}"),
                "fault": what,
                "moves": moves,
                // Of a device that is gone nobody hears the end.
                "end_dbfs": (!ends.is_empty()).then(|| most(&ends)),
                "begin_dbfs": most(&begins),
            }));
        }
    }
    Ok(json!({ "rows": rows }))
}

/// The click at the end on the old device, where that is still there, and that at the beginning on
/// the new.
fn one(usage: Use, what: &str, at_ns: u64) -> Result<(Option<f64>, f64), String> {
    let recording = Recording::default();
    let cards = ["ONE", "TWO"].map(|name| {
        let mut card = CardSpec::stereo(name);
        if let Some(render) = &mut card.render {
            render.name = format!("{name} OUT");
        }
        card.capture = None;
        card
    });
    let counting = (tone as fn(u64) -> i32, Arc::new(AtomicU64::new(0)));
    let machine = moving(
        1,
        &cards,
        Stream::new(usage, 480),
        recording.clone(),
        counting,
    );
    let script = fault::parse_script(&format!("at {at_ns}ns {what}"))?;
    machine
        .time
        .with(|world| world.add_faults(script))
        .map_err(|error| error.to_string())?;
    machine
        .time
        .run_until(2 * SECOND)
        .map_err(|error| error.to_string())?;
    let tracks: Vec<Track> = machine
        .outs
        .iter()
        .flat_map(|out| recording.played(*out))
        .collect();
    machine.end();
    let [one, .., last] = &tracks[..] else {
        return match &tracks[..] {
            // A format that an exclusive stream does not care about moves nothing.
            [only] => Ok((None, click_of(only, true))),
            _ => Err(format!("{usage:?}, {what}: nothing was played")),
        };
    };
    let end = what.starts_with("default").then(|| click_of(one, true));
    Ok((end, click_of(last, false)))
}

/// Of a track, without the beginning of the stream, which is the host's own step.
fn click_of(track: &Track, is_first: bool) -> f64 {
    let format = track.format;
    let frames = track.bytes.chunks_exact(format.frame_bytes());
    let samples: Vec<f64> = frames
        .map(|frame| match (format.sample, frame) {
            (SampleFormat::Float32, [a, b, c, d, ..]) => {
                f64::from(f32::from_le_bytes([*a, *b, *c, *d]))
            }
            (SampleFormat::Int24, [a, b, c, ..]) => {
                f64::from(i32::from_le_bytes([0, *a, *b, *c])) / 2_147_483_648.0
            }
            (_, [a, b, c, d, ..]) => {
                f64::from(i32::from_le_bytes([*a, *b, *c, *d])) / 2_147_483_648.0
            }
            _ => 0.0,
        })
        .collect();
    let begin = samples
        .iter()
        .position(|sample| *sample != 0.0)
        .unwrap_or(0);
    let from = if is_first { begin + 4_800 } else { 0 };
    let part = samples.get(from..).unwrap_or_default();
    click_dbfs(part, f64::from(format.rate_hz), 997.0)
}
