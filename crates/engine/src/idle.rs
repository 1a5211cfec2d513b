//! An endpoint without a device.

use std::sync::Arc;

use crate::endpoint::{
    Cycle, Due, Endpoint, EndpointError, EndpointTiming, Intake, Lost, Packet, StreamFault, Wake,
    Waker,
};
use crate::format::StreamFormat;

const NS_PER_SECOND: u64 = 1_000_000_000;

/// A clock that one can wait for.
pub trait Ticker: Send {
    /// Now, in nanoseconds.
    fn now_ns(&self) -> u64;

    /// Waits until then. False when the waker was used before.
    fn wait_until(&mut self, at_ns: u64) -> bool;

    /// Ends a wait.
    fn waker(&self) -> Arc<dyn Waker>;

    /// The rhythm begins or ends. While it does not run, nobody waits.
    fn set_running(&mut self, running: bool);
}

impl<T: Ticker + ?Sized> Ticker for Box<T> {
    fn now_ns(&self) -> u64 {
        (**self).now_ns()
    }

    fn wait_until(&mut self, at_ns: u64) -> bool {
        (**self).wait_until(at_ns)
    }

    fn waker(&self) -> Arc<dyn Waker> {
        (**self).waker()
    }

    fn set_running(&mut self, running: bool) {
        (**self).set_running(running);
    }
}

/// Runs cycles without a device, on memory of its own: what is played goes nowhere, and what is recorded
/// is silence.
#[derive(Debug)]
pub struct Nowhere {
    played: Vec<u8>,
    silence: Vec<u8>,
    period_frames: u32,
    intake: Intake,
}

impl Nowhere {
    /// For cycles as that endpoint has them.
    pub fn new(like: &Lost) -> Self {
        let bytes = |format: Option<StreamFormat>, frames: u32| {
            format.map_or(0, |format| frames as usize * format.frame_bytes())
        };
        let timing = &like.timing;
        // Beside an output, recording breaks off as it does when a device gives no packets.
        let input = like.input.filter(|_| like.output.is_none());
        Self {
            played: vec![0; bytes(like.output, timing.period_frames)],
            silence: vec![0; bytes(input, timing.input_period_frames)],
            period_frames: timing.period_frames,
            intake: timing.intake,
        }
    }

    /// One cycle of one period, in which `work` keeps the queue at `keep_frames`. Real-time safe.
    pub fn cycle(&mut self, work: &mut dyn Cycle, keep_frames: u32, now_ns: u64) {
        if !self.silence.is_empty() {
            work.captured(Packet {
                bytes: &self.silence,
                now_ns,
                discontinuity: false,
            });
        }
        if !self.played.is_empty() {
            let queued_frames = match self.intake {
                Intake::Whole => 0,
                Intake::Level { .. } => keep_frames.saturating_sub(self.period_frames),
            };
            work.due(Due {
                bytes: &mut self.played,
                queued_frames,
                now_ns,
                busy_ns: 0,
                underrun: false,
            });
        }
    }
}

/// Keeps the rhythm of an endpoint that was lost: takes a period in each and gives a silent one.
pub struct Idle<T> {
    like: Lost,
    ticker: T,
    nowhere: Nowhere,
    keep_frames: u32,
    /// When the period before the first began.
    begun_ns: u64,
    /// Periods since then.
    periods: u64,
}

impl<T: Ticker> Idle<T> {
    /// An endpoint like that one, on that clock.
    pub fn new(like: &Lost, ticker: T) -> Self {
        Self {
            nowhere: Nowhere::new(like),
            like: *like,
            ticker,
            keep_frames: 0,
            begun_ns: 0,
            periods: 0,
        }
    }

    /// When the period of that number ends; exact however many there are.
    fn end_ns(&self, periods: u64) -> u64 {
        let format = self.like.output.or(self.like.input);
        let rate_hz = format.map_or(1, |format| format.rate_hz.max(1));
        let frames = u128::from(periods) * u128::from(self.like.timing.period_frames.max(1));
        let ns = frames * u128::from(NS_PER_SECOND) / u128::from(rate_hz);
        self.begun_ns.saturating_add(ns as u64)
    }
}

impl<T: Ticker> Endpoint for Idle<T> {
    fn output_format(&self) -> Option<StreamFormat> {
        self.like.output
    }

    fn input_format(&self) -> Option<StreamFormat> {
        self.like.input
    }

    fn timing(&self) -> EndpointTiming {
        self.like.timing
    }

    fn waker(&self) -> Arc<dyn Waker> {
        self.ticker.waker()
    }

    fn start(&mut self, keep_frames: u32) -> Result<(), EndpointError> {
        self.ticker.set_running(true);
        self.keep_frames = keep_frames;
        self.begun_ns = self.ticker.now_ns();
        self.periods = 0;
        if std::mem::take(&mut self.like.was_due) {
            let period_ns = self.end_ns(1) - self.begun_ns;
            self.begun_ns = self.begun_ns.saturating_sub(period_ns);
        }
        Ok(())
    }

    fn stop(&mut self) {
        self.ticker.set_running(false);
    }

    fn wait(&mut self) -> Wake {
        let at_ns = self.end_ns(self.periods + 1);
        if !self.ticker.wait_until(at_ns) {
            return Wake::Interrupted;
        }
        // What was slept through is not made up for.
        while self.end_ns(self.periods + 1) <= self.ticker.now_ns() {
            self.periods += 1;
        }
        Wake::Due
    }

    fn cycle(&mut self, work: &mut dyn Cycle) -> Result<(), StreamFault> {
        let now_ns = self.end_ns(self.periods);
        self.nowhere.cycle(work, self.keep_frames, now_ns);
        Ok(())
    }
}
