//! The end for the real-time thread.

use std::sync::Arc;

use engine::client::Plane;
use engine::format::ClientSample;
use rtrb::Producer;

use crate::piece::{NEVER, PIECE_FRAMES, Piece, Shared};

/// Takes frames on a real-time thread. Neither waits nor allocates; what finds no room is lost, counted,
/// and silent in the file.
#[derive(Debug)]
pub struct Feed {
    pub(crate) shared: Arc<Shared>,
    /// The bits of the samples.
    pub(crate) samples: Producer<u32>,
    pub(crate) pieces: Producer<Piece>,
    pub(crate) channels: usize,
    pub(crate) plane: ClientSample,
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
    /// graph, and a jump forward is a gap. `plane` gives each channel's samples; where it gives none or
    /// too few, the rest is silent. Real-time safe.
    pub fn give<'a>(
        &mut self,
        frame: u64,
        frames: usize,
        mut plane: impl FnMut(usize) -> Option<Plane<'a>>,
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
                Some(plane(channel)?.part(offset, take))
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
    fn take<'a>(
        &mut self,
        start: u64,
        frames: usize,
        mut plane: impl FnMut(usize) -> Option<Plane<'a>>,
    ) {
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
            let given = match (plane(channel), self.plane) {
                (Some(Plane::Float32(samples)), ClientSample::Float32) => {
                    room.put(samples, |sample| sample.to_bits())
                }
                (Some(Plane::Int32(samples)), ClientSample::Int32) => {
                    room.put(samples, i32::cast_unsigned)
                }
                _ => 0,
            };
            room.skip(frames.saturating_sub(given));
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
    first: &'a mut [u32],
    second: &'a mut [u32],
}

impl Room<'_> {
    /// Puts the samples in, and tells how many.
    fn put<T: Copy>(&mut self, samples: &[T], bits: impl Fn(T) -> u32) -> usize {
        let here = samples.len().min(self.first.len());
        let (now, later) = samples.split_at(here);
        copy(now, self.first, &bits);
        self.skip(here);
        let there = later.len().min(self.first.len());
        copy(&later[..there], self.first, &bits);
        self.skip(there);
        here + there
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

fn copy<T: Copy>(from: &[T], to: &mut [u32], bits: impl Fn(T) -> u32) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = bits(*from);
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.shared.is_complete.set(true);
    }
}
