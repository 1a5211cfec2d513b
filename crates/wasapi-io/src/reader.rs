//! `IAudioCaptureClient`, made safe.

#![allow(unsafe_code)]

use std::ptr::null_mut;

use windows_core::Interface;

use crate::bindings::{
    AUDCLNT_BUFFERFLAGS_DATA_DISCONTINUITY, AUDCLNT_BUFFERFLAGS_SILENT,
    AUDCLNT_BUFFERFLAGS_TIMESTAMP_ERROR, AUDCLNT_S_BUFFER_EMPTY, IAudioCaptureClient,
};
use crate::clock::ns_from_counter_hns;
use crate::com::done;
use crate::hresult::Hr;
use crate::hresult::codes::E_FAIL;

/// Reads what a stream has recorded.
pub(crate) struct Reader {
    capture: IAudioCaptureClient,
    frame_bytes: usize,
    /// What stands for a packet that is silent.
    silence: Vec<u8>,
}

/// A packet that was recorded.
pub(crate) struct Recorded<'a> {
    /// Whole frames.
    pub(crate) bytes: &'a [u8],
    /// Frames are missing before it.
    pub(crate) discontinuity: bool,
    /// When its first frame was recorded, by [`now_ns`](crate::now_ns)'s clock; `None` where the
    /// device does not know.
    pub(crate) first_ns: Option<u64>,
}

impl Reader {
    pub(crate) fn new(capture: IAudioCaptureClient, frame_bytes: usize) -> Self {
        Self {
            capture,
            frame_bytes,
            silence: Vec::new(),
        }
    }

    /// Makes ready for packets of up to `frames` frames. Before [`next`](Self::next).
    pub(crate) fn reserve(&mut self, frames: u32) {
        self.silence = vec![0; frames as usize * self.frame_bytes];
    }

    /// Frames in the next packet; 0 when there is none. Real-time safe.
    pub(crate) fn next_frames(&self) -> Hr<u32> {
        let mut frames = 0;
        // Not by the method of the bindings, which on errors looks for error objects.
        let call = Interface::vtable(&self.capture).GetNextPacketSize;
        // SAFETY: the method is called on its own object, and `frames` lives through the call.
        done(unsafe { call(self.capture.as_raw(), &mut frames) }.0)?;
        Ok(frames)
    }

    /// Gives the next packet to `take`. Returns its frames; 0 when there was none, and `take` was not
    /// called. Real-time safe.
    pub(crate) fn next(&self, take: impl FnOnce(Recorded<'_>)) -> Hr<u32> {
        let mut start = null_mut();
        let (mut frames, mut flags, mut position, mut counter_hns) = (0, 0, 0, 0);
        // SAFETY: all pointers are to values that live through the call.
        let code = unsafe {
            self.capture.GetBuffer(
                &mut start,
                &mut frames,
                &mut flags,
                Some(&mut position),
                Some(&mut counter_hns),
            )
        };
        done(code.0)?;
        if code.0 == AUDCLNT_S_BUFFER_EMPTY {
            return Ok(0);
        }
        let held = Held {
            capture: &self.capture,
            frames,
        };
        if frames == 0 {
            return Ok(0);
        }
        let has = |flag: i32| flags & flag as u32 != 0;
        let length = frames as usize * self.frame_bytes;
        let bytes = if has(AUDCLNT_BUFFERFLAGS_SILENT) {
            // Whatever stands in the memory is to be ignored.
            &self.silence[..length.min(self.silence.len())]
        } else if start.is_null() {
            return Err(E_FAIL);
        } else {
            // SAFETY: the system gave this memory with so many frames of the stream's format in it,
            // for reading until it is given back, which `held` does.
            unsafe { std::slice::from_raw_parts(start.cast_const(), length) }
        };
        let knows_time = !has(AUDCLNT_BUFFERFLAGS_TIMESTAMP_ERROR) && counter_hns != 0;
        take(Recorded {
            bytes,
            discontinuity: has(AUDCLNT_BUFFERFLAGS_DATA_DISCONTINUITY),
            first_ns: knows_time.then(|| ns_from_counter_hns(counter_hns)),
        });
        held.give_back()?;
        Ok(frames)
    }
}

/// A packet that is ours until it is given back; also when dropped, so that a panic while it is
/// read does not block the stream.
struct Held<'a> {
    capture: &'a IAudioCaptureClient,
    frames: u32,
}

impl Held<'_> {
    fn give_back(self) -> Hr<()> {
        let code = self.release();
        std::mem::forget(self);
        done(code)
    }

    fn release(&self) -> i32 {
        // SAFETY: the packet that was got, once, whole.
        unsafe { self.capture.ReleaseBuffer(self.frames) }.0
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let _ = self.release();
    }
}
