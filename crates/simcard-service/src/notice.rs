//! What the machine tells everybody, as numbers in shared memory.

use simcard::spec::Flow;

/// What the machine tells everybody, as one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeWord {
    /// An endpoint is there, or is no longer.
    State {
        /// Its number.
        device: u16,
        /// Whether it is there.
        present: bool,
    },
    /// Another endpoint is the default of its direction, or none is.
    Default {
        /// The direction.
        flow: Flow,
        /// The endpoint's number.
        device: Option<u16>,
    },
    /// Somebody has set an endpoint's mixer to another format.
    Format {
        /// The endpoint's number.
        device: u16,
    },
}

impl NoticeWord {
    /// The number.
    pub fn word(self) -> u64 {
        match self {
            NoticeWord::State { device, present } => {
                1 | u64::from(present) << 8 | u64::from(device) << 16
            }
            NoticeWord::Default { flow, device } => {
                let device = device.map_or(0, |device| 1 << 32 | u64::from(device) << 16);
                2 | (flow as u64) << 8 | device
            }
            NoticeWord::Format { device } => 3 | u64::from(device) << 16,
        }
    }

    /// What a number stands for.
    pub fn from_word(word: u64) -> Option<Self> {
        let device = (word >> 16) as u16;
        match word & 0xFF {
            1 => Some(NoticeWord::State {
                device,
                present: word & 0x100 != 0,
            }),
            2 => Some(NoticeWord::Default {
                flow: if word & 0x100 == 0 {
                    Flow::Render
                } else {
                    Flow::Capture
                },
                device: (word >> 32 != 0).then_some(device),
            }),
            3 => Some(NoticeWord::Format { device }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn notices_cross_unaltered() {
        for notice in [
            NoticeWord::State {
                device: 3,
                present: true,
            },
            NoticeWord::State {
                device: 0,
                present: false,
            },
            NoticeWord::Default {
                flow: Flow::Capture,
                device: Some(0),
            },
            NoticeWord::Default {
                flow: Flow::Render,
                device: None,
            },
            NoticeWord::Format { device: 7 },
        ] {
            assert_eq!(NoticeWord::from_word(notice.word()), Some(notice));
        }
        assert_eq!(NoticeWord::from_word(0), None);
    }

    proptest! {
        #[test]
        fn no_number_does_harm(word: u64) {
            let _ = NoticeWord::from_word(word);
        }
    }
}
