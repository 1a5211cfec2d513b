//! From callbacks without a context to the stream that they belong to.

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::context::Context;
use crate::abi::{AsioTime, Callbacks, HostMessage};

/// Streams that one program can have at a time.
pub const MAX_STREAMS: usize = 8;

/// How long a callback under way may keep a stream from being closed. After that the stream's memory
/// is given up instead: a driver that never comes back must not take its host along.
const PATIENCE: Duration = Duration::from_secs(2);

/// One set of functions.
///
/// A callback first counts itself in, then looks for the context. Closing first takes the context
/// away, then waits for the count to be 0. Both are sequentially consistent, so that either the
/// callback sees no context or the closing thread sees the callback. No callback ever waits.
struct Slot {
    taken: AtomicBool,
    callbacks_inside: AtomicU32,
    /// Null while no stream is open: a driver that calls then calls nobody.
    context: AtomicPtr<Context>,
}

static SLOTS: [Slot; MAX_STREAMS] = [const {
    Slot {
        taken: AtomicBool::new(false),
        callbacks_inside: AtomicU32::new(0),
        context: AtomicPtr::new(ptr::null_mut()),
    }
}; MAX_STREAMS];

/// Callbacks that came for no stream.
static STRAYS: AtomicU64 = AtomicU64::new(0);

/// How often drivers have called this program back for a stream that was disposed of, or through a
/// list of callbacks that the program had given up. Both are harmless here, and faults of a driver.
pub fn stray_callbacks() -> u64 {
    STRAYS.load(Ordering::Relaxed)
}

pub(super) fn count_stray() {
    STRAYS.fetch_add(1, Ordering::Relaxed);
}

/// The next slot to be tried, so that a driver that calls late does not call its successor.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A context in its slot. Ends with [`close`](Self::close); without that it stays.
pub(super) struct SlotLease {
    index: usize,
}

impl SlotLease {
    /// Puts the context into a free slot; `None` when there is none.
    pub(super) fn take(context: Context) -> Option<SlotLease> {
        let first = NEXT.fetch_add(1, Ordering::Relaxed) as usize;
        let mut candidates = (0..MAX_STREAMS).map(|step| (first + step) % MAX_STREAMS);
        let index = candidates.find(|index| !SLOTS[*index].taken.swap(true, Ordering::AcqRel))?;
        let context = Box::into_raw(Box::new(context));
        SLOTS[index].context.store(context, Ordering::SeqCst);
        Some(SlotLease { index })
    }

    /// The functions for the driver.
    pub(super) fn callbacks(&self) -> &'static Callbacks {
        &CALLBACKS[self.index]
    }

    /// The context that was put in.
    pub(super) fn context(&self) -> &Context {
        let context = SLOTS[self.index].context.load(Ordering::SeqCst);
        // SAFETY: only closing the lease takes the context out, and `self` is borrowed.
        unsafe { &*context }
    }

    /// Waits for callbacks under way and drops the context. Not to be called inside a callback of
    /// the same slot. `false`: a callback does not come back; context and slot stay with it for ever.
    pub(super) fn close(self) -> bool {
        let slot = &SLOTS[self.index];
        let context = slot.context.swap(ptr::null_mut(), Ordering::SeqCst);
        let since = Instant::now();
        while slot.callbacks_inside.load(Ordering::SeqCst) != 0 {
            if since.elapsed() > PATIENCE {
                return false;
            }
            thread::sleep(Duration::from_micros(100));
        }
        // SAFETY: made by `Box::into_raw` in `take`; out of the slot, and no callback has it.
        drop(unsafe { Box::from_raw(context) });
        slot.taken.store(false, Ordering::Release);
        true
    }
}

/// Runs `body` on the context in the slot, if there is one. Wait-free but for `body`.
fn with_context<R>(index: usize, body: impl FnOnce(&Context) -> R) -> Option<R> {
    let slot = &SLOTS[index];
    slot.callbacks_inside.fetch_add(1, Ordering::SeqCst);
    let context = slot.context.load(Ordering::SeqCst);
    // SAFETY: the context is not dropped while `callbacks_inside` counts this callback.
    let result = unsafe { context.as_ref() }.map(body);
    if result.is_none() {
        count_stray();
    }
    slot.callbacks_inside.fetch_sub(1, Ordering::SeqCst);
    result
}

static CALLBACKS: [Callbacks; MAX_STREAMS] = [
    callbacks::<0>(),
    callbacks::<1>(),
    callbacks::<2>(),
    callbacks::<3>(),
    callbacks::<4>(),
    callbacks::<5>(),
    callbacks::<6>(),
    callbacks::<7>(),
];

const fn callbacks<const SLOT: usize>() -> Callbacks {
    Callbacks {
        buffer_switch: Some(buffer_switch::<SLOT>),
        sample_rate_did_change: Some(sample_rate_did_change::<SLOT>),
        asio_message: Some(asio_message::<SLOT>),
        buffer_switch_time_info: Some(buffer_switch_time_info::<SLOT>),
    }
}

unsafe extern "C" fn buffer_switch<const SLOT: usize>(half: i32, _direct: i32) {
    with_context(SLOT, |context| context.switch(half, None));
}

unsafe extern "C" fn sample_rate_did_change<const SLOT: usize>(rate_hz: f64) {
    with_context(SLOT, |context| context.sample_rate_changed(rate_hz));
}

unsafe extern "C" fn asio_message<const SLOT: usize>(
    selector: HostMessage,
    value: i32,
    _message: *mut c_void,
    _opt: *mut f64,
) -> i32 {
    with_context(SLOT, |context| context.message(selector, value)).unwrap_or(0)
}

unsafe extern "C" fn buffer_switch_time_info<const SLOT: usize>(
    time: *mut AsioTime,
    half: i32,
    _direct: i32,
) -> *mut AsioTime {
    let time = match time.is_null() {
        true => None,
        // SAFETY: not null, so readable by ASIO's rule; alignment is not promised.
        false => Some(unsafe { time.read_unaligned() }),
    };
    with_context(SLOT, |context| context.switch(half, time));
    ptr::null_mut()
}
