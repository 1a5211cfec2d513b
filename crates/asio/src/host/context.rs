//! What the callbacks of one stream work with.

use std::cell::UnsafeCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use super::block_io::{BlockIo, IoChannel};
use super::{Events, Handler};
use crate::abi::{AsioError, AsioTime, HostMessage, Iasio, time_info_flags};
use crate::driver::{SamplePosition, SwitchTime};

/// One stream as its callbacks see it.
pub(super) struct Context {
    /// Alive until the context is taken out of its slot.
    driver: NonNull<Iasio>,
    block_frames: u32,
    /// In Hz, for drivers that do not tell it with each block.
    rate_hz: f64,
    events: Arc<dyn Events>,
    handler: UnsafeCell<Box<dyn Handler>>,
    /// Whoever sets it has the handler for itself. Stays set after a panic.
    busy: AtomicBool,
    /// Known once `createBuffers` returned. Until then blocks are ignored, messages are not.
    channels: OnceLock<Box<[IoChannel]>>,
    /// The driver makes use of `outputReady`.
    uses_ready: AtomicBool,
}

// SAFETY: the driver's pointer is only used for `outputReady`, which any thread may call; the
// handler is used by one thread at a time, which `busy` sees to; all else is `Sync`.
unsafe impl Sync for Context {}
// SAFETY: as for `Sync`; the handler is `Send`.
unsafe impl Send for Context {}

impl Context {
    pub(super) fn new(
        driver: NonNull<Iasio>,
        block_frames: u32,
        rate_hz: f64,
        handler: Box<dyn Handler>,
    ) -> Context {
        Context {
            driver,
            block_frames,
            rate_hz,
            events: handler.events(),
            handler: UnsafeCell::new(handler),
            busy: AtomicBool::new(false),
            channels: OnceLock::new(),
            uses_ready: AtomicBool::new(false),
        }
    }

    /// The buffers are there: from now on blocks reach the handler. Only the first call counts.
    ///
    /// # Safety
    /// Each channel's halves are memory of the driver, for the handler alone between a switch and
    /// the next, until the context is taken out of its slot.
    pub(super) unsafe fn open(&self, channels: Box<[IoChannel]>, uses_ready: bool) {
        self.uses_ready.store(uses_ready, Ordering::Relaxed);
        // The result says whether it was the first.
        let _ = self.channels.set(channels);
    }

    /// Makes both halves of all outputs silent, unless a callback is under way, which does it better.
    ///
    /// # Safety
    /// The buffers that [`open`](Self::open) was told of are there.
    pub(super) unsafe fn silence_outputs(&self) {
        if self.busy.swap(true, Ordering::Acquire) {
            return;
        }
        let channels = self.channels.get().map_or(&[][..], |channels| channels);
        for channel in channels.iter().filter(|channel| !channel.id.is_input) {
            for half in channel.halves {
                // SAFETY: the half is the driver's memory of that many bytes, by the caller's promise;
                // `busy` keeps our callbacks out, and what the driver itself reads are bytes of any
                // value.
                unsafe { half.write_bytes(0, channel.bytes) };
            }
        }
        self.busy.store(false, Ordering::Release);
    }

    /// A block is due.
    pub(super) fn switch(&self, half: i32, time: Option<AsioTime>) {
        // A panic must not reach the driver.
        let told = AssertUnwindSafe(|| self.events.switched(half, time.as_ref()));
        if catch_unwind(told).is_err() {
            return;
        }
        let Some(channels) = self.channels.get() else {
            return;
        };
        let Some(half) = usize::try_from(half).ok().filter(|half| *half < 2) else {
            return;
        };
        // Acquire: see what the last callback left in the handler.
        if self.busy.swap(true, Ordering::Acquire) {
            // A driver that calls twice at once, or a handler that panicked.
            return;
        }
        let time = time.and_then(|time| self.switch_time(&time));
        // SAFETY: `open`'s caller promised the memory; `busy` keeps the others out.
        let mut io = unsafe { BlockIo::new(channels, half, self.block_frames, time) };
        // SAFETY: `busy` keeps the others out.
        let handler = unsafe { &mut *self.handler.get() };
        if catch_unwind(AssertUnwindSafe(|| handler.buffer_switch(&mut io))).is_err() {
            return;
        }
        if io.tells_ready() && self.uses_ready.load(Ordering::Relaxed) {
            self.tell_ready();
        }
        self.busy.store(false, Ordering::Release);
    }

    pub(super) fn message(&self, selector: HostMessage, value: i32) -> i32 {
        catch_unwind(AssertUnwindSafe(|| self.events.message(selector, value))).unwrap_or(0)
    }

    pub(super) fn sample_rate_changed(&self, rate_hz: f64) {
        // A panic must not reach the driver; there is nobody to tell.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            self.events.sample_rate_changed(rate_hz)
        }));
    }

    fn tell_ready(&self) {
        // SAFETY: the driver is alive while the context is in its slot, and this is called from a
        // callback, which keeps it there.
        let code = unsafe { ((*self.driver.as_ref().vtable).output_ready)(self.driver.as_ptr()) };
        if code != AsioError::OK {
            // ASIO's rule: a driver that says no once is not asked again.
            self.uses_ready.store(false, Ordering::Relaxed);
        }
    }

    fn switch_time(&self, time: &AsioTime) -> Option<SwitchTime> {
        use time_info_flags::{SAMPLE_POSITION_VALID, SAMPLE_RATE_VALID};
        let info = time.time_info;
        if info.flags & SAMPLE_POSITION_VALID == 0 {
            return None;
        }
        let rate_known = info.flags & SAMPLE_RATE_VALID != 0;
        let rate_hz = if rate_known {
            info.sample_rate
        } else {
            self.rate_hz
        };
        let position = SamplePosition {
            frames: { info.sample_position }.value(),
            system_ns: { info.system_time }.value(),
        };
        Some(SwitchTime { position, rate_hz })
    }
}
