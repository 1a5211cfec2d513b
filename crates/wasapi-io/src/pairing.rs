//! Lets both directions of one device meet in one cycle.

/// The longest that a device's output is kept waiting for its input.
const PATIENCE_MAX_NS: u64 = 2_000_000;
/// After so many waits in a row for nothing there is no more waiting, until the input is heard of
/// again.
const VAIN_MAX: u32 = 4;

/// Decides whether to wait for a device's input when its output is due. Real-time safe.
///
/// Both directions of one device come at the same instant, in either order. Input that comes just
/// after the output was served would wait for a whole period.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pairing {
    patience_ns: u64,
    /// The input was heard of since the output was due last.
    heard: bool,
    vain: u32,
}

impl Pairing {
    /// For a device with that period; one whose clocks are not one never waits.
    pub(crate) fn new(period_ns: u64, is_one_clock: bool) -> Self {
        let patience_ns = if is_one_clock {
            (period_ns / 4).min(PATIENCE_MAX_NS)
        } else {
            0
        };
        Self {
            patience_ns,
            heard: false,
            vain: 0,
        }
    }

    /// The input has something.
    pub(crate) fn heard(&mut self) {
        self.heard = true;
        self.vain = 0;
    }

    /// The output is due: for how long to wait for the input; 0 for not at all.
    pub(crate) fn patience_ns(&mut self) -> u64 {
        let heard = std::mem::take(&mut self.heard);
        if heard || self.vain >= VAIN_MAX {
            0
        } else {
            self.patience_ns
        }
    }

    /// The wait was for nothing.
    pub(crate) fn waited_in_vain(&mut self) {
        self.vain = self.vain.saturating_add(1);
    }

    /// The wait was rewarded: what came belongs to this cycle, and the next one may wait again.
    pub(crate) fn met(&mut self) {
        self.vain = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_waits_a_quarter_of_a_period_and_never_more_than_two_milliseconds() {
        assert_eq!(Pairing::new(3_000_000, true).patience_ns(), 750_000);
        assert_eq!(Pairing::new(10_000_000, true).patience_ns(), 2_000_000);
        assert_eq!(Pairing::new(10_000_000, false).patience_ns(), 0);
    }

    #[test]
    fn an_input_that_came_first_is_not_waited_for() {
        let mut pairing = Pairing::new(10_000_000, true);
        pairing.heard();
        assert_eq!(pairing.patience_ns(), 0);
        assert!(pairing.patience_ns() > 0, "the next time it is again");
    }

    #[test]
    fn an_input_that_always_comes_just_after_is_always_waited_for() {
        let mut pairing = Pairing::new(10_000_000, true);
        for _ in 0..100 {
            assert!(pairing.patience_ns() > 0);
            pairing.met();
        }
    }

    #[test]
    fn a_dead_input_is_given_up_and_taken_back_when_it_is_heard_of() {
        let mut pairing = Pairing::new(10_000_000, true);
        for _ in 0..VAIN_MAX {
            assert!(pairing.patience_ns() > 0);
            pairing.waited_in_vain();
        }
        for _ in 0..100 {
            assert_eq!(pairing.patience_ns(), 0);
        }
        pairing.heard();
        assert_eq!(pairing.patience_ns(), 0);
        assert!(pairing.patience_ns() > 0);
    }
}
