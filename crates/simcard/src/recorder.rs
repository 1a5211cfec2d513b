//! The truth: what the converters did, frame by frame.

use std::sync::Arc;

use engine::format::StreamFormat;
use rt::Mutex;

use crate::fault::Fault;
use crate::world::{EndpointId, StreamId};

/// Frames in a row that a converter played or delivered.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The converter.
    pub endpoint: EndpointId,
    /// The number of the first frame, counted by the device's clock. At a DAC it is the frame in
    /// which the sample is at the analogue output; at an ADC the frame in which it was at the
    /// analogue input.
    pub first_frame: u64,
    /// When that frame begins, in nanoseconds of reference time.
    pub time_ns: u64,
    /// The format of the bytes.
    pub format: StreamFormat,
    /// Whole frames.
    pub bytes: &'a [u8],
}

/// Sound that was lost, or silence that nobody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Where.
    pub endpoint: EndpointId,
    /// Whose.
    pub stream: StreamId,
    /// What.
    pub kind: IncidentKind,
    /// The first frame that is concerned, as a number of the device's buffer: before the latency of
    /// a DAC, after that of an ADC.
    pub first_frame: u64,
    /// How many.
    pub frames: u64,
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentKind {
    /// A stream had nothing for the device, which played silence.
    Underrun,
    /// A stream had no room for what the device recorded, which is lost.
    Overrun,
}

/// A fault that has struck an endpoint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Struck<'a> {
    /// Where.
    pub endpoint: EndpointId,
    /// What.
    pub fault: &'a Fault,
    /// When, in nanoseconds of reference time.
    pub time_ns: u64,
    /// The frame of the device's clock that was under way then; one that began just then is.
    pub frame: u64,
}

/// How many frames a stream has queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Where.
    pub endpoint: EndpointId,
    /// Whose.
    pub stream: StreamId,
    /// When, in nanoseconds of reference time.
    pub time_ns: u64,
    /// Frames handed over that the device's buffer has not let out yet.
    pub frames: u64,
}

/// Told of everything while it happens, in the order of time for each endpoint. How the frames are
/// cut into runs is of no meaning.
pub trait Recorder: Send {
    /// A DAC has played.
    fn played(&mut self, run: &Run<'_>) {
        let _ = run;
    }

    /// An ADC has delivered.
    fn delivered(&mut self, run: &Run<'_>) {
        let _ = run;
    }

    /// Something was lost.
    fn incident(&mut self, incident: &Incident) {
        let _ = incident;
    }

    /// A fault strikes, and nothing has come of it yet.
    fn struck(&mut self, struck: &Struck<'_>) {
        let _ = struck;
    }

    /// A playing stream's queue has changed.
    fn level(&mut self, level: &Level) {
        let _ = level;
    }
}

/// Keeps everything in memory; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Recording(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    played: Vec<Track>,
    delivered: Vec<Track>,
    incidents: Vec<Incident>,
}

/// Frames without a gap between them.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// The converter.
    pub endpoint: EndpointId,
    /// The number of the first frame, as in [`Run`].
    pub first_frame: u64,
    /// When it begins, in nanoseconds of reference time.
    pub time_ns: u64,
    /// The format of the bytes.
    pub format: StreamFormat,
    /// Whole frames.
    pub bytes: Vec<u8>,
}

impl Track {
    /// Frames in it.
    pub fn frames(&self) -> u64 {
        (self.bytes.len() / self.format.frame_bytes()) as u64
    }
}

impl Recording {
    /// What that DAC has played.
    pub fn played(&self, endpoint: EndpointId) -> Vec<Track> {
        of(&self.0.lock().played, endpoint)
    }

    /// What that ADC has delivered.
    pub fn delivered(&self, endpoint: EndpointId) -> Vec<Track> {
        of(&self.0.lock().delivered, endpoint)
    }

    /// What was lost.
    pub fn incidents(&self) -> Vec<Incident> {
        self.0.lock().incidents.clone()
    }
}

fn of(tracks: &[Track], endpoint: EndpointId) -> Vec<Track> {
    let own = tracks.iter().filter(|track| track.endpoint == endpoint);
    own.cloned().collect()
}

fn keep(tracks: &mut Vec<Track>, run: &Run<'_>) {
    let last = tracks.iter_mut().rfind(|t| t.endpoint == run.endpoint);
    if let Some(track) = last
        && track.format == run.format
        && track.first_frame + track.frames() == run.first_frame
    {
        track.bytes.extend_from_slice(run.bytes);
        return;
    }
    tracks.push(Track {
        endpoint: run.endpoint,
        first_frame: run.first_frame,
        time_ns: run.time_ns,
        format: run.format,
        bytes: run.bytes.to_vec(),
    });
}

impl Recorder for Recording {
    fn played(&mut self, run: &Run<'_>) {
        keep(&mut self.0.lock().played, run);
    }

    fn delivered(&mut self, run: &Run<'_>) {
        keep(&mut self.0.lock().delivered, run);
    }

    fn incident(&mut self, incident: &Incident) {
        self.0.lock().incidents.push(*incident);
    }
}

/// A number that stands for all that was played and delivered: constant memory for runs of hours.
/// Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Digest(Arc<Mutex<Sums>>);

#[derive(Debug, Default)]
struct Sums {
    played_frames: u64,
    delivered_frames: u64,
    incidents: u64,
    hash: u64,
}

impl Digest {
    /// Frames that DACs have played.
    pub fn played_frames(&self) -> u64 {
        self.0.lock().played_frames
    }

    /// Frames that ADCs have delivered.
    pub fn delivered_frames(&self) -> u64 {
        self.0.lock().delivered_frames
    }

    /// Incidents so far.
    pub fn incidents(&self) -> u64 {
        self.0.lock().incidents
    }

    /// Equal for runs in which every frame was equal, in number and bytes, endpoint by endpoint.
    pub fn value(&self) -> u64 {
        self.0.lock().hash
    }
}

impl Sums {
    /// The sum of one FNV-1a hash for each frame, of its endpoint, number and bytes: so it does not
    /// matter how runs are cut, nor which of two endpoints is told first.
    fn mix(&mut self, run: &Run<'_>) {
        const PRIME: u64 = 0x0100_0000_01B3;
        let slot = (run.endpoint.index() as u64) << 56;
        let frames = run.bytes.chunks_exact(run.format.frame_bytes());
        for (number, frame) in (run.first_frame..).zip(frames) {
            let start = (0xCBF2_9CE4_8422_2325 ^ number ^ slot).wrapping_mul(PRIME);
            let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(PRIME);
            self.hash = self.hash.wrapping_add(frame.iter().fold(start, step));
        }
    }
}

impl Recorder for Digest {
    fn played(&mut self, run: &Run<'_>) {
        let mut sums = self.0.lock();
        sums.played_frames += (run.bytes.len() / run.format.frame_bytes()) as u64;
        sums.mix(run);
    }

    fn delivered(&mut self, run: &Run<'_>) {
        let mut sums = self.0.lock();
        sums.delivered_frames += (run.bytes.len() / run.format.frame_bytes()) as u64;
        sums.mix(run);
    }

    fn incident(&mut self, _incident: &Incident) {
        self.0.lock().incidents += 1;
    }
}
