//! What COM and `regsvr32` call.

#![allow(unsafe_code)] // Exported functions with pointers from outside.

use std::ffi::c_void;
use std::panic::{UnwindSafe, catch_unwind};

use asio::abi::{Guid, HResult};
use asio::driver::dll;
use asio::registry::{self, View};
use session::installation;

use crate::classes;

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
    unsafe { dll::get_class_object_by(classes::find, clsid, iid, out) }
}

/// COM asks whether the DLL may go.
#[unsafe(no_mangle)]
pub extern "system" fn DllCanUnloadNow() -> HResult {
    dll::can_unload_now()
}

/// `regsvr32` asks to register a driver for each profile, for programs of this DLL's bitness.
#[unsafe(no_mangle)]
pub extern "system" fn DllRegisterServer() -> HResult {
    registered(|| match dll::module_path() {
        Some(path) => installation::register(View::OWN, &classes::configuration(), &path),
        None => Err(registry::Error::BadPath("this DLL".into())),
    })
}

/// `regsvr32` asks to remove them.
#[unsafe(no_mangle)]
pub extern "system" fn DllUnregisterServer() -> HResult {
    registered(|| installation::unregister(View::OWN).map(drop))
}

/// The result of a change to the registry as `regsvr32` shows it, whatever happens in it.
fn registered(change: impl FnOnce() -> registry::Result<()> + UnwindSafe) -> HResult {
    match catch_unwind(change) {
        Ok(Ok(())) => HResult::OK,
        Ok(Err(registry::Error::NeedsElevation { .. })) => HResult::ACCESS_DENIED,
        Ok(Err(registry::Error::Failed { code, .. })) => HResult(code),
        Ok(Err(_)) | Err(_) => HResult::UNEXPECTED,
    }
}
