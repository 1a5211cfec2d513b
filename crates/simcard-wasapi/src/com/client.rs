//! `IAudioClient` and its successors.

#![allow(unsafe_code, non_snake_case)]

use std::ffi::c_void;
use std::sync::Arc;

use engine::format::StreamFormat;
use rt::Mutex;
use windows_core::{BOOL, GUID, HRESULT, IUnknown, Interface, implement};

use super::border::{format, guid, method, put, put_if, put_queried, task_bytes};
use super::clock::Clock;
use super::device::Endpoint;
use super::initialize::{self, Request};
use super::session::Session;
use super::streams::{Capture, OpenStream, Render};
use crate::abi::{
    ClientProperties, Handle, Hns, IAudioCaptureClient, IAudioClient_Impl, IAudioClient2_Impl,
    IAudioClient3, IAudioClient3_Impl, IAudioClock, IAudioClock2, IAudioRenderClient,
    IAudioSessionControl, IAudioSessionControl2, IAudioStreamVolume, ISimpleAudioVolume,
};
use crate::wave;
use simcard_service::call::{Question, format_of};
use simcard_service::codes::{
    ALREADY_INITIALIZED, BUFFER_OPERATION_PENDING, INVALID_ARGUMENT, NO_INTERFACE, NOT_INITIALIZED,
    NULL_POINTER, UNEXPECTED, WRONG_ENDPOINT_TYPE,
};
use simcard_service::system::{Line, line};

const SHARED: i32 = 0;
const EXCLUSIVE: i32 = 1;
/// `AUDCLNT_STREAMOPTIONS_MATCH_FORMAT`
const MATCH_FORMAT: i32 = 2;
const S_FALSE: i32 = 1;

/// What an attempt to open a stream has led to.
enum State {
    /// None was made.
    Fresh,
    /// It wanted another number of frames in the buffer. The client is spent.
    NotAligned(u32),
    /// It went well.
    Open(Arc<OpenStream>),
}

/// A stream or the wish for one.
#[implement(IAudioClient3)]
pub(super) struct Client {
    endpoint: Endpoint,
    line: &'static Line,
    state: Mutex<State>,
    match_format: Mutex<bool>,
}

impl Client {
    pub(super) fn new(endpoint: Endpoint) -> Result<Self, i32> {
        Ok(Self {
            endpoint,
            line: line()?,
            state: Mutex::new(State::Fresh),
            match_format: Mutex::new(false),
        })
    }

    fn open_stream(&self) -> Result<Arc<OpenStream>, i32> {
        match &*self.state.lock() {
            State::Open(stream) => Ok(Arc::clone(stream)),
            _ => Err(NOT_INITIALIZED),
        }
    }

    fn initialize(&self, request: Request, format: StreamFormat) -> Result<(), i32> {
        let mut state = self.state.lock();
        if !matches!(*state, State::Fresh) {
            return Err(ALREADY_INITIALIZED);
        }
        let mode = initialize::mode(request)?;
        match OpenStream::open(self.line, self.endpoint.number, mode, format) {
            Ok(Ok(stream)) => {
                *state = State::Open(Arc::new(stream));
                Ok(())
            }
            Ok(Err((code, aligned_frames))) => {
                *state = State::NotAligned(aligned_frames);
                Err(code)
            }
            Err(code) => Err(code),
        }
    }

    fn mix_format(&self) -> Result<StreamFormat, i32> {
        let answer = self.line.ask(Question::MixFormat(self.endpoint.number))?;
        format_of(&answer.words).ok_or(UNEXPECTED)
    }

    /// Follows "IAudioClient::IsFormatSupported method (audioclient.h)" on learn.microsoft.com.
    ///
    /// # Safety
    /// The pointers are null or the client's.
    unsafe fn is_supported(
        &self,
        mode: i32,
        wanted: *const u8,
        closest: *mut *mut u8,
    ) -> Result<i32, i32> {
        if !(SHARED..=EXCLUSIVE).contains(&mode) {
            return Err(INVALID_ARGUMENT);
        }
        if wanted.is_null() || (mode == SHARED && closest.is_null()) {
            return Err(NULL_POINTER);
        }
        // SAFETY: passed on from the caller.
        let wanted = unsafe {
            put_if(closest, std::ptr::null_mut());
            format(wanted)
        };
        let exclusive = mode == EXCLUSIVE;
        let other = match wanted {
            Ok(format) => {
                let device = self.endpoint.number;
                let question = Question::Supports {
                    device,
                    exclusive,
                    format,
                };
                let answer = self.line.ask(question)?;
                if answer.words[0] != 0 {
                    return Ok(0);
                }
                format_of(&answer.words[1..]).ok_or(UNEXPECTED)?
            }
            Err(code) if exclusive => return Err(code),
            Err(_) => self.mix_format()?,
        };
        // SAFETY: passed on from the caller.
        unsafe { put(closest, task_bytes(&wave::write(&other))?)? };
        Ok(S_FALSE)
    }
}

impl IAudioClient_Impl for Client_Impl {
    unsafe fn Initialize(
        &self,
        mode: i32,
        flags: u32,
        buffer: Hns,
        period: Hns,
        wanted: *const u8,
        _session: *const GUID,
    ) -> HRESULT {
        method(|| {
            // SAFETY: the pointer is the client's.
            let format = unsafe { format(wanted) }?;
            let request = match mode {
                SHARED => Request::Shared {
                    flags,
                    buffer,
                    period,
                },
                EXCLUSIVE => Request::Exclusive {
                    flags,
                    buffer,
                    period,
                },
                _ => return Err(INVALID_ARGUMENT),
            };
            self.initialize(request, format)
        })
    }

    /// Follows "IAudioClient::GetBufferSize method (audioclient.h)" on learn.microsoft.com; after a
    /// refusal for want of alignment it tells the size that would do ("IAudioClient::Initialize",
    /// remarks).
    unsafe fn GetBufferSize(&self, frames: *mut u32) -> HRESULT {
        method(|| {
            let size = match &*self.state.lock() {
                State::Fresh => return Err(NOT_INITIALIZED),
                State::NotAligned(frames) => *frames,
                State::Open(stream) => {
                    stream.check()?;
                    stream.terms.buffer_frames
                }
            };
            // SAFETY: the pointer is the client's.
            unsafe { put(frames, size) }
        })
    }

    unsafe fn GetStreamLatency(&self, latency: *mut Hns) -> HRESULT {
        method(|| {
            let stream = self.open_stream()?;
            stream.check()?;
            // SAFETY: the pointer is the client's.
            unsafe { put(latency, stream.latency_hns) }
        })
    }

    unsafe fn GetCurrentPadding(&self, frames: *mut u32) -> HRESULT {
        method(|| {
            let stream = self.open_stream()?;
            stream.check()?;
            // SAFETY: the pointer is the client's.
            unsafe { put(frames, stream.terms.padding_frames(stream.block())) }
        })
    }

    unsafe fn IsFormatSupported(
        &self,
        mode: i32,
        wanted: *const u8,
        closest: *mut *mut u8,
    ) -> HRESULT {
        let mut success = 0;
        let code = method(|| {
            // SAFETY: the pointers are the client's.
            success = unsafe { self.is_supported(mode, wanted, closest) }?;
            Ok(())
        });
        if code.0 < 0 { code } else { HRESULT(success) }
    }

    unsafe fn GetMixFormat(&self, format: *mut *mut u8) -> HRESULT {
        method(|| {
            if format.is_null() {
                return Err(NULL_POINTER);
            }
            let mix = self.mix_format()?;
            // SAFETY: the pointer is the client's.
            unsafe { put(format, task_bytes(&wave::write(&mix))?) }
        })
    }

    unsafe fn GetDevicePeriod(&self, default: *mut Hns, min: *mut Hns) -> HRESULT {
        method(|| {
            if default.is_null() && min.is_null() {
                return Err(NULL_POINTER);
            }
            // SAFETY: the pointers are the client's.
            unsafe {
                put_if(default, self.endpoint.default_hns);
                put_if(min, self.endpoint.min_hns);
            }
            Ok(())
        })
    }

    unsafe fn Start(&self) -> HRESULT {
        method(|| self.open_stream()?.ask(Question::Start).map(|_| ()))
    }

    unsafe fn Stop(&self) -> HRESULT {
        let mut ran = true;
        let code = method(|| {
            ran = self.open_stream()?.ask(Question::Stop)?.words[0] != 0;
            Ok(())
        });
        // S_FALSE: it did not run.
        if code.0 == 0 && !ran {
            HRESULT(S_FALSE)
        } else {
            code
        }
    }

    unsafe fn Reset(&self) -> HRESULT {
        method(|| {
            let stream = self.open_stream()?;
            if stream.is_pending() {
                return Err(BUFFER_OPERATION_PENDING);
            }
            stream.ask(Question::Reset).map(|_| ())
        })
    }

    unsafe fn SetEventHandle(&self, event: Handle) -> HRESULT {
        method(|| {
            let stream = self.open_stream()?;
            if event.is_null() {
                return Err(INVALID_ARGUMENT);
            }
            let handle = event.addr() as u64;
            stream
                .ask(|stream| Question::SetEvent { stream, handle })
                .map(|_| ())
        })
    }

    /// Follows "IAudioClient::GetService method (audioclient.h)" on learn.microsoft.com.
    unsafe fn GetService(&self, iid: *const GUID, service: *mut *mut c_void) -> HRESULT {
        method(|| {
            if service.is_null() {
                return Err(NULL_POINTER);
            }
            // SAFETY: the pointers are the client's.
            let wanted = unsafe {
                put(service, std::ptr::null_mut())?;
                guid(iid)?
            };
            let stream = self.open_stream()?;
            stream.check()?;
            let object: IUnknown = match wanted {
                IAudioRenderClient::IID if !stream.renders => return Err(WRONG_ENDPOINT_TYPE),
                IAudioCaptureClient::IID if stream.renders => return Err(WRONG_ENDPOINT_TYPE),
                IAudioRenderClient::IID => IAudioRenderClient::from(Render(stream)).into(),
                IAudioCaptureClient::IID => IAudioCaptureClient::from(Capture(stream)).into(),
                IAudioClock::IID | IAudioClock2::IID => IAudioClock::from(Clock(stream)).into(),
                ISimpleAudioVolume::IID
                | IAudioStreamVolume::IID
                | IAudioSessionControl::IID
                | IAudioSessionControl2::IID => {
                    ISimpleAudioVolume::from(Session::new(stream)).into()
                }
                _ => return Err(NO_INTERFACE),
            };
            // SAFETY: the pointers are the client's.
            unsafe { put_queried(&object, iid, service) }
        })
    }
}

impl IAudioClient2_Impl for Client_Impl {
    unsafe fn IsOffloadCapable(&self, _category: i32, capable: *mut BOOL) -> HRESULT {
        // SAFETY: the pointer is the client's.
        method(|| unsafe { put(capable, false.into()) })
    }

    /// Follows "IAudioClient2::SetClientProperties method (audioclient.h)" on learn.microsoft.com:
    /// before the stream is opened only. Categories make no difference here.
    unsafe fn SetClientProperties(&self, properties: *const ClientProperties) -> HRESULT {
        method(|| {
            if properties.is_null() {
                return Err(NULL_POINTER);
            }
            if !matches!(*self.state.lock(), State::Fresh) {
                return Err(ALREADY_INITIALIZED);
            }
            // SAFETY: not null; the size comes first and tells whether the options are there.
            let options = unsafe {
                match properties.cast::<u32>().read_unaligned() {
                    16.. => (&raw const (*properties).options).read_unaligned(),
                    12..16 => 0,
                    _ => return Err(INVALID_ARGUMENT),
                }
            };
            *self.match_format.lock() = options & MATCH_FORMAT != 0;
            Ok(())
        })
    }

    unsafe fn GetBufferSizeLimits(
        &self,
        _format: *const u8,
        _event: BOOL,
        _min: *mut Hns,
        _max: *mut Hns,
    ) -> HRESULT {
        // AUDCLNT_E_OFFLOAD_MODE_ONLY: the limits are those of offloaded streams.
        HRESULT(0x8889_0024_u32 as i32)
    }
}

impl IAudioClient3_Impl for Client_Impl {
    unsafe fn GetSharedModeEnginePeriod(
        &self,
        wanted: *const u8,
        default: *mut u32,
        fundamental: *mut u32,
        min: *mut u32,
        max: *mut u32,
    ) -> HRESULT {
        method(|| {
            // SAFETY: the pointer is the client's.
            let format = unsafe { format(wanted) }?;
            let device = self.endpoint.number;
            let answer = self.line.ask(Question::Periods { device, format })?;
            for (to, frames) in [default, fundamental, min, max]
                .into_iter()
                .zip(answer.words)
            {
                // SAFETY: the pointers are the client's.
                unsafe { put(to, frames as u32)? };
            }
            Ok(())
        })
    }

    unsafe fn GetCurrentSharedModeEnginePeriod(
        &self,
        format: *mut *mut u8,
        period: *mut u32,
    ) -> HRESULT {
        method(|| {
            if format.is_null() || period.is_null() {
                return Err(NULL_POINTER);
            }
            let answer = self
                .line
                .ask(Question::CurrentPeriod(self.endpoint.number))?;
            let now = format_of(&answer.words[1..]).ok_or(UNEXPECTED)?;
            // SAFETY: the pointers are the client's.
            unsafe {
                put(period, answer.words[0] as u32)?;
                put(format, task_bytes(&wave::write(&now))?)
            }
        })
    }

    unsafe fn InitializeSharedAudioStream(
        &self,
        flags: u32,
        period: u32,
        wanted: *const u8,
        _session: *const GUID,
    ) -> HRESULT {
        method(|| {
            // SAFETY: the pointer is the client's.
            let format = unsafe { format(wanted) }?;
            let match_format = *self.match_format.lock();
            let request = Request::LowLatency {
                flags,
                period_frames: period,
                match_format,
            };
            self.initialize(request, format)
        })
    }
}
