//! The end that gives frames.

use rtrb::Consumer;

use super::maker::Maker;
use super::plan::Plan;
use super::sample::Sample;
use super::source::Mark;
use super::{BridgeStatus, Stamp};
use crate::client::Plane;
use crate::resample::{Position, Step};

/// Pulls for which the sink waits for the source to reach the target before it takes the target to
/// be too short.
const WAITS_MAX: u32 = 16;

/// Gives frames to a sink, on one thread at a time. See [the module](super).
#[derive(Debug)]
pub struct BridgeSink(Kind);

#[derive(Debug)]
enum Kind {
    Int32(Box<Sink<i32>>),
    Float32(Box<Sink<f32>>),
}

impl BridgeSink {
    pub(super) fn int32(sink: Sink<i32>) -> Self {
        BridgeSink(Kind::Int32(Box::new(sink)))
    }

    pub(super) fn float32(sink: Sink<f32>) -> Self {
        BridgeSink(Kind::Float32(Box::new(sink)))
    }

    /// Makes the next `frames`, at most the block of the specification, for
    /// [`plane`](Self::plane) to show; returns how many they are. Where the source has nothing they
    /// are silent. Real-time safe.
    pub fn pull(&mut self, frames: usize, stamp: Stamp) -> usize {
        match &mut self.0 {
            Kind::Int32(sink) => sink.pull(frames, stamp),
            Kind::Float32(sink) => sink.pull(frames, stamp),
        }
    }

    /// A channel of what the last [`pull`](Self::pull) made, in the bridge's type; empty before the
    /// first and where there is no such channel.
    pub fn plane(&self, channel: usize) -> Plane<'_> {
        match &self.0 {
            Kind::Int32(sink) => Sample::plane(sink.maker.plane(channel)),
            Kind::Float32(sink) => Sample::plane(sink.maker.plane(channel)),
        }
    }

    /// How the bridge does.
    pub fn status(&self) -> BridgeStatus {
        match &self.0 {
            Kind::Int32(sink) => sink.status,
            Kind::Float32(sink) => sink.status,
        }
    }

    /// Frames of the source's rate that the bridge adds between its ends: the lead as it is held
    /// now; the target before sound flows.
    pub fn latency_frames(&self) -> u32 {
        let status = self.status();
        if status.is_running {
            status.lead_frames.round().max(0.0) as u32
        } else {
            status.target_frames
        }
    }
}

/// The same for one type of samples.
#[derive(Debug)]
pub(super) struct Sink<T> {
    marks: Consumer<Mark>,
    maker: Maker<T>,
    nominal: Step,
    step: Step,
    block_frames: usize,
    /// The newest block of the source.
    newest: Option<Mark>,
    /// The source's line at the newest block, in frames that went into the ring.
    source_hz: f64,
    /// Where the next frame of sound is; `None` while nothing flows.
    place: Option<Position>,
    /// Sink frames until then.
    silent: u64,
    /// Blocks came since sound broke off.
    is_source_back: bool,
    /// The first frame behind the last that were dropped.
    resume_from: i64,
    /// Pulls since the source is back without the frames that the target needs.
    waits: u32,
    /// Sink frames since the last underrun, and those of a second.
    frames_since_underrun: u64,
    second_frames: u64,
    has_begun: bool,
    status: BridgeStatus,
}

impl<T: Sample> Sink<T> {
    pub(super) fn new(plan: &Plan, rings: Vec<Consumer<T>>, marks: Consumer<Mark>) -> Self {
        Self {
            marks,
            maker: Maker::new(plan, rings),
            nominal: plan.nominal,
            step: plan.nominal,
            block_frames: plan.spec.sink.block_frames as usize,
            newest: None,
            source_hz: f64::from(plan.spec.source.rate_hz),
            place: None,
            silent: 0,
            is_source_back: false,
            resume_from: 0,
            waits: 0,
            frames_since_underrun: u64::MAX,
            second_frames: u64::from(plan.spec.sink.rate_hz),
            has_begun: false,
            status: BridgeStatus {
                target_frames: plan.target_frames,
                ..BridgeStatus::default()
            },
        }
    }

    fn pull(&mut self, frames: usize, stamp: Stamp) -> usize {
        let frames = frames.min(self.block_frames);
        let has_gap = self.read_marks();
        if has_gap {
            self.status.overruns += 1;
            self.break_off();
        }
        if self.place.is_none() && self.is_source_back {
            self.prime(frames, stamp);
        }
        self.tell_lead(stamp);
        self.make(frames);
        self.frames_since_underrun = self.frames_since_underrun.saturating_add(frames as u64);
        self.status.is_running = self.place.is_some();
        self.status.is_exact = self.place.is_some() && self.nominal == Step::ONE;
        frames
    }

    /// Reads what the source told. True when frames were dropped.
    fn read_marks(&mut self) -> bool {
        let mut dropped_frames = 0;
        while let Ok(mark) = self.marks.pop() {
            if mark.dropped_frames > 0 {
                dropped_frames += mark.dropped_frames;
                self.resume_from = mark.first;
            }
            self.newest = Some(mark);
            self.is_source_back = true;
        }
        self.status.dropped_frames += dropped_frames;
        dropped_frames > 0
    }

    /// Sound breaks off, until the sink is primed again.
    fn break_off(&mut self) {
        if self.place.take().is_some() {
            self.maker.break_off();
        }
    }

    /// Where the source is in its stream.
    fn source_frame(&self, mark: &Mark, at_ns: u64) -> f64 {
        let since_ns = at_ns as i64 - mark.stamp.at_ns as i64;
        mark.first as f64 + since_ns as f64 * 1e-9 * self.source_hz
    }

    /// Lets sound flow at the target, if the frames for it are there.
    fn prime(&mut self, frames: usize, stamp: Stamp) {
        let Some(mark) = self.newest else { return };
        let source = self.source_frame(&mark, stamp.at_ns);
        let target = f64::from(self.status.target_frames);
        let mut place = Position::of_frame((source - target).round() as i64);
        let ready = self.maker.untaken().max(self.resume_from);
        let quiet = place.steps_before(ready, self.nominal);
        let sound = frames.saturating_sub(quiet as usize);
        let first = place.after(self.nominal, quiet);
        let missing = self.maker.needs(first, self.nominal, sound).end - mark.end;
        if missing > 0 && sound > 0 {
            self.waits += 1;
            if self.waits <= WAITS_MAX {
                return;
            }
            place = Position::of_frame(place.frame() - missing);
            self.status.target_frames += missing as u32;
        }
        self.waits = 0;
        self.step = self.nominal;
        let ready = ready.max(place.frame());
        self.silent = place.steps_before(ready, self.step);
        self.place = Some(place.after(self.step, self.silent));
        self.maker.restart(ready, self.has_begun);
        self.has_begun = true;
    }

    /// Makes `frames`: silence until the sound's place, then sound as long as there is any.
    fn make(&mut self, frames: usize) {
        self.maker.begin();
        if let Some(place) = self.place {
            let quiet = self.silent.min(frames as u64) as usize;
            if quiet > 0 {
                self.maker.silence(quiet);
                self.silent -= quiet as u64;
            }
            let end = self.newest.map_or(0, |mark| mark.end);
            let sound = self.maker.most(place, self.step, frames - quiet, end);
            if sound > 0 && self.maker.sound(place, self.step, sound) {
                self.place = Some(place.after(self.step, sound as u64));
            }
            if self.maker.made() < frames {
                self.starve(end);
            }
        }
        let missing = frames - self.maker.made();
        if missing > 0 {
            self.maker.silence(missing);
            if self.has_begun {
                self.status.silent_frames += missing as u64;
            }
        }
    }

    /// The frames from `end` on are not there.
    fn starve(&mut self, end: i64) {
        self.status.underruns += 1;
        if let Some(place) = self.place
            && self.frames_since_underrun < self.second_frames
        {
            let missing = self.maker.needs(place, self.step, self.block_frames).end - end;
            self.status.target_frames += missing.max(0) as u32;
        }
        self.frames_since_underrun = 0;
        self.is_source_back = false;
        self.break_off();
    }

    fn tell_lead(&mut self, stamp: Stamp) {
        if let (Some(mark), Some(place)) = (self.newest, self.place) {
            let silent = self.silent as f64 * self.step.ratio();
            let lead = self.source_frame(&mark, stamp.at_ns) - place.frames_from(0) + silent;
            self.status.lead_frames = lead;
        }
    }
}
