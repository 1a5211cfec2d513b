//! `IAudioClient` and `IAudioRenderClient`, made safe.

#![allow(unsafe_code)]

use std::ptr::null_mut;

use windows_core::Interface;

use crate::bindings::{
    AUDCLNT_BUFFERFLAGS_SILENT, AUDCLNT_SHAREMODE_EXCLUSIVE, AUDCLNT_SHAREMODE_SHARED,
    AUDCLNT_STREAMFLAGS_EVENTCALLBACK, AUDCLNT_STREAMFLAGS_NOPERSIST, CLSCTX_ALL, IAudioClient,
    IAudioRenderClient, IMMDevice,
};
use crate::candidates::Layout;
use crate::com::{TaskMemory, hr};
use crate::hresult::Hr;
use crate::hresult::codes::{E_FAIL, E_INVALIDARG, UNSUPPORTED_FORMAT};
use crate::plan::{DevicePeriods, Durations, Pace};
use crate::sync::{Event, Waitable};
use crate::wave;

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
        Ok(Self { raw, event: None })
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
        if !wave::is_whole(format) {
            return Err(E_INVALIDARG);
        }
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
        Ok(Writer {
            render,
            frame_bytes,
        })
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

fn done(code: i32) -> Hr<()> {
    if code < 0 { Err(code) } else { Ok(()) }
}

/// Writes into a stream's buffer.
pub(crate) struct Writer {
    render: IAudioRenderClient,
    frame_bytes: usize,
}

impl Writer {
    /// Lets `fill` write up to `room_frames` frames and hands over as many as it says. Returns that
    /// number. Real-time safe.
    ///
    /// # Errors
    /// The system's code; `fill` was not called when the memory was refused.
    pub(crate) fn write(&self, room_frames: u32, fill: impl FnOnce(&mut [u8]) -> u32) -> Hr<u32> {
        let mut lease = self.lease(room_frames)?;
        let frames = fill(lease.bytes()).min(room_frames);
        lease.hand_over(frames, 0)?;
        Ok(frames)
    }

    /// Hands over `frames` frames of silence.
    pub(crate) fn write_silence(&self, frames: u32) -> Hr<()> {
        let mut lease = self.lease(frames)?;
        // Zeros are silence in every format of ours; the flag alone is not honoured everywhere.
        lease.bytes().fill(0);
        lease.hand_over(frames, AUDCLNT_BUFFERFLAGS_SILENT as u32)
    }

    fn lease(&self, frames: u32) -> Hr<Lease<'_>> {
        let mut start = null_mut();
        // Not by the method of the bindings, which on errors looks for error objects.
        let call = Interface::vtable(&self.render).GetBuffer;
        // SAFETY: the method is called on its own object, and `start` lives through the call.
        done(unsafe { call(self.render.as_raw(), frames, &mut start) }.0)?;
        let lease = Lease {
            writer: self,
            start,
            frames,
            held: true,
        };
        if start.is_null() {
            Err(E_FAIL)
        } else {
            Ok(lease)
        }
    }
}

/// Memory of the device that is ours until it is handed over; given back unused when dropped, so
/// that a panic while it is filled does not block the stream.
struct Lease<'a> {
    writer: &'a Writer,
    start: *mut u8,
    frames: u32,
    held: bool,
}

impl Lease<'_> {
    fn bytes(&mut self) -> &mut [u8] {
        let length = self.frames as usize * self.writer.frame_bytes;
        // SAFETY: the system gave this memory for so many frames of the stream's format until it is
        // handed over, and only this lease refers to it.
        unsafe { std::slice::from_raw_parts_mut(self.start, length) }
    }

    fn hand_over(mut self, frames: u32, flags: u32) -> Hr<()> {
        self.held = false;
        let frames = frames.min(self.frames);
        // SAFETY: no more frames than were got, once.
        done(unsafe { self.writer.render.ReleaseBuffer(frames, flags) }.0)
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if self.held {
            // SAFETY: gives back what was got, with nothing written.
            let _ = unsafe { self.writer.render.ReleaseBuffer(0, 0) };
        }
    }
}
