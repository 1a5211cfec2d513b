//! What a DAC puts out, kept for as long as a cable may want it.

use std::collections::VecDeque;

use crate::world::EndpointId;

/// A cable from channels of a DAC to channels of an ADC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cable {
    /// The DAC.
    pub from: EndpointId,
    /// The DAC's channels, from 0.
    pub from_channels: Vec<u16>,
    /// The ADC.
    pub to: EndpointId,
    /// For each of the DAC's channels the ADC's channel that it arrives at. Each has one source.
    pub to_channels: Vec<u16>,
    /// How long a frame is on its way, in frames of the DAC.
    pub delay_frames: u32,
}

/// The last frames at a DAC's analogue output. Outside of what is kept there is silence.
#[derive(Debug, Default)]
pub(crate) struct Wire {
    channels: usize,
    first_frame: u64,
    samples: VecDeque<f64>,
    capacity_frames: usize,
}

impl Wire {
    pub(crate) fn new(channels: u16, capacity_frames: usize) -> Self {
        Self {
            channels: usize::from(channels).max(1),
            first_frame: 0,
            samples: VecDeque::new(),
            capacity_frames,
        }
    }

    /// Keeps at least so many frames.
    pub(crate) fn grow(&mut self, capacity_frames: usize) {
        self.capacity_frames = self.capacity_frames.max(capacity_frames);
    }

    pub(crate) fn push(&mut self, first_frame: u64, samples: &[f64]) {
        let next = self.first_frame + (self.samples.len() / self.channels) as u64;
        if first_frame != next {
            self.samples.clear();
            self.first_frame = first_frame;
        }
        self.samples.extend(samples);
        let frames = self.samples.len() / self.channels;
        let excess = frames.saturating_sub(self.capacity_frames);
        self.samples.drain(..excess * self.channels);
        self.first_frame += excess as u64;
    }

    pub(crate) fn get(&self, frame: u64, channel: u16) -> f64 {
        let Some(offset) = frame.checked_sub(self.first_frame) else {
            return 0.0;
        };
        let index = offset as usize * self.channels + usize::from(channel);
        self.samples.get(index).copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_past_is_silent_and_so_are_gaps() {
        let mut wire = Wire::new(2, 3);
        wire.push(10, &[1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 4.0, -4.0]);
        let left: Vec<f64> = (9..15).map(|frame| wire.get(frame, 0)).collect();
        assert_eq!(left, [0.0, 0.0, 2.0, 3.0, 4.0, 0.0]);
        assert_eq!(wire.get(13, 1), -4.0);
        wire.push(20, &[5.0, -5.0]);
        assert_eq!((wire.get(13, 0), wire.get(20, 0)), (0.0, 5.0));
    }
}
