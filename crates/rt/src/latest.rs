//! The latest of some numbers, from one thread to another, whole and without a lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

/// In the word that both ends exchange: the slot in the middle holds what was not taken yet.
const FRESH: u8 = 4;
const SLOT: u8 = 3;

/// Three slots: one is the writer's, one the reader's, one in the middle. Either end exchanges its
/// own for the one in the middle, so that none ever waits and none sees a slot that the other
/// holds. What is in them are atomics only so that no unsafe code is needed.
#[derive(Debug)]
struct Slots {
    words: [Box<[AtomicU32]>; 3],
    middle: AtomicU8,
}

/// The end that publishes. See [`latest`].
#[derive(Debug)]
pub struct LatestWriter {
    slots: Arc<Slots>,
    own: u8,
}

/// The end that takes. See [`latest`].
#[derive(Debug)]
pub struct LatestReader {
    slots: Arc<Slots>,
    own: u8,
}

/// Hands over sets of `words` numbers, all of which always belong together: the reader gets the
/// latest set or none, and those between are lost. Both ends are wait-free and allocate nothing.
pub fn latest(words: usize) -> (LatestWriter, LatestReader) {
    let slot = || (0..words).map(|_| AtomicU32::new(0)).collect();
    let slots = Arc::new(Slots {
        words: [slot(), slot(), slot()],
        middle: AtomicU8::new(1),
    });
    let writer = LatestWriter {
        slots: Arc::clone(&slots),
        own: 0,
    };
    (writer, LatestReader { slots, own: 2 })
}

impl Slots {
    fn words(&self, slot: u8) -> &[AtomicU32] {
        &self.words[usize::from(slot) % 3]
    }
}

impl LatestWriter {
    /// Publishes a set. Numbers that `values` has too few of are 0, and those beyond are left out.
    pub fn set(&mut self, values: impl IntoIterator<Item = u32>) {
        let mut values = values.into_iter();
        for word in self.slots.words(self.own) {
            word.store(values.next().unwrap_or(0), Ordering::Relaxed);
        }
        // Release: whoever takes this slot sees the set. Acquire: the reader is done with the slot
        // that comes back.
        let middle = self.slots.middle.swap(self.own | FRESH, Ordering::AcqRel);
        self.own = middle & SLOT;
    }

    /// Whether the last set was taken.
    pub fn is_taken(&self) -> bool {
        self.slots.middle.load(Ordering::Acquire) & FRESH == 0
    }
}

impl LatestReader {
    /// The latest set, if one was published since this was asked last.
    pub fn take(&mut self) -> Option<impl Iterator<Item = u32> + '_> {
        if self.slots.middle.load(Ordering::Relaxed) & FRESH == 0 {
            return None;
        }
        // As in `set`, the other way round.
        let middle = self.slots.middle.swap(self.own, Ordering::AcqRel);
        self.own = middle & SLOT;
        let words = self.slots.words(self.own).iter();
        Some(words.map(|word| word.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_is_taken_once_and_those_before_are_lost() {
        let (mut writer, mut reader) = latest(2);
        assert!(reader.take().is_none() && writer.is_taken());
        writer.set([1, 2]);
        writer.set([3]);
        assert!(!writer.is_taken());
        let taken: Vec<u32> = reader.take().expect("there is one").collect();
        assert_eq!(taken, [3, 0]);
        assert!(reader.take().is_none() && writer.is_taken());
        for n in 0..10 {
            writer.set([n, n, n]);
            let taken: Vec<u32> = reader.take().expect("there is one").collect();
            assert_eq!(taken, [n, n]);
        }
    }

    #[test]
    fn numbers_that_belong_together_stay_together() {
        const SETS: u32 = 100_000;
        let (mut writer, mut reader) = latest(16);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for n in 1..=SETS {
                    writer.set((0..16).map(|word| n.wrapping_mul(word + 1)));
                }
            });
            let mut seen = 0;
            while seen < SETS {
                let Some(set) = reader.take() else {
                    std::thread::yield_now();
                    continue;
                };
                let set: Vec<u32> = set.collect();
                assert!(set[0] > seen, "it went back");
                seen = set[0];
                for (word, value) in (1..).zip(set) {
                    assert_eq!(value, seen.wrapping_mul(word), "of two sets");
                }
            }
        });
    }
}
