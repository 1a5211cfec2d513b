//! Records what a sink plays, to a file.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use super::daemon::Daemon;
use super::places;
use super::private_dir::PrivateDirs;
use super::server::Sink;
use crate::captured;
use crate::paths::Paths;
use crate::sound::Sound;

/// Lets the last of the sound arrive: 5 ms of reader, up to 40 ms of sink.
const TAIL: Duration = Duration::from_millis(300);

/// A recording under way.
pub struct Recorder {
    daemon: Daemon,
    kind: Sink,
    file: PathBuf,
}

impl Recorder {
    /// Starts to record the sink's monitor.
    pub fn start(paths: &Paths, dirs: &PrivateDirs, kind: Sink) -> Result<Recorder> {
        let file = paths.rig().join("recording.raw");
        let out =
            File::create(&file).with_context(|| format!("cannot write {}", file.display()))?;
        let log = File::create(places::logs(paths).join("parec.err"))?;
        let mut command = Command::new("parec");
        dirs.environment().apply(&mut command);
        command
            .args(["--raw", "--latency-msec=5", "-d"])
            .arg(format!("{}.monitor", kind.name()));
        command.arg(format!("--format={}", kind.pulse_format()));
        command.arg(format!("--rate={}", kind.rate_hz));
        command.arg(format!("--channels={}", kind.channels));
        command.stdout(Stdio::from(out)).stderr(Stdio::from(log));
        let daemon = Daemon::start(&mut command, dirs.pids())?;
        Ok(Recorder { daemon, kind, file })
    }

    /// Ends the recording and reads it.
    pub fn finish(mut self) -> Result<Sound> {
        captured::pause(TAIL)?;
        anyhow::ensure!(
            self.daemon.is_running(),
            "the recording program ended before the sound"
        );
        drop(self.daemon);
        let bytes =
            fs::read(&self.file).with_context(|| format!("cannot read {}", self.file.display()))?;
        let samples = self.kind.format.decode(&bytes);
        Ok(Sound {
            rate_hz: self.kind.rate_hz,
            channels: self.kind.channels,
            bits: self.kind.format.bits(),
            samples,
        })
    }
}
