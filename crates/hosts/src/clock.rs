//! The performance counter: the clock on which callbacks are noted.
#![cfg_attr(windows, expect(unsafe_code, reason = "asks the system for the time"))]

#[cfg(windows)]
use crate::system::{QueryPerformanceCounter, QueryPerformanceFrequency};

/// The performance counter in nanoseconds. The same for every process of the machine.
#[cfg(windows)]
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    ticks_per_second: u64,
}

/// Where there is no performance counter: nanoseconds since the clock was made.
#[cfg(not(windows))]
#[derive(Clone, Copy, Debug)]
pub struct Clock(std::time::Instant);

#[cfg(not(windows))]
impl Clock {
    /// Begins at 0.
    pub fn new() -> Self {
        Self(std::time::Instant::now())
    }

    /// Now.
    pub fn now_ns(&self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }
}

#[cfg(windows)]
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
