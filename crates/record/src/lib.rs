//! The event record of a driver instance: what was opened, refused, lost, found again and when.
//!
//! A [`Recorder`] takes typed [`Event`]s from control threads and numbers from the real-time thread
//! ([`Gauges`]), and hands them to a thread of its own, which writes three things:
//!
//! - the *state* of the running instance, a small file that is replaced while something changes
//!   ([`running`] reads them all);
//! - the *record* of the instance, a file of JSON lines that stays when it has ended ([`sessions`]
//!   reads the last ones);
//! - a *log* for people, where one was asked for.
//!
//! All of them are bounded. Nobody who tells an event waits for a disk: when the thread is behind,
//! events are dropped and counted. Whatever is wrong with the folder, the disk or a file in it, nothing
//! fails but the record; [`check`] says in one sentence why.
#![forbid(unsafe_code)]

mod calendar;
mod event;
mod gauges;
mod line;
mod live_file;
mod log_file;
mod places;
mod reader;
mod recorder;
mod session_file;
mod state;
mod text;
mod totals;
mod worker;

pub use calendar::utc;
pub use event::{Code, Entry, Event, Fault, Instance, Opened, Side, Why};
pub use gauges::{Gauges, Readings};
pub use places::{LOG_VARIABLE, Places, STATE_VARIABLE};
pub use reader::{Found, Session, check, running, sessions};
pub use recorder::{CodeNames, Recorder};
pub use state::{Now, State};
pub use text::{duration, plain, sentence, times};
pub use totals::Totals;
