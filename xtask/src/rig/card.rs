//! The simulated card's service, and what it reports.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::Rig;
use super::places::{self, Backend};
use crate::captured::{self, Running};
use crate::sound::Sound;
use crate::sound::compare::{Comparison, compare};
use crate::sound::raw::RawFormat;

const LIMIT: Duration = Duration::from_secs(60);

/// The card's own report.
#[derive(Deserialize)]
pub struct Report {
    /// Hand-overs that the model refused although the client's side had granted them.
    pub disagreements: u64,
    /// When the service itself was late.
    pub stalls: Stalls,
    /// The last of these stops.
    pub stops: Vec<Stop>,
    /// The streams that programs had open.
    pub streams: Vec<Stream>,
    /// What the converters played and delivered.
    pub tracks: Vec<Track>,
    /// What was lost.
    pub incidents: Vec<Incident>,
    /// What struck.
    pub faults: Vec<Struck>,
}

/// Sound that was lost, or silence that nobody asked for.
#[derive(Deserialize)]
pub struct Incident {
    /// The converter's name.
    pub endpoint: String,
    /// Silence was played for want of frames.
    pub underrun: bool,
    /// The device's number of the first frame.
    pub first_frame: u64,
    /// How many.
    pub frames: u64,
}

/// A fault that struck.
#[derive(Deserialize)]
pub struct Struck {
    /// The converter's name.
    pub endpoint: String,
    /// The fault, as a script has it.
    pub fault: String,
    /// The device's frame that was under way then.
    pub frame: u64,
    /// When, in nanoseconds of the card's time.
    pub time_ns: u64,
}

impl Report {
    /// What of `sound` the card has played, exactly: the best of its tracks.
    ///
    /// # Errors
    /// A file is missing, or nothing was played at all.
    pub fn played(&self, folder: &Path, sound: &Sound) -> Result<Comparison> {
        // Wine's own older interfaces open the device too; their tracks hold nothing of the sound.
        let mut best: Option<Comparison> = None;
        for track in self.tracks.iter().filter(|track| track.played) {
            let played = track.sound(folder)?;
            let found = compare(sound, &played, 0);
            if best
                .as_ref()
                .is_none_or(|best| found.frames_found > best.frames_found)
            {
                best = Some(found);
            }
        }
        best.context("the card has played nothing")
    }
}

/// How late the service was.
#[derive(Deserialize)]
pub struct Stalls {
    /// How often that stopped the card's time.
    pub count: u64,
}

/// One stop of the card's time.
#[derive(Deserialize)]
pub struct Stop {
    /// When, in nanoseconds of the card's time.
    pub time_ns: u64,
    /// For how long, in nanoseconds of real time.
    pub stood_ns: u64,
}

/// One stream's life.
#[derive(Deserialize)]
pub struct Stream {
    /// The converter's name.
    pub endpoint: String,
    /// How it used the device.
    pub mode: String,
    /// It played.
    pub renders: bool,
    /// Frames between two events.
    pub period_frames: u32,
    /// What `IAudioClient::GetStreamLatency` told, in frames.
    pub stated_latency_frames: u64,
    /// Frames from the hand-over to WASAPI to the analogue output.
    pub latency_frames: Option<Spread>,
    /// From the event to the hand-over, in nanoseconds.
    pub hand_over_ns: Option<Spread>,
    /// What was handed over.
    pub blocks: Vec<Block>,
}

/// How numbers are spread.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Spread {
    /// Half are no larger.
    pub p50: u64,
    /// Ninety-nine of a hundred are no larger.
    pub p99: u64,
    /// The largest.
    pub max: u64,
}

/// One hand-over to WASAPI.
#[derive(Clone, Copy, Deserialize)]
pub struct Block {
    /// When the device asked for it, on the performance counter, if it did.
    pub event_ns: Option<u64>,
    /// When, on the performance counter.
    pub released_ns: u64,
    /// During which of the device's frames.
    pub written_at_frame: u64,
    /// The device's frame in which its first frame was heard.
    pub played_at_frame: Option<u64>,
}

/// Frames of one converter without a gap.
#[derive(Deserialize)]
pub struct Track {
    /// The converter's name.
    pub endpoint: String,
    /// A DAC played them.
    pub played: bool,
    /// The raw file in the service's folder.
    pub file: String,
    /// Its format's name.
    pub sample: String,
    /// Samples per frame.
    pub channels: u16,
    /// Frames per second.
    pub rate_hz: u32,
    /// The device's number of the first frame.
    pub first_frame: u64,
    /// When it was, in nanoseconds of the card's time.
    pub time_ns: u64,
    /// How many.
    pub frames: u64,
}

impl Track {
    /// The frames. 24 bits in 32 are at the top, as in a 32-bit integer.
    ///
    /// # Errors
    /// The file is missing, or has a format that nothing here plays.
    pub fn sound(&self, folder: &Path) -> Result<Sound> {
        let format = RawFormat::from_name(&self.sample)
            .or((self.sample == "int24in32").then_some(RawFormat::Int32))
            .with_context(|| format!("a track of {}", self.sample))?;
        let bytes = fs::read(folder.join(&self.file))
            .with_context(|| format!("the card left no {}", self.file))?;
        Ok(Sound {
            rate_hz: self.rate_hz,
            channels: self.channels,
            bits: format.bits(),
            samples: format.decode(&bytes),
        })
    }
}

/// The card's service at work. Dropping it ends it.
pub struct Service {
    running: Running,
    folder: PathBuf,
}

impl Service {
    /// Starts the card that there is without a description, and waits until it is ready.
    ///
    /// # Errors
    /// It does not start or does not get ready.
    pub fn start(rig: &mut Rig<'_>, programs: &Path) -> Result<Service> {
        Service::start_as(rig, programs, None)
    }

    /// Starts the card of that description, and waits until it is ready.
    ///
    /// # Errors
    /// As [`Service::start`].
    pub fn start_as(
        rig: &mut Rig<'_>,
        programs: &Path,
        description: Option<&str>,
    ) -> Result<Service> {
        let paths = rig.paths;
        let folder = paths.rig().join("card-truth");
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let wine = rig.wine(Backend::Card)?;
        let mut command = wine.command_in_real_time(programs.join("simcard-service.exe"));
        command.args(["--truth", &places::windows_path(&folder)]);
        command.args([
            "--report",
            &places::windows_path(&folder.join("report.json")),
        ]);
        if let Some(description) = description {
            let file = folder.join("card.txt");
            fs::write(&file, description)
                .with_context(|| format!("cannot write {}", file.display()))?;
            command.args(["--config", &places::windows_path(&file)]);
        }
        let log = places::logs(paths).join("card-service");
        let running = Running::start(&mut command, &log)?;
        for _ in 0..200 {
            let said = fs::read_to_string(log.with_extension("out")).unwrap_or_default();
            if said.contains("ready") {
                return Ok(Service { running, folder });
            }
            captured::pause(Duration::from_millis(100))?;
        }
        bail!("the simulated card does not get ready");
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.running.id()
    }

    /// Lets a fault strike the card, as in `lose OUT`.
    ///
    /// # Errors
    /// The service does not answer, or does not know the fault.
    pub fn strike(&self, rig: &mut Rig<'_>, programs: &Path, fault: &str) -> Result<()> {
        let paths = rig.paths;
        let wine = rig.wine(Backend::Card)?;
        let mut strike = wine.command(programs.join("simcard-service.exe"));
        strike.args(["--fault", fault]);
        captured::succeed(&mut strike, &places::logs(paths).join("card-fault"), LIMIT)?;
        Ok(())
    }

    /// Ends the service; returns its report and the folder with what the card played.
    ///
    /// # Errors
    /// It does not end, or leaves no report.
    pub fn finish(self, rig: &mut Rig<'_>, programs: &Path) -> Result<(Report, PathBuf)> {
        let paths = rig.paths;
        let wine = rig.wine(Backend::Card)?;
        let mut stop = wine.command(programs.join("simcard-service.exe"));
        stop.arg("--stop");
        captured::succeed(&mut stop, &places::logs(paths).join("card-stop"), LIMIT)?;
        self.running.finish(LIMIT)?;
        let text = fs::read_to_string(self.folder.join("report.json"))
            .context("the simulated card left no report")?;
        let report = serde_json::from_str(&text).context("the card's report is unclear")?;
        Ok((report, self.folder))
    }
}
