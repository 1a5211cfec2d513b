//! `bench`: the driver beside PortAudio's WASAPI and a bare WASAPI program, on the simulated card
//! in real time.

#[cfg(not(windows))]
mod cpu;
#[cfg(not(windows))]
mod delay;
#[cfg(not(windows))]
mod measure;
#[cfg(not(windows))]
mod outcome;
#[cfg(not(windows))]
mod picture;
#[cfg(not(windows))]
mod rows;
#[cfg(not(windows))]
mod run;
#[cfg(not(windows))]
mod table;

use std::ops::RangeInclusive;
use std::path::PathBuf;

#[cfg(not(windows))]
pub use run::run;

/// How often a row may be run.
const REPEATS: RangeInclusive<usize> = 1..=100;
/// How many seconds a run may play: each frame carries its number, and the numbers are limited.
const SECONDS: RangeInclusive<usize> = 3..=120;

/// What is to be measured.
pub struct Request {
    /// How often each row is run.
    pub repeats: usize,
    /// Seconds of sound in each run.
    pub seconds: usize,
    /// Where the results go; `docs/bench` without.
    pub output: Option<PathBuf>,
}

impl Default for Request {
    fn default() -> Request {
        Request {
            repeats: 5,
            seconds: 10,
            output: None,
        }
    }
}

impl Request {
    /// The short form.
    pub fn shorten(&mut self) {
        (self.repeats, self.seconds) = (3, 3);
    }

    /// Whether it makes sense.
    ///
    /// # Errors
    /// One sentence: what would do.
    pub fn check(&self) -> Result<(), String> {
        let demand = |name: &str, value: usize, range: RangeInclusive<usize>| {
            let (least, most) = (range.start(), range.end());
            match range.contains(&value) {
                true => Ok(()),
                false => Err(format!("--{name} takes a number from {least} to {most}")),
            }
        };
        demand("repeats", self.repeats, REPEATS)?;
        demand("seconds", self.seconds, SECONDS)
    }
}

/// Refuses: on Windows there is no simulated card.
///
/// # Errors
/// Always.
#[cfg(windows)]
pub fn run(_paths: &crate::paths::Paths, _request: &Request) -> anyhow::Result<()> {
    anyhow::bail!("the simulated card needs Wine: run `cargo xtask bench` on Linux")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_measured_is_accepted() {
        assert_eq!(Request::default().check(), Ok(()));
        let mut request = Request::default();
        request.shorten();
        assert_eq!(request.check(), Ok(()));
        request.repeats = 0;
        assert!(request.check().unwrap_err().contains("--repeats"));
        request.repeats = 1;
        request.seconds = 121;
        assert!(request.check().unwrap_err().contains("3 to 120"));
    }
}
