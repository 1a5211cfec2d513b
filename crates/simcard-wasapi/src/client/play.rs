//! Plays raw frames.

use std::ptr::null_mut;

use serde::Serialize;

use super::duplex::Moment;
use super::open::{Failure, How, Opened, Wish, done, open, service};
use crate::abi::{IAudioClock, IAudioRenderClient};
use simcard_service::codes::BUFFER_TOO_LARGE;
use simcard_service::system::{now_ns, sleep_ns};

/// How long a device may keep silent, in milliseconds.
pub(super) const PATIENCE_MS: u32 = 2_000;

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
    /// Each hand-over after the first, with the instant of the wake-up for it.
    pub handed: Vec<Moment>,
}

/// Plays whole frames of the wish's format, filling the buffer in the event's handler, and then waits
/// until all is played.
///
/// # Errors
/// The call that failed; `WaitForSingleObject` when the device kept silent.
pub fn play(wish: &Wish, bytes: &[u8]) -> Result<PlayReport, Failure> {
    let stream = open(wish)?;
    let clock: IAudioClock = service(&stream.client)?;
    let frame_bytes = stream.format.frame_bytes();
    let mut feed = Feed::new(&stream, wish.how, bytes)?;
    feed.fill(stream.buffer_frames)?;
    // SAFETY: the calls take nothing or out-parameters that live through them.
    done("Start", unsafe { stream.client.Start() })?;
    let total_frames = (bytes.len() / frame_bytes) as u64;
    // Two buffers of silence push the last frame out.
    let end_frames = total_frames + 2 * u64::from(stream.buffer_frames) + 4_800;
    let mut handed = Vec::new();
    while feed.frames() < end_frames {
        match &stream.event {
            Some(event) if !event.wait(PATIENCE_MS) => silence(&stream)?,
            Some(_) => {}
            None => sleep_ns(
                u64::from(stream.buffer_frames) * 250_000_000 / u64::from(stream.format.rate_hz),
            ),
        }
        let moment = Moment {
            first_frame: feed.frames(),
            time_ns: now_ns(),
        };
        feed.fill(free_frames(&stream, wish.how)?)?;
        if feed.frames() > moment.first_frame {
            handed.push(moment);
        }
    }
    let (mut position, mut frequency) = (0, 0);
    // SAFETY: as above.
    unsafe {
        done("GetFrequency", clock.GetFrequency(&mut frequency))?;
        done("GetPosition", clock.GetPosition(&mut position, null_mut()))?;
        done("Stop", stream.client.Stop())?;
    }
    Ok(PlayReport {
        buffer_frames: stream.buffer_frames,
        latency_frames: stream.latency_frames,
        frames: feed.frames,
        blocks: feed.blocks,
        position_frames: position * u64::from(stream.format.rate_hz) / frequency.max(1),
        handed,
    })
}

/// Why a stream keeps silent. One that is no more has no events, but says why when it is asked.
pub(super) fn silence(stream: &Opened) -> Result<(), Failure> {
    const TIMEOUT: i32 = 258;
    let mut padding = 0;
    // SAFETY: the out-parameter lives through the call.
    done("GetCurrentPadding", unsafe {
        stream.client.GetCurrentPadding(&mut padding)
    })?;
    Err(Failure {
        call: "WaitForSingleObject",
        code: TIMEOUT,
    })
}

/// Frames that the buffer has room for now.
pub(super) fn free_frames(stream: &Opened, how: How) -> Result<u32, Failure> {
    let mut padding = 0;
    if how != How::Exclusive {
        // SAFETY: the out-parameter lives through the call.
        done("GetCurrentPadding", unsafe {
            stream.client.GetCurrentPadding(&mut padding)
        })?;
    }
    Ok(stream.buffer_frames.saturating_sub(padding))
}

/// Sound on its way into a stream's buffer; silence when it is at its end.
pub(super) struct Feed<'a> {
    render: IAudioRenderClient,
    how: How,
    left: &'a [u8],
    frame_bytes: usize,
    frames: u64,
    blocks: u64,
}

impl<'a> Feed<'a> {
    /// Whole frames of the stream's format, none handed over yet.
    pub(super) fn new(stream: &Opened, how: How, sound: &'a [u8]) -> Result<Self, Failure> {
        Ok(Self {
            render: service(&stream.client)?,
            how,
            left: sound,
            frame_bytes: stream.format.frame_bytes(),
            frames: 0,
            blocks: 0,
        })
    }

    /// Frames handed over so far, silence included.
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// Hands over so many frames. Hands over none when there is no room: a program that comes late may
    /// find an event that it has answered already.
    pub(super) fn fill(&mut self, frames: u32) -> Result<(), Failure> {
        if frames == 0 {
            return Ok(());
        }
        let mut data = null_mut();
        // SAFETY: the out-parameter lives through the call.
        let code = unsafe { self.render.GetBuffer(frames, &mut data) };
        if self.how == How::Exclusive && code.0 == BUFFER_TOO_LARGE {
            return Ok(());
        }
        done("GetBuffer", code)?;
        // SAFETY: the call has given memory for so many frames until they are released.
        let memory =
            unsafe { std::slice::from_raw_parts_mut(data, frames as usize * self.frame_bytes) };
        let (now, later) = self.left.split_at(self.left.len().min(memory.len()));
        let (sound, silence) = memory.split_at_mut(now.len());
        sound.copy_from_slice(now);
        silence.fill(0);
        self.left = later;
        self.frames += u64::from(frames);
        self.blocks += 1;
        // SAFETY: as many frames as were got.
        done("ReleaseBuffer", unsafe {
            self.render.ReleaseBuffer(frames, 0)
        })
    }
}
