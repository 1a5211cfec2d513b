//! `IAudioClock`, made safe.

#![allow(unsafe_code)]

use windows_core::Interface;

use crate::bindings::IAudioClock;
use crate::clock::ns_from_counter_hns;
use crate::com::done;
use crate::hresult::Hr;
use crate::hresult::codes::E_FAIL;

/// Tells where a stream is.
pub(crate) struct Position {
    clock: IAudioClock,
    /// Units of the device's position per second.
    units_per_second: u64,
    rate_hz: u32,
}

/// Where a stream was at some instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Place {
    /// Frames since the start that have come out of the device.
    pub(crate) frames: f64,
    /// When, by [`now_ns`](crate::now_ns)'s clock.
    pub(crate) at_ns: u64,
}

impl Position {
    pub(crate) fn new(clock: IAudioClock, rate_hz: u32) -> Hr<Self> {
        let mut position = Self {
            clock,
            units_per_second: 0,
            rate_hz,
        };
        position.restart()?;
        Ok(position)
    }

    /// Asks for the unit anew. When the stream starts.
    pub(crate) fn restart(&mut self) -> Hr<()> {
        let call = Interface::vtable(&self.clock).GetFrequency;
        let mut units = 0;
        // SAFETY: the method is called on its own object, and `units` lives through the call.
        done(unsafe { call(self.clock.as_raw(), &mut units) }.0)?;
        if units == 0 {
            return Err(E_FAIL);
        }
        self.units_per_second = units;
        Ok(())
    }

    /// Where the stream is now; `None` when the device does not know. Real-time safe.
    pub(crate) fn now(&self) -> Option<Place> {
        let (mut units, mut counter_hns) = (0, 0);
        // SAFETY: both pointers are to values that live through the call.
        let code = unsafe { self.clock.GetPosition(&mut units, Some(&mut counter_hns)) };
        // S_FALSE says that the device had no time to tell.
        if code.0 != 0 || counter_hns == 0 {
            return None;
        }
        let seconds = units as f64 / self.units_per_second as f64;
        Some(Place {
            frames: seconds * f64::from(self.rate_hz),
            at_ns: ns_from_counter_hns(counter_hns),
        })
    }
}
