//! The programs that run now.

#![allow(unsafe_code)]

use std::os::windows::io::{FromRawHandle, OwnedHandle};

use super::programs::Running;
use crate::bindings::{
    CreateToolhelp32Snapshot, PROCESSENTRY32W, Process32FirstW, Process32NextW, TH32CS_SNAPPROCESS,
};
use crate::hresult::Hr;
use crate::sync::last_error;

/// More than any system runs at once.
const PROCESSES_MAX: usize = 100_000;

/// All programs.
pub(crate) fn running() -> Hr<Vec<Running>> {
    // SAFETY: the call takes numbers.
    let snapshot = unsafe { CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS as u32, 0) };
    if snapshot.is_null() || snapshot.addr() == usize::MAX {
        return Err(last_error());
    }
    // SAFETY: a handle that the system just made for us, and that is used as long as its owner lives.
    let _owner = unsafe { OwnedHandle::from_raw_handle(snapshot) };
    let mut entry = PROCESSENTRY32W {
        dwSize: size_of::<PROCESSENTRY32W>() as u32,
        ..PROCESSENTRY32W::default()
    };
    let mut found = Vec::new();
    // SAFETY: the snapshot is open, and `entry` says how large it is.
    let mut is_there = unsafe { Process32FirstW(snapshot, &mut entry) }.as_bool();
    while is_there && found.len() < PROCESSES_MAX {
        let name = entry.szExeFile;
        let end = name
            .iter()
            .position(|unit| *unit == 0)
            .unwrap_or(name.len());
        found.push(Running {
            id: entry.th32ProcessID,
            parent: entry.th32ParentProcessID,
            name: String::from_utf16_lossy(&name[..end]),
        });
        // SAFETY: as above.
        is_there = unsafe { Process32NextW(snapshot, &mut entry) }.as_bool();
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_runs() {
        let running = running().unwrap();
        let own = running
            .iter()
            .find(|process| process.id == std::process::id());
        assert!(own.unwrap().name.to_lowercase().ends_with(".exe"));
    }
}
