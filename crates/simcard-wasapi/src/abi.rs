//! The interfaces as clients call them: `mmdeviceapi.h`, `audioclient.h`, `audiopolicy.h` and what
//! they stand on. Methods take plain pointers, which may be null.

#![allow(missing_docs, non_snake_case)]

use std::ffi::c_void;

use windows_core::{BOOL, GUID, HRESULT, IUnknown, PCWSTR, PWSTR, interface};

/// `HANDLE`
pub type Handle = *mut c_void;
/// `REFERENCE_TIME`: units of 100 ns.
pub type Hns = i64;

/// `PROPERTYKEY`
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PropertyKey {
    pub set: GUID,
    pub number: u32,
}

/// `PROPVARIANT` with those of its values that endpoints have.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct PropVariant {
    pub kind: u16,
    pub reserved: [u16; 3],
    pub value: PropValue,
}

/// The value of a [`PropVariant`].
#[repr(C)]
#[derive(Clone, Copy)]
pub union PropValue {
    pub number: u32,
    pub text: *mut u16,
    pub guid: *mut GUID,
    pub blob: Blob,
}

/// `BLOB`
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Blob {
    pub bytes: u32,
    pub data: *mut u8,
}

const _: () = assert!(size_of::<PropVariant>() == 8 + 2 * size_of::<usize>());

/// `AudioClientProperties`
#[repr(C)]
#[derive(Clone, Copy)]
pub struct ClientProperties {
    pub bytes: u32,
    pub offload: BOOL,
    pub category: i32,
    pub options: i32,
}

#[interface("00000001-0000-0000-C000-000000000046")]
pub unsafe trait IClassFactory: IUnknown {
    pub fn CreateInstance(
        &self,
        outer: *mut c_void,
        iid: *const GUID,
        object: *mut *mut c_void,
    ) -> HRESULT;
    pub fn LockServer(&self, lock: BOOL) -> HRESULT;
}

#[interface("A95664D2-9614-4F35-A746-DE8DB63617E6")]
pub unsafe trait IMMDeviceEnumerator: IUnknown {
    pub fn EnumAudioEndpoints(&self, flow: i32, states: u32, devices: *mut *mut c_void) -> HRESULT;
    pub fn GetDefaultAudioEndpoint(
        &self,
        flow: i32,
        role: i32,
        device: *mut *mut c_void,
    ) -> HRESULT;
    pub fn GetDevice(&self, id: PCWSTR, device: *mut *mut c_void) -> HRESULT;
    pub fn RegisterEndpointNotificationCallback(&self, client: *mut c_void) -> HRESULT;
    pub fn UnregisterEndpointNotificationCallback(&self, client: *mut c_void) -> HRESULT;
}

#[interface("0BD7A1BE-7A1A-44DB-8397-CC5392387B5E")]
pub unsafe trait IMMDeviceCollection: IUnknown {
    pub fn GetCount(&self, count: *mut u32) -> HRESULT;
    pub fn Item(&self, number: u32, device: *mut *mut c_void) -> HRESULT;
}

#[interface("D666063F-1587-4E43-81F1-B948E807363F")]
pub unsafe trait IMMDevice: IUnknown {
    pub fn Activate(
        &self,
        iid: *const GUID,
        context: u32,
        parameters: *const PropVariant,
        object: *mut *mut c_void,
    ) -> HRESULT;
    pub fn OpenPropertyStore(&self, access: u32, store: *mut *mut c_void) -> HRESULT;
    pub fn GetId(&self, id: *mut PWSTR) -> HRESULT;
    pub fn GetState(&self, state: *mut u32) -> HRESULT;
}

#[interface("1BE09788-6894-4089-8586-9A2A6C265AC5")]
pub unsafe trait IMMEndpoint: IUnknown {
    pub fn GetDataFlow(&self, flow: *mut i32) -> HRESULT;
}

#[interface("7991EEC9-7E89-4D85-8390-6C703CEC60C0")]
pub unsafe trait IMMNotificationClient: IUnknown {
    pub fn OnDeviceStateChanged(&self, id: PCWSTR, state: u32) -> HRESULT;
    pub fn OnDeviceAdded(&self, id: PCWSTR) -> HRESULT;
    pub fn OnDeviceRemoved(&self, id: PCWSTR) -> HRESULT;
    pub fn OnDefaultDeviceChanged(&self, flow: i32, role: i32, id: PCWSTR) -> HRESULT;
    pub fn OnPropertyValueChanged(&self, id: PCWSTR, key: PropertyKey) -> HRESULT;
}

#[interface("886D8EEB-8CF2-4446-8D02-CDBA1DBDCF99")]
pub unsafe trait IPropertyStore: IUnknown {
    pub fn GetCount(&self, count: *mut u32) -> HRESULT;
    pub fn GetAt(&self, number: u32, key: *mut PropertyKey) -> HRESULT;
    pub fn GetValue(&self, key: *const PropertyKey, value: *mut PropVariant) -> HRESULT;
    pub fn SetValue(&self, key: *const PropertyKey, value: *const PropVariant) -> HRESULT;
    pub fn Commit(&self) -> HRESULT;
}

#[interface("1CB9AD4C-DBFA-4C32-B178-C2F568A703B2")]
pub unsafe trait IAudioClient: IUnknown {
    pub fn Initialize(
        &self,
        mode: i32,
        flags: u32,
        buffer: Hns,
        period: Hns,
        format: *const u8,
        session: *const GUID,
    ) -> HRESULT;
    pub fn GetBufferSize(&self, frames: *mut u32) -> HRESULT;
    pub fn GetStreamLatency(&self, latency: *mut Hns) -> HRESULT;
    pub fn GetCurrentPadding(&self, frames: *mut u32) -> HRESULT;
    pub fn IsFormatSupported(&self, mode: i32, format: *const u8, closest: *mut *mut u8)
    -> HRESULT;
    pub fn GetMixFormat(&self, format: *mut *mut u8) -> HRESULT;
    pub fn GetDevicePeriod(&self, default: *mut Hns, min: *mut Hns) -> HRESULT;
    pub fn Start(&self) -> HRESULT;
    pub fn Stop(&self) -> HRESULT;
    pub fn Reset(&self) -> HRESULT;
    pub fn SetEventHandle(&self, event: Handle) -> HRESULT;
    pub fn GetService(&self, iid: *const GUID, service: *mut *mut c_void) -> HRESULT;
}

#[interface("726778CD-F60A-4EDA-82DE-E47610CD78AA")]
pub unsafe trait IAudioClient2: IAudioClient {
    pub fn IsOffloadCapable(&self, category: i32, capable: *mut BOOL) -> HRESULT;
    pub fn SetClientProperties(&self, properties: *const ClientProperties) -> HRESULT;
    pub fn GetBufferSizeLimits(
        &self,
        format: *const u8,
        event: BOOL,
        min: *mut Hns,
        max: *mut Hns,
    ) -> HRESULT;
}

#[interface("7ED4EE07-8E67-4CD4-8C1A-2B7A5987AD42")]
pub unsafe trait IAudioClient3: IAudioClient2 {
    pub fn GetSharedModeEnginePeriod(
        &self,
        format: *const u8,
        default: *mut u32,
        fundamental: *mut u32,
        min: *mut u32,
        max: *mut u32,
    ) -> HRESULT;
    pub fn GetCurrentSharedModeEnginePeriod(
        &self,
        format: *mut *mut u8,
        period: *mut u32,
    ) -> HRESULT;
    pub fn InitializeSharedAudioStream(
        &self,
        flags: u32,
        period: u32,
        format: *const u8,
        session: *const GUID,
    ) -> HRESULT;
}

#[interface("F294ACFC-3146-4483-A7BF-ADDCA7C260E2")]
pub unsafe trait IAudioRenderClient: IUnknown {
    pub fn GetBuffer(&self, frames: u32, data: *mut *mut u8) -> HRESULT;
    pub fn ReleaseBuffer(&self, frames: u32, flags: u32) -> HRESULT;
}

#[interface("C8ADBD64-E71E-48A0-A4DE-185C395CD317")]
pub unsafe trait IAudioCaptureClient: IUnknown {
    pub fn GetBuffer(
        &self,
        data: *mut *mut u8,
        frames: *mut u32,
        flags: *mut u32,
        position: *mut u64,
        time: *mut u64,
    ) -> HRESULT;
    pub fn ReleaseBuffer(&self, frames: u32) -> HRESULT;
    pub fn GetNextPacketSize(&self, frames: *mut u32) -> HRESULT;
}

#[interface("CD63314F-3FBA-4A1B-812C-EF96358728E7")]
pub unsafe trait IAudioClock: IUnknown {
    pub fn GetFrequency(&self, frequency: *mut u64) -> HRESULT;
    pub fn GetPosition(&self, position: *mut u64, time: *mut u64) -> HRESULT;
    pub fn GetCharacteristics(&self, characteristics: *mut u32) -> HRESULT;
}

#[interface("6F49FF73-6727-49AC-A008-D98CF5E70048")]
pub unsafe trait IAudioClock2: IUnknown {
    pub fn GetDevicePosition(&self, position: *mut u64, time: *mut u64) -> HRESULT;
}

#[interface("93014887-242D-4068-8A15-CF5E93B90FE3")]
pub unsafe trait IAudioStreamVolume: IUnknown {
    pub fn GetChannelCount(&self, count: *mut u32) -> HRESULT;
    pub fn SetChannelVolume(&self, channel: u32, level: f32) -> HRESULT;
    pub fn GetChannelVolume(&self, channel: u32, level: *mut f32) -> HRESULT;
    pub fn SetAllVolumes(&self, count: u32, levels: *const f32) -> HRESULT;
    pub fn GetAllVolumes(&self, count: u32, levels: *mut f32) -> HRESULT;
}

#[interface("87CE5498-68D6-44E5-9215-6DA47EF883D8")]
pub unsafe trait ISimpleAudioVolume: IUnknown {
    pub fn SetMasterVolume(&self, level: f32, context: *const GUID) -> HRESULT;
    pub fn GetMasterVolume(&self, level: *mut f32) -> HRESULT;
    pub fn SetMute(&self, mute: BOOL, context: *const GUID) -> HRESULT;
    pub fn GetMute(&self, mute: *mut BOOL) -> HRESULT;
}

#[interface("F4B1A599-7266-4319-A8CA-E70ACB11E8CD")]
pub unsafe trait IAudioSessionControl: IUnknown {
    pub fn GetState(&self, state: *mut i32) -> HRESULT;
    pub fn GetDisplayName(&self, name: *mut PWSTR) -> HRESULT;
    pub fn SetDisplayName(&self, name: PCWSTR, context: *const GUID) -> HRESULT;
    pub fn GetIconPath(&self, path: *mut PWSTR) -> HRESULT;
    pub fn SetIconPath(&self, path: PCWSTR, context: *const GUID) -> HRESULT;
    pub fn GetGroupingParam(&self, group: *mut GUID) -> HRESULT;
    pub fn SetGroupingParam(&self, group: *const GUID, context: *const GUID) -> HRESULT;
    pub fn RegisterAudioSessionNotification(&self, client: *mut c_void) -> HRESULT;
    pub fn UnregisterAudioSessionNotification(&self, client: *mut c_void) -> HRESULT;
}

#[interface("BFB7FF88-7239-4FC9-8FA2-07C950BE9C6D")]
pub unsafe trait IAudioSessionControl2: IAudioSessionControl {
    pub fn GetSessionIdentifier(&self, id: *mut PWSTR) -> HRESULT;
    pub fn GetSessionInstanceIdentifier(&self, id: *mut PWSTR) -> HRESULT;
    pub fn GetProcessId(&self, process: *mut u32) -> HRESULT;
    pub fn IsSystemSoundsSession(&self) -> HRESULT;
    pub fn SetDuckingPreference(&self, opt_out: BOOL) -> HRESULT;
}

#[interface("BFA971F1-4D5E-40BB-935E-967039BFBEE4")]
pub unsafe trait IAudioSessionManager: IUnknown {
    pub fn GetAudioSessionControl(
        &self,
        session: *const GUID,
        flags: u32,
        control: *mut *mut c_void,
    ) -> HRESULT;
    pub fn GetSimpleAudioVolume(
        &self,
        session: *const GUID,
        flags: u32,
        volume: *mut *mut c_void,
    ) -> HRESULT;
}

#[interface("77AA99A0-1BD6-484F-8BC7-2C654C9A9B6F")]
pub unsafe trait IAudioSessionManager2: IAudioSessionManager {
    pub fn GetSessionEnumerator(&self, sessions: *mut *mut c_void) -> HRESULT;
    pub fn RegisterSessionNotification(&self, client: *mut c_void) -> HRESULT;
    pub fn UnregisterSessionNotification(&self, client: *mut c_void) -> HRESULT;
    pub fn RegisterDuckNotification(&self, session: PCWSTR, client: *mut c_void) -> HRESULT;
    pub fn UnregisterDuckNotification(&self, client: *mut c_void) -> HRESULT;
}

#[interface("E2F5BB11-0570-40CA-ACDD-3AA01277DEE8")]
pub unsafe trait IAudioSessionEnumerator: IUnknown {
    pub fn GetCount(&self, count: *mut i32) -> HRESULT;
    pub fn GetSession(&self, number: i32, session: *mut *mut c_void) -> HRESULT;
}
