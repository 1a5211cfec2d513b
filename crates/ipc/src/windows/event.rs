//! Events, and whether a process is there.

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::time::{Duration, Instant};

use windows_core::{HSTRING, PCWSTR};

use super::bindings::*;
use super::security::{SameUser, why};

const NS_PER_MS: u64 = 1_000_000;
/// Longer waits come back after this.
const WAIT_MS_MAX: u64 = 60_000;

/// An event that wakes one waiter and is unset by that.
pub(super) struct Event(OwnedHandle);

impl Event {
    /// Makes it, or takes what is there of that name.
    ///
    /// # Errors
    /// One sentence with what the system said.
    pub(super) fn make(name: &HSTRING, user: &SameUser) -> Result<Event, String> {
        let attributes = user.attributes();
        // SAFETY: the attributes and the name live through the call.
        let handle = unsafe {
            let name = PCWSTR(name.as_ptr());
            CreateEventW(&attributes, false.into(), false.into(), name)
        };
        if handle.is_null() {
            return Err(why("The router's event cannot be made"));
        }
        // SAFETY: the system made this handle for us just now, and nobody else closes it.
        Ok(Event(unsafe { OwnedHandle::from_raw_handle(handle) }))
    }

    /// What is there of that name.
    pub(super) fn open(name: &HSTRING) -> Option<Event> {
        let access = EVENT_MODIFY_STATE as u32 | SYNCHRONIZE;
        // SAFETY: the name lives through the call.
        let handle = unsafe { OpenEventW(access, false.into(), PCWSTR(name.as_ptr())) };
        if handle.is_null() {
            return None;
        }
        // SAFETY: as in `make`.
        Some(Event(unsafe { OwnedHandle::from_raw_handle(handle) }))
    }

    pub(super) fn set(&self) {
        // SAFETY: the handle is open as long as `self` is.
        let _ = unsafe { SetEvent(self.0.as_raw_handle()) };
    }

    /// Waits for so long at most. The system waits whole milliseconds; what is shorter is looked at
    /// again and again, which a real-time thread can afford for less than a millisecond.
    pub(super) fn wait(&self, timeout_ns: u64) -> bool {
        let timeout_ns = timeout_ns.min(WAIT_MS_MAX * NS_PER_MS);
        let end = Instant::now() + Duration::from_nanos(timeout_ns);
        if self.is_set_within((timeout_ns / NS_PER_MS) as u32) {
            return true;
        }
        while Instant::now() < end {
            if self.is_set_within(0) {
                return true;
            }
            std::thread::yield_now();
        }
        false
    }

    fn is_set_within(&self, timeout_ms: u32) -> bool {
        // SAFETY: the handle is open as long as `self` is.
        let code = unsafe { WaitForSingleObject(self.0.as_raw_handle(), timeout_ms) };
        code == WAIT_OBJECT_0 as u32
    }
}

/// The right to wait for something.
const SYNCHRONIZE: u32 = 0x0010_0000;

/// Whether there is such a process that has not ended.
pub fn is_alive(process: u32) -> bool {
    // SAFETY: the call takes numbers.
    let handle = unsafe { OpenProcess(SYNCHRONIZE, false.into(), process) };
    if handle.is_null() {
        return false;
    }
    // SAFETY: the system opened this handle for us just now, and nobody else closes it.
    let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
    // SAFETY: the handle is open.
    let code = unsafe { WaitForSingleObject(handle.as_raw_handle(), 0) };
    code != WAIT_OBJECT_0 as u32
}
