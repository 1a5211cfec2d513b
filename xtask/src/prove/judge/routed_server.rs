//! `router-sound-server`.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{Figure, grouped, integer, list};

/// The ends of a tone that is resampled.
const ENDS_FRAMES_MAX: i64 = 50;
/// What the route has.
const GAIN_DB: f64 = -6.0;
const OFF_DB_MAX: f64 = 0.1;
const REST_DB_MAX: f64 = -40.0;

/// Both sounds in each mix.
pub fn router_server(data: &Value) -> Result<Figure> {
    let rows = list(data, "rows")?;
    ensure!(!rows.is_empty(), "nothing was played");
    let (mut frames, mut found, mut inexact) = (0, 0, 0);
    let (mut missing, mut off_db, mut rest_db) = (0, 0.0_f64, f64::MIN);
    for row in rows {
        let float = |name: &str| {
            let value = row[name].as_f64();
            value.with_context(|| format!("it tells no `{name}`"))
        };
        frames += integer(row, "asio_frames")?;
        found += integer(row, "asio_found")?;
        let is_exact = row["asio_exact"].as_bool();
        inexact += i64::from(!is_exact.context("it tells no `asio_exact`")?);
        let heard = integer(row, "wasapi_heard")?;
        missing = missing.max((integer(row, "wasapi_frames")? - heard).abs());
        off_db = off_db.max((float("wasapi_gain_db")? - GAIN_DB).abs());
        rest_db = rest_db.max(float("wasapi_rest_db")?);
    }
    Ok(Figure {
        text: format!(
            "{} mixes: {} of {} frames of the ASIO program found, {inexact} sounds not exact; the \
             WASAPI program's tone at most {missing} frames longer or shorter, {off_db:.3} dB off its gain, \
             and {rest_db:.0} dBFS of anything else",
            rows.len(),
            grouped(found),
            grouped(frames),
        ),
        values: json!({
            "mixes": rows.len(), "frames": frames, "found": found, "inexact": inexact,
            "wasapi_missing_frames": missing, "wasapi_off_db": off_db, "wasapi_rest_db": rest_db,
        }),
        holds: found == frames
            && inexact == 0
            && missing <= ENDS_FRAMES_MAX
            && off_db <= OFF_DB_MAX
            && rest_db <= REST_DB_MAX,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_a_gap_or_a_gain_falls_short() {
        let data = |found: i64, heard: i64, gain_db: f64, rest_db: f64| {
            json!({ "rows": [{
                "asio_frames": 100, "asio_found": found, "asio_exact": true, "wasapi_frames": 1000,
                "wasapi_heard": heard, "wasapi_gain_db": gain_db, "wasapi_rest_db": rest_db,
            }]})
        };
        assert!(router_server(&data(100, 990, -6.02, -60.0)).unwrap().holds);
        assert!(!router_server(&data(99, 990, -6.02, -60.0)).unwrap().holds);
        assert!(!router_server(&data(100, 900, -6.02, -60.0)).unwrap().holds);
        assert!(!router_server(&data(100, 990, -5.8, -60.0)).unwrap().holds);
        assert!(!router_server(&data(100, 990, -6.0, -30.0)).unwrap().holds);
        assert!(router_server(&json!({ "rows": [] })).is_err());
    }
}
