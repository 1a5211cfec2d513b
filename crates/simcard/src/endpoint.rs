//! One converter: its buffer, its clock, and when it wants something.

use engine::format::{SampleFormat, StreamFormat};

use crate::clock::{Clock, ClockSpec};
use crate::error::{Result, SimError};
use crate::fifo::FrameFifo;
use crate::rng::SplitMix64;
use crate::spec::{EndpointSpec, Flow};
use crate::wake::WakeSpec;
use crate::wire::Wire;
use crate::world::StreamId;

/// Who feeds or reads a converter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum User {
    Nobody,
    /// The system's mixer.
    Mixer,
    /// An exclusive stream with events.
    Event(StreamId),
    /// An exclusive stream without.
    Timer(StreamId),
}

#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) card: usize,
    pub(crate) card_name: String,
    pub(crate) flow: Flow,
    pub(crate) spec: EndpointSpec,
    pub(crate) wake: WakeSpec,
    pub(crate) clock_spec: ClockSpec,
    pub(crate) rng: SplitMix64,
    /// At the rate that the converter has now.
    pub(crate) clock: Clock,
    /// What the mixer runs at when nobody asks for another, in Hz.
    pub(crate) mix_rate_hz: u32,
    /// The mixer's period now.
    pub(crate) engine_frames: u32,

    pub(crate) present: bool,
    /// How often it got another id.
    pub(crate) renumbered: u32,
    /// It is one of the system's devices.
    pub(crate) listed: bool,
    pub(crate) late_periods: u32,
    pub(crate) slow: Option<Slow>,
    pub(crate) refuse_open: Option<SimError>,
    pub(crate) refuse_buffer: Option<SimError>,
    pub(crate) lie: Option<SampleFormat>,
    pub(crate) timestamps_bad: bool,

    pub(crate) user: User,
    pub(crate) format: StreamFormat,
    /// Of a DAC: what it will play. Of an ADC: what it has recorded since the last tick.
    pub(crate) queue: FrameFifo,
    /// The next frame to leave a DAC's buffer or to enter an ADC's.
    pub(crate) next_frame: u64,
    /// The converter runs.
    pub(crate) active: bool,
    /// It wants something each period. A DAC without that plays out what it has.
    pub(crate) ticking: bool,
    /// Of an ADC: the frame with which the period under way ends.
    pub(crate) period_end: u64,
    pub(crate) tick_at_ns: Option<u64>,
    /// Of a DAC with a cable.
    pub(crate) wire: Option<Wire>,
}

/// A driver whose wake-ups have become rarer than its periods.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slow {
    more_ns: u64,
    /// When the last of them was, and whether there was one yet.
    last_ns: Option<u64>,
}

impl Slow {
    pub(crate) fn new(more_ns: u64) -> Self {
        Self {
            more_ns,
            last_ns: None,
        }
    }

    /// How long after `now_ns` the next wake-up is, at the earliest.
    fn delay_ns(&mut self, now_ns: u64, period_ns: u64) -> u64 {
        let due_ns = match self.last_ns {
            Some(last_ns) => last_ns + period_ns + self.more_ns,
            None => now_ns,
        };
        let next_ns = due_ns.max(now_ns);
        self.last_ns = Some(next_ns);
        next_ns - now_ns
    }
}

impl Endpoint {
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.spec.name == name || self.card_name == name
    }

    /// Frames in a period of whoever uses the converter.
    pub(crate) fn period_ns(&self, period_frames: u32) -> u64 {
        u64::from(period_frames) * 1_000_000_000 / u64::from(self.clock.rate_hz())
    }

    /// The delay of a wake-up, with what a fault adds to it.
    pub(crate) fn draw_delay(&mut self, late_ns: u64) -> u64 {
        self.wake.draw(&mut self.rng).saturating_add(late_ns)
    }

    /// What a fault adds to the next wake-up, once.
    pub(crate) fn take_late_ns(&mut self, period_frames: u32) -> u64 {
        let periods = u64::from(std::mem::take(&mut self.late_periods));
        self.period_ns(period_frames).saturating_mul(periods)
    }

    /// What a driver that has slowed down adds to a wake-up that is due now.
    pub(crate) fn slow_ns(&mut self, now_ns: u64, period_frames: u32) -> u64 {
        let period_ns = self.period_ns(period_frames);
        let slow = self.slow.as_mut();
        slow.map_or(0, |slow| slow.delay_ns(now_ns, period_ns))
    }

    /// Gives the converter another format. Its frames are counted on; at another rate the next one
    /// begins now.
    pub(crate) fn set_format(&mut self, format: StreamFormat, now_ns: u64) -> Result<()> {
        if format.rate_hz != self.clock.rate_hz() {
            let next = self.clock.frame_from(now_ns);
            self.clock = Clock::starting(&self.clock_spec, format.rate_hz, now_ns, next)
                .map_err(|_| SimError::UnsupportedFormat)?;
        }
        self.format = format;
        self.queue = FrameFifo::new(format.frame_bytes());
        Ok(())
    }

    /// The frame after the last that a DAC has queued.
    pub(crate) fn queue_end(&self) -> u64 {
        self.next_frame + self.queue.frames() as u64
    }

    /// Works out when the converter wants something next.
    pub(crate) fn plan_tick(&mut self) {
        let frame = match (self.active && self.ticking, self.flow, self.user) {
            (false, ..) => None,
            (true, Flow::Capture, _) => Some(self.period_end),
            // The mixer works one period ahead of the converter.
            (true, Flow::Render, User::Mixer) => Some(
                self.queue_end()
                    .saturating_sub(u64::from(self.engine_frames)),
            ),
            (true, Flow::Render, User::Event(_)) => Some(self.queue_end()),
            (true, Flow::Render, _) => None,
        };
        self.tick_at_ns = frame.map(|frame| self.clock.time_of_frame(frame));
    }

    /// The converter stands still and forgets what it has.
    pub(crate) fn halt(&mut self) {
        self.active = false;
        self.ticking = false;
        self.tick_at_ns = None;
        self.queue.clear();
    }
}
