//! The performance counter, and short sleeps.

use std::sync::OnceLock;

use super::bindings::{QueryPerformanceCounter, QueryPerformanceFrequency};

windows_core::link!("ntdll.dll" "system" fn NtDelayExecution(alertable: u8, interval: *const i64) -> i32);

/// The performance counter in nanoseconds.
pub fn now_ns() -> u64 {
    static FREQUENCY: OnceLock<i64> = OnceLock::new();
    let frequency = *FREQUENCY.get_or_init(|| {
        let mut frequency = 0;
        // SAFETY: the pointer is to a value that lives through the call.
        let _ = unsafe { QueryPerformanceFrequency(&mut frequency) };
        frequency.max(1)
    });
    let mut count = 0;
    // SAFETY: as above.
    let _ = unsafe { QueryPerformanceCounter(&mut count) };
    (i128::from(count) * 1_000_000_000 / i128::from(frequency)) as u64
}

/// Sleeps for so long. The system's own call, as `Sleep` knows whole milliseconds only.
pub fn sleep_ns(duration_ns: u64) {
    let interval = -i64::try_from(duration_ns / 100).unwrap_or(i64::MAX);
    // SAFETY: the pointer is to a value that lives through the call.
    let _ = unsafe { NtDelayExecution(0, &interval) };
}
