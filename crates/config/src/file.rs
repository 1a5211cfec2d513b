//! The file: where it is, reading it whatever is in it, writing it whole or not at all.

use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use crate::error::FileError;
use crate::model::Config;
use crate::read::read;

/// The environment variable that names another file.
pub const PATH_VARIABLE: &str = "ASIO2WASAPI_CONFIG";

/// A larger file is none of ours.
const BYTES_MAX: u64 = 256 << 10;

/// Where this user's file is: what [`PATH_VARIABLE`] says, or `asio2wasapi\config.toml` in `%APPDATA%`,
/// or `asio2wasapi/config.toml` in `$XDG_CONFIG_HOME` or `~/.config`. It need not exist. `None` for a
/// user without such a folder.
pub fn path() -> Option<PathBuf> {
    path_from(cfg!(windows), |name| std::env::var_os(name))
}

fn path_from(windows: bool, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name: &str| {
        variable(name)
            .map(PathBuf::from)
            .filter(|folder| folder.is_absolute())
    };
    if let Some(path) = variable(PATH_VARIABLE).filter(|path| !path.is_empty()) {
        return Some(path.into());
    }
    let folder = if windows {
        folder("APPDATA")
    } else {
        folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")))
    };
    Some(folder?.join("asio2wasapi").join("config.toml"))
}

/// What holds, and what is wrong with the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// What holds: all of the file that could be understood, defaults for the rest.
    pub config: Config,
    /// What is wrong, in the file's order.
    pub errors: Vec<FileError>,
}

/// Reads the file. Whatever is wrong with it, there is a configuration; a file that does not exist
/// is right, and so is no path. Any thread but real-time ones.
pub fn load(path: Option<&Path>) -> Loaded {
    let Some(path) = path else {
        return Loaded::default();
    };
    match load_text(path) {
        Ok(text) => understood(path, &text),
        Err(error) => Loaded {
            config: Config::default(),
            errors: vec![error],
        },
    }
}

/// What the text of the file at `path` says.
pub(crate) fn understood(path: &Path, text: &str) -> Loaded {
    let (config, errors) = read(text);
    let of_file = |error| FileError {
        path: path.to_owned(),
        error,
    };
    Loaded {
        config,
        errors: errors.into_iter().map(of_file).collect(),
    }
}

/// The text of the file; empty if it does not exist.
///
/// # Errors
/// It cannot be read, is no text, or is longer than 256 KiB.
pub fn load_text(path: &Path) -> Result<String, FileError> {
    let fail = |message: String| FileError::new(path, message);
    let bytes = match read_bytes(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => {
            let message = format!("the file cannot be read: {error}; the defaults hold");
            return Err(fail(message));
        }
    };
    if bytes.len() as u64 > BYTES_MAX {
        let message = "the file is longer than 256 KiB and no configuration; the defaults hold";
        return Err(fail(message.to_owned()));
    }
    String::from_utf8(bytes).map_err(|_| {
        fail("the file is no UTF-8 text; save it as UTF-8, the defaults hold until then".to_owned())
    })
}

/// The bytes of the file, or just too many of them.
fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    // A pipe would keep its reader waiting.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take(BYTES_MAX + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Replaces the file, which had the text `old`, by one with the text `new`. Whoever reads it
/// meanwhile sees the one or the other. Makes the folder where there is none.
///
/// # Errors
/// It cannot be written, or it has another text than `old` by now. Then it is as it was.
pub fn save(path: &Path, old: &str, new: &str) -> Result<(), FileError> {
    if load_text(path)? != old {
        let message = "somebody else has changed the file in the meantime; try again";
        return Err(FileError::new(path, message));
    }
    write(path, new).map_err(|error| {
        FileError::new(
            path,
            format!("the file cannot be written: {error}; it is as it was"),
        )
    })
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    // A link stays one: what it leads to is replaced.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut temporary = path.clone().into_os_string();
    temporary.push(format!(".{}.new", std::process::id()));
    let written =
        write_through(Path::new(&temporary), text).and_then(|()| fs::rename(&temporary, &path));
    if written.is_err() {
        // The error to tell is the first.
        let _ = fs::remove_file(&temporary);
    }
    written
}

fn write_through(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Mode;
    use crate::watch::tests::Folder;

    #[test]
    fn every_system_has_its_own_place() {
        let root = if cfg!(windows) { r"C:\" } else { "/" };
        let of = |windows, known: &[(&str, String)]| {
            path_from(windows, |name| {
                let found = known.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| value.into())
            })
        };
        let set = |name: &'static str, folder: &str| (name, format!("{root}{folder}"));
        let file = |folder: &str| {
            Some(
                Path::new(root)
                    .join(folder)
                    .join("asio2wasapi")
                    .join("config.toml"),
            )
        };

        assert_eq!(
            of(true, &[set("APPDATA", "a"), set("HOME", "h")]),
            file("a")
        );
        assert_eq!(
            of(false, &[set("APPDATA", "a"), set("HOME", "h")]),
            file("h/.config")
        );
        assert_eq!(
            of(false, &[set("XDG_CONFIG_HOME", "x"), set("HOME", "h")]),
            file("x")
        );
        let relative = ("XDG_CONFIG_HOME", "x".to_owned());
        assert_eq!(of(false, &[relative, set("HOME", "h")]), file("h/.config"));
        assert_eq!(of(true, &[]), None);
        let named = [(PATH_VARIABLE, "my.toml".to_owned()), set("APPDATA", "a")];
        assert_eq!(of(true, &named), Some("my.toml".into()));
        let empty = [(PATH_VARIABLE, String::new()), set("APPDATA", "a")];
        assert_eq!(of(true, &empty), file("a"));
    }

    #[test]
    fn a_driver_starts_whatever_the_file_is() {
        let folder = Folder::new("load");
        let path = folder.file();
        assert_eq!(load(None), Loaded::default());
        assert_eq!(load(Some(&path)), Loaded::default());
        for (bytes, part) in [
            (&b"\xff\xfem\0o\0"[..], "save it as UTF-8"),
            (&vec![b'#'; (256 << 10) + 1][..], "longer than 256 KiB"),
            (&b"[[["[..], "no TOML"),
        ] {
            fs::write(&path, bytes).unwrap();
            let loaded = load(Some(&path));
            assert_eq!(loaded.config, Config::default());
            let [error] = &loaded.errors[..] else {
                panic!("{loaded:?}")
            };
            let text = error.to_string();
            assert!(
                text.contains(part) && text.contains("config.toml"),
                "{text}"
            );
            assert_eq!(text.lines().count(), 1, "{text}");
        }
        let loaded = load(path.parent());
        assert!(
            loaded.errors[0].to_string().contains("no file"),
            "{loaded:?}"
        );
    }

    #[test]
    fn what_is_right_counts_beside_what_is_wrong() {
        let folder = Folder::new("partly");
        let path = folder.file();
        fs::write(&path, "[profile.A]\nmode = \"exclusive\"\ndithr = true\n").unwrap();
        let loaded = load(Some(&path));
        assert_eq!(loaded.config.profile("A").unwrap().mode, Mode::Exclusive);
        let text = loaded.errors[0].to_string();
        let expected = "config.toml, line 3, column 1: profile.A.dithr: there is no such key; did \
                        you mean `dither`?";
        assert!(text.ends_with(expected), "{text}");
    }

    #[test]
    fn saving_is_whole_and_overwrites_nobody() {
        let folder = Folder::new("save");
        let path = folder.0.join("deeper").join("config.toml");
        save(&path, "", "# one\n").unwrap();
        save(&path, "# one\n", "# two\n").unwrap();
        let error = save(&path, "# one\n", "# three\n").unwrap_err();
        assert!(error.to_string().contains("somebody else"), "{error}");
        assert_eq!(load_text(&path).as_deref(), Ok("# two\n"));
        let left = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(left, 1, "no temporary file stays");
    }
}
