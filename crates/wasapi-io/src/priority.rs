//! Real-time priority for the thread that runs a stream.

#![allow(unsafe_code)]

use std::marker::PhantomData;

use windows_core::w;

use crate::bindings::{
    AVRT_PRIORITY_CRITICAL, AvRevertMmThreadCharacteristics, AvSetMmThreadCharacteristicsW,
    AvSetMmThreadPriority, HANDLE,
};
use crate::hresult::Hr;
use crate::sync::last_error;

/// The thread's membership in the system's class of audio threads; given back when dropped.
pub(crate) struct ProAudio {
    handle: HANDLE,
    /// The class is left on the thread that joined it.
    _not_send: PhantomData<*const ()>,
}

impl ProAudio {
    /// Joins the class "Pro Audio" with its highest priority.
    pub(crate) fn enter() -> Hr<Self> {
        let mut task = 0;
        // SAFETY: the name is zero-terminated, and `task` lives through the call.
        let handle = unsafe { AvSetMmThreadCharacteristicsW(w!("Pro Audio"), &mut task) };
        if handle.is_null() {
            return Err(last_error());
        }
        let joined = Self {
            handle,
            _not_send: PhantomData,
        };
        // SAFETY: the handle is valid until `drop`.
        if unsafe { AvSetMmThreadPriority(handle, AVRT_PRIORITY_CRITICAL) }.as_bool() {
            Ok(joined)
        } else {
            Err(last_error())
        }
    }
}

impl Drop for ProAudio {
    fn drop(&mut self) {
        // SAFETY: the handle came from this thread, as this type cannot move to another, and is
        // given back once.
        let _ = unsafe { AvRevertMmThreadCharacteristics(self.handle) };
    }
}
