//! What the engine asks of an endpoint: something with a clock of its own that takes frames.

use std::fmt;
use std::sync::Arc;

use crate::format::{SampleFormat, StreamFormat};

/// What went wrong with a device, in a form that code can act on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// There is no such device, or none at all. Choose another or plug one in.
    NotFound,
    /// Another program holds the device. Close that program or share the device.
    InUse,
    /// The device does not take this rate, format or mode. Choose another.
    Unsupported,
    /// The device was open and is gone or changed: unplugged, reconfigured, asleep. Open it again.
    Lost,
    /// The system's sound service does not answer. Nothing can be opened until it is back.
    ServiceGone,
    /// Everything else; the code and the text tell.
    Failed,
}

/// A fault while a stream runs: plain numbers, so that making one never allocates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamFault {
    /// What it means.
    pub kind: FaultKind,
    /// The system's own code (an `HRESULT` on Windows), 0 where there is none.
    pub code: i32,
}

/// A fault outside the real-time path, with one sentence for the user: what was wrong, with which
/// device, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointError {
    /// What it means.
    pub kind: FaultKind,
    /// One sentence, complete: the device's name and the system's name for the error are in it.
    pub message: String,
}

impl EndpointError {
    /// An error of that kind with its sentence.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EndpointError {}

/// What is known of a device before anything is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// The name that the system shows to the user.
    pub name: String,
    /// Channels of a stream.
    pub channels: u16,
    /// Speaker positions as in [`StreamFormat::channel_mask`].
    pub channel_mask: u32,
    /// The rate that the device runs at when nobody asks for another, in Hz.
    pub rate_hz: u32,
    /// The sample format that [`Device::open`] will most likely get.
    pub sample: SampleFormat,
    /// The shortest period that the device offers in this mode at `rate_hz`, in frames.
    pub period_frames_min: u32,
    /// The period that it uses when nobody asks for another at `rate_hz`, in frames.
    pub period_frames_default: u32,
    /// Frames from the client's write to the device's output, before a stream is open: an estimate.
    pub latency_frames_estimate: u32,
}

/// What a stream is asked to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenRequest {
    /// Rate in Hz; the endpoint has exactly this rate or does not open.
    pub rate_hz: u32,
    /// The client's block in frames. A device that can choose its period takes this, or the next
    /// that it can have; one that cannot keeps its own.
    pub block_frames: u32,
}

/// A device as the driver sees it before a stream is open. Safe to call from any thread; no call
/// opens a stream but [`open`](Self::open).
pub trait Device: Send + Sync + 'static {
    /// What the device is, without opening it.
    ///
    /// # Errors
    /// [`FaultKind::NotFound`] when there is no device, [`FaultKind::ServiceGone`] when nobody can
    /// tell.
    fn describe(&self) -> Result<DeviceInfo, EndpointError>;

    /// Whether a stream of that rate could be opened, without opening one.
    ///
    /// # Errors
    /// [`FaultKind::Unsupported`] with a sentence that names the rates that would do.
    fn check_rate(&self, rate_hz: u32) -> Result<(), EndpointError>;

    /// Opens a stream for playback. Called on the thread that will run it; that thread alone uses
    /// and drops the endpoint.
    ///
    /// # Errors
    /// Every [`FaultKind`] but [`FaultKind::Lost`].
    fn open(&self, request: OpenRequest) -> Result<Box<dyn RenderEndpoint>, EndpointError>;
}

/// How an open stream is buffered. All in frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndpointTiming {
    /// Frames between two wake-ups.
    pub period_frames: u32,
    /// Frames that the device's buffer holds.
    pub buffer_frames: u32,
    /// Frames that are queued ahead of what is handed over in a wake-up, when the wake-up is on
    /// time.
    pub queued_frames: u32,
    /// Frames from the device's buffer to its output, as the system states them; 0 where it says
    /// nothing.
    pub device_frames: u32,
}

/// Why [`RenderEndpoint::wait`] came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The device wants frames: call [`RenderEndpoint::cycle`].
    Due,
    /// [`Waker::wake`] was called.
    Interrupted,
    /// The device kept silent for longer than any period explains; it may be lost.
    TimedOut,
    /// The stream is over.
    Lost(StreamFault),
}

/// What a device wants in one cycle.
#[derive(Debug)]
pub struct Due<'a> {
    /// The device's own memory to fill, whole frames of the stream's format.
    pub bytes: &'a mut [u8],
    /// The instant of the wake-up in nanoseconds of a clock that never goes back.
    pub now_ns: u64,
    /// The device ran dry before this wake-up.
    pub underrun: bool,
}

/// Interrupts [`RenderEndpoint::wait`] from any thread. Never blocks.
pub trait Waker: Send + Sync {
    /// Makes the current or the next `wait` return [`Wake::Interrupted`], once.
    fn wake(&self);
}

/// An open stream to a device that plays. Used by one thread only, the one that opened it.
///
/// Order of calls: `start`, then `wait` and, when it is due, `cycle`, until `stop`; then `start`
/// may follow again. Dropping it closes the stream, whatever its state.
pub trait RenderEndpoint {
    /// The stream's format; fixed while it is open.
    fn format(&self) -> StreamFormat;

    /// How the stream is buffered; fixed while it is open.
    fn timing(&self) -> EndpointTiming;

    /// A handle that interrupts `wait`.
    fn waker(&self) -> Arc<dyn Waker>;

    /// Fills what must be filled with silence, raises the thread to real-time priority and starts
    /// the device's clock.
    ///
    /// # Errors
    /// The stream did not start and may be dropped or started again.
    fn start(&mut self) -> Result<(), EndpointError>;

    /// Stops the device's clock, forgets what is queued and gives the priority back. Stopping what
    /// is stopped does nothing.
    fn stop(&mut self);

    /// Blocks until the device wants frames or something else happens. Never longer than a few
    /// periods or 200 ms, whichever is longer.
    fn wait(&mut self) -> Wake;

    /// Lets `fill` write what the device wants, at most once, and hands it over. Returns the number
    /// of frames handed over; 0 when the device wanted none after all, and then `fill` was not
    /// called. Real-time safe: no allocation, no lock, no blocking of our own.
    ///
    /// # Errors
    /// A fault after which the stream is over.
    fn cycle(&mut self, fill: &mut dyn FnMut(Due<'_>)) -> Result<u32, StreamFault>;
}
