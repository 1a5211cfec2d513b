//! `ipc-fuzz`, `router-exact`, `router-cost` and `router-hop`.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{Figure, grouped, integer, number};

/// `ipc-fuzz`: the hostile client must have come in, been refused, been heard and been late, or
/// nothing was tried.
pub fn ipc_fuzz(data: &Value) -> Result<Figure> {
    let [inputs, attached, refused, heard, late, good, lost, wrong] = [
        "inputs",
        "attached",
        "refused",
        "hostile_blocks",
        "hostile_late",
        "good_blocks",
        "lost_frames",
        "wrong_frames",
    ]
    .map(|name| integer(data, name));
    let (inputs, good) = (inputs?, good?);
    let (lost, wrong) = (lost?, wrong?);
    let tried = [attached?, refused?, heard?, late?];
    let all_tried = tried.iter().all(|count| *count > 0);
    let untried = if all_tried { "" } else { "; not all was tried" };
    Ok(Figure {
        text: format!(
            "{} inputs, {} frames lost and {} altered of the other client; the hostile one was let \
             in {} times, refused {}, heard {} times and late {}{untried}",
            grouped(inputs),
            grouped(lost),
            grouped(wrong),
            grouped(tried[0]),
            grouped(tried[1]),
            grouped(tried[2]),
            grouped(tried[3]),
        ),
        values: json!({
            "inputs": inputs, "good_blocks": good, "lost_frames": lost, "wrong_frames": wrong,
            "attached": tried[0], "refused": tried[1], "hostile_blocks": tried[2],
            "hostile_late": tried[3],
        }),
        holds: lost == 0 && wrong == 0 && good == inputs && inputs > 0 && all_tried,
    })
}

/// `router-exact`: every kind of place must have been looked at, and the planted fault seen.
pub fn router_exact(data: &Value) -> Result<Figure> {
    const PLACES: [&str; 4] = ["sources", "clients", "heard_by_clients", "sinks"];
    let (mut frames, mut wrong) = (0, 0);
    for place in PLACES {
        let looked_at = integer(&data[place], "frames")?;
        ensure!(looked_at > 0, "no frame of `{place}` was looked at");
        frames += looked_at;
        wrong += integer(&data[place], "wrong")?;
    }
    let (sums, sums_wrong) = (integer(data, "sums")?, integer(data, "sums_wrong")?);
    let (late, incidents) = (
        integer(data, "late_others")?,
        integer(data, "incident_frames")?,
    );
    let seconds = integer(data, "seconds")?;
    let on_purpose = integer(data, "late_on_purpose")?;
    let noticed = integer(&data["planted"], "sources_wrong")? > 0;
    let unnoticed = if noticed {
        ""
    } else {
        "; a planted fault was not noticed"
    };
    Ok(Figure {
        text: format!(
            "{} of {} frames lost, repeated or altered, {} of {} sums off, {} other blocks late \
             while one client was late {} times on purpose, in {} s{unnoticed}",
            grouped(wrong + incidents),
            grouped(frames),
            grouped(sums_wrong),
            grouped(sums),
            grouped(late),
            grouped(on_purpose),
            grouped(seconds),
        ),
        values: json!({
            "frames": frames, "wrong": wrong, "sums": sums, "sums_wrong": sums_wrong,
            "worst_sum": data["worst_sum"], "late_others": late, "late_on_purpose": on_purpose,
            "incident_frames": incidents, "seconds": seconds, "planted_fault_noticed": noticed,
        }),
        holds: [wrong, incidents, sums_wrong, late] == [0; 4]
            && sums > 0
            && on_purpose > 0
            && noticed,
    })
}

/// The part of a period that the router's own work may take.
const PART_MAX: f64 = 0.1;

/// `router-cost`.
pub fn router_cost(data: &Value) -> Result<Figure> {
    let (median, p99) = (number(data, "median_us")?, number(data, "p99_us")?);
    let (period, cycles) = (number(data, "period_us")?, integer(data, "cycles")?);
    let clients = integer(data, "on_time_blocks")?;
    ensure!(period > 0.0 && cycles > 0, "no cycle was measured");
    let part = p99 / period;
    Ok(Figure {
        text: format!(
            "{:.1} % of the period (p99 {p99:.0} µs, median {median:.0} µs of {period:.0} µs, {} \
             cycles)",
            part * 100.0,
            grouped(cycles)
        ),
        values: json!({
            "p99_us": p99, "median_us": median, "period_us": period, "cycles": cycles,
            "on_time_blocks": clients,
        }),
        holds: part <= PART_MAX && clients > 0,
    })
}

/// How much longer than two bare events a block's way may take.
const HOP_RATIO_MAX: f64 = 1.25;

/// `router-hop`.
pub fn router_hop(data: &Value) -> Result<Figure> {
    let (bare, block) = (&data["ping_pong_us"], &data["hop_us"]);
    let (bare_median, median) = (number(bare, "median")?, number(block, "median")?);
    let (bare_p99, p99) = (number(bare, "p99")?, number(block, "p99")?);
    let rounds = integer(data, "rounds")?;
    ensure!(bare_median > 0.0 && rounds > 0, "nothing was measured");
    let ratio = median / bare_median;
    Ok(Figure {
        text: format!(
            "{ratio:.2} times the bare events: median {median:.0} µs against {bare_median:.0} µs, p99 \
             {p99:.0} against {bare_p99:.0}, {} rounds of each",
            grouped(rounds)
        ),
        values: json!({
            "ratio": ratio, "median_us": median, "p99_us": p99, "bare_median_us": bare_median,
            "bare_p99_us": bare_p99, "rounds": rounds,
        }),
        holds: ratio <= HOP_RATIO_MAX,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact() -> Value {
        let place = json!({ "frames": 100, "wrong": 0 });
        json!({
            "seconds": 60, "sources": place, "clients": place, "heard_by_clients": place,
            "sinks": place, "sums": 10, "sums_wrong": 0, "worst_sum": 0.5, "late_others": 0,
            "late_on_purpose": 4, "incident_frames": 0, "planted": { "sources_wrong": 2 },
        })
    }

    #[test]
    fn whatever_is_wrong_or_was_not_looked_at_falls_short() {
        let figure = router_exact(&exact()).unwrap();
        assert!(figure.holds, "{}", figure.text);
        assert!(figure.text.starts_with("0 of 400 frames lost"));
        let wrong = |path: &[&str], value: i64| {
            let mut data = exact();
            let mut at = &mut data;
            for name in path {
                at = &mut at[*name];
            }
            *at = json!(value);
            router_exact(&data)
        };
        for path in [
            &["sources", "wrong"][..],
            &["sinks", "wrong"],
            &["sums_wrong"],
            &["late_others"],
            &["incident_frames"],
        ] {
            assert!(!wrong(path, 1).unwrap().holds, "{path:?}");
        }
        for path in [
            &["late_on_purpose"][..],
            &["sums"],
            &["planted", "sources_wrong"],
        ] {
            assert!(!wrong(path, 0).unwrap().holds, "{path:?}");
        }
        assert!(wrong(&["clients", "frames"], 0).is_err());
        assert!(router_exact(&json!({})).is_err());
    }

    #[test]
    fn a_tenth_of_the_period_is_the_limit() {
        let data = |p99: f64| {
            json!({
                "median_us": 50.0, "p99_us": p99, "period_us": 1_333.3, "cycles": 20_000,
                "on_time_blocks": 1,
            })
        };
        assert!(router_cost(&data(133.0)).unwrap().holds);
        let figure = router_cost(&data(140.0)).unwrap();
        assert!(!figure.holds);
        assert!(
            figure.text.starts_with("10.5 % of the period"),
            "{}",
            figure.text
        );
        assert!(router_cost(&json!({ "p99_us": 1.0 })).is_err());
    }

    #[test]
    fn a_quarter_more_than_bare_events_is_the_limit() {
        let data = |median: f64| {
            json!({
                "rounds": 500, "hop_us": { "median": median, "p99": 200.0 },
                "ping_pong_us": { "median": 100.0, "p99": 150.0 },
            })
        };
        assert!(router_hop(&data(125.0)).unwrap().holds);
        let figure = router_hop(&data(126.0)).unwrap();
        assert!(!figure.holds);
        assert!(figure.text.starts_with("1.26 times"), "{}", figure.text);
        assert!(router_hop(&data(0.0)).is_ok() && router_hop(&json!({ "rounds": 5 })).is_err());
    }

    fn data() -> Value {
        json!({
            "inputs": 1_000, "attached": 3, "refused": 1, "hostile_blocks": 5, "hostile_late": 7,
            "good_blocks": 1_000, "lost_frames": 0, "wrong_frames": 0,
        })
    }

    #[test]
    fn a_lost_frame_or_nothing_tried_falls_short() {
        let figure = ipc_fuzz(&data()).unwrap();
        assert!(figure.holds);
        assert!(figure.text.starts_with("1 000 inputs, 0 frames lost"));
        for (name, value) in [
            ("lost_frames", 8),
            ("wrong_frames", 1),
            ("refused", 0),
            ("good_blocks", 999),
        ] {
            let mut data = data();
            data[name] = json!(value);
            assert!(!ipc_fuzz(&data).unwrap().holds, "{name}");
        }
        assert!(ipc_fuzz(&json!({ "inputs": 1 })).is_err());
    }
}
