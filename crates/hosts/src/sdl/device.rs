//! An open device and the job that it does.

use std::ffi::{CString, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null;
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use rt::{Counter, Flag};

use super::{Direction, Sdl, raw};
use crate::clock::Clock;
use crate::material::{Material, RawFormat};
use crate::recording::Recording;

/// How a device is to be.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Its full name; none: the default one.
    pub device: Option<&'a str>,
    /// Rate in Hz.
    pub rate_hz: u32,
    /// Frames of each callback; the device may have its own.
    pub block_frames: u16,
    /// Format of the samples; SDL has no 24-bit integers.
    pub format: RawFormat,
    /// Channels.
    pub channels: u8,
}

/// What a device does.
pub enum Part {
    /// It plays this.
    Play(Material),
    /// It records here.
    Record(Recording),
}

impl Part {
    fn direction(&self) -> Direction {
        match self {
            Part::Play(_) => Direction::Output,
            Part::Record(_) => Direction::Input,
        }
    }

    fn frame_bytes(&self) -> usize {
        match self {
            Part::Play(material) => material.frame_bytes(),
            Part::Record(recording) => recording.frame_bytes(),
        }
    }
}

/// What others may see of a running job.
#[derive(Default)]
struct Progress {
    callbacks: Counter,
    done: Flag,
}

/// What the callback works with, and what it leaves behind.
pub struct Job {
    /// What is done.
    pub part: Part,
    /// Entries of the callback on the performance counter's clock, in nanoseconds.
    pub times_ns: Vec<u64>,
    progress: Arc<Progress>,
    clock: Clock,
}

impl Job {
    /// A job of which `callbacks_expected` instants can be noted.
    pub fn new(part: Part, callbacks_expected: usize) -> Self {
        Self {
            part,
            times_ns: Vec::with_capacity(callbacks_expected),
            progress: Arc::default(),
            clock: Clock::new(),
        }
    }

    /// Calls of the callback so far.
    pub fn callbacks(&self) -> u64 {
        self.progress.callbacks.get()
    }

    /// One callback. Neither allocates nor locks.
    fn call(&mut self, memory: &mut [u8]) {
        let now_ns = self.clock.now_ns();
        if self.times_ns.len() < self.times_ns.capacity() {
            self.times_ns.push(now_ns);
        }
        self.progress.callbacks.add(1);
        let goes_on = match &mut self.part {
            Part::Play(material) => material.fill(memory),
            Part::Record(recording) => recording.add(memory),
        };
        if !goes_on {
            self.progress.done.set(true);
        }
    }
}

/// An open device. Dropping it closes it.
pub struct Device<'a> {
    sdl: &'a Sdl,
    /// 0 once it is closed, which only `close` does.
    id: u32,
    block_frames: u16,
    /// Leaked box; the callback's alone until the device is closed.
    job: *mut Job,
    progress: Arc<Progress>,
}

impl Sdl {
    /// Opens a device for the job, still at rest, with exactly the format asked for: SDL must not
    /// convert.
    ///
    /// # Errors
    /// The device does not open, or has another format; the sentence says which.
    pub fn open(&self, request: Request<'_>, job: Job) -> Result<Device<'_>> {
        let format = match request.format {
            RawFormat::Int16 => raw::INT16,
            RawFormat::Int32 => raw::INT32,
            RawFormat::Float32 => raw::FLOAT32,
            RawFormat::Int24 => bail!("SDL has no 24-bit integers"),
        };
        let frame_bytes = request.format.bytes() * usize::from(request.channels);
        ensure!(
            frame_bytes == job.part.frame_bytes(),
            "the job's frames are not the device's"
        );
        let name = request.device.map(CString::new).transpose();
        let name = name.context("the device's name holds a zero")?;
        let is_capture = c_int::from(job.part.direction() == Direction::Input);
        let progress = Arc::clone(&job.progress);
        let job = Box::into_raw(Box::new(job));
        let desired = raw::AudioSpec {
            rate_hz: c_int::try_from(request.rate_hz).unwrap_or(c_int::MAX),
            format,
            channels: request.channels,
            silence: 0,
            block_frames: request.block_frames,
            padding: 0,
            block_bytes: 0,
            callback: Some(on_callback),
            user: job.cast(),
        };
        let mut obtained = desired;
        // SAFETY: SDL uses name and structures within the call. `job` lives until the device is
        // closed, and only the callback, which one thread of SDL's calls, uses it until then.
        let id = unsafe {
            (self.library.open_device)(
                name.as_ref().map_or(null(), |name| name.as_ptr()),
                is_capture,
                &desired,
                &mut obtained,
                raw::ALLOW_ANY_CHANGE,
            )
        };
        if id == 0 {
            let why = self.error("SDL cannot open the device");
            // SAFETY: made by `Box::into_raw` above; without a device nobody else has it.
            drop(unsafe { Box::from_raw(job) });
            return Err(why);
        }
        // From here on its end closes the device and frees the job.
        let device = Device {
            sdl: self,
            id,
            block_frames: obtained.block_frames,
            job,
            progress,
        };
        let is_as_asked = obtained.rate_hz == desired.rate_hz
            && obtained.format == format
            && obtained.channels == request.channels;
        ensure!(
            is_as_asked,
            "the device has {} channels, {} Hz and SDL's format {:#x}; ask for these",
            obtained.channels,
            obtained.rate_hz,
            obtained.format
        );
        Ok(device)
    }
}

impl Device<'_> {
    /// Frames of each callback.
    pub fn block_frames(&self) -> u16 {
        self.block_frames
    }

    /// Lets it run.
    pub fn start(&self) {
        // SAFETY: the device is open.
        unsafe { (self.sdl.library.pause_device)(self.id, 0) };
    }

    /// Calls of the callback so far.
    pub fn callbacks(&self) -> u64 {
        self.progress.callbacks.get()
    }

    /// Whether everything is played, tail included, or the recording is full.
    pub fn is_done(&self) -> bool {
        self.progress.done.get()
    }

    /// Closes the device and gives back what its callback had.
    pub fn finish(mut self) -> Job {
        *self.close().expect("it is open until here")
    }

    fn close(&mut self) -> Option<Box<Job>> {
        let id = std::mem::take(&mut self.id);
        if id == 0 {
            return None;
        }
        // SAFETY: the device is open; that the field is 0 from here on keeps it from being used
        // again. SDL ends the callback's thread before it returns.
        unsafe { (self.sdl.library.close_device)(id) };
        // SAFETY: made by `Box::into_raw`; no callback comes any more, and this is reached once.
        Some(unsafe { Box::from_raw(self.job) })
    }
}

impl Drop for Device<'_> {
    fn drop(&mut self) {
        drop(self.close());
    }
}

unsafe extern "C" fn on_callback(user: *mut c_void, stream: *mut u8, bytes: c_int) {
    let Ok(bytes) = usize::try_from(bytes) else {
        return;
    };
    if user.is_null() || stream.is_null() {
        return;
    }
    // SAFETY: `user` is the `Job` given at opening; one thread of SDL's runs the callback, and nobody
    // else touches the job until the device is closed.
    let job = unsafe { &mut *user.cast::<Job>() };
    // SAFETY: SDL hands over so many bytes, whole frames, to be written or read.
    let memory = unsafe { std::slice::from_raw_parts_mut(stream, bytes) };
    // A panic leaves a device that never gets done; the program tells so.
    let _ = catch_unwind(AssertUnwindSafe(|| job.call(memory)));
}
