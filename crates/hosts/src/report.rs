//! What a run of a host program says about itself, as JSON.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::intervals::Intervals;
use crate::material::RawFormat;

/// One run of `pa-host`. What was not reached stays empty or 0.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The host API as asked for.
    pub host_api: String,
    /// Full name of the device that plays; the wish as long as no device is chosen; empty when
    /// nothing is played.
    pub device: String,
    /// Rate as asked for.
    pub rate_hz: u32,
    /// Block as asked for.
    pub block_frames: u32,
    /// Format of the samples, in both directions.
    pub format: RawFormat,
    /// Channels that are played.
    pub channels: u32,
    /// Frames of the input file, handed over.
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
    /// Callbacks that were told that the device ran dry.
    pub output_underflows: u64,
    /// Callbacks that were told that what they make is thrown away.
    pub output_overflows: u64,
    /// What was recorded; only when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<RecordedReport>,
    /// The library's own version text.
    pub library_version: String,
    /// Why not everything was done, as a sentence.
    pub error: Option<String>,
}

/// One run of `sdl-host`. What was not reached stays empty or 0.
#[derive(Debug, Default, Serialize)]
pub struct SdlReport {
    /// Full name of the device that plays.
    pub device: String,
    /// Frames of each callback, as SDL tells.
    pub block_frames: u32,
    /// Frames of the input file, handed over.
    pub frames_played: u64,
    /// Calls of the callback that plays.
    pub callbacks: u64,
    /// Between entries of that callback.
    pub callback_interval_us: Option<Intervals>,
    /// What was recorded; only when asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<RecordedReport>,
    /// The library's version.
    pub library_version: String,
    /// Why not everything was done, as a sentence.
    pub error: Option<String>,
}

/// What a run recorded.
#[derive(Debug, Default, Serialize)]
pub struct RecordedReport {
    /// Full name of the device.
    pub device: String,
    /// Channels.
    pub channels: u32,
    /// Frames that were written to the file.
    pub frames: u64,
    /// Frames that came when the recording was full.
    pub frames_over: u64,
    /// What the library gives as the stream's input latency; none where it tells none.
    pub reported_input_latency_frames: Option<u64>,
    /// Callbacks that were told of a gap; none where the library does not tell.
    pub input_underflows: Option<u64>,
    /// Callbacks that were told of recorded frames that were thrown away; none where the library does
    /// not tell.
    pub input_overflows: Option<u64>,
}

/// Writes a report to the file, or to standard output.
///
/// # Errors
/// The file cannot be written.
pub fn write(report: &impl Serialize, path: Option<&Path>) -> Result<()> {
    let text = serde_json::to_string(report).context("cannot make the report")?;
    match path {
        None => println!("{text}"),
        Some(path) => std::fs::write(path, text + "\n")
            .with_context(|| format!("cannot write the report {}", path.display()))?,
    }
    Ok(())
}
