//! The installed drivers, as the registry lists them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use windows_registry::{CLASSES_ROOT, Key, LOCAL_MACHINE};

use super::{Error, Result};
use crate::Guid;
use crate::registry::{ASIO_KEY, View};

/// A driver in the list of installed ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstalledDriver {
    /// The name that hosts show.
    pub name: String,
    /// Its class; `None` where the entry has none or no valid one.
    pub clsid: Option<Guid>,
    /// What the driver calls itself in the list; empty where it says nothing.
    pub description: String,
    /// The DLL, in the view of this process's bitness where it is in both.
    pub dll_path: Option<PathBuf>,
    /// Listed for 64-bit programs.
    pub for_64_bit: bool,
    /// Listed for 32-bit programs.
    pub for_32_bit: bool,
    /// Why this process cannot load it; `None` if nothing speaks against it.
    pub problem: Option<Problem>,
}

/// Why a listed driver cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// It is for programs of the other bitness.
    #[error("it is installed for {0}-bit programs only")]
    OtherBitness(u32),
    /// The entry names no class.
    #[error("its entry in the list has no CLSID; install it again")]
    NoClsid,
    /// The entry's class is no id.
    #[error("its entry in the list has a CLSID that is none, \"{0}\"; install it again")]
    BadClsid(String),
    /// The class is not registered.
    #[error("its class {0} is not registered; install it again")]
    NotRegistered(Guid),
    /// The DLL is not there.
    #[error("its DLL {0} does not exist; install it again")]
    DllMissing(PathBuf),
}

/// What one view of the registry says of a driver.
struct Entry {
    clsid: std::result::Result<Guid, Problem>,
    description: String,
    dll_path: Option<PathBuf>,
}

/// Lists the installed drivers of both bitnesses, by name. A driver in both views is listed once.
///
/// # Errors
/// [`Error::List`]. A list that does not exist is an empty one.
pub fn list() -> Result<Vec<InstalledDriver>> {
    let mut own = read_view(View::OWN)?;
    let mut other = read_view(View::OTHER)?;
    let mut names: Vec<String> = own.keys().chain(other.keys()).cloned().collect();
    names.sort_by_key(|name| name.to_lowercase());
    names.dedup();
    let merge = |name: String| {
        let entries = (own.remove(&name), other.remove(&name));
        merge(name, entries.0, entries.1)
    };
    Ok(names.into_iter().filter_map(merge).collect())
}

fn merge(name: String, own: Option<Entry>, other: Option<Entry>) -> Option<InstalledDriver> {
    let listed = [(View::OWN, own.is_some()), (View::OTHER, other.is_some())];
    let is_in = |view: View| listed.contains(&(view, true));
    let problem = match (&own, &other) {
        (Some(entry), _) => problem(entry),
        (None, _) => Some(Problem::OtherBitness(View::OTHER.bits())),
    };
    let Entry {
        clsid,
        description,
        dll_path,
    } = own.or(other)?;
    Some(InstalledDriver {
        name,
        clsid: clsid.ok(),
        description,
        dll_path,
        for_64_bit: is_in(View::Bits64),
        for_32_bit: is_in(View::Bits32),
        problem,
    })
}

fn problem(entry: &Entry) -> Option<Problem> {
    let clsid = match &entry.clsid {
        Ok(clsid) => *clsid,
        Err(problem) => return Some(problem.clone()),
    };
    match &entry.dll_path {
        None => Some(Problem::NotRegistered(clsid)),
        // A bare name is looked for where Windows looks for DLLs.
        Some(path) if path.is_absolute() && !path.exists() => {
            Some(Problem::DllMissing(path.clone()))
        }
        Some(_) => None,
    }
}

fn read_view(view: View) -> Result<BTreeMap<String, Entry>> {
    let root = match view.options(LOCAL_MACHINE).read().open(ASIO_KEY) {
        Ok(root) => root,
        Err(error) if error.code().0 == crate::registry::FILE_NOT_FOUND => {
            return Ok(BTreeMap::new());
        }
        Err(error) => return Err(Error::List(error.to_string())),
    };
    let names = root
        .keys()
        .map_err(|error| Error::List(error.to_string()))?;
    // An entry that cannot be opened is none for this user.
    let entry = |name: String| Some((name.clone(), read_entry(&root.open(name).ok()?, view)));
    Ok(names.filter_map(entry).collect())
}

fn read_entry(key: &Key, view: View) -> Entry {
    let clsid = match key.get_string("CLSID") {
        Err(_) => Err(Problem::NoClsid),
        Ok(text) => text.parse().map_err(|_| Problem::BadClsid(text)),
    };
    let dll_path = clsid.as_ref().ok().and_then(|clsid| dll_path(*clsid, view));
    let description = key.get_string("Description").unwrap_or_default();
    Entry {
        clsid,
        description,
        dll_path,
    }
}

/// The DLL that serves the class to programs of that view.
fn dll_path(clsid: Guid, view: View) -> Option<PathBuf> {
    let path = format!(r"CLSID\{clsid}\InprocServer32");
    let key = view.options(CLASSES_ROOT).read().open(path).ok()?;
    let text = key.get_string("").ok()?;
    Some(PathBuf::from(expand_variables(
        text.trim().trim_matches('"'),
    )))
    .filter(|path| has_name(path))
}

fn has_name(path: &Path) -> bool {
    path.file_name().is_some()
}

/// Replaces `%NAME%` by the environment variable, as the registry's expandable strings mean it.
fn expand_variables(text: &str) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        result.push_str(before);
        let variable = after
            .split_once('%')
            .and_then(|(name, behind)| std::env::var(name).ok().map(|value| (value, behind)));
        match variable {
            Some((value, behind)) => {
                result.push_str(&value);
                rest = behind;
            }
            None => {
                result.push('%');
                rest = after;
            }
        }
    }
    result + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(clsid: std::result::Result<Guid, Problem>, dll: Option<&str>) -> Entry {
        Entry {
            clsid,
            description: String::new(),
            dll_path: dll.map(PathBuf::from),
        }
    }

    #[test]
    fn what_speaks_against_a_driver_is_told() {
        let clsid = Guid::from_u128(5);
        let find = |own, other| merge("x".into(), own, other).unwrap().problem;
        assert_eq!(find(Some(entry(Ok(clsid), Some("bare.dll"))), None), None);
        assert_eq!(
            find(Some(entry(Ok(clsid), None)), None),
            Some(Problem::NotRegistered(clsid))
        );
        assert_eq!(
            find(Some(entry(Ok(clsid), Some(r"C:\no\such.dll"))), None),
            Some(Problem::DllMissing(r"C:\no\such.dll".into()))
        );
        assert_eq!(
            find(None, Some(entry(Ok(clsid), None))),
            Some(Problem::OtherBitness(View::OTHER.bits()))
        );
        let bad = entry(Err(Problem::NoClsid), None);
        assert_eq!(find(Some(bad), None), Some(Problem::NoClsid));
        assert_eq!(merge("x".into(), None, None), None);
    }

    #[test]
    fn variables_in_paths_are_replaced() {
        let windows = std::env::var("SystemRoot").unwrap();
        assert_eq!(
            expand_variables(r"%SystemRoot%\a.dll"),
            format!(r"{windows}\a.dll")
        );
        assert_eq!(
            expand_variables("100% %NoSuchVariable% %"),
            "100% %NoSuchVariable% %"
        );
    }
}
