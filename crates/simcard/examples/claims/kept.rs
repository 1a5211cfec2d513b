//! Scenarios that are done, kept in a file: a measurement of an hour that is cut goes on where it was.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::scenario::Outcome;

/// The outcomes by their seeds, as far as the same program came with scenarios of the same length.
pub struct Kept {
    pub outcomes: BTreeMap<u64, Outcome>,
    file: Option<(PathBuf, File)>,
}

impl Kept {
    /// What that file keeps; without one nothing is kept.
    ///
    /// # Errors
    /// One sentence: the file cannot be read or written.
    pub fn open(path: Option<&Path>, seconds: u64) -> Result<Kept, String> {
        let Some(path) = path else {
            return Ok(Kept {
                outcomes: BTreeMap::new(),
                file: None,
            });
        };
        let failed = |error: std::io::Error| format!("{}: {error}.", path.display());
        let head = json!({ "program": fingerprint().map_err(failed)?, "seconds": seconds });
        let outcomes = match File::open(path) {
            Ok(file) => read(BufReader::new(file), &head),
            Err(_) => None,
        };
        let is_new = outcomes.is_none();
        let mut file = OpenOptions::new()
            .create(true)
            .append(!is_new)
            .write(true)
            .truncate(is_new)
            .open(path)
            .map_err(failed)?;
        if is_new {
            writeln!(file, "{head}").map_err(failed)?;
        }
        Ok(Kept {
            outcomes: outcomes.unwrap_or_default(),
            file: Some((path.to_owned(), file)),
        })
    }

    /// A scenario is done. What cannot be written is measured again the next time.
    pub fn add(&mut self, seed: u64, outcome: Outcome) {
        if let Some((_, file)) = &mut self.file {
            let line = json!({
                "seed": seed,
                "faults": outcome.faults,
                "gap_periods": outcome.gap_periods,
                "back_ns": outcome.back_ns,
                "repeated": outcome.repeated,
                "wrong": outcome.wrong,
            });
            let _ = writeln!(file, "{line}");
        }
        self.outcomes.insert(seed, outcome);
    }

    /// All is done: the next measurement begins anew.
    pub fn finish(&mut self) {
        if let Some((path, _)) = self.file.take() {
            let _ = fs::remove_file(path);
        }
    }
}

/// `None` where another program wrote it, or for scenarios of another length. A line that was cut is left out.
fn read(lines: impl BufRead, head: &Value) -> Option<BTreeMap<u64, Outcome>> {
    let mut lines = lines.lines().map_while(Result::ok);
    let first: Value = serde_json::from_str(&lines.next()?).ok()?;
    (first == *head).then(|| lines.filter_map(|line| outcome(&line)).collect())
}

fn outcome(line: &str) -> Option<(u64, Outcome)> {
    let value: Value = serde_json::from_str(line).ok()?;
    let number = |value: &Value| value.as_u64();
    let back_ns = &value["back_ns"];
    let wrong = value["wrong"].as_array()?.iter();
    let outcome = Outcome {
        faults: number(&value["faults"])?,
        gap_periods: value["gap_periods"].as_f64()?,
        back_ns: [number(&back_ns[0])?, number(&back_ns[1])?],
        repeated: number(&value["repeated"])?,
        wrong: wrong
            .map(|text| text.as_str().map(str::to_owned))
            .collect::<Option<_>>()?,
    };
    Some((number(&value["seed"])?, outcome))
}

/// Tells this program from any other: what was measured with another counts no more.
fn fingerprint() -> std::io::Result<String> {
    let mut hasher = DefaultHasher::new();
    fs::read(std::env::current_exe()?)?.hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}
