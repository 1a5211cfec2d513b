//! Plays and records at once.

use serde::Serialize;

use super::open::{Failure, Opened, Wish, done, open};
use super::play::{Feed, PATIENCE_MS, free_frames, silence};
use super::record::{RecordReport, Tap};
use simcard_service::codes::INVALID_ARGUMENT;
use simcard_service::system::now_ns;

/// Where a transfer between program and device began, and when it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Moment {
    /// The transfer's first frame, counted from the stream's first.
    pub first_frame: u64,
    /// When it was made, on the performance counter.
    pub time_ns: u64,
}

/// What playing and recording at once was like.
#[derive(Debug, Serialize)]
pub struct DuplexReport {
    /// `IAudioClient::GetStreamLatency` of the stream that plays, in frames.
    pub latency_frames: u64,
    /// The stream that records.
    pub recorded: RecordReport,
    /// Each hand-over.
    pub handed: Vec<Moment>,
    /// Each time that recorded frames were taken.
    pub taken: Vec<Moment>,
}

/// Plays whole frames of the wish's format, filling the buffer in the event's handler, and takes what
/// the other device has recorded within a millisecond. Ends when all is played and recorded; returns
/// the recorded frames, too.
///
/// # Errors
/// The call that failed; `WaitForSingleObject` when the playing device kept silent.
pub fn duplex(
    playing: &Wish,
    recording: &Wish,
    bytes: &[u8],
) -> Result<(DuplexReport, Vec<u8>), Failure> {
    let (output, input) = (open(playing)?, open(recording)?);
    let event = output.event.as_ref().ok_or(Failure {
        call: "a stream without events",
        code: INVALID_ARGUMENT,
    })?;
    let frame_bytes = output.format.frame_bytes();
    let mut tap = Tap::new(&input)?;
    let mut feed = Feed::new(&output, playing.how, bytes)?;
    let (mut handed, mut taken) = (Vec::new(), Vec::new());
    hand_over(&mut feed, output.buffer_frames, &mut handed)?;
    start(&input)?;
    start(&output)?;
    let total_frames = (bytes.len() / frame_bytes) as u64;
    // Silence until the last frame is back.
    let buffers = u64::from(output.buffer_frames) + u64::from(input.buffer_frames);
    let end_frames = total_frames + 2 * buffers + 4_800;
    while feed.frames() < end_frames {
        // A recording device may have more than one packet for a program that came late; it gives
        // them one by one.
        let mut waits = 0;
        while !event.wait(1) {
            take(&mut tap, &mut taken)?;
            waits += 1;
            if waits == PATIENCE_MS {
                silence(&output)?;
            }
        }
        take(&mut tap, &mut taken)?;
        let free = free_frames(&output, playing.how)?;
        hand_over(&mut feed, free, &mut handed)?;
    }
    // SAFETY: the calls take nothing.
    unsafe {
        done("Stop", output.client.Stop())?;
        done("Stop", input.client.Stop())?;
    }
    let (recorded, sound) = tap.finish();
    let report = DuplexReport {
        latency_frames: output.latency_frames,
        recorded,
        handed,
        taken,
    };
    Ok((report, sound))
}

fn start(stream: &Opened) -> Result<(), Failure> {
    // SAFETY: the call takes nothing.
    done("Start", unsafe { stream.client.Start() })
}

fn take(tap: &mut Tap, moments: &mut Vec<Moment>) -> Result<(), Failure> {
    let moment = Moment {
        first_frame: tap.frames(),
        time_ns: now_ns(),
    };
    tap.drain()?;
    if tap.frames() > moment.first_frame {
        moments.push(moment);
    }
    Ok(())
}

fn hand_over(feed: &mut Feed<'_>, frames: u32, moments: &mut Vec<Moment>) -> Result<(), Failure> {
    let moment = Moment {
        first_frame: feed.frames(),
        time_ns: now_ns(),
    };
    feed.fill(frames)?;
    if feed.frames() > moment.first_frame {
        moments.push(moment);
    }
    Ok(())
}
