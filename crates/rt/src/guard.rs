//! The real-time guard: counts what a real-time section must not do.
//!
//! Only in builds with the feature `guard`. The module that is to be watched makes
//! [`CountingAllocator`] its global allocator; locks are counted by [`crate::Mutex`]. It sees what
//! this module's own code does, in a host's process too: the host and the system have allocators of
//! their own.

#![allow(unsafe_code)] // A global allocator, and thread-local storage that does not allocate.

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

static SECTIONS: AtomicU64 = AtomicU64::new(0);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static FREES: AtomicU64 = AtomicU64::new(0);
static LOCKS: AtomicU64 = AtomicU64::new(0);
static PLANTED: AtomicU32 = AtomicU32::new(Plant::Nothing as u32);
static PLANTED_LOCK: crate::Mutex<()> = crate::Mutex::new(());

/// What has been counted since the module was loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Real-time sections entered.
    pub sections: u64,
    /// Allocations in them, reallocations included.
    pub allocations: u64,
    /// Frees in them.
    pub frees: u64,
    /// Mutexes taken in them, or tried.
    pub locks: u64,
}

/// Reads the counters.
pub fn counts() -> Counts {
    Counts {
        sections: SECTIONS.load(Ordering::Relaxed),
        allocations: ALLOCATIONS.load(Ordering::Relaxed),
        frees: FREES.load(Ordering::Relaxed),
        locks: LOCKS.load(Ordering::Relaxed),
    }
}

/// A fault that every section commits on purpose, to show that the guard fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Plant {
    /// No fault.
    Nothing = 0,
    /// One allocation and its free.
    Allocation = 1,
    /// One lock.
    Lock = 2,
}

impl Plant {
    /// The fault of that number.
    pub fn from_number(number: u32) -> Option<Plant> {
        [Plant::Nothing, Plant::Allocation, Plant::Lock]
            .into_iter()
            .find(|plant| *plant as u32 == number)
    }
}

/// From now on every section commits this fault.
pub fn plant(fault: Plant) {
    PLANTED.store(fault as u32, Ordering::Relaxed);
}

/// Marks this thread as inside a section until dropped.
pub(crate) struct Armed;

impl Armed {
    pub(crate) fn new() -> Armed {
        SECTIONS.fetch_add(1, Ordering::Relaxed);
        thread_flag::set(true);
        match Plant::from_number(PLANTED.load(Ordering::Relaxed)) {
            Some(Plant::Allocation) => drop(black_box(Box::new(0u64))),
            Some(Plant::Lock) => drop(PLANTED_LOCK.lock()),
            Some(Plant::Nothing) | None => {}
        }
        Armed
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        thread_flag::set(false);
    }
}

pub(crate) fn count_lock() {
    if thread_flag::get() {
        LOCKS.fetch_add(1, Ordering::Relaxed);
    }
}

/// The system's allocator, with every call inside a real-time section counted.
#[derive(Debug)]
pub struct CountingAllocator;

fn count(counter: &AtomicU64) {
    if thread_flag::get() {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

// SAFETY: every call goes to `System` unchanged, which keeps the contract of `GlobalAlloc`;
// counting neither allocates nor unwinds.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(&ALLOCATIONS);
        // SAFETY: the caller's guarantees are those of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(&ALLOCATIONS);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(&ALLOCATIONS);
        // SAFETY: as above.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(&FREES);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// One flag a thread, readable from inside the allocator.
#[cfg(not(windows))]
mod thread_flag {
    use std::cell::Cell;

    thread_local!(static ARMED: Cell<bool> = const { Cell::new(false) });

    pub(super) fn set(armed: bool) {
        ARMED.with(|flag| flag.set(armed));
    }

    pub(super) fn get() -> bool {
        ARMED.try_with(Cell::get).unwrap_or(false)
    }
}

/// One flag a thread, readable from inside the allocator. `thread_local!` allocates at first use on
/// some Windows targets, which an allocator cannot bear, so the system's slots are used directly.
#[cfg(windows)]
mod thread_flag {
    use std::ffi::c_void;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[link(name = "kernel32")]
    unsafe extern "system" {
        fn TlsAlloc() -> u32;
        fn TlsSetValue(index: u32, value: *mut c_void) -> i32;
        fn TlsGetValue(index: u32) -> *mut c_void;
    }

    const NONE: u32 = u32::MAX;
    static INDEX: AtomicU32 = AtomicU32::new(NONE);

    pub(super) fn set(armed: bool) {
        let mut index = INDEX.load(Ordering::Acquire);
        if index == NONE {
            // SAFETY: takes nothing, returns a slot or TLS_OUT_OF_INDEXES, which is NONE.
            let new = unsafe { TlsAlloc() };
            // If another thread was faster, its slot is used and this one stays unused.
            index = match INDEX.compare_exchange(NONE, new, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => new,
                Err(theirs) => theirs,
            };
        }
        // SAFETY: the value is a mark and never followed; a bad index makes the call fail.
        unsafe { TlsSetValue(index, std::ptr::without_provenance_mut(usize::from(armed))) };
    }

    pub(super) fn get() -> bool {
        let index = INDEX.load(Ordering::Acquire);
        // SAFETY: reads this thread's slot; a bad index makes the call return null.
        index != NONE && !unsafe { TlsGetValue(index) }.is_null()
    }
}
