//! The client's side of a stream: what `IAudioRenderClient` and `IAudioCaptureClient` answer from
//! the shared counters, without a call to the service. Lock-free.
//!
//! The rules are the model's own (`simcard::World`); the service applies them once more to what
//! arrives and counts where it disagrees.

use std::sync::atomic::Ordering;

use crate::codes::{
    BUFFER_EMPTY, BUFFER_SIZE_ERROR, BUFFER_TOO_LARGE, FLAG_SILENT, INVALID_SIZE, NOT_INITIALIZED,
    OUT_OF_ORDER,
};
use crate::layout::{Block, HANDOVERS_MAX, PACKETS_MAX};

/// What a client knows of its open stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The block's generation.
    pub generation: u32,
    /// Bytes of a frame; not 0.
    pub frame_bytes: usize,
    /// Frames of the stream's buffer.
    pub buffer_frames: u32,
    /// Buffers are whole or not at all: exclusive with events.
    pub whole: bool,
}

impl Terms {
    /// Whether the stream may be asked anything.
    ///
    /// # Errors
    /// The `HRESULT` of a stream that is no more.
    pub fn check(&self, block: &Block) -> Result<(), i32> {
        if block.generation.load(Ordering::Acquire) != self.generation {
            return Err(NOT_INITIALIZED);
        }
        match block.dead.load(Ordering::Acquire) {
            0 => Ok(()),
            code => Err(code),
        }
    }

    fn check_buffer(&self, block: &Block) -> Result<(), i32> {
        self.check(block)?;
        match block.refusal.load(Ordering::Acquire) {
            0 => Ok(()),
            code => Err(code),
        }
    }

    /// Frames between the two sides' counters.
    pub fn padding_frames(&self, block: &Block) -> u32 {
        let service = block.service_frames.load(Ordering::Acquire);
        let client = block.client_frames.load(Ordering::Acquire);
        let padding = client.abs_diff(service);
        u32::try_from(padding)
            .unwrap_or(u32::MAX)
            .min(self.buffer_frames)
    }

    fn memory(&self) -> Vec<u8> {
        vec![0; self.buffer_frames as usize * self.frame_bytes]
    }
}

/// Writes to a playing stream.
pub struct RenderSide {
    terms: Terms,
    /// What the client fills; copied into the ring at the hand-over, as a ring has no whole buffers.
    memory: Vec<u8>,
    reserved: Option<u32>,
    got_ns: u64,
}

impl RenderSide {
    /// For a stream that was just opened.
    pub fn new(terms: Terms) -> Self {
        Self {
            memory: terms.memory(),
            terms,
            reserved: None,
            got_ns: 0,
        }
    }

    /// Whether a buffer is in the client's hands.
    pub fn is_pending(&self) -> bool {
        self.reserved.is_some()
    }

    /// `IAudioRenderClient::GetBuffer` at `now_ns` of the performance counter: memory for so many
    /// frames, which stays where it is as long as `self` does.
    ///
    /// # Errors
    /// The documented `HRESULT`s.
    pub fn get_buffer(&mut self, block: &Block, frames: u32, now_ns: u64) -> Result<*mut u8, i32> {
        self.terms.check_buffer(block)?;
        if self.reserved.is_some() {
            return Err(OUT_OF_ORDER);
        }
        let buffer_frames = self.terms.buffer_frames;
        if self.terms.whole && frames != buffer_frames && frames != 0 {
            return Err(BUFFER_SIZE_ERROR);
        }
        if frames > buffer_frames - self.terms.padding_frames(block) {
            return Err(BUFFER_TOO_LARGE);
        }
        if frames > 0 {
            let unseen = block.handovers_written.load(Ordering::Relaxed)
                - block
                    .handovers_read
                    .load(Ordering::Acquire)
                    .min(block.handovers_written.load(Ordering::Relaxed));
            if unseen >= HANDOVERS_MAX as u64 {
                return Err(BUFFER_TOO_LARGE);
            }
            self.reserved = Some(frames);
            self.got_ns = now_ns;
        }
        Ok(self.memory.as_mut_ptr())
    }

    /// `IAudioRenderClient::ReleaseBuffer` at `now_ns` of the performance counter.
    ///
    /// # Errors
    /// The documented `HRESULT`s.
    pub fn release_buffer(
        &mut self,
        block: &Block,
        frames: u32,
        flags: u32,
        now_ns: u64,
    ) -> Result<(), i32> {
        self.terms.check(block)?;
        let Some(reserved) = self.reserved else {
            return if frames == 0 {
                Ok(())
            } else {
                Err(OUT_OF_ORDER)
            };
        };
        let part = frames < reserved;
        if frames > reserved || (self.terms.whole && part && frames > 0) {
            return Err(INVALID_SIZE);
        }
        self.reserved = None;
        if frames == 0 {
            return Ok(());
        }
        let bytes = &mut self.memory[..frames as usize * self.terms.frame_bytes];
        if flags & FLAG_SILENT != 0 {
            bytes.fill(0);
        }
        // Only this side writes these two.
        let first = block.client_frames.load(Ordering::Relaxed);
        let number = block.handovers_written.load(Ordering::Relaxed);
        block.ring.write(first, self.terms.frame_bytes, bytes);
        let end = first + u64::from(frames);
        let slot = &block.handovers[(number % HANDOVERS_MAX as u64) as usize];
        slot.end_frame.store(end, Ordering::Relaxed);
        slot.got_ns.store(self.got_ns, Ordering::Relaxed);
        slot.released_ns.store(now_ns, Ordering::Relaxed);
        block.client_frames.store(end, Ordering::Release);
        block.handovers_written.store(number + 1, Ordering::Release);
        Ok(())
    }
}

/// A packet as the client gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Where its bytes are; they stay there until it is given back.
    pub data: *mut u8,
    /// Frames in it.
    pub frames: u32,
    /// `AUDCLNT_BUFFERFLAGS`.
    pub flags: u32,
    /// Frames from the stream's start to the first.
    pub device_position: u64,
    /// When the first was recorded, in nanoseconds of the performance counter.
    pub time_ns: u64,
}

/// Reads from a recording stream.
pub struct CaptureSide {
    terms: Terms,
    memory: Vec<u8>,
    reading: Option<u32>,
}

impl CaptureSide {
    /// For a stream that was just opened.
    pub fn new(terms: Terms) -> Self {
        Self {
            memory: terms.memory(),
            terms,
            reading: None,
        }
    }

    /// Whether a packet is in the client's hands.
    pub fn is_pending(&self) -> bool {
        self.reading.is_some()
    }

    /// `IAudioCaptureClient::GetNextPacketSize`.
    ///
    /// # Errors
    /// The `HRESULT` of a stream that is no more.
    pub fn next_packet_frames(&self, block: &Block) -> Result<u32, i32> {
        self.terms.check(block)?;
        Ok(self
            .next(block)
            .map_or(0, |number| self.slot_frames(block, number)))
    }

    fn next(&self, block: &Block) -> Option<u64> {
        let read = block.packets_read.load(Ordering::Relaxed);
        let written = block.packets_written.load(Ordering::Acquire);
        (read < written).then_some(read)
    }

    fn slot_frames(&self, block: &Block, number: u64) -> u32 {
        let slot = &block.packets[(number % PACKETS_MAX as u64) as usize];
        slot.frames
            .load(Ordering::Relaxed)
            .min(self.terms.buffer_frames)
    }

    /// `IAudioCaptureClient::GetBuffer`.
    ///
    /// # Errors
    /// The documented `HRESULT`s, and `AUDCLNT_S_BUFFER_EMPTY` when there is no packet.
    pub fn get_buffer(&mut self, block: &Block) -> Result<Received, i32> {
        self.terms.check_buffer(block)?;
        if self.reading.is_some() {
            return Err(OUT_OF_ORDER);
        }
        let number = self.next(block).ok_or(BUFFER_EMPTY)?;
        let frames = self.slot_frames(block, number);
        let slot = &block.packets[(number % PACKETS_MAX as u64) as usize];
        let first = block.client_frames.load(Ordering::Relaxed);
        let bytes = &mut self.memory[..frames as usize * self.terms.frame_bytes];
        block.ring.read(first, self.terms.frame_bytes, bytes);
        self.reading = Some(frames);
        Ok(Received {
            data: self.memory.as_mut_ptr(),
            frames,
            flags: slot.flags.load(Ordering::Relaxed),
            device_position: slot.device_position.load(Ordering::Relaxed),
            time_ns: slot.time_ns.load(Ordering::Relaxed),
        })
    }

    /// `IAudioCaptureClient::ReleaseBuffer`.
    ///
    /// # Errors
    /// The documented `HRESULT`s.
    pub fn release_buffer(&mut self, block: &Block, frames: u32) -> Result<(), i32> {
        self.terms.check(block)?;
        let Some(reading) = self.reading else {
            return if frames == 0 {
                Ok(())
            } else {
                Err(OUT_OF_ORDER)
            };
        };
        if frames != 0 && frames != reading {
            return Err(INVALID_SIZE);
        }
        self.reading = None;
        if frames > 0 {
            // Only this side writes these two.
            let read = block.packets_read.load(Ordering::Relaxed);
            let end = block.client_frames.load(Ordering::Relaxed) + u64::from(frames);
            block.client_frames.store(end, Ordering::Release);
            block.packets_read.store(read + 1, Ordering::Release);
        }
        Ok(())
    }
}
