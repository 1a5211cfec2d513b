//! One sound sent through a real host program and a driver, recorded, and compared.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::Rig;
use super::places::{self, Backend};
use super::server::Sink;
use super::witness::{Tries, Watch, undisturbed};
use crate::captured::Running;
use crate::sound::Sound;
use crate::sound::compare::{Comparison, compare};
use crate::sound::raw::RawFormat;

/// Silence before the sound: the first 10 ms of a stream do not reach the recording.
pub const LEAD_IN: Duration = Duration::from_millis(250);
/// Silence after it: the last 35 ms before a stop do not either.
pub const TAIL_MS: u32 = 250;
/// What a program may need beyond the sound's own length.
pub const SPARE: Duration = Duration::from_secs(40);

/// How a sound is sent.
#[derive(Clone, Debug)]
pub struct Playback<'a> {
    /// The host's way to the device: `asio`, `wasapi-shared`.
    pub host_api: &'a str,
    /// The device as the host lists it; none: the default one.
    pub device: Option<&'a str>,
    /// Wine's way to the sound server.
    pub backend: Backend,
    /// The only format that the driver may give an exclusive stream; none: its own choice.
    pub device_format: Option<&'a str>,
    /// The host's block.
    pub block_frames: u32,
    /// What the host hands over.
    pub format: RawFormat,
    /// Where it ends up.
    pub sink: Sink,
    /// How far a sample may be off.
    pub tolerance_lsb: u32,
    /// A device that the host records from with the same callbacks; none: it only plays.
    pub record_from: Option<&'a str>,
}

/// What came of it.
pub struct Played {
    /// Sample by sample.
    pub comparison: Comparison,
    /// What the host program says.
    pub host: HostReport,
    /// The whole recording.
    pub recorded: Sound,
    /// How often it was tried, and what the machine did meanwhile.
    pub tries: Tries,
}

/// The host program's own report.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct HostReport {
    /// The device's full name.
    pub device: String,
    /// What the driver says its latency is.
    pub reported_output_latency_frames: u64,
    /// What was recorded meanwhile; none: nothing was to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Recorded>,
    /// How often the driver asked for a block.
    pub callbacks: u64,
    /// Between two callbacks; none for too few.
    pub callback_interval_us: Option<Intervals>,
    /// When the callbacks came, on a clock of their own.
    #[serde(default, skip_serializing)]
    pub callback_times_ns: Vec<u64>,
    /// The host program.
    pub library_version: String,
}

/// What a host program says of its recording.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Recorded {
    /// What the host says the input's latency is; none: it tells none.
    pub reported_input_latency_frames: Option<u64>,
}

/// Percentiles in microseconds.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Intervals {
    /// Half are shorter.
    pub p50: f64,
    /// One in a hundred is longer.
    pub p99: f64,
    /// The longest.
    pub max: f64,
}

/// How a host program is started.
#[derive(Default)]
struct Manner<'a> {
    /// More options of its own.
    options: &'a [&'a str],
    /// The sound goes to the server's default sink.
    on_default: bool,
    /// The user's configuration file; none: there is none.
    config: Option<&'a Path>,
    /// The backend whose programs have the program's bitness; none: its own.
    like: Option<Backend>,
}

/// A host program at work.
pub struct Host {
    running: Running,
    report: PathBuf,
    recording: PathBuf,
    limit: Duration,
}

impl Host {
    /// Its process id.
    pub fn id(&self) -> u32 {
        self.running.id()
    }

    /// The raw frames that it will have recorded, in the format and with the channels of those that
    /// it plays.
    pub fn recording(&self) -> PathBuf {
        self.recording.clone()
    }

    /// Waits until it is done.
    ///
    /// # Errors
    /// It fails: its own sentence.
    pub fn finish(self) -> Result<HostReport> {
        let output = self.running.finish(self.limit)?;
        if !output.status.success() {
            bail!("the host program failed: {}", output.last_words());
        }
        let text = fs::read_to_string(&self.report).context("the host program left no report")?;
        serde_json::from_str(&text).context("the host program's report is unclear")
    }
}

impl Rig<'_> {
    /// Sends `sound` and compares what arrives; again, if something is missing and the machine was
    /// busy.
    ///
    /// # Errors
    /// The host program fails: its own sentence. A sound that arrives wrong is no error here.
    pub fn play(&mut self, how: &Playback<'_>, sound: &Sound) -> Result<Played> {
        let watch = self.watch(how.backend)?;
        let play = || self.play_once(how, sound);
        let is_whole = |(comparison, ..): &(Comparison, _, _)| comparison.is_complete();
        let ((comparison, host, recorded), tries) = undisturbed(&watch, play, is_whole)?;
        Ok(Played {
            comparison,
            host,
            recorded,
            tries,
        })
    }

    /// What must not disturb a program that plays for itself there.
    ///
    /// # Errors
    /// Wine does not start.
    pub fn watch(&mut self, backend: Backend) -> Result<Watch> {
        Ok(match self.wine(backend)?.sound_runs_first() {
            true => Watch::first(self.paths),
            false => Watch::each_alone(self.paths),
        })
    }

    fn play_once(
        &mut self,
        how: &Playback<'_>,
        sound: &Sound,
    ) -> Result<(Comparison, HostReport, Sound)> {
        let recorder = self.record(how.sink)?;
        let host = self.start_host(how, sound, "host")?.finish();
        // What was recorded of a failed run says nothing, but the recording must be ended.
        let recorded = recorder.finish()?;
        let host = host?;
        let comparison = compare(sound, &recorded, how.tolerance_lsb);
        Ok((comparison, host, recorded))
    }

    /// Starts a host program that plays `sound` once. `name` tells its files from another's.
    pub fn start_host(&mut self, how: &Playback<'_>, sound: &Sound, name: &str) -> Result<Host> {
        self.start_host_with(how, sound, name, &[])
    }

    /// As [`Rig::start_host`], and the sound goes wherever the sound server's default is, now and later.
    pub fn start_host_on_default(
        &mut self,
        how: &Playback<'_>,
        sound: &Sound,
        name: &str,
    ) -> Result<Host> {
        let manner = Manner {
            on_default: true,
            ..Manner::default()
        };
        self.host(how, sound, name, manner)
    }

    /// As [`Rig::start_host`], for a user with that configuration file.
    pub fn start_host_as(
        &mut self,
        how: &Playback<'_>,
        sound: &Sound,
        name: &str,
        config: &Path,
    ) -> Result<Host> {
        let manner = Manner {
            config: Some(config),
            ..Manner::default()
        };
        self.host(how, sound, name, manner)
    }

    /// As [`Rig::start_host`], with further options of the program's.
    pub fn start_host_with(
        &mut self,
        how: &Playback<'_>,
        sound: &Sound,
        name: &str,
        options: &[&str],
    ) -> Result<Host> {
        let manner = Manner {
            options,
            ..Manner::default()
        };
        self.host(how, sound, name, manner)
    }

    /// As [`Rig::start_host`], by the program that the backend `like` has.
    pub fn start_host_like(
        &mut self,
        how: &Playback<'_>,
        sound: &Sound,
        name: &str,
        like: Backend,
    ) -> Result<Host> {
        let manner = Manner {
            like: Some(like),
            ..Manner::default()
        };
        self.host(how, sound, name, manner)
    }

    fn host(
        &mut self,
        how: &Playback<'_>,
        sound: &Sound,
        name: &str,
        manner: Manner<'_>,
    ) -> Result<Host> {
        let rig = self.paths.rig();
        let input = rig.join(format!("{name}-input.raw"));
        let report = rig.join(format!("{name}-report.json"));
        let recording = rig.join(format!("{name}-recording.raw"));
        let lead_in = sound.rate_hz as usize * LEAD_IN.as_millis() as usize / 1000;
        let sent = sound.between_silence(lead_in, 0);
        fs::write(&input, how.format.encode(&sent.samples))
            .with_context(|| format!("cannot write {}", input.display()))?;
        // An old run's must not pass for this run's.
        let _ = fs::remove_file(&report);
        let _ = fs::remove_file(&recording);

        let like = manner.like.unwrap_or(how.backend);
        let program = places::programs_for(self.paths, like).join("pa-host.exe");
        let library = places::windows_path(&places::portaudio_for(self.paths, like));
        let wine = self.wine(how.backend)?;
        let mut host = match manner.on_default {
            false => wine.command_to(program, how.sink),
            true => wine.sound_command(program),
        };
        if let Some(config) = manner.config {
            host.env("ASIO2WASAPI_CONFIG", places::windows_path(config));
        }
        if let Some(format) = how.device_format {
            host.env("ASIO2WASAPI_FORMATS", format);
        }
        host.args(["--library", &library, "play", "--host-api", how.host_api]);
        if let Some(device) = how.device {
            host.args(["--device", device]);
        }
        host.args(["--rate", &sound.rate_hz.to_string()]);
        host.args(["--block", &how.block_frames.to_string()]);
        host.args([
            "--format",
            how.format.name(),
            "--channels",
            &sound.channels.to_string(),
        ]);
        host.args(["--input", &places::windows_path(&input)]);
        host.args(["--report", &places::windows_path(&report)]);
        host.args(["--tail-ms", &TAIL_MS.to_string(), "--times"]);
        if let Some(device) = how.record_from {
            host.args(["--record", &places::windows_path(&recording)]);
            host.args(["--record-device", device]);
        }
        host.args(manner.options);
        let length = Duration::from_secs((sent.frames() / sent.rate_hz as usize) as u64);
        let running = Running::start(&mut host, &places::logs(self.paths).join(name))?;
        Ok(Host {
            running,
            report,
            recording,
            // A program that a busy machine keeps from playing takes longer than its sound.
            limit: 2 * length + SPARE,
        })
    }
}
