//! A stream that does a [`Job`].

use std::ffi::{c_int, c_ulong, c_void};
use std::ptr::{from_ref, null, null_mut};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use rt::Counter;

use super::job::{Job, on_callback};
use super::{DeviceEntry, HostApi, PortAudio, raw};
use crate::material::{Material, RawFormat};
use crate::recording::Recording;

/// How the stream is to be. It needs a side at least.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The way to the devices; decides shared or exclusive.
    pub host_api: HostApi,
    /// Rate in Hz.
    pub rate_hz: u32,
    /// Frames of each callback.
    pub block_frames: u32,
    /// Latency that PortAudio is asked for; it makes of it what it likes.
    pub latency_frames: u32,
    /// Format of the samples.
    pub format: RawFormat,
    /// Where it plays to.
    pub output: Option<Side<'a>>,
    /// Where it records from.
    pub input: Option<Side<'a>>,
}

/// One direction of a stream.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// A device of the request's host API.
    pub device: &'a DeviceEntry,
    /// Channels.
    pub channels: u32,
}

impl Request<'_> {
    fn frame_bytes(&self, side: Option<Side<'_>>) -> Option<usize> {
        side.map(|side| self.format.bytes() * side.channels as usize)
    }

    /// Names of the devices, for a message.
    fn devices(&self) -> String {
        let sides = [self.output, self.input];
        let names = sides.iter().flatten().map(|side| side.device.name.as_str());
        names.collect::<Vec<_>>().join(" with ")
    }
}

/// An open stream. Dropping it closes it.
pub struct Stream<'a> {
    portaudio: &'a PortAudio,
    /// Null once it is closed, which only `close` does.
    stream: *mut c_void,
    /// Leaked box; the callback's alone until the stream is closed.
    job: *mut Job,
    callbacks: Arc<Counter>,
}

impl PortAudio {
    /// Opens a stream for the job. Blocks are as asked for, and so are the driver's buffers where its
    /// sizes allow it.
    ///
    /// # Errors
    /// Request and job have not the same sides and frames, or a device does not take the format or does not
    /// open.
    pub fn open(&self, request: Request<'_>, job: Job) -> Result<Stream<'_>> {
        ensure!(request.block_frames > 0, "a block needs at least one frame");
        let material_bytes = job.material.as_ref().map(Material::frame_bytes);
        let recording_bytes = job.recording.as_ref().map(Recording::frame_bytes);
        ensure!(
            request.frame_bytes(request.output) == material_bytes
                && request.frame_bytes(request.input) == recording_bytes,
            "a stream needs material for its output and a recording for its input, of its frames"
        );
        let wasapi = wasapi_info(request.host_api);
        let parameters = |side| parameters(&request, side, wasapi.as_ref());
        let (input, output) = (
            request.input.map(parameters),
            request.output.map(parameters),
        );
        let input = input.as_ref().map_or(null(), from_ref);
        let output = output.as_ref().map_or(null(), from_ref);
        let rate_hz = f64::from(request.rate_hz);
        // SAFETY: PortAudio reads the structures, alive here, within the call.
        let code = unsafe { (self.library.is_format_supported)(input, output, rate_hz) };
        if code != 0 {
            let what = format!("{} refuses the format", request.devices());
            return Err(self.library.error(&what, code));
        }
        let callbacks = Arc::clone(job.callbacks());
        let job = Box::into_raw(Box::new(job));
        let mut stream = null_mut();
        // SAFETY: PortAudio reads the structures within the call. `job` lives until the stream is
        // closed, and only the callback, which PortAudio never runs twice at a time, uses it until
        // then.
        let code = unsafe {
            (self.library.open_stream)(
                &mut stream,
                input,
                output,
                rate_hz,
                request.block_frames,
                raw::EXACT,
                on_callback,
                job.cast(),
            )
        };
        if code != 0 {
            // SAFETY: made by `Box::into_raw` above; without a stream nobody else has it.
            drop(unsafe { Box::from_raw(job) });
            let what = format!("{} does not open", request.devices());
            return Err(self.library.error(&what, code));
        }
        Ok(Stream {
            portaudio: self,
            stream,
            job,
            callbacks,
        })
    }
}

impl Stream<'_> {
    /// Latencies as PortAudio states them, in seconds: of the input and of the output.
    pub fn latencies_s(&self) -> [f64; 2] {
        // SAFETY: the stream is open; PortAudio returns null or a structure that lives with it.
        let info = unsafe { (self.portaudio.library.stream_info)(self.stream).as_ref() };
        info.map_or([0.0; 2], |info| {
            [info.input_latency_s, info.output_latency_s]
        })
    }

    /// Starts the stream and waits until the job is done. The second value says why it was not;
    /// the first is what happened until then.
    pub fn run(mut self, silence_limit: Duration) -> (Option<Box<Job>>, Result<()>) {
        let library = &self.portaudio.library;
        // SAFETY: the stream is open.
        let code = unsafe { (library.start_stream)(self.stream) };
        let done = match code {
            0 => self.wait(silence_limit).and_then(|()| self.stop()),
            code => Err(library.error("the stream does not start", code)),
        };
        let (job, closed) = self.close();
        (job, done.and(closed))
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
    fn close(&mut self) -> (Option<Box<Job>>, Result<()>) {
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
            0 => (Some(unsafe { Box::from_raw(self.job) }), Ok(())),
            code => (None, Err(library.error("the stream does not close", code))),
        }
    }
}

impl Drop for Stream<'_> {
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
    request: &Request<'_>,
    side: Side<'_>,
    wasapi: Option<&raw::WasapiStreamInfo>,
) -> raw::StreamParameters {
    raw::StreamParameters {
        device: side.device.index,
        channel_count: c_int::try_from(side.channels).unwrap_or(c_int::MAX),
        sample_format: match request.format {
            RawFormat::Int16 => raw::INT16,
            RawFormat::Int24 => raw::INT24,
            RawFormat::Int32 => raw::INT32,
            RawFormat::Float32 => raw::FLOAT32,
        },
        // With ASIO, PortAudio takes the smallest buffer of the driver's that is a multiple of the
        // block and not below this: the block itself, where both are asked for and it is on offer.
        suggested_latency_s: f64::from(request.latency_frames) / f64::from(request.rate_hz),
        host_api_specific: wasapi.map_or(null(), |info| from_ref(info).cast()),
    }
}
