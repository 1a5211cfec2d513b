//! `faults-stand-in`.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{Figure, integer, list, number, word};

/// What the host plays to, and what of it is left when devices come and go.
pub fn faults_stand_in(data: &Value) -> Result<Figure> {
    let mut wrong = Vec::new();
    let (mut faults, mut failures) = (0, 0);
    let mut by_fault: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for row in list(data, "rows")? {
        let driver = word(row, "driver")?;
        let struck = integer(row, "faults")?;
        ensure!(struck > 0, "nothing struck {driver}");
        faults += struck;
        if let Some(error) = row["host_error"].as_str() {
            failures += 1;
            wrong.push(format!("{driver}: the host failed: {error}"));
        }
        let (heard, all) = (
            integer(row, "heard_to_frame")?,
            integer(row, "sound_frames")?,
        );
        if heard != all {
            wrong.push(format!("{driver}: heard to frame {heard} of {all}"));
        }
        if integer(row, "repeated")? > 0 {
            wrong.push(format!("{driver}: frames were played twice"));
        }
        for gap in list(row, "gaps")? {
            let times = by_fault.entry(word(gap, "fault")?.to_owned()).or_default();
            times.push(number(gap, "silent_ms")?);
        }
    }
    let mut told = Vec::new();
    let mut values = serde_json::Map::new();
    for (fault, times) in &mut by_fault {
        times.sort_by(f64::total_cmp);
        let at = |part: usize| times[(times.len() - 1) * part / 100];
        told.push(format!(
            "{fault} {} gaps, {:.0} / {:.0} / {:.0} ms",
            times.len(),
            at(50),
            at(95),
            at(100)
        ));
        values.insert(
            fault.clone(),
            json!({ "gaps": times.len(), "p50_ms": at(50), "p95_ms": at(95), "max_ms": at(100) }),
        );
    }
    let first = wrong
        .first()
        .map_or_else(String::new, |text| format!("; {text}"));
    Ok(Figure {
        text: format!(
            "{faults} faults in {} runs: the host failed {failures} times, {} things were wrong in all; \
             silence p50 / p95 / longest: {}{first}",
            list(data, "rows")?.len(),
            wrong.len(),
            told.join("; "),
        ),
        values: json!({ "faults": faults, "silence": values, "wrong": wrong }),
        holds: wrong.is_empty(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_fails_and_a_sound_that_ends_early_fall_short() {
        let row = |error: Value, heard: i64, repeated: i64| {
            json!({ "rows": [{
                "driver": "D", "faults": 3, "host_error": error, "heard_to_frame": heard,
                "sound_frames": 100, "repeated": repeated,
                "gaps": [{ "fault": "lose", "silent_ms": 20.0 }],
            }]})
        };
        assert!(faults_stand_in(&row(json!(null), 100, 0)).unwrap().holds);
        assert!(!faults_stand_in(&row(json!("why"), 100, 0)).unwrap().holds);
        assert!(!faults_stand_in(&row(json!(null), 99, 0)).unwrap().holds);
        assert!(!faults_stand_in(&row(json!(null), 100, 1)).unwrap().holds);
    }
}
