//! What threads wait with, on any system.

#![allow(dead_code)] // Each test takes what it needs.

use std::sync::{Arc, Condvar};
use std::time::Duration;

use engine::endpoint::Waker;
use engine::idle::Ticker;
use simcard_asio::local::now_ns;

/// An event of this process.
#[derive(Default)]
struct Bell {
    #[expect(
        clippy::disallowed_types,
        reason = "a condition variable wants this one"
    )]
    is_set: std::sync::Mutex<bool>,
    rung: Condvar,
}

impl Waker for Bell {
    fn wake(&self) {
        *self.is_set.lock().unwrap() = true;
        self.rung.notify_one();
    }
}

struct BellTicker(Arc<Bell>);

/// A ticker on this process's clock.
pub fn ticker() -> Box<dyn Ticker> {
    Box::new(BellTicker(Arc::default()))
}

impl Ticker for BellTicker {
    fn now_ns(&self) -> u64 {
        now_ns()
    }

    fn wait_until(&mut self, at_ns: u64) -> bool {
        let left = Duration::from_nanos(at_ns.saturating_sub(now_ns()));
        let guard = self.0.is_set.lock().unwrap();
        let (mut is_set, _) = self
            .0
            .rung
            .wait_timeout_while(guard, left, |is_set| !*is_set)
            .unwrap();
        !std::mem::take(&mut *is_set)
    }

    fn waker(&self) -> Arc<dyn Waker> {
        Arc::clone(&self.0) as Arc<dyn Waker>
    }

    fn set_running(&mut self, _running: bool) {}
}
