//! What a host offers to a driver: callbacks, a place for the list of them, word of filled blocks.

use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::ptr;

use super::slots::count_stray;
use crate::abi::{AsioTime, Callbacks, HostMessage};

/// What a host offers to a driver. Hosts of the field leave out any of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// `bufferSwitch`.
    pub plain_switch: bool,
    /// `bufferSwitchTimeInfo`.
    pub timed_switch: bool,
    /// `sampleRateDidChange`.
    pub rate_change: bool,
    /// `asioMessage`.
    pub messages: bool,
    /// `outputReady` is asked once after `createBuffers`, and told after each block when the driver
    /// makes use of it. Without it the host never calls it.
    pub ready: bool,
    /// The list of callbacks stays as it is after `createBuffers`. Without it the list is
    /// overwritten, as in hosts that keep it on the stack; a driver that reads it again then counts
    /// as a [stray](super::misuse::stray_callbacks).
    pub lasting: bool,
}

impl Offer {
    /// All of them, for as long as the stream lives.
    pub const ALL: Offer = Offer {
        plain_switch: true,
        timed_switch: true,
        rate_change: true,
        messages: true,
        ready: true,
        lasting: true,
    };
}

/// The list of callbacks that a driver is handed. Never freed: a driver may keep the pointer.
pub(super) struct OfferedCallbacks {
    list: *const Callbacks,
    /// The same list, if it is to be overwritten.
    passing: Option<&'static UnsafeCell<Callbacks>>,
}

impl OfferedCallbacks {
    pub(super) fn new(offer: Offer, all: &'static Callbacks) -> OfferedCallbacks {
        if offer == Offer::ALL {
            return OfferedCallbacks {
                list: all,
                passing: None,
            };
        }
        let list = Callbacks {
            buffer_switch: all.buffer_switch.filter(|_| offer.plain_switch),
            sample_rate_did_change: all.sample_rate_did_change.filter(|_| offer.rate_change),
            asio_message: all.asio_message.filter(|_| offer.messages),
            buffer_switch_time_info: all.buffer_switch_time_info.filter(|_| offer.timed_switch),
        };
        let list: &'static UnsafeCell<Callbacks> = Box::leak(Box::new(UnsafeCell::new(list)));
        OfferedCallbacks {
            list: list.get(),
            passing: Some(list).filter(|_| !offer.lasting),
        }
    }

    pub(super) fn as_ptr(&self) -> *const Callbacks {
        self.list
    }

    /// `createBuffers` has returned.
    pub(super) fn end_call(self) {
        if let Some(list) = self.passing {
            // SAFETY: no reference to the list exists. A driver that still reads it is what is being
            // looked for; it finds functions at any time.
            unsafe { ptr::write_volatile(list.get(), STALE) };
        }
    }
}

/// What is called by a driver that reads a list that its host has given up.
const STALE: Callbacks = Callbacks {
    buffer_switch: Some(stale_switch),
    sample_rate_did_change: Some(stale_rate_change),
    asio_message: Some(stale_message),
    buffer_switch_time_info: Some(stale_timed_switch),
};

unsafe extern "C" fn stale_switch(_half: i32, _direct: i32) {
    count_stray();
}

unsafe extern "C" fn stale_rate_change(_rate_hz: f64) {
    count_stray();
}

unsafe extern "C" fn stale_message(
    _selector: HostMessage,
    _value: i32,
    _message: *mut c_void,
    _opt: *mut f64,
) -> i32 {
    count_stray();
    0
}

unsafe extern "C" fn stale_timed_switch(
    _time: *mut AsioTime,
    _half: i32,
    _direct: i32,
) -> *mut AsioTime {
    count_stray();
    ptr::null_mut()
}
