//! What the engine asks of a client: something without a clock that makes a block when told to.

/// One channel's samples, in the machine's byte order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Plane<'a> {
    /// 32-bit integers, full scale the whole range.
    Int32(&'a [i32]),
    /// 32-bit floats, full scale ±1.0.
    Float32(&'a [f32]),
}

impl<'a> Plane<'a> {
    /// The samples from `start` on, at most `frames` of them.
    pub fn part(self, start: usize, frames: usize) -> Plane<'a> {
        fn cut<T>(samples: &[T], start: usize, frames: usize) -> &[T] {
            let end = start.saturating_add(frames).min(samples.len());
            samples.get(start..end).unwrap_or_default()
        }
        match self {
            Plane::Int32(samples) => Plane::Int32(cut(samples, start, frames)),
            Plane::Float32(samples) => Plane::Float32(cut(samples, start, frames)),
        }
    }
}

/// When a block is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockTime {
    /// Frames that the client made before this block since the stream started.
    pub frame: u64,
    /// The instant, in nanoseconds of a clock that never goes back, at which the block's first
    /// frame enters the endpoint's queue. Blocks that are made in one wake-up are as far apart here
    /// as their sound is.
    pub now_ns: u64,
}

/// Makes sound in blocks of a fixed size, of the blocks that it is given. Its methods run on the real-time path: no allocation, no
/// lock, no blocking of its own.
pub trait Client {
    /// Frames in a block; at least 1, and the same for the client's life.
    fn block_frames(&self) -> u32;

    /// What was recorded on a channel of the device for the next block: `block_frames` samples of the
    /// client's own type. Called before `process`, for each channel for which [`hears`](Self::hears)
    /// says so.
    fn input(&mut self, channel: usize, samples: Plane<'_>);

    /// Whether the client wants that channel of what is recorded; the same for the client's life.
    fn hears(&self, channel: usize) -> bool;

    /// Makes the next block.
    fn process(&mut self, time: BlockTime);

    /// What the last block has for that channel of the device: `block_frames` samples, or `None`
    /// where the client is silent. Valid until the next `process`.
    fn output(&self, channel: usize) -> Option<Plane<'_>>;
}
