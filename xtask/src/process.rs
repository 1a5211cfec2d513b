//! Running other programs: bounded in time, ended on Ctrl-C, their output in files.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::interrupt;

const POLL: Duration = Duration::from_millis(10);

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

/// Runs a program to its end and keeps what it prints in `log.out` and `log.err`.
///
/// # Errors
/// It cannot be started, outlives `limit` (then it is ended), or the user interrupts.
pub fn capture(command: &mut Command, log: &Path, limit: Duration) -> Result<Output> {
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let (out, err) = (log.with_extension("out"), log.with_extension("err"));
    let create = |path: &Path| {
        File::create(path).with_context(|| format!("cannot write {}", path.display()))
    };
    command
        .stdin(Stdio::null())
        .stdout(create(&out)?)
        .stderr(create(&err)?);
    let mut child = start(command)?;
    let status = wait(&mut child, command, limit)?;
    let text = |path: &Path| -> Result<String> {
        let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    Ok(Output {
        status,
        stdout: text(&out)?,
        stderr: text(&err)?,
    })
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

/// Runs a program that talks to the user itself. The value says whether it succeeded.
pub fn show(command: &mut Command, limit: Duration) -> Result<bool> {
    let mut child = start(command)?;
    Ok(wait(&mut child, command, limit)?.success())
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

fn start(command: &mut Command) -> Result<Child> {
    command
        .spawn()
        .with_context(|| format!("`{}` cannot be started", name(command)))
}

fn wait(child: &mut Child, command: &Command, limit: Duration) -> Result<ExitStatus> {
    let end = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            interrupt::check()?;
            return Ok(status);
        }
        let late = Instant::now() >= end;
        if late || interrupt::pending() {
            // It may have ended by itself just now: then there is nothing to end.
            let _ = child.kill();
            child.wait()?;
            interrupt::check()?;
            bail!(
                "`{}` was not done after {} s and was ended",
                name(command),
                limit.as_secs()
            );
        }
        std::thread::sleep(POLL);
    }
}

/// The program and its first arguments, for messages.
pub fn name(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut text = program
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    for argument in command.get_args().take(4) {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    text
}
