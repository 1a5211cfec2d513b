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
    /// The one with this number in the list.
    Of(usize),
    TimedOut,
    Failed,
}

/// The most that can be waited for at once.
const WAITED_FOR_MAX: usize = 3;

/// Waits for one of up to three, at most `timeout_ms`. When several are set, the first in the list
/// goes first.
pub(crate) fn wait_first(list: &[&dyn Waitable], timeout_ms: u32) -> Signal {
    let count = list.len().min(WAITED_FOR_MAX);
    let mut handles = [null_mut(); WAITED_FOR_MAX];
    for (handle, one) in handles.iter_mut().zip(list) {
        *handle = one.handle();
    }
    // SAFETY: the first `count` handles are open as long as their owners, which are borrowed here.
    let code =
        unsafe { WaitForMultipleObjects(count as u32, handles.as_ptr(), false.into(), timeout_ms) };
    let number = code.wrapping_sub(WAIT_OBJECT_0 as u32) as usize;
    match code as i32 {
        _ if number < count => Signal::Of(number),
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
        assert_eq!(wait_first(&[&a, &b], 0), Signal::TimedOut);
        a.set();
        b.set();
        assert_eq!(wait_first(&[&a, &b], 0), Signal::Of(0));
        assert_eq!(wait_first(&[&a, &b], 0), Signal::Of(1));
        assert_eq!(wait_first(&[&a, &b], 0), Signal::TimedOut);
        a.set();
        a.unset();
        assert_eq!(wait_first(&[&a, &b], 0), Signal::TimedOut);
    }

    #[test]
    fn a_timer_runs_out() {
        let (event, timer) = (Event::new().unwrap(), Timer::new().unwrap());
        timer.set(10_000);
        assert_eq!(wait_first(&[&event, &timer], 60_000), Signal::Of(1));
    }
}
