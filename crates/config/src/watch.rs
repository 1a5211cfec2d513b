//! Following the file while it changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::error::FileError;
use crate::file::{Loaded, load_text, understood};
use crate::model::Config;

/// How often [`Watcher::poll`] is meant to be called.
pub const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// For so many polls after a change the file is read each time: the clocks of some file systems
/// tick every 2 s only, and a second change within one tick could not be told by the date.
const READ_POLLS: u32 = 5;

/// Tells when a file says something new. It asks for the file's date and length at each poll and
/// reads the file after a change. A new text counts when two polls in a row have found it, so that a
/// file which is just being written is not taken for half of itself, nor for gone.
#[derive(Debug)]
pub struct Watcher {
    path: PathBuf,
    stamp: Stamp,
    reads_left: u32,
    current: Content,
    /// What the last poll found, where that was new.
    found: Option<Content>,
}

type Stamp = Option<(Option<SystemTime>, u64)>;
type Content = Result<String, FileError>;

impl Watcher {
    /// Begins to follow the file, and tells what it says now, as [`load`](crate::load) does.
    pub fn new(path: &Path) -> (Self, Loaded) {
        let watcher = Self {
            path: path.to_owned(),
            stamp: stamp(path),
            reads_left: READ_POLLS,
            current: load_text(path),
            found: None,
        };
        let loaded = watcher.loaded();
        (watcher, loaded)
    }

    /// The configuration that the file has been changed to, or what is wrong with it now; `None` as
    /// long as nothing is new. After an error the last configuration goes on holding. Any thread but
    /// real-time ones.
    ///
    /// # Errors
    /// Everything that is wrong, once for each change.
    pub fn poll(&mut self) -> Option<Result<Config, Vec<FileError>>> {
        let stamp = stamp(&self.path);
        if stamp != self.stamp {
            self.stamp = stamp;
            self.reads_left = READ_POLLS;
        }
        self.reads_left = self.reads_left.checked_sub(1)?;
        let content = load_text(&self.path);
        if content == self.current {
            self.found = None;
            return None;
        }
        if self.found.as_ref() != Some(&content) {
            self.found = Some(content);
            self.reads_left = READ_POLLS;
            return None;
        }
        self.found = None;
        self.current = content;
        let Loaded { config, errors } = self.loaded();
        Some(if errors.is_empty() {
            Ok(config)
        } else {
            Err(errors)
        })
    }

    fn loaded(&self) -> Loaded {
        match &self.current {
            Ok(text) => understood(&self.path, text),
            Err(error) => Loaded {
                config: Config::default(),
                errors: vec![error.clone()],
            },
        }
    }
}

/// Date and length; nothing where there is no file.
fn stamp(path: &Path) -> Stamp {
    let found = fs::metadata(path).ok()?;
    Some((found.modified().ok(), found.len()))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A folder of a test's own, gone afterwards.
    pub(crate) struct Folder(pub(crate) PathBuf);

    impl Folder {
        pub(crate) fn new(name: &str) -> Self {
            let name = format!("asio2wasapi-config-{}-{name}", std::process::id());
            let folder = std::env::temp_dir().join(name);
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        pub(crate) fn file(&self) -> PathBuf {
            self.0.join("config.toml")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn rates(config: &Config) -> Vec<Option<u32>> {
        config.profiles[4..]
            .iter()
            .map(|profile| profile.rate_hz)
            .collect()
    }

    fn profile(rate_hz: u32) -> String {
        format!("[profile.A]\nrate_hz = {rate_hz}\n")
    }

    #[test]
    fn a_change_is_told_once_when_it_has_settled() {
        let folder = Folder::new("watch");
        let path = folder.file();
        let (mut watcher, loaded) = Watcher::new(&path);
        assert_eq!(loaded, Loaded::default());
        for _ in 0..10 {
            assert_eq!(watcher.poll(), None);
        }
        fs::write(&path, profile(48_000)).unwrap();
        assert_eq!(watcher.poll(), None);
        let config = watcher.poll().unwrap().unwrap();
        assert_eq!(rates(&config), [Some(48_000)]);
        // Of the same length, within the same tick of a coarse clock.
        let tick = fs::metadata(&path).and_then(|known| known.modified());
        fs::write(&path, profile(44_100)).unwrap();
        let file = fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(tick.unwrap()).unwrap();
        drop(file);
        assert_eq!(watcher.poll(), None);
        assert_eq!(rates(&watcher.poll().unwrap().unwrap()), [Some(44_100)]);
        for _ in 0..10 {
            assert_eq!(watcher.poll(), None);
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(watcher.poll(), None);
        assert_eq!(watcher.poll(), Some(Ok(Config::default())));
    }

    #[test]
    fn what_is_half_written_is_not_told() {
        let folder = Folder::new("half");
        let path = folder.file();
        fs::write(&path, profile(48_000)).unwrap();
        let (mut watcher, _) = Watcher::new(&path);
        fs::write(&path, "").unwrap();
        assert_eq!(watcher.poll(), None);
        fs::write(&path, "[profile.A]\n").unwrap();
        assert_eq!(watcher.poll(), None);
        fs::write(&path, profile(48_000)).unwrap();
        for _ in 0..10 {
            assert_eq!(watcher.poll(), None);
        }
    }

    #[test]
    fn a_fault_is_told_once_and_so_is_its_end() {
        let folder = Folder::new("fault");
        let path = folder.file();
        let (mut watcher, _) = Watcher::new(&path);
        fs::write(&path, "[profile.A]\nmode = 3\n").unwrap();
        assert_eq!(watcher.poll(), None);
        let errors = watcher.poll().unwrap().unwrap_err();
        assert_eq!(errors.len(), 1);
        assert_eq!(watcher.poll(), None);
        fs::write(&path, "[profile.A]\n").unwrap();
        assert_eq!(watcher.poll(), None);
        assert!(watcher.poll().unwrap().is_ok());
    }
}
