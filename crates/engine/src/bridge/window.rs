//! The stretch of the source's stream that the sink works on.

use std::ops::Range;

use rtrb::Consumer;

use super::sample::Sample;

/// Frames taken from the rings that may still be needed, for each channel in one piece.
#[derive(Debug)]
pub(super) struct Window<T> {
    planes: Vec<Vec<T>>,
    /// The frame at the planes' beginning.
    start: i64,
    /// One behind the last frame that is there.
    end: i64,
}

impl<T: Sample> Window<T> {
    /// A window in which `frames` frames can be asked for at once.
    pub(super) fn new(channels: usize, frames: usize) -> Self {
        // Twice as long, so that frames are moved down once in a while and not each time.
        let plane = vec![T::default(); frames * 2];
        Self {
            planes: vec![plane; channels],
            start: 0,
            end: 0,
        }
    }

    /// One behind the last frame that was taken from the rings.
    pub(super) fn end(&self) -> i64 {
        self.end
    }

    /// Forgets all: the next frame to take is `frame`, and `before` silent ones are before it.
    /// Frames before it that are in the rings are dropped; it must be in them, or not yet pushed.
    pub(super) fn restart(&mut self, frame: i64, before: usize, rings: &mut [Consumer<T>]) {
        for (plane, ring) in self.planes.iter_mut().zip(rings) {
            let unwanted = usize::try_from(frame - self.end).unwrap_or(0);
            if let Ok(chunk) = ring.read_chunk(unwanted) {
                chunk.commit_all();
            }
            let silent = before.min(plane.len());
            plane[..silent].fill(T::default());
        }
        self.start = frame - before as i64;
        self.end = frame;
    }

    /// Takes frames until `need` is there, and forgets those before it. False where it cannot be:
    /// frames that were forgotten, too many, or not in the rings.
    pub(super) fn take(&mut self, need: &Range<i64>, rings: &mut [Consumer<T>]) -> bool {
        let length = self.planes.first().map_or(0, Vec::len) as i64;
        if need.start < self.start || need.end - need.start > length {
            return false;
        }
        if need.end - self.start > length {
            self.forget_before(need.start.min(self.end));
        }
        let fresh = self.place(self.end)..self.place(need.end.max(self.end));
        let mut whole = true;
        for (plane, ring) in self.planes.iter_mut().zip(rings) {
            whole &= ring.pop_entire_slice(&mut plane[fresh.clone()]).is_ok();
        }
        self.end = self.end.max(need.end);
        whole
    }

    /// A channel's frames, which were taken.
    pub(super) fn frames(&self, channel: usize, frames: Range<i64>) -> &[T] {
        let (start, end) = (self.place(frames.start), self.place(frames.end));
        let plane = self.planes.get(channel);
        plane
            .and_then(|plane| plane.get(start..end))
            .unwrap_or_default()
    }

    fn place(&self, frame: i64) -> usize {
        usize::try_from(frame - self.start).unwrap_or(0)
    }

    fn forget_before(&mut self, frame: i64) {
        let kept = self.place(frame)..self.place(self.end);
        for plane in &mut self.planes {
            plane.copy_within(kept.clone(), 0);
        }
        self.start = frame;
    }
}
