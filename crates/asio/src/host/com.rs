//! COM, as far as a host needs it.

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use crate::abi::{Guid, HResult, Iasio};

const APARTMENT_THREADED: u32 = 2;
const INPROC_SERVER: u32 = 1;

windows_link::link!("ole32.dll" "system" fn CoInitializeEx(
    reserved: *const c_void,
    model: u32,
) -> HResult);
windows_link::link!("ole32.dll" "system" fn CoUninitialize() -> ());
windows_link::link!("ole32.dll" "system" fn CoCreateInstance(
    clsid: *const Guid,
    outer: *const c_void,
    context: u32,
    iid: *const Guid,
    out: *mut *mut c_void,
) -> HResult);

/// COM is there for this thread as long as this is.
pub(super) struct Apartment {
    entered: bool,
    /// It belongs to the thread that entered.
    _thread: PhantomData<*const ()>,
}

impl Apartment {
    /// Makes the thread a single-threaded apartment, as ASIO hosts do. A thread that is in an
    /// apartment of the other kind stays in it.
    pub(super) fn enter() -> Apartment {
        // SAFETY: any thread may call this at any time.
        let code = unsafe { CoInitializeEx(ptr::null(), APARTMENT_THREADED) };
        Apartment {
            entered: code.is_ok(),
            _thread: PhantomData,
        }
    }
}

impl Drop for Apartment {
    fn drop(&mut self) {
        if self.entered {
            // SAFETY: this thread entered, once for this value.
            unsafe { CoUninitialize() };
        }
    }
}

/// Makes an object of the class, asking for the interface of the same id, as ASIO has it.
pub(super) fn create(clsid: Guid) -> Result<NonNull<Iasio>, HResult> {
    let mut out = ptr::null_mut();
    // SAFETY: locals; what is loaded is the user's choice of a driver.
    let code = unsafe {
        CoCreateInstance(
            &raw const clsid,
            ptr::null(),
            INPROC_SERVER,
            &raw const clsid,
            &raw mut out,
        )
    };
    if !code.is_ok() {
        return Err(code);
    }
    NonNull::new(out.cast()).ok_or(HResult::POINTER)
}
