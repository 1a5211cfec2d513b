//! Programs that run in the background: noted in a file while they run, ended on drop.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::process::{self, signal};

/// How long a program may take to end by itself when asked.
const GRACE: Duration = Duration::from_secs(3);

/// A background program of ours.
pub struct Daemon {
    child: Child,
    note: PathBuf,
}

impl Daemon {
    /// Starts it in a process group of its own, so that Ctrl-C reaches only us and things end in
    /// order. Standard output goes where `command` says.
    pub fn start(command: &mut Command, pids: &Path) -> Result<Daemon> {
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| format!("`{}` cannot be started", process::name(command)))?;
        let note = pids.join(child.id().to_string());
        let daemon = Daemon { child, note };
        let text = identity(daemon.child.id()).unwrap_or_default();
        fs::write(&daemon.note, text)
            .with_context(|| format!("cannot write {}", daemon.note.display()))?;
        Ok(daemon)
    }

    /// Whether it has not ended by itself.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Its standard output, where `command` made a pipe of it; once.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// Ends it without asking, as a crash would.
    pub fn kill(mut self) {
        // It may have ended just now; the rest is done on drop.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn wait(&mut self) {
        let end = Instant::now() + GRACE;
        while self.is_running() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.is_running() {
            signal(self.child.id(), "TERM");
            self.wait();
        }
        // It has ended, or it does not listen: both are fine now.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.note);
    }
}

/// Ends what a killed earlier run has left behind: only processes that are still the very ones
/// that were noted.
pub fn end_leftovers(pids: &Path) -> Result<()> {
    for entry in fs::read_dir(pids)? {
        let note = entry?.path();
        let pid = note
            .file_name()
            .and_then(|name| name.to_str()?.parse::<u32>().ok());
        let noted = fs::read_to_string(&note).unwrap_or_default();
        if let Some(pid) = pid
            && !noted.is_empty()
            && identity(pid).as_deref() == Some(&*noted)
        {
            eprintln!("  ending process {pid}, left behind by an earlier run");
            signal(pid, "KILL");
        }
        fs::remove_file(&note).with_context(|| format!("cannot remove {}", note.display()))?;
    }
    Ok(())
}

/// A process id comes back for another process; together with its start time (and the boot that
/// this is counted from) it does not.
fn identity(pid: u32) -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let started = start_time(&stat)?;
    Some(format!("{} {started}", boot.trim()))
}

/// Field 22; the second field is a name in brackets that may hold anything.
fn start_time(stat: &str) -> Option<&str> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(19)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_time_is_found_behind_any_name() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4 1 0 0 0 0 0 0 0 20 0 1 0 4711 9 9";
        assert_eq!(start_time(stat), Some("4711"));
    }

    #[test]
    fn a_process_is_itself_and_no_other() {
        let own = identity(std::process::id());
        assert!(own.is_some());
        assert_eq!(own, identity(std::process::id()));
        assert_ne!(own, identity(1));
    }

    #[test]
    fn only_the_noted_process_is_ended() {
        let pids = std::env::temp_dir().join(format!("xtask-pids-{}", std::process::id()));
        fs::create_dir_all(&pids).unwrap();
        let start = || Command::new("sleep").arg("60").spawn().unwrap();
        let (mut ours, mut foreign) = (start(), start());
        fs::write(
            pids.join(ours.id().to_string()),
            identity(ours.id()).unwrap(),
        )
        .unwrap();
        fs::write(pids.join(foreign.id().to_string()), "another boot 1").unwrap();
        end_leftovers(&pids).unwrap();
        assert!(!ours.wait().unwrap().success());
        assert!(foreign.try_wait().unwrap().is_none());
        foreign.kill().unwrap();
        foreign.wait().unwrap();
        fs::remove_dir(&pids).unwrap();
    }
}
