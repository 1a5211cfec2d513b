//! The layout of the memory: the same for 32-bit and 64-bit programs.
//!
//! Every field has a fixed width and place and is an atomic, so that no reader can meet a value that
//! is no value, whoever writes. The router writes its part only, the client its own.

use std::sync::atomic::{AtomicU32, AtomicU64};

use crate::limits::{NAME_BYTES_MAX, SAMPLES};

/// Marks the memory as ours: `a2wr`.
pub const MAGIC: u32 = 0x7277_3261;
/// Counts up with every change of the layout or of what its fields mean.
pub const VERSION: u32 = 2;
/// Bytes of the header; the samples follow.
pub const HEADER_BYTES: usize = 4_096;
/// Bytes of all of it.
pub const MEMORY_BYTES: usize = HEADER_BYTES + SAMPLES * size_of::<u32>();

/// What the router is doing, as [`RouterPart::state`] has it.
pub(crate) mod router_state {
    /// The memory is being set up.
    pub const STARTING: u32 = 0;
    /// Clients are answered.
    pub const OPEN: u32 = 1;
    /// Nobody will ever answer again.
    pub const ENDED: u32 = 2;
}

/// What a client is doing, as [`ClientPart::state`] has it.
pub(crate) mod client_state {
    /// Nothing yet, or no more.
    pub const AWAY: u32 = 0;
    /// Its wishes are written and wait for an answer.
    pub const ASKS: u32 = 1;
    /// It leaves.
    pub const LEAVES: u32 = 2;
    /// It was let in and keeps its place, but makes no sound for now.
    pub const RESTS: u32 = 3;
}

/// The beginning of the memory.
#[repr(C)]
pub struct Header {
    /// What the router writes.
    pub router: RouterPart,
    /// What the client writes.
    pub client: ClientPart,
}

/// What the router writes.
#[repr(C, align(1024))]
#[derive(Default)]
pub struct RouterPart {
    /// [`MAGIC`].
    pub magic: AtomicU32,
    /// [`VERSION`].
    pub version: AtomicU32,
    /// [`MEMORY_BYTES`].
    pub bytes: AtomicU32,
    /// What it is doing.
    pub state: AtomicU32,
    /// Its process.
    pub process: AtomicU32,
    /// Counts up whenever a client's time is over: what an earlier client wrote counts no more.
    pub generation: AtomicU32,
    /// The request that was answered last, as [`ClientPart::request`] had it.
    pub answered: AtomicU32,
    /// 0: granted; else why not, as `Refusal` numbers it.
    pub answer: AtomicU32,
    /// The graph's rate in Hz.
    pub rate_hz: AtomicU32,
    /// The graph's block in frames.
    pub cycle_frames: AtomicU32,
    /// Frames that the hand-over adds now: 0, or one block.
    pub added_frames: AtomicU32,
    /// Blocks of this client that were not done in time.
    pub late_blocks: AtomicU32,
    /// The number of the last block that was asked for; its lowest bit tells the half.
    pub asked: AtomicU32,
    /// Keeps the next field's place.
    pub reserved: AtomicU32,
    /// That block's first frame, counted since the client came.
    pub frame: AtomicU64,
    /// Its time in nanoseconds of the machine's clock that never goes back.
    pub now_ns: AtomicU64,
    /// Frames from the making of a block to the output of the device that keeps the time.
    pub output_latency_frames: AtomicU32,
    /// Frames from that device's input to the making of a block.
    pub input_latency_frames: AtomicU32,
}

/// What the client writes.
#[repr(C, align(1024))]
#[derive(Default)]
pub struct ClientPart {
    /// The process that has this place; 0 while nobody has.
    pub process: AtomicU32,
    /// [`MAGIC`], so that a stray write is no request.
    pub magic: AtomicU32,
    /// [`VERSION`].
    pub version: AtomicU32,
    /// What it is doing.
    pub state: AtomicU32,
    /// Counts the requests.
    pub request: AtomicU32,
    /// Channels that it wants to hear.
    pub inputs: AtomicU32,
    /// Channels that it plays.
    pub outputs: AtomicU32,
    /// Frames in its blocks.
    pub block_frames: AtomicU32,
    /// Its rate in Hz.
    pub rate_hz: AtomicU32,
    /// How it wants its blocks handed over, as `HandOver` numbers it.
    pub hand_over: AtomicU32,
    /// Bytes of its name.
    pub name_bytes: AtomicU32,
    /// The number of the last block that is done.
    pub done: AtomicU32,
    /// How long it took for that block, in nanoseconds, as it says.
    pub busy_ns: AtomicU32,
    /// Keeps the next field's place.
    pub reserved: [AtomicU32; 3],
    /// Its name in UTF-8, four bytes to a word, the first in the lowest bits.
    pub name: [AtomicU32; NAME_BYTES_MAX / 4],
}

impl Header {
    /// All zeros.
    pub(crate) fn zeroed() -> Header {
        Header {
            router: RouterPart::default(),
            client: ClientPart::default(),
        }
    }
}

/// The places are the same in every program, or it does not compile.
const _: () = {
    use std::mem::offset_of;
    assert!(size_of::<Header>() <= HEADER_BYTES && HEADER_BYTES.is_multiple_of(4));
    assert!(align_of::<Header>() == 1_024);
    assert!(offset_of!(Header, router) == 0 && offset_of!(Header, client) == 1_024);
    assert!(offset_of!(RouterPart, answer) == 28);
    assert!(offset_of!(RouterPart, asked) == 48);
    assert!(offset_of!(RouterPart, frame) == 56 && offset_of!(RouterPart, now_ns) == 64);
    assert!(offset_of!(RouterPart, output_latency_frames) == 72);
    assert!(offset_of!(RouterPart, input_latency_frames) == 76);
    assert!(offset_of!(ClientPart, inputs) == 20);
    assert!(offset_of!(ClientPart, done) == 44);
    assert!(offset_of!(ClientPart, name) == 64);
    assert!(size_of::<RouterPart>() == 1_024 && size_of::<ClientPart>() == 1_024);
    assert!(MEMORY_BYTES == 8_392_704);
};
