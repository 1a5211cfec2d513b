//! Listens to what the system tells of its devices.

use std::ffi::c_void;
use std::sync::Arc;
use std::time::Duration;

use rt::Mutex;
use windows_core::{HRESULT, Interface, PCWSTR, implement};

use super::open::{Failure, done, enumerator};
use crate::abi::{IMMNotificationClient, IMMNotificationClient_Impl, PropertyKey};

#[implement(IMMNotificationClient)]
struct Listener(Arc<Mutex<Vec<String>>>);

impl Listener {
    fn note(&self, line: String) -> HRESULT {
        self.0.lock().push(line);
        HRESULT(0)
    }
}

fn text(id: PCWSTR) -> String {
    if id.is_null() {
        return "none".into();
    }
    // SAFETY: not null, and zero-terminated by the system's word.
    String::from_utf16_lossy(unsafe { id.as_wide() })
}

impl IMMNotificationClient_Impl for Listener_Impl {
    unsafe fn OnDeviceStateChanged(&self, id: PCWSTR, state: u32) -> HRESULT {
        self.note(format!("state {state} {}", text(id)))
    }

    unsafe fn OnDeviceAdded(&self, id: PCWSTR) -> HRESULT {
        self.note(format!("added {}", text(id)))
    }

    unsafe fn OnDeviceRemoved(&self, id: PCWSTR) -> HRESULT {
        self.note(format!("removed {}", text(id)))
    }

    unsafe fn OnDefaultDeviceChanged(&self, flow: i32, role: i32, id: PCWSTR) -> HRESULT {
        self.note(format!("default {flow} {role} {}", text(id)))
    }

    unsafe fn OnPropertyValueChanged(&self, id: PCWSTR, key: PropertyKey) -> HRESULT {
        self.note(format!(
            "property {:?} {} {}",
            key.set,
            key.number,
            text(id)
        ))
    }
}

/// Listens for so long; returns a line for each call of the system.
///
/// # Errors
/// The call that failed.
pub fn watch(duration: Duration) -> Result<Vec<String>, Failure> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let listener: IMMNotificationClient = Listener(Arc::clone(&lines)).into();
    let list = enumerator()?;
    let raw: *mut c_void = listener.as_raw();
    // SAFETY: the listener lives until it is taken back.
    unsafe {
        done(
            "RegisterEndpointNotificationCallback",
            list.RegisterEndpointNotificationCallback(raw),
        )?;
        std::thread::sleep(duration);
        done(
            "UnregisterEndpointNotificationCallback",
            list.UnregisterEndpointNotificationCallback(raw),
        )?;
    }
    Ok(std::mem::take(&mut lines.lock()))
}
