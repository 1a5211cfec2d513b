//! Reads what instances have written. Nothing that is in the folder, whoever put it there, does more
//! harm than one sentence.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::event::{Entry, Event, Instance};
use crate::line::{self, Line};
use crate::live_file::{self, ENDING as STATE_ENDING, LOCK_ENDING};
use crate::places::{self, Places, STATE_VARIABLE};
use crate::session_file::{self, FILE_BYTES_MAX};
use crate::state::State;
use crate::totals::Totals;

/// How often a state is read that is just being overwritten.
const READS_MAX: u32 = 4;
/// Longer than that takes.
const OVERWRITTEN_SOON: Duration = Duration::from_millis(1);

/// What was found, and in sentences what could not be read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found<T> {
    /// What was found.
    pub items: Vec<T>,
    /// What could not be read, and why.
    pub problems: Vec<String>,
}

impl<T> Default for Found<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            problems: Vec::new(),
        }
    }
}

/// The record of one instance.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Session {
    /// The name of the instance's files; names sort by time.
    pub id: String,
    /// The entries that are kept, the newest last.
    pub entries: Vec<Entry>,
    /// Entries whose detail is no longer kept; they count in the totals.
    pub trimmed: u64,
    /// What all entries amount to.
    pub totals: Totals,
    /// Lines that say nothing of ours.
    pub unreadable: u64,
    /// Whether the instance still is.
    pub is_running: bool,
}

impl Session {
    /// Whose it was, where that can be read.
    pub fn instance(&self) -> Option<&Instance> {
        self.entries.iter().find_map(|entry| match &entry.event {
            Event::Begun(instance) => Some(instance),
            _ => None,
        })
    }

    /// How long it has been recorded, in milliseconds.
    pub fn length_ms(&self) -> u64 {
        self.entries.last().map_or(0, |entry| entry.since_ms)
    }

    /// When it began, in milliseconds since 1970.
    pub fn begun_ms(&self) -> u64 {
        self.entries.first().map_or(0, |entry| entry.at_ms)
    }

    fn read(id: &str, bytes: &[u8]) -> Self {
        let mut session = Self {
            id: id.to_owned(),
            ..Self::default()
        };
        for text in bytes.split(|&byte| byte == b'\n') {
            match line::parse(text) {
                Some(Line::Entry(entry)) => {
                    session.totals.add(&entry);
                    session.entries.push(entry);
                }
                Some(Line::Trimmed(trimmed)) => {
                    session.totals = trimmed.totals;
                    session.trimmed = trimmed.entries;
                }
                None if text.is_empty() => {}
                None => session.unreadable += 1,
            }
        }
        session
    }
}

/// The last `count` records, the newest first.
pub fn sessions(places: &Places, count: usize) -> Found<Session> {
    let mut found = Found::default();
    let Some(state) = &places.state else {
        return found;
    };
    let folder = places::sessions(state);
    for id in listed(&folder, session_file::ENDING, &mut found.problems)
        .iter()
        .rev()
        .take(count)
    {
        let path = folder.join(format!("{id}.{}", session_file::ENDING));
        match read(&path, FILE_BYTES_MAX) {
            Ok(bytes) => {
                let mut session = Session::read(id, &bytes);
                session.is_running = matches!(life(state, id), Life::Runs);
                if session.entries.is_empty() {
                    let path = path.display();
                    found
                        .problems
                        .push(format!("\"{path}\" is no record; delete it"));
                } else {
                    found.items.push(session);
                }
            }
            Err(error) => found.problems.push(unreadable(&path, &error)),
        }
    }
    found
}

/// The states of all running instances, the oldest first. What ended without tidying up is tidied up.
pub fn running(places: &Places) -> Found<State> {
    let mut found = Found::default();
    let Some(state) = &places.state else {
        return found;
    };
    let folder = places::running(state);
    let mut ids = listed(&folder, STATE_ENDING, &mut found.problems);
    ids.extend(listed(&folder, LOCK_ENDING, &mut found.problems));
    ids.sort_unstable();
    ids.dedup();
    for id in ids {
        let path = folder.join(format!("{id}.{STATE_ENDING}"));
        match life(state, &id) {
            Life::Over => {
                let _ = fs::remove_file(&path);
                let _ = fs::remove_file(folder.join(format!("{id}.{LOCK_ENDING}")));
                continue;
            }
            Life::Unknown(error) => {
                found.problems.push(unreadable(&path, &error));
                continue;
            }
            Life::Runs => {}
        }
        match read_state(&path) {
            Ok(Some(state)) => found.items.push(state),
            Ok(None) => {
                let path = path.display();
                found
                    .problems
                    .push(format!("\"{path}\" is no state of an instance"));
            }
            // It has just begun, or ended.
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => found.problems.push(unreadable(&path, &error)),
        }
    }
    found
}

/// Whether states and records can be written.
///
/// # Errors
/// One sentence: why not, and what to do.
pub fn check(places: &Places) -> Result<(), String> {
    let Some(state) = &places.state else {
        return Err(format!(
            "this user has no folder for it; name one in {STATE_VARIABLE}"
        ));
    };
    let path = state.join(format!("check-{}.new", std::process::id()));
    let try_it = || {
        fs::create_dir_all(places::running(state))?;
        fs::create_dir_all(places::sessions(state))?;
        fs::write(&path, [b' '; 4096])?;
        fs::remove_file(&path)
    };
    try_it().map_err(|error| {
        let _ = fs::remove_file(&path);
        format!(
            "nothing can be written to \"{}\": {error}; make room there, or name another folder in \
             {STATE_VARIABLE}",
            state.display()
        )
    })
}

/// The state in a file; `None`: it is none, and not only because it is being overwritten or has just been made.
fn read_state(path: &Path) -> io::Result<Option<State>> {
    let mut reads = 0;
    loop {
        let state = live_file::from_bytes(&read(path, FILE_BYTES_MAX)?);
        reads += 1;
        if state.is_some() || reads == READS_MAX {
            return Ok(state);
        }
        std::thread::sleep(OVERWRITTEN_SOON);
    }
}

enum Life {
    Runs,
    Over,
    Unknown(io::Error),
}

/// Whether the instance of that id still is.
fn life(state: &Path, id: &str) -> Life {
    let path = places::running(state).join(format!("{id}.{LOCK_ENDING}"));
    match fs::metadata(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Life::Over,
        Err(error) => return Life::Unknown(error),
        // A pipe would keep us waiting.
        Ok(about) if !about.is_file() => return Life::Unknown(io::Error::other("it is no file")),
        Ok(_) => {}
    }
    match File::open(&path).map(|lock| lock.try_lock_shared()) {
        Ok(Ok(())) => Life::Over,
        Ok(Err(TryLockError::WouldBlock)) => Life::Runs,
        Ok(Err(TryLockError::Error(error))) => Life::Unknown(error),
        Err(error) if error.kind() == ErrorKind::NotFound => Life::Over,
        Err(error) => Life::Unknown(error),
    }
}

fn listed(folder: &Path, ending: &str, problems: &mut Vec<String>) -> Vec<String> {
    session_file::ids(folder, ending).unwrap_or_else(|error| {
        problems.push(unreadable(folder, &error));
        Vec::new()
    })
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    format!("\"{}\" cannot be read: {error}", path.display())
}

/// The first bytes of a file.
fn read(path: &Path, bytes_max: usize) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(bytes_max as u64)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}
