//! When Wine's server writes its registry to disk.
//!
//! It does so every 30 s while anything in it has changed, which each program's start brings about. Until it is done,
//! some 20 ms, it answers nobody: no event of any program comes through, and every sound of a prefix
//! stands still. Windows has nothing like it, so it is kept apart from what is tested.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::places::{self, Backend};
use crate::paths::Paths;

/// From one save to the next, and from the server's start to the first.
const PERIOD: Duration = Duration::from_secs(30);
/// What a save takes, with much to spare, and by how much its time may be misjudged.
const MARGIN: Duration = Duration::from_millis(300);
/// What a prefix keeps of the registry.
const FILES: [&str; 3] = ["system.reg", "user.reg", "userdef.reg"];

/// The saves of some prefixes.
#[derive(Clone, Debug)]
pub struct Saves {
    prefixes: Vec<PathBuf>,
}

impl Saves {
    /// Those of all prefixes of the rig.
    pub fn of(paths: &Paths) -> Saves {
        let prefix = |backend: &Backend| places::prefix(paths, *backend);
        Saves {
            prefixes: Backend::EVERY.iter().map(prefix).collect(),
        }
    }

    /// Those of one prefix.
    pub fn of_prefix(prefix: &Path) -> Saves {
        Saves {
            prefixes: vec![prefix.to_owned()],
        }
    }

    /// Whether one fell between these two, as far as that tells anything: what lasts half a period and longer
    /// meets one so often that nothing would ever be judged.
    pub fn fell_between(&self, begun: SystemTime, ended: SystemTime) -> bool {
        falls_between(self.latest(), begun, ended)
    }

    /// How long to wait so that none falls within `length` after that, for a server that was `started` then;
    /// not at all where `length` does not fit between two.
    pub fn until_none_within(&self, length: Duration, started: SystemTime) -> Duration {
        let since = self.latest().map_or(started, |latest| latest.max(started));
        let passed = SystemTime::now().duration_since(since);
        wait_for(length, passed.unwrap_or_default())
    }

    /// When the latest ended.
    fn latest(&self) -> Option<SystemTime> {
        let files = self
            .prefixes
            .iter()
            .flat_map(|prefix| FILES.map(|file| prefix.join(file)));
        files
            .filter_map(|file| fs::metadata(file).ok()?.modified().ok())
            .max()
    }
}

fn falls_between(latest: Option<SystemTime>, begun: SystemTime, ended: SystemTime) -> bool {
    let is_short = ended
        .duration_since(begun)
        .is_ok_and(|length| length < PERIOD / 2);
    is_short && latest.is_some_and(|latest| (begun..=ended).contains(&latest))
}

/// How long to wait, that long after a save or after the server's start.
fn wait_for(length: Duration, passed: Duration) -> Duration {
    let into_period = Duration::from_nanos((passed.as_nanos() % PERIOD.as_nanos()) as u64);
    if into_period < MARGIN {
        // One may be under way.
        return MARGIN;
    }
    let left = PERIOD - into_period;
    match left < length + MARGIN && length + 2 * MARGIN < PERIOD {
        true => left + MARGIN,
        false => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_save_during_a_short_try_is_told_and_none_before_or_after_it() {
        let at = SystemTime::now();
        let latest = Some(at);
        assert!(falls_between(latest, at - SECOND, at + SECOND));
        assert!(!falls_between(latest, at + SECOND, at + 5 * SECOND));
        assert!(!falls_between(latest, at - 5 * SECOND, at - SECOND));
        assert!(!falls_between(None, at - SECOND, at + SECOND));
    }

    #[test]
    fn a_long_try_is_no_excuse() {
        let at = SystemTime::now();
        assert!(!falls_between(Some(at), at - 8 * SECOND, at + 8 * SECOND));
    }

    #[test]
    fn only_who_would_meet_a_save_waits_for_it() {
        let wait = |passed| wait_for(10 * SECOND, passed);
        assert_eq!(wait(SECOND / 10), MARGIN);
        assert_eq!(wait(5 * SECOND), Duration::ZERO);
        assert_eq!(wait(25 * SECOND), 5 * SECOND + MARGIN);
        // Nothing had changed when the second one was due.
        assert_eq!(wait(55 * SECOND), 5 * SECOND + MARGIN);
        assert_eq!(wait(65 * SECOND), Duration::ZERO);
    }

    #[test]
    fn what_fits_between_no_two_saves_does_not_wait() {
        assert_eq!(wait_for(40 * SECOND, 25 * SECOND), Duration::ZERO);
    }

    #[test]
    fn the_latest_save_is_that_of_any_file_in_any_prefix() {
        let folder = std::env::temp_dir().join(format!("xtask-saves-{}", std::process::id()));
        let prefixes = ["one", "two", "none"].map(|name| folder.join(name));
        let begun = SystemTime::now() - SECOND;
        for prefix in &prefixes[..2] {
            fs::create_dir_all(prefix).unwrap();
            fs::write(prefix.join("system.reg"), "").unwrap();
        }
        let file = fs::File::create(prefixes[1].join("user.reg")).unwrap();
        let latest = begun + 10 * SECOND;
        file.set_modified(latest).unwrap();
        let saves = Saves {
            prefixes: prefixes.to_vec(),
        };
        assert_eq!(saves.latest(), Some(latest));
        assert_eq!(Saves::of_prefix(&prefixes[2]).latest(), None);
        fs::remove_dir_all(&folder).unwrap();
    }
}
