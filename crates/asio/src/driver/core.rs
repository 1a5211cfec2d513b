//! The states of a driver object and what each call means in them. Nothing here knows a pointer.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use rt::{Mutex, MutexGuard, ThreadMark};

use super::checks::{check_block, check_channel, check_channels, check_rate, invalid};
use super::{
    BlockSizes, ChannelCounts, ChannelInfo, Driver, Error, Future, HostBuffers, HostCallbacks,
    Latencies, Live, Result, SamplePosition, Stream, StreamRequest, WindowHandle,
};
use crate::abi::AsioError;

/// A driver with its state: all that lives behind a COM object.
pub(super) struct Core<D: Driver> {
    pub(super) name: String,
    pub(super) version: i32,
    live: Arc<D::Live>,
    /// Whether `init` succeeded, for the calls that take no lock. Changed under the lock.
    phase: AtomicU8,
    /// The thread inside a control call: a call inside that call must not wait for it.
    owner: ThreadMark,
    control: Mutex<Control<D>>,
    /// For `getErrorMessage`. Held only to copy.
    error_text: Mutex<String>,
}

const PHASE_LOADED: u8 = 0;
const PHASE_INITIALISED: u8 = 1;
const PHASE_PREPARED: u8 = 2;

/// Fields are dropped in this order: the stream goes before the driver that made it.
struct Control<D: Driver> {
    state: State<D::Stream>,
    driver: D,
}

/// Each state owns what is alive in it; leaving the state drops that.
enum State<S> {
    Loaded,
    Initialised,
    Prepared(Prepared<S>),
    Running(Prepared<S>),
}

/// Fields are dropped in this order: a thread of the stream that comes late must not call the host.
struct Prepared<S> {
    _host: OpenHost,
    stream: S,
}

/// The host as long as it may be called.
struct OpenHost(HostCallbacks);

impl Drop for OpenHost {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<S> State<S> {
    fn stream(&self) -> Option<&S> {
        match self {
            State::Loaded | State::Initialised => None,
            State::Prepared(prepared) | State::Running(prepared) => Some(&prepared.stream),
        }
    }

    fn phase(&self) -> u8 {
        match self {
            State::Loaded => PHASE_LOADED,
            State::Initialised => PHASE_INITIALISED,
            State::Prepared(_) | State::Running(_) => PHASE_PREPARED,
        }
    }

    fn take(&mut self) -> State<S> {
        std::mem::replace(self, State::Initialised)
    }
}

/// Access to the state; at its end the calls without a lock learn of the new one.
struct Access<'a, D: Driver> {
    core: &'a Core<D>,
    guard: MutexGuard<'a, Control<D>>,
}

impl<D: Driver> Deref for Access<'_, D> {
    type Target = Control<D>;
    fn deref(&self) -> &Control<D> {
        &self.guard
    }
}

impl<D: Driver> DerefMut for Access<'_, D> {
    fn deref_mut(&mut self) -> &mut Control<D> {
        &mut self.guard
    }
}

impl<D: Driver> Drop for Access<'_, D> {
    fn drop(&mut self) {
        // Release: the calls without a lock see what `init` wrote.
        self.core
            .phase
            .store(self.guard.state.phase(), Ordering::Release);
        self.core.owner.clear();
    }
}

impl<D: Driver> Core<D> {
    pub(super) fn new(driver: D) -> Core<D> {
        Core {
            name: driver.name().to_owned(),
            version: driver.version(),
            live: driver.live(),
            phase: AtomicU8::new(PHASE_LOADED),
            owner: ThreadMark::new(),
            control: Mutex::new(Control {
                state: State::Loaded,
                driver,
            }),
            error_text: Mutex::new(String::new()),
        }
    }

    pub(super) fn keep_error_text(&self, text: String) {
        *self.error_text.lock() = text;
    }

    pub(super) fn error_text(&self) -> String {
        self.error_text.lock().clone()
    }

    /// Takes the state for one call, before `init` too.
    fn access_any(&self) -> Result<Access<'_, D>> {
        if self.owner.is_here() {
            return Err(busy(
                "this call came from inside another call to it on the same thread",
            ));
        }
        let guard = if self.live.on_callback_thread() {
            // Another thread may be waiting for this one's callback to end.
            self.control
                .try_lock()
                .ok_or_else(|| busy("another thread is in a call to it"))?
        } else {
            self.control.lock()
        };
        self.owner.set();
        Ok(Access { core: self, guard })
    }

    /// Takes the state for one call that needs `init`.
    fn access(&self) -> Result<Access<'_, D>> {
        let access = self.access_any()?;
        match access.state {
            State::Loaded => Err(not_initialised()),
            _ => Ok(access),
        }
    }

    /// Whether `createBuffers` has a chance.
    pub(super) fn can_prepare(&self) -> bool {
        self.phase.load(Ordering::Acquire) == PHASE_INITIALISED
    }

    pub(super) fn init(&self, window: WindowHandle) -> Result<()> {
        let mut access = self.access_any()?;
        if let State::Loaded = access.state {
            access.driver.init(window)?;
            access.state = State::Initialised;
            if let Some(remark) = access.driver.remark() {
                self.keep_error_text(remark);
            }
        }
        Ok(())
    }

    pub(super) fn start(&self) -> Result<()> {
        let mut access = self.access()?;
        match &mut access.state {
            State::Loaded | State::Initialised => {
                return Err(Error::new(
                    AsioError::INVALID_MODE,
                    "There is nothing to start: the program has to create buffers first.",
                ));
            }
            State::Running(_) => return Ok(()),
            State::Prepared(prepared) => prepared.stream.start()?,
        }
        if let State::Prepared(prepared) = access.state.take() {
            access.state = State::Running(prepared);
        }
        Ok(())
    }

    pub(super) fn stop(&self) -> Result<()> {
        let mut access = self.access()?;
        match access.state.take() {
            State::Running(prepared) => access.state = State::Prepared(prepared),
            other => {
                access.state = other;
                return Ok(());
            }
        }
        match &mut access.state {
            State::Prepared(prepared) => prepared.stream.stop(),
            _ => Ok(()),
        }
    }

    pub(super) fn dispose_buffers(&self) -> Result<()> {
        let mut access = self.access()?;
        drop(access.state.take());
        Ok(())
    }

    pub(super) fn channel_counts(&self) -> Result<ChannelCounts> {
        self.access()?.driver.channel_counts()
    }

    pub(super) fn latencies(&self) -> Result<Latencies> {
        let mut access = self.access()?;
        let Control { state, driver } = &mut *access;
        driver.latencies(state.stream())
    }

    pub(super) fn block_sizes(&self) -> Result<BlockSizes> {
        self.access()?.driver.block_sizes()
    }

    pub(super) fn can_sample_rate(&self, rate_hz: f64) -> Result<()> {
        let mut access = self.access()?;
        check_rate(rate_hz)?;
        access.driver.can_sample_rate(rate_hz)
    }

    pub(super) fn sample_rate(&self) -> Result<f64> {
        let rate_hz = self.access()?.driver.sample_rate()?;
        check_rate(rate_hz)?;
        Ok(rate_hz)
    }

    pub(super) fn set_sample_rate(&self, rate_hz: f64) -> Result<()> {
        let mut access = self.access()?;
        check_rate(rate_hz)?;
        let Control { state, driver } = &mut *access;
        driver.set_sample_rate(rate_hz, state.stream())
    }

    /// There is one clock source, number 0, and it is always in use.
    pub(super) fn check_clock_source(&self, index: i32) -> Result<()> {
        self.access()?;
        match index {
            0 => Ok(()),
            _ => Err(invalid(format!(
                "There is no clock source {index}: the only one is 0."
            ))),
        }
    }

    pub(super) fn channel_info(&self, is_input: bool, index: i32) -> Result<ChannelInfo> {
        let mut access = self.access()?;
        let Control { state, driver } = &mut *access;
        let channel = check_channel(driver.channel_counts()?, is_input, index)?;
        driver.channel_info(channel, state.stream())
    }

    pub(super) fn control_panel(&self) -> Result<()> {
        self.access()?.driver.control_panel()
    }

    pub(super) fn future(&self, question: Future<'_>) -> Result<bool> {
        let access = self.access_any()?;
        Ok(access.driver.future(question, access.state.stream()))
    }

    /// Makes a stream. `channel` reads the host's list: whether the entry is an input, and its
    /// number; it is asked only for entries below `count`, once the count makes sense.
    pub(super) fn create_buffers(
        &self,
        count: i32,
        channel: impl Fn(usize) -> (bool, i32),
        block_frames: i32,
        host: HostCallbacks,
    ) -> Result<Arc<HostBuffers>> {
        let mut access = self.access()?;
        if access.state.stream().is_some() {
            return Err(Error::new(
                AsioError::INVALID_MODE,
                "The buffers exist already: the program has to dispose of them first.",
            ));
        }
        let channels = check_channels(access.driver.channel_counts()?, count, channel)?;
        let block_frames = check_block(access.driver.block_sizes()?, block_frames)?;
        let request = StreamRequest {
            channels: channels.clone(),
            block_frames,
            host: host.clone(),
        };
        // From here on the host is closed whatever happens, but for success.
        let host = OpenHost(host);
        let stream = access.driver.create_stream(request)?;
        let prepared = Prepared {
            _host: host,
            stream,
        };
        let buffers = Arc::clone(prepared.stream.buffers());
        if buffers.channels() != channels || buffers.block_frames() != block_frames {
            return Err(Error::new(
                AsioError::HW_MALFUNCTION,
                "The driver prepared other buffers than it was asked for: a fault in the driver.",
            ));
        }
        access.state = State::Prepared(prepared);
        Ok(buffers)
    }

    /// Takes no lock, makes no text.
    pub(super) fn output_ready(&self) -> std::result::Result<bool, AsioError> {
        self.live_part().map(Live::output_ready)
    }

    /// Takes no lock, makes no text.
    pub(super) fn sample_position(&self) -> std::result::Result<Option<SamplePosition>, AsioError> {
        self.live_part().map(Live::sample_position)
    }

    fn live_part(&self) -> std::result::Result<&D::Live, AsioError> {
        match self.phase.load(Ordering::Acquire) {
            PHASE_LOADED => Err(AsioError::NOT_PRESENT),
            _ => Ok(&self.live),
        }
    }
}

fn not_initialised() -> Error {
    Error::new(
        AsioError::NOT_PRESENT,
        "The program has to initialise the driver first.",
    )
}

fn busy(why: &str) -> Error {
    Error::new(
        AsioError::INVALID_MODE,
        format!("The driver is busy: {why}."),
    )
}
