//! Records to a file what a real-time thread hands over.
//!
//! [`record`] makes the two ends of a recording: a [`Feed`], which takes frames on a real-time thread and
//! never waits, and a [`Recording`], which tells how it goes and ends it. Between them is a ring, and behind it
//! a thread that converts and writes.
//!
//! - The file begins and ends at the frames that are asked for, to the frame.
//! - It is a WAV file, and becomes an RF64 file (EBU Tech 3306) when it outgrows 4 GiB. Its header is true
//!   once in a second, so that a file whose program died is short, but valid.
//! - When the disk is too slow, silence takes the place of the frames that were lost, and they are counted:
//!   what comes later stays in its place.
//! - When the disk is full, or gone, what was written until then is a valid file, and the rest is thrown away.
//!
//! What this crate never does: make the real-time thread allocate, lock or wait; overwrite a file.
#![forbid(unsafe_code)]

mod error;
mod feed;
mod medium;
mod piece;
mod recording;
mod settings;
mod wav;
mod worker;

pub use error::Error;
pub use feed::Feed;
pub use medium::Medium;
pub use recording::{Recording, State, Status, record, record_on};
pub use settings::Settings;
