//! What the system's volume mixer, and whoever lists sessions, calls this process' streams.

use std::sync::OnceLock;

static NAME: OnceLock<String> = OnceLock::new();

/// From now on streams that play are called so, instead of what the program's file says. The first name
/// that is given stays.
pub fn name_sessions(name: &str) {
    let _ = NAME.set(name.to_owned());
}

/// The name, if one was given.
pub(crate) fn session_name() -> Option<&'static str> {
    NAME.get().map(String::as_str)
}
