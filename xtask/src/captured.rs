//! Running programs in the background or unseen, with their output in files.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::interrupt;
use crate::process::{POLL, name, start, wait};

/// What a program printed, and how it ended.
pub struct Output {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

impl Output {
    /// The last lines of what it said, for a message.
    pub fn last_words(&self) -> String {
        let said = if self.stderr.trim().is_empty() {
            &self.stdout
        } else {
            &self.stderr
        };
        last_lines(said, 12)
    }
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// A program that runs while we do something else. Dropping it ends it.
pub struct Running {
    child: Child,
    name: String,
    log: PathBuf,
}

impl Running {
    /// Starts it; what it prints goes to `log.out` and `log.err`.
    pub fn start(command: &mut Command, log: &Path) -> Result<Running> {
        if let Some(folder) = log.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
        }
        let create = |end: &str| {
            let path = log.with_extension(end);
            File::create(&path).with_context(|| format!("cannot write {}", path.display()))
        };
        command
            .stdin(Stdio::null())
            .stdout(create("out")?)
            .stderr(create("err")?);
        Ok(Running {
            child: start(command)?,
            name: name(command),
            log: log.to_path_buf(),
        })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// It outlives `limit` (then it is ended), or the user interrupts.
    pub fn finish(mut self, limit: Duration) -> Result<Output> {
        let status = wait(&mut self.child, &self.name, limit)?;
        let text = |end: &str| -> Result<String> {
            let path = self.log.with_extension(end);
            let bytes =
                fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        Ok(Output {
            status,
            stdout: text("out")?,
            stderr: text("err")?,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program to its end and keeps what it prints in `log.out` and `log.err`.
///
/// # Errors
/// It cannot be started, outlives `limit` (then it is ended), or the user interrupts.
pub fn capture(command: &mut Command, log: &Path, limit: Duration) -> Result<Output> {
    Running::start(command, log)?.finish(limit)
}

/// As [`capture`], but an exit status other than 0 is an error that quotes the program.
pub fn succeed(command: &mut Command, log: &Path, limit: Duration) -> Result<Output> {
    let output = capture(command, log, limit)?;
    if !output.status.success() {
        bail!(
            "`{}` ended with {}:\n{}",
            name(command),
            output.status,
            output.last_words()
        );
    }
    Ok(output)
}

/// Waits, with an eye on Ctrl-C.
pub fn pause(length: Duration) -> Result<()> {
    let end = Instant::now() + length;
    while Instant::now() < end {
        interrupt::check()?;
        std::thread::sleep(POLL.min(end.saturating_duration_since(Instant::now())));
    }
    interrupt::check()
}
