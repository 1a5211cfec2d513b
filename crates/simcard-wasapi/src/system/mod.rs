//! What the stand-in needs of Windows: COM's memory and objects, and its place in the registry.

#![allow(unsafe_code)]

#[allow(
    missing_docs,
    non_camel_case_types,
    non_snake_case,
    clippy::all,
    clippy::undocumented_unsafe_blocks
)]
mod bindings;
mod register;

use std::ffi::c_void;
use std::ptr::{null, null_mut};

use windows_core::GUID;

pub use register::{register, unregister};

/// Memory of the task allocator, as out-parameters of COM want it; null when there is none.
pub fn task_memory(bytes: usize) -> *mut u8 {
    // SAFETY: the call takes a number.
    unsafe { bindings::CoTaskMemAlloc(bytes) }.cast()
}

/// Gives memory of the task allocator back.
///
/// # Safety
/// The memory is the task allocator's or null, and nobody uses it any more.
pub(crate) unsafe fn free_task_memory(memory: *mut c_void) {
    // SAFETY: passed on from the caller.
    unsafe { bindings::CoTaskMemFree(memory) };
}

/// Makes this thread one of those that use COM without a message loop, until it ends.
pub fn enter_apartment() {
    // SAFETY: null is what the call wants there. A refusal shows in whatever is called next.
    let _ = unsafe { bindings::CoInitializeEx(null(), bindings::COINIT_MULTITHREADED as u32) };
}

/// An object of that class with that interface: a reference that is the caller's.
pub(crate) fn create_instance(class: &GUID, interface: &GUID) -> Result<*mut c_void, i32> {
    let mut object = null_mut();
    // SAFETY: the pointers are to values that live through the call.
    let code = unsafe {
        let context = bindings::CLSCTX_ALL as u32;
        bindings::CoCreateInstance(class, null_mut(), context, interface, &mut object)
    };
    if code.0 < 0 { Err(code.0) } else { Ok(object) }
}
