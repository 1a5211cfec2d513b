//! An open stream: what plays, what records, and the one thread's wait for both.

#![allow(unsafe_code)]

use std::sync::Arc;

use engine::endpoint::{
    Chosen, Cycle, Endpoint, EndpointError, EndpointTiming, FaultKind, Label, MeasuredLatency,
    StreamFault, Wake, Waker,
};
use engine::format::StreamFormat;

use crate::clock::now_ns;
use crate::com::SharedApartment;
use crate::duration::hns_from_frames;
use crate::fault::{broken, refused};
use crate::hresult::Hr;
use crate::hresult::codes::E_HANDLE;
use crate::input::Input;
use crate::notes::Notes;
use crate::output::Output;
use crate::pairing::Pairing;
use crate::parts::{Parts, StreamWaker};
use crate::priority::ProAudio;
use crate::sync::{Event, Signal, Timer, Waitable, wait_first};

/// Cycles from one look at the output's position to the next.
const SAMPLE_CYCLES: u32 = 4;

/// So late an event may be, in nanoseconds, before its device counts as silent: a busy machine is late by
/// several of the shortest periods, and a block that the host makes for a silent device is lost.
const LATE_MAX_NS: u64 = 10_000_000;
/// How far the jumps may be in which a device without events reports its progress, in nanoseconds.
const JUMP_MAX_NS: u64 = 200_000_000;

/// An open stream. It may go to another thread while it is stopped.
pub(crate) struct Stream {
    // Dropped in this order: the sides before the apartment may end.
    output: Option<Output>,
    input: Option<Input>,
    /// Runs out when the output has waited for the input for long enough.
    patience: Timer,
    waker: Arc<StreamWaker>,
    priority: Option<ProAudio>,
    _apartment: SharedApartment,

    name: String,
    chosen: Chosen,
    label: Label,
    timing: EndpointTiming,
    notes: Arc<Notes>,
    pairing: Pairing,
    /// Of the side that is the clock: the output, or else the input.
    period_ns: u64,

    running: bool,
    /// The input has ended, and the output goes on without.
    input_ended: bool,
    /// The output wants frames in the next cycle.
    output_due: bool,
    /// The clock has kept silent for too long.
    silent: bool,
    /// When the clock counts as silent if it is not heard of before.
    silent_ns: u64,
    woken_ns: u64,
    cycles_to_sample: u32,
}

// SAFETY: the interfaces are those of the multithreaded apartment, which `_apartment` keeps alive, and
// may be used on any of its threads, one at a time; the audio interfaces have no thread of their own.
// What belongs to a thread is `priority`, which is there from `start` to `stop` only, and these are
// called on one thread, as `Endpoint` demands.
unsafe impl Send for Stream {}

impl Stream {
    pub(crate) fn new(
        parts: Parts,
        notes: Arc<Notes>,
        apartment: SharedApartment,
    ) -> Result<Self, EndpointError> {
        let timing = parts.timing().ok_or_else(|| {
            EndpointError::new(FaultKind::NotFound, "No device was chosen; choose one.")
        })?;
        let Parts {
            output,
            input,
            chosen,
            label,
            is_one_clock,
            name,
        } = parts;
        let fail = |code| refused(&format!("\"{name}\" was opened but is of no use"), code);
        let clock_ns = output.as_ref().map(|output| output.period_ns);
        let period_ns = clock_ns.or(input.as_ref().map(|input| input.period_ns));
        let patience = Timer::new().map_err(fail)?;
        let waker = Arc::new(StreamWaker(Event::new().map_err(fail)?));
        let period_ns = period_ns.unwrap_or_default();
        // Also makes the clock ready, which is not to happen on the real-time path.
        let now_ns = now_ns();
        Ok(Self {
            output,
            input,
            patience,
            waker,
            priority: None,
            _apartment: apartment,
            name,
            chosen,
            label,
            timing,
            notes,
            pairing: Pairing::new(period_ns, is_one_clock),
            period_ns,
            running: false,
            input_ended: false,
            output_due: false,
            silent: false,
            silent_ns: now_ns,
            woken_ns: now_ns,
            cycles_to_sample: SAMPLE_CYCLES,
        })
    }

    fn try_start(&mut self, keep_frames: u32) -> Hr<()> {
        if let Some(output) = &mut self.output {
            output.prepare(keep_frames)?;
        }
        let priority = ProAudio::enter();
        self.notes
            .note_priority(priority.as_ref().err().copied().unwrap_or(0));
        // The input first, so that it has something by the time that the output is due, and the
        // output at once.
        let input = self.input.as_mut().map_or(Ok(()), Input::start);
        self.input_ended = false;
        match (&mut self.output, input) {
            (None, started) => started?,
            (Some(output), input) => {
                if let Err(code) = output.start() {
                    self.stop_input();
                    return Err(code);
                }
                if let Err(code) = input {
                    self.end_input(code);
                }
            }
        }
        self.priority = priority.ok();
        Ok(())
    }

    fn stop_input(&mut self) {
        if let Some(input) = &mut self.input {
            input.stop();
        }
    }

    /// The output goes on without an input that has ended. Real-time safe.
    fn end_input(&mut self, code: i32) {
        self.input_ended = true;
        self.notes.note_input_fault(code);
    }

    /// Waits for the output, or, where there is none, for the input; and for the input beside.
    fn wait_for_clock(&mut self) -> Wake {
        // In pauses, where a timer stands for the device's event: first as long as it should take,
        // then short ones, as devices report their progress in jumps.
        let mut paused = false;
        loop {
            let due = match self.set_timer(paused) {
                Ok(due) => due,
                Err(code) => return Wake::Lost(broken(code)),
            };
            let left_ns = self.silent_ns.saturating_sub(now_ns());
            let left_ms = if due { 0 } else { left_ns.div_ceil(1_000_000) };
            match self.wait_for_signal(left_ms as u32) {
                Signal::Of(0) => return Wake::Interrupted,
                Signal::Failed => return Wake::Lost(broken(E_HANDLE)),
                Signal::Of(1) | Signal::TimedOut if due => return self.clock_is_due(),
                Signal::Of(1) if self.is_clocked_by_event() => return self.clock_is_due(),
                Signal::Of(1) => paused = true,
                Signal::Of(_) if left_ns > 0 => {
                    self.woken_ns = now_ns();
                    return Wake::Due;
                }
                Signal::Of(_) | Signal::TimedOut => {}
            }
            if now_ns() >= self.silent_ns {
                return self.clock_is_silent();
            }
        }
    }

    /// Whether the clock's device is there.
    fn check_clock(&self) -> Hr<()> {
        match (&self.output, &self.input) {
            (Some(output), _) => output.check(),
            (None, Some(input)) => input.missing_frames().map(|_| ()),
            (None, None) => Err(E_HANDLE),
        }
    }

    fn is_clocked_by_event(&self) -> bool {
        self.clock_event().is_some()
    }

    fn clock_event(&self) -> Option<&Event> {
        match (&self.output, &self.input) {
            (Some(output), _) => output.event(),
            (None, Some(input)) => input.event(),
            (None, None) => None,
        }
    }

    fn clock_timer(&self) -> Option<&Timer> {
        match (&self.output, &self.input) {
            (Some(output), _) => output.timer(),
            (None, Some(input)) => input.timer(),
            (None, None) => None,
        }
    }

    /// The input's event, where there is an output beside it and it makes sense to wait for it.
    fn second_event(&self) -> Option<&Event> {
        let input = self.input.as_ref().filter(|_| self.output.is_some());
        input
            .filter(|_| !self.input_ended && !self.silent)
            .and_then(Input::event)
    }

    /// Waits for the waker (0), the clock (1) and the input beside it (2).
    fn wait_for_signal(&self, limit_ms: u32) -> Signal {
        let clock: &dyn Waitable = match (self.clock_event(), self.clock_timer()) {
            (Some(event), _) => event,
            (None, Some(timer)) => timer,
            (None, None) => return Signal::Failed,
        };
        let waker: &dyn Waitable = &*self.waker;
        match self.second_event() {
            Some(second) => wait_first(&[waker, clock, second], limit_ms),
            None => wait_first(&[waker, clock], limit_ms),
        }
    }

    /// Where a timer stands for the clock's event: whether the clock is due; if not, sets the timer.
    fn set_timer(&self, paused: bool) -> Hr<bool> {
        let Some(timer) = self.clock_timer() else {
            return Ok(false);
        };
        let (frames, format) = match (&self.output, &self.input) {
            (Some(output), _) => (output.excess_frames()?, output.format),
            (None, Some(input)) => (input.missing_frames()?, input.format),
            (None, None) => return Err(E_HANDLE),
        };
        if frames == 0 {
            return Ok(true);
        }
        timer.set(if paused {
            (self.period_ns / 800).max(10_000) as i64
        } else {
            hns_from_frames(frames, format.rate_hz)
        });
        Ok(false)
    }

    /// The device's clock has ticked.
    fn clock_is_due(&mut self) -> Wake {
        self.silent = false;
        self.output_due = self.output.is_some();
        // The instant that everything in this cycle is told by, also what is waited for now.
        self.woken_ns = now_ns();
        self.heard_of();
        self.wait_for_input();
        Wake::Due
    }

    /// Waits a little for the input of the same hardware, so that both meet in one cycle.
    fn wait_for_input(&mut self) {
        if self.second_event().is_none() {
            return;
        }
        let patience_ns = self.pairing.patience_ns();
        if patience_ns == 0 {
            return;
        }
        self.patience.set((patience_ns / 100) as i64);
        let limit_ms = patience_ns.div_ceil(1_000_000) as u32;
        let signal = self
            .second_event()
            .map(|second| wait_first(&[second, &self.patience], limit_ms));
        match signal {
            Some(Signal::Of(0)) => self.pairing.met(),
            _ => self.pairing.waited_in_vain(),
        }
    }

    /// The clock has ticked, or was started: for how long it may be silent from now on.
    fn heard_of(&mut self) {
        let left_ns = self.output.as_ref().map_or(0, Output::left_ns);
        let mut limit_ns = left_ns.max(self.period_ns);
        // One that is served though it keeps silent is not waited for any longer: the host has a rhythm.
        if !self.silent {
            limit_ns = (limit_ns + self.period_ns).max(LATE_MAX_NS);
        }
        if !self.is_clocked_by_event() {
            // Such devices report their progress in jumps.
            limit_ns = limit_ns.max(JUMP_MAX_NS);
        }
        self.silent_ns = self.woken_ns + limit_ns;
    }

    /// What it means that the clock has been silent for too long.
    fn clock_is_silent(&mut self) -> Wake {
        // Until it is heard of again nothing else is waited for, so that nothing hides its silence.
        self.silent = true;
        // A device that is gone sets no event, but says so when it is asked.
        if let Err(code) = self.check_clock() {
            return Wake::Lost(broken(code));
        }
        // One that has played a period meanwhile is served as if it had set its event.
        let output = self.output.as_mut().filter(|_| self.running);
        if let Some(output) = output.filter(|output| output.wants_without_event()) {
            output.missed_event();
            return self.clock_is_due();
        }
        let now_ns = now_ns();
        self.silent_ns = now_ns + self.period_ns;
        Wake::TimedOut { now_ns }
    }

    /// Hands over what was recorded.
    fn cycle_input(&mut self, work: &mut dyn Cycle) -> Result<(), StreamFault> {
        let Some(input) = self.input.as_mut().filter(|_| !self.input_ended) else {
            return Ok(());
        };
        match input.cycle(work, self.woken_ns) {
            Ok(false) => Ok(()),
            Ok(true) => {
                // What comes in the output's own cycle is not what comes before it.
                if !self.output_due {
                    self.pairing.heard();
                }
                Ok(())
            }
            Err(code) if self.output.is_some() => {
                self.end_input(code);
                Ok(())
            }
            Err(code) => Err(broken(code)),
        }
    }
}

impl Endpoint for Stream {
    fn output_format(&self) -> Option<StreamFormat> {
        self.output.as_ref().map(|output| output.format)
    }

    fn input_format(&self) -> Option<StreamFormat> {
        self.input.as_ref().map(|input| input.format)
    }

    fn timing(&self) -> EndpointTiming {
        self.timing
    }

    fn fault(&mut self) -> Option<StreamFault> {
        self.check_clock().err().map(broken)
    }

    fn measured(&self) -> MeasuredLatency {
        MeasuredLatency {
            device_frames: self.output.as_ref().and_then(Output::measured_frames),
            input_device_frames: self.input.as_ref().and_then(Input::measured_frames),
        }
    }

    fn has_fallen_behind(&self) -> bool {
        let output = self.output.as_ref();
        output.is_some_and(Output::has_fallen_behind)
    }

    fn chosen(&self) -> Chosen {
        self.chosen.clone()
    }

    fn label(&self) -> Label {
        self.label.clone()
    }

    fn waker(&self) -> Arc<dyn Waker> {
        Arc::clone(&self.waker) as Arc<dyn Waker>
    }

    fn start(&mut self, keep_frames: u32) -> Result<(), EndpointError> {
        if self.running {
            return Ok(());
        }
        self.try_start(keep_frames)
            .map_err(|code| refused(&format!("\"{}\" cannot be started", self.name), code))?;
        self.running = true;
        self.pairing = Pairing::new(self.period_ns, self.timing.is_one_clock);
        self.output_due = false;
        self.silent = false;
        self.cycles_to_sample = SAMPLE_CYCLES;
        self.woken_ns = now_ns();
        self.heard_of();
        // The first packet needs two periods and more.
        self.silent_ns += 2 * self.period_ns;
        Ok(())
    }

    fn stop(&mut self) {
        if !self.running {
            return;
        }
        self.running = false;
        if let Some(output) = &mut self.output {
            output.stop();
        }
        self.stop_input();
        self.priority = None;
    }

    fn wait(&mut self) -> Wake {
        if let Some(output) = self.output.as_mut().filter(|_| self.running) {
            match output.heal() {
                Err(code) => return Wake::Lost(broken(code)),
                Ok(true) => self.silent_ns = now_ns() + 4 * self.period_ns,
                Ok(false) => {}
            }
        }
        if self.running && self.cycles_to_sample == 0 {
            self.cycles_to_sample = SAMPLE_CYCLES;
            if let Some(output) = &mut self.output {
                output.sample();
            }
        }
        self.wait_for_clock()
    }

    fn cycle(&mut self, work: &mut dyn Cycle) -> Result<(), StreamFault> {
        self.cycle_input(work)?;
        let is_due = std::mem::take(&mut self.output_due);
        let Some(output) = self.output.as_mut().filter(|_| is_due) else {
            return Ok(());
        };
        self.cycles_to_sample = self.cycles_to_sample.saturating_sub(1);
        output.cycle(work, self.woken_ns)?;
        self.heard_of();
        Ok(())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.stop();
    }
}
