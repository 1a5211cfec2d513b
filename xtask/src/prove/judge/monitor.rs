//! `wine-latency`.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{Figure, integer, list, number, sum, word};

/// What the driver may take beyond the bare program.
const RATIO_MAX: f64 = 1.05;
/// How near the latency has to be to what it was before a stall, in frames.
const BACK_WITHIN_FRAMES: f64 = 48.0;

/// Medians of the runs.
pub fn monitor(data: &Value) -> Result<Figure> {
    let rows = list(data, "players")?;
    let bare = median_of(rows, "bare WASAPI")?;
    let theirs = median_of(rows, "PortAudio WASAPI")?;
    let ours = median_of(rows, "asio2wasapi")?;
    let stalls = list(data, "stalls")?;
    let changes = stalls
        .iter()
        .map(|stall| Ok(number(stall, "after_frames")? - number(stall, "before_frames")?));
    let change = median(changes.collect::<Result<Vec<_>>>()?)?;
    let untold = stalls
        .iter()
        .map(|stall| integer(stall, "overloads"))
        .filter(|told| told.as_ref().is_ok_and(|told| *told == 0))
        .count();
    let overloads = sum(stalls, "overloads")?;
    let ratio = ours / bare;
    Ok(Figure {
        text: format!(
            "{ours:.0} frames, the bare program {bare:.0} (ratio {ratio:.3}), PortAudio's WASAPI \
             {theirs:.0} ({:.3}); a second after a stall {change:+.0} frames, {overloads} overloads \
             told in {} stalls",
            theirs / bare,
            stalls.len()
        ),
        values: json!({
            "ours_frames": ours, "bare_frames": bare, "portaudio_frames": theirs, "ratio": ratio,
            "after_stall_frames": change, "overloads": overloads, "stalls_untold": untold,
            "players": rows, "stalls": stalls,
        }),
        holds: ratio <= RATIO_MAX && change.abs() <= BACK_WITHIN_FRAMES && untold == 0,
    })
}

fn median_of(rows: &[Value], player: &str) -> Result<f64> {
    let is_it = |row: &&Value| word(row, "player").is_ok_and(|name| name == player);
    let row = rows.iter().find(is_it);
    let row = row.with_context(|| format!("it tells nothing of `{player}`"))?;
    let runs = list(row, "runs")?.iter();
    median(
        runs.map(|run| number(run, "frames"))
            .collect::<Result<_>>()?,
    )
}

fn median(mut values: Vec<f64>) -> Result<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.get(values.len() / 2);
    middle.copied().context("it tells no runs")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(ours: f64, after: f64, overloads: i64) -> Value {
        let row = |player: &str, frames: f64| {
            let runs = [frames, 9_000.0, frames - 1.0, frames, 1.0];
            json!({ "player": player, "runs": runs.map(|frames| json!({ "frames": frames })) })
        };
        let stall = |overloads: i64| json!({ "before_frames": 700.0, "after_frames": after, "overloads": overloads });
        json!({
            "players": [
                row("bare WASAPI", 1_000.0), row("PortAudio WASAPI", 1_500.0),
                row("asio2wasapi", ours),
            ],
            "stalls": [stall(1), stall(overloads)],
        })
    }

    #[test]
    fn the_median_counts_and_five_percent_are_allowed() {
        let figure = monitor(&told(1_050.0, 690.0, 2)).unwrap();
        assert!(figure.holds, "{}", figure.text);
        let begin = "1050 frames, the bare program 1000 (ratio 1.050), PortAudio's WASAPI 1500 \
                     (1.500); a second after a stall -10 frames, 3 overloads";
        assert!(figure.text.starts_with(begin), "{}", figure.text);
        assert!(!monitor(&told(1_051.0, 690.0, 2)).unwrap().holds);
    }

    #[test]
    fn a_latency_that_stays_and_a_stall_that_is_not_told_fall_short() {
        assert!(!monitor(&told(900.0, 1_180.0, 1)).unwrap().holds);
        assert!(!monitor(&told(900.0, 700.0, 0)).unwrap().holds);
        assert!(monitor(&json!({ "players": [], "stalls": [] })).is_err());
    }
}
