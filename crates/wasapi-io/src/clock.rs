//! The clock that wake-ups are stamped with.

#![allow(unsafe_code)]

use std::sync::OnceLock;

use crate::bindings::{QueryPerformanceCounter, QueryPerformanceFrequency, timeGetTime};
use crate::duration::ns_from_ticks;

struct Scale {
    ticks_per_second: u64,
    /// Added to the counter's time, wrapping, to bring it to the scale of `timeGetTime`.
    offset_ns: u64,
}

/// Nanoseconds of a clock that never goes back: the system's performance counter, shifted once per
/// process so that it agrees with `timeGetTime`, which is what ASIO hosts compare with.
///
/// Any thread. Real-time safe, but for the first call in the process.
pub fn now_ns() -> u64 {
    let scale = scale();
    ns_from_ticks(counter(), scale.ticks_per_second).wrapping_add(scale.offset_ns)
}

/// The instant at which the performance counter stood at `counter_hns`, in the units of 100 ns in
/// which the system tells it, by [`now_ns`]'s clock.
pub(crate) fn ns_from_counter_hns(counter_hns: u64) -> u64 {
    let counter_ns = counter_hns.saturating_mul(100);
    counter_ns.wrapping_add(scale().offset_ns)
}

fn scale() -> &'static Scale {
    static SCALE: OnceLock<Scale> = OnceLock::new();
    SCALE.get_or_init(|| {
        let ticks_per_second = frequency();
        // SAFETY: the call takes nothing and cannot fail.
        let wall_ns = u64::from(unsafe { timeGetTime() }) * 1_000_000;
        let counter_ns = ns_from_ticks(counter(), ticks_per_second);
        Scale {
            ticks_per_second,
            offset_ns: wall_ns.wrapping_sub(counter_ns),
        }
    })
}

fn counter() -> u64 {
    let mut ticks = 0;
    // SAFETY: `ticks` lives through the call, which cannot fail on any system we run on.
    let _ = unsafe { QueryPerformanceCounter(&mut ticks) };
    ticks as u64
}

fn frequency() -> u64 {
    let mut ticks_per_second = 0;
    // SAFETY: as in `counter`.
    let _ = unsafe { QueryPerformanceFrequency(&mut ticks_per_second) };
    u64::try_from(ticks_per_second).unwrap_or(1).max(1)
}
