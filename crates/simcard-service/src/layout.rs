//! The memory that the service shares with its clients.
//!
//! Its layout is fixed and the same for 32-bit and 64-bit programs: every field has a fixed width and
//! is an atomic, so that no reader can meet a value that is no value. What the other side writes is a
//! claim: whoever reads checks it against the limits below.

#![allow(unsafe_code)]

use crate::call::Answer;
use crate::codes::NOT_INITIALIZED;
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicI32, AtomicU16, AtomicU32, AtomicU64, Ordering};

/// Marks the memory as ours.
pub const MAGIC: u32 = 0x7369_6D63;
/// Counts up with every change of the layout.
pub const VERSION: u32 = 3;
/// Streams that can be open at a time.
pub const STREAMS_MAX: usize = 16;
/// Bytes of a stream's ring.
pub const RING_BYTES: usize = 4 << 20;
/// Hand-overs that a ring of them holds.
pub const HANDOVERS_MAX: usize = 4096;
/// Packets that a ring of them holds.
pub const PACKETS_MAX: usize = 4096;
/// Notices that are kept.
pub const NOTICES_MAX: usize = 256;
/// Numbers in a call or its answer.
pub const WORDS: usize = 16;
/// UTF-16 units of the text in an answer.
pub const TEXT_MAX: usize = 128;

/// What the service is doing, as [`Header::state`] has it.
pub mod state {
    /// The memory is being set up.
    pub const STARTING: u32 = 0;
    /// Calls are answered.
    pub const RUNNING: u32 = 1;
    /// Nobody will ever answer again.
    pub const ENDED: u32 = 2;
}

/// All of it.
#[repr(C)]
pub struct Shared {
    /// What it is.
    pub header: Header,
    /// The rare calls, one at a time.
    pub call: Call,
    /// The streams.
    pub streams: [Block; STREAMS_MAX],
    /// The piece of hardware that has a driver of its own; its ring is the memory that it plays from
    /// and records to, see [`crate::dma`].
    pub hardware: Block,
}

/// What the memory is and what the machine tells everybody.
#[repr(C)]
pub struct Header {
    /// [`MAGIC`].
    pub magic: AtomicU32,
    /// [`VERSION`].
    pub version: AtomicU32,
    /// Bytes of [`Shared`].
    pub bytes: AtomicU64,
    /// One of [`state`].
    pub state: AtomicU32,
    /// Endpoints, numbered from 0.
    pub devices: AtomicU32,
    /// The service's process.
    pub process: AtomicU32,
    /// Keeps the layout the same everywhere.
    pub reserved: AtomicU32,
    /// Notices ever written; each is at its number modulo [`NOTICES_MAX`].
    pub notices_written: AtomicU64,
    /// The notices.
    pub notices: [NoticeSlot; NOTICES_MAX],
}

/// One notice, as three numbers in one: see [`crate::notice::NoticeWord`].
#[repr(transparent)]
pub struct NoticeSlot(pub AtomicU64);

/// A question and its answer. Whoever asks holds the calls' mutex.
#[repr(C)]
pub struct Call {
    /// Calls ever made; the last one waits for its answer while `answered` is another number.
    pub asked: AtomicU64,
    /// The number of the last call that was answered.
    pub answered: AtomicU64,
    /// The asking process.
    pub process: AtomicU32,
    /// 0, or the `HRESULT` of the refusal.
    pub status: AtomicI32,
    /// The question.
    pub question: [AtomicU64; WORDS],
    /// The answer.
    pub answer: [AtomicU64; WORDS],
    /// UTF-16 units of `text`.
    pub text_units: AtomicU32,
    /// Keeps the layout the same everywhere.
    pub reserved: AtomicU32,
    /// The answer's text.
    pub text: [AtomicU16; TEXT_MAX],
}

/// One stream.
#[repr(C)]
pub struct Block {
    /// Counts up when the block is given to another stream; a client that finds another number than
    /// its own has lost its stream.
    pub generation: AtomicU32,
    /// 0, or the `HRESULT` with which every operation fails from now on.
    pub dead: AtomicI32,
    /// 0, or the `HRESULT` with which requests for a buffer fail at present.
    pub refusal: AtomicI32,
    /// Whether the stream runs.
    pub running: AtomicU32,

    /// Frames that the device has taken from what was handed over, or that the service has put into
    /// the ring for the client. Written by the service.
    pub service_frames: AtomicU64,
    /// Frames that the client has handed over, or has read. Written by the client.
    pub client_frames: AtomicU64,

    /// Odd while the three numbers below are written.
    pub position_sequence: AtomicU64,
    /// Frames since the start of which the last is at the converter.
    pub position_frames: AtomicU64,
    /// When, in nanoseconds of the performance counter.
    pub position_ns: AtomicU64,

    /// When the event was last set, in nanoseconds of the performance counter.
    pub event_ns: AtomicU64,
    /// Hand-overs ever made; each is at its number modulo [`HANDOVERS_MAX`]. Written by the client.
    pub handovers_written: AtomicU64,
    /// Hand-overs that the service has seen.
    pub handovers_read: AtomicU64,
    /// Packets ever delivered; each is at its number modulo [`PACKETS_MAX`]. Written by the service.
    pub packets_written: AtomicU64,
    /// Packets that the client has given back as read.
    pub packets_read: AtomicU64,
    /// The hand-overs.
    pub handovers: [HandoverSlot; HANDOVERS_MAX],
    /// The packets.
    pub packets: [PacketSlot; PACKETS_MAX],
    /// Frame `n` begins at byte `n * frame bytes`, modulo the ring's whole frames.
    pub ring: Ring,
}

/// Frames that a playing client has handed over at once.
#[repr(C)]
pub struct HandoverSlot {
    /// Frames ever handed over, with these.
    pub end_frame: AtomicU64,
    /// When the client asked for the buffer, in nanoseconds of the performance counter.
    pub got_ns: AtomicU64,
    /// When it handed it over.
    pub released_ns: AtomicU64,
}

/// Frames that a recording client gets at once.
#[repr(C)]
pub struct PacketSlot {
    /// How many.
    pub frames: AtomicU32,
    /// `AUDCLNT_BUFFERFLAGS`.
    pub flags: AtomicU32,
    /// Frames from the stream's start to the first.
    pub device_position: AtomicU64,
    /// When the first was recorded, in nanoseconds of the performance counter.
    pub time_ns: AtomicU64,
}

/// Bytes that both sides copy to and from. Who may touch which part follows from the counters.
#[repr(C, align(64))]
pub struct Ring(UnsafeCell<[u8; RING_BYTES]>);

// SAFETY: the bytes are only touched by raw copies in `write` and `read`. Two sides that obey the
// counters never touch the same bytes at a time; one that does not makes nothing worse than wrong
// bytes, as every byte is a valid one.
unsafe impl Sync for Ring {}

const _: () = {
    assert!(std::mem::offset_of!(Shared, call) == 40 + 8 * NOTICES_MAX);
    assert!(std::mem::offset_of!(Block, service_frames) == 16);
    assert!(std::mem::offset_of!(Block, handovers) == 96);
    assert!(size_of::<HandoverSlot>() == 24 && size_of::<PacketSlot>() == 24);
    assert!(align_of::<Shared>() == 64);
};

impl Shared {
    /// Memory of this process alone, all zeros, for tests.
    ///
    /// # Panics
    /// When there is no memory.
    pub fn private() -> Box<Shared> {
        let layout = std::alloc::Layout::new::<Shared>();
        // SAFETY: the layout has a size above 0; all zeros are a value of every field; the box frees
        // with the same layout.
        unsafe {
            let memory = std::alloc::alloc_zeroed(layout);
            assert!(!memory.is_null(), "no memory");
            Box::from_raw(memory.cast())
        }
    }

    /// Makes the memory fit for a service, whatever an earlier one has left in it: clients may still
    /// have it. The state is left to whoever runs the service.
    pub fn prepare(&self, process: u32) {
        self.header.state.store(state::STARTING, Ordering::Release);
        self.header.process.store(process, Ordering::Relaxed);
        let asked = self.call.asked.load(Ordering::Relaxed);
        self.call.answered.store(asked, Ordering::Relaxed);
        for block in self.streams.iter().chain([&self.hardware]) {
            block.generation.fetch_add(1, Ordering::AcqRel);
            block.clear();
            block.dead.store(NOT_INITIALIZED, Ordering::Release);
        }
        self.header
            .bytes
            .store(size_of::<Shared>() as u64, Ordering::Relaxed);
        self.header.version.store(VERSION, Ordering::Relaxed);
        self.header.magic.store(MAGIC, Ordering::Release);
    }

    /// Whether this is memory of this layout, and somebody answers calls.
    pub fn is_served(&self) -> bool {
        self.header.magic.load(Ordering::Acquire) == MAGIC
            && self.header.version.load(Ordering::Relaxed) == VERSION
            && self.header.bytes.load(Ordering::Relaxed) == size_of::<Shared>() as u64
            && self.header.state.load(Ordering::Acquire) == state::RUNNING
    }
}

impl Call {
    /// Writes the answer to the call of that number. Called by the service only.
    pub fn give(&self, answer: &Answer, number: u64) {
        for (to, from) in self.answer.iter().zip(answer.words) {
            to.store(from, Ordering::Relaxed);
        }
        let units = answer.text.encode_utf16().take(TEXT_MAX);
        let mut count = 0;
        for (to, unit) in self.text.iter().zip(units) {
            to.store(unit, Ordering::Relaxed);
            count += 1;
        }
        self.text_units.store(count, Ordering::Relaxed);
        self.status.store(answer.status, Ordering::Relaxed);
        self.answered.store(number, Ordering::Release);
    }

    /// Puts a question. Returns its number. Called by the holder of the calls' mutex only.
    pub fn put(&self, words: &[u64; WORDS], process: u32) -> u64 {
        for (to, from) in self.question.iter().zip(words) {
            to.store(*from, Ordering::Relaxed);
        }
        self.process.store(process, Ordering::Relaxed);
        let number = self.asked.load(Ordering::Relaxed).wrapping_add(1);
        self.asked.store(number, Ordering::Release);
        number
    }

    /// The answer to the call of that number, once it is there.
    pub fn take(&self, number: u64) -> Option<Answer> {
        if self.answered.load(Ordering::Acquire) != number {
            return None;
        }
        let units = (self.text_units.load(Ordering::Relaxed) as usize).min(TEXT_MAX);
        let text: Vec<u16> = self.text[..units]
            .iter()
            .map(|u| u.load(Ordering::Relaxed))
            .collect();
        Some(Answer {
            status: self.status.load(Ordering::Relaxed),
            words: std::array::from_fn(|n| self.answer[n].load(Ordering::Relaxed)),
            text: String::from_utf16_lossy(&text),
        })
    }
}

impl Ring {
    /// Whole frames that fit.
    pub const fn capacity_frames(frame_bytes: usize) -> u64 {
        (RING_BYTES / frame_bytes) as u64
    }

    /// Copies whole frames in; the first has the number `first_frame`. What is more than fits is
    /// left out.
    pub fn write(&self, first_frame: u64, frame_bytes: usize, bytes: &[u8]) {
        for (at, part) in parts(first_frame, frame_bytes, bytes.len()) {
            let (to, from) = (at, &bytes[part]);
            // SAFETY: `parts` keeps `at + from.len()` inside the ring, and `from` is memory of this
            // process alone.
            unsafe {
                let to = self.0.get().cast::<u8>().add(to);
                std::ptr::copy_nonoverlapping(from.as_ptr(), to, from.len());
            }
        }
    }

    /// Sets every byte to 0.
    pub fn silence(&self) {
        // SAFETY: all of the ring's own bytes.
        unsafe { self.0.get().cast::<u8>().write_bytes(0, RING_BYTES) };
    }

    /// The address of `bytes` bytes from byte `at` on, if they are inside the ring. Memory that is
    /// shared: whoever uses it takes no reference to it.
    pub fn address(&self, at: usize, bytes: usize) -> Option<*mut u8> {
        let inside = at.checked_add(bytes)? <= RING_BYTES;
        inside.then(|| self.0.get().cast::<u8>().wrapping_add(at))
    }

    /// Copies bytes in, from byte `at` on. Nothing happens unless they fit.
    pub fn copy_in(&self, at: usize, bytes: &[u8]) {
        if let Some(to) = self.address(at, bytes.len()) {
            // SAFETY: inside the ring; `bytes` is memory of this process alone.
            unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        }
    }

    /// Copies bytes out, from byte `at` on. Nothing happens unless there are so many.
    pub fn copy_out(&self, at: usize, bytes: &mut [u8]) {
        if let Some(from) = self.address(at, bytes.len()) {
            // SAFETY: as in `copy_in`.
            unsafe { from.copy_to_nonoverlapping(bytes.as_mut_ptr(), bytes.len()) };
        }
    }

    /// Copies whole frames out.
    pub fn read(&self, first_frame: u64, frame_bytes: usize, bytes: &mut [u8]) {
        for (at, part) in parts(first_frame, frame_bytes, bytes.len()) {
            let to = &mut bytes[part];
            // SAFETY: as in `write`.
            unsafe {
                let from = self.0.get().cast::<u8>().cast_const().add(at);
                std::ptr::copy_nonoverlapping(from, to.as_mut_ptr(), to.len());
            }
        }
    }
}

/// Where frames lie in the ring: byte offsets, each with its part of the caller's bytes. All inside.
fn parts(
    first_frame: u64,
    frame_bytes: usize,
    len: usize,
) -> impl Iterator<Item = (usize, std::ops::Range<usize>)> {
    let frame_bytes = frame_bytes.clamp(1, RING_BYTES);
    let capacity = Ring::capacity_frames(frame_bytes);
    let ring_bytes = capacity as usize * frame_bytes;
    let len = len.min(ring_bytes);
    let start = (first_frame % capacity) as usize * frame_bytes;
    let first = len.min(ring_bytes - start);
    [(start, 0..first), (0, first..len)].into_iter()
}

impl Block {
    /// Makes the block fit for another stream.
    pub fn clear(&self) {
        for number in [
            &self.service_frames,
            &self.client_frames,
            &self.position_frames,
            &self.position_ns,
            &self.event_ns,
            &self.handovers_written,
            &self.handovers_read,
            &self.packets_written,
            &self.packets_read,
        ] {
            number.store(0, Ordering::Relaxed);
        }
        self.refusal.store(0, Ordering::Relaxed);
        self.running.store(0, Ordering::Relaxed);
        self.dead.store(0, Ordering::Release);
    }

    /// Tells where the stream is. Called by the service only.
    pub fn tell_position(&self, frames: u64, ns: u64) {
        let sequence = self.position_sequence.load(Ordering::Relaxed) | 1;
        // The odd number is seen before any of what follows.
        self.position_sequence.swap(sequence, Ordering::Acquire);
        self.position_frames.store(frames, Ordering::Relaxed);
        self.position_ns.store(ns, Ordering::Relaxed);
        self.position_sequence
            .store(sequence + 1, Ordering::Release);
    }

    /// Where the stream is: frames, and when in nanoseconds of the performance counter. `None` when
    /// the service died while it wrote.
    pub fn position(&self) -> Option<(u64, u64)> {
        for _ in 0..10_000 {
            let before = self.position_sequence.load(Ordering::Acquire);
            let frames = self.position_frames.load(Ordering::Relaxed);
            let ns = self.position_ns.load(Ordering::Relaxed);
            std::sync::atomic::fence(Ordering::Acquire);
            let after = self.position_sequence.load(Ordering::Relaxed);
            if before == after && before.is_multiple_of(2) {
                return Some((frames, ns));
            }
            std::hint::spin_loop();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn memory_is_served_once_it_is_prepared_and_running() {
        let shared = Shared::private();
        assert!(!shared.is_served());
        shared.prepare(1);
        assert!(!shared.is_served(), "nobody runs it yet");
        shared.header.state.store(state::RUNNING, Ordering::Release);
        assert!(shared.is_served());
        shared.header.version.store(VERSION + 1, Ordering::Relaxed);
        assert!(!shared.is_served());
    }

    #[test]
    fn positions_are_read_whole() {
        let shared = Shared::private();
        let block = &shared.streams[3];
        block.tell_position(5, 6);
        assert_eq!(block.position(), Some((5, 6)));
        block.position_sequence.fetch_add(1, Ordering::Relaxed);
        assert_eq!(block.position(), None, "the writer never came back");
    }

    fn shared_by_all_cases() -> &'static Shared {
        static SHARED: std::sync::OnceLock<Box<Shared>> = std::sync::OnceLock::new();
        SHARED.get_or_init(Shared::private)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(first: u64, frame_bytes in 1_usize..64, frames in 0_usize..500) {
            let ring = &shared_by_all_cases().streams[0].ring;
            let bytes: Vec<u8> = (0..frames * frame_bytes).map(|n| n as u8).collect();
            // Numbers near the end of the ring and near the end of all numbers.
            let near = Ring::capacity_frames(frame_bytes) - 3 + first % 5;
            for first in [first, near, u64::MAX - 1000] {
                ring.write(first, frame_bytes, &bytes);
                let mut back = vec![0; bytes.len()];
                ring.read(first, frame_bytes, &mut back);
                prop_assert_eq!(&back, &bytes);
            }
        }

        #[test]
        fn no_number_leads_out_of_the_ring(first: u64, frame_bytes: usize, len: usize) {
            for (at, part) in parts(first, frame_bytes, len) {
                prop_assert!(at + part.len() <= RING_BYTES);
                prop_assert!(part.end <= len);
            }
        }
    }
}
