//! Why a driver's method did not do what it was asked.

use std::fmt;

use crate::abi::AsioError;

/// A failed call: the code for the program and a sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// What the method returns to the host.
    pub code: AsioError,
    /// One sentence: what was wrong, where, and what to do. The host gets it from
    /// `getErrorMessage`, cut to 123 bytes.
    pub message: String,
}

impl Error {
    /// An error with that code and sentence.
    pub fn new(code: AsioError, message: impl Into<String>) -> Error {
        Error {
            code,
            message: message.into(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// What a driver's methods return.
pub type Result<T> = std::result::Result<T, Error>;
