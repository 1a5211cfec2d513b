//! Tells from the clock alone that a device must have run dry.
//!
//! What devices say of their queue is not all: one that was held up itself says that all is well.
//! But none can play on for longer than all that fits into its queue lasts.

/// Watches over the time between hand-overs. Real-time safe.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lateness {
    /// How long all that can be queued after a hand-over lasts.
    queue_ns: u64,
    handed_over_ns: u64,
    /// The last hand-over came too late, which has not been told yet.
    untold: bool,
    told: bool,
}

impl Lateness {
    /// For a device whose queue is full at `now_ns` and lasts `queue_ns` then.
    pub(crate) fn new(queue_ns: u64, now_ns: u64) -> Self {
        Self {
            queue_ns,
            handed_over_ns: now_ns,
            untold: false,
            told: false,
        }
    }

    /// Whether the device must have run dry before the wake-up at `woken_ns`. Each time that it did
    /// is told once.
    pub(crate) fn woken(&mut self, woken_ns: u64) -> bool {
        self.told = self.too_long_until(woken_ns);
        std::mem::take(&mut self.untold) || self.told
    }

    /// Frames were handed over at `now_ns`.
    pub(crate) fn handed_over(&mut self, now_ns: u64) {
        self.untold = self.too_long_until(now_ns) && !self.told;
        self.handed_over_ns = now_ns;
        self.told = false;
    }

    fn too_long_until(&self, now_ns: u64) -> bool {
        now_ns.saturating_sub(self.handed_over_ns) > self.queue_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_on_time_is_not_late() {
        let mut lateness = Lateness::new(30, 0);
        for now_ns in (10..1_000).step_by(10) {
            assert!(!lateness.woken(now_ns));
            lateness.handed_over(now_ns + 5);
        }
    }

    #[test]
    fn a_late_wake_up_is_told_at_once_and_once() {
        let mut lateness = Lateness::new(30, 0);
        assert!(lateness.woken(31));
        lateness.handed_over(32);
        assert!(!lateness.woken(40));
    }

    #[test]
    fn a_late_hand_over_is_told_at_the_next_wake_up_and_once() {
        let mut lateness = Lateness::new(30, 0);
        assert!(!lateness.woken(10));
        lateness.handed_over(31);
        assert!(lateness.woken(32));
        lateness.handed_over(33);
        assert!(!lateness.woken(43));
    }

    #[test]
    fn lateness_that_follows_on_lateness_is_told_each_time() {
        let mut lateness = Lateness::new(30, 0);
        assert!(!lateness.woken(10));
        lateness.handed_over(40);
        assert!(lateness.woken(80));
        lateness.handed_over(81);
        assert!(!lateness.woken(90));
    }
}
