//! The profiles in the machine's list of ASIO drivers.

use std::path::Path;

use asio::abi::Guid;
use asio::host;
use asio::registry::{self, DriverEntry, Result, View};
use config::{Config, Profile};

use crate::product::class_of;

/// Registers a driver for each profile, which `dll` serves, for programs of the DLL's bitness, which
/// `view` tells, and removes those of profiles that are no more.
///
/// # Errors
/// As [`registry::register`].
pub fn register(view: View, config: &Config, dll: &Path) -> Result<()> {
    let names: Vec<&str> = config
        .profiles
        .iter()
        .map(|profile| profile.name.as_str())
        .collect();
    registry::register_in(view, &entries(&names), dll)?;
    let old = registered();
    let gone: Vec<&str> = old
        .iter()
        .map(String::as_str)
        .filter(|name| config.profile(name).is_none())
        .collect();
    registry::unregister_in(view, &entries(&gone))
}

/// Removes every driver of this project for programs of that bitness, whatever profiles there are by
/// now, and tells their names.
///
/// # Errors
/// As [`registry::unregister`].
pub fn unregister(view: View) -> Result<Vec<String>> {
    let mut names = registered();
    // One that is only half there is not in the list.
    for profile in Config::default().profiles {
        if !names.contains(&profile.name) {
            names.push(profile.name);
        }
    }
    let borrowed: Vec<&str> = names.iter().map(String::as_str).collect();
    registry::unregister_in(view, &entries(&borrowed))?;
    Ok(names)
}

/// The names of this project's drivers in the machine's list: those whose class is the one that
/// their name has here. A list that cannot be read counts as empty.
pub fn registered() -> Vec<String> {
    let listed = host::list().unwrap_or_default();
    listed
        .into_iter()
        .filter(|driver| driver.clsid == Some(class_of(&driver.name)))
        .map(|driver| driver.name)
        .collect()
}

/// The profile behind a COM class. One that is registered, but that this user's configuration does
/// not know (any more), is there under its name with everything at its default: a host that has it in
/// its settings still finds a driver.
pub fn profile_of(config: &Config, clsid: Guid) -> Option<Profile> {
    if let Some(profile) = config.profile_of_class(clsid.to_u128()) {
        return Some(profile.clone());
    }
    let name = registry::class_name(clsid)?;
    (class_of(&name) == clsid).then(|| Profile::new(&name))
}

fn entries<'a>(names: &[&'a str]) -> Vec<DriverEntry<'a>> {
    let entry = |&name: &&'a str| DriverEntry {
        name,
        clsid: class_of(name),
    };
    names.iter().map(entry).collect()
}
