//! `IAudioClock` and `IAudioClock2`.

#![allow(unsafe_code, non_snake_case)]

use std::sync::Arc;

use windows_core::{HRESULT, implement};

use super::border::{method, put, put_if};
use super::streams::OpenStream;
use crate::abi::{IAudioClock, IAudioClock_Impl, IAudioClock2, IAudioClock2_Impl};
use simcard_service::codes::SERVICE_NOT_RUNNING;

/// `AUDIOCLOCK_CHARACTERISTIC_FIXED_FREQ`
const FIXED_FREQUENCY: u32 = 1;

/// Where a stream is, in frames.
#[implement(IAudioClock, IAudioClock2)]
pub(super) struct Clock(pub(super) Arc<OpenStream>);

impl Clock {
    /// Frames, and when in units of 100 ns.
    fn position(&self) -> Result<(u64, u64), i32> {
        self.0.check()?;
        let (frames, ns) = self.0.block().position().ok_or(SERVICE_NOT_RUNNING)?;
        Ok((frames, ns / 100))
    }
}

impl IAudioClock_Impl for Clock_Impl {
    /// Follows "IAudioClock::GetFrequency method (audioclient.h)" on learn.microsoft.com, which leaves
    /// the unit to the device: here it is the frame.
    unsafe fn GetFrequency(&self, frequency: *mut u64) -> HRESULT {
        method(|| {
            self.0.check()?;
            // SAFETY: the pointer is the client's.
            unsafe { put(frequency, self.0.format.rate_hz.into()) }
        })
    }

    /// Follows "IAudioClock::GetPosition method (audioclient.h)" on learn.microsoft.com. The position
    /// is that of some instant within the last millisecond, and the time is that instant.
    unsafe fn GetPosition(&self, position: *mut u64, time: *mut u64) -> HRESULT {
        method(|| {
            let (frames, at) = self.position()?;
            // SAFETY: the pointers are the client's.
            unsafe {
                put(position, frames)?;
                put_if(time, at);
            }
            Ok(())
        })
    }

    unsafe fn GetCharacteristics(&self, characteristics: *mut u32) -> HRESULT {
        // SAFETY: the pointer is the client's.
        method(|| unsafe { put(characteristics, FIXED_FREQUENCY) })
    }
}

impl IAudioClock2_Impl for Clock_Impl {
    unsafe fn GetDevicePosition(&self, position: *mut u64, time: *mut u64) -> HRESULT {
        method(|| {
            let (frames, at) = self.position()?;
            // SAFETY: the pointers are the client's.
            unsafe {
                put(position, frames)?;
                put_if(time, at);
            }
            Ok(())
        })
    }
}
