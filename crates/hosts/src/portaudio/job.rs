//! What a stream's callback does: it plays, records, or both, and notes when it was asked to.

use std::ffi::{c_int, c_ulong, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use rt::Counter;
use serde::Serialize;

use super::raw;
use crate::clock::Clock;
use crate::material::Material;
use crate::recording::Recording;

/// A pause that one callback makes on purpose.
#[derive(Clone, Copy, Debug)]
pub struct Stall {
    /// Which callback, counted from 0.
    pub at_callback: u64,
    /// For how long.
    pub pause: Duration,
}

/// How many callbacks were told what by PortAudio.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Flags {
    /// The device had nothing for us: there is a gap in what was recorded.
    pub input_underflows: u64,
    /// Recorded frames were thrown away before this callback.
    pub input_overflows: u64,
    /// The device ran dry before this callback.
    pub output_underflows: u64,
    /// What this callback makes will be thrown away.
    pub output_overflows: u64,
}

impl Flags {
    fn note(&mut self, flags: c_ulong) {
        let is_set = |flag: c_ulong| u64::from(flags & flag != 0);
        self.input_underflows += is_set(raw::INPUT_UNDERFLOW);
        self.input_overflows += is_set(raw::INPUT_OVERFLOW);
        self.output_underflows += is_set(raw::OUTPUT_UNDERFLOW);
        self.output_overflows += is_set(raw::OUTPUT_OVERFLOW);
    }
}

/// What the callback works with, and what it leaves behind.
pub struct Job {
    /// What is played.
    pub material: Option<Material>,
    /// What is recorded.
    pub recording: Option<Recording>,
    /// Entries of the callback on the performance counter's clock, in nanoseconds.
    pub times_ns: Vec<u64>,
    /// What PortAudio told.
    pub flags: Flags,
    callbacks: Arc<Counter>,
    stall: Option<Stall>,
    clock: Clock,
}

impl Job {
    /// A job that ends with the material; without any when the recording is full.
    /// `callbacks_expected` instants can be noted.
    pub fn new(
        material: Option<Material>,
        recording: Option<Recording>,
        callbacks_expected: usize,
        stall: Option<Stall>,
    ) -> Self {
        Self {
            material,
            recording,
            times_ns: Vec::with_capacity(callbacks_expected),
            flags: Flags::default(),
            callbacks: Arc::default(),
            stall,
            clock: Clock::new(),
        }
    }

    /// Calls of the callback, counted as they come.
    pub fn callbacks(&self) -> &Arc<Counter> {
        &self.callbacks
    }

    /// Notes that a callback came, and pauses where a stall is asked for. Neither allocates nor
    /// locks.
    fn begin(&mut self, flags: c_ulong) {
        let now_ns = self.clock.now_ns();
        if self.times_ns.len() < self.times_ns.capacity() {
            self.times_ns.push(now_ns);
        }
        let nth = self.callbacks.get();
        self.callbacks.add(1);
        self.flags.note(flags);
        if let Some(stall) = self.stall
            && stall.at_callback == nth
        {
            std::thread::sleep(stall.pause);
        }
    }

    /// One callback. `input` is null where PortAudio has nothing recorded.
    ///
    /// # Safety
    /// `output` has room for `frames` frames of the material; `input`, unless null, holds as many of
    /// the recording's.
    unsafe fn call(
        &mut self,
        input: *const c_void,
        output: *mut c_void,
        frames: usize,
        flags: c_ulong,
    ) -> c_int {
        self.begin(flags);
        let mut goes_on = false;
        if let Some(recording) = &mut self.recording {
            goes_on = if input.is_null() {
                recording.add_silence(frames)
            } else {
                let bytes = frames * recording.frame_bytes();
                // SAFETY: the caller guarantees so many frames.
                recording.add(unsafe { std::slice::from_raw_parts(input.cast(), bytes) })
            };
        }
        if let Some(material) = &mut self.material {
            if output.is_null() {
                return raw::ABORT;
            }
            let bytes = frames * material.frame_bytes();
            // SAFETY: the caller guarantees room for so many frames.
            let out = unsafe { std::slice::from_raw_parts_mut(output.cast::<u8>(), bytes) };
            goes_on = material.fill(out);
        }
        if goes_on {
            raw::CONTINUE
        } else {
            raw::COMPLETE
        }
    }
}

/// What PortAudio calls.
///
/// # Safety
/// `user` is a [`Job`] that nobody else uses meanwhile; input and output are of the formats that
/// its parts have.
pub unsafe extern "C" fn on_callback(
    input: *const c_void,
    output: *mut c_void,
    frames: c_ulong,
    _times: *const c_void,
    flags: c_ulong,
    user: *mut c_void,
) -> c_int {
    if user.is_null() {
        return raw::ABORT;
    }
    // SAFETY: the caller guarantees a job that is ours alone for now.
    let job = unsafe { &mut *user.cast::<Job>() };
    catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: PortAudio hands over `frames` interleaved frames of the formats asked for.
        unsafe { job.call(input, output, frames as usize, flags) }
    }))
    .unwrap_or(raw::ABORT)
}
