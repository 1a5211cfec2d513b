//! The state of a running instance, in a file that is replaced as a whole, and a lock that tells whether
//! the instance still is: the system gives it back when the process ends, however it ends.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::places;
use crate::session_file::replace;
use crate::state::State;

/// How the names of states end.
pub(crate) const ENDING: &str = "json";
/// How the names of locks end.
pub(crate) const LOCK_ENDING: &str = "lock";

/// The two files of a running instance. Dropping it removes them.
pub(crate) struct LiveFile {
    path: PathBuf,
    lock_path: PathBuf,
    lock: Option<File>,
    written: Option<State>,
}

impl LiveFile {
    /// Takes the lock of the instance of that id.
    ///
    /// # Errors
    /// One sentence: it cannot be had.
    pub(crate) fn new(state: &Path, id: &str) -> Result<Self, String> {
        let folder = places::running(state);
        let lock_path = folder.join(format!("{id}.{LOCK_ENDING}"));
        let lock = lock(&folder, &lock_path).map_err(|error| {
            format!(
                "the state \"{}\" cannot be kept: {error}",
                lock_path.display()
            )
        })?;
        Ok(Self {
            path: folder.join(format!("{id}.{ENDING}")),
            lock_path,
            lock: Some(lock),
            written: None,
        })
    }

    /// Writes the state if it is another than before.
    ///
    /// # Errors
    /// One sentence: it could not be written.
    pub(crate) fn write(&mut self, state: &State) -> Result<(), String> {
        let is_as_before = |old: &State| {
            let updated_ms = state.updated_ms;
            *state
                == State {
                    updated_ms,
                    ..old.clone()
                }
        };
        if self.written.as_ref().is_some_and(is_as_before) {
            return Ok(());
        }
        let bytes = serde_json::to_vec(state).unwrap_or_default();
        replace(&self.path, &bytes).map_err(|error| {
            format!(
                "the state \"{}\" cannot be written: {error}",
                self.path.display()
            )
        })?;
        self.written = Some(state.clone());
        Ok(())
    }
}

fn lock(folder: &Path, path: &Path) -> io::Result<File> {
    fs::create_dir_all(folder)?;
    let lock = File::create(path)?;
    lock.try_lock()?;
    // Whoever tidies up may just have taken it for one that was left behind.
    fs::metadata(path)?;
    Ok(lock)
}

impl Drop for LiveFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        // Not every system removes an open file.
        self.lock = None;
        let _ = fs::remove_file(&self.lock_path);
    }
}
