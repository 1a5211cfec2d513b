//! Records raw frames.

use std::ptr::null_mut;

use serde::Serialize;

use super::open::{Failure, Opened, Wish, done, open, service};
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
    let mut tap = Tap::new(&stream)?;
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
        tap.drain()?;
    }
    // SAFETY: the call takes nothing.
    done("Stop", unsafe { stream.client.Stop() })?;
    Ok(tap.finish())
}

/// Sound on its way out of a stream's buffer.
pub(super) struct Tap {
    capture: IAudioCaptureClient,
    frame_bytes: usize,
    report: RecordReport,
    sound: Vec<u8>,
    /// The next packet's position.
    expected: Option<u64>,
}

impl Tap {
    /// Nothing yet of that stream, which records.
    pub(super) fn new(stream: &Opened) -> Result<Self, Failure> {
        Ok(Self {
            capture: service(&stream.client)?,
            frame_bytes: stream.format.frame_bytes(),
            report: RecordReport {
                buffer_frames: stream.buffer_frames,
                latency_frames: stream.latency_frames,
                frames: 0,
                packets: 0,
                discontinuities: 0,
                timestamp_errors: 0,
                position_faults: 0,
            },
            sound: Vec::new(),
            expected: None,
        })
    }

    /// Takes all packets that there are.
    pub(super) fn drain(&mut self) -> Result<(), Failure> {
        while self.packet()? {}
        Ok(())
    }

    /// Frames so far.
    pub(super) fn frames(&self) -> u64 {
        self.report.frames
    }

    /// What recording was like, and the frames.
    pub(super) fn finish(self) -> (RecordReport, Vec<u8>) {
        (self.report, self.sound)
    }

    /// Takes a packet; false when there is none.
    fn packet(&mut self) -> Result<bool, Failure> {
        let (mut data, mut frames, mut flags, mut position, mut time) = (null_mut(), 0, 0, 0, 0);
        // SAFETY: out-parameters live through the calls; a packet's memory is there until it is
        // given back.
        unsafe {
            let code = self.capture.GetBuffer(
                &mut data,
                &mut frames,
                &mut flags,
                &mut position,
                &mut time,
            );
            done("GetBuffer", code)?;
            if frames == 0 {
                return Ok(false);
            }
            let bytes = frames as usize * self.frame_bytes;
            if flags & FLAG_SILENT != 0 {
                self.sound.resize(self.sound.len() + bytes, 0);
            } else {
                self.sound
                    .extend_from_slice(std::slice::from_raw_parts(data, bytes));
            }
            done("ReleaseBuffer", self.capture.ReleaseBuffer(frames))?;
        }
        let broken = flags & FLAG_DISCONTINUITY != 0;
        let report = &mut self.report;
        report.packets += 1;
        report.frames += u64::from(frames);
        report.discontinuities += u64::from(broken);
        report.timestamp_errors += u64::from(flags & FLAG_TIMESTAMP_ERROR != 0);
        let follows = self.expected.is_none_or(|expected| expected == position);
        report.position_faults += u64::from(!follows && !broken);
        self.expected = Some(position + u64::from(frames));
        Ok(true)
    }
}
