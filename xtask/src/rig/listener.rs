//! Records what a sink plays, and when each part of it came.

use std::fs::File;
use std::io::Read;
use std::process::{ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};

use super::daemon::Daemon;
use super::events::counter_ns;
use super::places;
use super::private_dir::PrivateDirs;
use super::server::Sink;
use crate::captured;
use crate::paths::Paths;

/// Lets the last of the sound arrive.
const TAIL: Duration = Duration::from_millis(300);

/// A part of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Frames of the recording with this part.
    pub frames: u64,
    /// When it was there, on the clock that Wine's performance counter shows.
    pub time_ns: u64,
}

/// What was heard.
pub struct Heard {
    /// At the top of 32 bits, interleaved.
    pub samples: Vec<i32>,
    /// In the order in which it came.
    pub arrivals: Vec<Arrival>,
}

/// A recording under way.
pub struct Listener {
    daemon: Daemon,
    kind: Sink,
    hears: Arc<AtomicBool>,
    thread: JoinHandle<Result<(Vec<u8>, Vec<Arrival>)>>,
}

impl Listener {
    /// Starts to record the sink's monitor.
    pub fn start(paths: &Paths, dirs: &PrivateDirs, kind: Sink) -> Result<Listener> {
        let log = File::create(places::logs(paths).join("listener.err"))?;
        let mut command = Command::new("parec");
        dirs.environment().apply(&mut command);
        command
            .args(["--raw", "--latency-msec=5", "-d"])
            .arg(format!("{}.monitor", kind.name()));
        command.arg(format!("--format={}", kind.pulse_format()));
        command.arg(format!("--rate={}", kind.rate_hz));
        command.arg(format!("--channels={}", kind.channels));
        command.stdout(Stdio::piped()).stderr(Stdio::from(log));
        let mut daemon = Daemon::start(&mut command, dirs.pids())?;
        let sound = daemon.take_stdout();
        let sound = sound.context("the recording program has no output")?;
        let frame_bytes = kind.format.bytes() * usize::from(kind.channels);
        let hears = Arc::new(AtomicBool::new(false));
        let heard = Arc::clone(&hears);
        let thread = thread::spawn(move || take(sound, frame_bytes, &heard));
        Ok(Listener {
            daemon,
            kind,
            hears,
            thread,
        })
    }

    /// Waits until something else than silence was recorded.
    ///
    /// # Errors
    /// It was not.
    pub fn wait_for_sound(&self, limit: Duration) -> Result<()> {
        let end = Instant::now() + limit;
        while !self.hears.load(Ordering::Relaxed) {
            ensure!(Instant::now() < end, "nothing was heard in {limit:?}");
            captured::pause(Duration::from_millis(5))?;
        }
        Ok(())
    }

    /// Ends the recording.
    pub fn finish(mut self) -> Result<Heard> {
        captured::pause(TAIL)?;
        ensure!(
            self.daemon.is_running(),
            "the recording program ended before the sound"
        );
        self.end()
    }

    /// What was recorded until what is recorded was gone.
    pub fn finish_early(self) -> Result<Heard> {
        self.end()
    }

    fn end(self) -> Result<Heard> {
        drop(self.daemon);
        let taken = self.thread.join();
        let (bytes, arrivals) = taken.map_err(|_| anyhow!("the listening thread has died"))??;
        Ok(Heard {
            samples: self.kind.format.decode(&bytes),
            arrivals,
        })
    }
}

/// Everything until the program's end.
fn take(
    mut sound: ChildStdout,
    frame_bytes: usize,
    hears: &AtomicBool,
) -> Result<(Vec<u8>, Vec<Arrival>)> {
    let (mut bytes, mut arrivals) = (Vec::new(), Vec::new());
    let mut part = [0; 1 << 16];
    loop {
        let length = sound.read(&mut part)?;
        if length == 0 {
            return Ok((bytes, arrivals));
        }
        bytes.extend_from_slice(&part[..length]);
        if part[..length].iter().any(|byte| *byte != 0) {
            hears.store(true, Ordering::Relaxed);
        }
        let time_ns = counter_ns()?;
        arrivals.push(Arrival {
            frames: (bytes.len() / frame_bytes) as u64,
            time_ns,
        });
    }
}
