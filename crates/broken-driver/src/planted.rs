//! Faults that no driver of the safe interface can have: single entries of the table of methods are
//! replaced.
#![allow(unsafe_code)] // To break the rules is what this is for.

mod forward;
mod late;

use std::ffi::{c_char, c_void};
use std::sync::OnceLock;

use asio::abi::{AsioError, BufferInfo, Callbacks, FutureSelector, Iasio, Vtable};
use asio::driver::ObjectRef;

use crate::Fault;

/// The table as it is without a fault. All objects of this crate have the same.
static SOUND: OnceLock<Vtable> = OnceLock::new();

/// Defines a function in the calling convention of ASIO's own methods.
#[cfg(all(windows, target_arch = "x86"))]
macro_rules! method {
    (fn $name:ident($($arguments:tt)*) -> $result:ty $body:block) => {
        pub(super) unsafe extern "thiscall" fn $name($($arguments)*) -> $result $body
    };
}
#[cfg(not(all(windows, target_arch = "x86")))]
macro_rules! method {
    (fn $name:ident($($arguments:tt)*) -> $result:ty $body:block) => {
        pub(super) unsafe extern "system" fn $name($($arguments)*) -> $result $body
    };
}
use method;

/// Calls the method as it is without a fault.
macro_rules! sound {
    ($method:ident($($argument:expr),*)) => {{
        let vtable = SOUND.get().expect("kept before any entry is replaced");
        // SAFETY: the host's arguments, passed on.
        unsafe { (vtable.$method)($($argument),*) }
    }};
}
use sound;

/// Replaces what the fault needs in an object that nobody else has yet.
pub fn plant(object: &ObjectRef, fault: Fault) {
    let raw = object.as_raw();
    // SAFETY: the object is alive, and its table is never freed.
    let mut vtable = *SOUND.get_or_init(|| unsafe { *(*raw.as_ptr()).vtable });
    match fault {
        Fault::LongName => vtable.get_driver_name = long_name,
        Fault::WritesOnFailure => vtable.get_channels = writes_on_failure,
        Fault::NullCrash => vtable.get_sample_rate = touches_null,
        Fault::RateLies => vtable.can_sample_rate = promises,
        Fault::StartsNothing => vtable.start = starts_nothing,
        Fault::FutureZero => vtable.future = future_zero,
        Fault::SharedHalves => vtable.create_buffers = shares_halves,
        Fault::FreedTwice => vtable.release = forgets,
        Fault::KeepsCallbacks => vtable.create_buffers = forward::keeps_callbacks,
        Fault::CallsAfterDispose => {
            vtable.create_buffers = late::remembers;
            vtable.dispose_buffers = late::calls_late;
        }
        Fault::None
        | Fault::PositionGoesBack
        | Fault::HangsInStop
        | Fault::StopWaits
        | Fault::SameHalf
        | Fault::IgnoresBlock
        | Fault::WaitsForReady
        | Fault::CallsInStart
        | Fault::LatencyTooShort
        | Fault::LatencyTooLong => return,
    }
    // SAFETY: the object's first member; no other thread has the object yet.
    unsafe { (*raw.as_ptr()).vtable = Box::leak(Box::new(vtable)) };
}

method! {
    fn long_name(this: *mut Iasio, name: *mut c_char) -> () {
        sound!(get_driver_name(this, name));
        if !name.is_null() {
            let long = *b"Broken driver with a name too long\0";
            // SAFETY: none: these are more than the 32 bytes that the host promised.
            unsafe { name.cast::<[u8; 35]>().write_unaligned(long) };
        }
    }
}

method! {
    fn writes_on_failure(this: *mut Iasio, inputs: *mut i32, outputs: *mut i32) -> AsioError {
        let code = sound!(get_channels(this, inputs, outputs));
        if code != AsioError::OK && !inputs.is_null() && !outputs.is_null() {
            // SAFETY: not null, so writable by ASIO's rules.
            unsafe {
                inputs.write_unaligned(99);
                outputs.write_unaligned(99);
            }
        }
        code
    }
}

method! {
    fn touches_null(this: *mut Iasio, rate_hz: *mut f64) -> AsioError {
        if rate_hz.is_null() {
            // SAFETY: none.
            unsafe { rate_hz.write_volatile(0.0) };
        }
        sound!(get_sample_rate(this, rate_hz))
    }
}

method! {
    fn promises(_this: *mut Iasio, _rate_hz: f64) -> AsioError {
        AsioError::OK
    }
}

method! {
    fn starts_nothing(this: *mut Iasio) -> AsioError {
        match sound!(start(this)) {
            AsioError::INVALID_MODE => AsioError::OK,
            code => code,
        }
    }
}

method! {
    fn future_zero(
        this: *mut Iasio,
        selector: FutureSelector,
        parameter: *mut c_void,
    ) -> AsioError {
        match sound!(future(this, selector, parameter)) {
            AsioError::SUCCESS => AsioError::OK,
            code => code,
        }
    }
}

method! {
    fn shares_halves(
        this: *mut Iasio,
        infos: *mut BufferInfo,
        count: i32,
        block_frames: i32,
        callbacks: *const Callbacks,
    ) -> AsioError {
        let code = sound!(create_buffers(this, infos, count, block_frames, callbacks));
        if code == AsioError::OK && count > 1 {
            // SAFETY: the list has `count` entries, or the call would have failed.
            unsafe {
                let first = infos.read_unaligned();
                (&raw mut (*infos.add(1)).buffers).write_unaligned(first.buffers);
            }
        }
        code
    }
}

/// Leaves the object as freed memory would be.
unsafe extern "system" fn forgets(this: *mut Iasio) -> u32 {
    let left = sound!(release(this));
    if left == 0 {
        // SAFETY: the object's memory is never freed; what it points to from now on is no table.
        unsafe { (*this).vtable = std::ptr::without_provenance(16) };
    }
    left
}
