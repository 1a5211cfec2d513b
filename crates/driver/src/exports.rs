//! What COM and `regsvr32` call.

#![allow(unsafe_code)] // Exported functions with pointers from outside.

use std::ffi::c_void;

use asio::abi::{Guid, HResult};
use asio::driver::dll;

use crate::classes::CLASSES;

/// COM asks for the factory of a class.
///
/// # Safety
/// COM's: each pointer is null or points to what COM says.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn DllGetClassObject(
    clsid: *const Guid,
    iid: *const Guid,
    out: *mut *mut c_void,
) -> HResult {
    // SAFETY: COM's promise, passed on.
    unsafe { dll::get_class_object(&CLASSES, clsid, iid, out) }
}

/// COM asks whether the DLL may go.
#[unsafe(no_mangle)]
pub extern "system" fn DllCanUnloadNow() -> HResult {
    dll::can_unload_now()
}
