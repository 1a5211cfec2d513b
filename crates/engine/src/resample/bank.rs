//! Filters that are kept: between two rates with a simple ratio the same fractions of a frame come over and
//! over, as long as the clocks are one.

use super::position::Step;
use crate::latency::gcd;

/// More bytes of filters are not kept: they would drive everything else from the CPU's cache.
const BYTES_MAX: usize = 256 * 1024;

/// Knows which filter is kept where. Each fraction has one slot, and the last that came there keeps it.
#[derive(Clone, Debug)]
pub(super) struct Bank {
    /// The step by which the fractions come back.
    step: Step,
    /// The fraction whose filter is in each slot; no number where there is none.
    fractions: Vec<f64>,
}

/// Where the filter of a fraction is to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It is in that slot.
    Kept(usize),
    /// It has to be made, into that slot.
    Free(usize),
    /// It has to be made, and its slot is in use.
    Elsewhere,
}

impl Bank {
    /// For filters of `taps` numbers between these rates; `None` where the fractions come back too seldom.
    pub(super) fn new(source_hz: u32, sink_hz: u32, taps: usize) -> Option<Bank> {
        let slots = (sink_hz / gcd(source_hz, sink_hz)) as usize;
        let bytes = slots.checked_mul(taps * size_of::<f64>())?;
        (bytes <= BYTES_MAX).then(|| Bank {
            step: Step::between(source_hz, sink_hz),
            fractions: vec![f64::NAN; slots],
        })
    }

    /// Filters that are kept at most.
    pub(super) fn slots(&self) -> usize {
        self.fractions.len()
    }

    /// Whether fractions come back with that step.
    pub(super) fn serves(&self, step: Step) -> bool {
        self.step == step
    }

    /// Where the filter of a fraction, 0 to below 1, is. `in_use`: slots that must stay as they are.
    pub(super) fn place(&mut self, fraction: f64, in_use: &[usize]) -> Place {
        let slots = self.fractions.len();
        let slot = (fraction * slots as f64 + 0.5) as usize % slots;
        let Some(kept) = self.fractions.get_mut(slot) else {
            return Place::Elsewhere;
        };
        // Bit by bit, as the last bits wander: what comes out must not depend on what was before.
        if kept.to_bits() == fraction.to_bits() {
            Place::Kept(slot)
        } else if in_use.contains(&slot) {
            Place::Elsewhere
        } else {
            *kept = fraction;
            Place::Free(slot)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_ratios_are_kept_and_others_are_not() {
        let slots = |from, to, taps| Bank::new(from, to, taps).map(|bank| bank.slots());
        assert_eq!(slots(44_100, 48_000, 96), Some(160));
        assert_eq!(slots(48_000, 44_100, 105), Some(147));
        assert_eq!(slots(48_000, 96_000, 96), Some(2));
        assert_eq!(slots(48_000, 48_000, 32), Some(1));
        assert_eq!(slots(48_000, 44_101, 32), None);
        assert_eq!(slots(192_000, 44_100, 418), None);
    }

    #[test]
    fn a_slot_in_use_is_left_alone() {
        let mut bank = Bank::new(44_100, 48_000, 8).expect("a bank");
        assert_eq!(bank.place(0.25, &[]), Place::Free(40));
        assert_eq!(bank.place(0.25, &[40]), Place::Kept(40));
        let next = 0.25 + f64::EPSILON;
        assert_eq!(bank.place(next, &[7, 40]), Place::Elsewhere);
        assert_eq!(bank.place(0.25, &[40]), Place::Kept(40));
        assert_eq!(bank.place(next, &[7]), Place::Free(40));
        assert_eq!(bank.place(0.25, &[]), Place::Free(40));
        // The fraction before the next frame is nearest to that.
        assert_eq!(bank.place(1.0 - f64::EPSILON, &[]), Place::Free(0));
        assert!(bank.serves(Step::between(44_100, 48_000)) && !bank.serves(Step::ONE));
    }
}
