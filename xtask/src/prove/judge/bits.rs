//! `bit-exact`: every sample through the whole driver.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{Figure, grouped, integer, list, sum, word};

/// Frames that were wrong or lost, of all formats in all modes.
pub fn bit_exact(data: &Value) -> Result<Figure> {
    let rows = list(data, "rows")?;
    let seconds = integer(data, "seconds_of_a_row")?;
    let [played, heard, wrong, astray] = [
        "frames_played",
        "frames_heard",
        "frames_wrong",
        "frames_astray",
    ]
    .map(|name| sum(rows, name));
    let (played, heard, wrong, astray) = (played?, heard?, wrong?, astray?);
    let mut blocks = BTreeSet::new();
    let (mut idle, mut faulty) = (false, Vec::new());
    for row in rows {
        ensure!(integer(row, "seconds")? >= seconds, "a row is too short");
        idle |= integer(row, "frames_played")? == 0 || integer(row, "frames_heard")? == 0;
        for block in list(row, "blocks")? {
            blocks.insert(block.as_i64());
        }
        if integer(row, "frames_wrong")? + integer(row, "frames_astray")? > 0 {
            faulty.push(word(row, "way")?);
        }
    }
    let at = if faulty.is_empty() {
        String::new()
    } else {
        format!(" ({})", faulty.join(", "))
    };
    Ok(Figure {
        text: format!(
            "{} frames wrong and {} lost of {} played and {} recorded{at}: {} formats and modes of \
             {} s each, {} sizes of blocks",
            grouped(wrong),
            grouped(astray),
            grouped(played),
            grouped(heard),
            rows.len(),
            grouped(seconds),
            blocks.len()
        ),
        values: json!({
            "frames_played": played, "frames_heard": heard, "frames_wrong": wrong,
            "frames_astray": astray, "rows": rows,
        }),
        holds: wrong == 0 && astray == 0 && !idle,
    })
}
