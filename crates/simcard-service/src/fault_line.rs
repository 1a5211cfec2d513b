//! A fault on its way to the service, as text in the numbers of a call.

use simcard::fault::{self, Scheduled};

use crate::layout::WORDS;

/// Bytes of UTF-8 that fit.
pub const FAULT_BYTES_MAX: usize = 8 * (WORDS - 1);

/// A line of a script of faults. `at` and its time may be left out: then it strikes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultLine([u8; FAULT_BYTES_MAX]);

impl FaultLine {
    /// Takes a line.
    ///
    /// # Errors
    /// One sentence: it is too long.
    pub fn new(text: &str) -> Result<Self, String> {
        let mut bytes = [0; FAULT_BYTES_MAX];
        match bytes.get_mut(..text.len()) {
            Some(room) => room.copy_from_slice(text.as_bytes()),
            None => {
                return Err(format!(
                    "The fault '{text}' is too long; {FAULT_BYTES_MAX} bytes are allowed."
                ));
            }
        }
        Ok(Self(bytes))
    }

    /// What a call carries.
    pub(crate) fn words(&self) -> [u64; WORDS - 1] {
        let groups = self.0.as_chunks::<8>().0;
        std::array::from_fn(|n| u64::from_le_bytes(groups[n]))
    }

    /// The line that a call carries.
    pub(crate) fn of_words(words: &[u64; WORDS - 1]) -> Self {
        let mut bytes = [0; FAULT_BYTES_MAX];
        for (to, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(words) {
            *to = word.to_le_bytes();
        }
        Self(bytes)
    }

    /// The fault; its time counts from now.
    ///
    /// # Errors
    /// As [`fault::parse_line`].
    pub fn read(&self) -> Result<Scheduled, String> {
        let text = String::from_utf8_lossy(&self.0);
        let text = text.trim_end_matches('\0').trim();
        if text.starts_with("at ") {
            fault::parse_line(text)
        } else {
            fault::parse_line(&format!("at 0s {text}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use simcard::fault::Fault;

    use super::*;

    #[test]
    fn a_line_strikes_at_once_or_later() {
        let now = FaultLine::new("lose OUT").unwrap().read().unwrap();
        assert_eq!((now.at_ns, now.fault), (0, Fault::Lose));
        assert_eq!(now.target.as_deref(), Some("OUT"));
        let later = FaultLine::new(" at 5ms late 3 periods ").unwrap();
        let later = later.read().unwrap();
        assert_eq!((later.at_ns, later.fault), (5_000_000, Fault::Late(3)));
        assert!(FaultLine::new("explode").unwrap().read().is_err());
        let long = FaultLine::new(&"x".repeat(FAULT_BYTES_MAX + 1));
        assert!(long.unwrap_err().contains("too long"));
    }

    proptest! {
        #[test]
        fn lines_cross_unaltered(text in ".{0,30}") {
            let line = FaultLine::new(&text).unwrap();
            prop_assert_eq!(FaultLine::of_words(&line.words()), line);
        }

        #[test]
        fn no_numbers_do_harm(words: [u64; WORDS - 1]) {
            let _ = FaultLine::of_words(&words).read();
        }
    }
}
