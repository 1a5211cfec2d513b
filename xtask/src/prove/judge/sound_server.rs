//! `faults-sound-server`.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{Figure, integer, list, word};

/// Until the sound is back, in ms, as the recording shows it: the recording program has to start, too.
const BACK_MS: f64 = 1_000.0;
/// What may be heard that is no frame of the sound: its fall and its rise, 10 ms each, twice if the first
/// device that was found was not yet the right one.
const FADES_FRAMES: i64 = 4 * 480;

/// Whether the host plays on, and when its sound is back.
pub fn faults_sound_server(data: &Value) -> Result<Figure> {
    let rows = list(data, "rows")?;
    ensure!(!rows.is_empty(), "nothing was played");
    let mut wrong = Vec::new();
    let mut back: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for row in rows {
        let name = format!("{}, {}", word(row, "driver")?, word(row, "fault")?);
        if let Some(error) = row["host_error"].as_str() {
            wrong.push(format!("{name}: the host failed: {error}"));
        }
        if integer(row, "heard_before_frames")? == 0 {
            wrong.push(format!("{name}: nothing was heard before"));
        }
        let all = integer(row, "sound_frames")?;
        let heard = row["heard_to_frame"].as_i64();
        if heard != Some(all) {
            wrong.push(format!("{name}: heard to frame {heard:?} of {all}"));
        }
        if integer(row, "repeated")? > 0 {
            wrong.push(format!("{name}: frames were played twice"));
        }
        let unknown = integer(row, "unknown_frames")?;
        if unknown > FADES_FRAMES {
            wrong.push(format!("{name}: {unknown} frames are not the sound's"));
        }
        match row["back_after_ms"].as_f64() {
            Some(ms) => {
                if ms > BACK_MS {
                    wrong.push(format!("{name}: back after {ms:.0} ms"));
                }
                back.entry(name).or_default().push(ms);
            }
            None => wrong.push(format!("{name}: the sound did not come back")),
        }
    }
    let mut told = Vec::new();
    let mut values = serde_json::Map::new();
    for (name, times) in &mut back {
        times.sort_by(f64::total_cmp);
        let (middle, longest) = (times[(times.len() - 1) / 2], times[times.len() - 1]);
        told.push(format!("{name}: {middle:.0} / {longest:.0} ms"));
        let entry = json!({ "runs": times.len(), "p50_ms": middle, "max_ms": longest });
        values.insert(name.clone(), entry);
    }
    let first = wrong
        .first()
        .map_or_else(String::new, |text| format!("; {text}"));
    Ok(Figure {
        text: format!(
            "{} runs, {} things wrong; until the sound is back, median / longest: {}{first}",
            rows.len(),
            wrong.len(),
            told.join("; "),
        ),
        values: json!({ "runs": rows.len(), "back": values, "wrong": wrong }),
        holds: wrong.is_empty(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_that_is_late_cut_or_repeated_falls_short() {
        let holds = |back: Value, heard: i64, repeated: i64, error: Value| {
            let data = json!({ "rows": [{
                "driver": "D", "fault": "sink removed", "host_error": error,
                "heard_before_frames": 10, "heard_to_frame": heard, "sound_frames": 100,
                "repeated": repeated, "back_after_ms": back, "unknown_frames": 480,
            }]});
            faults_sound_server(&data).unwrap().holds
        };
        assert!(holds(json!(900.0), 100, 0, json!(null)));
        assert!(!holds(json!(1_100.0), 100, 0, json!(null)));
        assert!(!holds(json!(null), 100, 0, json!(null)));
        assert!(!holds(json!(900.0), 99, 0, json!(null)));
        assert!(!holds(json!(900.0), 100, 1, json!(null)));
        assert!(!holds(json!(900.0), 100, 0, json!("why")));
        assert!(faults_sound_server(&json!({ "rows": [] })).is_err());
    }
}
