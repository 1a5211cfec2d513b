//! `IMMDeviceEnumerator` and `IMMDeviceCollection`.

#![allow(unsafe_code, non_snake_case)]

use std::ffi::c_void;
use std::sync::atomic::Ordering;

use simcard::spec::Flow;
use windows_core::{HRESULT, PCWSTR, implement};

use super::border::{method, put, put_object};
use super::device::{Endpoint, device as device_object};
use super::notify;
use crate::abi::{
    IMMDeviceCollection, IMMDeviceCollection_Impl, IMMDeviceEnumerator, IMMDeviceEnumerator_Impl,
};
use simcard_service::call::Question;
use simcard_service::codes::{INVALID_ARGUMENT, NOT_FOUND, NULL_POINTER};
use simcard_service::system::line;

const ALL: i32 = 2;
const STATES_MAX: u32 = 0xF;
const ROLES: std::ops::Range<i32> = 0..3;

/// The system's list of sound devices.
#[implement(IMMDeviceEnumerator)]
pub(super) struct Enumerator;

/// Every endpoint of the machine.
fn endpoints() -> Result<Vec<Endpoint>, i32> {
    let devices = line()?.shared().header.devices.load(Ordering::Relaxed);
    (0..devices.min(256)).map(Endpoint::describe).collect()
}

fn flow(number: i32) -> Result<Flow, i32> {
    match number {
        0 => Ok(Flow::Render),
        1 => Ok(Flow::Capture),
        _ => Err(INVALID_ARGUMENT),
    }
}

impl IMMDeviceEnumerator_Impl for Enumerator_Impl {
    /// Follows "IMMDeviceEnumerator::EnumAudioEndpoints method (mmdeviceapi.h)" on
    /// learn.microsoft.com.
    unsafe fn EnumAudioEndpoints(
        &self,
        flow: i32,
        states: u32,
        devices: *mut *mut c_void,
    ) -> HRESULT {
        method(|| {
            if devices.is_null() {
                return Err(NULL_POINTER);
            }
            if !(0..=ALL).contains(&flow) || states == 0 || states > STATES_MAX {
                return Err(INVALID_ARGUMENT);
            }
            let mut wanted = endpoints()?;
            wanted.retain(|endpoint| {
                (flow == ALL || endpoint.flow as i32 == flow) && endpoint.state() & states != 0
            });
            let collection: IMMDeviceCollection = Collection(wanted).into();
            // SAFETY: the pointer is the client's.
            unsafe { put_object(devices, collection) }
        })
    }

    /// Follows "IMMDeviceEnumerator::GetDefaultAudioEndpoint method (mmdeviceapi.h)" on
    /// learn.microsoft.com. The three roles have one default.
    unsafe fn GetDefaultAudioEndpoint(
        &self,
        flow_number: i32,
        role: i32,
        device: *mut *mut c_void,
    ) -> HRESULT {
        method(|| {
            if device.is_null() {
                return Err(NULL_POINTER);
            }
            if !ROLES.contains(&role) {
                return Err(INVALID_ARGUMENT);
            }
            let answer = line()?.ask(Question::Default(flow(flow_number)?))?;
            let endpoint = Endpoint::describe(answer.words[0] as u32)?;
            // SAFETY: the pointer is the client's.
            unsafe { put_object(device, device_object(&endpoint)) }
        })
    }

    /// Follows "IMMDeviceEnumerator::GetDevice method (mmdeviceapi.h)" on learn.microsoft.com.
    unsafe fn GetDevice(&self, id: PCWSTR, device: *mut *mut c_void) -> HRESULT {
        method(|| {
            if id.is_null() || device.is_null() {
                return Err(NULL_POINTER);
            }
            // SAFETY: not null, and zero-terminated by the client's word.
            let id = String::from_utf16_lossy(unsafe { id.as_wide() });
            let found = endpoints()?
                .into_iter()
                .find(|endpoint| endpoint.id() == id);
            let endpoint = found.ok_or(NOT_FOUND)?;
            // SAFETY: the pointer is the client's.
            unsafe { put_object(device, device_object(&endpoint)) }
        })
    }

    unsafe fn RegisterEndpointNotificationCallback(&self, client: *mut c_void) -> HRESULT {
        // SAFETY: null or a pointer to that interface, by the client's word.
        method(|| unsafe { notify::register(client) })
    }

    unsafe fn UnregisterEndpointNotificationCallback(&self, client: *mut c_void) -> HRESULT {
        method(|| notify::unregister(client))
    }
}

/// Endpoints as they were when they were asked for.
#[implement(IMMDeviceCollection)]
struct Collection(Vec<Endpoint>);

impl IMMDeviceCollection_Impl for Collection_Impl {
    unsafe fn GetCount(&self, count: *mut u32) -> HRESULT {
        // SAFETY: the pointer is the client's.
        method(|| unsafe { put(count, self.0.len() as u32) })
    }

    unsafe fn Item(&self, number: u32, device: *mut *mut c_void) -> HRESULT {
        method(|| {
            let endpoint = self.0.get(number as usize).ok_or(INVALID_ARGUMENT)?;
            // SAFETY: the pointer is the client's.
            unsafe { put_object(device, device_object(endpoint)) }
        })
    }
}
