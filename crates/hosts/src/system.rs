//! The functions of Windows that the test programs call.

use std::ffi::c_void;

windows_link::link!("kernel32.dll" "system" fn QueryPerformanceCounter(count: *mut i64) -> i32);
windows_link::link!("kernel32.dll" "system" fn QueryPerformanceFrequency(frequency: *mut i64) -> i32);
windows_link::link!("kernel32.dll" "system" fn LoadLibraryW(name: *const u16) -> *mut c_void);
windows_link::link!("kernel32.dll" "system" fn GetModuleHandleW(name: *const u16) -> *mut c_void);
windows_link::link!("kernel32.dll" "system" fn GetProcAddress(module: *mut c_void, name: *const u8) -> *mut c_void);
windows_link::link!("kernel32.dll" "system" fn CreateEventW(attributes: *const c_void, manual: i32, initial: i32, name: *const u16) -> *mut c_void);
windows_link::link!("kernel32.dll" "system" fn SetEvent(event: *mut c_void) -> i32);
windows_link::link!("kernel32.dll" "system" fn WaitForSingleObject(object: *mut c_void, timeout_ms: u32) -> u32);
