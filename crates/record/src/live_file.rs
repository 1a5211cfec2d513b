//! The state of a running instance, in a file that is overwritten in place, and a lock that tells whether
//! the instance still is: the system gives it back when the process ends, however it ends.
//!
//! A new file each time would cost a directory entry, a rename and, on most machines, a virus scan, twice a second
//! beside a real-time thread. Overwritten bytes cost one write; so that nobody takes half of one state and half of
//! another for a state, a check is behind it.

use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};

use crate::places;
use crate::state::State;

/// How the names of states end.
pub(crate) const ENDING: &str = "json";
/// How the names of locks end.
pub(crate) const LOCK_ENDING: &str = "lock";

/// The two files of a running instance. Dropping it removes them.
pub(crate) struct LiveFile {
    path: PathBuf,
    file: Option<File>,
    lock_path: PathBuf,
    lock: Option<File>,
    written: Option<State>,
    /// How long the file is; what is shorter is filled with blanks.
    bytes: usize,
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
            file: None,
            lock_path,
            lock: Some(lock),
            written: None,
            bytes: 0,
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
        self.overwrite(state).map_err(|error| {
            self.file = None;
            format!(
                "the state \"{}\" cannot be written: {error}",
                self.path.display()
            )
        })?;
        self.written = Some(state.clone());
        Ok(())
    }

    fn overwrite(&mut self, state: &State) -> io::Result<()> {
        let mut bytes = to_bytes(state);
        let file = match &mut self.file {
            Some(file) => file,
            None => {
                self.bytes = 0;
                self.file.insert(File::create(&self.path)?)
            }
        };
        self.bytes = self.bytes.max(bytes.len());
        bytes.resize(self.bytes, b' ');
        file.rewind()?;
        file.write_all(&bytes)
    }
}

/// A state, and on the line below its check.
fn to_bytes(state: &State) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(state).unwrap_or_default();
    let check = check(&bytes);
    bytes.extend_from_slice(format!("\n{check:016x}\n").as_bytes());
    bytes
}

/// The state in a file's bytes; `None`: these are no state, or it is just being overwritten.
pub(crate) fn from_bytes(bytes: &[u8]) -> Option<State> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let (text, told) = (lines.next()?, lines.next()?);
    let told = u64::from_str_radix(str::from_utf8(told).ok()?, 16).ok()?;
    (told == check(text)).then(|| serde_json::from_slice(text).ok())?
}

/// FNV-1a, 64 bits, by Fowler, Noll and Vo: other bytes have another one, as good as always.
fn check(bytes: &[u8]) -> u64 {
    const OFFSET: u64 = 0xCBF2_9CE4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01B3;
    let step = |sum: u64, byte: &u8| (sum ^ u64::from(*byte)).wrapping_mul(PRIME);
    bytes.iter().fold(OFFSET, step)
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
        // Not every system removes an open file.
        self.file = None;
        let _ = fs::remove_file(&self.path);
        self.lock = None;
        let _ = fs::remove_file(&self.lock_path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(id: &str) -> State {
        State {
            id: id.to_owned(),
            ..State::default()
        }
    }

    #[test]
    fn the_check_is_the_published_one() {
        // From its authors' test vectors.
        assert_eq!(check(b""), 0xCBF2_9CE4_8422_2325);
        assert_eq!(check(b"a"), 0xAF63_DC4C_8601_EC8C);
        assert_eq!(check(b"foobar"), 0x8594_4171_F739_67E8);
    }

    #[test]
    fn half_of_one_state_and_half_of_another_are_none() {
        let (old, new) = (to_bytes(&state("0000")), to_bytes(&state("1111")));
        assert_eq!(old.len(), new.len());
        for at in 0..=old.len() {
            let mixed = [&new[..at], &old[at..]].concat();
            let read = from_bytes(&mixed);
            let whole = [state("0000"), state("1111")];
            assert!(
                read.is_none_or(|read| whole.contains(&read)),
                "{at} bytes of the new one"
            );
        }
        assert_eq!(from_bytes(&new), Some(state("1111")));
    }

    #[test]
    fn a_shorter_state_leaves_nothing_of_a_longer_one() {
        let folder = std::env::temp_dir().join(format!("record-live-{}", std::process::id()));
        let mut live = LiveFile::new(&folder, "1-1-1").unwrap();
        for id in ["a longer name than the next", "short", "of medium length"] {
            live.write(&state(id)).unwrap();
            let bytes = fs::read(&live.path).unwrap();
            assert_eq!(from_bytes(&bytes), Some(state(id)));
        }
        drop(live);
        fs::remove_dir_all(&folder).unwrap();
    }
}
