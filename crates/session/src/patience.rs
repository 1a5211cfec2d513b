//! How often a device that is gone is looked for.

/// How long the first pauses between attempts are, in nanoseconds. A device that comes back is mostly
/// told at once; these are for those that are not.
const PAUSE_NS: u64 = 10_000_000;
/// So many attempts are made before the pauses grow: two seconds' worth.
const EAGER_ATTEMPTS: u32 = 200;
/// The longest pause: attempts get rarer while nothing changes.
const PAUSE_MAX_NS: u64 = 1_000_000_000;

/// The pauses between attempts: short at first, then ever longer.
#[derive(Debug)]
pub(crate) struct Patience {
    pause_ns: u64,
    /// Since something changed.
    attempts: u32,
}

impl Patience {
    /// Nothing was tried yet.
    pub(crate) fn new() -> Self {
        Self {
            pause_ns: PAUSE_NS,
            attempts: 0,
        }
    }

    /// How long the next pause is, in nanoseconds.
    pub(crate) fn pause_ns(&self) -> u64 {
        self.pause_ns
    }

    /// An attempt was in vain.
    pub(crate) fn failed(&mut self) {
        self.attempts = self.attempts.saturating_add(1);
        if self.attempts > EAGER_ATTEMPTS {
            self.pause_ns = (self.pause_ns + self.pause_ns / 8).min(PAUSE_MAX_NS);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_are_short_for_two_seconds_and_then_grow_to_one() {
        let mut patience = Patience::new();
        let mut waited_ns = 0;
        while patience.pause_ns() == PAUSE_NS {
            waited_ns += patience.pause_ns();
            patience.failed();
        }
        assert!(
            (2_000_000_000..2_020_000_000).contains(&waited_ns),
            "{waited_ns}"
        );
        let grown_ns = patience.pause_ns();
        assert!(grown_ns < 2 * PAUSE_NS, "{grown_ns}");
        (0..1_000).for_each(|_| patience.failed());
        assert_eq!(patience.pause_ns(), PAUSE_MAX_NS);
    }
}
