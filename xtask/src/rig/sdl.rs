//! SDL as a WASAPI program: the second one that we did not write.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::Rig;
use super::places::{self, Backend};
use super::playback::{LEAD_IN, SPARE, TAIL_MS};
use super::server::Sink;
use crate::captured::Running;
use crate::sound::Sound;

/// The program's own report.
#[derive(Deserialize)]
pub struct SdlReport {
    /// Frames of each callback.
    pub block_frames: u32,
    /// SDL's version.
    pub library_version: String,
}

/// The program at work.
pub struct SdlHost {
    running: Running,
    report: PathBuf,
    recording: PathBuf,
    kind: Sink,
    limit: Duration,
}

impl Rig<'_> {
    /// Starts a program that plays `sound` once to the default device, `kind` with Wine's own, and
    /// records meanwhile from the default one, if wanted. Both mixers must have the format of `kind`.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start_sdl(
        &mut self,
        backend: Backend,
        kind: Sink,
        sound: &Sound,
        records: bool,
    ) -> Result<SdlHost> {
        let rig = self.paths.rig();
        let [input, report, recording] =
            ["input.raw", "report.json", "recording.raw"].map(|end| rig.join(format!("sdl-{end}")));
        let lead_in = sound.rate_hz as usize * LEAD_IN.as_millis() as usize / 1000;
        let sent = sound.between_silence(lead_in, 0);
        fs::write(&input, kind.format.encode(&sent.samples))
            .with_context(|| format!("cannot write {}", input.display()))?;
        // What an old run left must not pass for this run's.
        let _ = fs::remove_file(&report);
        let _ = fs::remove_file(&recording);

        let program = places::programs(self.paths).join("sdl-host.exe");
        let library = places::windows_path(&places::sdl(self.paths));
        let mut host = self.wine(backend)?.command_to(program, kind);
        host.args(["--library", &library, "play"]);
        host.args(["--rate", &kind.rate_hz.to_string()]);
        host.args(["--format", kind.format.name()]);
        host.args(["--channels", &kind.channels.to_string()]);
        host.args(["--input", &places::windows_path(&input)]);
        host.args(["--report", &places::windows_path(&report)]);
        host.args(["--tail-ms", &TAIL_MS.to_string()]);
        if records {
            host.args(["--record", &places::windows_path(&recording)]);
        }
        let length = Duration::from_secs((sent.frames() / sent.rate_hz as usize) as u64);
        let running = Running::start(&mut host, &places::logs(self.paths).join("sdl"))?;
        Ok(SdlHost {
            running,
            report,
            recording,
            kind,
            limit: length + SPARE,
        })
    }
}

impl SdlHost {
    /// Waits until it is done; gives its report and what it recorded, nothing if it was not to.
    ///
    /// # Errors
    /// It fails: its own sentence.
    pub fn finish(self) -> Result<(SdlReport, Sound)> {
        let output = self.running.finish(self.limit)?;
        if !output.status.success() {
            bail!("the SDL program failed: {}", output.last_words());
        }
        let text = fs::read_to_string(&self.report).context("the SDL program left no report")?;
        let report = serde_json::from_str(&text).context("the SDL program's report is unclear")?;
        let recorded = fs::read(&self.recording).unwrap_or_default();
        let heard = Sound {
            rate_hz: self.kind.rate_hz,
            channels: self.kind.channels,
            bits: self.kind.format.bits(),
            samples: self.kind.format.decode(&recorded),
        };
        Ok((report, heard))
    }
}
