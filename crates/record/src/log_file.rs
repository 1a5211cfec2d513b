//! The log: one line for each event, for people. Several programs may write to the same file.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::calendar::utc;
use crate::event::{Entry, Instance};
use crate::text::{plain, sentence};

/// From this length on a log makes room for a new one: it becomes `NAME.old`, once.
const LOG_BYTES_MAX: u64 = 1 << 20;

/// Writes to a log. The file is open only while it is written to, so that anybody can move it.
pub(crate) struct LogFile {
    path: PathBuf,
    who: String,
}

impl LogFile {
    /// A log of that instance in that file.
    pub(crate) fn new(path: &Path, instance: &Instance) -> Self {
        let Instance {
            program,
            pid,
            driver,
            ..
        } = instance;
        Self {
            path: path.to_owned(),
            who: plain(&format!("{program} {pid}, {driver}")),
        }
    }

    /// Adds a line.
    ///
    /// # Errors
    /// One sentence: it could not be written.
    pub(crate) fn add(&self, entry: &Entry) -> Result<(), String> {
        let text = sentence(&entry.event);
        let line = format!("{} UTC  {}: {text}\n", utc(entry.at_ms), self.who);
        self.append(line.as_bytes()).map_err(|error| {
            format!(
                "the log \"{}\" cannot be written: {error}",
                self.path.display()
            )
        })
    }

    fn append(&self, line: &[u8]) -> io::Result<()> {
        match fs::metadata(&self.path) {
            // A pipe would keep us waiting.
            Ok(about) if !about.is_file() => return Err(io::Error::other("it is no file")),
            Ok(about) if about.len() + line.len() as u64 > LOG_BYTES_MAX => {
                let mut old = self.path.clone().into_os_string();
                old.push(".old");
                fs::rename(&self.path, old)?;
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.path)?;
        file.write_all(line)
    }
}
