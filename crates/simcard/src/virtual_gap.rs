//! Virtual time for a stream whose device is gone.

use std::sync::Arc;

use engine::endpoint::{Chosen, Device, Endpoint, EndpointError, OpenRequest, Reopener, Waker};
use engine::idle::Ticker;

use crate::error::SimError;
use crate::virtual_device::VirtualDevice;
use crate::virtual_endpoint::VirtualWaker;
use crate::virtual_time::{Outcome, Place, Until, VirtualTime};

/// A place in virtual time that is given up when dropped.
struct Seat {
    time: Arc<VirtualTime>,
    place: Place,
}

impl Seat {
    fn new(time: Arc<VirtualTime>) -> Self {
        let place = time.enter();
        Self { time, place }
    }

    /// False when it was interrupted before.
    fn wait_until(&self, at_ns: u64) -> bool {
        let waited = self
            .time
            .wait(&self.place, |_| Ok::<_, SimError>(Until::Time(at_ns)));
        waited == Ok(Outcome::Reached)
    }

    fn set_takes_part(&self, takes_part: bool) {
        self.time.take_part(&self.place, takes_part, |_| ());
    }

    fn waker(&self) -> Arc<dyn Waker> {
        Arc::new(VirtualWaker {
            time: Arc::clone(&self.time),
            seat: self.place.seat,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.time.leave(&self.place);
    }
}

/// Virtual time as a clock to wait for.
pub(crate) struct VirtualTicker(Seat);

impl VirtualTicker {
    pub(crate) fn new(time: Arc<VirtualTime>) -> Self {
        Self(Seat::new(time))
    }
}

impl Ticker for VirtualTicker {
    fn now_ns(&self) -> u64 {
        self.0.time.with(|world| world.now_ns())
    }

    fn wait_until(&mut self, at_ns: u64) -> bool {
        self.0.wait_until(at_ns)
    }

    fn waker(&self) -> Arc<dyn Waker> {
        self.0.waker()
    }

    fn set_running(&mut self, running: bool) {
        self.0.set_takes_part(running);
    }
}

/// Opens the device again and again; time stands still while it does.
pub(crate) struct VirtualReopener {
    device: VirtualDevice,
    seat: Seat,
    /// Faults that had struck when it looked last.
    strikes: u64,
}

impl VirtualReopener {
    pub(crate) fn new(device: VirtualDevice, time: Arc<VirtualTime>) -> Self {
        let seat = Seat::new(time);
        seat.set_takes_part(true);
        let strikes = seat.time.with(|world| world.strikes);
        Self {
            device,
            seat,
            strikes,
        }
    }
}

impl Reopener for VirtualReopener {
    fn open(&mut self, request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError> {
        self.device.open(request)
    }

    fn chosen(&mut self) -> Chosen {
        self.device.chosen()
    }

    fn pause(&mut self, limit_ns: u64) -> bool {
        let Seat { time, place } = &self.seat;
        let strikes = self.strikes;
        let _ = time.wait(place, |world| {
            let deadline_ns = world.now_ns().saturating_add(limit_ns);
            Ok::<_, SimError>(Until::Change(strikes, deadline_ns))
        });
        self.strikes = time.with(|world| world.strikes);
        self.strikes != strikes
    }

    fn waker(&self) -> Arc<dyn Waker> {
        self.seat.waker()
    }
}
