//! The end of a process that crashes: at once, with the exception's code as its status, without a
//! dialog or a debugger that waits for somebody.
#![allow(unsafe_code)] // The system's own functions.

use std::ffi::c_void;

const FAIL_CRITICAL_ERRORS: u32 = 1;
const NO_FAULT_BOX: u32 = 2;

/// `EXCEPTION_POINTERS`, as far as it is read here.
#[repr(C)]
struct Pointers {
    /// An `EXCEPTION_RECORD`, which begins with the code.
    record: *const u32,
    _context: *const c_void,
}

type Filter = unsafe extern "system" fn(*const Pointers) -> i32;

windows_link::link!("kernel32.dll" "system" fn SetErrorMode(mode: u32) -> u32);
windows_link::link!("kernel32.dll" "system" fn SetUnhandledExceptionFilter(
    filter: Option<Filter>,
) -> Option<Filter>);
windows_link::link!("kernel32.dll" "system" fn GetCurrentProcess() -> *mut c_void);
windows_link::link!("kernel32.dll" "system" fn TerminateProcess(
    process: *mut c_void,
    status: u32,
) -> i32);

/// From now on a crash of this process ends it at once.
pub fn end_at_once() {
    // SAFETY: any thread may call both at any time; the filter is a function of this program.
    unsafe {
        SetErrorMode(FAIL_CRITICAL_ERRORS | NO_FAULT_BOX);
        SetUnhandledExceptionFilter(Some(end));
    }
}

unsafe extern "system" fn end(pointers: *const Pointers) -> i32 {
    // SAFETY: the system passes pointers to a record that lives as long as the call.
    let code = unsafe { *(*pointers).record };
    // SAFETY: ends this process, with nothing run after it.
    unsafe { TerminateProcess(GetCurrentProcess(), code) };
    // Not reached: "let the process end".
    1
}
