//! Real-time priority for the thread that runs a stream.

#![allow(unsafe_code)]

use std::marker::PhantomData;

use engine::endpoint::{EndpointError, FaultKind};
use windows_core::w;

use crate::bindings::{
    AVRT_PRIORITY_CRITICAL, AvRevertMmThreadCharacteristics, AvSetMmThreadCharacteristicsW,
    AvSetMmThreadPriority, HANDLE,
};
use crate::fault::coded;
use crate::hresult::Hr;
use crate::hresult::codes::E_FAIL;
use crate::sync::last_error;

/// Whether the system grants real-time priority to sound threads of this process. Asks on a thread of its
/// own, as a stream would, and gives the priority back.
///
/// # Errors
/// One sentence: it does not, and what to do.
pub fn check_priority() -> Result<(), EndpointError> {
    let asked = std::thread::spawn(|| ProAudio::enter().map(drop)).join();
    // The thread does not panic; if it did, nothing was granted.
    asked.unwrap_or(Err(E_FAIL)).map_err(|code| {
        let message = format!(
            "The system refuses real-time priority to sound threads ({}): when it is busy, the sound \
             drops out; start the service Multimedia Class Scheduler.",
            coded(code)
        );
        EndpointError::new(FaultKind::Failed, message)
    })
}

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
