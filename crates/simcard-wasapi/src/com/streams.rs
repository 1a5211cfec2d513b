//! An open stream, and `IAudioRenderClient` and `IAudioCaptureClient` on it.

#![allow(unsafe_code, non_snake_case)]

use std::sync::Arc;

use engine::format::StreamFormat;
use rt::Mutex;
use simcard::Mode;
use windows_core::{HRESULT, implement};

use super::border::{method, put, put_if};
use crate::abi::{
    IAudioCaptureClient, IAudioCaptureClient_Impl, IAudioRenderClient, IAudioRenderClient_Impl,
};
use simcard_service::call::{Answer, Question};
use simcard_service::codes::{BUFFER_EMPTY, BUFFER_SIZE_NOT_ALIGNED, NULL_POINTER, UNEXPECTED};
use simcard_service::layout::{Block, STREAMS_MAX};
use simcard_service::side::{CaptureSide, RenderSide, Terms};
use simcard_service::system::{Line, now_ns};

enum Side {
    Render(RenderSide),
    Capture(CaptureSide),
}

/// A stream that the service has opened; closed when the last of the client's interfaces goes.
pub(super) struct OpenStream {
    line: &'static Line,
    number: u32,
    pub(super) terms: Terms,
    pub(super) format: StreamFormat,
    pub(super) latency_hns: i64,
    pub(super) renders: bool,
    side: Mutex<Side>,
}

impl OpenStream {
    /// Opens a stream.
    ///
    /// # Errors
    /// The `HRESULT`; the inner one comes with the frames that would be aligned.
    pub(super) fn open(
        line: &'static Line,
        device: u32,
        mode: Mode,
        format: StreamFormat,
    ) -> Result<Result<Self, (i32, u32)>, i32> {
        let answer = line.ask_any(Question::Open {
            device,
            mode,
            format,
        })?;
        let [
            number,
            generation,
            buffer_frames,
            _,
            latency_hns,
            renders,
            ..,
        ] = answer.words;
        if answer.status == BUFFER_SIZE_NOT_ALIGNED {
            return Ok(Err((answer.status, number as u32)));
        }
        if answer.status < 0 {
            return Err(answer.status);
        }
        let terms = Terms {
            generation: generation as u32,
            frame_bytes: format.frame_bytes(),
            buffer_frames: buffer_frames as u32,
            whole: matches!(mode, Mode::Exclusive { event: true, .. }),
        };
        if number as usize >= STREAMS_MAX {
            return Err(UNEXPECTED);
        }
        let renders = renders != 0;
        let side = if renders {
            Side::Render(RenderSide::new(terms))
        } else {
            Side::Capture(CaptureSide::new(terms))
        };
        Ok(Ok(Self {
            line,
            number: number as u32,
            terms,
            format,
            latency_hns: latency_hns as i64,
            renders,
            side: Mutex::new(side),
        }))
    }

    pub(super) fn block(&self) -> &'static Block {
        self.line.block(self.number)
    }

    pub(super) fn check(&self) -> Result<(), i32> {
        self.terms.check(self.block())
    }

    /// Asks the service something about this stream.
    pub(super) fn ask(&self, question: impl FnOnce(u32) -> Question) -> Result<Answer, i32> {
        self.check()?;
        self.line.ask(question(self.number))
    }

    /// Whether a buffer is in the client's hands.
    pub(super) fn is_pending(&self) -> bool {
        match &*self.side.lock() {
            Side::Render(side) => side.is_pending(),
            Side::Capture(side) => side.is_pending(),
        }
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        // A service that is gone has closed it already.
        let _ = self.line.ask(Question::Close(self.number));
    }
}

/// Writes to a playing stream.
#[implement(IAudioRenderClient)]
pub(super) struct Render(pub(super) Arc<OpenStream>);

impl IAudioRenderClient_Impl for Render_Impl {
    unsafe fn GetBuffer(&self, frames: u32, data: *mut *mut u8) -> HRESULT {
        method(|| {
            if data.is_null() {
                return Err(NULL_POINTER);
            }
            let Side::Render(side) = &mut *self.0.side.lock() else {
                return Err(UNEXPECTED);
            };
            let memory = side.get_buffer(self.0.block(), frames, now_ns())?;
            // SAFETY: the pointer is the client's.
            unsafe { put(data, memory) }
        })
    }

    unsafe fn ReleaseBuffer(&self, frames: u32, flags: u32) -> HRESULT {
        method(|| match &mut *self.0.side.lock() {
            Side::Render(side) => side.release_buffer(self.0.block(), frames, flags, now_ns()),
            Side::Capture(_) => Err(UNEXPECTED),
        })
    }
}

/// Reads from a recording stream.
#[implement(IAudioCaptureClient)]
pub(super) struct Capture(pub(super) Arc<OpenStream>);

impl IAudioCaptureClient_Impl for Capture_Impl {
    unsafe fn GetBuffer(
        &self,
        data: *mut *mut u8,
        frames: *mut u32,
        flags: *mut u32,
        position: *mut u64,
        time: *mut u64,
    ) -> HRESULT {
        let mut empty = false;
        let code = method(|| {
            if data.is_null() || frames.is_null() || flags.is_null() {
                return Err(NULL_POINTER);
            }
            let Side::Capture(side) = &mut *self.0.side.lock() else {
                return Err(UNEXPECTED);
            };
            // SAFETY: the pointers are the client's.
            unsafe {
                match side.get_buffer(self.0.block()) {
                    Ok(packet) => {
                        put(data, packet.data)?;
                        put(frames, packet.frames)?;
                        put(flags, packet.flags)?;
                        put_if(position, packet.device_position);
                        // In units of 100 ns, as documented.
                        put_if(time, packet.time_ns / 100);
                    }
                    Err(BUFFER_EMPTY) => {
                        empty = true;
                        put(frames, 0)?;
                    }
                    Err(code) => return Err(code),
                }
            }
            Ok(())
        });
        if empty { HRESULT(BUFFER_EMPTY) } else { code }
    }

    unsafe fn ReleaseBuffer(&self, frames: u32) -> HRESULT {
        method(|| match &mut *self.0.side.lock() {
            Side::Capture(side) => side.release_buffer(self.0.block(), frames),
            Side::Render(_) => Err(UNEXPECTED),
        })
    }

    unsafe fn GetNextPacketSize(&self, frames: *mut u32) -> HRESULT {
        method(|| {
            let Side::Capture(side) = &*self.0.side.lock() else {
                return Err(UNEXPECTED);
            };
            // SAFETY: the pointer is the client's.
            unsafe { put(frames, side.next_packet_frames(self.0.block())?) }
        })
    }
}
