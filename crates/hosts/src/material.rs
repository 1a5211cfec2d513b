//! The sound that a test program plays: raw interleaved frames, all in memory.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde::Serialize;

/// Layout of one sample in a raw file. Little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RawFormat {
    /// 16-bit integer.
    Int16,
    /// 24-bit integer in 3 bytes.
    Int24,
    /// 32-bit integer.
    Int32,
    /// 32-bit float, full scale ±1.0.
    Float32,
}

impl RawFormat {
    /// Bytes of one sample.
    pub const fn bytes(self) -> usize {
        match self {
            RawFormat::Int16 => 2,
            RawFormat::Int24 => 3,
            RawFormat::Int32 | RawFormat::Float32 => 4,
        }
    }
}

/// Whole frames to play, followed by silence. Remembers how far it got.
#[derive(Debug)]
pub struct Material {
    bytes: Vec<u8>,
    frame_bytes: usize,
    next_frame: usize,
    silence_frames_left: usize,
}

impl Material {
    /// Frames from memory, followed by `tail_frames` of zeros.
    ///
    /// # Errors
    /// `bytes` is empty or does not hold whole frames.
    pub fn new(
        bytes: Vec<u8>,
        format: RawFormat,
        channels: usize,
        tail_frames: usize,
    ) -> Result<Self> {
        let frame_bytes = format.bytes() * channels;
        ensure!(frame_bytes > 0, "a frame needs at least one channel");
        ensure!(
            !bytes.is_empty(),
            "there is nothing to play: the input is empty"
        );
        ensure!(
            bytes.len().is_multiple_of(frame_bytes),
            "the input has {} bytes, which is not a whole number of frames of {frame_bytes} bytes",
            bytes.len()
        );
        Ok(Self {
            bytes,
            frame_bytes,
            next_frame: 0,
            silence_frames_left: tail_frames,
        })
    }

    /// Reads a raw file, followed by `tail_frames` of zeros.
    ///
    /// # Errors
    /// The file cannot be read, is empty or does not hold whole frames.
    pub fn read(
        path: &Path,
        format: RawFormat,
        channels: usize,
        tail_frames: usize,
    ) -> Result<Self> {
        std::fs::read(path)
            .map_err(anyhow::Error::from)
            .and_then(|bytes| Self::new(bytes, format, channels, tail_frames))
            .with_context(|| format!("cannot play {}", path.display()))
    }

    /// Bytes of one frame.
    pub fn frame_bytes(&self) -> usize {
        self.frame_bytes
    }

    /// Frames in all, silence not counted.
    pub fn frames(&self) -> usize {
        self.bytes.len() / self.frame_bytes
    }

    /// Frames handed out so far, silence not counted.
    pub fn frames_played(&self) -> usize {
        self.next_frame
    }

    /// Fills `out` (whole frames) with what comes next, zeros after the end. Returns whether frames
    /// or tail remain. Never allocates.
    pub fn fill(&mut self, out: &mut [u8]) -> bool {
        let start = self.next_frame * self.frame_bytes;
        let sound_bytes = out.len().min(self.bytes.len() - start);
        let (sound, silence) = out.split_at_mut(sound_bytes);
        sound.copy_from_slice(&self.bytes[start..start + sound_bytes]);
        silence.fill(0);
        self.next_frame += sound_bytes / self.frame_bytes;
        self.silence_frames_left = self
            .silence_frames_left
            .saturating_sub(silence.len() / self.frame_bytes);
        self.next_frame < self.frames() || self.silence_frames_left > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plays_every_frame_once_then_the_tail() {
        let mut material =
            Material::new((1..=10).collect(), RawFormat::Int16, 1, 3).expect("5 whole frames");
        assert_eq!((material.frames(), material.frame_bytes()), (5, 2));

        let mut out = [0xff; 8];
        assert!(material.fill(&mut out));
        assert_eq!(out, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert!(
            !material.fill(&mut out),
            "the last frame and 3 frames of silence end it"
        );
        assert_eq!(out, [9, 10, 0, 0, 0, 0, 0, 0]);
        assert_eq!(material.frames_played(), 5);
        assert!(!material.fill(&mut out));
        assert_eq!(out, [0; 8]);
        assert_eq!(material.frames_played(), 5);
    }

    #[test]
    fn an_end_on_a_block_border_needs_one_more_block_for_the_tail() {
        let mut material = Material::new(vec![7; 8], RawFormat::Int32, 1, 1).expect("2 frames");
        let mut out = [0; 8];
        assert!(material.fill(&mut out));
        assert!(!material.fill(&mut out));
        assert_eq!(out, [0; 8]);
    }

    #[test]
    fn broken_input_is_refused_with_a_reason() {
        let refused = |bytes: Vec<u8>, format, channels| {
            Material::new(bytes, format, channels, 0)
                .expect_err("refused")
                .to_string()
        };
        assert!(refused(vec![], RawFormat::Int16, 2).contains("empty"));
        assert!(refused(vec![0; 7], RawFormat::Int24, 2).contains("7 bytes"));
        assert!(refused(vec![0; 7], RawFormat::Int24, 0).contains("one channel"));
        let missing = Material::read(Path::new("no/such/file.raw"), RawFormat::Int16, 2, 0)
            .expect_err("missing");
        assert!(format!("{missing:#}").contains("no/such/file.raw"));
    }
}
