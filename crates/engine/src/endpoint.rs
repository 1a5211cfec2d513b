//! What the engine asks of an endpoint: something with a clock of its own that takes frames, hands
//! them over, or both.

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

/// One direction of a device before anything is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideInfo {
    /// The name that the system shows to the user for this side.
    pub name: String,
    /// Channels of a stream.
    pub channels: u16,
    /// Speaker positions as in [`StreamFormat::channel_mask`].
    pub channel_mask: u32,
    /// The sample format that [`Device::open`] will most likely get.
    pub sample: SampleFormat,
    /// Frames between the client's block and the analogue side, before a stream is open and without
    /// the block itself: an estimate.
    pub latency_frames_estimate: u32,
}

/// What is known of a device before anything is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// The rate that the device runs at when nobody asks for another, in Hz.
    pub rate_hz: u32,
    /// The shortest period that the device offers in this mode at `rate_hz`, in frames.
    pub period_frames_min: u32,
    /// The period that it uses when nobody asks for another at `rate_hz`, in frames.
    pub period_frames_default: u32,
    /// What it plays with; `None` for a device that only records.
    pub output: Option<SideInfo>,
    /// What it records with; `None` for a device that only plays.
    pub input: Option<SideInfo>,
}

impl DeviceInfo {
    /// The name for people: that of the output, or else of the input.
    pub fn name(&self) -> &str {
        let side = self.output.as_ref().or(self.input.as_ref());
        side.map_or("", |side| &side.name)
    }
}

/// What a stream is asked to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenRequest {
    /// Rate in Hz; the endpoint has exactly this rate or does not open.
    pub rate_hz: u32,
    /// The client's block in frames. A device that can choose its period takes this, or the next
    /// that it can have; one that cannot keeps its own.
    pub block_frames: u32,
    /// Which sides are wanted. A side that nobody wants stays closed.
    pub sides: Sides,
}

/// Which sides of a device a stream has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sides {
    /// It plays.
    Output,
    /// It records.
    Input,
    /// It does both.
    Both,
}

impl Sides {
    /// The sides for a client that uses outputs, inputs, or both; a client that uses neither gets
    /// the output, as something must keep its time.
    pub const fn of(outputs: bool, inputs: bool) -> Self {
        match (outputs, inputs) {
            (_, false) => Sides::Output,
            (false, true) => Sides::Input,
            (true, true) => Sides::Both,
        }
    }

    /// Whether it plays.
    pub const fn has_output(self) -> bool {
        !matches!(self, Sides::Input)
    }

    /// Whether it records.
    pub const fn has_input(self) -> bool {
        !matches!(self, Sides::Output)
    }
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

    /// Opens a stream. May take long.
    ///
    /// # Errors
    /// Every [`FaultKind`] but [`FaultKind::Lost`].
    fn open(&self, request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError>;

    /// What there is to say of the last stream that was opened: what it came to be and why, what it does
    /// without, what the system refuses it. Sentences for people, the same ones as long as nothing
    /// changes. Any thread but real-time ones.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }

    /// What opens the device again and again while it is gone.
    fn reopener(&self) -> Box<dyn Reopener>;

    /// An endpoint without a device, that is like the one that was lost: it has its formats and its
    /// rhythm, on the same clock. What is played to it goes nowhere, and it records silence.
    fn idle(&self, like: &Lost) -> Box<dyn Endpoint>;
}

/// What an endpoint was before it was lost.
#[derive(Clone, Copy, Debug)]
pub struct Lost {
    /// As [`Endpoint::output_format`] had it.
    pub output: Option<StreamFormat>,
    /// As [`Endpoint::input_format`] had it.
    pub input: Option<StreamFormat>,
    /// As [`Endpoint::timing`] had it.
    pub timing: EndpointTiming,
    /// It was due when it was lost: what goes on in its place is due at once.
    pub was_due: bool,
}

impl Lost {
    /// What that endpoint is.
    pub fn of(endpoint: &dyn Endpoint, was_due: bool) -> Self {
        Self {
            output: endpoint.output_format(),
            input: endpoint.input_format(),
            timing: endpoint.timing(),
            was_due,
        }
    }
}

/// The identities of a device's endpoints, in the system's own words; of use for comparison only.
/// `None` where there is no such endpoint, or nobody wants that side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The endpoint that plays.
    pub output: Option<String>,
    /// The endpoint that records.
    pub input: Option<String>,
}

/// What people call an open stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// The name of what plays.
    pub output: Option<String>,
    /// The name of what records.
    pub input: Option<String>,
    /// How the device is used (shared, exclusive); empty where there is but one way.
    pub mode: &'static str,
}

/// Opens a device again and again, on a thread of its own.
pub trait Reopener: Send {
    /// As [`Device::open`].
    ///
    /// # Errors
    /// As [`Device::open`].
    fn open(&mut self, request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError>;

    /// The endpoints that the device's choice (a default role, an id, a name, an order of preference)
    /// means right now. May ask the system, and opens nothing.
    fn chosen(&mut self) -> Chosen;

    /// Waits until a device may have come or gone, or the waker was used, but no longer than that. Whether
    /// what is [chosen](Self::chosen) may be another now than before: to ask costs some systems milliseconds.
    fn pause(&mut self, limit_ns: u64) -> bool;

    /// Ends a [`pause`](Self::pause).
    fn waker(&self) -> Arc<dyn Waker>;
}

/// How much a device that plays wants to be given in a cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intake {
    /// All of the memory that it offers, in every cycle.
    Whole,
    /// As much as the client likes; it is enough to keep its queue at some level.
    Level {
        /// Frames that should be queued beyond one period, because the wake-ups do not come at the
        /// device's own instants.
        slack_frames: u32,
    },
}

/// How an open stream is buffered. All in frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndpointTiming {
    /// Frames between two wake-ups.
    pub period_frames: u32,
    /// Frames that the device's buffer for playback holds.
    pub buffer_frames: u32,
    /// What the device wants in a cycle.
    pub intake: Intake,
    /// Frames that are always queued ahead of what is handed over, besides those that
    /// [`Due::queued_frames`] tells.
    pub queued_frames: u32,
    /// Frames from the device's buffer to its output, as the system states them; 0 where it says
    /// nothing.
    pub device_frames: u32,
    /// Frames that are handed over at a time when it records; 0 if it only plays.
    pub input_period_frames: u32,
    /// Frames from the device's input to the instant at which they are handed over, as the system
    /// states them, the period itself not counted; 0 where it says nothing.
    pub input_device_frames: u32,
    /// Both sides belong to one piece of hardware, so that their clocks will hardly differ. `true`
    /// where there is one side only.
    pub is_one_clock: bool,
}

/// The time between a device's buffers and its analogue side as it was measured while the stream
/// ran; `None` where nothing is known yet, or never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeasuredLatency {
    /// What [`EndpointTiming::device_frames`] should be.
    pub device_frames: Option<u32>,
    /// What [`EndpointTiming::input_device_frames`] should be.
    pub input_device_frames: Option<u32>,
}

/// Why [`Endpoint::wait`] came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The device has frames or wants some: call [`Endpoint::cycle`].
    Due,
    /// [`Waker::wake`] was called.
    Interrupted,
    /// The device has given no sign for two periods, nor since all that it had was played; told again
    /// after each further period. It may be late or lost.
    TimedOut {
        /// Now, in nanoseconds of the same clock as [`Due::now_ns`].
        now_ns: u64,
    },
    /// The stream is over.
    Lost(StreamFault),
}

/// What a device wants in one cycle.
#[derive(Debug)]
pub struct Due<'a> {
    /// The device's own memory, whole frames of the stream's format.
    pub bytes: &'a mut [u8],
    /// Frames that the device still has to play before these.
    pub queued_frames: u32,
    /// The instant of the wake-up in nanoseconds of a clock that never goes back.
    pub now_ns: u64,
    /// How long the work of the last cycle took, from its wake-up to its hand-over.
    pub busy_ns: u64,
    /// The device ran dry before this wake-up.
    pub underrun: bool,
}

/// What a device has recorded.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Whole frames of the stream's input format.
    pub bytes: &'a [u8],
    /// The instant at which the packet was there, in nanoseconds of the same clock as
    /// [`Due::now_ns`]: that of the wake-up that its event caused, or, where the wake-ups are not the
    /// device's own, what the device states.
    pub now_ns: u64,
    /// Frames are missing before these.
    pub discontinuity: bool,
}

/// What is done with a device's memory in one cycle. Runs on the real-time path: no allocation, no
/// lock, no blocking.
pub trait Cycle {
    /// Takes frames that were recorded. Called for each piece that the device has, before
    /// [`due`](Self::due).
    fn captured(&mut self, packet: Packet<'_>);

    /// Writes frames to be played from the beginning of `due.bytes` on and returns how many. A
    /// device with [`Intake::Whole`] must get all that it offers.
    fn due(&mut self, due: Due<'_>) -> u32;
}

/// Interrupts [`Endpoint::wait`] from any thread. Never blocks.
pub trait Waker: Send + Sync {
    /// Makes the current or the next `wait` return [`Wake::Interrupted`], once.
    fn wake(&self);
}

/// An open stream to a device that plays, records, or both. Used by one thread at a time; from `start`
/// to `stop` by the same.
///
/// Order of calls: `start`, then `wait` and, when it is due, `cycle`, until `stop`; then `start`
/// may follow again. Dropping it closes the stream, whatever its state.
pub trait Endpoint: Send {
    /// The format of what is played; fixed while the stream is open. `None` if it only records.
    fn output_format(&self) -> Option<StreamFormat>;

    /// The format of what is recorded; fixed while the stream is open. `None` if it only plays.
    fn input_format(&self) -> Option<StreamFormat>;

    /// How the stream is buffered; fixed while it is open.
    fn timing(&self) -> EndpointTiming;

    /// How long the way between buffer and analogue side was found to be. Asked outside the cycle,
    /// on the stream's thread; allocates nothing and does not block.
    fn measured(&self) -> MeasuredLatency {
        MeasuredLatency::default()
    }

    /// Why the stream is over, where the device is gone and has given no sign of it yet. Asked on the
    /// stream's thread, outside the cycle; may ask the system.
    fn fault(&mut self) -> Option<StreamFault> {
        None
    }

    /// Whether the stream delays its sound by more than when it was started, and will go on so: some
    /// mixers keep the silence queued that they put in when they had nothing. Such an endpoint can be
    /// open twice, and a second stream on it does better. Asked as [`measured`](Self::measured) is.
    fn has_fallen_behind(&self) -> bool {
        false
    }

    /// The endpoints that this stream is on; nothing where it is on none.
    fn chosen(&self) -> Chosen {
        Chosen::default()
    }

    /// What people call the stream. Allocates.
    fn label(&self) -> Label {
        Label::default()
    }

    /// A handle that interrupts `wait`.
    fn waker(&self) -> Arc<dyn Waker>;

    /// Queues silence, raises the thread to real-time priority and starts the device's clock. With
    /// [`Intake::Level`] the queue is brought to `keep_frames`, or as near as the buffer allows, or,
    /// where a timer stands for the device's events, a period less, and the device is due when a period
    /// less is in it; else the buffer is filled.
    ///
    /// # Errors
    /// The stream did not start and may be dropped or started again.
    fn start(&mut self, keep_frames: u32) -> Result<(), EndpointError>;

    /// Stops the device's clock, forgets what is queued and gives the priority back. Stopping what
    /// is stopped does nothing.
    fn stop(&mut self);

    /// Blocks until the device is due or something else happens; no longer than
    /// [`Wake::TimedOut`] says.
    fn wait(&mut self) -> Wake;

    /// Gives `work` what was recorded and lets it write what is to be played, as far as the device
    /// has any of it. Real-time safe: no allocation, no lock, no blocking of our own.
    ///
    /// # Errors
    /// A fault after which the stream is over.
    fn cycle(&mut self, work: &mut dyn Cycle) -> Result<(), StreamFault>;
}
