//! The three methods that a driver has from `IUnknown`.
//!
//! The host promises that `this` is null or came from [`Object::create`], and that every other
//! pointer is null or points to what COM says.

use std::ffi::c_void;
use std::ptr;

use super::Driver;
use super::object::Object;
use crate::abi::{Guid, HResult, Iasio};

pub(super) unsafe extern "system" fn query_interface<D: Driver>(
    this: *mut Iasio,
    iid: *const Guid,
    out: *mut *mut c_void,
) -> HResult {
    if this.is_null() || out.is_null() {
        return HResult::POINTER;
    }
    // SAFETY: not null, so writable by the promise in the module's text.
    unsafe { out.write_unaligned(ptr::null_mut()) };
    if iid.is_null() {
        return HResult::POINTER;
    }
    // SAFETY: `this` by the promise in the module's text, and not null.
    let Some(object) = (unsafe { Object::<D>::from_raw(this) }) else {
        return HResult::POINTER;
    };
    // SAFETY: not null, so readable by the promise in the module's text.
    let iid = unsafe { iid.read_unaligned() };
    if !object.answers_to(iid) || object.add_reference() == 0 {
        return HResult::NO_INTERFACE;
    }
    // SAFETY: as above.
    unsafe { out.write_unaligned(this.cast()) };
    HResult::OK
}

pub(super) unsafe extern "system" fn add_ref<D: Driver>(this: *mut Iasio) -> u32 {
    // SAFETY: `this` by the promise in the module's text.
    unsafe { Object::<D>::from_raw(this) }.map_or(0, Object::add_reference)
}

pub(super) unsafe extern "system" fn release<D: Driver>(this: *mut Iasio) -> u32 {
    // SAFETY: `this` by the promise in the module's text.
    unsafe { Object::<D>::from_raw(this) }.map_or(0, Object::release_reference)
}
