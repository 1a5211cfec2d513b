//! `IMMDevice` and `IMMEndpoint`.

#![allow(unsafe_code, non_snake_case)]

use std::ffi::c_void;

use rt::Mutex;
use simcard::SimError;
use simcard::spec::Flow;
use windows_core::{GUID, HRESULT, IUnknown, Interface, PWSTR, implement};

use super::border::{guid, method, put, put_object, put_queried, task_text};
use super::client::Client;
use super::manager::Manager;
use super::properties::Properties;
use crate::abi::{
    IAudioClient, IAudioClient2, IAudioClient3, IAudioSessionManager, IAudioSessionManager2,
    IMMDevice, IMMDevice_Impl, IMMEndpoint, IMMEndpoint_Impl, IPropertyStore, PropVariant,
};
use crate::ids;
use simcard_service::call::Question;
use simcard_service::codes::{NO_INTERFACE, NULL_POINTER};
use simcard_service::system::line;

/// `DEVICE_STATE_ACTIVE`
pub(super) const ACTIVE: u32 = 1;
/// `DEVICE_STATE_NOTPRESENT`
const NOT_PRESENT: u32 = 4;
/// `DEVICE_STATE_UNPLUGGED`
pub(super) const UNPLUGGED: u32 = 8;

/// An endpoint as the service described it.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    pub(super) number: u32,
    pub(super) flow: Flow,
    present: bool,
    renumbered: u32,
    pub(super) default_hns: i64,
    pub(super) min_hns: i64,
    pub(super) name: String,
    pub(super) card: String,
}

impl Endpoint {
    pub(super) fn describe(number: u32) -> Result<Self, i32> {
        let answer = line()?.ask(Question::Device(number))?;
        let (name, card) = answer.text.split_once('\t').unwrap_or((&answer.text, ""));
        Ok(Self {
            number,
            flow: if answer.words[0] == 0 {
                Flow::Render
            } else {
                Flow::Capture
            },
            present: answer.words[1] != 0,
            renumbered: answer.words[6] as u32,
            default_hns: answer.words[4] as i64,
            min_hns: answer.words[5] as i64,
            name: name.to_owned(),
            card: card.to_owned(),
        })
    }

    pub(super) fn id(&self) -> String {
        ids::endpoint_id(&self.card, &self.name, self.flow, self.renumbered)
    }

    pub(super) fn state(&self) -> u32 {
        if self.present { ACTIVE } else { UNPLUGGED }
    }

    /// The same one as it is now; `None` when it has another id by now.
    fn now(&self) -> Result<Option<Self>, i32> {
        let now = Self::describe(self.number)?;
        Ok((now.renumbered == self.renumbered).then_some(now))
    }
}

/// The object of an endpoint: always the same in a process for one id, as clients compare pointers.
pub(super) fn device(endpoint: &Endpoint) -> IMMDevice {
    let mut devices = DEVICES.lock();
    let name = (endpoint.number, endpoint.renumbered);
    if let Some(known) = devices.iter().find(|known| known.name == name) {
        return known.device.clone();
    }
    let device: IMMDevice = Device(endpoint.clone()).into();
    devices.push(Known {
        name,
        device: device.clone(),
    });
    device
}

struct Known {
    /// The endpoint's number and how often it was renumbered.
    name: (u32, u32),
    device: IMMDevice,
}

// SAFETY: a `Device` holds plain data that nobody changes, and its references are counted atomically.
unsafe impl Send for Known {}

static DEVICES: Mutex<Vec<Known>> = Mutex::new(Vec::new());

/// One endpoint.
#[implement(IMMDevice, IMMEndpoint)]
struct Device(Endpoint);

impl IMMDevice_Impl for Device_Impl {
    /// Follows "IMMDevice::Activate method (mmdeviceapi.h)" on learn.microsoft.com. Of what can be
    /// activated there are the audio clients and the manager of sessions.
    unsafe fn Activate(
        &self,
        iid: *const GUID,
        _context: u32,
        _parameters: *const PropVariant,
        object: *mut *mut c_void,
    ) -> HRESULT {
        method(|| {
            if object.is_null() {
                return Err(NULL_POINTER);
            }
            // SAFETY: the pointers are the client's.
            unsafe {
                put(object, std::ptr::null_mut())?;
                let wanted = guid(iid)?;
                if [IAudioSessionManager::IID, IAudioSessionManager2::IID].contains(&wanted) {
                    let manager: IAudioSessionManager2 = Manager(self.0.number).into();
                    return put_queried(&IUnknown::from(manager), iid, object);
                }
                if ![IAudioClient::IID, IAudioClient2::IID, IAudioClient3::IID].contains(&wanted) {
                    return Err(NO_INTERFACE);
                }
                let endpoint = self.0.now()?.ok_or(SimError::DeviceInvalidated.code())?;
                let client: IAudioClient3 = Client::new(endpoint)?.into();
                put_queried(&IUnknown::from(client), iid, object)
            }
        })
    }

    unsafe fn OpenPropertyStore(&self, _access: u32, store: *mut *mut c_void) -> HRESULT {
        method(|| {
            let properties: IPropertyStore = Properties(self.0.clone()).into();
            // SAFETY: the pointer is the client's.
            unsafe { put_object(store, properties) }
        })
    }

    unsafe fn GetId(&self, id: *mut PWSTR) -> HRESULT {
        method(|| {
            if id.is_null() {
                return Err(NULL_POINTER);
            }
            // SAFETY: the pointer is the client's.
            unsafe { put(id, task_text(&self.0.id())?) }
        })
    }

    unsafe fn GetState(&self, state: *mut u32) -> HRESULT {
        method(|| {
            let now = self.0.now()?.map_or(NOT_PRESENT, |now| now.state());
            // SAFETY: the pointer is the client's.
            unsafe { put(state, now) }
        })
    }
}

impl IMMEndpoint_Impl for Device_Impl {
    unsafe fn GetDataFlow(&self, flow: *mut i32) -> HRESULT {
        // SAFETY: the pointer is the client's.
        method(|| unsafe { put(flow, self.0.flow as i32) })
    }
}
