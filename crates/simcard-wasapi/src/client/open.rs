//! Finding a device and opening a stream.

use std::ffi::c_void;
use std::fmt;
use std::ptr::{null, null_mut};

use engine::format::{SampleFormat, StreamFormat};
use windows_core::{GUID, HRESULT, IUnknown, Interface, PWSTR};

use crate::abi::{
    IAudioClient, IAudioClient3, IMMDevice, IMMDeviceCollection, IMMDeviceEnumerator,
    IPropertyStore, PropVariant, PropertyKey,
};
use crate::system::{create_instance, free_task_memory};
use crate::wave;
use simcard_service::codes::BUFFER_SIZE_NOT_ALIGNED;
use simcard_service::system::Event;

const CLASS: GUID = GUID::from_u128(0xBCDE0395_E52F_467C_8E3D_C4579291692E);
const FRIENDLY_NAME: PropertyKey = PropertyKey {
    set: GUID::from_u128(0xA45C254E_DF1C_4EFD_8020_67D146A850E0),
    number: 14,
};
const EVENT: u32 = 0x0004_0000;
const LOOPBACK: u32 = 0x0002_0000;
const ACTIVE: u32 = 1;

/// A call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which.
    pub call: &'static str,
    /// Its `HRESULT`.
    pub code: i32,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed with 0x{:08X}.", self.call, self.code)
    }
}

impl std::error::Error for Failure {}

/// Turns a call's answer into a result.
pub(super) fn done(call: &'static str, code: HRESULT) -> Result<(), Failure> {
    if code.0 < 0 {
        return Err(Failure { call, code: code.0 });
    }
    Ok(())
}

/// Takes over a reference that a call gave away.
///
/// # Safety
/// The pointer is null or a reference to that interface that nobody else releases.
pub(super) unsafe fn taken<T: Interface>(
    call: &'static str,
    raw: *mut c_void,
) -> Result<T, Failure> {
    if raw.is_null() {
        return Err(Failure { call, code: 0 });
    }
    // SAFETY: not null, and ours by the caller's word.
    Ok(unsafe { T::from_raw(raw) })
}

/// How a stream uses the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// Through the mixer.
    Shared,
    /// Through the mixer, at a period that the client chooses.
    LowLatency,
    /// Alone, with two buffers.
    Exclusive,
    /// Alone, with one buffer that is looked at now and then.
    ExclusiveTimer,
    /// What the mixer plays, recorded.
    Loopback,
}

/// What is to be opened.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Whether the device plays.
    pub renders: bool,
    /// A part of its name; the default device without.
    pub device: Option<String>,
    /// How.
    pub how: How,
    /// Layout of a sample.
    pub sample: SampleFormat,
    /// Rate in Hz; the mixer's without.
    pub rate_hz: Option<u32>,
    /// The period in frames; the device's usual one without.
    pub period_frames: Option<u32>,
}

/// An open stream.
pub struct Opened {
    /// The stream.
    pub client: IAudioClient,
    /// Its event; `None` for [`How::ExclusiveTimer`].
    pub event: Option<Event>,
    /// Its format.
    pub format: StreamFormat,
    /// Frames of its buffer.
    pub buffer_frames: u32,
    /// `IAudioClient::GetStreamLatency` in frames.
    pub latency_frames: u64,
}

/// The system's list of sound devices.
///
/// # Errors
/// The call that failed.
pub(super) fn enumerator() -> Result<IMMDeviceEnumerator, Failure> {
    let raw = create_instance(&CLASS, &IMMDeviceEnumerator::IID);
    let raw = raw.map_err(|code| Failure {
        call: "CoCreateInstance",
        code,
    })?;
    // SAFETY: the call gave a reference to that interface.
    unsafe { taken("CoCreateInstance", raw) }
}

/// The device with that part of a name, or the default one.
pub(super) fn find(renders: bool, name: Option<&str>) -> Result<IMMDevice, Failure> {
    let list = enumerator()?;
    let flow = if renders { 0 } else { 1 };
    let mut raw = null_mut();
    // SAFETY: out-parameters live through the calls; references given are taken over.
    unsafe {
        let Some(name) = name else {
            done(
                "GetDefaultAudioEndpoint",
                list.GetDefaultAudioEndpoint(flow, 0, &mut raw),
            )?;
            return taken("GetDefaultAudioEndpoint", raw);
        };
        done(
            "EnumAudioEndpoints",
            list.EnumAudioEndpoints(flow, ACTIVE, &mut raw),
        )?;
        let collection: IMMDeviceCollection = taken("EnumAudioEndpoints", raw)?;
        let mut count = 0;
        done("GetCount", collection.GetCount(&mut count))?;
        for number in 0..count {
            done("Item", collection.Item(number, &mut raw))?;
            let device: IMMDevice = taken("Item", raw)?;
            if friendly_name(&device)?.contains(name) {
                return Ok(device);
            }
        }
    }
    Err(Failure {
        call: "the search for the device",
        code: simcard_service::codes::NOT_FOUND,
    })
}

/// A device's name.
pub(super) fn friendly_name(device: &IMMDevice) -> Result<String, Failure> {
    const TEXT: u16 = 31;
    let mut raw = null_mut();
    // SAFETY: out-parameters live through the calls; zeros are an empty value; the text of a value of
    // that kind is zero-terminated and ours to free.
    unsafe {
        done("OpenPropertyStore", device.OpenPropertyStore(0, &mut raw))?;
        let store: IPropertyStore = taken("OpenPropertyStore", raw)?;
        let mut value: PropVariant = std::mem::zeroed();
        done("GetValue", store.GetValue(&FRIENDLY_NAME, &mut value))?;
        if value.kind != TEXT || value.value.text.is_null() {
            return Ok(String::new());
        }
        let text = value.value.text;
        let name = String::from_utf16_lossy(PWSTR(text).as_wide());
        free_task_memory(text.cast());
        Ok(name)
    }
}

/// A new client of the device.
pub(super) fn activate<T: Interface>(device: &IMMDevice) -> Result<T, Failure> {
    const ANY_CONTEXT: u32 = 23;
    let mut raw = null_mut();
    // SAFETY: out-parameters live through the call; the reference given is taken over.
    unsafe {
        done(
            "Activate",
            device.Activate(&T::IID, ANY_CONTEXT, null(), &mut raw),
        )?;
        taken("Activate", raw)
    }
}

/// The mixer's format.
pub(super) fn mix_format(client: &IAudioClient) -> Result<StreamFormat, Failure> {
    const CALL: &str = "GetMixFormat";
    let mut raw: *mut u8 = null_mut();
    // SAFETY: the out-parameter lives through the call; what it points to is a whole format that is
    // ours to free.
    let bytes = unsafe {
        done(CALL, client.GetMixFormat(&mut raw))?;
        let head = raw.cast::<[u8; wave::PLAIN_BYTES]>().read_unaligned();
        let bytes = std::slice::from_raw_parts(raw, wave::whole_bytes(&head)).to_vec();
        free_task_memory(raw.cast());
        bytes
    };
    wave::read(&bytes).ok_or(Failure {
        call: CALL,
        code: simcard_service::codes::UNSUPPORTED_FORMAT,
    })
}

/// A stream's service.
pub(super) fn service<T: Interface>(client: &IAudioClient) -> Result<T, Failure> {
    let mut raw = null_mut();
    // SAFETY: the out-parameter lives through the call; the reference given is taken over.
    unsafe {
        done("GetService", client.GetService(&T::IID, &mut raw))?;
        taken("GetService", raw)
    }
}

/// Opens a stream. A buffer that is not aligned is asked for again as the device wants it.
///
/// # Errors
/// The call that failed.
pub fn open(wish: &Wish) -> Result<Opened, Failure> {
    let device = find(
        wish.renders || wish.how == How::Loopback,
        wish.device.as_deref(),
    )?;
    let probe: IAudioClient = activate(&device)?;
    let mix = mix_format(&probe)?;
    let format = StreamFormat {
        sample: wish.sample,
        rate_hz: wish.rate_hz.unwrap_or(mix.rate_hz),
        ..mix
    };
    let (mut usual, mut shortest) = (0, 0);
    // SAFETY: out-parameters live through the call.
    done("GetDevicePeriod", unsafe {
        probe.GetDevicePeriod(&mut usual, &mut shortest)
    })?;
    let hns = |frames: u32| {
        let rate = i64::from(format.rate_hz);
        (i64::from(frames) * 10_000_000 + rate / 2) / rate
    };
    let mut period = wish.period_frames.map_or(usual, hns);
    for _ in 0..3 {
        let client = match initialize(&device, wish, &format, period) {
            Ok(client) => client,
            Err((Failure { code, .. }, Some(aligned))) if code == BUFFER_SIZE_NOT_ALIGNED => {
                period = hns(aligned);
                continue;
            }
            Err((failure, _)) => return Err(failure),
        };
        return finish(client, wish.how, format);
    }
    Err(Failure {
        call: "Initialize",
        code: BUFFER_SIZE_NOT_ALIGNED,
    })
}

/// One attempt. After a refusal comes the size that the client tells then.
fn initialize(
    device: &IMMDevice,
    wish: &Wish,
    format: &StreamFormat,
    period: i64,
) -> Result<IAudioClient, (Failure, Option<u32>)> {
    let wave = wave::write(format);
    let format = wave.as_ptr();
    let client: IAudioClient3;
    // SAFETY: the format is whole and lives through the calls.
    let code = unsafe {
        match wish.how {
            How::LowLatency => {
                client = activate(device).map_err(|failure| (failure, None))?;
                let frames = wish.period_frames.unwrap_or(0);
                client.InitializeSharedAudioStream(EVENT, frames, format, null())
            }
            how => {
                let plain: IAudioClient = activate(device).map_err(|failure| (failure, None))?;
                let (mode, flags, buffer, period) = match how {
                    How::Exclusive => (1, EVENT, period, period),
                    How::ExclusiveTimer => (1, 0, 4 * period, period),
                    How::Loopback => (0, EVENT | LOOPBACK, 0, 0),
                    _ => (0, EVENT, 0, 0),
                };
                let code = plain.Initialize(mode, flags, buffer, period, format, null());
                let mut size = 0;
                if code.0 >= 0 {
                    return Ok(plain);
                }
                let told = plain.GetBufferSize(&mut size).0 >= 0;
                let failure = Failure {
                    call: "Initialize",
                    code: code.0,
                };
                return Err((failure, told.then_some(size)));
            }
        }
    };
    done("InitializeSharedAudioStream", code).map_err(|failure| (failure, None))?;
    IUnknown::from(client).cast().map_err(|error| {
        let failure = Failure {
            call: "QueryInterface",
            code: error.code().0,
        };
        (failure, None)
    })
}

fn finish(client: IAudioClient, how: How, format: StreamFormat) -> Result<Opened, Failure> {
    let event = if how == How::ExclusiveTimer {
        None
    } else {
        let event = Event::unnamed().map_err(|code| Failure {
            call: "CreateEvent",
            code,
        })?;
        // SAFETY: the handle is open as long as the stream, as `Opened` drops the client first.
        done("SetEventHandle", unsafe {
            client.SetEventHandle(event.handle())
        })?;
        Some(event)
    };
    let (mut buffer_frames, mut latency) = (0, 0);
    // SAFETY: out-parameters live through the calls.
    unsafe {
        done("GetBufferSize", client.GetBufferSize(&mut buffer_frames))?;
        done("GetStreamLatency", client.GetStreamLatency(&mut latency))?;
    }
    let latency_frames = (latency as i128 * i128::from(format.rate_hz) + 5_000_000) / 10_000_000;
    Ok(Opened {
        client,
        event,
        format,
        buffer_frames,
        latency_frames: latency_frames as u64,
    })
}
