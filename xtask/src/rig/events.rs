//! A witness inside Wine: when programs there that wake each other by events were kept waiting.
//!
//! The witness of the machine (`witness.rs`) sees nothing of what Wine's server does. All events
//! between programs go through that server, one after the other; when it has other things to do, every
//! program in its prefix waits.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use nix::time::{ClockId, clock_gettime};

use super::Rig;
use super::places::{self, Backend};
use crate::captured::{self, Running};

/// A moment at which somebody waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// When, on the clock that Wine's performance counter shows.
    pub at_ns: u64,
    /// How long two threads took to wake each other.
    pub away_ns: u64,
    /// How much later than it wanted a thread woke that had slept.
    pub late_ns: u64,
}

/// A witness at work in a prefix. Dropping it ends it.
pub struct Witness {
    /// Only held.
    _running: Running,
    log: PathBuf,
}

impl Witness {
    /// Starts it, and waits until it watches.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(rig: &mut Rig<'_>, backend: Backend) -> Result<Witness> {
        let log = places::logs(rig.paths).join("event-witness");
        let program = places::programs_for(rig.paths, backend).join("event-witness.exe");
        let mut command = rig.wine(backend)?.command(program);
        let running = Running::start(&mut command, &log)?;
        let witness = Witness {
            _running: running,
            log,
        };
        for _ in 0..200 {
            if witness.said().contains("ready") {
                return Ok(witness);
            }
            captured::pause(Duration::from_millis(50))?;
        }
        anyhow::bail!("the witness of events does not get ready")
    }

    fn said(&self) -> String {
        fs::read_to_string(self.log.with_extension("out")).unwrap_or_default()
    }

    /// Ends it: all waits of a millisecond and more.
    ///
    /// # Errors
    /// What it said is unclear.
    pub fn finish(self) -> Result<Vec<Wait>> {
        read(&self.said())
    }
}

/// The time on the clock that Wine's performance counter shows, in nanoseconds.
///
/// # Errors
/// The system has no such clock.
pub fn counter_ns() -> Result<u64> {
    let time = clock_gettime(ClockId::CLOCK_MONOTONIC_RAW)?;
    Ok(Duration::from(time).as_nanos() as u64)
}

fn read(said: &str) -> Result<Vec<Wait>> {
    // The last line may be half written.
    let whole = said.rfind('\n').map_or("", |end| &said[..end]);
    let wait = |line: &str| {
        let mut numbers = line.split(' ').map(str::parse);
        let mut next = || numbers.next().and_then(Result::ok);
        let (at_ns, away_ns, late_ns) = (next()?, next()?, next()?);
        Some(Wait {
            at_ns,
            away_ns,
            late_ns,
        })
    };
    let lines = whole.lines().filter(|line| *line != "ready");
    let waits = lines.map(|line| wait(line).with_context(|| format!("the witness said {line:?}")));
    waits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_witness_says_is_read_and_a_half_line_is_left() {
        let waits = read("ready\n5 2000000 0\n9 0 3000000\n12 4").unwrap();
        let wait = |at_ns, away_ns, late_ns| Wait {
            at_ns,
            away_ns,
            late_ns,
        };
        assert_eq!(waits, [wait(5, 2_000_000, 0), wait(9, 0, 3_000_000)]);
        assert!(read("ready\nwhat\n").is_err());
    }
}
