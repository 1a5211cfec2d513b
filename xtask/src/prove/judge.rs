//! From what the programs told to a figure and a verdict. What a program leaves out is an error, never
//! a zero.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

mod bits;
mod busy;
mod cost;
mod drift;
mod host;
mod latency;
mod monitor;
mod routed;
mod routed_server;
mod router;
mod sound_server;
mod stand_in;

pub use bits::bit_exact;
pub use busy::busy;
pub use cost::cost;
pub use drift::drift;
pub use host::{click_free, host_never_notices};
pub use latency::{added_latency, reported_latency};
pub use monitor::monitor;
#[cfg(not(windows))]
pub use routed::LIKENESS_MIN;
pub use routed::{router_isolation, router_mix};
pub use routed_server::router_server;
pub use router::{ipc_fuzz, router_cost, router_exact, router_hop};
pub use sound_server::faults_sound_server;
pub use stand_in::faults_stand_in;

/// The largest relative error of a clock.
const CLOCK_ERROR_MAX: f64 = 1e-9;

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// In words.
    pub text: String,
    /// In numbers.
    pub values: Value,
    /// Whether it meets the target.
    pub holds: bool,
}

fn integer(value: &Value, name: &str) -> Result<i64> {
    value[name]
        .as_i64()
        .with_context(|| format!("it tells no number `{name}`"))
}

fn number(value: &Value, name: &str) -> Result<f64> {
    value[name]
        .as_f64()
        .with_context(|| format!("it tells no number `{name}`"))
}

fn word<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value[name]
        .as_str()
        .with_context(|| format!("it tells no `{name}`"))
}

fn list<'a>(value: &'a Value, name: &str) -> Result<&'a [Value]> {
    let list = value[name]
        .as_array()
        .with_context(|| format!("it tells no list `{name}`"))?;
    ensure!(!list.is_empty(), "its list `{name}` is empty");
    Ok(list)
}

fn sum(rows: &[Value], name: &str) -> Result<i64> {
    rows.iter().map(|row| integer(row, name)).sum()
}

/// `1234567` as `1 234 567`.
fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// `simcard-exact`.
pub fn exact(data: &Value) -> Result<Figure> {
    let modes = list(data, "modes")?;
    let seconds = integer(data, "seconds_of_a_mode")?;
    let checked = sum(modes, "frames_checked")?;
    let (wrong, astray) = (sum(modes, "frames_wrong")?, sum(modes, "frames_astray")?);
    let least = modes.iter().map(|mode| integer(mode, "frames_checked"));
    let least = least.collect::<Result<Vec<_>>>()?.into_iter().min();
    let planted = &data["with_a_planted_fault"];
    let noticed = integer(planted, "frames_wrong")? > 0 && integer(planted, "frames_astray")? > 0;
    let unnoticed = if noticed {
        ""
    } else {
        "; a planted fault was not noticed"
    };
    Ok(Figure {
        text: format!(
            "{} of {} frames wrong, {} lost or too many, in {} modes of {} s each{unnoticed}",
            grouped(wrong),
            grouped(checked),
            grouped(astray),
            modes.len(),
            grouped(seconds)
        ),
        values: json!({
            "frames_checked": checked, "frames_wrong": wrong, "frames_astray": astray,
            "seconds_of_a_mode": seconds, "modes": modes, "planted_fault_noticed": noticed,
        }),
        holds: wrong == 0 && astray == 0 && least > Some(0) && noticed,
    })
}

/// `simcard-clock`.
pub fn clock(data: &Value) -> Result<Figure> {
    let (mut worst, mut worst_ns) = (0.0_f64, 0.0_f64);
    let kinds = list(data, "kinds")?;
    for kind in kinds {
        worst = worst.max(number(kind, "worst_relative")?);
        worst_ns = worst_ns.max(number(kind, "worst_ns")?);
    }
    let differing = sum(kinds, "counts_differing")?;
    let hours = integer(data, "hours")?;
    Ok(Figure {
        text: format!(
            "worst relative error {worst:.1e} ({worst_ns:.1} ns) within {hours} h; {} counts of \
             frames differ",
            grouped(differing)
        ),
        values: json!({
            "worst_relative": worst, "worst_ns": worst_ns, "counts_differing": differing,
            "kinds": kinds,
        }),
        holds: worst < CLOCK_ERROR_MAX && differing == 0,
    })
}

/// `validator-finds-planted-faults`.
pub fn planted(data: &Value) -> Result<Figure> {
    let drivers = list(data, "drivers")?;
    let (mut planted, mut found, mut alarms, mut sound) = (0, 0, Vec::new(), 0);
    let mut missed = Vec::new();
    for row in drivers {
        let driver = word(row, "driver")?;
        let outcomes = |name: &str| {
            let map = row[name].as_object();
            map.with_context(|| format!("it tells no `{name}` of {driver}"))
        };
        let (expected, noticed) = (outcomes("expected")?, outcomes("noticed")?);
        if expected.is_empty() {
            sound += 1;
        } else {
            planted += 1;
            let wanted = expected.iter();
            let unseen = wanted.filter(|(check, outcome)| noticed.get(*check) != Some(*outcome));
            let unseen: Vec<String> = unseen.map(|(id, _)| format!("{driver}: {id}")).collect();
            found += i64::from(unseen.is_empty());
            missed.extend(unseen);
        }
        let others = noticed.iter().filter(|(id, _)| !expected.contains_key(*id));
        alarms.extend(others.map(|(id, outcome)| format!("{driver}: {id}: {outcome}")));
    }
    ensure!(sound > 0, "it has no sound driver");
    let checks = sum(drivers, "checks")?;
    let mut text = format!(
        "{found} of {planted} planted faults found, {} false alarms in {} checks",
        alarms.len(),
        grouped(checks)
    );
    for odd in missed.iter().chain(&alarms) {
        text.push_str(&format!("; {odd}"));
    }
    Ok(Figure {
        text,
        values: json!({
            "planted": planted, "found": found, "missed": missed, "false_alarms": alarms,
            "checks": checks,
        }),
        holds: planted > 0 && found == planted && alarms.is_empty(),
    })
}

/// `rt-clean`: what the driver counted, or whether the native test of its cycle passed.
pub fn rt_clean(data: &Value) -> Result<Figure> {
    if let Some(passed) = data["native_test_passed"].as_bool() {
        let how = if passed { "passed" } else { "failed" };
        return Ok(Figure {
            text: format!("no Wine here: the native test of the cycle {how}"),
            values: data.clone(),
            holds: passed,
        });
    }
    let cases = list(data, "cases")?;
    let mut sum = [0; 4];
    let mut odd = Vec::new();
    let mut modes: Vec<&str> = Vec::new();
    for case in cases {
        let (mode, round, clean) = (word(case, "mode")?, word(case, "round")?, &case["clean"]);
        if let (Value::Null, Some(error)) = (clean, case["error"].as_str()) {
            bail!("{mode}, {round}: it did not run: {error}");
        }
        let counts = ["allocations", "frees", "locks", "sections"].map(|name| integer(clean, name));
        let mut told = [0; 4];
        for (told, count) in told.iter_mut().zip(counts) {
            *told = count?;
        }
        let [allocations, frees, locks, cycles] = told;
        let planted = &case["with_allocations"];
        let noticed = integer(planted, "allocations")? > 0
            && integer(planted, "frees")? > 0
            && integer(&case["with_locks"], "locks")? > 0;
        if allocations + frees + locks > 0 || cycles == 0 || !noticed {
            let noticed = if noticed { "counted" } else { "overlooked" };
            odd.push(format!(
                "{mode}, {round}: {allocations}, {frees}, {locks} in {} cycles, planted ones {noticed}",
                grouped(cycles)
            ));
        }
        sum.iter_mut()
            .zip(told)
            .for_each(|(sum, told)| *sum += told);
        if !modes.contains(&mode) {
            modes.push(mode);
        }
    }
    let [allocations, frees, locks, cycles] = sum;
    let seconds = integer(data, "seconds")?;
    let mut text = format!(
        "{allocations} allocations, {frees} frees, {locks} locks in {} cycles of {} cases of {seconds} s \
         ({})",
        grouped(cycles),
        cases.len(),
        modes.join(", ")
    );
    match odd.as_slice() {
        [] => text.push_str("; planted ones counted in each"),
        odd => text.push_str(&format!("; {}", odd.join("; "))),
    }
    Ok(Figure {
        text,
        values: data.clone(),
        holds: odd.is_empty(),
    })
}

#[cfg(test)]
mod tests;
