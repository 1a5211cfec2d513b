//! What a run of `pa-host play` says about itself, as JSON.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::intervals::Intervals;
use crate::material::RawFormat;

/// One run. What was not reached stays empty or 0.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The host API as asked for.
    pub host_api: String,
    /// Full name of the device; the wish as long as no device is chosen.
    pub device: String,
    /// Rate as asked for.
    pub rate_hz: u32,
    /// Block as asked for.
    pub block_frames: u32,
    /// Format of the input.
    pub format: RawFormat,
    /// Channels of the input.
    pub channels: u32,
    /// Frames of the input, handed over.
    pub frames_played: u64,
    /// Calls of the callback.
    pub callbacks: u64,
    /// What PortAudio gives as the stream's output latency.
    pub reported_output_latency_frames: u64,
    /// Between entries of the callback.
    pub callback_interval_us: Option<Intervals>,
    /// Entries of the callback on the performance counter's clock; only when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback_times_ns: Option<Vec<u64>>,
    /// Callbacks that were told of an underflow.
    pub output_underflows: u64,
    /// PortAudio's own version text.
    pub portaudio_version: String,
    /// Why not everything was played, as a sentence.
    pub error: Option<String>,
}

impl Report {
    /// Writes the report to the file, or to standard output.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: Option<&Path>) -> Result<()> {
        let text = serde_json::to_string(self).context("cannot make the report")?;
        match path {
            None => println!("{text}"),
            Some(path) => std::fs::write(path, text + "\n")
                .with_context(|| format!("cannot write the report {}", path.display()))?,
        }
        Ok(())
    }
}
