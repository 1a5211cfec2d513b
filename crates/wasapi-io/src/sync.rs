//! Events and timers to wait for.

#![allow(unsafe_code)]

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};

use windows_core::PCWSTR;

use crate::bindings::{
    CREATE_WAITABLE_TIMER_HIGH_RESOLUTION, CreateEventW, CreateWaitableTimerExW, GetLastError,
    HANDLE, ResetEvent, SetEvent, SetWaitableTimer, TIMER_ALL_ACCESS, WAIT_OBJECT_0, WAIT_TIMEOUT,
    WaitForMultipleObjects,
};
use crate::hresult::Hr;
use crate::hresult::codes::E_FAIL;

/// The calling thread's last error as an `HRESULT`.
pub(crate) fn last_error() -> i32 {
    // SAFETY: the call takes nothing.
    match unsafe { GetLastError() } {
        0 => E_FAIL,
        code => (0x8007_0000 | (code & 0xFFFF)) as i32,
    }
}

fn own(handle: HANDLE) -> Hr<OwnedHandle> {
    if handle.is_null() {
        return Err(last_error());
    }
    // SAFETY: the system just made this handle for us, and nobody else closes it.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// Something that can be waited for.
pub(crate) trait Waitable {
    fn handle(&self) -> HANDLE;
}

/// An event that wakes one waiter and is then unset again.
pub(crate) struct Event(OwnedHandle);

impl Event {
    pub(crate) fn new() -> Hr<Self> {
        // SAFETY: null stands for default security and no name.
        own(unsafe { CreateEventW(null(), false.into(), false.into(), PCWSTR::null()) }).map(Self)
    }

    /// Wakes the present or the next waiter. Never blocks.
    pub(crate) fn set(&self) {
        // SAFETY: the handle is open as long as `self` is.
        let _ = unsafe { SetEvent(self.handle()) };
    }

    /// Forgets a wake-up that nobody waited for.
    pub(crate) fn unset(&self) {
        // SAFETY: the handle is open as long as `self` is.
        let _ = unsafe { ResetEvent(self.handle()) };
    }
}

impl Waitable for Event {
    fn handle(&self) -> HANDLE {
        self.0.as_raw_handle()
    }
}

/// A timer that wakes one waiter when it runs out.
pub(crate) struct Timer(OwnedHandle);

impl Timer {
    /// The finest timer that the system has.
    pub(crate) fn new() -> Hr<Self> {
        let fine = Self::with_flags(CREATE_WAITABLE_TIMER_HIGH_RESOLUTION as u32);
        fine.or_else(|_| Self::with_flags(0)).map(Self)
    }

    fn with_flags(flags: u32) -> Hr<OwnedHandle> {
        let access = TIMER_ALL_ACCESS as u32;
        // SAFETY: null stands for default security and no name.
        own(unsafe { CreateWaitableTimerExW(null(), PCWSTR::null(), flags, access) })
    }

    /// Lets the timer run out in `duration_hns` units of 100 ns from now.
    pub(crate) fn set(&self, duration_hns: i64) {
        let due = -duration_hns.max(1);
        // SAFETY: the handle is open as long as `self` is, `due` lives through the call, and no
        // completion routine is given.
        let _ = unsafe { SetWaitableTimer(self.handle(), &due, 0, None, null_mut(), false.into()) };
    }
}

impl Waitable for Timer {
    fn handle(&self) -> HANDLE {
        self.0.as_raw_handle()
    }
}

/// Why a wait came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    First,
    Second,
    TimedOut,
    Failed,
}

/// Waits for one of the two, at most `timeout_ms`. The first goes first when both are set.
pub(crate) fn wait_either(first: &dyn Waitable, second: &dyn Waitable, timeout_ms: u32) -> Signal {
    let handles = [first.handle(), second.handle()];
    // SAFETY: both handles are open as long as their owners, which are borrowed here.
    let code = unsafe { WaitForMultipleObjects(2, handles.as_ptr(), false.into(), timeout_ms) };
    match code as i32 {
        code if code == WAIT_OBJECT_0 => Signal::First,
        code if code == WAIT_OBJECT_0 + 1 => Signal::Second,
        WAIT_TIMEOUT => Signal::TimedOut,
        _ => Signal::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_wakes_once_and_the_first_goes_first() {
        let (a, b) = (Event::new().unwrap(), Event::new().unwrap());
        assert_eq!(wait_either(&a, &b, 0), Signal::TimedOut);
        a.set();
        b.set();
        assert_eq!(wait_either(&a, &b, 0), Signal::First);
        assert_eq!(wait_either(&a, &b, 0), Signal::Second);
        assert_eq!(wait_either(&a, &b, 0), Signal::TimedOut);
        a.set();
        a.unset();
        assert_eq!(wait_either(&a, &b, 0), Signal::TimedOut);
    }

    #[test]
    fn a_timer_runs_out() {
        let (event, timer) = (Event::new().unwrap(), Timer::new().unwrap());
        timer.set(10_000);
        assert_eq!(wait_either(&event, &timer, 60_000), Signal::Second);
    }
}
