//! Running a program that tells figures.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process;

const LAST_LINES: usize = 12;

/// How a program ended, and what it said.
pub struct Said {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// The end of its standard error.
    pub last_words: String,
}

/// Runs a program to its end. Its standard error is passed on line by line when `shows`.
///
/// # Errors
/// It cannot be started, outlives `limit` (then it is ended), or the user interrupts.
pub fn run(command: &mut Command, shows: bool, limit: Duration) -> Result<Said> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let name = process::name(command);
    let mut child = process::start(command)?;
    let pipes = (child.stdout.take(), child.stderr.take());
    let (Some(mut out), Some(error)) = pipes else {
        bail!("`{name}` was started without its pipes");
    };
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        // What was read before the pipe broke is what there is.
        let _ = out.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let listener = thread::spawn(move || {
        let mut lines = Vec::new();
        for line in BufReader::new(error).lines().map_while(Result::ok) {
            if shows {
                eprintln!("  {line}");
            }
            lines.push(line);
        }
        lines.split_off(lines.len().saturating_sub(LAST_LINES))
    });
    let status = process::wait(&mut child, &name, limit)?;
    let stdout = reader.join().unwrap_or_default();
    let last_words = listener.join().unwrap_or_default().join("\n");
    Ok(Said {
        status,
        stdout,
        last_words,
    })
}

/// As [`run`], for a program that prints JSON, whatever its exit status.
///
/// # Errors
/// As [`run`], and what it prints is no JSON.
pub fn json(command: &mut Command, shows: bool, limit: Duration) -> Result<Value> {
    let said = run(command, shows, limit)?;
    serde_json::from_str(&said.stdout).with_context(|| {
        format!(
            "`{}` ended with {} and no JSON: {}",
            process::name(command),
            said.status,
            said.last_words
        )
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn figures_are_read_whatever_the_exit_status() {
        let limit = Duration::from_secs(60);
        let mut command = shell("echo working >&2; echo '{\"wrong\": 3}'; exit 1");
        assert_eq!(json(&mut command, false, limit).unwrap()["wrong"], 3);
    }

    #[test]
    fn a_program_without_figures_is_quoted() {
        let limit = Duration::from_secs(60);
        let error = json(&mut shell("echo no device >&2; exit 2"), false, limit).unwrap_err();
        let text = format!("{error:#}");
        assert!(
            text.contains("no device") && text.contains("exit status: 2"),
            "{text}"
        );
    }
}
