//! What a recording is to be.

use engine::format::{ClientSample, SampleFormat, StreamFormat};

use crate::Error;

/// More channels than any recording has.
const CHANNELS_MAX: u16 = 1_024;

/// What a recording is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Frames per second.
    pub rate_hz: u32,
    /// Channels, 1 to 1024.
    pub channels: u16,
    /// What the feed is given: planes of the other type are silent.
    pub plane: ClientSample,
    /// How the samples lie in the file. Samples that fit are not altered; the others are rounded.
    pub sample: SampleFormat,
    /// Samples that do not fit are rounded with dither.
    pub dither: bool,
    /// For how long the disk may stand still without a frame being lost, in milliseconds.
    pub patience_ms: u32,
}

impl Settings {
    /// That rate and so many channels, as floats, which alters no sample of a mix, and two seconds of
    /// patience.
    pub fn new(rate_hz: u32, channels: u16) -> Self {
        Self {
            rate_hz,
            channels,
            plane: ClientSample::Float32,
            sample: SampleFormat::Float32,
            dither: true,
            patience_ms: 2_000,
        }
    }

    /// The format of the file's samples.
    pub(crate) fn format(&self) -> Result<StreamFormat, Error> {
        if self.rate_hz == 0 {
            return Err(Error::settings(
                "A recording at 0 Hz is none; choose a rate.",
            ));
        }
        if !(1..=CHANNELS_MAX).contains(&self.channels) {
            let message = format!(
                "A recording has 1 to {CHANNELS_MAX} channels and not {}; choose others.",
                self.channels
            );
            return Err(Error::settings(message));
        }
        let sample = match self.sample {
            // Files pack them.
            SampleFormat::Int24In32 => SampleFormat::Int24,
            sample => sample,
        };
        Ok(StreamFormat {
            sample,
            channels: self.channels,
            rate_hz: self.rate_hz,
            channel_mask: 0,
        })
    }
}
