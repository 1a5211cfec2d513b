//! Registration as the system's list of sound devices, in a Wine prefix of its own.

use std::ffi::c_void;
use std::ptr::null_mut;

use windows_core::{PCWSTR, PWSTR, s, w};
use windows_registry::LOCAL_MACHINE;

use super::bindings::{
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
    GetModuleFileNameW, GetModuleHandleExW, GetModuleHandleW, GetProcAddress,
};
use simcard_service::codes::UNEXPECTED;

const SERVER: &str =
    "Software\\Classes\\CLSID\\{BCDE0395-E52F-467C-8E3D-C4579291692E}\\InprocServer32";
/// Keeps what was there before.
const BEFORE: &str = "BeforeSimcard";

/// Whether this is Wine. Real Windows is never touched: the list of sound devices is everybody's.
fn is_wine() -> bool {
    // SAFETY: both names are zero-terminated; nothing that is found is called.
    unsafe {
        let module = GetModuleHandleW(w!("ntdll.dll"));
        !module.is_null() && GetProcAddress(module, s!("wine_get_version")).is_some()
    }
}

/// Puts this DLL in the place of the system's list of sound devices.
///
/// # Errors
/// The `HRESULT`.
pub fn register() -> Result<(), i32> {
    if !is_wine() {
        eprintln!("The simulated card registers itself in a Wine prefix only.");
        return Err(UNEXPECTED);
    }
    let path = own_path().ok_or(UNEXPECTED)?;
    let write = || {
        let key = LOCAL_MACHINE.create(SERVER)?;
        let before = key.get_string("").unwrap_or_default();
        if key.get_string(BEFORE).is_err() && before != path {
            key.set_string(BEFORE, &before)?;
        }
        key.set_string("", &path)?;
        key.set_string("ThreadingModel", "Both")
    };
    write().map_err(|error: windows_core::Error| error.code().0)
}

/// Puts back what was there.
///
/// # Errors
/// The `HRESULT`.
pub fn unregister() -> Result<(), i32> {
    let write = || {
        let key = LOCAL_MACHINE.create(SERVER)?;
        if let Ok(before) = key.get_string(BEFORE) {
            key.set_string("", &before)?;
            key.remove_value(BEFORE)?;
        }
        Ok(())
    };
    write().map_err(|error: windows_core::Error| error.code().0)
}

fn own_path() -> Option<String> {
    let mut module = null_mut();
    let flags =
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    let address = own_path as *const c_void;
    let mut path = [0_u16; 1024];
    // SAFETY: the address is inside this module; the buffer is as long as told.
    let length = unsafe {
        let found = GetModuleHandleExW(flags as u32, PCWSTR(address.cast()), &mut module);
        if !found.as_bool() {
            return None;
        }
        GetModuleFileNameW(module, PWSTR(path.as_mut_ptr()), path.len() as u32)
    } as usize;
    let whole = length > 0 && length < path.len();
    whole.then(|| String::from_utf16_lossy(&path[..length]))
}
