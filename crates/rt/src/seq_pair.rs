//! Two numbers that belong together, from one writer to any reader, without a lock.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};

/// Two `u64` that are always read as they were written together.
///
/// One thread writes ([`set`](Self::set), wait-free); any thread reads ([`get`](Self::get)). A
/// reader never delays the writer. This is a sequence lock: an odd sequence number means that a
/// write is under way.
#[derive(Debug, Default)]
pub struct SeqPair {
    /// Even: `values` are whole. Odd: the writer is between the two.
    sequence: AtomicU32,
    values: [AtomicU64; 2],
}

/// A reader that meets a write under way tries again at most so often. The writer needs a few
/// nanoseconds, so only a writer that was taken off its CPU in the middle uses them up.
const TRIES: usize = 1000;

impl SeqPair {
    /// A pair of zeros.
    pub const fn new() -> Self {
        Self {
            sequence: AtomicU32::new(0),
            values: [AtomicU64::new(0), AtomicU64::new(0)],
        }
    }

    /// Writes both numbers. For one thread at a time: two writers at once would mix their pairs.
    pub fn set(&self, pair: (u64, u64)) {
        let sequence = self.sequence.load(Ordering::Relaxed);
        self.sequence
            .store(sequence.wrapping_add(1), Ordering::Relaxed);
        // No value may be seen before the odd number: pairs with the Acquire fence in `get`.
        fence(Ordering::Release);
        self.values[0].store(pair.0, Ordering::Relaxed);
        self.values[1].store(pair.1, Ordering::Relaxed);
        // Both values are seen by whoever sees the even number.
        self.sequence
            .store(sequence.wrapping_add(2), Ordering::Release);
    }

    /// The numbers of one `set`, or `None` if the writer was interrupted in the middle of one for
    /// longer than a reader is ready to spin.
    pub fn get(&self) -> Option<(u64, u64)> {
        for _ in 0..TRIES {
            let before = self.sequence.load(Ordering::Acquire);
            let pair = (
                self.values[0].load(Ordering::Relaxed),
                self.values[1].load(Ordering::Relaxed),
            );
            // If a value came from a later `set`, the odd number of that `set` is seen below.
            fence(Ordering::Acquire);
            let after = self.sequence.load(Ordering::Relaxed);
            if before == after && before.is_multiple_of(2) {
                return Some(pair);
            }
            std::hint::spin_loop();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    #[test]
    fn readers_never_see_halves_of_two_writes() {
        let pair = SeqPair::new();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut seen = 0u64;
                while !done.load(Ordering::Relaxed) {
                    if let Some((a, b)) = pair.get() {
                        assert_eq!(b, a.wrapping_mul(3), "mixed pair");
                        assert!(a >= seen, "went back");
                        seen = a;
                    }
                }
                seen
            });
            for n in 1..=200_000u64 {
                pair.set((n, n.wrapping_mul(3)));
            }
            done.store(true, Ordering::Relaxed);
            assert!(reader.join().is_ok());
        });
        assert_eq!(pair.get(), Some((200_000, 600_000)));
    }
}
