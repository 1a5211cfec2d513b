//! The host's functions, safe to call.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use super::SamplePosition;
use crate::abi::{self, AsioTime, HostMessage, Int64, TimeInfo, time_info_flags};

/// When and where a block is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SwitchTime {
    /// The block's first frame and its time.
    pub position: SamplePosition,
    /// Frames per second.
    pub rate_hz: f64,
}

/// The host's callbacks: a copy of its structure, each pointer checked for null.
///
/// Clones are the same host. Once the stream is disposed of, every call does nothing, so that a
/// thread that comes late harms nobody.
#[derive(Clone, Debug)]
pub struct HostCallbacks {
    raw: abi::Callbacks,
    wants_time_info: bool,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    closed: AtomicBool,
    /// One of the `ANSWER_` numbers for each message, by its number.
    support: [AtomicU8; MESSAGE_COUNT],
}

const MESSAGE_COUNT: usize = 16;
const ANSWER_UNKNOWN: u8 = 0;
const ANSWER_NO: u8 = 1;
const ANSWER_YES: u8 = 2;

impl HostCallbacks {
    /// Copies the host's structure; `None` for null or without any way to switch buffers.
    ///
    /// # Safety
    /// `ptr` is null or points to a readable structure. Its functions are the host's and can be
    /// called from any thread until `disposeBuffers` returned.
    pub unsafe fn from_raw(ptr: *const abi::Callbacks) -> Option<HostCallbacks> {
        if ptr.is_null() {
            return None;
        }
        // SAFETY: the caller guarantees a readable structure. Alignment is not promised.
        let raw = unsafe { ptr.read_unaligned() };
        if raw.buffer_switch.is_none() && raw.buffer_switch_time_info.is_none() {
            return None;
        }
        let shared = Shared {
            closed: AtomicBool::new(false),
            support: [const { AtomicU8::new(ANSWER_UNKNOWN) }; MESSAGE_COUNT],
        };
        Some(HostCallbacks {
            raw,
            wants_time_info: false,
            shared: Arc::new(shared),
        })
    }

    /// Hands a block over. `half` is the half that the host fills; with `direct_process` it may do
    /// so at once, inside the call. Real-time safe but for what the host does.
    ///
    /// A host that wanted the time in [`negotiate`](Self::negotiate) gets it, all others do not.
    pub fn buffer_switch(&self, half: usize, direct_process: bool, time: Option<&SwitchTime>) {
        if self.is_closed() {
            return;
        }
        let half = (half & 1) as i32;
        let direct = if direct_process {
            abi::TRUE
        } else {
            abi::FALSE
        };
        match (self.raw.buffer_switch, self.raw.buffer_switch_time_info) {
            (plain, Some(with_time)) if self.wants_time_info || plain.is_none() => {
                let mut asio_time = asio_time(time);
                // SAFETY: the host's function, by the promise made at `from_raw`; the time lives on
                // this stack longer than the call.
                unsafe { with_time(&raw mut asio_time, half, direct) };
            }
            // SAFETY: the host's function, by the promise made at `from_raw`.
            (Some(plain), _) => unsafe { plain(half, direct) },
            (None, _) => {}
        }
    }

    /// Asks the host what it supports. Once, outside the real-time path; the object does it before
    /// it asks a driver for a stream.
    pub fn negotiate(&mut self) {
        // Hosts that do not know `kAsioSelectorSupported` exist; this question stands for itself.
        self.wants_time_info = self.raw.buffer_switch_time_info.is_some()
            && self.ask(HostMessage::SUPPORTS_TIME_INFO, 0) == 1;
    }

    /// Whether the host gets the time with each block.
    pub fn wants_time_info(&self) -> bool {
        self.wants_time_info
    }

    /// Sends a message, if the host says that it knows it, and returns its answer; 0 where it does
    /// not know it or cannot be asked. Not for the real-time path: hosts do anything in there.
    pub fn message(&self, selector: HostMessage, value: i32) -> i32 {
        if self.supports(selector) {
            self.ask(selector, value)
        } else {
            0
        }
    }

    /// Tells the host of a new rate in Hz. Not for the real-time path.
    pub fn sample_rate_did_change(&self, rate_hz: f64) {
        if let Some(callback) = self
            .raw
            .sample_rate_did_change
            .filter(|_| !self.is_closed())
        {
            // SAFETY: the host's function, by the promise made at `from_raw`.
            unsafe { callback(rate_hz) };
        }
    }

    /// Makes every later call do nothing.
    pub(crate) fn close(&self) {
        // Release: whoever sees it also sees what the closing thread did before.
        self.shared.closed.store(true, Ordering::Release);
    }

    fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }

    fn supports(&self, selector: HostMessage) -> bool {
        let known = usize::try_from(selector.0)
            .ok()
            .and_then(|i| self.shared.support.get(i));
        let Some(known) = known else { return false };
        // Relaxed: the number stands for itself, and asking twice does no harm.
        match known.load(Ordering::Relaxed) {
            ANSWER_UNKNOWN => {
                let yes = self.ask(HostMessage::SELECTOR_SUPPORTED, selector.0) != 0;
                known.store(if yes { ANSWER_YES } else { ANSWER_NO }, Ordering::Relaxed);
                yes
            }
            answer => answer == ANSWER_YES,
        }
    }

    fn ask(&self, selector: HostMessage, value: i32) -> i32 {
        match self.raw.asio_message.filter(|_| !self.is_closed()) {
            // SAFETY: the host's function, by the promise made at `from_raw`. Null is what the
            // messages that we send have for pointer and number.
            Some(callback) => unsafe {
                callback(selector, value, ptr::null_mut::<c_void>(), ptr::null_mut())
            },
            None => 0,
        }
    }
}

fn asio_time(time: Option<&SwitchTime>) -> AsioTime {
    use time_info_flags::{
        SAMPLE_POSITION_VALID, SAMPLE_RATE_VALID, SPEED_VALID, SYSTEM_TIME_VALID,
    };
    let Some(time) = time else {
        return AsioTime::EMPTY;
    };
    let time_info = TimeInfo {
        speed: 1.0,
        system_time: Int64::new(time.position.system_ns),
        sample_position: Int64::new(time.position.frames),
        sample_rate: time.rate_hz,
        flags: SYSTEM_TIME_VALID | SAMPLE_POSITION_VALID | SAMPLE_RATE_VALID | SPEED_VALID,
        reserved: [0; 12],
    };
    AsioTime {
        time_info,
        ..AsioTime::EMPTY
    }
}
