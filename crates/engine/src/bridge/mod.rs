//! Joins two streams whose clocks may differ: a [`BridgeSource`] takes frames on one thread, a
//! [`BridgeSink`] gives them on another, or on the same.
//!
//! While the clocks agree and the rates are equal, samples pass as they are, all their bits. When
//! the clocks are seen to differ, the sink slides between the source's frames so that the distance
//! between the two streams stays at its target.
//!
//! **Lead.** What is held is the *lead*: how many source frames the sink's next frame lies behind
//! the source's. It is 0 where the sink pulls a frame in the wake-up in which the source pushes it
//! first in its block. So it is what the bridge adds to two devices' own latencies.
//!
//! **Target.** Where nobody sets it, it is the sum of:
//! - the pull's length in source frames, because a pull can come when the source's next block is
//!   about to; 0 for one clock where a push is a whole number of pulls;
//! - the filter's reach ahead; 0 for one clock and one rate;
//! - 2 ms for late wake-ups and for the time in which a clock is learnt; 0 for one clock.
//!
//! A target that is set may be shorter. If it is too short for the filter and the clocks turn out to
//! differ, it is raised to the pull's length and the reach, once, with a fade: the latency jumps
//! then. [`BridgeStatus::target_frames`] tells.
//!
//! **Beginning.** Between two clocks the sink is silent until both were looked at for 0.4 s, so that
//! sound begins where it is to stay. What begins with the source's very first frame begins as it
//! is, everything else with a fade of 64 frames.
//!
//! **Too few frames.** The last value fades out and silence follows, counted as one underrun however
//! long it takes. When the source is back, its sound fades in at the target. Twice in a second, and
//! the target is raised by what was missing. Between two clocks it comes down again, never below what it was
//! to begin with, when more than 4 ms were to spare at every pull for ten seconds; 2 ms of them stay. The lead
//! follows so slowly that it is not heard.
//!
//! **Too many frames.** What the source cannot push is dropped, and the sink goes on at the target,
//! with a fade, counted as an overrun. The same where the lead jumped away from its target.
//!
//! Nothing here blocks, allocates after [`bridge`] or takes longer for more frames waiting.

mod calm;
mod fade;
mod follow;
mod maker;
mod plan;
mod sample;
mod sink;
mod source;
mod view;
mod window;

use rtrb::RingBuffer;

use crate::format::ClientSample;
use crate::resample::Quality;
use plan::Plan;
use sample::Sample;
use sink::Sink;
use source::Source;

pub use sink::BridgeSink;
pub use source::BridgeSource;
pub use view::BridgeView;

/// The most channels of a bridge.
pub const CHANNELS_MAX: u16 = 64;
/// The longest block in frames.
const BLOCK_FRAMES_MAX: u32 = 1 << 16;
/// Blocks that may wait at once.
const MARKS_MAX: usize = 4_096;

/// One end of a bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Side {
    /// The nominal rate in Hz.
    pub rate_hz: u32,
    /// Frames that are pushed or pulled at a time, at most.
    pub block_frames: u32,
}

/// Whether the two ends have one clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clocks {
    /// One clock: the ratio is always the nominal one.
    Shared,
    /// A clock of their own each, which may agree or not.
    Apart,
}

/// What a bridge is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BridgeSpec {
    /// Channels, 1 to [`CHANNELS_MAX`].
    pub channels: u16,
    /// The type of the samples inside and at the sink.
    pub sample: ClientSample,
    /// Where frames come from.
    pub source: Side,
    /// Where frames go.
    pub sink: Side,
    /// Whether the ends have one clock.
    pub clocks: Clocks,
    /// The filter for rates or clocks that differ.
    pub quality: Quality,
    /// The lead to hold, in source frames; `None`: as the module says.
    pub target_frames: Option<u32>,
}

/// When a block is pushed or pulled, and where its side is then.
///
/// `position_frames` is the side's own count at `at_ns`: what the device states, or the number of
/// frames pushed or pulled before this block. Blocks that are pushed or pulled in one wake-up are
/// as far apart here as their sound is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Frames of the side's nominal rate.
    pub position_frames: u64,
    /// Nanoseconds of a clock that never goes back, the same for both sides.
    pub at_ns: u64,
}

/// How a bridge does, as its sink sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BridgeStatus {
    /// How much faster than nominal the source runs than the sink, in millionths, as last
    /// estimated; 0 while too little is known.
    pub clocks_ppm: f64,
    /// How much faster than nominal source frames are used, in millionths; exactly 0 while the
    /// clocks agree.
    pub ratio_ppm: f64,
    /// The lead in source frames, as last estimated.
    pub lead_frames: f64,
    /// The lead to hold, in source frames.
    pub target_frames: u32,
    /// Samples pass as they are.
    pub is_exact: bool,
    /// Sound flows; not before the first frame and not in an underrun.
    pub is_running: bool,
    /// Times that the source had too few frames.
    pub underruns: u64,
    /// Times that frames were dropped because there were too many.
    pub overruns: u64,
    /// Source frames that were dropped.
    pub dropped_frames: u64,
    /// Sink frames that were silent for want of the source's, since its first frame.
    pub silent_frames: u64,
}

/// Makes a bridge: its two ends.
///
/// # Errors
/// One sentence that tells what is wrong with the specification.
pub fn bridge(spec: &BridgeSpec) -> Result<(BridgeSource, BridgeSink), String> {
    let plan = Plan::new(spec)?;
    Ok(match spec.sample {
        ClientSample::Int32 => {
            let (source, sink) = ends::<i32>(&plan);
            (BridgeSource::int32(source), BridgeSink::int32(sink))
        }
        ClientSample::Float32 => {
            let (source, sink) = ends::<f32>(&plan);
            (BridgeSource::float32(source), BridgeSink::float32(sink))
        }
    })
}

fn ends<T: Sample>(plan: &Plan) -> (Source<T>, Sink<T>) {
    let rings = (0..plan.spec.channels).map(|_| RingBuffer::new(plan.ring_frames));
    let (producers, consumers) = rings.unzip();
    let (marks_in, marks_out) = RingBuffer::new(plan.ring_frames.min(MARKS_MAX));
    (
        Source::new(plan, producers, marks_in),
        Sink::new(plan, consumers, marks_out),
    )
}

#[cfg(test)]
mod tests;
