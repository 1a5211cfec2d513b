//! COM as far as it is needed here: the apartment, memory that the system hands out, properties.

#![allow(unsafe_code)]

use std::ffi::c_void;
use std::marker::PhantomData;
use std::ptr::null_mut;

use windows_core::{GUID, Interface, PWSTR};

use crate::bindings::{
    CLSCTX_ALL, COINIT_MULTITHREADED, CoCreateInstance, CoDecrementMTAUsage, CoIncrementMTAUsage,
    CoInitializeEx, CoTaskMemFree, CoUninitialize, IMMDeviceEnumerator, IPropertyStore,
    MMDeviceEnumerator, PROPERTYKEY, PROPVARIANT, PropVariantClear, VT_CLSID, VT_LPWSTR, VT_UI4,
};
use crate::hresult::Hr;
use crate::hresult::codes::{E_FAIL, RPC_E_CHANGED_MODE};

/// A result of the bindings as one of ours.
pub(crate) fn hr<T>(result: windows_core::Result<T>) -> Hr<T> {
    result.map_err(|error| error.code().0)
}

/// Whether a call of the system went well.
pub(crate) fn done(code: i32) -> Hr<()> {
    if code < 0 { Err(code) } else { Ok(()) }
}

/// The thread's membership in the process's multithreaded apartment; left when dropped.
pub(crate) struct Apartment {
    entered: bool,
    /// An apartment is left on the thread that entered it.
    _not_send: PhantomData<*const ()>,
}

impl Apartment {
    /// Enters the multithreaded apartment. A thread that is in another apartment already stays in
    /// it: the audio interfaces work there too.
    pub(crate) fn enter() -> Hr<Self> {
        // SAFETY: no pointer is passed; the call is undone once, on this thread, by `drop`.
        let code = unsafe { CoInitializeEx(std::ptr::null(), COINIT_MULTITHREADED as u32) }.0;
        if code < 0 && code != RPC_E_CHANGED_MODE {
            return Err(code);
        }
        Ok(Self {
            entered: code >= 0,
            _not_send: PhantomData,
        })
    }
}

impl Drop for Apartment {
    fn drop(&mut self) {
        if self.entered {
            // SAFETY: balances the successful CoInitializeEx of `enter` on the same thread, as
            // this type cannot move to another.
            unsafe { CoUninitialize() };
        }
    }
}

/// Keeps the process's multithreaded apartment alive, so that every thread which entered no apartment
/// is in it: an object that was made on one of them can be used on another. Given back when dropped,
/// on any thread.
pub(crate) struct SharedApartment(*mut c_void);

// SAFETY: the cookie is a mere number to the process; the system lets any thread give it back.
unsafe impl Send for SharedApartment {}

impl SharedApartment {
    /// Keeps it alive.
    pub(crate) fn hold() -> Hr<Self> {
        let mut cookie = null_mut();
        // SAFETY: the cookie lives through the call, and is given back once, by `drop`.
        let code = unsafe { CoIncrementMTAUsage(&mut cookie) }.0;
        if code < 0 {
            Err(code)
        } else {
            Ok(Self(cookie))
        }
    }
}

impl Drop for SharedApartment {
    fn drop(&mut self) {
        // SAFETY: the cookie is that of the successful call in `hold`.
        let _ = unsafe { CoDecrementMTAUsage(self.0) };
    }
}

/// The system's list of sound devices. The thread must be in an apartment.
pub(crate) fn enumerator() -> Hr<IMMDeviceEnumerator> {
    let mut object: *mut c_void = null_mut();
    // SAFETY: all pointers are to values that live through the call.
    let code = unsafe {
        CoCreateInstance(
            &MMDeviceEnumerator,
            null_mut(),
            CLSCTX_ALL as u32,
            &IMMDeviceEnumerator::IID,
            &mut object,
        )
    };
    if code.0 < 0 {
        return Err(code.0);
    }
    if object.is_null() {
        return Err(E_FAIL);
    }
    // SAFETY: the call succeeded, so `object` is a reference of ours to that interface.
    Ok(unsafe { IMMDeviceEnumerator::from_raw(object) })
}

/// Memory that the system allocated for us, given back when dropped.
pub(crate) struct TaskMemory(*mut c_void);

impl TaskMemory {
    /// Takes over what a call of the system returned; null is an error.
    ///
    /// # Safety
    /// `memory` is null or was allocated by the task allocator, and nobody else frees it.
    pub(crate) unsafe fn new<T>(memory: *mut T) -> Hr<Self> {
        if memory.is_null() {
            Err(E_FAIL)
        } else {
            Ok(Self(memory.cast()))
        }
    }

    pub(crate) fn as_ptr<T>(&self) -> *const T {
        self.0.cast_const().cast()
    }
}

impl Drop for TaskMemory {
    fn drop(&mut self) {
        // SAFETY: the memory is the task allocator's and ours, by the contract of `new`.
        unsafe { CoTaskMemFree(self.0) };
    }
}

/// Takes over a string that a call of the system returned.
///
/// # Safety
/// `text` is null or a zero-terminated string of the task allocator that nobody else frees.
pub(crate) unsafe fn take_string(text: PWSTR) -> Hr<String> {
    // SAFETY: passed on from the caller.
    let memory = unsafe { TaskMemory::new(text.0)? };
    // SAFETY: the string is zero-terminated by the caller's word, and `memory` keeps it alive.
    Ok(unsafe { string_from(PWSTR(memory.as_ptr::<u16>().cast_mut())) })
}

/// # Safety
/// `text` is a zero-terminated string that lives through the call.
unsafe fn string_from(text: PWSTR) -> String {
    // SAFETY: passed on from the caller.
    String::from_utf16_lossy(unsafe { text.as_wide() })
}

/// A property's value, given back to the system when dropped.
pub(crate) struct Property(PROPVARIANT);

impl Property {
    /// The property `key`, or `None` when the device does not have it.
    pub(crate) fn read(store: &IPropertyStore, key: &PROPERTYKEY) -> Option<Self> {
        // SAFETY: `key` lives through the call; the value becomes ours.
        unsafe { store.GetValue(key) }.ok().map(Self)
    }

    /// The text, if it is one. Read from the value itself: the system's converter for property
    /// values is missing from some systems.
    pub(crate) fn text(&self) -> Option<String> {
        // SAFETY: every bit pattern of the head is a valid tag, and the tag tells which field of
        // the union is set: for VT_LPWSTR a zero-terminated string that lives as long as the value.
        unsafe {
            let head = &self.0.Anonymous.Anonymous;
            let text = head.Anonymous.pwszVal;
            let is_text = i32::from(head.vt) == VT_LPWSTR && !text.is_null();
            is_text.then(|| string_from(text))
        }
    }

    /// The number, if it is one.
    pub(crate) fn number(&self) -> Option<u32> {
        // SAFETY: as in `text`; the number needs no pointer.
        unsafe {
            let head = &self.0.Anonymous.Anonymous;
            (i32::from(head.vt) == VT_UI4).then_some(head.Anonymous.ulVal)
        }
    }

    /// The GUID, if it is one.
    pub(crate) fn guid(&self) -> Option<GUID> {
        // SAFETY: as in `text`; for VT_CLSID the field points to a GUID that lives as long as the
        // value.
        unsafe {
            let head = &self.0.Anonymous.Anonymous;
            let guid = head.Anonymous.puuid;
            (i32::from(head.vt) == VT_CLSID && !guid.is_null()).then(|| guid.read_unaligned())
        }
    }
}

impl Drop for Property {
    fn drop(&mut self) {
        // SAFETY: the value was filled by the system and is cleared once.
        let _ = unsafe { PropVariantClear(&mut self.0) };
    }
}
