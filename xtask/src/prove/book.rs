//! The last figures: `docs/claims.json`, committed.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::judge::Figure;
use super::source::Form;
use crate::paths::Paths;

/// A figure on record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// In words.
    pub figure: String,
    /// Whether it met the target.
    pub holds: bool,
    /// How it was measured.
    pub form: Form,
    /// The day, in UTC, as year-month-day.
    pub date: String,
    /// The sources that it was measured of.
    pub commit: Option<String>,
    /// In numbers.
    pub values: Value,
}

/// The figures on record, by claim.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Book(BTreeMap<String, Entry>);

/// In words.
pub const fn verdict(holds: bool) -> &'static str {
    if holds { "holds" } else { "falls short" }
}

impl Entry {
    /// A figure of today.
    pub fn new(figure: &Figure, form: Form, date: &str, commit: Option<String>) -> Entry {
        Entry {
            figure: figure.text.clone(),
            holds: figure.holds,
            form,
            date: date.to_owned(),
            commit,
            values: figure.values.clone(),
        }
    }

    /// In words.
    pub fn verdict(&self) -> &'static str {
        verdict(self.holds)
    }

    /// When, of what, and how.
    pub fn measured(&self) -> String {
        let of = self.commit.as_ref().map(|commit| format!(", {commit}"));
        format!("{}{}, {}", self.date, of.unwrap_or_default(), self.form)
    }
}

impl Book {
    /// What is on record; nothing where there is no file.
    pub fn read(paths: &Paths) -> Result<Book> {
        let file = file(paths);
        if !file.exists() {
            return Ok(Book::default());
        }
        let text =
            fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is unclear", file.display()))
    }

    /// Puts it on record.
    pub fn write(&self, paths: &Paths) -> Result<()> {
        let file = file(paths);
        let text = serde_json::to_string_pretty(self)? + "\n";
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))
    }

    /// The last figure of a claim.
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.0.get(id)
    }

    /// Replaces the last figure of a claim.
    pub fn enter(&mut self, id: &str, entry: Entry) {
        self.0.insert(id.to_owned(), entry);
    }

    /// The claims that have one.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

fn file(paths: &Paths) -> PathBuf {
    paths.root.join("docs").join("claims.json")
}

/// The commit of the sources, and whether they differ from it; `None` where there is no Git.
pub fn commit(paths: &Paths) -> Option<String> {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        let output = command
            .args(arguments)
            .current_dir(&paths.root)
            .output()
            .ok()?;
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then_some(said)
    };
    let commit = git(&["rev-parse", "--short=10", "HEAD"])?;
    let changes = git(&["status", "--porcelain", "--", ".", ":!docs"])?;
    Some(if changes.is_empty() {
        commit
    } else {
        format!("{commit} with changes")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let figure = Figure {
            text: "0 of 7".to_owned(),
            values: json!({ "wrong": 0 }),
            holds: true,
        };
        let mut book = Book::default();
        let entry = Entry::new(&figure, Form::Full, "2026-01-02", Some("abc".to_owned()));
        assert_eq!(entry.measured(), "2026-01-02, abc, full");
        book.enter("a", entry.clone());
        let text = serde_json::to_string(&book).unwrap();
        let read: Book = serde_json::from_str(&text).unwrap();
        assert_eq!(read.entry("a"), Some(&entry));
        assert_eq!(read.ids().collect::<Vec<_>>(), ["a"]);
    }
}
