//! The part of PortAudio's public C interface (version 19) that is used here.

use std::ffi::{c_char, c_double, c_int, c_long, c_uint, c_ulong, c_void};

pub const ASIO: c_int = 3;
pub const WASAPI: c_int = 13;

pub const UNANTICIPATED_HOST_ERROR: c_int = -9999;
pub const STREAM_IS_STOPPED: c_int = -9983;

pub const FLOAT32: c_ulong = 1;
pub const INT32: c_ulong = 2;
pub const INT24: c_ulong = 4;
pub const INT16: c_ulong = 8;

/// Neither clip nor dither: integers must arrive as they left.
pub const EXACT: c_ulong = 1 | 2;

// Flags of the callback.
pub const INPUT_UNDERFLOW: c_ulong = 1;
pub const INPUT_OVERFLOW: c_ulong = 2;
pub const OUTPUT_UNDERFLOW: c_ulong = 4;
pub const OUTPUT_OVERFLOW: c_ulong = 8;

pub const CONTINUE: c_int = 0;
pub const COMPLETE: c_int = 1;
pub const ABORT: c_int = 2;

pub const WASAPI_EXCLUSIVE: c_ulong = 1;

pub type StreamCallback = unsafe extern "C" fn(
    input: *const c_void,
    output: *mut c_void,
    frames: c_ulong,
    times: *const c_void,
    flags: c_ulong,
    user: *mut c_void,
) -> c_int;

#[repr(C)]
pub struct HostApiInfo {
    pub struct_version: c_int,
    pub type_id: c_int,
    pub name: *const c_char,
    pub device_count: c_int,
    pub default_input_device: c_int,
    pub default_output_device: c_int,
}

#[repr(C)]
pub struct HostErrorInfo {
    pub host_api_type: c_int,
    pub code: c_long,
    pub text: *const c_char,
}

#[repr(C)]
pub struct DeviceInfo {
    pub struct_version: c_int,
    pub name: *const c_char,
    pub host_api: c_int,
    pub max_input_channels: c_int,
    pub max_output_channels: c_int,
    pub default_low_input_latency_s: c_double,
    pub default_low_output_latency_s: c_double,
    pub default_high_input_latency_s: c_double,
    pub default_high_output_latency_s: c_double,
    pub default_sample_rate_hz: c_double,
}

#[repr(C)]
pub struct StreamParameters {
    pub device: c_int,
    pub channel_count: c_int,
    pub sample_format: c_ulong,
    pub suggested_latency_s: c_double,
    pub host_api_specific: *const c_void,
}

#[repr(C)]
pub struct StreamInfo {
    pub struct_version: c_int,
    pub input_latency_s: c_double,
    pub output_latency_s: c_double,
    pub sample_rate_hz: c_double,
}

/// What the WASAPI part wants to know beyond [`StreamParameters`].
#[repr(C)]
pub struct WasapiStreamInfo {
    pub size: c_ulong,
    pub host_api_type: c_int,
    pub version: c_ulong,
    pub flags: c_ulong,
    pub channel_mask: c_uint,
    pub host_processor_output: *const c_void,
    pub host_processor_input: *const c_void,
    pub thread_priority: c_int,
    pub stream_category: c_int,
    pub stream_option: c_int,
}

// The library refuses any other size.
#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<WasapiStreamInfo>() == 56);
