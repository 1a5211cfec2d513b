//! `IPropertyStore` of an endpoint.

#![allow(unsafe_code, non_snake_case)]

use windows_core::{GUID, HRESULT, implement};

use super::border::{method, put, task_bytes, task_text};
use super::device::Endpoint;
use crate::abi::{Blob, IPropertyStore, IPropertyStore_Impl, PropValue, PropVariant, PropertyKey};
use crate::ids::guid_of;
use crate::wave;
use simcard_service::call::{Question, format_of};
use simcard_service::codes::{INVALID_ARGUMENT, NULL_POINTER, UNEXPECTED};
use simcard_service::system::line;

const ACCESS_DENIED: i32 = 0x8003_0005_u32 as i32;

const VT_EMPTY: u16 = 0;
const VT_UI4: u16 = 19;
const VT_LPWSTR: u16 = 31;
const VT_BLOB: u16 = 65;
const VT_CLSID: u16 = 72;

const fn key(set: u128, number: u32) -> PropertyKey {
    PropertyKey {
        set: GUID::from_u128(set),
        number,
    }
}

const DEVICE: u128 = 0xA45C254E_DF1C_4EFD_8020_67D146A850E0;
/// `PKEY_Device_FriendlyName`
const FRIENDLY_NAME: PropertyKey = key(DEVICE, 14);
/// `PKEY_Device_DeviceDesc`
const DESCRIPTION: PropertyKey = key(DEVICE, 2);
/// `PKEY_DeviceInterface_FriendlyName`
const CARD_NAME: PropertyKey = key(0x026E516E_B814_414B_83CD_856D6FEF4822, 2);
/// `PKEY_AudioEndpoint_FormFactor`
const FORM_FACTOR: PropertyKey = key(0x1DA5D803_D492_4EDD_8C23_E0C0FFEE7F0E, 0);
/// `PKEY_AudioEndpoint_GUID`
const ENDPOINT_GUID: PropertyKey = key(0x1DA5D803_D492_4EDD_8C23_E0C0FFEE7F0E, 4);
/// `PKEY_AudioEngine_DeviceFormat`
pub(super) const DEVICE_FORMAT: PropertyKey = key(0xF19F064D_082C_4E27_BC73_6882A1BB8E4C, 0);
/// `PKEY_Device_ContainerId`
const CONTAINER: PropertyKey = key(0x8C7ED206_3F8A_4827_B3AB_AE9E1FAEFC6C, 2);

const KEYS: [PropertyKey; 7] = [
    FRIENDLY_NAME,
    DESCRIPTION,
    CARD_NAME,
    FORM_FACTOR,
    ENDPOINT_GUID,
    DEVICE_FORMAT,
    CONTAINER,
];

/// `LineLevel`, for want of a form of a simulated socket.
const LINE_LEVEL: u32 = 2;

/// What is known of an endpoint; nothing can be changed.
#[implement(IPropertyStore)]
pub(super) struct Properties(pub(super) Endpoint);

impl Properties {
    fn value(&self, key: PropertyKey) -> Result<PropVariant, i32> {
        let Endpoint { name, card, .. } = &self.0;
        match key {
            FRIENDLY_NAME => text(&format!("{name} ({card})")),
            DESCRIPTION => text(name),
            CARD_NAME => text(card),
            FORM_FACTOR => Ok(variant(VT_UI4, PropValue { number: LINE_LEVEL })),
            ENDPOINT_GUID => text(self.0.id().rsplit('.').next().unwrap_or_default()),
            CONTAINER => {
                let guid = GUID::from_u128(guid_of(card));
                let bytes: Vec<u8> = [
                    &guid.data1.to_le_bytes()[..],
                    &guid.data2.to_le_bytes(),
                    &guid.data3.to_le_bytes(),
                    &guid.data4,
                ]
                .concat();
                let guid = task_bytes(&bytes)?.cast();
                Ok(variant(VT_CLSID, PropValue { guid }))
            }
            DEVICE_FORMAT => {
                let answer = line()?.ask(Question::MixFormat(self.0.number))?;
                let bytes = wave::write(&format_of(&answer.words).ok_or(UNEXPECTED)?);
                let blob = Blob {
                    bytes: bytes.len() as u32,
                    data: task_bytes(&bytes)?,
                };
                Ok(variant(VT_BLOB, PropValue { blob }))
            }
            // What an endpoint does not have is empty and no error.
            _ => Ok(variant(VT_EMPTY, PropValue { number: 0 })),
        }
    }
}

fn variant(kind: u16, value: PropValue) -> PropVariant {
    PropVariant {
        kind,
        reserved: [0; 3],
        value,
    }
}

fn text(text: &str) -> Result<PropVariant, i32> {
    let text = task_text(text)?.0;
    Ok(variant(VT_LPWSTR, PropValue { text }))
}

impl IPropertyStore_Impl for Properties_Impl {
    unsafe fn GetCount(&self, count: *mut u32) -> HRESULT {
        // SAFETY: the pointer is the client's.
        method(|| unsafe { put(count, KEYS.len() as u32) })
    }

    unsafe fn GetAt(&self, number: u32, key: *mut PropertyKey) -> HRESULT {
        method(|| {
            let found = KEYS.get(number as usize).ok_or(INVALID_ARGUMENT)?;
            // SAFETY: the pointer is the client's.
            unsafe { put(key, *found) }
        })
    }

    unsafe fn GetValue(&self, key: *const PropertyKey, value: *mut PropVariant) -> HRESULT {
        method(|| {
            if key.is_null() || value.is_null() {
                return Err(NULL_POINTER);
            }
            // SAFETY: not null, and the client's.
            unsafe { put(value, self.value(key.read_unaligned())?) }
        })
    }

    unsafe fn SetValue(&self, _key: *const PropertyKey, _value: *const PropVariant) -> HRESULT {
        HRESULT(ACCESS_DENIED)
    }

    unsafe fn Commit(&self) -> HRESULT {
        HRESULT(ACCESS_DENIED)
    }
}
