//! Calls from inside the callback, where a driver that waits for its own thread hangs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use super::{BlockIo, Driver, Handler, Result};
use crate::abi::{AsioError, Iasio, Int64};
use crate::driver::ChannelId;

/// What is done inside a callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inside {
    /// `getLatencies`, `getSampleRate`, `canSampleRate`, `getSamplePosition`, `outputReady`.
    Questions,
    /// `stop`.
    Stop,
    /// `disposeBuffers`, without `stop`.
    DisposeBuffers,
    /// `stop`, `disposeBuffers`, and the last `Release`.
    Release,
}

/// Creates buffers, starts, and does `what` inside a callback, from the third on, once `start` has
/// returned. Returns the code of the first
/// call that is made there, then closes what is left of the driver.
///
/// # Errors
/// What the driver says before that, and [`Error::Broken`](super::Error::Broken) when the calls did
/// not come back within `patience`.
pub fn from_callback(
    mut driver: Driver,
    channels: &[ChannelId],
    block_frames: u32,
    what: Inside,
    patience: Duration,
) -> Result<AsioError> {
    let (sender, answer) = channel();
    let started = Arc::new(AtomicBool::new(false));
    let handler = Intruder {
        driver: RawDriver(driver.this()),
        what,
        block: 0,
        started: Arc::clone(&started),
        sender: Some(sender),
    };
    driver.create_buffers(channels, block_frames, Box::new(handler))?;
    driver.start()?;
    started.store(true, Ordering::Release);
    let Ok(code) = answer.recv_timeout(patience) else {
        return Err(driver.broken("calls from inside bufferSwitch come back"));
    };
    if what == Inside::Release {
        driver.no_release = true;
        let stream = driver.stream.take();
        driver.close_stream(stream);
    }
    Ok(code)
}

/// Makes calls where no good host makes them, once.
struct Intruder {
    driver: RawDriver,
    what: Inside,
    block: u32,
    /// A driver may refuse calls from its callback while another thread is in a call.
    started: Arc<AtomicBool>,
    /// `None` when it is done.
    sender: Option<Sender<AsioError>>,
}

/// The driver, for its own callback.
struct RawDriver(*mut Iasio);

// SAFETY: a driver's methods may be called from its callback; it is alive until this releases it.
unsafe impl Send for RawDriver {}

impl Handler for Intruder {
    fn buffer_switch(&mut self, io: &mut BlockIo<'_>) {
        self.block += 1;
        if self.block < 3 || !self.started.load(Ordering::Acquire) {
            return;
        }
        let Some(sender) = self.sender.take() else {
            return;
        };
        // The driver may be gone then.
        io.withhold_output_ready();
        let this = self.driver.0;
        // SAFETY: the driver is alive: whoever waits for the answer has the reference that is given
        // back last here, and with `no_release` does not give it back again.
        let code = unsafe {
            let vtable = (*this).vtable;
            match self.what {
                Inside::Questions => ask(this),
                Inside::Stop => ((*vtable).stop)(this),
                Inside::DisposeBuffers => ((*vtable).dispose_buffers)(this),
                Inside::Release => {
                    let code = ((*vtable).stop)(this);
                    ((*vtable).dispose_buffers)(this);
                    ((*vtable).release)(this);
                    code
                }
            }
        };
        // Nobody waits any more if it took too long.
        let _ = sender.send(code);
    }
}

/// Asks what hosts ask in their callback. Returns the first answer.
///
/// # Safety
/// A live driver.
unsafe fn ask(this: *mut Iasio) -> AsioError {
    let (mut input, mut output, mut rate_hz) = (0, 0, 0.0);
    let (mut frames, mut time) = (Int64::default(), Int64::default());
    // SAFETY: the driver is alive by the caller's promise; the rest are locals.
    unsafe {
        let vtable = (*this).vtable;
        let code = ((*vtable).get_latencies)(this, &raw mut input, &raw mut output);
        ((*vtable).get_sample_rate)(this, &raw mut rate_hz);
        ((*vtable).can_sample_rate)(this, rate_hz);
        ((*vtable).get_sample_position)(this, &raw mut frames, &raw mut time);
        ((*vtable).output_ready)(this);
        code
    }
}
