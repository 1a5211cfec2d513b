//! Marks on finished work: the text is everything that the work depends on.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Whether the work was finished for exactly this `key`.
pub fn is_current(path: &Path, key: &str) -> bool {
    fs::read_to_string(path).is_ok_and(|found| found == key)
}

/// Marks the work as finished.
pub fn set(path: &Path, key: &str) -> Result<()> {
    fs::write(path, key).with_context(|| format!("cannot write {}", path.display()))
}
