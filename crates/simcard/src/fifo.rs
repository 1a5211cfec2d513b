//! A queue of whole frames.

use std::collections::VecDeque;

#[derive(Debug)]
pub(crate) struct FrameFifo {
    bytes: VecDeque<u8>,
    frame_bytes: usize,
}

impl FrameFifo {
    pub(crate) fn new(frame_bytes: usize) -> Self {
        Self {
            bytes: VecDeque::new(),
            frame_bytes: frame_bytes.max(1),
        }
    }

    pub(crate) fn frames(&self) -> usize {
        self.bytes.len() / self.frame_bytes
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    pub(crate) fn push_silence(&mut self, frames: usize) {
        let len = self.bytes.len() + frames * self.frame_bytes;
        self.bytes.resize(len, 0);
    }

    /// Moves up to `frames` from the front to the end of `out`; returns how many there were.
    pub(crate) fn pop(&mut self, frames: usize, out: &mut Vec<u8>) -> usize {
        let frames = frames.min(self.frames());
        let bytes = frames * self.frame_bytes;
        let (front, back) = self.bytes.as_slices();
        let from_front = bytes.min(front.len());
        out.extend_from_slice(&front[..from_front]);
        out.extend_from_slice(&back[..bytes - from_front]);
        self.discard(frames);
        frames
    }

    pub(crate) fn discard(&mut self, frames: usize) {
        let bytes = frames.min(self.frames()) * self.frame_bytes;
        self.bytes.drain(..bytes);
    }
}
