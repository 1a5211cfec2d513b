//! What COM and `regsvr32` call.
#![allow(unsafe_code)] // Exported functions with pointers from outside.

use std::ffi::c_void;
use std::panic::{UnwindSafe, catch_unwind};
use std::sync::Arc;

use asio::abi::{Guid, HResult};
use asio::driver::dll::{self, Class};
use asio::driver::{Object, ObjectRef};
use asio::registry::{self, DriverEntry};

use crate::link::ServiceLink;
use crate::{CLSID, HardwareDriver, NAME};

static CLASSES: [Class; 1] = [Class::new(CLSID, make)];
const ENTRIES: [DriverEntry<'static>; 1] = [DriverEntry {
    name: NAME,
    clsid: CLSID,
}];

fn make(clsid: Guid) -> ObjectRef {
    Object::create(clsid, HardwareDriver::new(Arc::new(ServiceLink)))
}

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

/// `regsvr32` asks to register the driver.
#[unsafe(no_mangle)]
pub extern "system" fn DllRegisterServer() -> HResult {
    changed(|| match dll::module_path() {
        Some(path) => registry::register(&ENTRIES, &path).is_ok(),
        None => false,
    })
}

/// `regsvr32` asks to remove it.
#[unsafe(no_mangle)]
pub extern "system" fn DllUnregisterServer() -> HResult {
    changed(|| registry::unregister(&ENTRIES).is_ok())
}

fn changed(change: impl FnOnce() -> bool + UnwindSafe) -> HResult {
    match catch_unwind(change) {
        Ok(true) => HResult::OK,
        Ok(false) | Err(_) => HResult::UNEXPECTED,
    }
}
