//! Plays raw frames.

use std::ptr::null_mut;

use serde::Serialize;

use super::open::{Failure, How, Wish, done, open, service};
use crate::abi::{IAudioClock, IAudioRenderClient};
use simcard_service::codes::BUFFER_TOO_LARGE;
use simcard_service::system::sleep_ns;

/// How long a device may keep silent, in milliseconds.
const PATIENCE_MS: u32 = 2_000;

/// What playing was like.
#[derive(Debug, Serialize)]
pub struct PlayReport {
    /// Frames of the buffer.
    pub buffer_frames: u32,
    /// `IAudioClient::GetStreamLatency` in frames.
    pub latency_frames: u64,
    /// Frames handed over, the last buffer's silence included.
    pub frames: u64,
    /// Hand-overs.
    pub blocks: u64,
    /// `IAudioClock`'s position when all was handed over, in frames.
    pub position_frames: u64,
}

/// Plays whole frames of the wish's format, filling the buffer in the event's handler, and then waits
/// until all is played.
///
/// # Errors
/// The call that failed; `WaitForSingleObject` when the device kept silent.
pub fn play(wish: &Wish, bytes: &[u8]) -> Result<PlayReport, Failure> {
    let stream = open(wish)?;
    let render: IAudioRenderClient = service(&stream.client)?;
    let clock: IAudioClock = service(&stream.client)?;
    let frame_bytes = stream.format.frame_bytes();
    let mut report = PlayReport {
        buffer_frames: stream.buffer_frames,
        latency_frames: stream.latency_frames,
        frames: 0,
        blocks: 0,
        position_frames: 0,
    };
    let mut left = bytes;
    let mut fill = |frames: u32| -> Result<u32, Failure> {
        if frames == 0 {
            return Ok(0);
        }
        let mut data = null_mut();
        // SAFETY: the out-parameter lives through the call.
        let got = unsafe { render.GetBuffer(frames, &mut data) };
        // A program that comes late may find an event that it has answered already.
        if wish.how == How::Exclusive && got.0 == BUFFER_TOO_LARGE {
            return Ok(0);
        }
        done("GetBuffer", got)?;
        // SAFETY: the call gave memory for so many frames until it is released.
        let memory = unsafe { std::slice::from_raw_parts_mut(data, frames as usize * frame_bytes) };
        let (now, later) = left.split_at(left.len().min(memory.len()));
        let (sound, silence) = memory.split_at_mut(now.len());
        sound.copy_from_slice(now);
        silence.fill(0);
        left = later;
        report.frames += u64::from(frames);
        report.blocks += 1;
        // SAFETY: as many frames as were got.
        done("ReleaseBuffer", unsafe { render.ReleaseBuffer(frames, 0) })?;
        Ok(frames)
    };
    fill(stream.buffer_frames)?;
    // SAFETY: the calls take nothing or out-parameters that live through them.
    done("Start", unsafe { stream.client.Start() })?;
    let total_frames = (bytes.len() / frame_bytes) as u64;
    // Two buffers of silence push the last frame out.
    let end_frames = total_frames + 2 * u64::from(stream.buffer_frames) + 4_800;
    let mut handed = u64::from(stream.buffer_frames);
    while handed < end_frames {
        match &stream.event {
            Some(event) if !event.wait(PATIENCE_MS) => {
                // A stream that is no more has no events, but says why when it is asked.
                let mut padding = 0;
                // SAFETY: the out-parameter lives through the call.
                done("GetCurrentPadding", unsafe {
                    stream.client.GetCurrentPadding(&mut padding)
                })?;
                return Err(Failure {
                    call: "WaitForSingleObject",
                    code: 258,
                });
            }
            Some(_) => {}
            None => sleep_ns(
                u64::from(stream.buffer_frames) * 250_000_000 / u64::from(stream.format.rate_hz),
            ),
        }
        let mut padding = 0;
        if wish.how != How::Exclusive {
            // SAFETY: as above.
            done("GetCurrentPadding", unsafe {
                stream.client.GetCurrentPadding(&mut padding)
            })?;
        }
        let free = stream.buffer_frames.saturating_sub(padding);
        handed += u64::from(fill(free)?);
    }
    let (mut position, mut frequency) = (0, 0);
    // SAFETY: as above.
    unsafe {
        done("GetFrequency", clock.GetFrequency(&mut frequency))?;
        done("GetPosition", clock.GetPosition(&mut position, null_mut()))?;
        done("Stop", stream.client.Stop())?;
    }
    report.position_frames = position * u64::from(stream.format.rate_hz) / frequency.max(1);
    Ok(report)
}
