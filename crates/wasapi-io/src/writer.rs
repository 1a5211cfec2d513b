//! `IAudioRenderClient`, made safe.

#![allow(unsafe_code)]

use std::ptr::null_mut;

use windows_core::Interface;

use crate::bindings::{AUDCLNT_BUFFERFLAGS_SILENT, IAudioRenderClient};
use crate::com::done;
use crate::hresult::Hr;
use crate::hresult::codes::E_FAIL;

/// Writes into a stream's buffer.
pub(crate) struct Writer {
    render: IAudioRenderClient,
    frame_bytes: usize,
}

impl Writer {
    pub(crate) fn new(render: IAudioRenderClient, frame_bytes: usize) -> Self {
        Self {
            render,
            frame_bytes,
        }
    }

    /// Lets `fill` write up to `room_frames` frames and hands over as many as it says. Returns that
    /// number. Real-time safe.
    ///
    /// # Errors
    /// The system's code; `fill` was not called when the memory was refused.
    pub(crate) fn write(&self, room_frames: u32, fill: impl FnOnce(&mut [u8]) -> u32) -> Hr<u32> {
        let mut lease = self.lease(room_frames)?;
        let frames = fill(lease.bytes()).min(room_frames);
        lease.hand_over(frames, 0)?;
        Ok(frames)
    }

    /// Hands over `frames` frames of silence.
    pub(crate) fn write_silence(&self, frames: u32) -> Hr<()> {
        let mut lease = self.lease(frames)?;
        // Zeros are silence in every format of ours; the flag alone is not honoured everywhere.
        lease.bytes().fill(0);
        lease.hand_over(frames, AUDCLNT_BUFFERFLAGS_SILENT as u32)
    }

    fn lease(&self, frames: u32) -> Hr<Lease<'_>> {
        let mut start = null_mut();
        // Not by the method of the bindings, which on errors looks for error objects.
        let call = Interface::vtable(&self.render).GetBuffer;
        // SAFETY: the method is called on its own object, and `start` lives through the call.
        done(unsafe { call(self.render.as_raw(), frames, &mut start) }.0)?;
        let lease = Lease {
            writer: self,
            start,
            frames,
            held: true,
        };
        if start.is_null() {
            Err(E_FAIL)
        } else {
            Ok(lease)
        }
    }
}

/// Memory of the device that is ours until it is handed over; given back unused when dropped, so
/// that a panic while it is filled does not block the stream.
struct Lease<'a> {
    writer: &'a Writer,
    start: *mut u8,
    frames: u32,
    held: bool,
}

impl Lease<'_> {
    fn bytes(&mut self) -> &mut [u8] {
        let length = self.frames as usize * self.writer.frame_bytes;
        // SAFETY: the system gave this memory for so many frames of the stream's format until it is
        // handed over, and only this lease refers to it.
        unsafe { std::slice::from_raw_parts_mut(self.start, length) }
    }

    fn hand_over(mut self, frames: u32, flags: u32) -> Hr<()> {
        self.held = false;
        let frames = frames.min(self.frames);
        // SAFETY: no more frames than were got, once.
        done(unsafe { self.writer.render.ReleaseBuffer(frames, flags) }.0)
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if self.held {
            // SAFETY: gives back what was got, with nothing written.
            let _ = unsafe { self.writer.render.ReleaseBuffer(0, 0) };
        }
    }
}
