//! Single numbers shared between the real-time thread and others: wait-free on both sides.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

/// A yes or no. What a thread wrote before [`set`](Self::set) is seen by whoever [`get`](Self::get)s
/// the value that was set.
#[derive(Debug, Default)]
pub struct Flag(AtomicBool);

impl Flag {
    /// A flag that is `value`.
    pub const fn new(value: bool) -> Self {
        Self(AtomicBool::new(value))
    }

    /// Sets the flag.
    pub fn set(&self, value: bool) {
        self.0.store(value, Ordering::Release);
    }

    /// Reads the flag.
    pub fn get(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A number that only grows, with wrap-around.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// A counter at 0.
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Counts `n` more. What this thread wrote before is seen by whoever reads the new number.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Release);
    }

    /// Reads the number.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// A number that one thread sets and others read.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// A gauge at that value.
    pub const fn new(value: u64) -> Self {
        Self(AtomicU64::new(value))
    }

    /// Sets the value. What this thread wrote before is seen by whoever reads the new value.
    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Release);
    }

    /// Reads the value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// Remembers a thread, so that code can ask whether it runs on it.
#[derive(Debug, Default)]
pub struct ThreadMark(AtomicUsize);

thread_local!(static TOKEN: u8 = const { 0 });

/// A number that no other living thread has; never 0. The first call on a thread may allocate.
fn token() -> usize {
    TOKEN.with(|token| std::ptr::from_ref(token).addr())
}

impl ThreadMark {
    /// No thread.
    pub const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    /// Remembers the calling thread instead of any other.
    pub fn set(&self) {
        self.0.store(token(), Ordering::Release);
    }

    /// Forgets the calling thread; another one stays remembered. To be called before the thread
    /// ends, because a later thread may get the same number.
    pub fn clear(&self) {
        let _ = self
            .0
            .compare_exchange(token(), 0, Ordering::AcqRel, Ordering::Acquire);
    }

    /// Whether the calling thread is the remembered one.
    pub fn is_here(&self) -> bool {
        self.0.load(Ordering::Acquire) == token()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_tells_threads_apart() {
        let mark = ThreadMark::new();
        assert!(!mark.is_here());
        mark.set();
        assert!(mark.is_here());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                assert!(!mark.is_here());
                mark.clear();
            });
        });
        assert!(mark.is_here(), "another thread's clear is its own");
        mark.clear();
        assert!(!mark.is_here());
    }

    #[test]
    fn a_counter_counts_from_all_threads() {
        let counter = Counter::new();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|_| counter.add(2)));
            }
        });
        assert_eq!(counter.get(), 8000);
    }
}
