//! Sound in memory: where it comes from, how it is written, how two of them are compared.

pub mod make;
pub mod wav;

#[cfg(not(windows))]
pub mod compare;
#[cfg(not(windows))]
pub mod pieces;
#[cfg(not(windows))]
pub mod raw;
#[cfg(not(windows))]
mod search;
#[cfg(not(windows))]
pub mod tone;

/// Interleaved frames of one recording or file.
///
/// Every sample stands at the top of 32 bits, whatever its depth, so that sounds of different
/// depth compare directly. Float samples are rounded to this grid (2^-31 of full scale).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sound {
    /// Frames per second.
    pub rate_hz: u32,
    /// Samples per frame; at least 1.
    pub channels: u16,
    /// The depth: how many of the 32 bits the material uses. Float counts as 24.
    pub bits: u32,
    /// The samples, frame by frame.
    pub samples: Vec<i32>,
}

#[cfg(not(windows))]
impl Sound {
    /// How many whole frames there are.
    pub fn frames(&self) -> usize {
        self.samples.len() / usize::from(self.channels)
    }

    /// One frame's samples.
    pub fn frame(&self, index: usize) -> &[i32] {
        let channels = usize::from(self.channels);
        &self.samples[index * channels..(index + 1) * channels]
    }

    /// The same sound between two stretches of silence.
    pub fn between_silence(&self, before_frames: usize, after_frames: usize) -> Sound {
        let channels = usize::from(self.channels);
        let mut samples = vec![0; before_frames * channels];
        samples.extend_from_slice(&self.samples);
        samples.resize(samples.len() + after_frames * channels, 0);
        Sound { samples, ..*self }
    }

    /// A mono sound as stereo.
    pub fn on_both_sides(&self) -> Sound {
        let samples = self
            .samples
            .iter()
            .flat_map(|sample| [*sample, *sample])
            .collect();
        Sound {
            channels: 2,
            samples,
            ..*self
        }
    }

    /// The samples of one channel, counted from 0.
    pub fn channel(&self, channel: usize) -> Vec<i32> {
        let own = self.samples.iter().skip(channel);
        own.step_by(usize::from(self.channels)).copied().collect()
    }

    /// The same sound with all channels but one silent.
    pub fn only_channel(&self, wanted: usize) -> Sound {
        let channels = usize::from(self.channels);
        let keep = |(index, sample): (usize, &i32)| {
            if index % channels == wanted {
                *sample
            } else {
                0
            }
        };
        let samples = self.samples.iter().enumerate().map(keep).collect();
        Sound { samples, ..*self }
    }
}
