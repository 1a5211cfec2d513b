//! The border between clients and safe code: null pointers and panics stop here.

#![allow(unsafe_code)]

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};

use engine::format::StreamFormat;
use windows_core::{GUID, HRESULT, IUnknown, Interface, PWSTR};

use crate::system::task_memory;
use crate::wave;
use simcard_service::codes::{NULL_POINTER, OUT_OF_MEMORY, UNEXPECTED, UNSUPPORTED_FORMAT};

/// Runs a method's body. A panic becomes `E_UNEXPECTED`.
pub(super) fn method(body: impl FnOnce() -> Result<(), i32>) -> HRESULT {
    let code = match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => 0,
        Ok(Err(code)) => code,
        Err(_) => UNEXPECTED,
    };
    HRESULT(code)
}

/// Writes an out-parameter that must be there.
///
/// # Errors
/// `E_POINTER` for null.
///
/// # Safety
/// The pointer is null or the client's for a value of this type.
pub(super) unsafe fn put<T>(to: *mut T, value: T) -> Result<(), i32> {
    if to.is_null() {
        return Err(NULL_POINTER);
    }
    // SAFETY: not null, and by the caller's word the client's; whatever its alignment.
    unsafe { to.write_unaligned(value) };
    Ok(())
}

/// Writes an out-parameter that may be left out.
///
/// # Safety
/// As [`put`].
pub(super) unsafe fn put_if<T>(to: *mut T, value: T) {
    if !to.is_null() {
        // SAFETY: as in `put`.
        unsafe { to.write_unaligned(value) };
    }
}

/// Gives a reference away in an out-parameter.
///
/// # Errors
/// `E_POINTER` for null.
///
/// # Safety
/// As [`put`].
pub(super) unsafe fn put_object(to: *mut *mut c_void, object: impl Interface) -> Result<(), i32> {
    if to.is_null() {
        return Err(NULL_POINTER);
    }
    // SAFETY: as in `put`; the client releases the reference.
    unsafe { put(to, object.into_raw()) }
}

/// Asks an object for an interface and gives that away.
///
/// # Errors
/// `E_POINTER`, or what the object answers.
///
/// # Safety
/// As [`put`]; `iid` is null or the client's for a GUID.
pub(super) unsafe fn put_queried(
    object: &IUnknown,
    iid: *const GUID,
    to: *mut *mut c_void,
) -> Result<(), i32> {
    if iid.is_null() || to.is_null() {
        return Err(NULL_POINTER);
    }
    // SAFETY: both are not null and the client's by the caller's word.
    let code = unsafe { object.query(iid, to) };
    if code.0 < 0 { Err(code.0) } else { Ok(()) }
}

/// Reads a GUID.
///
/// # Errors
/// `E_POINTER` for null.
///
/// # Safety
/// The pointer is null or the client's for a GUID.
pub(super) unsafe fn guid(from: *const GUID) -> Result<GUID, i32> {
    if from.is_null() {
        return Err(NULL_POINTER);
    }
    // SAFETY: not null, and the client's by the caller's word.
    Ok(unsafe { from.read_unaligned() })
}

/// Reads a wave format.
///
/// # Errors
/// `E_POINTER` for null, `AUDCLNT_E_UNSUPPORTED_FORMAT` for what no simulated device can have.
///
/// # Safety
/// The pointer is null or the client's for a format, as long as that states itself.
pub(super) unsafe fn format(from: *const u8) -> Result<StreamFormat, i32> {
    if from.is_null() {
        return Err(NULL_POINTER);
    }
    // SAFETY: a format has at least these bytes, and as many as it states.
    let bytes = unsafe {
        let head = from.cast::<[u8; wave::PLAIN_BYTES]>().read_unaligned();
        std::slice::from_raw_parts(from, wave::whole_bytes(&head))
    };
    wave::read(bytes).ok_or(UNSUPPORTED_FORMAT)
}

/// Copies bytes to memory of the task allocator, which the client frees.
///
/// # Errors
/// `E_OUTOFMEMORY`.
pub(super) fn task_bytes(bytes: &[u8]) -> Result<*mut u8, i32> {
    let memory = task_memory(bytes.len().max(1));
    if memory.is_null() {
        return Err(OUT_OF_MEMORY);
    }
    // SAFETY: the memory was just given for this length.
    unsafe { memory.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
    Ok(memory)
}

/// As [`task_bytes`], for a zero-terminated string.
pub(super) fn task_text(text: &str) -> Result<PWSTR, i32> {
    let units = text.encode_utf16().chain([0]);
    let bytes: Vec<u8> = units.flat_map(u16::to_le_bytes).collect();
    Ok(PWSTR(task_bytes(&bytes)?.cast()))
}
