//! Which programs use an endpoint (T18).

#![allow(unsafe_code)]

use windows_core::Interface;

use crate::bindings::{
    AudioSessionStateActive, CLSCTX_ALL, IAudioSessionControl2, IAudioSessionManager2, IMMDevice,
};
use crate::com::hr;
use crate::hresult::Hr;
use crate::taps::running;

/// No endpoint has so many sessions.
const SESSIONS_MAX: i32 = 1_000;

/// The programs, other than this one, with a session that is active on the endpoint, by name, each once.
/// Empty where the system does not tell.
pub(crate) fn users(device: &IMMDevice) -> Vec<String> {
    let processes = active_processes(device).unwrap_or_default();
    let running = running().unwrap_or_default();
    let name = |id: u32| {
        let process = running.iter().find(|process| process.id == id);
        process.map(|process| process.name.clone())
    };
    let mut names: Vec<String> = processes.into_iter().filter_map(name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn active_processes(device: &IMMDevice) -> Hr<Vec<u32>> {
    // SAFETY: the calls take no pointer but that to the answer, whose type is the interface's.
    let sessions = unsafe {
        let manager: IAudioSessionManager2 = hr(device.Activate(CLSCTX_ALL as u32, None))?;
        hr(manager.GetSessionEnumerator())?
    };
    // SAFETY: as above.
    let count = hr(unsafe { sessions.GetCount() })?.min(SESSIONS_MAX);
    let own = std::process::id();
    let process = |number: i32| {
        // SAFETY: as above; a number that is too high is refused.
        unsafe {
            let control = sessions.GetSession(number).ok()?;
            let state = control.GetState().ok()?;
            let id = control
                .cast::<IAudioSessionControl2>()
                .ok()?
                .GetProcessId()
                .ok()?;
            (state == AudioSessionStateActive && id != own && id != 0).then_some(id)
        }
    };
    Ok((0..count).filter_map(process).collect())
}
