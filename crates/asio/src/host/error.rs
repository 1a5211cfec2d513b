//! What can go wrong with a driver, seen from its host.

use super::MAX_STREAMS;
use crate::Guid;
use crate::abi::{AsioError, HResult};

/// Why a driver did not do what it was asked, in one sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The driver could not be loaded. Is it registered for programs of this bitness?
    #[error("the ASIO driver {clsid} cannot be loaded: {code}")]
    Load {
        /// The driver's class.
        clsid: Guid,
        /// What COM said.
        code: HResult,
    },
    /// The driver said no to `init`. Its text tells why.
    #[error("{driver} cannot be initialised: {text}")]
    Init {
        /// The driver's name.
        driver: String,
        /// The driver's own text.
        text: String,
    },
    /// A call failed.
    #[error("{driver}: {call} failed with {code}: {text}")]
    Call {
        /// The driver's name.
        driver: String,
        /// The method, as ASIO names it.
        call: &'static str,
        /// What it returned.
        code: AsioError,
        /// The driver's own text.
        text: String,
    },
    /// The driver breaks ASIO's rules; nothing was done with what it sent.
    #[error("{driver} breaks ASIO's rules: {rule}")]
    Broken {
        /// The driver's name.
        driver: String,
        /// What it should have done.
        rule: &'static str,
    },
    /// The driver has buffers already. Dispose of them first.
    #[error("{driver} has buffers already; dispose of them first")]
    StreamExists {
        /// The driver's name.
        driver: String,
    },
    /// All sets of callbacks are in use. Dispose of another driver's buffers first.
    #[error("{MAX_STREAMS} ASIO streams are open in this program already; close one first")]
    TooManyStreams,
    /// The list of drivers cannot be read.
    #[error("the list of ASIO drivers cannot be read: {0}")]
    List(String),
}

/// What a driver's methods return to their host.
pub type Result<T> = std::result::Result<T, Error>;
