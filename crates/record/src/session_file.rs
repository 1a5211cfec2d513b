//! The record of one instance: a file of JSON lines that never gets longer than [`FILE_BYTES_MAX`].

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::event::Entry;
use crate::line::{LINE_BYTES_MAX, Trimmed, entry_line, trimmed_line};
use crate::places;
use crate::totals::Totals;

/// How long a file may get.
pub(crate) const FILE_BYTES_MAX: usize = 256 << 10;
/// How much of it remains when it was full: the newest entries.
const KEPT_BYTES: usize = FILE_BYTES_MAX / 2;
/// So many records remain.
pub(crate) const FILES_MAX: usize = 10;
/// How the names of records end.
pub(crate) const ENDING: &str = "jsonl";

/// Writes a record. It has no file until something happens that is worth one: hosts make instances
/// only to list them.
pub(crate) struct SessionFile {
    state: PathBuf,
    id: String,
    file: Option<File>,
    /// The first entry's line, which stays whatever happens.
    first: String,
    lines: VecDeque<(Entry, String)>,
    lines_bytes: usize,
    trimmed: Trimmed,
    totals: Totals,
}

impl SessionFile {
    /// The record of the instance of that id.
    pub(crate) fn new(state: &Path, id: &str) -> Self {
        Self {
            state: state.to_owned(),
            id: id.to_owned(),
            file: None,
            first: String::new(),
            lines: VecDeque::new(),
            lines_bytes: 0,
            trimmed: Trimmed::default(),
            totals: Totals::default(),
        }
    }

    /// Adds an entry. What could not be written is tried again with the next one.
    ///
    /// # Errors
    /// One sentence: it could not be written.
    pub(crate) fn add(&mut self, entry: Entry) -> Result<(), String> {
        self.totals.add(&entry);
        let line = entry_line(&entry);
        let is_full = self.bytes() + line.len() > FILE_BYTES_MAX;
        if self.first.is_empty() {
            self.first.clone_from(&line);
        } else {
            self.lines_bytes += line.len();
            self.lines.push_back((entry, line.clone()));
        }
        if is_full {
            self.trim();
            self.file = None;
        }
        if !self.totals.is_worth_keeping() {
            return Ok(());
        }
        let written = match self.file.as_mut() {
            Some(file) => file.write_all(line.as_bytes()),
            None => self.write_all(),
        };
        written.map_err(|error| {
            self.file = None;
            let path = self.path();
            format!(
                "the record \"{}\" cannot be written: {error}",
                path.display()
            )
        })
    }

    fn path(&self) -> PathBuf {
        let name = format!("{}.{ENDING}", self.id);
        places::sessions(&self.state).join(name)
    }

    /// How long the file is, or at least how long it would be.
    fn bytes(&self) -> usize {
        // The place for what stands instead of the lines that are gone is always kept.
        self.first.len() + LINE_BYTES_MAX + self.lines_bytes
    }

    fn trim(&mut self) {
        while self.bytes() > KEPT_BYTES {
            let Some((entry, line)) = self.lines.pop_front() else {
                return;
            };
            self.lines_bytes -= line.len();
            self.trimmed.entries += 1;
            self.trimmed.totals.add(&entry);
        }
    }

    /// Writes the whole file anew; whoever reads it sees the old or the new one.
    fn write_all(&mut self) -> io::Result<()> {
        let mut text = self.first.clone();
        if self.trimmed.entries > 0 {
            text += &trimmed_line(&self.trimmed);
        }
        text.extend(self.lines.iter().map(|(_, line)| line.as_str()));
        let path = self.path();
        if !path.exists() {
            fs::create_dir_all(places::sessions(&self.state))?;
            make_room(&self.state);
        }
        replace(&path, text.as_bytes())?;
        self.file = Some(OpenOptions::new().append(true).open(&path)?);
        Ok(())
    }
}

/// Replaces a file or makes it.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, bytes)
        .and_then(|()| fs::rename(&new, path))
        .inspect_err(|_| drop(fs::remove_file(&new)))
}

/// Deletes the oldest records, so that there is a place for one more. Those of running instances stay.
fn make_room(state: &Path) {
    let Ok(ids) = ids(&places::sessions(state), ENDING) else {
        return;
    };
    let surplus = (ids.len() + 1).saturating_sub(FILES_MAX);
    let old = ids.iter().filter(|id| {
        let lock = places::running(state).join(format!("{id}.lock"));
        !lock.exists()
    });
    for id in old.take(surplus) {
        let path = places::sessions(state).join(format!("{id}.{ENDING}"));
        let _ = fs::remove_file(path);
    }
}

/// No folder of ours has more files; what else somebody put there is not looked at.
const NAMES_MAX: usize = 4096;

/// The names without their ending of the files in a folder, in order; none where there is no folder.
pub(crate) fn ids(folder: &Path, ending: &str) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let id = |entry: fs::DirEntry| {
        let path = PathBuf::from(entry.file_name());
        let is_ours = path.extension()? == ending;
        is_ours.then(|| path.file_stem()?.to_str().map(str::to_owned))?
    };
    let mut ids: Vec<String> = entries
        .take(NAMES_MAX)
        .filter_map(|entry| id(entry.ok()?))
        .collect();
    ids.sort_unstable();
    Ok(ids)
}
