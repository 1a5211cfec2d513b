//! What comes out of a run.

use std::fmt::Write;

use serde::Serialize;

use crate::{CheckResult, Outcome};

/// Who a driver says it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DriverFacts {
    /// Its name.
    pub name: String,
    /// Its version, in its own counting.
    pub version: i32,
}

/// A run of checks on one driver.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The name in the list of installed drivers.
    pub driver: String,
    /// What the driver says of itself; `None` if no check got as far as asking.
    pub tells: Option<DriverFacts>,
    /// Its class.
    pub clsid: Option<String>,
    /// Its DLL.
    pub dll: Option<String>,
    /// The validator's version.
    pub validator: &'static str,
    /// The seed; the same one repeats everything random.
    pub seed: u64,
    /// Whether it was a quick run.
    pub quick: bool,
    /// Seconds that a check may take.
    pub timeout_s: u64,
    /// The finished checks, in order.
    pub checks: Vec<CheckResult>,
}

impl Report {
    /// How many checks ended so.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.checks
            .iter()
            .filter(|check| check.outcome == outcome)
            .count()
    }

    /// Whether nothing failed or crashed.
    pub fn is_good(&self) -> bool {
        !self.checks.iter().any(|check| check.outcome.is_bad())
    }

    /// As in "20 passed, 1 warning, 0 skipped, 0 failed, 0 crashed".
    pub fn counts(&self) -> String {
        let counts = Outcome::ALL.map(|outcome| format!("{} {outcome}", self.count(outcome)));
        counts.join(", ")
    }

    /// A line for each check, and the counts.
    pub fn table(&self) -> String {
        let width = self.checks.iter().map(|check| check.id.len()).max();
        let width = width.unwrap_or(0);
        let mut text = String::new();
        for check in &self.checks {
            let CheckResult {
                id,
                outcome,
                text: found,
                seconds,
                ..
            } = check;
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{outcome:8} {id:width$}  {seconds:6.1} s  {found}");
        }
        let _ = writeln!(text, "\n{}; seed {}", self.counts(), self.seed);
        text
    }

    /// All of it as one JSON object.
    ///
    /// # Errors
    /// The report holds what JSON cannot: a time that is no number.
    pub fn json(&self) -> serde_json::Result<String> {
        #[derive(Serialize)]
        struct Counts {
            passed: usize,
            warning: usize,
            skipped: usize,
            failed: usize,
            crashed: usize,
        }
        #[derive(Serialize)]
        struct WithCounts<'a> {
            #[serde(flatten)]
            report: &'a Report,
            good: bool,
            counts: Counts,
        }
        let [passed, warning, skipped, failed, crashed] =
            Outcome::ALL.map(|outcome| self.count(outcome));
        serde_json::to_string_pretty(&WithCounts {
            report: self,
            good: self.is_good(),
            counts: Counts {
                passed,
                warning,
                skipped,
                failed,
                crashed,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CHECKS;
    use std::time::Duration;

    fn report(outcomes: &[Outcome]) -> Report {
        let results = outcomes.iter().zip(CHECKS);
        Report {
            driver: "Some Driver".into(),
            tells: None,
            clsid: None,
            dll: Some(r"C:\some.dll".into()),
            validator: "1.2.3",
            seed: 7,
            quick: true,
            timeout_s: 60,
            checks: results
                .map(|(outcome, check)| check.result(*outcome, "ok".into(), Duration::ZERO))
                .collect(),
        }
    }

    #[test]
    fn only_failures_and_crashes_are_bad() {
        use Outcome::{Crashed, Failed, Passed, Skipped, Warning};
        assert!(report(&[Passed, Warning, Skipped]).is_good());
        assert!(!report(&[Passed, Failed]).is_good());
        assert!(!report(&[Crashed, Passed]).is_good());
        let counts = "2 passed, 0 warning, 0 skipped, 0 failed, 1 crashed";
        assert_eq!(report(&[Passed, Crashed, Passed]).counts(), counts);
    }

    #[test]
    fn json_has_the_seed_and_every_check() {
        let report = report(&[Outcome::Passed, Outcome::Failed]);
        let json: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
        assert_eq!((&json["seed"], &json["good"]), (&7.into(), &false.into()));
        assert_eq!(json["counts"]["failed"], 1);
        assert_eq!(json["checks"][1]["outcome"], "failed");
        assert_eq!(json["dll"], r"C:\some.dll");
        assert!(report.table().ends_with("1 failed, 0 crashed; seed 7\n"));
    }
}
