//! Hands a file's samples to a driver, block by block.

use std::sync::Arc;

use engine::convert;
use engine::format::{SampleFormat, StreamFormat};
use rt::Counter;

use crate::wav::Wav;

/// The way through a file. Its methods are fit for a real-time callback: they neither allocate nor
/// lock nor block.
#[derive(Debug)]
pub struct Feed {
    wav: Arc<Wav>,
    sources: Vec<usize>,
    next_frame: usize,
    played: Arc<Counter>,
}

impl Feed {
    /// Plays `wav` from its first frame; output `n` plays the channel `sources[n]`.
    pub fn new(wav: Arc<Wav>, sources: Vec<usize>) -> Self {
        Self {
            wav,
            sources,
            next_frame: 0,
            played: Arc::default(),
        }
    }

    /// Frames handed over so far, the silence after the end included. For other threads to watch.
    pub fn played(&self) -> Arc<Counter> {
        Arc::clone(&self.played)
    }

    /// Fills `out`, one output's share of the current block, in the driver's sample format; with
    /// silence where the file has nothing.
    pub fn write(&self, output: usize, format: SampleFormat, out: &mut [u8]) {
        let mono = StreamFormat {
            sample: format,
            channels: 1,
            rate_hz: self.wav.rate_hz(),
            channel_mask: 0,
        };
        out.fill(0);
        let source = self.sources.get(output).copied();
        if let Some(plane) = source.and_then(|channel| self.wav.plane(channel)) {
            let frames = out.len() / mono.frame_bytes();
            convert::write_channel(plane.part(self.next_frame, frames), out, &mono, 0);
        }
    }

    /// Goes on to the next block, when every output of the current one is written.
    pub fn advance(&mut self, block_frames: usize) {
        self.next_frame = self.next_frame.saturating_add(block_frames);
        self.played.add(block_frames as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::client::Plane;

    #[test]
    fn every_frame_comes_once_and_silence_after_the_end() {
        let wav = Wav::from_planes(48_000, vec![vec![1 << 16, 2 << 16, 3 << 16]]);
        let mut feed = Feed::new(Arc::new(wav), vec![0, 0]);
        let played = feed.played();
        let block = |feed: &mut Feed, output| {
            let mut out = [0xff; 4];
            feed.write(output, SampleFormat::Int16, &mut out);
            out
        };
        assert_eq!(block(&mut feed, 0), [1, 0, 2, 0]);
        assert_eq!(block(&mut feed, 1), [1, 0, 2, 0]);
        assert_eq!(
            block(&mut feed, 2),
            [0; 4],
            "an output without a source is silent"
        );
        feed.advance(2);
        assert_eq!(block(&mut feed, 1), [3, 0, 0, 0]);
        feed.advance(2);
        assert_eq!(block(&mut feed, 0), [0; 4]);
        assert_eq!(played.get(), 4);
    }

    #[test]
    fn samples_that_fit_are_not_altered() {
        let samples = vec![i32::MIN, -1, 0, 1, i32::MAX];
        let feed = Feed::new(
            Arc::new(Wav::from_planes(48_000, vec![samples.clone()])),
            vec![0],
        );
        let mut out = vec![0; 20];
        feed.write(0, SampleFormat::Int32, &mut out);
        let read: Vec<i32> = out
            .chunks_exact(4)
            .map(|bytes| i32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
            .collect();
        assert_eq!(Plane::Int32(&read), Plane::Int32(&samples));
    }
}
