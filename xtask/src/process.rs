//! Running other programs: bounded in time, ended on Ctrl-C.

use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::interrupt;

/// How often a wait looks up.
pub const POLL: Duration = Duration::from_millis(10);

/// Runs a program that talks to the user itself. The value says whether it succeeded.
pub fn show(command: &mut Command, limit: Duration) -> Result<bool> {
    let mut child = start(command)?;
    Ok(wait(&mut child, &name(command), limit)?.success())
}

/// Starts a program; an error names it.
pub fn start(command: &mut Command) -> Result<Child> {
    command
        .spawn()
        .with_context(|| format!("`{}` cannot be started", name(command)))
}

/// Waits for a program's end, and ends it when it is late or the user interrupts.
pub fn wait(child: &mut Child, name: &str, limit: Duration) -> Result<ExitStatus> {
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
                "`{name}` was not done after {} s and was ended",
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
