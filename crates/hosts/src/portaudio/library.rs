//! The library's functions, found at run time.

use std::ffi::{CStr, c_char, c_double, c_int, c_ulong, c_void};
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::path::Path;

use anyhow::{Context, Result};

use super::raw;
use crate::system::{GetProcAddress, LoadLibraryW};

/// Declares the table of functions and how it is filled.
macro_rules! functions {
    ($($field:ident = $symbol:literal : fn($($argument:ty),*) -> $result:ty;)*) => {
        /// Entry points of a loaded PortAudio. The library stays loaded until the process ends.
        pub struct Library {
            $(pub $field: unsafe extern "C" fn($($argument),*) -> $result,)*
        }

        impl Library {
            /// Loads the library and finds every function.
            ///
            /// # Errors
            /// The file cannot be loaded or lacks a function.
            pub fn load(path: &Path) -> Result<Library> {
                let module = load(path)?;
                Ok(Library {
                    $($field: {
                        let address = find(module, $symbol)
                            .with_context(|| format!("{} is no PortAudio", path.display()))?;
                        // SAFETY: PortAudio's public header guarantees this signature and the C
                        // calling convention for the function of that name; `address` is not null.
                        unsafe {
                            std::mem::transmute::<
                                *mut c_void,
                                unsafe extern "C" fn($($argument),*) -> $result,
                            >(address)
                        }
                    },)*
                })
            }
        }
    };
}

functions! {
    initialize = c"Pa_Initialize": fn() -> c_int;
    terminate = c"Pa_Terminate": fn() -> c_int;
    version_text = c"Pa_GetVersionText": fn() -> *const c_char;
    error_text = c"Pa_GetErrorText": fn(c_int) -> *const c_char;
    last_host_error = c"Pa_GetLastHostErrorInfo": fn() -> *const raw::HostErrorInfo;
    host_api_count = c"Pa_GetHostApiCount": fn() -> c_int;
    host_api_info = c"Pa_GetHostApiInfo": fn(c_int) -> *const raw::HostApiInfo;
    host_api_index = c"Pa_HostApiTypeIdToHostApiIndex": fn(c_int) -> c_int;
    device_count = c"Pa_GetDeviceCount": fn() -> c_int;
    device_info = c"Pa_GetDeviceInfo": fn(c_int) -> *const raw::DeviceInfo;
    is_format_supported = c"Pa_IsFormatSupported":
        fn(*const raw::StreamParameters, *const raw::StreamParameters, c_double) -> c_int;
    open_stream = c"Pa_OpenStream":
        fn(
            *mut *mut c_void,
            *const raw::StreamParameters,
            *const raw::StreamParameters,
            c_double,
            c_ulong,
            c_ulong,
            raw::StreamCallback,
            *mut c_void
        ) -> c_int;
    stream_info = c"Pa_GetStreamInfo": fn(*mut c_void) -> *const raw::StreamInfo;
    start_stream = c"Pa_StartStream": fn(*mut c_void) -> c_int;
    is_stream_active = c"Pa_IsStreamActive": fn(*mut c_void) -> c_int;
    stop_stream = c"Pa_StopStream": fn(*mut c_void) -> c_int;
    close_stream = c"Pa_CloseStream": fn(*mut c_void) -> c_int;
}

fn load(path: &Path) -> Result<*mut c_void> {
    let wide: Vec<u16> = path.as_os_str().encode_wide().chain([0]).collect();
    // SAFETY: `wide` ends with a NUL and lives across the call.
    let module = unsafe { LoadLibraryW(wide.as_ptr()) };
    if module.is_null() {
        let error = io::Error::last_os_error();
        return Err(error).with_context(|| format!("cannot load {}", path.display()));
    }
    Ok(module)
}

fn find(module: *mut c_void, symbol: &CStr) -> Result<*mut c_void> {
    // SAFETY: `module` came from LoadLibraryW and is never freed; `symbol` ends with a NUL.
    let address = unsafe { GetProcAddress(module, symbol.as_ptr().cast()) };
    if address.is_null() {
        anyhow::bail!("it has no function {}", symbol.to_string_lossy());
    }
    Ok(address)
}
