//! What a test program records: raw interleaved frames, in memory that is there beforehand.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::material::RawFormat;

/// Recorded frames, as many as there is room for.
#[derive(Debug)]
pub struct Recording {
    bytes: Vec<u8>,
    frame_bytes: usize,
    frames_max: usize,
    frames_lost: u64,
}

impl Recording {
    /// An empty recording with room for `frames_max` frames.
    ///
    /// # Errors
    /// A frame without channels.
    pub fn new(format: RawFormat, channels: usize, frames_max: usize) -> Result<Self> {
        let frame_bytes = format.bytes() * channels;
        ensure!(frame_bytes > 0, "a frame needs at least one channel");
        Ok(Self {
            bytes: Vec::with_capacity(frames_max * frame_bytes),
            frame_bytes,
            frames_max,
            frames_lost: 0,
        })
    }

    /// Bytes of one frame.
    pub fn frame_bytes(&self) -> usize {
        self.frame_bytes
    }

    /// Frames so far.
    pub fn frames(&self) -> usize {
        self.bytes.len() / self.frame_bytes
    }

    /// Frames for which there was no room.
    pub fn frames_lost(&self) -> u64 {
        self.frames_lost
    }

    /// Takes whole frames, as many as there is room for. Returns whether room remains. Never
    /// allocates.
    pub fn add(&mut self, frames: &[u8]) -> bool {
        let taken = frames.len().min(self.room_bytes());
        self.bytes.extend_from_slice(&frames[..taken]);
        self.frames_lost += ((frames.len() - taken) / self.frame_bytes) as u64;
        self.room_bytes() > 0
    }

    /// Takes so many frames of zeros, where a program was given nothing. Never allocates.
    pub fn add_silence(&mut self, frames: usize) -> bool {
        let taken = (frames * self.frame_bytes).min(self.room_bytes());
        self.bytes.resize(self.bytes.len() + taken, 0);
        self.frames_lost += (frames - taken / self.frame_bytes) as u64;
        self.room_bytes() > 0
    }

    /// Writes the frames to a raw file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        std::fs::write(path, &self.bytes)
            .with_context(|| format!("cannot write the recording {}", path.display()))
    }

    fn room_bytes(&self) -> usize {
        self.frames_max * self.frame_bytes - self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_there_is_room_for_and_counts_the_rest() {
        let mut recording = Recording::new(RawFormat::Int16, 2, 3).expect("2 channels");
        let memory = recording.bytes.as_ptr();
        assert!(recording.add(&[1; 8]));
        assert_eq!((recording.frames(), recording.frames_lost()), (2, 0));
        assert!(!recording.add(&[2; 12]), "it is full");
        assert_eq!((recording.frames(), recording.frames_lost()), (3, 2));
        assert!(!recording.add_silence(4));
        assert_eq!((recording.frames(), recording.frames_lost()), (3, 6));
        assert_eq!(recording.bytes, [1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2]);
        assert_eq!(recording.bytes.as_ptr(), memory, "it never moves");
    }

    #[test]
    fn silence_is_zeros() {
        let mut recording = Recording::new(RawFormat::Int24, 1, 4).expect("1 channel");
        assert!(recording.add(&[9; 3]));
        assert!(recording.add_silence(2));
        assert_eq!(recording.bytes, [9, 9, 9, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn what_cannot_be_is_told() {
        let error = Recording::new(RawFormat::Int16, 0, 4).expect_err("no channel");
        assert!(error.to_string().contains("one channel"));
        let recording = Recording::new(RawFormat::Int16, 1, 4).expect("1 channel");
        let error = recording
            .write(Path::new("no/such/folder/x.raw"))
            .expect_err("no folder");
        assert!(format!("{error:#}").contains("no/such/folder"));
    }
}
