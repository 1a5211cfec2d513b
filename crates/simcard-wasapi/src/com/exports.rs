//! The DLL's entry points.

#![allow(unsafe_code, non_snake_case)]

use std::ffi::c_void;

use windows_core::{BOOL, GUID, HRESULT, IUnknown, implement};

use super::border::{guid, method, put_queried};
use super::enumerator::Enumerator;
use crate::abi::{IClassFactory, IClassFactory_Impl, IMMDeviceEnumerator};
use crate::system;

const S_FALSE: HRESULT = HRESULT(1);
const CLASS_NOT_AVAILABLE: i32 = 0x8004_0111_u32 as i32;
const NO_AGGREGATION: i32 = 0x8004_0110_u32 as i32;

/// `CLSID_MMDeviceEnumerator`
const CLASS: GUID = GUID::from_u128(0xBCDE0395_E52F_467C_8E3D_C4579291692E);

#[implement(IClassFactory)]
struct Factory;

impl IClassFactory_Impl for Factory_Impl {
    unsafe fn CreateInstance(
        &self,
        outer: *mut c_void,
        iid: *const GUID,
        object: *mut *mut c_void,
    ) -> HRESULT {
        method(|| {
            if !outer.is_null() {
                return Err(NO_AGGREGATION);
            }
            let enumerator: IMMDeviceEnumerator = Enumerator.into();
            // SAFETY: the pointers are the client's.
            unsafe { put_queried(&IUnknown::from(enumerator), iid, object) }
        })
    }

    unsafe fn LockServer(&self, _lock: BOOL) -> HRESULT {
        HRESULT(0)
    }
}

/// Gives the class factory of the list of sound devices.
///
/// # Safety
/// As COM calls it: the pointers are null or the caller's.
#[unsafe(no_mangle)]
pub unsafe extern "system" fn DllGetClassObject(
    class: *const GUID,
    iid: *const GUID,
    object: *mut *mut c_void,
) -> HRESULT {
    method(|| {
        // SAFETY: passed on from the caller.
        if unsafe { guid(class) }? != CLASS {
            return Err(CLASS_NOT_AVAILABLE);
        }
        let factory: IClassFactory = Factory.into();
        // SAFETY: passed on from the caller.
        unsafe { put_queried(&IUnknown::from(factory), iid, object) }
    })
}

/// The DLL stays until the process ends: the shared memory is mapped for good, and a thread may run.
#[unsafe(no_mangle)]
pub extern "system" fn DllCanUnloadNow() -> HRESULT {
    S_FALSE
}

/// Puts this DLL in the place of the system's list of sound devices, under Wine only.
#[unsafe(no_mangle)]
pub extern "system" fn DllRegisterServer() -> HRESULT {
    method(system::register)
}

/// Puts back what was there.
#[unsafe(no_mangle)]
pub extern "system" fn DllUnregisterServer() -> HRESULT {
    method(system::unregister)
}
