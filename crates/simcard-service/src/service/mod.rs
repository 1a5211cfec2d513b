//! The service: one [`World`] in real time for all clients.
//!
//! [`Server::pass`] is called again and again with the time; between two calls the caller sleeps for
//! no longer than `pass` says. Nothing here reads a clock or knows the system, so the tests run it
//! anywhere.
//!
//! The card's time is the performance counter's, less the start and less the stalls: when the service
//! itself wakes up late, the card stood still meanwhile, so that clients do not pay for it. What a
//! client hands over carries the instant, and is given to the model at that instant: how soon the
//! service looks at it does not matter.

mod calls;
mod hardware;
mod open_stream;
mod report;
mod stops;
#[cfg(test)]
mod tests;
mod truth;

use std::path::Path;
use std::sync::atomic::Ordering;

use simcard::fault::Scheduled;
use simcard::{EndpointId, Notice, World};

use crate::call::Question;
use crate::config::Config;
use crate::layout::{NOTICES_MAX, STREAMS_MAX, Shared, state};
use crate::notice::NoticeWord;

pub use open_stream::Block;
pub use report::{Report, Stalls, StreamReport};
pub use truth::{FaultReport, IncidentReport, Told, TrackReport, Truth};

use hardware::{Hardware, Shift};
use open_stream::OpenStream;
use stops::Stops;

/// The longest that the caller may sleep, in nanoseconds: calls and progress are looked at as often.
const IDLE_NS: u64 = 1_000_000;
/// How often clients are looked after, in nanoseconds.
const CARE_NS: u64 = 50_000_000;

/// What the service needs of the system.
pub trait System {
    /// The performance counter's time in nanoseconds.
    fn now_ns(&self) -> u64;

    /// The event that the handle of another process stands for.
    ///
    /// # Errors
    /// The `HRESULT`: there is no such handle.
    fn event(&self, process: u32, handle: u64) -> Result<Box<dyn Event>, i32>;

    /// The number of the service's own process.
    fn process_id(&self) -> u32;

    /// A way to see whether that process is alive.
    fn process(&self, process: u32) -> Box<dyn Process>;

    /// Wakes the client that waits for an answer.
    fn answered(&self);
}

/// A client's event.
pub trait Event {
    /// Sets it.
    fn set(&self);
}

/// A client's process.
pub trait Process {
    /// Whether it runs.
    fn is_alive(&self) -> bool;
}

/// The service of one machine.
pub struct Server<'a, S: System> {
    system: S,
    shared: &'a Shared,
    world: World,
    truth: Truth,
    /// For each endpoint the name of its card.
    card_names: Vec<String>,
    /// To begin with the first start of a stream.
    script: Option<Vec<Scheduled>>,
    stall_ns: u64,
    /// The performance counter's time at which the card's began.
    base_ns: u64,
    stalls: Stalls,
    stops: Stops,
    streams: [Option<OpenStream>; STREAMS_MAX],
    /// Its endpoints are the last, and none of the system's devices.
    hardware: Option<Hardware>,
    closed: Vec<StreamReport>,
    disagreements: u64,
    cared_ns: u64,
    /// When the service wanted to be called next, by the performance counter.
    wanted_ns: u64,
}

impl<'a, S: System> Server<'a, S> {
    /// The service of the machine that `config` describes. The truth goes to files in `folder`.
    ///
    /// # Errors
    /// One sentence: the machine cannot be, or the folder cannot be written to.
    pub fn new(
        config: &Config,
        system: S,
        shared: &'a Shared,
        folder: Option<&Path>,
    ) -> Result<Self, String> {
        let mut world = config.build()?;
        let truth = Truth::new(&world, folder)?;
        world.set_recorder(truth.recorder());
        let base_ns = system.now_ns();
        shared.prepare(system.process_id());
        let hardware = Hardware::of(config, &world);
        let hidden = if hardware.is_some() { 2 } else { 0 };
        let devices = (world.endpoint_ids().count() - hidden) as u32;
        shared.header.devices.store(devices, Ordering::Relaxed);
        shared.header.state.store(state::RUNNING, Ordering::Release);
        Ok(Self {
            system,
            shared,
            world,
            truth,
            card_names: config.card_names(),
            script: Some(config.script.clone()),
            stall_ns: config.stall_ns,
            base_ns,
            stalls: Stalls::default(),
            stops: Stops::default(),
            streams: [const { None }; STREAMS_MAX],
            hardware,
            closed: Vec::new(),
            disagreements: 0,
            cared_ns: 0,
            wanted_ns: base_ns,
        })
    }

    /// The card's time at an instant of the performance counter.
    fn card_ns(&self, real_ns: u64) -> u64 {
        real_ns.saturating_sub(self.base_ns + self.stalls.total_ns)
    }

    /// Whether that is one of the system's devices.
    fn is_device(&self, id: EndpointId) -> bool {
        id.index() < self.shared.header.devices.load(Ordering::Relaxed) as usize
    }

    fn shift(&self) -> Shift {
        Shift(self.base_ns + self.stalls.total_ns)
    }

    /// The performance counter's time at an instant of the card's.
    fn real_ns(&self, card_ns: u64) -> u64 {
        card_ns + self.base_ns + self.stalls.total_ns
    }

    /// Does what is due. Returns the instant of the performance counter at which it wants to be
    /// called again, in nanoseconds.
    pub fn pass(&mut self) -> u64 {
        let real_ns = self.system.now_ns();
        self.forgive_stall(real_ns);
        let now_ns = self.card_ns(real_ns);
        while let Some(next_ns) = self.world.next_event_ns().filter(|next| *next <= now_ns) {
            self.take_handovers(next_ns);
            self.step(next_ns);
        }
        self.take_handovers(now_ns);
        self.step(now_ns);
        self.answer();
        if real_ns.saturating_sub(self.cared_ns) >= CARE_NS {
            self.cared_ns = real_ns;
            self.close_orphans();
        }
        let next_ns = self.world.next_event_ns().unwrap_or(u64::MAX);
        self.wanted_ns = self.real_ns(next_ns.min(now_ns + IDLE_NS));
        self.wanted_ns
    }

    /// Stops the card's time for as long as the service came too late. What made the service late has
    /// made its clients late, too, so the card stands still from the instant at which the service
    /// should have run, not only from the next event.
    fn forgive_stall(&mut self, real_ns: u64) {
        let late_ns = real_ns.saturating_sub(self.wanted_ns);
        let hardware_runs = self.hardware.as_ref().is_some_and(Hardware::is_running);
        if hardware_runs || self.streams.iter().flatten().any(|stream| stream.running) {
            let shift_ns = self.base_ns + self.stalls.total_ns;
            let at_ns = self.card_ns(self.wanted_ns);
            self.stalls.note(late_ns, self.stall_ns);
            if self.base_ns + self.stalls.total_ns != shift_ns {
                self.stops.note(at_ns, shift_ns);
            }
        }
    }

    /// Gives the model what clients have handed over until that instant, each at its own.
    fn take_handovers(&mut self, until_ns: u64) {
        loop {
            let pending = self
                .streams
                .iter()
                .enumerate()
                .filter_map(|(index, stream)| {
                    let stream = stream.as_ref()?;
                    let released_ns = stream.next_handover(&self.shared.streams[index])?;
                    Some((self.card_ns(released_ns), index))
                });
            let Some((at_ns, index)) = pending.min().filter(|(at_ns, _)| *at_ns <= until_ns) else {
                return;
            };
            if at_ns > self.world.now_ns() {
                self.step(at_ns);
            }
            let (base_ns, total_ns) = (self.base_ns, self.stalls.total_ns);
            let card_ns = move |real_ns: u64| real_ns.saturating_sub(base_ns + total_ns);
            if let Some(stream) = &mut self.streams[index] {
                let block = &self.shared.streams[index];
                let agreed = stream.hand_over(&mut self.world, block, card_ns);
                self.disagreements += u64::from(!agreed);
            }
        }
    }

    /// Lets the card's time reach an instant with at most one event before it, and tells the clients.
    fn step(&mut self, to_ns: u64) {
        self.watched(to_ns, |world| world.advance(to_ns));
    }

    /// Lets something happen that may take frames from streams until that instant, and tells the
    /// clients.
    fn watched(&mut self, to_ns: u64, happen: impl FnOnce(&mut World)) {
        let shift = self.shift();
        if let Some(hardware) = &mut self.hardware {
            hardware.feed(&mut self.world, &self.shared.hardware, to_ns, shift);
        }
        for stream in self.streams.iter_mut().flatten() {
            stream.note_before(&mut self.world);
        }
        happen(&mut self.world);
        let real_now_ns = self.real_ns(self.world.now_ns());
        let shift_ns = self.base_ns + self.stalls.total_ns;
        self.truth.stamp_faults(shift_ns);
        for (index, stream) in self.streams.iter_mut().enumerate() {
            let Some(stream) = stream else { continue };
            let block = &self.shared.streams[index];
            stream.note_after(&mut self.world, block);
            let real_ns = |card_ns| self.stops.real_ns(card_ns, shift_ns);
            stream.publish(&mut self.world, block, real_now_ns, real_ns);
        }
        for (index, stream) in self.streams.iter_mut().enumerate() {
            let Some(stream) = stream else { continue };
            if let Some(at_ns) = self.world.take_signal(stream.id) {
                let lateness_ns = self.system.now_ns().saturating_sub(at_ns + shift_ns);
                self.stalls.signals.note(lateness_ns);
                stream.signal(&self.shared.streams[index], self.system.now_ns());
            }
        }
        let (now_ns, shift) = (self.system.now_ns(), self.shift());
        if let Some(hardware) = &mut self.hardware
            && let Some(late_ns) =
                hardware.tend(&mut self.world, &self.shared.hardware, now_ns, shift)
        {
            self.stalls.signals.note(late_ns);
        }
        self.tell_notices();
    }

    fn tell_notices(&mut self) {
        for notice in self.world.take_notices() {
            let number = |id: EndpointId| id.index() as u16;
            let word = match notice {
                Notice::StateChanged(id, present) => NoticeWord::State {
                    device: number(id),
                    present,
                },
                Notice::DefaultChanged(flow, id) => NoticeWord::Default {
                    flow,
                    device: id.map(number),
                },
                Notice::FormatChanged(id) => NoticeWord::Format { device: number(id) },
            };
            let header = &self.shared.header;
            let written = header.notices_written.load(Ordering::Relaxed);
            let slot = &header.notices[(written % NOTICES_MAX as u64) as usize];
            slot.0.store(word.word(), Ordering::Relaxed);
            header.notices_written.store(written + 1, Ordering::Release);
        }
    }

    /// Answers the call that waits, if one does.
    fn answer(&mut self) {
        let call = &self.shared.call;
        let asked = call.asked.load(Ordering::Acquire);
        if asked == call.answered.load(Ordering::Relaxed) {
            return;
        }
        let words = std::array::from_fn(|n| call.question[n].load(Ordering::Relaxed));
        let process = call.process.load(Ordering::Relaxed);
        let answer = match Question::from_words(&words) {
            Ok(question) => self.reply(question, process),
            Err(code) => crate::call::Answer::refused(code),
        };
        call.give(&answer, asked);
        self.system.answered();
    }

    /// Closes the streams of processes that are gone.
    fn close_orphans(&mut self) {
        for index in 0..STREAMS_MAX {
            if self.streams[index]
                .as_ref()
                .is_some_and(|stream| !stream.owner.is_alive())
            {
                self.close(index);
            }
        }
        if self.hardware.as_ref().is_some_and(Hardware::is_orphan) {
            self.close_hardware();
        }
    }

    fn close_hardware(&mut self) {
        if let Some(hardware) = &mut self.hardware {
            self.closed
                .extend(hardware.close(&mut self.world, &self.shared.hardware));
        }
    }

    fn close(&mut self, index: usize) {
        if let Some(mut stream) = self.streams[index].take() {
            let report = stream.close(&mut self.world, &self.shared.streams[index]);
            self.closed.push(report);
        }
    }

    /// Ends the service: all streams are closed, no call is answered any more. What happened is in
    /// the report.
    pub fn end(mut self) -> Report {
        self.shared
            .header
            .state
            .store(state::ENDED, Ordering::Release);
        for index in 0..STREAMS_MAX {
            self.close(index);
        }
        self.close_hardware();
        let Shift(shift_ns) = self.shift();
        let Told {
            tracks,
            incidents,
            faults,
        } = self.truth.finish();
        Report {
            card_ns: self.world.now_ns(),
            stalls: self.stalls,
            stops: self.stops.told(shift_ns),
            disagreements: self.disagreements,
            streams: self.closed,
            tracks,
            incidents,
            faults,
        }
    }
}
