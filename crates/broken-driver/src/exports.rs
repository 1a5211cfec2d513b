//! What COM and `regsvr32` call. Each fault is a class of its own.
#![allow(unsafe_code)] // Exported functions with pointers from outside.

use std::ffi::c_void;
use std::panic::catch_unwind;

use asio::abi::{Guid, HResult};
use asio::driver::dll::{self, Class};
use asio::registry::{self, DriverEntry};

use crate::{Fault, clsid, driver_name};

const COUNT: usize = Fault::ALL.len();

static CLASSES: [Class; COUNT] = {
    let mut classes = [const { Class::new(clsid(Fault::None), crate::make) }; COUNT];
    let mut n = 1;
    while n < COUNT {
        classes[n] = Class::new(clsid(Fault::ALL[n]), crate::make);
        n += 1;
    }
    classes
};

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

/// `regsvr32` asks to register the drivers.
#[unsafe(no_mangle)]
pub extern "system" fn DllRegisterServer() -> HResult {
    change(|entries| match dll::module_path() {
        Some(path) => registry::register(entries, &path).is_ok(),
        None => false,
    })
}

/// `regsvr32` asks to remove them.
#[unsafe(no_mangle)]
pub extern "system" fn DllUnregisterServer() -> HResult {
    change(|entries| registry::unregister(entries).is_ok())
}

fn change(change: fn(&[DriverEntry<'_>]) -> bool) -> HResult {
    let changed = catch_unwind(|| {
        let names = Fault::ALL.map(driver_name);
        let entries: Vec<DriverEntry<'_>> = Fault::ALL
            .iter()
            .zip(&names)
            .map(|(fault, name)| DriverEntry {
                name,
                clsid: clsid(*fault),
            })
            .collect();
        change(&entries)
    });
    match changed {
        Ok(true) => HResult::OK,
        Ok(false) | Err(_) => HResult::UNEXPECTED,
    }
}
