//! Which of the mixer's periods a low-latency stream asks for.

/// The periods that a device's mixer offers, in frames of its rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EnginePeriods {
    pub(crate) default_frames: u32,
    /// Every period is a multiple of this.
    pub(crate) fundamental_frames: u32,
    pub(crate) min_frames: u32,
    pub(crate) max_frames: u32,
}

impl EnginePeriods {
    /// The shortest period on offer that has `block_frames` in it; the longest if none has.
    pub(crate) fn covering(&self, block_frames: u32) -> u32 {
        let unit = self.fundamental_frames.max(1);
        let longest = (self.max_frames / unit * unit).max(self.min_frames);
        let wanted = block_frames.max(self.min_frames);
        let whole = wanted.div_ceil(unit).saturating_mul(unit);
        whole.min(longest).max(1)
    }

    /// Whether there is anything shorter than what every stream gets.
    pub(crate) fn offers_less(&self) -> bool {
        self.min_frames > 0 && self.min_frames < self.default_frames
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const IN_BOX: EnginePeriods = EnginePeriods {
        default_frames: 480,
        fundamental_frames: 16,
        min_frames: 128,
        max_frames: 480,
    };
    const VENDOR: EnginePeriods = EnginePeriods {
        min_frames: 480,
        ..IN_BOX
    };

    #[test]
    fn t7_the_block_is_the_period_where_it_is_on_offer() {
        assert_eq!(IN_BOX.covering(256), 256);
        assert_eq!(IN_BOX.covering(64), 128);
        assert_eq!(IN_BOX.covering(130), 144);
        assert_eq!(IN_BOX.covering(2_048), 480);
    }

    #[test]
    fn t8_a_driver_without_short_periods_is_told_from_one_that_has_them() {
        assert!(IN_BOX.offers_less());
        assert!(!VENDOR.offers_less());
        assert_eq!(VENDOR.covering(64), 480);
    }

    proptest! {
        #[test]
        fn t7_a_period_is_always_one_on_offer(
            unit in 1_u32..64,
            (min, max) in (1_u32..40, 0_u32..40).prop_map(|(min, more)| (min, min + more)),
            block in any::<u32>(),
        ) {
            let periods = EnginePeriods {
                default_frames: max * unit,
                fundamental_frames: unit,
                min_frames: min * unit,
                max_frames: max * unit,
            };
            let period = periods.covering(block);
            prop_assert_eq!(period % unit, 0);
            prop_assert!((periods.min_frames..=periods.max_frames).contains(&period));
            if block <= periods.max_frames {
                prop_assert!(period >= block);
                let shorter = period.saturating_sub(unit);
                prop_assert!(shorter < block || shorter < periods.min_frames);
            }
        }

        #[test]
        fn senseless_periods_do_no_harm(
            default_frames in any::<u32>(),
            fundamental_frames in any::<u32>(),
            min_frames in any::<u32>(),
            max_frames in any::<u32>(),
            block in any::<u32>(),
        ) {
            let periods = EnginePeriods { default_frames, fundamental_frames, min_frames, max_frames };
            prop_assert!(periods.covering(block) > 0);
        }
    }
}
