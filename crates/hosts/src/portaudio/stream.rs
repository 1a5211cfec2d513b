//! A stream that plays [`Material`] and notes when it was asked for it.

use std::ffi::{c_int, c_ulong, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{null, null_mut};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use rt::Counter;

use super::{DeviceEntry, HostApi, PortAudio, raw};
use crate::clock::Clock;
use crate::material::{Material, RawFormat};

/// How the stream is to be.
#[derive(Clone, Copy, Debug)]
pub struct OutputRequest<'a> {
    /// The way to the device; decides shared or exclusive.
    pub host_api: HostApi,
    /// A device of that host API.
    pub device: &'a DeviceEntry,
    /// Rate in Hz.
    pub rate_hz: u32,
    /// Frames of each callback.
    pub block_frames: u32,
    /// Format of the samples.
    pub format: RawFormat,
    /// Channels.
    pub channels: u32,
}

/// A pause that one callback makes on purpose.
#[derive(Clone, Copy, Debug)]
pub struct Stall {
    /// Which callback, counted from 0.
    pub at_callback: u64,
    /// For how long.
    pub pause: Duration,
}

/// What the callback works with, and what it leaves behind.
pub struct Playback {
    /// What is played.
    pub material: Material,
    /// Entries of the callback on the performance counter's clock, in nanoseconds.
    pub times_ns: Vec<u64>,
    /// Callbacks that were told of an underflow.
    pub underflows: u64,
    callbacks: Arc<Counter>,
    stall: Option<Stall>,
    clock: Clock,
}

impl Playback {
    /// Plays `material` in callbacks; `callbacks_expected` instants can be noted.
    pub fn new(material: Material, callbacks_expected: usize, stall: Option<Stall>) -> Self {
        Self {
            material,
            times_ns: Vec::with_capacity(callbacks_expected),
            underflows: 0,
            callbacks: Arc::default(),
            stall,
            clock: Clock::new(),
        }
    }

    /// Calls of the callback so far.
    pub fn callbacks(&self) -> u64 {
        self.callbacks.get()
    }

    /// One callback. Neither allocates nor locks; blocks only where a stall is asked for.
    fn call(&mut self, out: &mut [u8], flags: c_ulong) -> c_int {
        let now_ns = self.clock.now_ns();
        if self.times_ns.len() < self.times_ns.capacity() {
            self.times_ns.push(now_ns);
        }
        let nth = self.callbacks.get();
        self.callbacks.add(1);
        self.underflows += u64::from(flags & raw::OUTPUT_UNDERFLOW != 0);
        if let Some(stall) = self.stall
            && stall.at_callback == nth
        {
            std::thread::sleep(stall.pause);
        }
        if self.material.fill(out) {
            raw::CONTINUE
        } else {
            raw::COMPLETE
        }
    }
}

/// An open stream. Dropping it closes it.
pub struct OutputStream<'a> {
    portaudio: &'a PortAudio,
    /// Null once it is closed, which only `close` does.
    stream: *mut c_void,
    /// Leaked box; the callback's alone until the stream is closed.
    playback: *mut Playback,
    callbacks: Arc<Counter>,
}

impl PortAudio {
    /// Opens a stream that will play. Blocks are as asked for, and so is the driver's buffer where
    /// its sizes allow it.
    ///
    /// # Errors
    /// The device does not take the format or does not open.
    pub fn open_output(
        &self,
        request: OutputRequest<'_>,
        playback: Playback,
    ) -> Result<OutputStream<'_>> {
        ensure!(request.block_frames > 0, "a block needs at least one frame");
        let wasapi = wasapi_info(request.host_api);
        let parameters = parameters(&request, wasapi.as_ref());
        let rate_hz = f64::from(request.rate_hz);
        // SAFETY: PortAudio reads the two structures, alive here, within the call.
        let code = unsafe { (self.library.is_format_supported)(null(), &parameters, rate_hz) };
        if code != 0 {
            let what = format!("{} refuses the format", request.device.name);
            return Err(self.library.error(&what, code));
        }
        let callbacks = Arc::clone(&playback.callbacks);
        let playback = Box::into_raw(Box::new(playback));
        let mut stream = null_mut();
        // SAFETY: PortAudio reads the structures within the call. `playback` lives until the
        // stream is closed, and only the callback, which PortAudio never runs twice at a time,
        // uses it until then.
        let code = unsafe {
            (self.library.open_stream)(
                &mut stream,
                null(),
                &parameters,
                rate_hz,
                request.block_frames,
                raw::EXACT,
                on_callback,
                playback.cast(),
            )
        };
        if code != 0 {
            // SAFETY: made by `Box::into_raw` above; without a stream nobody else has it.
            drop(unsafe { Box::from_raw(playback) });
            let what = format!("{} does not open", request.device.name);
            return Err(self.library.error(&what, code));
        }
        Ok(OutputStream {
            portaudio: self,
            stream,
            playback,
            callbacks,
        })
    }
}

impl OutputStream<'_> {
    /// Output latency as PortAudio states it, in seconds.
    pub fn output_latency_s(&self) -> f64 {
        // SAFETY: the stream is open; PortAudio returns null or a structure that lives with it.
        let info = unsafe { (self.portaudio.library.stream_info)(self.stream).as_ref() };
        info.map_or(0.0, |info| info.output_latency_s)
    }

    /// Starts the stream and waits until everything is played. The second value says why it was
    /// not; the first is what happened until then.
    pub fn play(mut self, silence_limit: Duration) -> (Option<Box<Playback>>, Result<()>) {
        let library = &self.portaudio.library;
        // SAFETY: the stream is open.
        let code = unsafe { (library.start_stream)(self.stream) };
        let played = match code {
            0 => self.wait(silence_limit).and_then(|()| self.stop()),
            code => Err(library.error("the stream does not start", code)),
        };
        let (playback, closed) = self.close();
        (playback, played.and(closed))
    }

    /// Waits until the callback has ended the stream.
    fn wait(&self, silence_limit: Duration) -> Result<()> {
        const STEP: Duration = Duration::from_millis(5);
        let library = &self.portaudio.library;
        let mut seen = 0;
        let mut silent = Duration::ZERO;
        loop {
            // SAFETY: the stream is open.
            match unsafe { (library.is_stream_active)(self.stream) } {
                0 => return Ok(()),
                1 => {}
                code => return Err(library.error("the stream broke", code)),
            }
            let callbacks = self.callbacks.get();
            silent = if callbacks == seen {
                silent + STEP
            } else {
                Duration::ZERO
            };
            seen = callbacks;
            if silent >= silence_limit {
                return Err(anyhow!(
                    "the device asked for nothing in {} s, after {callbacks} callbacks",
                    silence_limit.as_secs()
                ));
            }
            std::thread::sleep(STEP);
        }
    }

    fn stop(&self) -> Result<()> {
        // SAFETY: the stream is open.
        match unsafe { (self.portaudio.library.stop_stream)(self.stream) } {
            // WASAPI streams stop by themselves when the callback ends them.
            0 | raw::STREAM_IS_STOPPED => Ok(()),
            code => Err(self
                .portaudio
                .library
                .error("the stream does not stop", code)),
        }
    }

    /// Closes the stream, unless it is closed, and takes back what the callback had. Where closing
    /// fails the callback may still come, so its memory is given up.
    fn close(&mut self) -> (Option<Box<Playback>>, Result<()>) {
        let stream = std::mem::replace(&mut self.stream, null_mut());
        if stream.is_null() {
            return (None, Ok(()));
        }
        let library = &self.portaudio.library;
        // SAFETY: the stream is open; that the field is null from here on keeps it from being
        // used again.
        match unsafe { (library.close_stream)(stream) } {
            // SAFETY: made by `Box::into_raw`; the callback never comes after the closing, and
            // this is reached once.
            0 => (Some(unsafe { Box::from_raw(self.playback) }), Ok(())),
            code => (None, Err(library.error("the stream does not close", code))),
        }
    }
}

impl Drop for OutputStream<'_> {
    fn drop(&mut self) {
        // An error has nobody left to act on it.
        drop(self.close());
    }
}

fn wasapi_info(host_api: HostApi) -> Option<raw::WasapiStreamInfo> {
    let flags = match host_api {
        HostApi::Asio => return None,
        HostApi::WasapiShared => 0,
        HostApi::WasapiExclusive => raw::WASAPI_EXCLUSIVE,
    };
    Some(raw::WasapiStreamInfo {
        size: size_of::<raw::WasapiStreamInfo>() as c_ulong,
        host_api_type: raw::WASAPI,
        version: 1,
        flags,
        channel_mask: 0,
        host_processor_output: null(),
        host_processor_input: null(),
        thread_priority: 0,
        stream_category: 0,
        stream_option: 0,
    })
}

fn parameters(
    request: &OutputRequest<'_>,
    wasapi: Option<&raw::WasapiStreamInfo>,
) -> raw::StreamParameters {
    raw::StreamParameters {
        device: request.device.index,
        channel_count: c_int::try_from(request.channels).unwrap_or(c_int::MAX),
        sample_format: match request.format {
            RawFormat::Int16 => raw::INT16,
            RawFormat::Int24 => raw::INT24,
            RawFormat::Int32 => raw::INT32,
            RawFormat::Float32 => raw::FLOAT32,
        },
        // PortAudio takes the smallest buffer of the driver's that is a multiple of the block and
        // not below this: the block itself, where the driver offers it.
        suggested_latency_s: f64::from(request.block_frames) / f64::from(request.rate_hz),
        host_api_specific: wasapi.map_or(null(), |info| std::ptr::from_ref(info).cast()),
    }
}

unsafe extern "C" fn on_callback(
    _input: *const c_void,
    output: *mut c_void,
    frames: c_ulong,
    _times: *const c_void,
    flags: c_ulong,
    user: *mut c_void,
) -> c_int {
    if output.is_null() || user.is_null() {
        return raw::ABORT;
    }
    // SAFETY: `user` is the `Playback` given at opening; PortAudio runs one callback at a time and
    // nobody else touches it until the stream is closed.
    let playback = unsafe { &mut *user.cast::<Playback>() };
    let bytes = frames as usize * playback.material.frame_bytes();
    // SAFETY: PortAudio hands over room for `frames` interleaved frames of the format asked for.
    let out = unsafe { std::slice::from_raw_parts_mut(output.cast::<u8>(), bytes) };
    catch_unwind(AssertUnwindSafe(|| playback.call(out, flags))).unwrap_or(raw::ABORT)
}
