//! The library's functions, found at run time.

use std::ffi::{c_char, c_double, c_int, c_ulong, c_void};

use super::raw;

crate::dll::functions! {
    "PortAudio";
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
