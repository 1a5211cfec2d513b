//! Two threads that throw a ball to each other by events, as two programs do.
#![expect(unsafe_code, reason = "events of the system")]

use std::ffi::c_void;
use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::null;
use std::sync::Arc;

use crate::system::{CreateEventW, SetEvent, WaitForSingleObject};

const FOREVER_MS: u32 = u32::MAX;

/// An event that wakes one waiter and is unset by that.
struct Event(OwnedHandle);

impl Event {
    fn new() -> io::Result<Self> {
        // SAFETY: neither attributes nor a name are given.
        let handle = unsafe { CreateEventW(null(), 0, 0, null()) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the system made this handle for us just now, and nobody else closes it.
        Ok(Self(unsafe { OwnedHandle::from_raw_handle(handle) }))
    }

    fn raw(&self) -> *mut c_void {
        self.0.as_raw_handle()
    }

    fn set(&self) {
        // SAFETY: the handle is open as long as `self` is.
        unsafe { SetEvent(self.raw()) };
    }

    fn wait(&self) {
        // SAFETY: the handle is open as long as `self` is.
        unsafe { WaitForSingleObject(self.raw(), FOREVER_MS) };
    }
}

/// A thread that throws back.
pub struct Wall {
    there: Arc<Event>,
    back: Arc<Event>,
}

impl Wall {
    /// Starts it; it ends with the process.
    ///
    /// # Errors
    /// The system gives no event or no thread.
    pub fn start() -> io::Result<Self> {
        let (there, back) = (Arc::new(Event::new()?), Arc::new(Event::new()?));
        let (at_wall, to_us) = (Arc::clone(&there), Arc::clone(&back));
        std::thread::Builder::new().spawn(move || {
            loop {
                at_wall.wait();
                to_us.set();
            }
        })?;
        Ok(Self { there, back })
    }

    /// Throws, and waits until the ball is back.
    pub fn throw(&self) {
        self.there.set();
        self.back.wait();
    }
}
