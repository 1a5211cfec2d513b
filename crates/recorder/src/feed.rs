//! The end for the real-time thread.

use std::sync::Arc;

use rtrb::Producer;

use crate::piece::{NEVER, PIECE_FRAMES, Piece, Shared};

/// Takes frames on a real-time thread. Neither waits nor allocates; what finds no room is lost, counted,
/// and silent in the file.
#[derive(Debug)]
pub struct Feed {
    pub(crate) shared: Arc<Shared>,
    pub(crate) samples: Producer<f32>,
    pub(crate) pieces: Producer<Piece>,
    pub(crate) channels: usize,
    /// The frame that would follow what was taken last.
    pub(crate) next_frame: Option<u64>,
    pub(crate) is_complete: bool,
}

impl Feed {
    /// Channels of the recording.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Hands over `frames` frames, of which the first has the number `frame`: numbers count the frames of the
    /// graph, and a jump forward is a gap. `plane` gives each channel's samples; where it gives too few,
    /// the rest is silent. Real-time safe.
    pub fn give<'a>(
        &mut self,
        frame: u64,
        frames: usize,
        mut plane: impl FnMut(usize) -> &'a [f32],
    ) {
        if self.is_complete {
            return;
        }
        let end = frame.saturating_add(frames as u64);
        let stop = self.shared.stop_frame.get();
        let wanted_start = self.shared.start_frame.get();
        if wanted_start == NEVER {
            return self.complete_at(end, stop);
        }
        let mut start = frame.max(wanted_start);
        if let Some(next) = self.next_frame {
            // What was taken already is not taken twice.
            start = start.max(next);
        }
        let until = end.min(stop);
        while start < until {
            let take = (until - start).min(PIECE_FRAMES as u64) as usize;
            let offset = (start - frame) as usize;
            self.take(start, take, |channel| {
                let samples = plane(channel);
                samples.get(offset..).unwrap_or_default()
            });
            start += take as u64;
            self.shared.end_frame.set(start);
        }
        self.complete_at(end, stop);
    }

    fn complete_at(&mut self, end: u64, stop: u64) {
        if end >= stop {
            self.is_complete = true;
            self.shared.is_complete.set(true);
        }
    }

    /// Hands over one piece, if there is room for it.
    fn take<'a>(&mut self, start: u64, frames: usize, mut plane: impl FnMut(usize) -> &'a [f32]) {
        let next = *self.next_frame.get_or_insert_with(|| {
            self.shared.first_frame.set(start);
            start
        });
        if self.pieces.is_full() {
            return;
        }
        let Ok(mut chunk) = self.samples.write_chunk(frames * self.channels) else {
            return;
        };
        let (first, second) = chunk.as_mut_slices();
        let mut room = Room { first, second };
        for channel in 0..self.channels {
            let samples = plane(channel);
            let given = samples.len().min(frames);
            room.put(&samples[..given]);
            room.skip(frames - given);
        }
        chunk.commit_all();
        let piece = Piece {
            lost_frames: start - next,
            frames: frames as u32,
        };
        // There is room, as was just seen, and nobody else puts anything in.
        if self.pieces.push(piece).is_ok() {
            self.next_frame = Some(start + frames as u64);
        }
    }
}

/// The ring's memory in up to two parts. It is silent at first.
struct Room<'a> {
    first: &'a mut [f32],
    second: &'a mut [f32],
}

impl Room<'_> {
    fn put(&mut self, samples: &[f32]) {
        let here = samples.len().min(self.first.len());
        let (now, later) = samples.split_at(here);
        self.first[..here].copy_from_slice(now);
        self.skip(here);
        let there = later.len().min(self.first.len());
        self.first[..there].copy_from_slice(&later[..there]);
        self.skip(there);
    }

    /// Leaves out so many samples.
    fn skip(&mut self, samples: usize) {
        let here = samples.min(self.first.len());
        let first = std::mem::take(&mut self.first);
        self.first = &mut first[here..];
        if self.first.is_empty() && !self.second.is_empty() {
            self.first = std::mem::take(&mut self.second);
            self.skip(samples - here);
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.shared.is_complete.set(true);
    }
}
