//! The time without a device: a rhythm for the host, and the search.

use std::sync::Arc;
use std::time::Duration;

use engine::endpoint::{Chosen, Endpoint, EndpointError, OpenRequest, Reopener, Waker};
use engine::idle::Ticker;

use crate::changes::Changes;
use crate::clock::now_ns;
use crate::com::SharedApartment;
use crate::hresult::Hr;
use crate::parts::StreamWaker;
use crate::priority::ProAudio;
use crate::sync::{Event, Signal, Timer, wait_first};

/// How often the search looks for a device that is gone, in milliseconds, as not every system tells
/// of everything.
const LOOK_MS: u32 = 20;
/// How often it looks whether another is meant than the one that is there, where the system does not tell of
/// that.
const LOOK_SELDOM_MS: u32 = 250;
/// How often it looks where the system does, in nanoseconds. To look is to ask for all endpoints and their
/// names, which takes some milliseconds and the sound service's attention.
const LOOK_ANYWAY_NS: u64 = 30_000_000_000;
/// The longest pause, in nanoseconds.
const PAUSE_MAX_NS: u64 = 10_000_000_000;
const NS_PER_MS: u64 = 1_000_000;

/// The system's clock and its finest timer.
pub struct SystemTicker {
    /// `None` where the system has no more handles; then the thread sleeps.
    waits: Option<(Timer, Arc<StreamWaker>)>,
    priority: Option<ProAudio>,
}

// SAFETY: what belongs to a thread is `priority`, which is there only while the rhythm runs, and that
// begins and ends on one thread.
#[allow(unsafe_code)]
unsafe impl Send for SystemTicker {}

impl SystemTicker {
    /// A ticker that does not run.
    pub fn new() -> Self {
        let waits = || -> Hr<_> { Ok((Timer::new()?, Arc::new(StreamWaker(Event::new()?)))) };
        Self {
            waits: waits().ok(),
            priority: None,
        }
    }
}

impl Default for SystemTicker {
    fn default() -> Self {
        Self::new()
    }
}

impl Ticker for SystemTicker {
    fn now_ns(&self) -> u64 {
        now_ns()
    }

    fn wait_until(&mut self, at_ns: u64) -> bool {
        let left_ns = at_ns.saturating_sub(now_ns());
        let Some((timer, waker)) = &self.waits else {
            std::thread::sleep(Duration::from_nanos(left_ns));
            return true;
        };
        timer.set((left_ns / 100) as i64);
        let limit_ms = (left_ns / NS_PER_MS + 100).min(u64::from(u32::MAX - 1)) as u32;
        wait_first(&[&**waker, timer], limit_ms) != Signal::Of(0)
    }

    fn waker(&self) -> Arc<dyn Waker> {
        match &self.waits {
            Some((_, waker)) => Arc::clone(waker) as Arc<dyn Waker>,
            None => Arc::new(NoWaker),
        }
    }

    fn set_running(&mut self, running: bool) {
        // A refusal was noted when the device was started.
        self.priority = running.then(|| ProAudio::enter().ok()).flatten();
    }
}

/// For a ticker that cannot be woken.
struct NoWaker;

impl Waker for NoWaker {
    fn wake(&self) {}
}

/// What a search looks for.
pub(crate) trait Sought: Send + 'static {
    /// As [`Device::open`](engine::endpoint::Device::open).
    fn open(&self, request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError>;

    /// What would be opened now.
    fn chosen(&self) -> Chosen;

    /// Whether what would be the clock is not among these.
    fn is_gone(&self, chosen: &Chosen) -> bool;

    /// Whether [`chosen`](Self::chosen) is the same as long as the system tells of no change of its
    /// endpoints.
    fn is_an_endpoint(&self) -> bool {
        true
    }
}

/// Opens a device again and again. All but [`waker`](Reopener::waker) is used on one thread of ours.
pub(crate) struct Search {
    device: Box<dyn Sought>,
    woken: Option<Arc<StreamWaker>>,
    /// `None` until the first pause, and while the system does not tell.
    changes: Option<Changes>,
    /// What was chosen when it was looked last, and when that was.
    seen: Option<(Chosen, u64)>,
    /// When a pause ended last because the system told something.
    told_ns: u64,
    _apartment: Option<SharedApartment>,
}

impl Search {
    pub(crate) fn new(device: impl Sought) -> Self {
        Self {
            device: Box::new(device),
            woken: Event::new().ok().map(|event| Arc::new(StreamWaker(event))),
            changes: None,
            seen: None,
            told_ns: 0,
            _apartment: SharedApartment::hold().ok(),
        }
    }

    /// Waits for the waker (0) and for the system's word (1).
    fn wait(&self, limit_ms: u32) -> Signal {
        match (&self.woken, &self.changes) {
            (Some(woken), Some(changes)) => wait_first(&[&**woken, changes], limit_ms),
            (Some(woken), None) => wait_first(&[&**woken], limit_ms),
            (None, _) => Signal::Failed,
        }
    }

    /// The system has told something. It often does so several times for one change: the word is
    /// taken at once, and others only after a while.
    fn told(&mut self) {
        let since_ns = now_ns().saturating_sub(self.told_ns);
        let rest_ms = LOOK_MS.saturating_sub((since_ns / NS_PER_MS).min(u64::from(LOOK_MS)) as u32);
        if let Some(woken) = self.woken.as_ref().filter(|_| rest_ms > 0) {
            // Ends early when the waker is used, which ends the pause as well.
            let _ = wait_first(&[&**woken], rest_ms);
        }
        if let Some(changes) = &self.changes {
            changes.forget();
        }
        self.told_ns = now_ns();
        self.look();
    }

    /// Asks the system what is chosen.
    fn look(&mut self) -> Chosen {
        let chosen = self.device.chosen();
        self.seen = Some((chosen.clone(), now_ns()));
        chosen
    }

    /// Whether the system would have told if anything else were chosen than what was seen not long ago.
    fn is_told(&self) -> bool {
        self.changes.is_some()
            && self.device.is_an_endpoint()
            && self.seen.as_ref().is_some_and(|(seen, looked_ns)| {
                let age_ns = now_ns().saturating_sub(*looked_ns);
                !self.device.is_gone(seen) && age_ns < LOOK_ANYWAY_NS
            })
    }
}

impl Reopener for Search {
    fn open(&mut self, request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError> {
        self.device.open(request)
    }

    fn chosen(&mut self) -> Chosen {
        self.device.chosen()
    }

    fn pause(&mut self, limit_ns: u64) -> bool {
        let end_ns = now_ns().saturating_add(limit_ns.min(PAUSE_MAX_NS));
        if self.changes.is_none() {
            self.changes = Changes::watch().ok();
        }
        let seen = match &self.seen {
            Some((seen, _)) => seen.clone(),
            None => self.look(),
        };
        // One that stays and refuses is asked again after the whole pause only.
        loop {
            let left_ms = end_ns.saturating_sub(now_ns()).div_ceil(NS_PER_MS) as u32;
            let step_ms = match (self.device.is_gone(&seen), self.is_told()) {
                (true, _) => LOOK_MS.min(left_ms),
                (false, true) => left_ms,
                (false, false) => LOOK_SELDOM_MS.min(left_ms),
            };
            match self.wait(step_ms) {
                Signal::Of(0) => return false,
                Signal::Of(_) => {
                    self.told();
                    return true;
                }
                Signal::TimedOut => {}
                Signal::Failed => std::thread::sleep(Duration::from_millis(step_ms.into())),
            }
            if !self.is_told() && self.look() != seen {
                return true;
            }
            if step_ms == left_ms {
                return false;
            }
        }
    }

    fn waker(&self) -> Arc<dyn Waker> {
        match &self.woken {
            Some(woken) => Arc::clone(woken) as Arc<dyn Waker>,
            None => Arc::new(NoWaker),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use engine::endpoint::FaultKind;

    use super::*;

    /// Counts how often the system would be asked.
    struct Counted {
        looks: Arc<AtomicU32>,
        is_an_endpoint: bool,
    }

    impl Sought for Counted {
        fn open(&self, _request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError> {
            Err(EndpointError::new(FaultKind::Failed, "none here"))
        }

        fn chosen(&self) -> Chosen {
            self.looks.fetch_add(1, Ordering::Relaxed);
            Chosen {
                output: Some("there".to_owned()),
                input: None,
            }
        }

        fn is_gone(&self, chosen: &Chosen) -> bool {
            chosen.output.is_none()
        }

        fn is_an_endpoint(&self) -> bool {
            self.is_an_endpoint
        }
    }

    /// How often it is looked in ten pauses, and whether another one ends early when the system has told
    /// something.
    fn looks(is_an_endpoint: bool) -> (u32, bool) {
        let looks = Arc::new(AtomicU32::new(0));
        let mut search = Search::new(Counted {
            looks: Arc::clone(&looks),
            is_an_endpoint,
        });
        assert!(!search.pause(NS_PER_MS));
        looks.store(0, Ordering::Relaxed);
        for _ in 0..10 {
            assert!(!search.pause(NS_PER_MS));
        }
        let quiet = looks.load(Ordering::Relaxed);
        let changes = search.changes.as_ref();
        changes.expect("every system tells of changes").tell();
        (quiet, search.pause(PAUSE_MAX_NS))
    }

    #[test]
    fn an_endpoint_is_looked_for_again_when_the_system_has_told_something() {
        assert_eq!(looks(true), (0, true));
    }

    #[test]
    fn what_the_system_does_not_tell_of_is_looked_for_in_each_pause() {
        assert_eq!(looks(false), (10, true));
    }
}
