//! What the card should play: the file as it is after every conversion on the way.

use engine::client::Plane;
use engine::convert;
use engine::format::{SampleFormat, StreamFormat};

use crate::wav::Wav;

/// Converts the file as the program and the driver do: from the file to the driver's sample format,
/// from there to the card's.
pub(crate) struct Material<'a> {
    wav: &'a Wav,
    /// For each output in use the channel of the file.
    sources: &'a [usize],
    /// The driver's sample format: 32-bit integers or floats.
    driver: SampleFormat,
    device: StreamFormat,
}

impl<'a> Material<'a> {
    pub(crate) fn new(
        wav: &'a Wav,
        sources: &'a [usize],
        driver: SampleFormat,
        device: StreamFormat,
    ) -> Self {
        Self {
            wav,
            sources,
            driver,
            device,
        }
    }

    /// Frames of the card's format from frame `start` of the file on; silence after its end.
    pub(crate) fn frames(&self, start: u64, frames: usize) -> Vec<u8> {
        let mut out = vec![0; frames * self.device.frame_bytes()];
        let mono = StreamFormat {
            sample: self.driver,
            channels: 1,
            ..self.device
        };
        let mut block = vec![0; frames * mono.frame_bytes()];
        for (output, &source) in self.sources.iter().enumerate() {
            let Some(plane) = self.wav.plane(source) else {
                continue;
            };
            block.fill(0);
            let start = usize::try_from(start).unwrap_or(usize::MAX);
            convert::write_channel(plane.part(start, frames), &mut block, &mono, 0);
            let (words, _) = block.as_chunks::<4>();
            if self.driver == SampleFormat::Float32 {
                let samples: Vec<f32> = words.iter().map(|w| f32::from_le_bytes(*w)).collect();
                convert::write_channel(Plane::Float32(&samples), &mut out, &self.device, output);
            } else {
                let samples: Vec<i32> = words.iter().map(|w| i32::from_le_bytes(*w)).collect();
                convert::write_channel(Plane::Int32(&samples), &mut out, &self.device, output);
            }
        }
        out
    }

    /// The first frame from `start` on that is not silent on the card.
    pub(crate) fn first_sound(&self, start: u64) -> Option<u64> {
        const CHUNK: usize = 4096;
        let mut at = start;
        while at < self.wav.frames() as u64 {
            let bytes = self.frames(at, CHUNK);
            let mut frames = bytes.chunks_exact(self.device.frame_bytes());
            if let Some(offset) = frames.position(|frame| frame.iter().any(|byte| *byte != 0)) {
                return Some(at + offset as u64);
            }
            at += CHUNK as u64;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_file_in_the_cards_format() {
        let wav = Wav::from_planes(48_000, vec![vec![0, 1 << 16, -1 << 16]]);
        let device = StreamFormat {
            sample: SampleFormat::Int16,
            channels: 2,
            rate_hz: 48_000,
            channel_mask: 3,
        };
        let material = Material::new(&wav, &[0, 0], SampleFormat::Int32, device);
        let expected = [0, 0, 0, 0, 1, 0, 1, 0, 255, 255, 255, 255, 0, 0, 0, 0];
        assert_eq!(material.frames(0, 4), expected);
        assert_eq!(
            (material.first_sound(0), material.first_sound(2)),
            (Some(1), Some(2))
        );
        assert_eq!(material.first_sound(3), None);
    }
}
