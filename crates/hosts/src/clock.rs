//! The performance counter: the clock on which callbacks are noted.
#![expect(unsafe_code, reason = "asks the system for the time")]

use crate::system::{QueryPerformanceCounter, QueryPerformanceFrequency};

/// The performance counter in nanoseconds. The same for every process of the machine.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    ticks_per_second: u64,
}

impl Clock {
    /// Finds out how fast the counter runs.
    pub fn new() -> Self {
        let mut frequency = 0;
        // SAFETY: the system writes one number to the address given, which is a local's.
        unsafe { QueryPerformanceFrequency(&mut frequency) };
        Self {
            ticks_per_second: u64::try_from(frequency).unwrap_or(0).max(1),
        }
    }

    /// Now. Neither allocates nor locks.
    pub fn now_ns(&self) -> u64 {
        let mut ticks = 0;
        // SAFETY: the system writes one number to the address given, which is a local's.
        unsafe { QueryPerformanceCounter(&mut ticks) };
        let ticks = u128::from(u64::try_from(ticks).unwrap_or(0));
        (ticks * 1_000_000_000 / u128::from(self.ticks_per_second)) as u64
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}
