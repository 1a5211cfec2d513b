//! The router at work, in the card's prefix if nothing else is said.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use super::Rig;
use super::places::{self, Backend};
use crate::captured::{self, Output, Running};

const LIMIT: Duration = Duration::from_secs(60);
/// The router's program.
pub const PROGRAM: &str = "asio2wasapi.exe";
const READY: &str = "The router runs";

/// A router that runs until it is ended. Dropping it kills it.
pub struct Router {
    backend: Backend,
    running: Running,
    log: PathBuf,
}

impl Router {
    /// Starts the router of that folder, and waits until it runs.
    ///
    /// # Errors
    /// It does not get to run: its own sentence.
    pub fn start(rig: &mut Rig<'_>, product: &Path) -> Result<Router> {
        let command = rig
            .wine(Backend::Card)?
            .sound_command(product.join(PROGRAM));
        Router::start_by(rig, Backend::Card, command)
    }

    /// As [`Router::start`], by that command, which runs `asio2wasapi.exe` on that backend.
    ///
    /// # Errors
    /// As there.
    pub fn start_by(rig: &mut Rig<'_>, backend: Backend, mut command: Command) -> Result<Router> {
        let log = places::logs(rig.paths).join("router");
        command.arg("route");
        let running = Running::start(&mut command, &log)?;
        let router = Router {
            backend,
            running,
            log,
        };
        for _ in 0..200 {
            if router.said().contains(READY) {
                return Ok(router);
            }
            captured::pause(Duration::from_millis(50))?;
        }
        let error = fs::read_to_string(router.log.with_extension("err")).unwrap_or_default();
        bail!("the router does not get to run: {}", error.trim());
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        fs::read_to_string(self.log.with_extension("out")).unwrap_or_default()
    }

    /// Waits until it has said that so often.
    ///
    /// # Errors
    /// It does not.
    pub fn await_words(&self, words: &str, times: usize) -> Result<()> {
        for _ in 0..400 {
            if self.said().matches(words).count() >= times {
                return Ok(());
            }
            captured::pause(Duration::from_millis(25))?;
        }
        bail!("the router never says {words:?}, but: {}", self.said())
    }

    /// Presses Ctrl-C, as a user would, and waits until it has ended.
    ///
    /// # Errors
    /// It does not end.
    pub fn interrupt(self) -> Result<Output> {
        let id = self.running.id().to_string();
        let log = self.log.with_file_name("router-interrupted");
        captured::succeed(Command::new("kill").args(["-INT", &id]), &log, LIMIT)?;
        self.running.finish(LIMIT)
    }

    /// Asks it to end, and waits until it has.
    ///
    /// # Errors
    /// It does not end, or not well.
    pub fn finish(self, rig: &mut Rig<'_>, product: &Path) -> Result<Output> {
        ask_on(rig, self.backend, product, &["end"])?;
        self.running.finish(LIMIT)
    }
}

/// Asks the router that runs, with the words of `asio2wasapi route`.
///
/// # Errors
/// It cannot be asked.
pub fn ask(rig: &mut Rig<'_>, product: &Path, words: &[&str]) -> Result<Output> {
    ask_on(rig, Backend::Card, product, words)
}

/// As [`ask`], on that backend.
///
/// # Errors
/// As there.
pub fn ask_on(
    rig: &mut Rig<'_>,
    backend: Backend,
    product: &Path,
    words: &[&str],
) -> Result<Output> {
    let mut command = rig.wine(backend)?.command(product.join(PROGRAM));
    command.arg("route").args(words);
    let log = places::logs(rig.paths).join("router-asked");
    captured::capture(&mut command, &log, LIMIT)
}

/// Ends a router that a driver has started: it ends by itself, but not at once.
///
/// # Errors
/// It does not end.
pub fn end(rig: &mut Rig<'_>, product: &Path) -> Result<()> {
    end_on(rig, Backend::Card, product)
}

/// As [`end`], on that backend.
///
/// # Errors
/// As there.
pub fn end_on(rig: &mut Rig<'_>, backend: Backend, product: &Path) -> Result<()> {
    for _ in 0..100 {
        // None is there: that is well.
        if ask_on(rig, backend, product, &["end"])?.status.code() == Some(1) {
            return Ok(());
        }
        captured::pause(Duration::from_millis(50))?;
    }
    bail!("the router does not end")
}
