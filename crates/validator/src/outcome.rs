//! What comes of a check.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The driver does what it should.
    Passed,
    /// It breaks no rule, but some programs will stumble over it.
    Warning,
    /// The check has no subject here.
    Skipped,
    /// It breaks a rule.
    Failed,
    /// The process ended before the check did, or had to be ended.
    Crashed,
}

impl Outcome {
    /// All of them, best first.
    pub const ALL: [Outcome; 5] = [
        Outcome::Passed,
        Outcome::Warning,
        Outcome::Skipped,
        Outcome::Failed,
        Outcome::Crashed,
    ];

    /// Whether the driver has to be mended.
    pub fn is_bad(self) -> bool {
        matches!(self, Outcome::Failed | Outcome::Crashed)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Outcome::Passed => "passed",
            Outcome::Warning => "warning",
            Outcome::Skipped => "skipped",
            Outcome::Failed => "failed",
            Outcome::Crashed => "crashed",
        })
    }
}

/// A finished check.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckResult {
    /// The check's id.
    pub id: &'static str,
    /// What it checks, in one sentence.
    pub about: &'static str,
    /// The traps that it guards against, as in `T30`.
    pub traps: Vec<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// What was found, in one sentence.
    pub text: String,
    /// How long it took, in seconds.
    pub seconds: f64,
}
