//! Looks for a lost device, on a thread of its own, until it can be opened again.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

use engine::endpoint::{Device, Endpoint, EndpointError, OpenRequest, Reopener, Sides, Waker};
use rt::{Flag, Mutex};

use crate::rates::{at_rate, device_hz};

/// How long the first pauses between attempts are, in nanoseconds. A device that comes back is mostly
/// told at once; these are for those that are not.
const PAUSE_NS: u64 = 20_000_000;
/// The longest pause: attempts get rarer while nothing changes.
const PAUSE_MAX_NS: u64 = 1_000_000_000;

/// The waker of whatever endpoint a stream has now.
#[derive(Clone)]
pub(crate) struct CurrentWaker(Arc<Mutex<Arc<dyn Waker>>>);

impl CurrentWaker {
    pub(crate) fn new(waker: Arc<dyn Waker>) -> Self {
        Self(Arc::new(Mutex::new(waker)))
    }

    /// The stream has another endpoint. Its first wait is interrupted, because somebody may just have
    /// woken the one before, which nobody waits for any more.
    pub(crate) fn set(&self, waker: Arc<dyn Waker>) {
        *self.0.lock() = Arc::clone(&waker);
        waker.wake();
    }

    /// Interrupts the stream's wait.
    pub(crate) fn wake(&self) {
        let waker = Arc::clone(&self.0.lock());
        waker.wake();
    }
}

/// Which device is looked for, and for what.
#[derive(Clone)]
pub(crate) struct Wanted {
    pub device: Arc<dyn Device>,
    pub sides: Sides,
    /// The host's.
    pub rate_hz: u32,
    pub block_frames: u32,
    pub may_resample: bool,
}

impl Wanted {
    /// What the device is to be opened with, as it is now: its own rate may be another than before.
    fn request(&self) -> Result<OpenRequest, EndpointError> {
        let device_hz = device_hz(&*self.device, self.rate_hz, self.may_resample)?;
        Ok(OpenRequest {
            rate_hz: device_hz,
            block_frames: at_rate(self.block_frames, self.rate_hz, device_hz).max(1),
            sides: self.sides,
        })
    }
}

/// A search for a device. Dropping it ends it; what was found and not taken is closed.
pub(crate) struct Search {
    found: Receiver<Box<dyn Endpoint>>,
    given_up: Arc<Flag>,
    waker: Arc<dyn Waker>,
}

impl Search {
    /// Begins to look; `stream` is woken when the device was found. `old` is closed first: some
    /// devices cannot be opened before. `None` when there is no thread for it.
    pub(crate) fn begin(
        reopener: Box<dyn Reopener>,
        wanted: Wanted,
        old: Box<dyn Endpoint>,
        stream: CurrentWaker,
    ) -> Option<Self> {
        let (sender, found) = channel();
        let given_up = Arc::new(Flag::new(false));
        let waker = reopener.waker();
        let ends = Arc::clone(&given_up);
        std::thread::Builder::new()
            .name("asio2wasapi search".into())
            .spawn(move || {
                drop(old);
                look(reopener, &wanted, &sender, &ends, &stream);
            })
            .ok()?;
        Some(Self {
            found,
            given_up,
            waker,
        })
    }

    /// The device, if it was found.
    pub(crate) fn take(&self) -> Option<Box<dyn Endpoint>> {
        self.found.try_recv().ok()
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        self.given_up.set(true);
        self.waker.wake();
    }
}

fn look(
    mut reopener: Box<dyn Reopener>,
    wanted: &Wanted,
    found: &Sender<Box<dyn Endpoint>>,
    given_up: &Flag,
    stream: &CurrentWaker,
) {
    let mut pause_ns = PAUSE_NS;
    while !given_up.get() {
        if let Ok(endpoint) = wanted.request().and_then(|request| reopener.open(request)) {
            if found.send(endpoint).is_ok() {
                stream.wake();
            }
            return;
        }
        reopener.pause(pause_ns);
        pause_ns = (pause_ns + pause_ns / 8).min(PAUSE_MAX_NS);
    }
}
