//! Recording what a device gives, on a thread of the device's own.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use engine::client::Plane;
use engine::convert::{Decoder, PlaneMut};
use engine::endpoint::{Cycle, Device, Due, Endpoint, OpenRequest, Packet, Sides, Wake};
use engine::format::{ClientSample, SampleFormat, StreamFormat};
use recorder::{Feed, Recording, Settings, State, record};
use rt::{Counter, DenormalsOff, Flag};
use serde::Serialize;

/// Frames that are converted at a time.
const PIECE_FRAMES: usize = 1_024;
/// A device that gives nothing for so long is taken for gone, in nanoseconds.
const SILENCE_MAX_NS: u64 = 5_000_000_000;

/// What is to be recorded.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    /// Frames per second; without this the device's own.
    pub rate_hz: Option<u32>,
    /// How the samples lie in the file; without this as the device has them.
    pub sample: Option<SampleFormat>,
    /// How long it is to be; without this until it is ended.
    pub seconds: Option<f64>,
}

/// How it went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecordReport {
    /// What was recorded.
    pub source: String,
    /// Frames per second.
    pub rate_hz: u32,
    /// Channels.
    pub channels: u16,
    /// How the samples lie in the file.
    pub sample: &'static str,
    /// Frames in the file.
    pub frames: u64,
    /// Frames for which silence stands in the file, because the disk was too slow.
    pub frames_lost: u64,
    /// How often the device lost sound.
    pub gaps: u64,
}

impl fmt::Display for RecordReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.frames as f64 / f64::from(self.rate_hz.max(1));
        write!(
            f,
            "Recorded {seconds:.1} s of {} at {} Hz, {} channels, {}; ",
            self.source, self.rate_hz, self.channels, self.sample
        )?;
        match (self.gaps, self.frames_lost) {
            (0, 0) => f.write_str("nothing was lost."),
            (gaps, 0) => write!(f, "the device lost sound {gaps} times."),
            (gaps, lost) => write!(
                f,
                "the device lost sound {gaps} times, and {lost} frames found no room on the disk."
            ),
        }
    }
}

/// What the stream's thread and the others share.
#[derive(Default)]
struct Shared {
    gaps: Counter,
    is_ending: Flag,
}

/// A recording that runs.
pub struct Running {
    recording: Recording,
    shared: Arc<Shared>,
    waker: Arc<dyn engine::endpoint::Waker>,
    thread: JoinHandle<()>,
    /// Why the stream ended by itself.
    ended: Receiver<String>,
    report: RecordReport,
}

impl Running {
    /// Opens the device and begins.
    ///
    /// # Errors
    /// The device has nothing to record or cannot be opened, or the file cannot be made.
    pub fn start(device: &dyn Device, file: &Path, wish: Wish) -> Result<Running> {
        let info = device.describe()?;
        if info.input.is_none() {
            bail!("\"{}\" plays and does not record", info.name());
        }
        let rate_hz = wish.rate_hz.unwrap_or(info.rate_hz);
        device.check_rate(rate_hz)?;
        let stream = device.open(OpenRequest {
            rate_hz,
            block_frames: info.period_frames_default,
            sides: Sides::Input,
        })?;
        let format = stream
            .input_format()
            .with_context(|| format!("\"{}\" gives nothing to record", info.name()))?;
        let settings = Settings {
            plane: ClientSample::exact_for(format.sample),
            sample: wish.sample.unwrap_or(format.sample),
            ..Settings::new(format.rate_hz, format.channels)
        };
        let (feed, recording) = record(file, settings)?;
        if let Some(seconds) = wish.seconds {
            recording.stop_at((seconds * f64::from(format.rate_hz)).round() as u64);
        }
        recording.start_at(0);
        let source = stream.label().input;
        let shared = Arc::<Shared>::default();
        let waker = stream.waker();
        let (sender, ended) = channel();
        let listener = Listener::new(format, feed, Arc::clone(&shared));
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("recording".into())
            .spawn(move || listen(stream, listener, &of_thread, &sender))
            .context("no thread for the recording can be started")?;
        Ok(Running {
            recording,
            shared,
            waker,
            thread,
            ended,
            report: RecordReport {
                source: source.unwrap_or_else(|| info.name().to_owned()),
                rate_hz: format.rate_hz,
                channels: format.channels,
                sample: settings.sample.name(),
                frames: 0,
                frames_lost: 0,
                gaps: 0,
            },
        })
    }

    /// Frames in the file, and frames of a second.
    pub fn progress(&self) -> (u64, u32) {
        (self.recording.status().written_frames, self.report.rate_hz)
    }

    /// Waits for that long. True when it has ended, for whatever reason.
    pub fn wait(&self, limit: Duration) -> bool {
        let is_over = || {
            let state = self.recording.status().state;
            matches!(state, State::Ended | State::Failed(_)) || self.thread.is_finished()
        };
        if !is_over() {
            thread::sleep(limit);
        }
        is_over()
    }

    /// Ends it and tells how it went.
    ///
    /// # Errors
    /// The device or the disk ended it before.
    pub fn finish(self) -> Result<RecordReport> {
        self.shared.is_ending.set(true);
        self.waker.wake();
        if self.thread.join().is_err() {
            bail!("the recording failed because of a fault in this program");
        }
        let status = self.recording.finish();
        if let State::Failed(error) = status.state {
            return Err(anyhow!(error));
        }
        if let Ok(why) = self.ended.try_recv() {
            let seconds = status.written_frames as f64 / f64::from(self.report.rate_hz.max(1));
            bail!("{why}; the {seconds:.1} s until then are in the file");
        }
        Ok(RecordReport {
            frames: status.written_frames,
            frames_lost: status.lost_frames,
            gaps: self.shared.gaps.get(),
            ..self.report
        })
    }
}

/// The stream's thread.
fn listen(
    mut stream: Box<dyn Endpoint>,
    mut listener: Listener,
    shared: &Shared,
    ended: &Sender<String>,
) {
    let _denormals_off = DenormalsOff::new();
    let end = |why: String| {
        // Whoever waited for it may be gone.
        let _ = ended.send(why);
    };
    if let Err(error) = stream.start(0) {
        return end(error.message.trim_end_matches('.').to_owned());
    }
    let mut heard_ns = None;
    while !shared.is_ending.get() {
        let fault = match stream.wait() {
            Wake::Due => {
                heard_ns = None;
                rt::section(|| stream.cycle(&mut listener)).err()
            }
            Wake::Interrupted => None,
            Wake::TimedOut { now_ns } => {
                let since_ns = *heard_ns.get_or_insert(now_ns);
                if now_ns.saturating_sub(since_ns) > SILENCE_MAX_NS {
                    end("the device gives no sound any more".to_owned());
                    break;
                }
                None
            }
            Wake::Lost(fault) => Some(fault),
        };
        if fault.is_some() {
            end("the device is gone, or was changed".to_owned());
            break;
        }
    }
    stream.stop();
}

/// Hands what is recorded to the file.
struct Listener {
    decoder: Decoder,
    planes: Planes,
    feed: Feed,
    frame: u64,
    shared: Arc<Shared>,
}

/// Room for a piece of each channel.
enum Planes {
    Int32(Vec<Vec<i32>>),
    Float32(Vec<Vec<f32>>),
}

impl Listener {
    fn new(format: StreamFormat, feed: Feed, shared: Arc<Shared>) -> Self {
        let channels = usize::from(format.channels);
        let planes = match ClientSample::exact_for(format.sample) {
            ClientSample::Int32 => Planes::Int32(vec![vec![0; PIECE_FRAMES]; channels]),
            ClientSample::Float32 => Planes::Float32(vec![vec![0.0; PIECE_FRAMES]; channels]),
        };
        Self {
            decoder: Decoder::new(format),
            planes,
            feed,
            frame: 0,
            shared,
        }
    }
}

impl Cycle for Listener {
    fn captured(&mut self, packet: Packet<'_>) {
        // The first packet follows nothing.
        if packet.discontinuity && self.frame > 0 {
            self.shared.gaps.add(1);
        }
        let frame_bytes = self.decoder.format().frame_bytes();
        for piece in packet.bytes.chunks(PIECE_FRAMES * frame_bytes) {
            let frames = piece.len() / frame_bytes;
            match &mut self.planes {
                Planes::Int32(planes) => {
                    let room = planes.iter_mut().map(|plane| Some(PlaneMut::Int32(plane)));
                    self.decoder.read(piece, room);
                }
                Planes::Float32(planes) => {
                    let room = planes
                        .iter_mut()
                        .map(|plane| Some(PlaneMut::Float32(plane)));
                    self.decoder.read(piece, room);
                }
            }
            let planes = &self.planes;
            self.feed.give(self.frame, frames, |channel| match planes {
                Planes::Int32(planes) => Some(Plane::Int32(planes.get(channel)?)),
                Planes::Float32(planes) => Some(Plane::Float32(planes.get(channel)?)),
            });
            self.frame += frames as u64;
        }
    }

    fn due(&mut self, _due: Due<'_>) -> u32 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_is_one_sentence() {
        let report = RecordReport {
            source: "Speakers".to_owned(),
            rate_hz: 48_000,
            channels: 2,
            sample: "float32",
            frames: 120_000,
            frames_lost: 0,
            gaps: 0,
        };
        assert_eq!(
            report.to_string(),
            "Recorded 2.5 s of Speakers at 48000 Hz, 2 channels, float32; nothing was lost."
        );
        let torn = RecordReport {
            frames_lost: 7,
            gaps: 2,
            ..report
        };
        assert!(
            torn.to_string().ends_with(
                "the device lost sound 2 times, and 7 frames found no room on the disk."
            )
        );
    }
}
