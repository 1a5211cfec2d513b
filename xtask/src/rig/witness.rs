//! Tells whether the machine itself kept programs waiting while a sound was played.
//!
//! Where programs cannot be run before all others, other work on the machine is heard as dropouts,
//! whoever plays. The witness is a thread on each processor that has nothing to do with the driver, Wine or
//! the sound server: it sleeps a moment, again and again, and notes how late it is woken. One that may run
//! anywhere would not see that a single processor is kept from working. A sound that was cut
//! while the witness was kept waiting too says nothing about the driver, nor does one that was cut while
//! Wine's server [was away](super::saves). One that was cut otherwise does.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Result, anyhow};
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;

use super::saves::Saves;
use crate::paths::Paths;
use crate::process;

/// How long the witness sleeps.
const PAUSE: Duration = Duration::from_millis(1);
/// Lateness from which the machine counts as busy. Wine's sound threads run every 10 ms and must be
/// done before the next time; who loses half of that cannot be blamed.
const BUSY: Duration = Duration::from_millis(5);
/// The same where a block goes from one program to another within that time: each has half of it.
const BUSY_BETWEEN: Duration = Duration::from_micros(2_500);

/// How often a sound is sent, at most. The suite asks once more in the end: a machine that is busy now may
/// not be busy then.
const TRIES_MAX: u32 = 5;

/// What must not have disturbed a try.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Lateness from which the machine counts as busy.
    busy: Duration,
    /// Before whom the witness runs.
    rank: Rank,
    /// When Wine's server is away.
    saves: Saves,
}

/// Before whom the witness runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rank {
    /// Before nobody.
    Usual,
    /// Before programs with sound that run before all others.
    First,
}

impl Watch {
    /// For programs that each play for themselves.
    pub fn each_alone(paths: &Paths) -> Watch {
        Watch {
            busy: BUSY,
            rank: Rank::Usual,
            saves: Saves::of(paths),
        }
    }

    /// For programs of which one hands a block to another in each period.
    pub fn between(paths: &Paths) -> Watch {
        Watch {
            busy: BUSY_BETWEEN,
            ..Watch::each_alone(paths)
        }
    }

    /// As [`Watch::between`], for programs that run before all others, with the sound server as another
    /// program to which a block goes: the witness runs before all others, too, or they would be seen to keep
    /// it waiting themselves.
    pub fn first(paths: &Paths) -> Watch {
        Watch {
            rank: Rank::First,
            ..Watch::between(paths)
        }
    }
}

/// Repeats `work` while its result is not whole and the machine was busy meanwhile, up to a limit.
/// A result that is not whole although the machine was idle is returned at once: that is a fault of
/// what is tested.
///
/// # Errors
/// Those of `work`.
pub fn undisturbed<T>(
    watch: &Watch,
    mut work: impl FnMut() -> Result<T>,
    is_whole: impl Fn(&T) -> bool,
) -> Result<(T, Tries)> {
    let mut count = 1;
    loop {
        let witness = Witness::start(watch);
        let result = work();
        let last = witness.finish()?;
        let result = result?;
        if is_whole(&result) || last.disturbance().is_none() || count == TRIES_MAX {
            return Ok((result, Tries { count, last }));
        }
        count += 1;
    }
}

/// How often something was tried, and what the witness saw of the last time.
#[derive(Clone, Copy, Debug)]
pub struct Tries {
    /// From 1.
    pub count: u32,
    last: Testimony,
}

impl Tries {
    /// What there is to say of earlier tries; nothing if there was one only.
    pub fn remark(&self) -> Option<String> {
        (self.count > 1).then(|| {
            let count = self.count;
            format!("try {count}: before, it was disturbed by the machine or by Wine's server")
        })
    }

    /// What the witness saw of the last try, to be told with a failure.
    pub fn testimony(&self) -> Words {
        Words(*self)
    }
}

/// What is told with a failure, for people and for whoever tries again.
#[derive(Debug)]
pub struct Words(Tries);

impl Words {
    /// The machine was busy in every try, so that nothing is known.
    pub fn is_no_verdict(&self) -> bool {
        self.0.last.disturbance().is_some()
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tries { count, last } = self.0;
        let delay_ms = last.longest_delay.as_millis();
        match last.disturbance() {
            Some(Disturbance::Busy) => write!(
                f,
                "no verdict: the machine kept an idle program waiting for {delay_ms} ms, and in all \
                 {count} tries something disturbed"
            ),
            Some(Disturbance::Saved) => write!(
                f,
                "no verdict: Wine's server answered nobody while it saved its registry, and in all \
                 {count} tries something disturbed"
            ),
            None => write!(f, "the machine was idle: at most {delay_ms} ms of waiting"),
        }
    }
}

/// A witness at work.
struct Witness {
    watch: Watch,
    begun: SystemTime,
    done: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Duration>>,
}

/// What the witness saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Testimony {
    /// The longest that it was woken too late.
    longest_delay: Duration,
    /// From which delay on the machine counts as busy.
    busy: Duration,
    /// Whether Wine's server was away for a save, as far as that tells anything.
    saved: bool,
}

/// Why a try tells nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Disturbance {
    /// The machine kept programs waiting.
    Busy,
    /// Wine's server was away for a save.
    Saved,
}

impl Testimony {
    fn disturbance(self) -> Option<Disturbance> {
        match (self.longest_delay >= self.busy, self.saved) {
            (true, _) => Some(Disturbance::Busy),
            (false, true) => Some(Disturbance::Saved),
            (false, false) => None,
        }
    }
}

impl Witness {
    /// Starts to watch.
    fn start(watch: &Watch) -> Witness {
        let done = Arc::new(AtomicBool::new(false));
        let rank = watch.rank;
        let begin = |processor: usize| {
            let watched = Arc::clone(&done);
            thread::spawn(move || {
                // Where it cannot be held there, it is a witness still.
                let _ = stay_on(processor);
                if rank == Rank::First {
                    process::run_before_sound();
                }
                let mut longest_delay = Duration::ZERO;
                while !watched.load(Ordering::Relaxed) {
                    let asleep = Instant::now();
                    thread::sleep(PAUSE);
                    longest_delay = longest_delay.max(asleep.elapsed().saturating_sub(PAUSE));
                }
                longest_delay
            })
        };
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let threads = (0..processors).map(begin).collect();
        Witness {
            watch: watch.clone(),
            begun: SystemTime::now(),
            done,
            threads,
        }
    }

    /// Ends it.
    ///
    /// # Errors
    /// The witness has died, which it does not do.
    fn finish(self) -> Result<Testimony> {
        self.done.store(true, Ordering::Relaxed);
        let mut longest_delay = Duration::ZERO;
        for thread in self.threads {
            let delay = thread.join();
            let delay = delay.map_err(|_| anyhow!("the witness of the machine has died"))?;
            longest_delay = longest_delay.max(delay);
        }
        Ok(Testimony {
            longest_delay,
            busy: self.watch.busy,
            saved: self.watch.saves.fell_between(self.begun, SystemTime::now()),
        })
    }
}

/// Holds the calling thread on that processor.
fn stay_on(processor: usize) -> nix::Result<()> {
    let mut own = CpuSet::new();
    own.set(processor)?;
    // 0: the thread that calls.
    sched_setaffinity(Pid::from_raw(0), &own)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch() -> Watch {
        Watch::each_alone(&Paths::find().unwrap())
    }

    #[test]
    fn only_half_a_period_and_more_is_busy() {
        let saw = |ms| Testimony {
            longest_delay: Duration::from_millis(ms),
            busy: BUSY,
            saved: false,
        };
        assert_eq!(saw(4).disturbance(), None);
        assert_eq!(saw(5).disturbance(), Some(Disturbance::Busy));
    }

    #[test]
    fn a_save_alone_disturbs_too() {
        let saw = Testimony {
            longest_delay: Duration::ZERO,
            busy: BUSY,
            saved: true,
        };
        assert_eq!(saw.disturbance(), Some(Disturbance::Saved));
    }

    #[test]
    fn what_fails_on_an_idle_machine_is_not_tried_again() {
        let mut calls = 0;
        let (result, tries) = undisturbed(
            &watch(),
            || {
                calls += 1;
                Ok(calls)
            },
            |_| false,
        )
        .unwrap();
        // A busy machine may have had it repeated, but never more often than is told.
        assert_eq!((result, calls), (tries.count, tries.count));
        assert!(tries.last.disturbance().is_none() || tries.count == TRIES_MAX);
        let (_, tries) = undisturbed(&watch(), || Ok(()), |()| true).unwrap();
        assert_eq!((tries.count, tries.remark()), (1, None));
    }

    #[test]
    fn a_witness_that_is_kept_waiting_says_so() {
        // What it sees of an idle machine nobody can promise; but it must end and tell something.
        let witness = Witness::start(&watch());
        thread::sleep(Duration::from_millis(20));
        assert!(witness.finish().unwrap().longest_delay > Duration::ZERO);
    }
}
