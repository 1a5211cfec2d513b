//! Where the two sides are, and how the sink follows.

use super::plan::Plan;
use super::source::Mark;
use super::{Clocks, Stamp};
use crate::drift::{ClockLine, Course, Sight, Steer};
use crate::resample::{Position, Step};

/// Before sound flows between two clocks, each is looked at so often and for so long, so that sound
/// begins where it is to stay.
const LOOKS_MIN: u64 = 8;
const LOOK_NS: u64 = 400_000_000;
/// The time over which a side's position and its frames are compared, in stamps.
const OFFSET_STAMPS: f64 = 256.0;
/// A lead that is off by this much is not steered back but set.
const SET_SECONDS: f64 = 0.01;
/// With one clock a lead is off only if sound was lost on the other side: by this much at least, for
/// so long, which no late wake-up is.
const LOST_SECONDS: f64 = 0.001;
const LOST_FOR_SECONDS: f64 = 0.25;

/// Knows both sides.
#[derive(Debug)]
pub(super) enum Follower {
    /// One clock: the newest block tells all.
    Shared(SharedClock),
    /// Two clocks.
    Apart(Box<TwoClocks>),
}

/// One clock for both sides.
#[derive(Debug)]
pub(super) struct SharedClock {
    newest: Option<Mark>,
    rate_hz: f64,
    /// Source frames for which the lead has been too long, and too short.
    long_frames: f64,
    short_frames: f64,
    nominal: f64,
}

/// Two clocks and what is made of them.
#[derive(Debug)]
pub(super) struct TwoClocks {
    source: ClockLine,
    sink: ClockLine,
    steer: Steer,
    /// From the source's position to frames that went into the ring, and how often it was seen.
    offset: f64,
    offsets: f64,
    first_ns: Option<u64>,
    last: Option<Stamp>,
    seconds: f64,
    nominal: f64,
    rate_hz: f64,
    set_frames: f64,
    blocks_frames: f64,
}

impl Follower {
    pub(super) fn new(plan: &Plan) -> Follower {
        let (source, sink) = (plan.spec.source, plan.spec.sink);
        let rate_hz = f64::from(source.rate_hz);
        let nominal = plan.nominal.ratio();
        let blocks = f64::from(source.block_frames) + f64::from(sink.block_frames) * nominal;
        match plan.spec.clocks {
            Clocks::Shared => Follower::Shared(SharedClock {
                newest: None,
                rate_hz,
                long_frames: 0.0,
                short_frames: 0.0,
                nominal,
            }),
            Clocks::Apart => Follower::Apart(Box::new(TwoClocks {
                source: ClockLine::new(source.rate_hz),
                sink: ClockLine::new(sink.rate_hz),
                steer: Steer::new(),
                offset: 0.0,
                offsets: 0.0,
                first_ns: None,
                last: None,
                seconds: 0.0,
                nominal,
                rate_hz,
                set_frames: blocks + SET_SECONDS * rate_hz,
                blocks_frames: blocks,
            })),
        }
    }

    /// A block of the source. True when the source's stream jumped.
    pub(super) fn source_block(&mut self, mark: &Mark) -> bool {
        match self {
            Follower::Shared(one) => {
                one.newest = Some(*mark);
                mark.dropped_frames > 0
            }
            Follower::Apart(two) => two.source_block(mark),
        }
    }

    /// The sink is about to pull.
    pub(super) fn sink_block(&mut self, stamp: Stamp) {
        if let Follower::Apart(two) = self {
            two.sink_block(stamp);
        }
    }

    /// Whether enough is known for sound to flow.
    pub(super) fn is_ready(&self) -> bool {
        match self {
            Follower::Shared(one) => one.newest.is_some(),
            Follower::Apart(two) => two.is_ready(),
        }
    }

    /// Where the source is in its stream while the sink pulls, in frames from frame 0.
    pub(super) fn source_frame(&self, stamp: Stamp) -> f64 {
        match self {
            Follower::Shared(one) => one.source_frame(stamp),
            Follower::Apart(two) => two.source_frame(stamp),
        }
    }

    /// The course for a lead that is beyond its target by so much.
    pub(super) fn course(&mut self, error_frames: f64) -> Course {
        match self {
            Follower::Shared(_) => Course::Hold,
            Follower::Apart(two) => {
                let sight = two.sight(error_frames);
                two.steer.course(&sight)
            }
        }
    }

    /// Whether a lead is so far off that it is set anew. `frames` are to be pulled.
    pub(super) fn is_astray(&mut self, error_frames: f64, frames: usize) -> bool {
        match self {
            Follower::Shared(one) => one.is_astray(error_frames, frames),
            Follower::Apart(two) => error_frames.abs() > two.set_frames,
        }
    }

    /// Whether the lead stays shorter than its target and sound flows all the same, so that the target
    /// need not be so long. `frames` are to be pulled.
    pub(super) fn is_short(&mut self, error_frames: f64, frames: usize) -> bool {
        match self {
            Follower::Shared(one) => one.is_short(error_frames, frames),
            Follower::Apart(_) => false,
        }
    }

    /// How much faster than nominal the source runs than the sink.
    pub(super) fn deviation(&self) -> f64 {
        match self {
            Follower::Shared(_) => 0.0,
            Follower::Apart(two) => two.deviation(),
        }
    }
}

impl SharedClock {
    fn is_astray(&mut self, error_frames: f64, frames: usize) -> bool {
        let is_long = error_frames > LOST_SECONDS * self.rate_hz;
        self.lasts(is_long, frames, |one| &mut one.long_frames)
    }

    fn is_short(&mut self, error_frames: f64, frames: usize) -> bool {
        let is_short = error_frames < -LOST_SECONDS * self.rate_hz;
        self.lasts(is_short, frames, |one| &mut one.short_frames)
    }

    /// Whether something has been so for long enough; then its time begins anew.
    fn lasts(&mut self, is_so: bool, frames: usize, time: fn(&mut Self) -> &mut f64) -> bool {
        let (more, enough) = (
            frames as f64 * self.nominal,
            LOST_FOR_SECONDS * self.rate_hz,
        );
        let time = time(self);
        *time = if is_so { *time + more } else { 0.0 };
        let lasts = *time > enough;
        if lasts {
            *time = 0.0;
        }
        lasts
    }

    fn source_frame(&self, stamp: Stamp) -> f64 {
        let Some(mark) = self.newest else { return 0.0 };
        let since_ns = i128::from(stamp.at_ns) - i128::from(mark.stamp.at_ns);
        mark.first as f64 + since_ns as f64 * 1e-9 * self.rate_hz
    }
}

impl TwoClocks {
    fn source_block(&mut self, mark: &Mark) -> bool {
        let jumped = self
            .source
            .learn(mark.stamp.position_frames, mark.stamp.at_ns);
        self.first_ns.get_or_insert(mark.stamp.at_ns);
        let offset = (i128::from(mark.first) - i128::from(mark.stamp.position_frames)) as f64;
        let off = offset - self.offset;
        let moved = off.abs() > 2.0 * self.blocks_frames && self.offsets > 0.0;
        if moved {
            self.offsets = 0.0;
        }
        self.offsets = (self.offsets + 1.0).min(OFFSET_STAMPS);
        self.offset += off / self.offsets;
        jumped || moved || mark.dropped_frames > 0
    }

    fn sink_block(&mut self, stamp: Stamp) {
        self.sink.learn(stamp.position_frames, stamp.at_ns);
        let since_ns = self
            .last
            .map_or(0, |last| stamp.at_ns.saturating_sub(last.at_ns));
        self.seconds = since_ns as f64 * 1e-9;
        self.last = Some(stamp);
    }

    fn is_ready(&self) -> bool {
        let looked_ns = match (self.first_ns, self.last) {
            (Some(first_ns), Some(last)) => last.at_ns.saturating_sub(first_ns),
            _ => 0,
        };
        looked_ns >= LOOK_NS && self.source.stamps().min(self.sink.stamps()) >= LOOKS_MIN
    }

    /// At the instant at which the sink's line is at its position: a late wake-up is not taken for
    /// a sink that stood still.
    fn source_frame(&self, stamp: Stamp) -> f64 {
        let late_frames = self.sink.frames_beyond(stamp.position_frames, stamp.at_ns);
        let ratio = self.nominal * (1.0 + self.deviation());
        let position = stamp.position_frames;
        // The source's line, seen from the sink's position to keep the numbers small.
        let beyond = self.source.frames_beyond(position, stamp.at_ns);
        position as f64 + beyond + self.offset - late_frames * ratio
    }

    fn sight(&self, error_frames: f64) -> Sight {
        let both = |a: f64, b: f64| (a * a + b * b).sqrt();
        Sight {
            error_frames,
            error_sd_frames: both(self.source.place_sd(), self.sink.place_sd() * self.nominal),
            deviation: self.deviation(),
            deviation_sd: both(self.source.deviation_sd(), self.sink.deviation_sd()),
            seconds: self.seconds,
            rate_hz: self.rate_hz,
        }
    }

    fn deviation(&self) -> f64 {
        (1.0 + self.source.deviation()) / (1.0 + self.sink.deviation()) - 1.0
    }
}

/// The step of a course from a place on. While the clocks agree and the rates are equal it leads to
/// the next whole frame and then from frame to frame; `frames` is how many are made with it.
pub(super) fn step(course: Course, nominal: Step, place: Position, frames: usize) -> Step {
    /// How fast a place may slide to a whole frame.
    const LAND: f64 = 100e-6;
    match course {
        Course::Slide(deviation) => nominal.times(1.0 + deviation),
        Course::Hold if nominal == Step::ONE => place.step_to_whole(frames as u64, LAND),
        Course::Hold => nominal,
    }
}
