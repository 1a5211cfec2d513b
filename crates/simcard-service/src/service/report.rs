//! What a run was like.

use serde::Serialize;

use super::open_stream::Block;
use super::truth::{FaultReport, IncidentReport, TrackReport};

/// All of a run. Frames are numbered by the devices' clocks.
#[derive(Debug, Serialize)]
pub struct Report {
    /// How long the card ran, by its own time.
    pub card_ns: u64,
    /// When the service itself was late.
    pub stalls: Stalls,
    /// The last stops of the card's time, at most 1024.
    pub stops: Vec<StopReport>,
    /// Hand-overs that the model refused although the client's side had granted them. Always 0 unless
    /// a client writes into the shared memory what it must not.
    pub disagreements: u64,
    /// The streams, in the order in which they were closed.
    pub streams: Vec<StreamReport>,
    /// The files with the truth.
    pub tracks: Vec<TrackReport>,
    /// What was lost: silence in a DAC's track, or frames that a client did not get.
    pub incidents: Vec<IncidentReport>,
    /// What struck, in order; a fault of several endpoints once for each.
    pub faults: Vec<FaultReport>,
}

/// One stop of the card's time.
#[derive(Debug, Serialize)]
pub struct StopReport {
    /// When, in nanoseconds of the card's time.
    pub time_ns: u64,
    /// For how long, in nanoseconds of real time.
    pub stood_ns: u64,
}

/// How late the service was.
#[derive(Debug, Default, Serialize)]
pub struct Stalls {
    /// Stalls that stopped the card's time.
    pub count: u64,
    /// For how long in all.
    pub total_ns: u64,
    /// The longest.
    pub longest_ns: u64,
    /// From the card's instant of an event to its setting.
    pub signals: Lateness,
}

/// How late something was.
#[derive(Debug, Default, Serialize)]
pub struct Lateness {
    /// How often it happened.
    pub count: u64,
    /// The sum of all.
    pub total_ns: u64,
    /// The worst.
    pub longest_ns: u64,
}

impl Lateness {
    pub(super) fn note(&mut self, late_ns: u64) {
        self.count += 1;
        self.total_ns += late_ns;
        self.longest_ns = self.longest_ns.max(late_ns);
    }
}

impl Stalls {
    /// Notes that the service came so late; it counts from `limit_ns` on.
    pub(super) fn note(&mut self, late_ns: u64, limit_ns: u64) {
        if late_ns > limit_ns {
            self.count += 1;
            self.total_ns += late_ns;
            self.longest_ns = self.longest_ns.max(late_ns);
        }
    }
}

/// One stream's life.
#[derive(Debug, Serialize)]
pub struct StreamReport {
    /// The endpoint's name.
    pub endpoint: String,
    /// `shared`, `loopback`, `low-latency`, `exclusive-event`, `exclusive-timer` or `asio`.
    pub mode: &'static str,
    /// The client writes; otherwise it reads.
    pub renders: bool,
    /// The process that opened it.
    pub process: u32,
    /// The format's name.
    pub sample: &'static str,
    /// Channels.
    pub channels: u16,
    /// Rate in Hz.
    pub rate_hz: u32,
    /// Frames of the buffer.
    pub buffer_frames: u32,
    /// Frames between two events, when it was opened.
    pub period_frames: u32,
    /// What `IAudioClient::GetStreamLatency` told, in frames.
    pub stated_latency_frames: u64,
    /// Stretches of silence because the client was late.
    pub underruns: u64,
    /// Frames of that silence.
    pub underrun_frames: u64,
    /// Stretches of recorded sound that the client was too late for.
    pub overruns: u64,
    /// Frames of that sound.
    pub overrun_frames: u64,
    /// Events that were set.
    pub events: u64,
    /// Frames from the hand-over to the analogue output, over all blocks.
    pub latency_frames: Option<Spread>,
    /// From the event's setting to the hand-over, in nanoseconds, over all blocks that followed one.
    pub hand_over_ns: Option<Spread>,
    /// What the client handed over, block by block.
    pub blocks: Vec<Block>,
}

impl StreamReport {
    /// Of a stream of which nothing is known.
    pub(super) fn empty() -> Self {
        Self {
            endpoint: String::new(),
            mode: "",
            renders: false,
            process: 0,
            sample: "",
            channels: 0,
            rate_hz: 0,
            buffer_frames: 0,
            period_frames: 0,
            stated_latency_frames: 0,
            underruns: 0,
            underrun_frames: 0,
            overruns: 0,
            overrun_frames: 0,
            events: 0,
            latency_frames: None,
            hand_over_ns: None,
            blocks: Vec::new(),
        }
    }

    /// Works out what follows from the blocks.
    pub(super) fn settle(&mut self) {
        let latencies = self.blocks.iter().filter_map(Block::latency_frames);
        self.latency_frames = Spread::of(latencies.collect());
        let answered = |block: &Block| Some(block.released_ns.saturating_sub(block.event_ns?));
        self.hand_over_ns = Spread::of(self.blocks.iter().filter_map(answered).collect());
    }
}

/// How numbers are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Spread {
    /// The smallest.
    pub min: u64,
    /// Half are no larger.
    pub p50: u64,
    /// Ninety-nine of a hundred are no larger.
    pub p99: u64,
    /// The largest.
    pub max: u64,
}

impl Spread {
    pub(super) fn of(mut values: Vec<u64>) -> Option<Self> {
        values.sort_unstable();
        let at = |hundredths: usize| {
            values
                .get((values.len().checked_sub(1)?) * hundredths / 100)
                .copied()
        };
        Some(Self {
            min: at(0)?,
            p50: at(50)?,
            p99: at(99)?,
            max: at(100)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_in_order() {
        assert_eq!(Spread::of(Vec::new()), None);
        let spread = Spread::of((0..=100).rev().collect()).unwrap();
        assert_eq!(
            (spread.min, spread.p50, spread.p99, spread.max),
            (0, 50, 99, 100)
        );
    }

    #[test]
    fn only_what_is_too_late_is_a_stall() {
        let mut stalls = Stalls::default();
        stalls.note(10, 10);
        stalls.note(30, 10);
        stalls.note(20, 10);
        assert_eq!(
            (stalls.count, stalls.total_ns, stalls.longest_ns),
            (2, 50, 30)
        );
    }
}
