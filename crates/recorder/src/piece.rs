//! What goes through the ring, and what both ends know of a recording.

use rt::{Counter, Flag, Gauge};

/// Frames in the longest piece.
pub(crate) const PIECE_FRAMES: usize = 1_024;

/// Frames that follow one another, channel after channel in the ring of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Frames that are missing before it.
    pub(crate) lost_frames: u64,
    pub(crate) frames: u32,
}

/// No frame at all.
pub(crate) const NEVER: u64 = u64::MAX;

/// What both ends see.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The first frame that is recorded.
    pub(crate) start_frame: Gauge,
    /// The first frame that is recorded no more.
    pub(crate) stop_frame: Gauge,
    /// The number of the frame that the file begins with; [`NEVER`] before there is one.
    pub(crate) first_frame: Gauge,
    /// The frame after the last that was to be recorded until now.
    pub(crate) end_frame: Gauge,
    /// Frames in the file.
    pub(crate) written_frames: Gauge,
    /// Frames for which silence stands in the file.
    pub(crate) lost_frames: Counter,
    /// No more frames come.
    pub(crate) is_complete: Flag,
    /// Whatever comes, the file is to be finished with what is in the ring.
    pub(crate) is_closing: Flag,
    /// The file is finished, well or not.
    pub(crate) is_over: Flag,
}

impl Shared {
    pub(crate) fn new() -> Self {
        Self {
            start_frame: Gauge::new(NEVER),
            stop_frame: Gauge::new(NEVER),
            first_frame: Gauge::new(NEVER),
            end_frame: Gauge::new(0),
            written_frames: Gauge::new(0),
            lost_frames: Counter::new(),
            is_complete: Flag::new(false),
            is_closing: Flag::new(false),
            is_over: Flag::new(false),
        }
    }
}
