//! The claims' part in the test: quick figures of those that need neither Wine nor long.
//!
//! A claim that falls short is a failure unless the last figure on record falls short in the same parts
//! of its target: what is known to fall short is told, what has become worse is not let through.

use anyhow::{Result, bail};
use serde_json::Value;

use super::Takings;
use super::book::{Book, Entry};
use super::claims::CLAIMS;
use super::judge::Figure;
use crate::interrupt;
use crate::paths::Paths;

/// Measures them. The value says how many there were, and what is worth saying.
///
/// # Errors
/// A line for each claim that could not be measured or has become worse.
pub fn run(paths: &Paths) -> Result<(u32, String)> {
    let book = Book::read(paths)?;
    let (mut count, mut faults, mut remarks) = (0, Vec::new(), Vec::new());
    let mut taken = Takings::new(paths, true, false);
    for claim in CLAIMS.iter().filter(|claim| claim.source.is_cheap()) {
        interrupt::check()?;
        count += 1;
        match taken.figure(claim) {
            Err(error) => faults.push(format!("{}: {error:#}", claim.id)),
            Ok((figure, _)) if !figure.holds => {
                let list = if is_known(book.entry(claim.id), &figure) {
                    &mut remarks
                } else {
                    &mut faults
                };
                list.push(format!("{} falls short: {}", claim.id, figure.text));
            }
            Ok(_) => {}
        }
    }
    if !faults.is_empty() {
        bail!("{}", faults.join("\n"));
    }
    remarks.insert(0, format!("{count} claims measured"));
    Ok((count, remarks.join("; as recorded, ")))
}

/// Whether what falls short now fell short when it was put on record, each part of the target of which
/// the figure tells.
fn is_known(entry: Option<&Entry>, figure: &Figure) -> bool {
    let Some(entry) = entry.filter(|entry| !entry.holds) else {
        return false;
    };
    let parts = |values: &Value| values["lost"].as_array().cloned().unwrap_or_default();
    let known = parts(&entry.values);
    parts(&figure.values)
        .iter()
        .all(|part| known.contains(part))
}

#[cfg(test)]
mod tests {
    use super::super::source::Form;
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_is_on_record_is_known() {
        let figure = |lost: Value, holds| Figure {
            text: String::new(),
            values: json!({ "lost": lost }),
            holds,
        };
        let entry = |lost, holds| Entry::new(&figure(lost, holds), Form::Full, "2026-11-20", None);
        let now = figure(json!(["playback elsewhere"]), false);
        assert!(!is_known(None, &now));
        assert!(!is_known(Some(&entry(json!([]), true)), &now));
        assert!(is_known(
            Some(&entry(json!(["playback elsewhere"]), false)),
            &now
        ));
        let worse = figure(
            json!(["playback elsewhere", "playback at block = period"]),
            false,
        );
        assert!(!is_known(
            Some(&entry(json!(["playback elsewhere"]), false)),
            &worse
        ));
        let undivided = Figure {
            values: json!({}),
            ..now
        };
        assert!(is_known(Some(&entry(json!([]), false)), &undivided));
    }
}
