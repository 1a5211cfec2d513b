//! Ctrl-C and termination as a flag that every wait looks at, so that all guards run their course.

use std::sync::OnceLock;

use anyhow::{Result, bail};

static PENDING: OnceLock<()> = OnceLock::new();

/// Takes over Ctrl-C, SIGTERM and SIGHUP. Call once, from `main`.
pub fn install() -> Result<()> {
    // A second Ctrl-C finds it set: nothing to add.
    ctrlc::set_handler(|| {
        let _ = PENDING.set(());
    })?;
    Ok(())
}

/// Whether the user asked to stop.
pub fn pending() -> bool {
    PENDING.get().is_some()
}

/// An error once the user asked to stop.
pub fn check() -> Result<()> {
    if pending() {
        bail!("interrupted");
    }
    Ok(())
}
