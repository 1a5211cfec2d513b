//! Real-time priority for the thread that runs a stream.

#![allow(unsafe_code)]

use std::cell::Cell;
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
    asked
        .unwrap_or(Err(E_FAIL))
        .map_err(|code| EndpointError::new(FaultKind::Failed, priority_refused(code)))
}

/// What it means that the system refuses it.
pub(crate) fn priority_refused(code: i32) -> String {
    format!(
        "The system refuses real-time priority to sound threads ({}): when it is busy, the sound drops \
         out; start the service Multimedia Class Scheduler.",
        coded(code)
    )
}

thread_local! {
    /// How many have joined on this thread, and the handle that they share: the system lets a thread
    /// join once, but when one endpoint takes another's place, both run for a moment.
    static JOINED: Cell<(u32, HANDLE)> = const { Cell::new((0, std::ptr::null_mut())) };
}

/// The thread's membership in the system's class of audio threads; given back when the last is dropped.
pub(crate) struct ProAudio {
    /// The class is left on the thread that joined it.
    _not_send: PhantomData<*const ()>,
}

impl ProAudio {
    /// Joins the class "Pro Audio" with its highest priority.
    pub(crate) fn enter() -> Hr<Self> {
        let (count, handle) = JOINED.get();
        let handle = if count > 0 { handle } else { join()? };
        JOINED.set((count + 1, handle));
        Ok(Self {
            _not_send: PhantomData,
        })
    }
}

fn join() -> Hr<HANDLE> {
    let mut task = 0;
    // SAFETY: the name is zero-terminated, and `task` lives through the call.
    let handle = unsafe { AvSetMmThreadCharacteristicsW(w!("Pro Audio"), &mut task) };
    if handle.is_null() {
        return Err(last_error());
    }
    // SAFETY: the handle is valid until it is given back.
    if unsafe { AvSetMmThreadPriority(handle, AVRT_PRIORITY_CRITICAL) }.as_bool() {
        return Ok(handle);
    }
    let error = last_error();
    // SAFETY: as above.
    let _ = unsafe { AvRevertMmThreadCharacteristics(handle) };
    Err(error)
}

impl Drop for ProAudio {
    fn drop(&mut self) {
        let (count, handle) = JOINED.get();
        JOINED.set((count.saturating_sub(1), handle));
        if count == 1 {
            // SAFETY: the handle came from this thread, as this type cannot move to another, and is
            // given back once, by the last that shares it.
            let _ = unsafe { AvRevertMmThreadCharacteristics(handle) };
        }
    }
}
