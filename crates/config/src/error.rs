//! What is wrong with a file, in one sentence each.

use std::fmt;
use std::path::PathBuf;

/// Where something is in a text. Both count from 1; columns count letters, not bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Place {
    /// The place of a byte in the text.
    pub(crate) fn of(text: &str, byte: usize) -> Self {
        let before = &text.as_bytes()[..byte.min(text.len())];
        let line_start = before
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |newline| newline + 1);
        Self {
            line: before.iter().filter(|&&byte| byte == b'\n').count() + 1,
            column: String::from_utf8_lossy(&before[line_start..])
                .chars()
                .count()
                + 1,
        }
    }
}

/// Something in the text that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Where; `None` where the text as a whole is meant.
    pub place: Option<Place>,
    /// The key as one would write it, `profile."Studio".mode`; empty outside any key.
    pub key: String,
    /// What was wrong and what to write instead.
    pub message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(Place { line, column }) = self.place {
            write!(f, "line {line}, column {column}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Something wrong with the file: with what is in it, or with reading or writing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// Which file.
    pub path: PathBuf,
    /// What is wrong.
    pub error: Error,
}

impl FileError {
    pub(crate) fn new(path: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            error: Error {
                place: None,
                key: String::new(),
                message: message.into(),
            },
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joint = if self.error.place.is_some() { "," } else { ":" };
        write!(f, "{}{joint} {}", self.path.display(), self.error)
    }
}

impl std::error::Error for FileError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_letters_from_one() {
        let text = "a\nbö c\r\nd";
        let of = |byte| {
            let Place { line, column } = Place::of(text, byte);
            (line, column)
        };
        assert_eq!(of(0), (1, 1));
        assert_eq!(of(2), (2, 1));
        assert_eq!(of(5), (2, 3));
        assert_eq!(of(text.len() - 1), (3, 1));
        assert_eq!(of(1000), (3, 2));
    }
}
