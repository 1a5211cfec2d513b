//! `host-never-notices` and `click-free`.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{Figure, grouped, integer, list, number, word};

/// The longest silence of a device that is usable, in ms, and the same at a new rate.
const BACK_MS_MAX: [f64; 2] = [50.0, 100.0];
/// The longest time between two calls of the host, in periods, with what late wake-ups may add.
const GAP_PERIODS_MAX: f64 = 2.05;
/// The loudest click, in dB below a full-scale tone.
const CLICK_DBFS_MAX: f64 = -60.0;

/// What a host notices of devices that come and go.
pub fn host_never_notices(data: &Value) -> Result<Figure> {
    let count = |name| integer(data, name);
    let (asked, scenarios, seconds, faults) = (
        count("asked")?,
        count("scenarios")?,
        count("seconds_each")?,
        count("faults")?,
    );
    let (failed, repeated) = (count("scenarios_failed")?, count("repeated_frames")?);
    ensure!(
        faults > scenarios,
        "hardly anything was tried: {faults} faults"
    );
    let gap = number(data, "gap_periods_max")?;
    let back = [
        number(data, "back_ms_max")?,
        number(data, "back_new_rate_ms_max")?,
    ];
    let holds = scenarios == asked
        && failed == 0
        && repeated == 0
        && gap <= GAP_PERIODS_MAX
        && back.iter().zip(BACK_MS_MAX).all(|(ms, most)| *ms <= most);
    let first = data["wrong"].as_array().and_then(|list| list.first());
    let first = first.and_then(Value::as_str);
    let example = first.map_or_else(String::new, |text| format!("; the first: {text}"));
    let short = match scenarios == asked {
        true => String::new(),
        false => format!(
            " ({} had no time)",
            grouped(asked.saturating_sub(scenarios))
        ),
    };
    Ok(Figure {
        text: format!(
            "{} scenarios of {} min{short} with {} faults: never more than {gap:.2} periods from call to \
             call, sound back within {:.0} ms, at a new rate {:.0} ms, {repeated} frames played \
             twice, {failed} scenarios failed{example}",
            grouped(scenarios),
            seconds / 60,
            grouped(faults),
            back[0],
            back[1],
        ),
        values: json!({
            "scenarios": scenarios, "seconds_each": seconds, "faults": faults,
            "gap_periods_max": gap, "back_ms_max": back[0], "back_new_rate_ms_max": back[1],
            "repeated_frames": repeated, "scenarios_failed": failed,
        }),
        holds,
    })
}

/// The click where sound moves.
pub fn click_free(data: &Value) -> Result<Figure> {
    let mut most: Option<(f64, String)> = None;
    let mut moves = 0;
    for row in list(data, "rows")? {
        moves += integer(row, "moves")?;
        let ends = row["end_dbfs"].as_f64();
        for dbfs in ends.into_iter().chain([number(row, "begin_dbfs")?]) {
            if most.as_ref().is_none_or(|(loudest, _)| dbfs > *loudest) {
                most = Some((
                    dbfs,
                    format!("{}, {}", word(row, "use")?, word(row, "fault")?),
                ));
            }
        }
    }
    let Some((dbfs, place)) = most else {
        anyhow::bail!("nothing was moved");
    };
    Ok(Figure {
        text: format!("{moves} moves, the loudest click {dbfs:.1} dBFS ({place})"),
        values: json!({ "moves": moves, "click_dbfs_max": dbfs }),
        holds: dbfs <= CLICK_DBFS_MAX,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_scenario_that_fails_or_one_loud_click_is_enough() {
        let mut data = json!({
            "asked": 2, "scenarios": 2, "seconds_each": 600, "faults": 40, "gap_periods_max": 2.0,
            "back_ms_max": 49.0, "back_new_rate_ms_max": 70.0, "repeated_frames": 0,
            "scenarios_failed": 0, "wrong": [],
        });
        assert!(host_never_notices(&data).unwrap().holds);
        for (name, value) in [
            ("gap_periods_max", json!(2.1)),
            ("back_ms_max", json!(50.5)),
            ("back_new_rate_ms_max", json!(100.5)),
            ("repeated_frames", json!(1)),
            ("scenarios_failed", json!(1)),
            ("asked", json!(3)),
        ] {
            let good = std::mem::replace(&mut data[name], value);
            assert!(!host_never_notices(&data).unwrap().holds, "{name}");
            data[name] = good;
        }
        data["faults"] = json!(1);
        assert!(host_never_notices(&data).is_err());

        let row = |end, begin| json!({ "use": "Shared", "fault": "lose ONE", "moves": 3, "end_dbfs": end, "begin_dbfs": begin });
        let rows = |list: [Value; 2]| json!({ "rows": list });
        let quiet = rows([row(json!(null), -90.0), row(json!(-91.0), -89.0)]);
        assert!(click_free(&quiet).unwrap().holds);
        let loud = rows([row(json!(null), -90.0), row(json!(-59.0), -89.0)]);
        assert!(!click_free(&loud).unwrap().holds);
    }
}
