//! What both sides need of Windows: memory that processes share, events, a mutex, time.

#![allow(unsafe_code)]

#[allow(
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    clippy::all,
    clippy::undocumented_unsafe_blocks
)]
mod bindings;
mod host;
mod line;
mod names;
mod objects;
mod time;

pub use host::{ServiceObjects, ServiceSystem};
pub use line::{Line, line};
pub use names::Names;
pub use objects::Event;
pub use time::{now_ns, sleep_ns};

/// The number of this process.
pub fn process_id() -> u32 {
    // SAFETY: the call takes nothing.
    unsafe { bindings::GetCurrentProcessId() }
}
