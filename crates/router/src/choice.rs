//! Whether a client runs inside the cycle or beside it.

use ipc::{Collected, HandOver};

/// How a client runs now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Running {
    /// Inside the cycle in which it is asked: nothing is added.
    Synchronous,
    /// Beside it: what it made is taken when it is needed, a block later.
    Pipelined,
}

/// So many late blocks within [`WINDOW_NS`] are no accident.
const LATE_MAX: u32 = 3;
const WINDOW_NS: u64 = 1_000_000_000;
/// How long a client that was late must be quick before it is tried inside the cycle again; each
/// time that it is late again it is twice as long.
const PROBATION_NS: u64 = 30_000_000_000;
const PROBATION_NS_MAX: u64 = 3_600_000_000_000;

/// Chooses, by what was seen of the client: it begins inside the cycle; when it was late three times
/// within a second it runs beside it; when it then took less than half of the time that there would
/// be, in every block for half a minute, it is tried inside again.
#[derive(Clone, Debug)]
pub struct Choice {
    wish: HandOver,
    running: Running,
    /// What a block may take inside the cycle.
    wait_ns: u64,
    late: u32,
    window_from_ns: u64,
    probation_ns: u64,
    quick_since_ns: Option<u64>,
}

impl Choice {
    /// For a client that wants this. Inside the cycle it has `wait_ns` for a block.
    /// `can_pipeline`: it can run beside the cycle at all.
    pub fn new(wish: HandOver, wait_ns: u64, can_pipeline: bool) -> Choice {
        let wish = if can_pipeline {
            wish
        } else {
            HandOver::Synchronous
        };
        let running = match wish {
            HandOver::Auto | HandOver::Synchronous => Running::Synchronous,
            HandOver::Pipelined => Running::Pipelined,
        };
        Choice {
            wish,
            running,
            wait_ns,
            late: 0,
            window_from_ns: 0,
            probation_ns: PROBATION_NS,
            quick_since_ns: None,
        }
    }

    /// How it runs now.
    pub fn running(&self) -> Running {
        self.running
    }

    /// A block came or did not, at that time; the client says that it took `busy_ns`. Returns how it
    /// runs from now on.
    pub fn note(&mut self, came: Collected, busy_ns: u64, now_ns: u64) -> Running {
        if self.wish != HandOver::Auto {
            return self.running;
        }
        match self.running {
            Running::Synchronous if came == Collected::Late => {
                if now_ns.saturating_sub(self.window_from_ns) > WINDOW_NS {
                    self.window_from_ns = now_ns;
                    self.late = 0;
                }
                self.late += 1;
                if self.late >= LATE_MAX {
                    self.late = 0;
                    self.running = Running::Pipelined;
                    self.quick_since_ns = None;
                }
            }
            Running::Synchronous => {}
            Running::Pipelined => {
                // What the client says is a claim: it can only harm itself.
                let is_quick = came == Collected::OnTime && busy_ns <= self.wait_ns / 2;
                let since = self.quick_since_ns.filter(|_| is_quick);
                self.quick_since_ns = is_quick.then_some(since.unwrap_or(now_ns));
                if since.is_some_and(|since| now_ns.saturating_sub(since) >= self.probation_ns) {
                    self.running = Running::Synchronous;
                    self.probation_ns = (2 * self.probation_ns).min(PROBATION_NS_MAX);
                }
            }
        }
        self.running
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;
    const SECOND: u64 = 1_000 * MS;

    #[test]
    fn a_client_that_is_late_again_and_again_runs_beside_the_cycle() {
        let mut choice = Choice::new(HandOver::Auto, MS, true);
        assert_eq!(choice.running(), Running::Synchronous);
        // Now and then is no matter.
        for second in 0..10 {
            choice.note(Collected::Late, 0, second * 2 * SECOND);
            let now = choice.note(Collected::OnTime, 0, second * 2 * SECOND + 1);
            assert_eq!(now, Running::Synchronous);
        }
        choice.note(Collected::Late, 0, 30 * SECOND);
        choice.note(Collected::Late, 0, 30 * SECOND + MS);
        let now = choice.note(Collected::Late, 0, 30 * SECOND + 2 * MS);
        assert_eq!(now, Running::Pipelined);
    }

    #[test]
    fn it_is_tried_inside_again_when_it_has_been_quick_and_later_each_time() {
        let mut choice = Choice::new(HandOver::Auto, MS, true);
        let mut now_ns = 0;
        let mut waited = Vec::new();
        for _ in 0..3 {
            while choice.running() == Running::Synchronous {
                now_ns += MS;
                choice.note(Collected::Late, 0, now_ns);
            }
            let from_ns = now_ns;
            while choice.running() == Running::Pipelined {
                now_ns += 10 * MS;
                choice.note(Collected::OnTime, MS / 2, now_ns);
            }
            waited.push((now_ns - from_ns) / SECOND);
        }
        assert_eq!(waited, [30, 60, 120]);
        // One slow block begins the time anew.
        while choice.running() == Running::Synchronous {
            now_ns += MS;
            choice.note(Collected::Late, 0, now_ns);
        }
        for second in 0..239 {
            let busy_ns = if second == 200 { MS } else { 0 };
            choice.note(Collected::OnTime, busy_ns, now_ns + second * SECOND);
        }
        let later = now_ns + 300 * SECOND;
        assert_eq!(choice.note(Collected::OnTime, 0, later), Running::Pipelined);
    }

    #[test]
    fn who_wants_something_gets_it() {
        let late = |mut choice: Choice| {
            for n in 0..10 {
                choice.note(Collected::Late, 0, n);
            }
            choice.running()
        };
        let new = |wish, can| Choice::new(wish, MS, can);
        assert_eq!(late(new(HandOver::Synchronous, true)), Running::Synchronous);
        assert_eq!(late(new(HandOver::Auto, false)), Running::Synchronous);
        assert_eq!(new(HandOver::Pipelined, true).running(), Running::Pipelined);
        assert_eq!(
            new(HandOver::Pipelined, false).running(),
            Running::Synchronous
        );
    }
}
