//! Why a recording does not begin, or ends.

use std::io;
use std::path::Path;

/// A fault, in one sentence for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The system's kind of error; [`io::ErrorKind::InvalidInput`] for settings that cannot be.
    pub kind: io::ErrorKind,
    /// What was wrong, with which file, and what to do.
    pub message: String,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl Error {
    pub(crate) fn settings(message: impl Into<String>) -> Self {
        Self {
            kind: io::ErrorKind::InvalidInput,
            message: message.into(),
        }
    }

    /// The file cannot be made.
    pub(crate) fn create(path: &Path, error: &io::Error) -> Self {
        let name = path.display();
        let kind = error.kind();
        let message = match kind {
            io::ErrorKind::AlreadyExists => {
                format!("{name} is there already and is not overwritten; choose another name.")
            }
            io::ErrorKind::NotFound => {
                format!(
                    "{name} cannot be made, as its folder does not exist; make the folder first."
                )
            }
            io::ErrorKind::PermissionDenied => {
                format!("{name} cannot be made, as you may not write there; choose another folder.")
            }
            _ => format!("{name} cannot be made ({error}); {}.", remedy(kind)),
        };
        Self { kind, message }
    }

    /// Writing failed after so many frames.
    pub(crate) fn write(name: &str, error: &io::Error, frames: u64, rate_hz: u32) -> Self {
        let kind = error.kind();
        let length = length(frames, rate_hz);
        let why = match kind {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "the disk is full".to_owned()
            }
            io::ErrorKind::FileTooLarge => "its disk takes no larger files".to_owned(),
            _ => format!("it cannot be written to ({error})"),
        };
        let message = format!(
            "The recording {name} ended after {length}, which are in the file: {why}; {}.",
            remedy(kind)
        );
        Self { kind, message }
    }

    /// What was written cannot be made a whole file.
    pub(crate) fn close(name: &str, error: &io::Error) -> Self {
        let message = format!(
            "The recording {name} cannot be finished ({error}): its header may tell a length that is too \
             short by a second; {}.",
            remedy(error.kind())
        );
        Self {
            kind: error.kind(),
            message,
        }
    }
}

fn remedy(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "make room, or choose another disk, and start again"
        }
        _ => "choose another disk, and start again",
    }
}

/// A length as people read it.
fn length(frames: u64, rate_hz: u32) -> String {
    let rate_hz = u64::from(rate_hz.max(1));
    let seconds = frames / rate_hz;
    let milliseconds = frames % rate_hz * 1_000 / rate_hz;
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    format!("{hours}:{minutes:02}:{:02}.{milliseconds:03}", seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_in_one_sentence() {
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let error = Error::write("take 1.wav", &full, 48_000 * 3_725 + 24_000, 48_000);
        assert_eq!(
            error.message,
            "The recording take 1.wav ended after 1:02:05.500, which are in the file: the disk is full; \
             make room, or choose another disk, and start again."
        );
        let exists = io::Error::from(io::ErrorKind::AlreadyExists);
        let error = Error::create(Path::new("a.wav"), &exists);
        assert_eq!(
            error.message,
            "a.wav is there already and is not overwritten; choose another name."
        );
    }
}
