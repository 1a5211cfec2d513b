//! A hosted driver as a device.

use std::sync::Arc;

use engine::endpoint::{
    Chosen, Device, DeviceInfo, Endpoint, EndpointError, Lost, OpenRequest, Reopener, Sides, Waker,
};
use engine::idle::{Idle, Ticker};
use rt::Mutex;

use super::chosen::chosen;
use super::endpoint::Stream;
use super::owner::{ChannelNames, MakeTicker, Owner};
use super::source::DriverSource;

/// How often a search looks whether the driver is installed, in nanoseconds: no system tells of it.
const LOOK_NS: u64 = 500_000_000;
/// How often, where one is: whether it still is, or one that is more wanted. To look is to read the whole list of
/// drivers, which takes some milliseconds.
const LOOK_SELDOM_NS: u64 = 30_000_000_000;

/// An ASIO driver that this process hosts, and the hardware behind it. Loaded when it is asked something,
/// let go a second after, unless a stream is open; one stream at a time.
///
/// The driver's calls are made on one thread of ours; where it does not come back from one, whoever
/// asked is told so after a while.
#[derive(Clone)]
pub struct AsioDevice {
    owner: Arc<Owner>,
    /// The sides of the last stream that was asked for.
    sides: Arc<Mutex<Option<Sides>>>,
}

impl AsioDevice {
    /// The driver of that source. `make_ticker` makes the clock that wake-ups are stamped with, and what
    /// threads wait with; a ticker that runs gives its thread real-time priority.
    pub fn new(source: Arc<dyn DriverSource>, make_ticker: MakeTicker) -> Self {
        Self {
            owner: Arc::new(Owner::new(source, make_ticker)),
            sides: Arc::default(),
        }
    }

    /// What the driver calls its channels.
    ///
    /// # Errors
    /// As [`describe`](Device::describe).
    pub fn channel_names(&self) -> Result<ChannelNames, EndpointError> {
        self.owner.names()
    }

    fn open_stream(&self, request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError> {
        *self.sides.lock() = Some(request.sides);
        let opened = self.owner.open(request)?;
        Ok(Box::new(Stream::new(Arc::clone(&self.owner), opened)))
    }

    fn chosen(&self) -> Chosen {
        if !self.owner.source().is_there() {
            return Chosen::default();
        }
        let sides = self.sides.lock().unwrap_or(Sides::Both);
        let name = self.owner.source().name();
        chosen(&name, (sides.has_output(), sides.has_input()))
    }
}

impl Device for AsioDevice {
    fn describe(&self) -> Result<DeviceInfo, EndpointError> {
        self.owner.describe()
    }

    fn check_rate(&self, rate_hz: u32) -> Result<(), EndpointError> {
        self.owner.check_rate(rate_hz)
    }

    fn open(&self, request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError> {
        self.open_stream(request)
    }

    fn reopener(&self) -> Box<dyn Reopener> {
        Box::new(Search {
            device: self.clone(),
            ticker: (self.owner.make_ticker())(),
            seen: None,
        })
    }

    fn idle(&self, like: &Lost) -> Box<dyn Endpoint> {
        Box::new(Idle::new(like, (self.owner.make_ticker())()))
    }
}

/// Opens the driver again and again.
struct Search {
    device: AsioDevice,
    ticker: Box<dyn Ticker>,
    /// What was there when it was looked last, and when that was.
    seen: Option<(Chosen, u64)>,
}

impl Search {
    /// What is chosen, from memory where it was there not long ago.
    fn known(&mut self) -> Chosen {
        let now_ns = self.ticker.now_ns();
        if let Some((seen, looked_ns)) = &self.seen
            && *seen != Chosen::default()
            && now_ns.saturating_sub(*looked_ns) < LOOK_SELDOM_NS
        {
            return seen.clone();
        }
        let chosen = self.device.chosen();
        self.seen = Some((chosen.clone(), now_ns));
        chosen
    }
}

impl Reopener for Search {
    fn open(&mut self, request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError> {
        // The sides may be others now, and a driver that does not open may be gone.
        self.seen = None;
        self.device.open_stream(request)
    }

    fn chosen(&mut self) -> Chosen {
        self.device.chosen()
    }

    fn pause(&mut self, limit_ns: u64) -> bool {
        let end_ns = self.ticker.now_ns().saturating_add(limit_ns);
        let before = self.seen.clone().map(|(seen, _)| seen);
        let before = before.unwrap_or_else(|| self.known());
        loop {
            let now_ns = self.ticker.now_ns();
            if self.known() != before {
                return true;
            }
            let goes_on = now_ns < end_ns && self.ticker.wait_until(end_ns.min(now_ns + LOOK_NS));
            if !goes_on {
                return false;
            }
        }
    }

    fn waker(&self) -> Arc<dyn Waker> {
        self.ticker.waker()
    }
}
