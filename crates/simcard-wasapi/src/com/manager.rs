//! Who uses an endpoint: `IAudioSessionManager2` and the list of sessions. A process has one session, and is
//! in the list while a stream of it runs.

#![allow(unsafe_code, non_snake_case)]

use std::ffi::c_void;

use windows_core::{GUID, HRESULT, PCWSTR, PWSTR, implement};

use super::border::{method, put, put_object, task_text};
use crate::abi::{
    IAudioSessionControl_Impl, IAudioSessionControl2, IAudioSessionControl2_Impl,
    IAudioSessionEnumerator, IAudioSessionEnumerator_Impl, IAudioSessionManager_Impl,
    IAudioSessionManager2, IAudioSessionManager2_Impl,
};
use simcard_service::call::Question;
use simcard_service::codes::{INVALID_ARGUMENT, NOT_IMPLEMENTED};
use simcard_service::system::line;
use windows_core::BOOL;

/// `AudioSessionStateActive`
const ACTIVE: i32 = 1;
const S_FALSE: HRESULT = HRESULT(1);

/// The sessions of an endpoint.
#[implement(IAudioSessionManager2)]
pub(super) struct Manager(pub(super) u32);

impl IAudioSessionManager_Impl for Manager_Impl {
    unsafe fn GetAudioSessionControl(
        &self,
        _session: *const GUID,
        _flags: u32,
        _control: *mut *mut c_void,
    ) -> HRESULT {
        HRESULT(NOT_IMPLEMENTED)
    }

    unsafe fn GetSimpleAudioVolume(
        &self,
        _session: *const GUID,
        _flags: u32,
        _volume: *mut *mut c_void,
    ) -> HRESULT {
        HRESULT(NOT_IMPLEMENTED)
    }
}

impl IAudioSessionManager2_Impl for Manager_Impl {
    /// Follows "IAudioSessionManager2::GetSessionEnumerator method (audiopolicy.h)" on
    /// learn.microsoft.com: the list is as it was when it was asked for.
    unsafe fn GetSessionEnumerator(&self, sessions: *mut *mut c_void) -> HRESULT {
        method(|| {
            let answer = line()?.ask(Question::Users(self.0))?;
            let [count, processes @ ..] = answer.words;
            let count = processes.len().min(count as usize);
            let processes = processes[..count].iter().map(|id| *id as u32).collect();
            let list: IAudioSessionEnumerator = Sessions(processes).into();
            // SAFETY: the pointer is the client's.
            unsafe { put_object(sessions, list) }
        })
    }

    unsafe fn RegisterSessionNotification(&self, _client: *mut c_void) -> HRESULT {
        HRESULT(NOT_IMPLEMENTED)
    }

    unsafe fn UnregisterSessionNotification(&self, _client: *mut c_void) -> HRESULT {
        HRESULT(NOT_IMPLEMENTED)
    }

    unsafe fn RegisterDuckNotification(&self, _session: PCWSTR, _client: *mut c_void) -> HRESULT {
        HRESULT(NOT_IMPLEMENTED)
    }

    unsafe fn UnregisterDuckNotification(&self, _client: *mut c_void) -> HRESULT {
        HRESULT(NOT_IMPLEMENTED)
    }
}

/// The processes that have sessions.
#[implement(IAudioSessionEnumerator)]
struct Sessions(Vec<u32>);

impl IAudioSessionEnumerator_Impl for Sessions_Impl {
    unsafe fn GetCount(&self, count: *mut i32) -> HRESULT {
        // SAFETY: the pointer is the client's.
        method(|| unsafe { put(count, self.0.len() as i32) })
    }

    unsafe fn GetSession(&self, number: i32, session: *mut *mut c_void) -> HRESULT {
        method(|| {
            let place = usize::try_from(number).map_err(|_| INVALID_ARGUMENT)?;
            let process = *self.0.get(place).ok_or(INVALID_ARGUMENT)?;
            let control: IAudioSessionControl2 = OfProcess(process).into();
            // SAFETY: the pointer is the client's.
            unsafe { put_object(session, control) }
        })
    }
}

/// The session of a process that plays or records.
#[implement(IAudioSessionControl2)]
struct OfProcess(u32);

impl IAudioSessionControl_Impl for OfProcess_Impl {
    unsafe fn GetState(&self, state: *mut i32) -> HRESULT {
        // SAFETY: the pointer is the client's.
        method(|| unsafe { put(state, ACTIVE) })
    }

    unsafe fn GetDisplayName(&self, name: *mut PWSTR) -> HRESULT {
        // SAFETY: the pointer is the client's.
        method(|| unsafe { put(name, task_text("")?) })
    }

    unsafe fn SetDisplayName(&self, _name: PCWSTR, _context: *const GUID) -> HRESULT {
        HRESULT(NOT_IMPLEMENTED)
    }

    unsafe fn GetIconPath(&self, path: *mut PWSTR) -> HRESULT {
        // SAFETY: the pointer is the client's.
        method(|| unsafe { put(path, task_text("")?) })
    }

    unsafe fn SetIconPath(&self, _path: PCWSTR, _context: *const GUID) -> HRESULT {
        HRESULT(NOT_IMPLEMENTED)
    }

    unsafe fn GetGroupingParam(&self, group: *mut GUID) -> HRESULT {
        // SAFETY: the pointer is the client's.
        method(|| unsafe { put(group, GUID::zeroed()) })
    }

    unsafe fn SetGroupingParam(&self, _group: *const GUID, _context: *const GUID) -> HRESULT {
        HRESULT(NOT_IMPLEMENTED)
    }

    unsafe fn RegisterAudioSessionNotification(&self, _client: *mut c_void) -> HRESULT {
        HRESULT(NOT_IMPLEMENTED)
    }

    unsafe fn UnregisterAudioSessionNotification(&self, _client: *mut c_void) -> HRESULT {
        HRESULT(NOT_IMPLEMENTED)
    }
}

impl IAudioSessionControl2_Impl for OfProcess_Impl {
    unsafe fn GetSessionIdentifier(&self, id: *mut PWSTR) -> HRESULT {
        // SAFETY: the pointer is the client's.
        method(|| unsafe { put(id, task_text("simcard")?) })
    }

    unsafe fn GetSessionInstanceIdentifier(&self, id: *mut PWSTR) -> HRESULT {
        // SAFETY: the pointer is the client's.
        method(|| unsafe { put(id, task_text(&format!("simcard-{}", self.0))?) })
    }

    unsafe fn GetProcessId(&self, process: *mut u32) -> HRESULT {
        // SAFETY: the pointer is the client's.
        method(|| unsafe { put(process, self.0) })
    }

    unsafe fn IsSystemSoundsSession(&self) -> HRESULT {
        S_FALSE
    }

    unsafe fn SetDuckingPreference(&self, _opt_out: BOOL) -> HRESULT {
        HRESULT(NOT_IMPLEMENTED)
    }
}
