//! The end that takes frames.

use rtrb::Producer;

use super::Stamp;
use super::plan::Plan;
use super::sample::Sample;
use crate::client::Plane;

/// A block that was pushed, told to the sink.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// The block's first frame, counted in frames that went into the ring.
    pub(super) first: i64,
    /// One behind its last.
    pub(super) end: i64,
    /// When, and where the source was.
    pub(super) stamp: Stamp,
    /// Frames were dropped just before it.
    pub(super) dropped_frames: u64,
}

/// Takes frames from a source, on one thread at a time. See [the module](super).
#[derive(Debug)]
pub struct BridgeSource(Kind);

#[derive(Debug)]
enum Kind {
    Int32(Source<i32>),
    Float32(Source<f32>),
}

impl BridgeSource {
    pub(super) fn int32(source: Source<i32>) -> Self {
        BridgeSource(Kind::Int32(source))
    }

    pub(super) fn float32(source: Source<f32>) -> Self {
        BridgeSource(Kind::Float32(source))
    }

    /// Hands over a block of `frames`; `plane` gives each channel's samples, `None` or a plane that
    /// is too short where it is silent. Samples of the bridge's own type pass as they are. False
    /// when there was no room and the block was dropped: the sink has stalled and will count it.
    /// Real-time safe.
    pub fn push<'a>(
        &mut self,
        frames: usize,
        stamp: Stamp,
        plane: impl Fn(usize) -> Option<Plane<'a>>,
    ) -> bool {
        match &mut self.0 {
            Kind::Int32(source) => source.push(frames, stamp, plane),
            Kind::Float32(source) => source.push(frames, stamp, plane),
        }
    }

    /// Frames that were dropped for want of room.
    pub fn dropped_frames(&self) -> u64 {
        match &self.0 {
            Kind::Int32(source) => source.dropped_frames,
            Kind::Float32(source) => source.dropped_frames,
        }
    }
}

/// The same for one type of samples.
#[derive(Debug)]
pub(super) struct Source<T> {
    rings: Vec<Producer<T>>,
    marks: Producer<Mark>,
    pushed: i64,
    dropped_frames: u64,
    /// Of them, those that the sink was not told.
    untold_frames: u64,
}

impl<T: Sample> Source<T> {
    pub(super) fn new(_: &Plan, rings: Vec<Producer<T>>, marks: Producer<Mark>) -> Self {
        Self {
            rings,
            marks,
            pushed: 0,
            dropped_frames: 0,
            untold_frames: 0,
        }
    }

    fn push<'a>(
        &mut self,
        frames: usize,
        stamp: Stamp,
        plane: impl Fn(usize) -> Option<Plane<'a>>,
    ) -> bool {
        if self.marks.is_full() || self.rings.iter().any(|ring| ring.slots() < frames) {
            self.dropped_frames += frames as u64;
            self.untold_frames += frames as u64;
            return false;
        }
        for (channel, ring) in self.rings.iter_mut().enumerate() {
            fill(ring, frames, plane(channel));
        }
        let end = self.pushed + frames as i64;
        // The sink reads frames that a mark has told, so the mark goes last.
        let told = self.marks.push(Mark {
            first: self.pushed,
            end,
            stamp,
            dropped_frames: std::mem::take(&mut self.untold_frames),
        });
        debug_assert!(told.is_ok(), "there was room for a mark");
        self.pushed = end;
        true
    }
}

/// Puts a channel's samples into its ring, in which there is room.
fn fill<T: Sample>(ring: &mut Producer<T>, frames: usize, plane: Option<Plane<'_>>) {
    let own = plane.and_then(T::own).and_then(|own| own.get(..frames));
    let pushed = match (own, plane) {
        (Some(samples), _) => ring.push_entire_slice(samples).is_ok(),
        (None, plane) => ring.write_chunk_uninit(frames).is_ok_and(|chunk| {
            let sample = |frame| plane.map_or_else(T::default, |plane| T::of(plane, frame));
            chunk.fill_from_iter((0..frames).map(sample)) == frames
        }),
    };
    debug_assert!(pushed, "there was room for the frames");
}
