//! Checks any ASIO driver, each check in a process of its own, so that a crash or a hang is a result
//! like any other.
//!
//! - [`CHECKS`] is the list of checks; each guards against traps that users of real drivers fell
//!   into.
//! - [`apart`] runs checks in child processes; [`child`] is what such a process does.
//! - [`here`] runs one check in this process, for debuggers and for other test programs.
//! - [`Report`] is what comes out, as a table and as JSON.
//!
//! What is an error is decided by ASIO's rules as any host can see them: a crash, a hang, a success
//! that has no effect, memory written that a call must not touch, answers that contradict each other.
//! What only some hosts stumble over is a warning.

pub mod apart;
mod bench;
mod checks;
pub mod child;
#[cfg(windows)]
mod crash;
mod exit_status;
mod here;
mod marker;
mod message;
mod outcome;
mod random;
mod report;
mod samples;
mod settings;
mod source;
mod table;
mod watch;

pub use here::here;
pub use outcome::{CheckResult, Outcome};
pub use report::{DriverFacts, Report};
pub use settings::Settings;
#[cfg(windows)]
pub use source::Installed;
pub use source::Source;
pub use table::{CHECKS, Check, find};
