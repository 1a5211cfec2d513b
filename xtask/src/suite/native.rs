//! The legs that need no Wine: form, lints, layers, unit tests.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::{Leg, Passed, passed};
use crate::paths::{DEFAULT_TARGET, Paths, TARGET_32};
use crate::rig::places;
use crate::{captured, process, prove, tidy};

const LIMIT: Duration = Duration::from_secs(1800);

/// Each with its name and the arguments of cargo.
const CARGO_LEGS: [(&str, &[&str]); 4] = [
    ("tidy: format", &["fmt", "--check"]),
    (
        "tidy: lints, native",
        &[
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--",
            "-Dwarnings",
        ],
    ),
    (
        "tidy: lints, Windows",
        &[
            "clippy",
            "--quiet",
            "--workspace",
            "--all-targets",
            "--target",
            DEFAULT_TARGET,
            "--",
            "-Dwarnings",
        ],
    ),
    (
        "tidy: lints, 32-bit Windows",
        &[
            "clippy",
            "--quiet",
            "--target",
            TARGET_32,
            "-p",
            "asio2wasapi-driver",
            "-p",
            "asio2wasapi-cli",
            "--",
            "-Dwarnings",
        ],
    ),
];

/// All of them.
pub fn legs() -> Vec<Leg> {
    let cargo_legs = CARGO_LEGS.iter().map(|(name, arguments)| {
        Leg::new(*name, move |stage| {
            cargo(stage.paths, arguments)?;
            Ok(passed(""))
        })
    });
    let checks = tidy::CHECKS.iter().map(|(name, check)| {
        Leg::new(format!("tidy: {name}"), move |stage| {
            check(stage.paths)?;
            Ok(passed(""))
        })
        .with_rust_alone()
    });
    let tests = [
        Leg::new("native: unit, property and program tests", |stage| {
            count(&cargo(
                stage.paths,
                &["test", "--workspace", "--no-fail-fast", "--all-targets"],
            )?)
        }),
        Leg::new("native: examples in the documentation", |stage| {
            let said = cargo(stage.paths, &["test", "--doc", "--workspace"])?;
            let found = results(&said)?;
            Ok(Passed {
                count: found.passed,
                detail: found.to_string(),
            })
        })
        .with_rust_alone(),
        Leg::new("claims: those of virtual time, quick", |stage| {
            let (count, detail) = prove::leg::run(stage.paths)?;
            Ok(Passed { count, detail })
        })
        .with_rust_alone(),
    ];
    cargo_legs.chain(checks).chain(tests).collect()
}

/// Runs cargo; what it says is quoted when it fails.
fn cargo(paths: &Paths, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new("cargo");
    command.args(arguments).current_dir(&paths.root);
    let log = places::logs(paths).join(format!("cargo-{}", arguments[0]));
    let output = captured::capture(&mut command, &log, LIMIT)?;
    if !output.status.success() {
        let failures = failures(&output.stdout);
        bail!(
            "`{}` failed\n{failures}{}",
            process::name(&command),
            output.last_words()
        );
    }
    Ok(output.stdout)
}

/// The test runner's own list of what failed.
fn failures(said: &str) -> String {
    let lines = said
        .lines()
        .filter(|line| line.ends_with("... FAILED") || line.contains("panicked"));
    lines.map(|line| format!("{line}\n")).collect()
}

/// What a test program says, as a leg's result; it must have tested something.
pub fn count(said: &str) -> Result<Passed> {
    let found = results(said)?;
    if found.passed == 0 {
        bail!("not a single test ran");
    }
    Ok(Passed {
        count: found.passed,
        detail: found.to_string(),
    })
}

/// What test programs say of themselves.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Results {
    /// Tests that passed.
    pub passed: u32,
    /// Tests that did not run, because they say so themselves.
    pub ignored: u32,
}

impl std::fmt::Display for Results {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} tests", self.passed)?;
        if self.ignored > 0 {
            write!(f, ", {} of them ignored by themselves", self.ignored)?;
        }
        Ok(())
    }
}

/// Adds up the lines `test result: ok. 3 passed; 0 failed; 1 ignored; ...`.
pub fn results(said: &str) -> Result<Results> {
    let mut sum = Results::default();
    for line in said
        .lines()
        .filter(|line| line.starts_with("test result: "))
    {
        let number = |what: &str| -> Result<u32> {
            let before = line
                .split_once(what)
                .with_context(|| format!("unclear: {line}"))?
                .0;
            let word = before.split_whitespace().last().unwrap_or_default();
            word.parse().with_context(|| format!("unclear: {line}"))
        };
        sum.passed += number(" passed")?;
        sum.ignored += number(" ignored")?;
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_added_up() {
        let said = "running 3 tests\n\
                    test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out\n\
                    test result: ok. 40 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(
            results(said).unwrap(),
            Results {
                passed: 43,
                ignored: 1
            }
        );
        assert!(results("test result: ok. many passed; 0 failed; 0 ignored").is_err());
        assert!(count("nothing here").is_err());
    }
}
