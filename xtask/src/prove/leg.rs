//! The claims' part in the test: quick figures of those that need neither Wine nor long.
//!
//! A claim that falls short is a failure only when the last figure on record holds: what is known to
//! fall short is told, what has become worse is not let through.

use anyhow::{Result, bail};

use super::Takings;
use super::book::Book;
use super::claims::CLAIMS;
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
                let known = book.entry(claim.id).is_some_and(|entry| !entry.holds);
                let list = if known { &mut remarks } else { &mut faults };
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
