//! A mutex that the real-time guard can see.

#![allow(clippy::disallowed_types)] // The one place that may name the standard mutex.

use std::sync;

/// Mutual exclusion for everything outside the real-time path.
///
/// Unlike the standard mutex it does not poison: a panic is caught at the ABI border and the state
/// behind the mutex stays usable, because every method leaves it whole.
#[derive(Debug, Default)]
pub struct Mutex<T>(sync::Mutex<T>);

/// Access to what a [`Mutex`] holds; gives it back when dropped.
pub type MutexGuard<'a, T> = sync::MutexGuard<'a, T>;

impl<T> Mutex<T> {
    /// A free mutex that holds `value`.
    pub const fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    /// Waits until the mutex is free and takes it. Never to be called in a real-time section.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        #[cfg(feature = "guard")]
        crate::guard::count_lock();
        self.0.lock().unwrap_or_else(sync::PoisonError::into_inner)
    }

    /// Takes the mutex if it is free now. Not for real-time sections either: giving it back may
    /// have to wake a waiter.
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        #[cfg(feature = "guard")]
        crate::guard::count_lock();
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(sync::TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(sync::TryLockError::WouldBlock) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    #[test]
    fn a_panic_while_locked_does_not_poison() {
        let mutex = Mutex::new(1);
        let result = catch_unwind(AssertUnwindSafe(|| {
            let _guard = mutex.lock();
            panic!("on purpose");
        }));
        assert!(result.is_err());
        *mutex.lock() += 1;
        assert_eq!(mutex.try_lock().map(|value| *value), Some(2));
    }

    #[test]
    fn a_taken_mutex_is_not_taken_twice() {
        let mutex = Mutex::new(());
        let held = mutex.lock();
        assert!(mutex.try_lock().is_none());
        drop(held);
        assert!(mutex.try_lock().is_some());
    }
}
