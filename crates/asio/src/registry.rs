//! The registry: which drivers are installed, and which DLL serves them.
//!
//! A driver has two entries, both for the whole machine: a COM class, and an entry in the list that
//! ASIO hosts show. Each exists once for 64-bit and once for 32-bit programs, in a [`View`] of its own.

use std::path::Path;

use windows_registry::{Key, LOCAL_MACHINE, OpenOptions};

use crate::Guid;

/// Where the list is, below `HKEY_LOCAL_MACHINE`.
pub(crate) const ASIO_KEY: &str = r"SOFTWARE\ASIO";
const CLASS_KEY: &str = r"SOFTWARE\Classes\CLSID";

/// Windows' code for a key that is not there.
pub(crate) const FILE_NOT_FOUND: i32 = 0x8007_0002_u32 as i32;
/// The right to delete a key, which reading and writing do not include.
const DELETE: u32 = 0x1_0000;
const ACCESS_DENIED: i32 = 0x8007_0005_u32 as i32;

/// A driver to be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DriverEntry<'a> {
    /// The name that hosts show; unique among all drivers.
    pub name: &'a str,
    /// The driver's class.
    pub clsid: Guid,
}

/// Why the registry is not as it was asked to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The user may not change the machine's registry. The same again as administrator will do.
    #[error("{key} cannot be changed (E_ACCESSDENIED); run this as administrator")]
    NeedsElevation {
        /// Which key.
        key: String,
    },
    /// Something else.
    #[error("{key} cannot be changed: {message} (0x{code:08X})")]
    Failed {
        /// Which key.
        key: String,
        /// The system's code, an `HRESULT`.
        code: i32,
        /// The system's own text.
        message: String,
    },
    /// A name that cannot be a key's name.
    #[error("\"{0}\" is no name for a driver: it is empty or has a backslash in it")]
    BadName(String),
    /// A path that is no text.
    #[error("{0} cannot be registered: its path is no valid text")]
    BadPath(String),
}

/// What this module returns.
pub type Result<T> = std::result::Result<T, Error>;

/// The registry as programs of one bitness see it. Each process can write both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// What 64-bit programs see.
    Bits64,
    /// What 32-bit programs see.
    Bits32,
}

impl View {
    /// The view of this process.
    pub const OWN: View = if cfg!(target_pointer_width = "64") {
        View::Bits64
    } else {
        View::Bits32
    };
    /// That of programs of the other bitness.
    pub const OTHER: View = if cfg!(target_pointer_width = "64") {
        View::Bits32
    } else {
        View::Bits64
    };

    /// 32 or 64.
    pub const fn bits(self) -> u32 {
        match self {
            View::Bits64 => 64,
            View::Bits32 => 32,
        }
    }

    pub(crate) fn options(self, root: &Key) -> OpenOptions<'_> {
        let mut options = root.options();
        match self {
            View::Bits64 => options.wow64_64(),
            View::Bits32 => options.wow64_32(),
        };
        options
    }
}

/// Registers drivers that `dll` serves, for programs of this process's bitness. Registering again
/// replaces what was there.
///
/// # Errors
/// [`Error::NeedsElevation`] without the right to do it. After any error none of `entries` is
/// registered.
pub fn register(entries: &[DriverEntry<'_>], dll: &Path) -> Result<()> {
    register_in(View::OWN, entries, dll)
}

/// As [`register`], for programs of the bitness that the view tells, which must be the DLL's.
///
/// # Errors
/// As [`register`].
pub fn register_in(view: View, entries: &[DriverEntry<'_>], dll: &Path) -> Result<()> {
    let dll = dll
        .to_str()
        .ok_or_else(|| Error::BadPath(dll.display().to_string()))?;
    if let Some(bad) = entries.iter().find(|entry| !is_key_name(entry.name)) {
        return Err(Error::BadName(bad.name.to_owned()));
    }
    entries
        .iter()
        .try_for_each(|entry| register_one(view, entry, dll))
        .inspect_err(|_| {
            // The first error is the one to tell.
            let _ = unregister_in(view, entries);
        })
}

/// Takes the drivers out of the registry, for programs of this process's bitness, whatever DLL they
/// pointed to. What is not there is no error.
///
/// # Errors
/// [`Error::NeedsElevation`] without the right to do it. All entries have been tried then.
pub fn unregister(entries: &[DriverEntry<'_>]) -> Result<()> {
    unregister_in(View::OWN, entries)
}

/// As [`unregister`], for programs of the bitness that the view tells.
///
/// # Errors
/// As [`unregister`].
pub fn unregister_in(view: View, entries: &[DriverEntry<'_>]) -> Result<()> {
    let keys = entries
        .iter()
        .filter(|entry| is_key_name(entry.name))
        .flat_map(|entry| {
            [
                (ASIO_KEY, entry.name.to_owned()),
                (CLASS_KEY, entry.clsid.to_string()),
            ]
        });
    let mut result = Ok(());
    for (parent, name) in keys {
        result = result.and(remove(view, parent, &name));
    }
    result.and_then(|()| remove_empty_list(view))
}

/// What the COM class is called in the registry, as programs of this process's bitness see it; `None`
/// where it is not registered.
pub fn class_name(clsid: Guid) -> Option<String> {
    let path = format!(r"{CLASS_KEY}\{clsid}");
    let key = View::OWN.options(LOCAL_MACHINE).read().open(path).ok()?;
    key.get_string("").ok()
}

/// Removes the list itself when no driver is left in it, ours or another's: `register` makes it
/// where there is none.
fn remove_empty_list(view: View) -> Result<()> {
    let is_empty = || -> windows_registry::Result<bool> {
        let list = view.options(LOCAL_MACHINE).read().open(ASIO_KEY)?;
        Ok(list.keys()?.next().is_none() && list.values()?.next().is_none())
    };
    // A list that is not there, or that cannot be read, is left alone.
    match is_empty() {
        Ok(true) => {
            let (parent, name) = ASIO_KEY.split_once('\\').unwrap_or_default();
            remove(view, parent, name)
        }
        Ok(false) | Err(_) => Ok(()),
    }
}

/// An empty name would stand for the whole list, and a backslash for a key below another.
fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains('\\')
}

fn register_one(view: View, entry: &DriverEntry<'_>, dll: &str) -> Result<()> {
    let class = format!(r"{CLASS_KEY}\{}", entry.clsid);
    write(view, &class, &[("", entry.name)])?;
    write(
        view,
        &format!(r"{class}\InprocServer32"),
        &[("", dll), ("ThreadingModel", "Both")],
    )?;
    let clsid = entry.clsid.to_string();
    let list_entry = format!(r"{ASIO_KEY}\{}", entry.name);
    // Most hosts show the description where there is one, and not the key's name.
    write(
        view,
        &list_entry,
        &[("CLSID", &clsid), ("Description", entry.name)],
    )
}

fn write(view: View, path: &str, values: &[(&str, &str)]) -> Result<()> {
    let written = || -> windows_registry::Result<()> {
        let key = view
            .options(LOCAL_MACHINE)
            .read()
            .write()
            .create()
            .open(path)?;
        values
            .iter()
            .try_for_each(|(name, value)| key.set_string(name, value))
    };
    written().map_err(|error| failure(path, error.code().0, error.message()))
}

fn remove(view: View, parent: &str, name: &str) -> Result<()> {
    let removed = || -> windows_registry::Result<()> {
        let mut options = view.options(LOCAL_MACHINE);
        options
            .read()
            .write()
            .access(DELETE)
            .open(parent)?
            .remove_tree(name)
    };
    match removed() {
        Err(error) if error.code().0 != FILE_NOT_FOUND => {
            let path = format!(r"{parent}\{name}");
            Err(failure(&path, error.code().0, error.message()))
        }
        _ => Ok(()),
    }
}

fn failure(path: &str, code: i32, message: String) -> Error {
    let key = format!(r"HKEY_LOCAL_MACHINE\{path}");
    match code {
        ACCESS_DENIED => Error::NeedsElevation { key },
        code => Error::Failed { key, code, message },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{self, InstalledDriver};

    const ENTRIES: [DriverEntry<'static>; 2] = [
        DriverEntry {
            name: "Test driver 5c1d, größer",
            clsid: Guid::from_u128(0x5c1d_0001_0000_4000_8000_0000_0000_0001),
        },
        DriverEntry {
            name: "Test driver 5c1d, two",
            clsid: Guid::from_u128(0x5c1d_0001_0000_4000_8000_0000_0000_0002),
        },
    ];

    fn listed() -> Vec<InstalledDriver> {
        let mut drivers = host::list().unwrap();
        drivers.retain(|driver| driver.name.starts_with("Test driver 5c1d"));
        drivers
    }

    fn class_exists(clsid: Guid) -> bool {
        let path = format!(r"{CLASS_KEY}\{clsid}");
        View::OWN.options(LOCAL_MACHINE).read().open(path).is_ok()
    }

    /// One test, because the registry is the machine's. Without the right to change it, nothing may
    /// be left and the error must say so.
    #[test]
    fn drivers_come_and_go_whole() {
        let dll = std::env::current_exe().unwrap();
        let registered = register(&ENTRIES, &dll);
        if let Err(error) = registered {
            assert!(matches!(error, Error::NeedsElevation { .. }), "{error}");
            assert_eq!(listed(), []);
            return;
        }
        // Again, over what is there.
        register(&ENTRIES, &dll).unwrap();
        let drivers = listed();
        assert_eq!(drivers.len(), 2);
        for (driver, entry) in drivers.iter().zip(ENTRIES) {
            assert_eq!(driver.name, entry.name);
            assert_eq!(driver.clsid, Some(entry.clsid));
            assert_eq!(driver.description, entry.name);
            assert_eq!(driver.dll_path.as_deref(), Some(dll.as_path()));
            assert_eq!(driver.problem, None);
            assert_eq!(class_name(entry.clsid).as_deref(), Some(entry.name));
            assert_eq!(driver.for_64_bit, View::OWN == View::Bits64);
            assert_eq!(driver.for_32_bit, View::OWN == View::Bits32);
        }
        register(&ENTRIES[..1], Path::new(r"C:\no\such.dll")).unwrap();
        let missing = host::Problem::DllMissing(r"C:\no\such.dll".into());
        assert_eq!(listed()[0].problem, Some(missing));

        let had_others = host::list().unwrap().len() > ENTRIES.len();
        // The same drivers for programs of the other bitness, and away again, leave these alone.
        register_in(View::OTHER, &ENTRIES, &dll).unwrap();
        assert!(listed().iter().all(|d| d.for_32_bit && d.for_64_bit));
        unregister_in(View::OTHER, &ENTRIES).unwrap();
        assert!(listed().iter().all(|d| d.for_32_bit != d.for_64_bit));

        unregister(&ENTRIES).unwrap();
        assert_eq!(listed(), []);
        let list = View::OWN.options(LOCAL_MACHINE).read().open(ASIO_KEY);
        assert_eq!(list.is_ok(), had_others, "an empty list goes too");
        assert_eq!(class_name(ENTRIES[0].clsid), None);
        assert!(ENTRIES.iter().all(|entry| !class_exists(entry.clsid)));
        // And again, with nothing there.
        unregister(&ENTRIES).unwrap();

        // The second entry cannot be written: nothing of the first stays.
        let long_name = "n".repeat(300);
        let bad = [
            ENTRIES[0],
            DriverEntry {
                name: &long_name,
                ..ENTRIES[1]
            },
        ];
        assert!(matches!(register(&bad, &dll), Err(Error::Failed { .. })));
        assert_eq!(listed(), []);
        assert!(ENTRIES.iter().all(|entry| !class_exists(entry.clsid)));
    }

    #[test]
    fn a_name_that_would_reach_elsewhere_is_refused() {
        for name in ["", r"a\b", r"\"] {
            let entry = DriverEntry { name, ..ENTRIES[0] };
            let result = register(&[entry], Path::new("a.dll"));
            assert_eq!(result, Err(Error::BadName(name.into())));
        }
    }
}
