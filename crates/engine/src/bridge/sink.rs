//! The end that gives frames.

use std::sync::Arc;

use rtrb::Consumer;

use super::calm::{self, Calm};
use super::follow::{self, Follower};
use super::maker::Maker;
use super::plan::Plan;
use super::sample::Sample;
use super::source::Mark;
use super::{BridgeStatus, BridgeView, Clocks, Stamp};
use crate::client::Plane;
use crate::drift::Course;
use crate::resample::{Position, Step};

/// Pulls for which the sink waits for the source to reach the target before it takes the target to
/// be too short.
const WAITS_MAX: u32 = 16;

/// Gives frames to a sink, on one thread at a time. See [the module](super).
#[derive(Debug)]
pub struct BridgeSink {
    kind: Kind,
    view: Option<Arc<BridgeView>>,
}

#[derive(Debug)]
enum Kind {
    Int32(Box<Sink<i32>>),
    Float32(Box<Sink<f32>>),
}

impl BridgeSink {
    pub(super) fn int32(sink: Sink<i32>) -> Self {
        Self::of(Kind::Int32(Box::new(sink)))
    }

    pub(super) fn float32(sink: Sink<f32>) -> Self {
        Self::of(Kind::Float32(Box::new(sink)))
    }

    fn of(kind: Kind) -> Self {
        Self { kind, view: None }
    }

    /// The same, which shows with each pull how the bridge does, for as long as it lives.
    #[must_use]
    pub fn shown_in(mut self, view: Arc<BridgeView>) -> Self {
        self.view = Some(view);
        self
    }

    /// Makes the next `frames`, at most the block of the specification, for
    /// [`plane`](Self::plane) to show; returns how many they are. Where the source has nothing they
    /// are silent. Real-time safe.
    pub fn pull(&mut self, frames: usize, stamp: Stamp) -> usize {
        let pulled = match &mut self.kind {
            Kind::Int32(sink) => sink.pull(frames, stamp),
            Kind::Float32(sink) => sink.pull(frames, stamp),
        };
        if let Some(view) = &self.view {
            view.show(&self.status());
        }
        pulled
    }

    /// A channel of what the last [`pull`](Self::pull) made, in the bridge's type; empty before the
    /// first and where there is no such channel.
    pub fn plane(&self, channel: usize) -> Plane<'_> {
        match &self.kind {
            Kind::Int32(sink) => Sample::plane(sink.maker.plane(channel)),
            Kind::Float32(sink) => Sample::plane(sink.maker.plane(channel)),
        }
    }

    /// How the bridge does.
    pub fn status(&self) -> BridgeStatus {
        match &self.kind {
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

impl Drop for BridgeSink {
    fn drop(&mut self) {
        if let Some(view) = &self.view {
            view.clear();
        }
    }
}

/// The same for one type of samples.
#[derive(Debug)]
pub(super) struct Sink<T> {
    marks: Consumer<Mark>,
    maker: Maker<T>,
    follower: Follower,
    nominal: Step,
    step: Step,
    /// The least target at which the filter can run.
    sliding_frames: u32,
    /// Source frames that are kept while sound waits for the target.
    kept_frames: u32,
    block_frames: usize,
    /// One behind the last frame that the source pushed.
    end: i64,
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
    /// Lets a target that was raised down again; none where there is one clock.
    calm: Option<Calm>,
    /// The lead that is held now, on the way to the target.
    aim_frames: f64,
    has_begun: bool,
    status: BridgeStatus,
}

impl<T: Sample> Sink<T> {
    pub(super) fn new(plan: &Plan, rings: Vec<Consumer<T>>, marks: Consumer<Mark>) -> Self {
        Self {
            marks,
            maker: Maker::new(plan, rings),
            follower: Follower::new(plan),
            nominal: plan.nominal,
            step: plan.nominal,
            sliding_frames: plan.sliding_frames,
            kept_frames: plan.kept_frames,
            block_frames: plan.spec.sink.block_frames as usize,
            end: 0,
            place: None,
            silent: 0,
            is_source_back: false,
            resume_from: 0,
            waits: 0,
            frames_since_underrun: u64::MAX,
            second_frames: u64::from(plan.spec.sink.rate_hz),
            calm: (plan.spec.clocks == Clocks::Apart).then(|| Calm::new(plan)),
            aim_frames: f64::from(plan.target_frames),
            has_begun: false,
            status: BridgeStatus {
                target_frames: plan.target_frames,
                ..BridgeStatus::default()
            },
        }
    }

    fn pull(&mut self, frames: usize, stamp: Stamp) -> usize {
        let frames = frames.min(self.block_frames);
        if self.read_marks() {
            self.overrun();
        }
        self.follower.sink_block(stamp);
        let source = self.follower.source_frame(stamp);
        if self.place.is_some() {
            self.relax(frames);
            self.follow(source, frames);
        }
        if self.place.is_none() && self.is_source_back && self.follower.is_ready() {
            self.prime(source, frames);
        }
        if self.place.is_none() {
            self.maker
                .drop_before(self.end - i64::from(self.kept_frames));
        }
        self.make(frames);
        self.frames_since_underrun = self.frames_since_underrun.saturating_add(frames as u64);
        self.tell();
        frames
    }

    /// Reads what the source told. True when its stream has a gap.
    fn read_marks(&mut self) -> bool {
        let mut has_gap = false;
        while let Ok(mark) = self.marks.pop() {
            if self.follower.source_block(&mark) {
                has_gap = true;
                self.resume_from = mark.first;
            }
            self.status.dropped_frames += mark.dropped_frames;
            self.end = mark.end;
            self.is_source_back = true;
        }
        has_gap
    }

    /// Sound breaks off, until the sink is primed again.
    fn break_off(&mut self) {
        if self.place.take().is_some() {
            self.maker.break_off();
        }
    }

    /// There are frames that will not be played.
    fn overrun(&mut self) {
        self.status.overruns += u64::from(self.place.is_some());
        self.break_off();
    }

    /// Lowers a target that was raised, if it can be.
    fn relax(&mut self, frames: usize) {
        let (Some(place), Some(calm)) = (self.place, &mut self.calm) else {
            return;
        };
        let target_frames = self.status.target_frames;
        let spare = self.end - self.maker.needs(place, self.step, frames).end;
        let above = self.status.lead_frames - f64::from(target_frames);
        self.status.target_frames = calm.pulled(frames, spare as f64 - above, target_frames);
        let (aim, nominal) = (self.aim_frames, self.nominal.ratio());
        self.aim_frames = calm::towards(self.status.target_frames, aim, frames, nominal);
    }

    /// Keeps the lead at its target; `source` is where the source is.
    fn follow(&mut self, source: f64, frames: usize) {
        let Some(place) = self.place else { return };
        let silent = self.silent as f64 * self.step.ratio();
        let lead = source - place.frames_from(0) + silent;
        self.status.lead_frames = lead;
        let error = lead - self.aim_frames;
        if self.follower.is_astray(error, frames) {
            return self.overrun();
        }
        if self.follower.is_short(error, frames) {
            self.set_target(lead.round().max(0.0) as u32);
        }
        let course = self.follower.course(error);
        if course != Course::Hold && self.status.target_frames < self.sliding_frames {
            self.set_target(self.sliding_frames);
            return self.overrun();
        }
        self.step = follow::step(course, self.nominal, place, frames);
    }

    /// The lead is to be that from now on.
    fn set_target(&mut self, frames: u32) {
        self.status.target_frames = frames;
        self.aim_frames = f64::from(frames);
    }

    /// Lets sound flow at the target, if the frames for it are there.
    fn prime(&mut self, source: f64, frames: usize) {
        let target = f64::from(self.status.target_frames);
        let mut place = Position::of_frame((source - target).round() as i64);
        let ready = self.maker.untaken().max(self.resume_from);
        let quiet = place.steps_before(ready, self.nominal);
        let sound = frames.saturating_sub(quiet as usize);
        let first = place.after(self.nominal, quiet);
        let missing = self.maker.needs(first, self.nominal, sound).end - self.end;
        if missing > 0 && sound > 0 {
            self.waits += 1;
            if self.waits <= WAITS_MAX {
                return;
            }
            place = Position::of_frame(place.frame() - missing);
            self.status.target_frames += missing as u32;
        }
        self.set_target(self.status.target_frames);
        self.waits = 0;
        self.step = self.nominal;
        let ready = ready.max(place.frame());
        self.silent = place.steps_before(ready, self.step);
        self.place = Some(place.after(self.step, self.silent));
        self.status.lead_frames = source - place.frames_from(0);
        // What begins with the source's first frame begins as it is.
        self.maker.restart(ready, ready > 0);
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
            let sound = self.maker.most(place, self.step, frames - quiet, self.end);
            if sound > 0 && self.maker.sound(place, self.step, sound) {
                self.place = Some(place.after(self.step, sound as u64).settled());
            }
            if self.maker.made() < frames {
                self.starve();
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

    /// The source's frames are not there. Twice in a second, and the target is too short.
    fn starve(&mut self) {
        self.status.underruns += 1;
        if let Some(calm) = &mut self.calm {
            calm.starved();
        }
        if let Some(place) = self.place
            && self.frames_since_underrun < self.second_frames
        {
            let need = self.maker.needs(place, self.step, self.block_frames);
            self.status.target_frames += (need.end - self.end).max(0) as u32;
        }
        self.frames_since_underrun = 0;
        self.is_source_back = false;
        self.break_off();
    }

    fn tell(&mut self) {
        self.status.clocks_ppm = self.follower.deviation() * 1e6;
        self.status.ratio_ppm = (self.step.ratio() / self.nominal.ratio() - 1.0) * 1e6;
        self.status.is_running = self.place.is_some();
        let is_plain = self.place.is_some_and(Position::is_whole) && self.step == Step::ONE;
        self.status.is_exact = is_plain;
    }
}
