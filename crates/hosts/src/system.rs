//! The functions of Windows that the test programs call.

use std::ffi::c_void;

windows_link::link!("kernel32.dll" "system" fn QueryPerformanceCounter(count: *mut i64) -> i32);
windows_link::link!("kernel32.dll" "system" fn QueryPerformanceFrequency(frequency: *mut i64) -> i32);
windows_link::link!("kernel32.dll" "system" fn LoadLibraryW(name: *const u16) -> *mut c_void);
windows_link::link!("kernel32.dll" "system" fn GetModuleHandleW(name: *const u16) -> *mut c_void);
windows_link::link!("kernel32.dll" "system" fn GetProcAddress(module: *mut c_void, name: *const u8) -> *mut c_void);
