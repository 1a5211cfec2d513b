//! What both ends need of the system.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use crate::layout::Header;

/// One end's way to the other: the memory that both see, and the two events.
pub trait Link: Send {
    /// The beginning of the memory.
    fn header(&self) -> &Header;

    /// The samples behind it: those that the client hears, in two halves, then those that it plays.
    /// Shorter ones are read as silence.
    fn samples(&self) -> &[AtomicU32];

    /// Wakes the other end. Never blocks.
    fn wake(&self);

    /// Waits until the other end wakes this one, for so many nanoseconds at most; false when it did
    /// not. A wake-up that came before counts; several count once.
    fn wait(&self, timeout_ns: u64) -> bool;

    /// What ends this end's own [`wait`](Self::wait) from any thread; where a link has none, nothing.
    fn interrupter(&self) -> Interrupter {
        Interrupter::new(|| {})
    }

    /// Whether that process, which the other end claims to be, is still there.
    fn is_alive(&self, process: u32) -> bool;
}

/// Ends a wait for the other end, from any thread. Never blocks.
#[derive(Clone)]
pub struct Interrupter(Arc<dyn Fn() + Send + Sync>);

impl Interrupter {
    /// What calls that.
    pub fn new(interrupt: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(interrupt))
    }

    /// Ends the current wait, or the next.
    pub fn interrupt(&self) {
        (self.0)();
    }
}
