//! What the test build exports beside the driver: the real-time guard's counters.

#![allow(unsafe_code)] // Exports and a pointer from outside.

use rt::guard::{self, CountingAllocator, Plant};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Writes four numbers to `out`: sections, and the allocations, frees and locks inside them.
///
/// # Safety
/// `out` is null or has room for four numbers.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn asio2wasapi_guard_counts(out: *mut u64) {
    if !out.is_null() {
        let counts = guard::counts();
        let numbers = [
            counts.sections,
            counts.allocations,
            counts.frees,
            counts.locks,
        ];
        // SAFETY: not null, so it has room for four numbers by the caller's promise.
        unsafe { out.cast::<[u64; 4]>().write_unaligned(numbers) };
    }
}

/// From now on each section commits a fault: 0 none, 1 an allocation, 2 a lock.
#[unsafe(no_mangle)]
pub extern "C" fn asio2wasapi_guard_plant(kind: u32) {
    if let Some(fault) = Plant::from_number(kind) {
        guard::plant(fault);
    }
}
