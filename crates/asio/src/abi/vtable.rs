//! The interface itself and the host's callbacks.

use std::ffi::{c_char, c_void};

use super::{
    AsioError, AsioTime, BufferInfo, ChannelInfo, ClockSource, FutureSelector, Guid, HostMessage,
    Int64,
};

/// COM's result code.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HResult(pub i32);

impl HResult {
    /// Done.
    pub const OK: HResult = HResult(0);
    /// Done, and the answer is no.
    pub const FALSE: HResult = HResult(1);
    /// No such interface.
    pub const NO_INTERFACE: HResult = HResult(0x8000_4002_u32 as i32);
    /// A null pointer.
    pub const POINTER: HResult = HResult(0x8000_4003_u32 as i32);
    /// Failed for a reason that nothing foresees.
    pub const UNEXPECTED: HResult = HResult(0x8000_FFFF_u32 as i32);
    /// The class cannot be part of another object.
    pub const NO_AGGREGATION: HResult = HResult(0x8004_0110_u32 as i32);
    /// No such class here.
    pub const CLASS_NOT_AVAILABLE: HResult = HResult(0x8004_0111_u32 as i32);
    /// The class is not registered.
    pub const CLASS_NOT_REGISTERED: HResult = HResult(0x8004_0154_u32 as i32);
    /// The user may not do this.
    pub const ACCESS_DENIED: HResult = HResult(0x8007_0005_u32 as i32);

    /// Whether it means success.
    pub const fn is_ok(self) -> bool {
        self.0 >= 0
    }

    /// Windows' name for the number, where it is one of those above.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            HResult::OK => "S_OK",
            HResult::FALSE => "S_FALSE",
            HResult::NO_INTERFACE => "E_NOINTERFACE",
            HResult::POINTER => "E_POINTER",
            HResult::UNEXPECTED => "E_UNEXPECTED",
            HResult::NO_AGGREGATION => "CLASS_E_NOAGGREGATION",
            HResult::CLASS_NOT_AVAILABLE => "CLASS_E_CLASSNOTAVAILABLE",
            HResult::ACCESS_DENIED => "E_ACCESSDENIED",
            HResult::CLASS_NOT_REGISTERED => "REGDB_E_CLASSNOTREG",
            _ => return None,
        })
    }
}

impl std::fmt::Display for HResult {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} (0x{:08X})", self.0),
            None => write!(f, "0x{:08X}", self.0),
        }
    }
}

impl std::fmt::Debug for HResult {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

/// What a pointer to a driver points to: the pointer to its table of methods, then whatever the
/// driver keeps.
#[repr(C)]
#[derive(Debug)]
pub struct Iasio {
    /// The table of methods.
    pub vtable: *const Vtable,
}

/// The methods of `IASIO` in the order of the table.
///
/// The result of `init` is [`TRUE`](super::TRUE) or [`FALSE`](super::FALSE).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)] // Named as in ASIO; the driver's and the host's side document each.
pub struct Vtable {
    pub query_interface:
        unsafe extern "system" fn(*mut Iasio, *const Guid, *mut *mut c_void) -> HResult,
    pub add_ref: unsafe extern "system" fn(*mut Iasio) -> u32,
    pub release: unsafe extern "system" fn(*mut Iasio) -> u32,
    pub init: method_type!(fn(*mut Iasio, *mut c_void) -> i32),
    pub get_driver_name: method_type!(fn(*mut Iasio, *mut c_char) -> ()),
    pub get_driver_version: method_type!(fn(*mut Iasio) -> i32),
    pub get_error_message: method_type!(fn(*mut Iasio, *mut c_char) -> ()),
    pub start: method_type!(fn(*mut Iasio) -> AsioError),
    pub stop: method_type!(fn(*mut Iasio) -> AsioError),
    pub get_channels: method_type!(fn(*mut Iasio, *mut i32, *mut i32) -> AsioError),
    pub get_latencies: method_type!(fn(*mut Iasio, *mut i32, *mut i32) -> AsioError),
    pub get_buffer_size:
        method_type!(fn(*mut Iasio, *mut i32, *mut i32, *mut i32, *mut i32) -> AsioError),
    pub can_sample_rate: method_type!(fn(*mut Iasio, f64) -> AsioError),
    pub get_sample_rate: method_type!(fn(*mut Iasio, *mut f64) -> AsioError),
    pub set_sample_rate: method_type!(fn(*mut Iasio, f64) -> AsioError),
    pub get_clock_sources: method_type!(fn(*mut Iasio, *mut ClockSource, *mut i32) -> AsioError),
    pub set_clock_source: method_type!(fn(*mut Iasio, i32) -> AsioError),
    pub get_sample_position: method_type!(fn(*mut Iasio, *mut Int64, *mut Int64) -> AsioError),
    pub get_channel_info: method_type!(fn(*mut Iasio, *mut ChannelInfo) -> AsioError),
    pub create_buffers:
        method_type!(fn(*mut Iasio, *mut BufferInfo, i32, i32, *const Callbacks) -> AsioError),
    pub dispose_buffers: method_type!(fn(*mut Iasio) -> AsioError),
    pub control_panel: method_type!(fn(*mut Iasio) -> AsioError),
    pub future: method_type!(fn(*mut Iasio, FutureSelector, *mut c_void) -> AsioError),
    pub output_ready: method_type!(fn(*mut Iasio) -> AsioError),
}

/// The host's functions (`ASIOCallbacks`), all `cdecl`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Callbacks {
    /// A block is due: the half's index, and whether the host may process it at once.
    pub buffer_switch: Option<unsafe extern "C" fn(i32, i32)>,
    /// The sample rate changed, in Hz; 0 where it is unknown.
    pub sample_rate_did_change: Option<unsafe extern "C" fn(f64)>,
    /// A message: selector, value, pointer, number. The answer is 1 for yes.
    pub asio_message: Option<unsafe extern "C" fn(HostMessage, i32, *mut c_void, *mut f64) -> i32>,
    /// A block is due, with its time. The result means nothing.
    pub buffer_switch_time_info:
        Option<unsafe extern "C" fn(*mut AsioTime, i32, i32) -> *mut AsioTime>,
}

const POINTER_BYTES: usize = size_of::<usize>();
const _: () = {
    use std::mem::offset_of;
    assert!(size_of::<Vtable>() == 24 * POINTER_BYTES);
    assert!(offset_of!(Vtable, init) == 3 * POINTER_BYTES);
    assert!(offset_of!(Vtable, start) == 7 * POINTER_BYTES);
    assert!(offset_of!(Vtable, get_channels) == 9 * POINTER_BYTES);
    assert!(offset_of!(Vtable, get_buffer_size) == 11 * POINTER_BYTES);
    assert!(offset_of!(Vtable, get_clock_sources) == 15 * POINTER_BYTES);
    assert!(offset_of!(Vtable, get_channel_info) == 18 * POINTER_BYTES);
    assert!(offset_of!(Vtable, create_buffers) == 19 * POINTER_BYTES);
    assert!(offset_of!(Vtable, control_panel) == 21 * POINTER_BYTES);
    assert!(offset_of!(Vtable, output_ready) == 23 * POINTER_BYTES);
    assert!(size_of::<Callbacks>() == 4 * POINTER_BYTES);
    assert!(offset_of!(Callbacks, asio_message) == 2 * POINTER_BYTES);
};
