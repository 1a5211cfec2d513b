//! Virtual time for threads that wait for devices.
//!
//! Time stands still while any of them works, and jumps to what is next when all of them wait. So a
//! driver with its own threads runs as fast as the machine can, and the outcome does not depend on
//! how fast that is.

use std::cell::Cell;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use rt::{Mutex, MutexGuard};

use crate::world::{StreamId, World};

/// After so long without any progress a thread is taken for stuck.
const PATIENCE: Duration = Duration::from_secs(30);

thread_local! {
    /// What callbacks on this thread worked for since it was asked last, in nanoseconds.
    static SPENT_NS: Cell<u64> = const { Cell::new(0) };
}

/// A [`World`] shared by the threads that use its devices.
///
/// Time goes on up to a limit that [`run_until`](Self::run_until) sets; at the limit everybody waits.
/// What is done to the world in between, and to the programs that run in it, happens at that
/// instant.
pub struct VirtualTime {
    state: Mutex<State>,
}

struct State {
    world: World,
    limit_ns: u64,
    seats: Vec<Option<Seat>>,
    idle: Option<Sender<()>>,
}

/// A thread that waits now and then.
struct Seat {
    phase: Phase,
    /// Its waker was used.
    interrupted: bool,
    poke: Sender<()>,
}

#[derive(Clone, Copy)]
enum Phase {
    /// It takes no part: its device is stopped.
    Away,
    /// It works; time stands still.
    Busy,
    Waiting(Until),
    Woken(Outcome),
}

/// What a thread waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    Time(u64),
    /// Another number of faults than this, or the deadline.
    Change(u64, u64),
    /// The event of one of two streams, or the deadline.
    Signal([Option<StreamId>; 2], u64),
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The time has come, or the first event was set.
    Reached,
    /// The second event was set, and not the first.
    ReachedSecond,
    /// The event was not set in time.
    TimedOut,
    Interrupted,
}

/// A thread neither waited nor worked on for a long time, so that time could not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stuck;

impl std::fmt::Display for Stuck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = PATIENCE.as_secs();
        write!(
            f,
            "Virtual time stands still because a callback has not come back for {seconds} s."
        )
    }
}

impl std::error::Error for Stuck {}

/// A thread's place.
pub(crate) struct Place {
    pub(crate) seat: usize,
    pub(crate) pokes: Receiver<()>,
}

impl VirtualTime {
    /// Time for that world; it stands still at the world's present.
    pub fn new(world: World) -> Self {
        let limit_ns = world.now_ns();
        let state = State {
            world,
            limit_ns,
            seats: Vec::new(),
            idle: None,
        };
        Self {
            state: Mutex::new(state),
        }
    }

    /// Does something to the world, or asks it.
    pub fn with<R>(&self, work: impl FnOnce(&mut World) -> R) -> R {
        work(&mut self.state.lock().world)
    }

    /// Makes the callback in which this is called last so many nanoseconds longer: what it writes is
    /// handed over as much later. For a callback of a [`VirtualDevice`](crate::VirtualDevice) only,
    /// on its thread.
    pub fn spend(ns: u64) {
        SPENT_NS.with(|spent| spent.set(spent.get().saturating_add(ns)));
    }

    /// What this thread has spent since this was asked last, in nanoseconds.
    pub(crate) fn take_spent_ns() -> u64 {
        SPENT_NS.take()
    }

    /// Lets time go on until `to_ns`, and returns when it is there and everybody waits.
    ///
    /// # Errors
    /// [`Stuck`] when a thread that uses a device does not come back from its callback.
    pub fn run_until(&self, to_ns: u64) -> Result<(), Stuck> {
        let (idle, done) = channel();
        let mut seen_ns = {
            let mut state = self.state.lock();
            state.limit_ns = state.limit_ns.max(to_ns.min(state.world.end_ns()));
            state.idle = Some(idle);
            state.go_on();
            state.world.now_ns()
        };
        loop {
            match done.recv_timeout(PATIENCE) {
                Ok(()) => return Ok(()),
                Err(RecvTimeoutError::Timeout) => {
                    let now_ns = self.state.lock().world.now_ns();
                    if now_ns == seen_ns {
                        return Err(Stuck);
                    }
                    seen_ns = now_ns;
                }
                // Somebody else has begun to wait for the same.
                Err(RecvTimeoutError::Disconnected) => return Err(Stuck),
            }
        }
    }

    /// A place for a thread that will wait.
    pub(crate) fn enter(&self) -> Place {
        let (poke, pokes) = channel();
        let mut state = self.state.lock();
        let seat = state.seats.len();
        state.seats.push(Some(Seat {
            phase: Phase::Away,
            interrupted: false,
            poke,
        }));
        Place { seat, pokes }
    }

    /// The thread waits no more, ever.
    pub(crate) fn leave(&self, place: &Place) {
        let mut state = self.state.lock();
        state.seats[place.seat] = None;
        state.go_on();
    }

    /// The thread begins to take part, or ends it, after `work` was done to the world.
    pub(crate) fn take_part<R>(
        &self,
        place: &Place,
        takes_part: bool,
        work: impl FnOnce(&mut World) -> R,
    ) -> R {
        let mut state = self.state.lock();
        let result = work(&mut state.world);
        let phase = if takes_part { Phase::Busy } else { Phase::Away };
        state.set_phase(place.seat, phase);
        state.go_on();
        result
    }

    /// Waits, after `work` has told what for.
    pub(crate) fn wait<E>(
        &self,
        place: &Place,
        work: impl FnOnce(&mut World) -> Result<Until, E>,
    ) -> Result<Outcome, E> {
        let mut state = self.state.lock();
        if state.was_interrupted(place.seat) {
            return Ok(Outcome::Interrupted);
        }
        let until = work(&mut state.world)?;
        state.set_phase(place.seat, Phase::Waiting(until));
        state.go_on();
        Ok(self.sleep(state, place))
    }

    fn sleep<'a>(&'a self, mut state: MutexGuard<'a, State>, place: &Place) -> Outcome {
        loop {
            let phase = state.seats[place.seat].as_ref().map(|seat| seat.phase);
            if let Some(Phase::Woken(outcome)) = phase {
                state.set_phase(place.seat, Phase::Busy);
                return outcome;
            }
            if state.was_interrupted(place.seat) {
                state.set_phase(place.seat, Phase::Busy);
                return Outcome::Interrupted;
            }
            drop(state);
            // The sender is in the seat, and the seat is ours.
            let _ = place.pokes.recv();
            state = self.state.lock();
        }
    }

    /// Interrupts the wait of a place, the present one or the next.
    pub(crate) fn interrupt(&self, seat: usize) {
        let mut state = self.state.lock();
        if let Some(Some(seat)) = state.seats.get_mut(seat) {
            seat.interrupted = true;
            let _ = seat.poke.send(());
        }
    }
}

impl State {
    fn set_phase(&mut self, seat: usize, phase: Phase) {
        if let Some(seat) = &mut self.seats[seat] {
            seat.phase = phase;
        }
    }

    fn was_interrupted(&mut self, seat: usize) -> bool {
        let seat = self.seats[seat].as_mut();
        seat.is_some_and(|seat| std::mem::take(&mut seat.interrupted))
    }

    /// Lets time pass until somebody has something to do, if nobody has now.
    fn go_on(&mut self) {
        loop {
            let busy = |seat: &Seat| match seat.phase {
                Phase::Busy | Phase::Woken(_) => true,
                // It will notice as soon as its thread runs.
                Phase::Waiting(_) => seat.interrupted,
                Phase::Away => false,
            };
            if self.seats.iter().flatten().any(busy) || self.wake_one() {
                return;
            }
            let now_ns = self.world.now_ns();
            if now_ns >= self.limit_ns {
                if let Some(idle) = self.idle.take() {
                    let _ = idle.send(());
                }
                return;
            }
            let deadlines = self
                .seats
                .iter()
                .flatten()
                .filter_map(|seat| match seat.phase {
                    Phase::Waiting(
                        Until::Time(at_ns) | Until::Change(_, at_ns) | Until::Signal(_, at_ns),
                    ) => Some(at_ns),
                    _ => None,
                });
            let next = deadlines.chain(self.world.next_event_ns()).min();
            let next = next.map_or(self.limit_ns, |next| next.min(self.limit_ns));
            self.world.advance(next);
        }
    }

    /// Wakes the first thread whose wait is over.
    fn wake_one(&mut self) -> bool {
        for seat in self.seats.iter_mut().flatten() {
            let Phase::Waiting(until) = seat.phase else {
                continue;
            };
            let now_ns = self.world.now_ns();
            let outcome = match until {
                Until::Time(at_ns) => (at_ns <= now_ns).then_some(Outcome::Reached),
                Until::Change(strikes, at_ns) => {
                    let is_over = self.world.strikes != strikes || at_ns <= now_ns;
                    is_over.then_some(Outcome::Reached)
                }
                Until::Signal([first, second], deadline_ns) => {
                    // Both are taken, so that neither wakes the thread again.
                    let mut is_set =
                        |stream: Option<StreamId>| stream.and_then(|id| self.world.take_signal(id));
                    let (first, second) = (is_set(first), is_set(second));
                    match (first, second) {
                        (Some(_), _) => Some(Outcome::Reached),
                        (None, Some(_)) => Some(Outcome::ReachedSecond),
                        (None, None) => (deadline_ns <= now_ns).then_some(Outcome::TimedOut),
                    }
                }
            };
            if let Some(outcome) = outcome {
                seat.phase = Phase::Woken(outcome);
                let _ = seat.poke.send(());
                return true;
            }
        }
        false
    }
}
