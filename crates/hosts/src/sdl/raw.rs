//! The part of SDL's public C interface (version 2) that is used here.

use std::ffi::{c_int, c_void};

/// The subsystem to which devices that come and go are told.
pub const INIT_EVENTS: u32 = 0x4000;

pub const INT16: u16 = 0x8010;
pub const INT32: u16 = 0x8020;
pub const FLOAT32: u16 = 0x8120;

/// A device may be opened with anything but what was asked for; then nothing is converted.
pub const ALLOW_ANY_CHANGE: c_int = 15;

pub type Callback = unsafe extern "C" fn(user: *mut c_void, stream: *mut u8, bytes: c_int);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct AudioSpec {
    pub rate_hz: c_int,
    pub format: u16,
    pub channels: u8,
    pub silence: u8,
    pub block_frames: u16,
    pub padding: u16,
    pub block_bytes: u32,
    pub callback: Option<Callback>,
    pub user: *mut c_void,
}

#[repr(C)]
#[derive(Default)]
pub struct Version {
    pub major: u8,
    pub minor: u8,
    pub patch: u8,
}
