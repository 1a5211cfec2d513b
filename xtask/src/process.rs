//! Running other programs: bounded in time, ended on Ctrl-C.

use std::path::Path;
#[cfg(not(windows))]
use std::process::Stdio;
use std::process::{Child, Command, ExitStatus};
#[cfg(not(windows))]
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::interrupt;

/// How often a wait looks up.
pub const POLL: Duration = Duration::from_millis(10);

/// Lets what stands for the machine run first: hardware waits for no program.
const HARDWARE: [&str; 3] = ["chrt", "--fifo", "10"];
/// Lets a program with sound run before all others, after the hardware.
const SOUND: [&str; 3] = ["chrt", "--fifo", "5"];

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

/// Words before a program that stands for the machine's hardware, so that it runs before all others;
/// none where that is not permitted.
#[cfg(not(windows))]
pub fn real_time() -> &'static [&'static str] {
    permitted(&HARDWARE)
}

/// Words before a program that plays or records, so that it runs as Windows lets such threads run: before
/// all others, after the hardware; none where that is not permitted.
#[cfg(not(windows))]
pub fn real_time_for_sound() -> &'static [&'static str] {
    permitted(&SOUND)
}

/// Those words, if this user may use them.
#[cfg(not(windows))]
fn permitted(words: &'static [&'static str]) -> &'static [&'static str] {
    static PERMITTED: OnceLock<bool> = OnceLock::new();
    let is_permitted = || {
        let mut trial = Command::new(HARDWARE[0]);
        trial.args(&HARDWARE[1..]).arg("true");
        let ended = trial.stdout(Stdio::null()).stderr(Stdio::null()).status();
        ended.is_ok_and(|status| status.success())
    };
    match PERMITTED.get_or_init(is_permitted) {
        true => words,
        false => &[],
    }
}

/// Sends a signal to a process of ours. The shell's own `kill` is there even where no package holds the program.
#[cfg(not(windows))]
pub fn signal(pid: u32, name: &str) {
    let mut kill = Command::new("sh");
    kill.args(["-c", "kill -s \"$1\" \"$2\"", "sh", name, &pid.to_string()]);
    // It may have ended just now.
    let _ = kill.stderr(Stdio::null()).status();
}

/// The program and its first arguments, for messages.
pub fn name(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words = words.map(|word| word.to_string_lossy());
    // How a program is started is not what it is.
    let guard = ["setpriv", "--pdeathsig", "KILL"];
    let is_start = |word: &str| {
        guard
            .iter()
            .chain(&HARDWARE)
            .chain(&SOUND)
            .any(|known| *known == word)
    };
    let words = words.skip_while(|word| is_start(word));
    let mut name = String::new();
    for (index, word) in words.take(5).enumerate() {
        match index {
            0 => name.push_str(
                &Path::new(&*word)
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy(),
            ),
            _ => name.extend([" ", &*word]),
        }
    }
    name
}

/// While it lives, this thread and the programs that it starts run before all others, where that is
/// permitted.
#[cfg(not(windows))]
pub struct Hurry(());

#[cfg(not(windows))]
impl Hurry {
    /// Begins.
    pub fn begin() -> Hurry {
        if !real_time().is_empty() {
            schedule(&["--fifo", "10"]);
        }
        Hurry(())
    }
}

#[cfg(not(windows))]
impl Drop for Hurry {
    fn drop(&mut self) {
        schedule(&["--other", "0"]);
    }
}

/// Lets the calling thread run before programs with sound, after the hardware, where that is permitted.
#[cfg(not(windows))]
pub fn run_before_sound() {
    if !real_time().is_empty() {
        schedule_thread(&["--fifo", "6"], nix::unistd::gettid().as_raw());
    }
}

/// Gives this process's first thread another priority. Refused, it stays as it is.
#[cfg(not(windows))]
fn schedule(how: &[&str; 2]) {
    schedule_thread(how, nix::unistd::getpid().as_raw());
}

#[cfg(not(windows))]
fn schedule_thread(how: &[&str; 2], thread: i32) {
    let mut chrt = Command::new("chrt");
    chrt.args([how[0], "--pid", how[1], &thread.to_string()]);
    let _ = chrt.stdout(Stdio::null()).stderr(Stdio::null()).status();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_program_and_what_it_shall_do() {
        let mut command = Command::new("setpriv");
        command.args([
            "--pdeathsig",
            "KILL",
            "chrt",
            "--fifo",
            "10",
            "/usr/lib/wine/wine64",
            "regedit",
            "/S",
        ]);
        assert_eq!(name(&command), "wine64 regedit /S");
        assert_eq!(
            name(Command::new("/bin/ls").args(["1", "2", "3", "4", "5"])),
            "ls 1 2 3 4"
        );
    }
}
