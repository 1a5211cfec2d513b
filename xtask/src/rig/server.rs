//! A private PulseAudio server with null sinks: what is played to one can be recorded exactly.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use super::daemon::Daemon;
use super::places;
use super::private_dir::{PrivateDirs, PrivateEnvironment};
use crate::captured;
use crate::paths::Paths;
use crate::process;
use crate::sound::raw::RawFormat;

/// How long a null sink that was idle needs until it keeps time again.
const AWAKE_AFTER: Duration = Duration::from_millis(2300);
const COMMAND_LIMIT: Duration = Duration::from_secs(10);

/// One kind of null sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Sink {
    /// What it holds.
    pub format: RawFormat,
    /// Its rate.
    pub rate_hz: u32,
    /// How many samples a frame has.
    pub channels: u16,
}

impl Sink {
    /// Its name on the server.
    pub fn name(self) -> String {
        format!("{}-{}-{}", self.pulse_format(), self.rate_hz, self.channels)
    }

    /// The server's word for its format.
    pub fn pulse_format(self) -> &'static str {
        match self.format {
            RawFormat::Int16 => "s16le",
            RawFormat::Int24 => "s24le",
            RawFormat::Int32 => "s32le",
            RawFormat::Float32 => "float32le",
        }
    }
}

struct RunningSink {
    kind: Sink,
    /// The server's number for what made it.
    module: String,
    since: Instant,
    /// Without a reader at its monitor a null sink falls asleep.
    _keep_awake: Daemon,
}

/// The running server.
pub struct Server {
    // In drop order: readers first.
    sinks: Vec<RunningSink>,
    /// None while it is dead.
    daemon: Option<Daemon>,
    pids: PathBuf,
    environment: PrivateEnvironment,
    logs: PathBuf,
}

impl Server {
    /// Starts it and waits until it answers.
    pub fn start(paths: &Paths, dirs: &PrivateDirs) -> Result<Server> {
        let logs = places::logs(paths);
        fs::create_dir_all(&logs)?;
        let mut server = Server {
            sinks: Vec::new(),
            daemon: None,
            pids: dirs.pids().into(),
            environment: dirs.environment().clone(),
            logs,
        };
        server.revive()?;
        Ok(server)
    }

    /// Starts it again after [`kill`](Self::kill), without any sink, and waits until it answers.
    pub fn revive(&mut self) -> Result<()> {
        let log = self.logs.join("pulseaudio.err");
        // It stands for the hardware, which waits for nobody.
        let mut words = process::real_time().iter().chain(&["pulseaudio"]);
        let mut command = self.client(words.next().expect("the server is one of them"));
        command.args(words);
        let socket = self.environment.socket();
        // What a killed one has left would be in the way.
        let _ = fs::remove_file(&socket);
        command.args([
            "-n",
            "--daemonize=no",
            "--use-pid-file=no",
            "--exit-idle-time=-1",
        ]);
        // Shared memory has ended this server by a failed assertion of its own on a busy machine.
        command.args([
            "--resample-method=trivial",
            "--disable-shm=yes",
            "--log-level=notice",
            "--load",
        ]);
        command.arg(format!(
            "module-native-protocol-unix auth-anonymous=1 socket={}",
            socket.display()
        ));
        command
            .stdout(Stdio::null())
            .stderr(File::create(&log).with_context(|| format!("cannot write {}", log.display()))?);
        let daemon = self.daemon.insert(Daemon::start(&mut command, &self.pids)?);
        let mut is_running = daemon.is_running();
        let end = Instant::now() + COMMAND_LIMIT;
        while !self.answers()? {
            is_running &= self.daemon.as_mut().is_some_and(Daemon::is_running);
            if !is_running || Instant::now() >= end {
                bail!(
                    "the sound server did not start; it says why in {}",
                    log.display()
                );
            }
            captured::pause(Duration::from_millis(20))?;
        }
        Ok(())
    }

    /// Ends it as a crash would, and all its sinks.
    pub fn kill(&mut self) {
        if let Some(daemon) = self.daemon.take() {
            daemon.kill();
        }
        self.sinks.clear();
    }

    fn answers(&self) -> Result<bool> {
        let mut command = self.client("pactl");
        command.arg("info");
        Ok(
            captured::capture(&mut command, &self.logs.join("pactl"), COMMAND_LIMIT)?
                .status
                .success(),
        )
    }

    /// Makes the sink if it is not there yet.
    pub fn ensure(&mut self, kind: Sink) -> Result<()> {
        self.make(kind, &[])
    }

    /// Makes a sink that keeps time at once: it never takes back what it has rendered, and so renders 50 ms
    /// at a time, not two seconds.
    pub fn ensure_prompt(&mut self, kind: Sink) -> Result<()> {
        self.make(kind, &["norewinds=1"])
    }

    fn make(&mut self, kind: Sink, options: &[&str]) -> Result<()> {
        if self.sinks.iter().any(|sink| sink.kind == kind) {
            return Ok(());
        }
        let mut load = self.client("pactl");
        load.args(["load-module", "module-null-sink"]);
        load.arg(format!("sink_name={}", kind.name()));
        load.arg(format!("format={}", kind.pulse_format()));
        load.arg(format!("rate={}", kind.rate_hz))
            .arg(format!("channels={}", kind.channels))
            .args(options);
        let loaded = captured::succeed(&mut load, &self.logs.join("pactl"), COMMAND_LIMIT)
            .with_context(|| format!("the sound server refuses the sink {}", kind.name()))?;
        let mut reader = self.client("parec");
        reader
            .args(["--raw", "--latency-msec=5", "-d"])
            .arg(format!("{}.monitor", kind.name()));
        reader.stdout(Stdio::null()).stderr(Stdio::null());
        let keep_awake = Daemon::start(&mut reader, &self.pids)?;
        self.sinks.push(RunningSink {
            kind,
            module: loaded.stdout.trim().to_owned(),
            since: Instant::now(),
            _keep_awake: keep_awake,
        });
        Ok(())
    }

    /// Takes a sink away, with all that plays to it, as when a device is unplugged.
    pub fn remove(&mut self, kind: Sink) -> Result<()> {
        let place = self.sinks.iter().position(|sink| sink.kind == kind);
        let place = place.with_context(|| format!("there is no sink {}", kind.name()))?;
        let sink = self.sinks.remove(place);
        self.control(&["unload-module", &sink.module])
    }

    /// Makes a sink the default: what is played to no sink by name goes there from now on. The default
    /// source becomes that of another sink first, so that no reader of a monitor is moved.
    pub fn set_default(&mut self, kind: Sink, source_of: Sink) -> Result<()> {
        self.control(&[
            "set-default-source",
            &format!("{}.monitor", source_of.name()),
        ])?;
        self.control(&["set-default-sink", &kind.name()])
    }

    fn control(&self, words: &[&str]) -> Result<()> {
        let mut command = self.client("pactl");
        command.args(words);
        captured::succeed(&mut command, &self.logs.join("pactl"), COMMAND_LIMIT)?;
        Ok(())
    }

    /// Makes the sink if need be and waits until it keeps time. The default sink stays what it is:
    /// to change it would move the readers that keep the sinks awake.
    pub fn wait_awake(&mut self, kind: Sink) -> Result<()> {
        self.ensure(kind)?;
        let sink = self.sinks.iter().find(|sink| sink.kind == kind);
        let since = sink.expect("`ensure` made it").since;
        captured::pause(AWAKE_AFTER.saturating_sub(since.elapsed()))
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        self.environment.apply(&mut command);
        command
    }
}
