//! `bench`: the driver beside PortAudio's WASAPI, a bare WASAPI program, and drivers of others, on
//! the simulated card in real time.

#[cfg(not(windows))]
mod cpu;
#[cfg(not(windows))]
pub mod delay;
#[cfg(not(windows))]
mod duplex;
#[cfg(not(windows))]
pub mod gaps;
#[cfg(not(windows))]
mod installed;
#[cfg(not(windows))]
pub mod measure;
#[cfg(not(windows))]
pub mod outcome;
#[cfg(not(windows))]
mod picture;
#[cfg(not(windows))]
mod results;
#[cfg(not(windows))]
mod round_trip;
#[cfg(not(windows))]
pub mod rows;
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
    /// Minutes that each row plays in all its runs: so many alone, and so many beside a program
    /// that keeps the processor busy.
    pub minutes: f64,
    /// Where the results go; `docs/bench` without.
    pub output: Option<PathBuf>,
    /// ASIO drivers of somebody else, by name.
    pub drivers: Vec<String>,
    /// DLLs to be registered meanwhile, so that their drivers are there.
    pub driver_dlls: Vec<PathBuf>,
}

impl Default for Request {
    fn default() -> Request {
        Request {
            repeats: 5,
            minutes: 1.0,
            output: None,
            drivers: Vec::new(),
            driver_dlls: Vec::new(),
        }
    }
}

impl Request {
    /// The short form.
    pub fn shorten(&mut self) {
        (self.repeats, self.minutes) = (3, 0.15);
    }

    /// Seconds of sound in each run.
    pub fn seconds(&self) -> usize {
        // A little more than a whole number is none: 0.15 minutes are 9 seconds.
        (self.minutes * 60.0 / self.repeats as f64 - 1e-6).ceil() as usize
    }

    /// Whether it makes sense.
    ///
    /// # Errors
    /// One sentence: what would do.
    pub fn check(&self) -> Result<(), String> {
        let (least, most) = (REPEATS.start(), REPEATS.end());
        if !REPEATS.contains(&self.repeats) {
            return Err(format!("--repeats takes a number from {least} to {most}"));
        }
        if !self.minutes.is_finite() || !SECONDS.contains(&self.seconds()) {
            let minutes = |seconds: &usize| (seconds * self.repeats) as f64 / 60.0;
            let (least, most) = (minutes(SECONDS.start()), minutes(SECONDS.end()));
            return Err(format!(
                "--minutes takes a number from {least} to {most} with --repeats {}",
                self.repeats
            ));
        }
        Ok(())
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
        assert_eq!(request.seconds(), 3);
        request.repeats = 0;
        assert!(request.check().unwrap_err().contains("--repeats"));
        request.repeats = 4;
        for minutes in [0.1, 8.1, -1.0, f64::NAN, f64::INFINITY] {
            request.minutes = minutes;
            let error = request.check().unwrap_err();
            assert!(error.contains("from 0.2 to 8 with"), "{error}");
        }
    }
}
