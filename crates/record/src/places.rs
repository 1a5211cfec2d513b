//! Where the files are.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The environment variable that names another folder for states and records.
pub const STATE_VARIABLE: &str = "ASIO2WASAPI_STATE";
/// The environment variable that asks for a log and names its file.
pub const LOG_VARIABLE: &str = "ASIO2WASAPI_LOG";

/// Where states, records and the log go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The folder for states and records; `None` for a user without one: then there are none.
    pub state: Option<PathBuf>,
    /// The file for the log, where one is wanted.
    pub log: Option<PathBuf>,
}

impl Places {
    /// This user's: what [`STATE_VARIABLE`] says, or `asio2wasapi` in `%LOCALAPPDATA%`, or in
    /// `$XDG_STATE_HOME` or `~/.local/state`; a log where [`LOG_VARIABLE`] asks for one.
    pub fn of_user() -> Self {
        Self::from(cfg!(windows), |name| std::env::var_os(name))
    }

    /// The same with a log in that file, unless the environment names another.
    #[must_use]
    pub fn or_log(mut self, log: Option<PathBuf>) -> Self {
        self.log = self.log.or(log);
        self
    }

    fn from(windows: bool, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let path = |name: &str| {
            variable(name)
                .filter(|text| !text.is_empty())
                .map(PathBuf::from)
        };
        let folder = |name: &str| path(name).filter(|folder| folder.is_absolute());
        let of_system = || {
            let folder = if windows {
                folder("LOCALAPPDATA")
            } else {
                folder("XDG_STATE_HOME")
                    .or_else(|| Some(folder("HOME")?.join(".local").join("state")))
            };
            folder.map(|folder| folder.join("asio2wasapi"))
        };
        Self {
            state: path(STATE_VARIABLE).or_else(of_system),
            log: path(LOG_VARIABLE),
        }
    }
}

/// Where the states of running instances are.
pub(crate) fn running(state: &Path) -> PathBuf {
    state.join("running")
}

/// Where the records are.
pub(crate) fn sessions(state: &Path) -> PathBuf {
    state.join("sessions")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(windows: bool, variables: &[(&str, &str)]) -> Places {
        Places::from(windows, |name| {
            let found = variables.iter().find(|(known, _)| *known == name)?;
            Some(found.1.into())
        })
    }

    #[test]
    fn each_system_has_its_folder_and_the_variable_another() {
        assert_eq!(places(true, &[]), Places::default());
        let home = [("HOME", "/home/me")];
        let expected = Some(PathBuf::from("/home/me/.local/state/asio2wasapi"));
        assert_eq!(places(false, &home).state, expected);
        let other = [("HOME", "/home/me"), (STATE_VARIABLE, "here")];
        assert_eq!(places(false, &other).state, Some("here".into()));
        let unset = [(STATE_VARIABLE, ""), ("HOME", "relative")];
        assert_eq!(places(false, &unset).state, None);
    }

    #[test]
    fn the_environment_s_log_comes_before_the_file_s() {
        let asked = places(false, &[(LOG_VARIABLE, "a.log")]);
        assert_eq!(asked.or_log(Some("b.log".into())).log, Some("a.log".into()));
        let log = places(false, &[]).or_log(Some("b.log".into())).log;
        assert_eq!(log, Some("b.log".into()));
    }
}
