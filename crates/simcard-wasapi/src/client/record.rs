//! Records raw frames.

use std::ptr::null_mut;

use serde::Serialize;

use super::open::{Failure, Wish, done, open, service};
use crate::abi::IAudioCaptureClient;
use simcard_service::codes::{FLAG_DISCONTINUITY, FLAG_SILENT, FLAG_TIMESTAMP_ERROR};
use simcard_service::system::{now_ns, sleep_ns};

/// The longest wait for an event, in milliseconds: a loopback of silence has none.
const STEP_MS: u32 = 50;

/// What recording was like.
#[derive(Debug, Serialize)]
pub struct RecordReport {
    /// Frames of the buffer.
    pub buffer_frames: u32,
    /// `IAudioClient::GetStreamLatency` in frames.
    pub latency_frames: u64,
    /// Frames recorded.
    pub frames: u64,
    /// Packets.
    pub packets: u64,
    /// Packets that did not follow the last.
    pub discontinuities: u64,
    /// Packets whose time is not to be relied on.
    pub timestamp_errors: u64,
    /// Packets whose position is not the last one's end, without saying so.
    pub position_faults: u64,
}

/// Records for so many seconds; returns the frames of the wish's format, too.
///
/// # Errors
/// The call that failed.
pub fn record(wish: &Wish, seconds: f64) -> Result<(RecordReport, Vec<u8>), Failure> {
    let stream = open(wish)?;
    let capture: IAudioCaptureClient = service(&stream.client)?;
    let frame_bytes = stream.format.frame_bytes();
    let mut report = RecordReport {
        buffer_frames: stream.buffer_frames,
        latency_frames: stream.latency_frames,
        frames: 0,
        packets: 0,
        discontinuities: 0,
        timestamp_errors: 0,
        position_faults: 0,
    };
    let mut sound = Vec::new();
    let mut expected = None;
    // SAFETY: the call takes nothing.
    done("Start", unsafe { stream.client.Start() })?;
    let end_ns = now_ns() + (seconds * 1e9) as u64;
    while now_ns() < end_ns {
        match &stream.event {
            Some(event) => {
                event.wait(STEP_MS);
            }
            None => sleep_ns(2_000_000),
        }
        loop {
            let (mut data, mut frames, mut flags, mut position, mut time) =
                (null_mut(), 0, 0, 0, 0);
            // SAFETY: out-parameters live through the calls; a packet's memory is there until it is
            // given back.
            unsafe {
                let code =
                    capture.GetBuffer(&mut data, &mut frames, &mut flags, &mut position, &mut time);
                done("GetBuffer", code)?;
                if frames == 0 {
                    break;
                }
                let bytes = frames as usize * frame_bytes;
                if flags & FLAG_SILENT != 0 {
                    sound.resize(sound.len() + bytes, 0);
                } else {
                    sound.extend_from_slice(std::slice::from_raw_parts(data, bytes));
                }
                done("ReleaseBuffer", capture.ReleaseBuffer(frames))?;
            }
            let broken = flags & FLAG_DISCONTINUITY != 0;
            report.packets += 1;
            report.frames += u64::from(frames);
            report.discontinuities += u64::from(broken);
            report.timestamp_errors += u64::from(flags & FLAG_TIMESTAMP_ERROR != 0);
            let follows = expected.is_none_or(|expected| expected == position);
            report.position_faults += u64::from(!follows && !broken);
            expected = Some(position + u64::from(frames));
        }
    }
    // SAFETY: the call takes nothing.
    done("Stop", unsafe { stream.client.Stop() })?;
    Ok((report, sound))
}
