//! `cost`: instructions, rates beside `memcpy`, and cycles.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{Figure, integer, list, number, word};

const INSTRUCTIONS_MAX: f64 = 2.0;
const OF_MEMCPY_PERCENT_MIN: f64 = 80.0;
const STEREO_NS_MAX: f64 = 2_000.0;
const MANY_NS_MAX: f64 = 30_000.0;

/// `cost`.
pub fn cost(data: &Value) -> Result<Figure> {
    let (counted, counts_hold) = match &data["instructions"] {
        Value::Null => ("instructions not counted: no valgrind".to_owned(), false),
        counts => instructions(counts, &data["kept"])?,
    };
    let (mut beside, rates_hold) = rates(list(data, "rates")?)?;
    let control = &data["rates_beside_ordinary_stores"];
    if !control.is_null() {
        let control = list(data, "rates_beside_ordinary_stores")?;
        beside = format!("{beside}, {}", beside_ordinary_stores(control)?);
    }
    let (cycles, cycles_hold) = cycles(list(data, "cycles")?)?;
    Ok(Figure {
        text: format!("{counted}; {beside}; {cycles}"),
        values: json!({
            "instructions": data["instructions"], "rates": data["rates"],
            "rates_beside_ordinary_stores": control, "cycles": data["cycles"],
        }),
        holds: counts_hold && rates_hold && cycles_hold,
    })
}

/// Each count against the limit, which is for conversion without dither, and against the count that
/// is kept.
fn instructions(counts: &Value, kept: &Value) -> Result<(String, bool)> {
    let counts = counts.as_object().context("its counts have no names")?;
    ensure!(!counts.is_empty(), "it counted nothing");
    let factor = 1.0 + number(kept, "tolerance_percent")? / 100.0;
    let (mut plain, mut within, mut most, mut most_dithered) = (0, 0, 0.0_f64, 0.0_f64);
    let mut grown = Vec::new();
    for (name, count) in counts {
        let count = count.as_f64().context("a count is no number")?;
        if count > factor * number(&kept["instructions_per_sample"], name)? {
            grown.push(name.as_str());
        }
        if name.ends_with("dither") {
            most_dithered = most_dithered.max(count);
        } else {
            plain += 1;
            within += i32::from(count <= INSTRUCTIONS_MAX);
            most = most.max(count);
        }
    }
    let mut text = format!(
        "{within} of {plain} conversions within {INSTRUCTIONS_MAX} instructions a sample, at most \
         {most:.2}; with dither at most {most_dithered:.2}"
    );
    if !grown.is_empty() {
        text.push_str(&format!("; more than on record: {}", grown.join(", ")));
    }
    Ok((text, within == plain && grown.is_empty()))
}

fn rates(rows: &[Value]) -> Result<(String, bool)> {
    let (within, shares) = shares(rows)?;
    let (least, row) = shares[0];
    let text = format!(
        "{within} of {} at {OF_MEMCPY_PERCENT_MIN:.0} % of memcpy's rate or more, the median one at \
         {:.0} %, the least ({} {} {} {}) at {least:.0} %",
        rows.len(),
        shares[shares.len() / 2].0,
        word(row, "way")?,
        word(row, "client")?,
        word(row, "format")?,
        integer(row, "channels")?,
    );
    Ok((text, least >= OF_MEMCPY_PERCENT_MIN))
}

/// The same beside a `memcpy` that has to read what it overwrites, as every program's own stores have:
/// what it takes to convert, and nothing of the other difference. It decides nothing.
fn beside_ordinary_stores(rows: &[Value]) -> Result<String> {
    let (within, shares) = shares(rows)?;
    let (least, _) = shares[0];
    Ok(format!(
        "and beside a memcpy with ordinary stores {within}, the median one at {:.0} %, the least at \
         {least:.0} %",
        shares[shares.len() / 2].0
    ))
}

/// How many reach the target, and each one's share with its row, the least first.
fn shares(rows: &[Value]) -> Result<(usize, Vec<(f64, &Value)>)> {
    let shares = rows
        .iter()
        .map(|row| Ok((number(row, "of_memcpy_percent")?, row)));
    let mut shares = shares.collect::<Result<Vec<_>>>()?;
    shares.sort_by(|a, b| a.0.total_cmp(&b.0));
    let reach = |(percent, _): &&(f64, &Value)| *percent >= OF_MEMCPY_PERCENT_MIN;
    Ok((shares.iter().filter(reach).count(), shares))
}

fn cycles(rows: &[Value]) -> Result<(String, bool)> {
    let (mut stereo, mut many) = (None::<f64>, None::<f64>);
    for row in rows {
        let slot = match integer(row, "outputs")? {
            2 => &mut stereo,
            _ => &mut many,
        };
        let ns = number(row, "median_ns")?;
        *slot = Some(slot.map_or(ns, |most| most.max(ns)));
    }
    let stereo = stereo.context("it tells of no stereo cycle")?;
    let many = many.context("it tells of no cycle of many channels")?;
    let text = format!(
        "a stereo cycle of 64 frames {:.2} µs, one of 64 by 64 channels {:.1} µs",
        stereo / 1_000.0,
        many / 1_000.0
    );
    Ok((text, stereo <= STEREO_NS_MAX && many <= MANY_NS_MAX))
}
