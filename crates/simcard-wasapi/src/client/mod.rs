//! A bare WASAPI client: plays and records with nothing between the files and the interfaces, and
//! checks what the documentation promises. It runs on the simulated card and on any other.

#![allow(unsafe_code)]

mod check;
mod duplex;
mod open;
mod play;
mod record;
mod watch;

pub use check::{Finding, check};
pub use duplex::{DuplexReport, Moment, duplex};
pub use open::{Failure, How, Opened, Wish, open};
pub use play::{PlayReport, play};
pub use record::{RecordReport, record};
pub use watch::watch;
