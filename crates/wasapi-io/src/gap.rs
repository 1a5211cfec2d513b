//! The time without a device: a rhythm for the host, and the search.

use std::sync::Arc;

use engine::endpoint::{Chosen, Device, Endpoint, EndpointError, OpenRequest, Reopener, Waker};
use engine::idle::Ticker;

use crate::clock::now_ns;
use crate::com::SharedApartment;
use crate::device::WasapiDevice;
use crate::hresult::Hr;
use crate::parts::StreamWaker;
use crate::priority::ProAudio;
use crate::sync::{Event, Signal, Timer, wait_first};

/// How often the search looks whether the device is there, in milliseconds.
const LOOK_MS: u32 = 20;
const NS_PER_MS: u64 = 1_000_000;

/// The system's clock and its finest timer.
pub(crate) struct SystemTicker {
    /// `None` where the system has no more handles; then the thread sleeps.
    waits: Option<(Timer, Arc<StreamWaker>)>,
    priority: Option<ProAudio>,
}

// SAFETY: what belongs to a thread is `priority`, which is there only while the rhythm runs, and that
// begins and ends on one thread.
#[allow(unsafe_code)]
unsafe impl Send for SystemTicker {}

impl SystemTicker {
    pub(crate) fn new() -> Self {
        let waits = || -> Hr<_> { Ok((Timer::new()?, Arc::new(StreamWaker(Event::new()?)))) };
        Self {
            waits: waits().ok(),
            priority: None,
        }
    }
}

impl Ticker for SystemTicker {
    fn now_ns(&self) -> u64 {
        now_ns()
    }

    fn wait_until(&mut self, at_ns: u64) -> bool {
        let left_ns = at_ns.saturating_sub(now_ns());
        let Some((timer, waker)) = &self.waits else {
            std::thread::sleep(std::time::Duration::from_nanos(left_ns));
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

/// Opens a device again and again.
pub(crate) struct Search {
    device: WasapiDevice,
    woken: Option<Arc<StreamWaker>>,
    _apartment: Option<SharedApartment>,
}

impl Search {
    pub(crate) fn new(device: WasapiDevice) -> Self {
        Self {
            device,
            woken: Event::new().ok().map(|event| Arc::new(StreamWaker(event))),
            _apartment: SharedApartment::hold().ok(),
        }
    }
}

impl Reopener for Search {
    fn open(&mut self, request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError> {
        self.device.open(request)
    }

    fn chosen(&mut self) -> Chosen {
        self.device.chosen()
    }

    fn pause(&mut self, limit_ns: u64) {
        let limit_ms = (limit_ns / NS_PER_MS).clamp(1, 10_000) as u32;
        let mut waited_ms = 0;
        // One that stays and refuses is asked again after the whole pause only.
        let before = self.device.chosen();
        while waited_ms < limit_ms {
            let step_ms = LOOK_MS.min(limit_ms - waited_ms);
            let Some(woken) = &self.woken else {
                std::thread::sleep(std::time::Duration::from_millis(u64::from(step_ms)));
                return;
            };
            if wait_first(&[&**woken], step_ms) != Signal::TimedOut {
                return;
            }
            waited_ms += step_ms;
            if self.device.chosen() != before {
                return;
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
