//! `added-latency` and `reported-latency`.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::{Figure, integer, list, word};

/// The two ways that are compared with the bare client's, and what they are called in the data.
const WAYS: [(&str, &str); 2] = [
    ("playback", "added_frames"),
    ("round trip", "added_round_trip_frames"),
];

/// What came of one way.
#[derive(Default)]
struct Added {
    at_equal: Vec<i64>,
    elsewhere: i64,
    /// By how much, and where.
    over: Vec<(i64, String)>,
    over_at_equal: bool,
}

impl Added {
    fn of(rows: &[Value], name: &str) -> Result<Added> {
        let mut all = Added::default();
        for row in rows.iter().filter(|row| !row[name].is_null()) {
            let frames = ["block_frames", "period_frames", "bound_frames", name];
            let [block, period, bound, added] = frames.map(|name| integer(row, name));
            let (block, period, bound, added) = (block?, period?, bound?, added?);
            if block == period {
                all.at_equal.push(added);
            } else {
                all.elsewhere += 1;
            }
            if added > bound {
                all.over_at_equal |= block == period;
                let usage = word(row, "use")?;
                let case = format!("{usage}, block {block}, period {period}: {added}");
                all.over.push((added - bound, case));
            }
        }
        all.over.sort();
        Ok(all)
    }

    fn text(&self, way: &str) -> Result<String> {
        let range = |least: i64, most: i64| {
            if least == most {
                format!("{most}")
            } else {
                format!("{least} to {most}")
            }
        };
        let least = self
            .at_equal
            .iter()
            .min()
            .context("no block is the period")?;
        let most = self
            .at_equal
            .iter()
            .max()
            .context("no block is the period")?;
        let excess = self.over.last().map_or_else(String::new, |(excess, case)| {
            let count = self.over.len();
            format!("; over their bound: {count}, by up to {excess} frames ({case})")
        });
        Ok(format!(
            "{way} {} frames at block = period ({} cases), {} cases elsewhere{excess}",
            range(*least, *most),
            self.at_equal.len(),
            self.elsewhere
        ))
    }
}

/// Frames that the driver adds. `lost` names the parts of the target that it misses.
pub fn added_latency(data: &Value) -> Result<Figure> {
    let rows = list(data, "rows")?;
    let (mut texts, mut lost, mut values) = (Vec::new(), Vec::new(), json!({}));
    for (way, name) in WAYS {
        let added = Added::of(rows, name)?;
        texts.push(added.text(way)?);
        if added.over_at_equal {
            lost.push(format!("{way} at block = period"));
        } else if !added.over.is_empty() {
            lost.push(format!("{way} elsewhere"));
        }
        values[name] = json!({
            "at_equal": added.at_equal, "other_cases": added.elsewhere,
            "over_the_bound": added.over,
        });
    }
    values["lost"] = json!(lost);
    Ok(Figure {
        text: texts.join("; "),
        values,
        holds: lost.is_empty(),
    })
}

/// What a report may be off by, in frames.
const APART_MAX_FRAMES: i64 = 1;

/// How far reports are from what was measured.
pub fn reported_latency(data: &Value) -> Result<Figure> {
    let rows = list(data, "rows")?;
    let ways = ["output", "input", "round_trip"];
    let (mut most, mut worst) = ([0; 3], (0, String::new()));
    let mut late = 0;
    for row in rows {
        let setting = word(row, "setting")?;
        let is_late = row["is_late"].as_bool();
        late += i64::from(is_late.with_context(|| format!("{setting}: late or not?"))?);
        let mut all = vec![integer(row, "spread_frames")?];
        for (way, most) in ways.iter().zip(&mut most) {
            let apart = integer(row, &format!("{way}_apart_frames"))?.abs();
            *most = (*most).max(apart);
            all.push(apart);
        }
        let apart = all.into_iter().max().unwrap_or_default();
        if apart > worst.0 {
            worst = (apart, setting.to_owned());
        }
    }
    let [output, input, trip] = most;
    let holds = worst.0 <= APART_MAX_FRAMES;
    let place = if holds {
        String::new()
    } else {
        format!("; worst: {} frames ({})", worst.0, worst.1)
    };
    Ok(Figure {
        text: format!(
            "between reported and measured at most {output} frames for the output, {input} for the \
             input, {trip} for the round trip, in {} settings, {late} of them with late wake-ups\
             {place}",
            rows.len()
        ),
        values: json!({
            "output_frames": output, "input_frames": input, "round_trip_frames": trip,
            "worst_frames": worst.0, "settings": rows.len(), "late_settings": late,
        }),
        holds,
    })
}
