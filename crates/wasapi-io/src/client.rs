//! `IAudioClient`, made safe.

#![allow(unsafe_code)]

use windows_core::{HSTRING, Interface};

use crate::bindings::{
    AUDCLNT_SHAREMODE, AUDCLNT_SHAREMODE_EXCLUSIVE, AUDCLNT_SHAREMODE_SHARED,
    AUDCLNT_STREAMFLAGS_EVENTCALLBACK, AUDCLNT_STREAMFLAGS_LOOPBACK, AUDCLNT_STREAMFLAGS_NOPERSIST,
    CLSCTX_ALL, IAudioCaptureClient, IAudioClient, IAudioClient3, IAudioClock, IAudioRenderClient,
    IAudioSessionControl, IMMDevice,
};
use crate::candidates::Layout;
use crate::com::{TaskMemory, done, hr};
use crate::engine_period::EnginePeriods;
use crate::hresult::Hr;
use crate::hresult::codes::{E_INVALIDARG, UNSUPPORTED_FORMAT};
use crate::plan::{DevicePeriods, Durations, Pace};
use crate::position::Position;
use crate::reader::Reader;
use crate::session_name::session_name;
use crate::sync::{Event, Waitable};
use crate::wave;
use crate::writer::Writer;

/// The format that the system mixes a device's sound in.
pub(crate) struct MixFormat {
    /// The format as the system wrote it.
    pub(crate) bytes: Vec<u8>,
    pub(crate) layout: Layout,
    pub(crate) rate_hz: u32,
}

/// A stream to a device, or the wish for one: opened by `initialize`, closed when dropped.
pub(crate) struct AudioClient {
    raw: IAudioClient,
    /// Set by the stream, hence dropped after it. One for the client's whole life: no stream takes
    /// a second one.
    event: Option<Event>,
}

impl AudioClient {
    /// A client of the device; opens nothing yet. The thread must be in an apartment.
    pub(crate) fn activate(device: &IMMDevice) -> Hr<Self> {
        // SAFETY: no parameters are passed; the interface asked for is the one returned.
        let raw = hr(unsafe { device.Activate::<IAudioClient>(CLSCTX_ALL as u32, None) })?;
        Ok(Self::of(raw))
    }

    /// The client that was activated otherwise, and is not open yet.
    pub(crate) fn of(raw: IAudioClient) -> Self {
        Self { raw, event: None }
    }

    /// The format that the system mixes the device's sound in.
    pub(crate) fn mix_format(&self) -> Hr<MixFormat> {
        // SAFETY: the memory returned is ours to free.
        let memory = unsafe { TaskMemory::new(hr(self.raw.GetMixFormat())?)? };
        let start = memory.as_ptr::<u8>();
        // SAFETY: the system returns at least the 18 bytes of a WAVEFORMATEX, and as many more as
        // that states; `memory` keeps them alive.
        let bytes = unsafe {
            let head = &*start.cast::<[u8; 18]>();
            std::slice::from_raw_parts(start, wave::stated_bytes(head)).to_vec()
        };
        let (channels, rate_hz, channel_mask) =
            wave::decode_outline(&bytes).ok_or(UNSUPPORTED_FORMAT)?;
        Ok(MixFormat {
            bytes,
            layout: Layout {
                channels,
                channel_mask,
            },
            rate_hz,
        })
    }

    /// The device's own periods.
    pub(crate) fn periods(&self) -> Hr<DevicePeriods> {
        let (mut default_hns, mut min_hns) = (0, 0);
        // SAFETY: both pointers are to values that live through the call.
        let code = unsafe {
            self.raw
                .GetDevicePeriod(Some(&mut default_hns), Some(&mut min_hns))
        };
        done(code.0)?;
        Ok(DevicePeriods::new(default_hns, min_hns))
    }

    /// Whether the device says that it takes the format in exclusive mode. It may be wrong.
    pub(crate) fn takes_exclusively(&self, format: &[u8]) -> Hr<()> {
        if !wave::is_whole(format) {
            return Err(E_INVALIDARG);
        }
        // SAFETY: the format is whole, as was just checked; in exclusive mode no closest match is
        // asked for.
        let code = unsafe {
            self.raw
                .IsFormatSupported(AUDCLNT_SHAREMODE_EXCLUSIVE, format.as_ptr().cast(), None)
        };
        // S_FALSE means that a similar format would do, which is of no use here.
        if code.0 > 0 {
            Err(UNSUPPORTED_FORMAT)
        } else {
            done(code.0)
        }
    }

    /// Opens the stream. After a failure the client is good for nothing but `buffer_frames`.
    pub(crate) fn initialize(&self, pace: Pace, durations: Durations, format: &[u8]) -> Hr<()> {
        let (mode, flags) = match pace {
            Pace::SharedEvent => (
                AUDCLNT_SHAREMODE_SHARED,
                AUDCLNT_STREAMFLAGS_EVENTCALLBACK | AUDCLNT_STREAMFLAGS_NOPERSIST,
            ),
            Pace::ExclusiveEvent => (
                AUDCLNT_SHAREMODE_EXCLUSIVE,
                AUDCLNT_STREAMFLAGS_EVENTCALLBACK,
            ),
            Pace::ExclusiveTimer => (AUDCLNT_SHAREMODE_EXCLUSIVE, 0),
        };
        self.initialize_with(mode, flags, durations, format)
    }

    /// Opens the stream as one that hears what is played. As [`initialize`](Self::initialize).
    pub(crate) fn initialize_tap(&self, durations: Durations, format: &[u8]) -> Hr<()> {
        let flags = AUDCLNT_STREAMFLAGS_LOOPBACK | AUDCLNT_STREAMFLAGS_EVENTCALLBACK;
        self.initialize_with(AUDCLNT_SHAREMODE_SHARED, flags, durations, format)
    }

    fn initialize_with(
        &self,
        mode: AUDCLNT_SHAREMODE,
        flags: i32,
        durations: Durations,
        format: &[u8],
    ) -> Hr<()> {
        if !wave::is_whole(format) {
            return Err(E_INVALIDARG);
        }
        let Durations {
            period_hns,
            buffer_hns,
        } = durations;
        let format = format.as_ptr().cast();
        // SAFETY: the format is whole, as was just checked, and lives through the call.
        let code = unsafe {
            self.raw
                .Initialize(mode, flags as u32, buffer_hns, period_hns, format, None)
        };
        done(code.0)
    }

    /// The mixer's periods for streams of that format.
    pub(crate) fn engine_periods(&self, format: &[u8]) -> Hr<EnginePeriods> {
        if !wave::is_whole(format) {
            return Err(E_INVALIDARG);
        }
        let client: IAudioClient3 = hr(self.raw.cast())?;
        let (mut default_frames, mut fundamental_frames) = (0, 0);
        let (mut min_frames, mut max_frames) = (0, 0);
        // SAFETY: the format is whole, as was just checked, and all pointers are to values that live
        // through the call.
        let code = unsafe {
            client.GetSharedModeEnginePeriod(
                format.as_ptr().cast(),
                &mut default_frames,
                &mut fundamental_frames,
                &mut min_frames,
                &mut max_frames,
            )
        };
        done(code.0)?;
        Ok(EnginePeriods {
            default_frames,
            fundamental_frames,
            min_frames,
            max_frames,
        })
    }

    /// The mixer's period now, in frames.
    pub(crate) fn current_engine_period(&self) -> Hr<u32> {
        let client: IAudioClient3 = hr(self.raw.cast())?;
        let (mut format, mut frames) = (std::ptr::null_mut(), 0);
        // SAFETY: both pointers are to values that live through the call.
        let code = unsafe { client.GetCurrentSharedModeEnginePeriod(&mut format, &mut frames) };
        done(code.0)?;
        // SAFETY: the format is ours to free; it is not needed.
        drop(unsafe { TaskMemory::new(format) });
        Ok(frames)
    }

    /// Opens a shared stream of that period, with events. After a failure the client is spent.
    pub(crate) fn initialize_low_latency(&self, period_frames: u32, format: &[u8]) -> Hr<()> {
        if !wave::is_whole(format) {
            return Err(E_INVALIDARG);
        }
        let client: IAudioClient3 = hr(self.raw.cast())?;
        let flags = AUDCLNT_STREAMFLAGS_EVENTCALLBACK as u32;
        let format = format.as_ptr().cast();
        // SAFETY: the format is whole, as was just checked, and lives through the call.
        let code =
            unsafe { client.InitializeSharedAudioStream(flags, period_frames, format, None) };
        done(code.0)
    }

    /// Frames that the stream's buffer holds; after a failure for want of alignment, the size that
    /// would do.
    pub(crate) fn buffer_frames(&self) -> Hr<u32> {
        // SAFETY: the call takes nothing.
        hr(unsafe { self.raw.GetBufferSize() })
    }

    /// The stream's latency as the system states it, in units of 100 ns.
    pub(crate) fn latency_hns(&self) -> Hr<i64> {
        // SAFETY: the call takes nothing.
        hr(unsafe { self.raw.GetStreamLatency() })
    }

    /// Lets the stream set an event whenever it wants frames. Once, after `initialize`.
    pub(crate) fn enable_event(&mut self) -> Hr<()> {
        let event = Event::new()?;
        // SAFETY: the handle stays open as long as the stream, as `event` is dropped after `raw`.
        done(unsafe { self.raw.SetEventHandle(event.handle()) }.0)?;
        self.event = Some(event);
        Ok(())
    }

    /// The event that the stream sets whenever it wants frames.
    pub(crate) fn event(&self) -> Option<&Event> {
        self.event.as_ref()
    }

    /// The way to write into the stream's buffer.
    pub(crate) fn writer(&self, frame_bytes: usize) -> Hr<Writer> {
        // SAFETY: the interface asked for is the one returned.
        let render = hr(unsafe { self.raw.GetService::<IAudioRenderClient>() })?;
        self.name_session();
        Ok(Writer::new(render, frame_bytes))
    }

    /// Gives the stream's session this process' name for it. A system that has no names plays all the same.
    fn name_session(&self) {
        let Some(name) = session_name() else {
            return;
        };
        let name = HSTRING::from(name);
        // SAFETY: the interface asked for is the one returned.
        if let Ok(session) = unsafe { self.raw.GetService::<IAudioSessionControl>() } {
            // SAFETY: the name lives through the call; nobody is told who has set it.
            let _ = unsafe { session.SetDisplayName(&name, std::ptr::null()) };
        }
    }

    /// The way to read what the stream has recorded.
    pub(crate) fn reader(&self, frame_bytes: usize) -> Hr<Reader> {
        // SAFETY: the interface asked for is the one returned.
        let capture = hr(unsafe { self.raw.GetService::<IAudioCaptureClient>() })?;
        Ok(Reader::new(capture, frame_bytes))
    }

    /// What tells where the stream is.
    pub(crate) fn position(&self, rate_hz: u32) -> Hr<Position> {
        // SAFETY: the interface asked for is the one returned.
        let clock = hr(unsafe { self.raw.GetService::<IAudioClock>() })?;
        Position::new(clock, rate_hz)
    }

    /// Frames that are queued in the buffer. Real-time safe.
    pub(crate) fn padding_frames(&self) -> Hr<u32> {
        let mut frames = 0;
        // Not by the method of the bindings, which on errors looks for error objects.
        let call = Interface::vtable(&self.raw).GetCurrentPadding;
        // SAFETY: the method is called on its own object, and `frames` lives through the call.
        done(unsafe { call(self.raw.as_raw(), &mut frames) }.0)?;
        Ok(frames)
    }

    pub(crate) fn start(&self) -> Hr<()> {
        // SAFETY: the call takes nothing.
        done(unsafe { self.raw.Start() }.0)
    }

    pub(crate) fn stop(&self) -> Hr<()> {
        // SAFETY: the call takes nothing.
        done(unsafe { self.raw.Stop() }.0)
    }

    /// Forgets what is queued. The stream must be stopped.
    pub(crate) fn reset(&self) -> Hr<()> {
        // SAFETY: the call takes nothing.
        done(unsafe { self.raw.Reset() }.0)
    }
}

impl Drop for AudioClient {
    fn drop(&mut self) {
        // Some systems wait for this event for seconds before they close an exclusive stream.
        if let Some(event) = &self.event {
            event.set();
        }
    }
}
