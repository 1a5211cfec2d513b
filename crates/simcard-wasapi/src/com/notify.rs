//! Calls of `IMMNotificationClient` when devices come and go.

#![allow(unsafe_code)]

use std::ffi::c_void;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rt::Mutex;
use simcard::spec::Flow;
use windows_core::{HSTRING, Interface, PCWSTR};

use super::device::{ACTIVE, Endpoint, UNPLUGGED};
use super::properties::DEVICE_FORMAT;
use crate::abi::IMMNotificationClient;
use simcard_service::codes::{NOT_FOUND, NULL_POINTER};
use simcard_service::layout::{Header, NOTICES_MAX};
use simcard_service::notice::NoticeWord;
use simcard_service::system::line;

/// How often the service's notices are looked at.
const INTERVAL: Duration = Duration::from_millis(10);
/// `eConsole`, `eMultimedia`, `eCommunications`
const ROLES: std::ops::Range<i32> = 0..3;

struct Watcher {
    clients: Vec<Callback>,
    running: bool,
}

struct Callback(IMMNotificationClient);

// SAFETY: "IMMNotificationClient interface (mmdeviceapi.h)" on learn.microsoft.com has its methods
// called on a thread of the system's, whichever registered it.
unsafe impl Send for Callback {}

static WATCHER: Mutex<Watcher> = Mutex::new(Watcher {
    clients: Vec::new(),
    running: false,
});

/// Tells `client` from now on.
///
/// # Errors
/// `E_POINTER`.
///
/// # Safety
/// The pointer is null or of an object with that interface.
pub(super) unsafe fn register(client: *mut c_void) -> Result<(), i32> {
    // SAFETY: passed on from the caller.
    let client = unsafe { IMMNotificationClient::from_raw_borrowed(&client) };
    let client = client.ok_or(NULL_POINTER)?.clone();
    let seen = line().map_or(0, |line| written(&line.shared().header));
    let mut watcher = WATCHER.lock();
    watcher.clients.push(Callback(client));
    if !watcher.running {
        watcher.running = true;
        std::thread::spawn(move || watch(seen));
    }
    Ok(())
}

/// Tells `client` no more.
///
/// # Errors
/// `E_POINTER`; `E_NOTFOUND` for one that is not registered.
pub(super) fn unregister(client: *mut c_void) -> Result<(), i32> {
    if client.is_null() {
        return Err(NULL_POINTER);
    }
    let mut watcher = WATCHER.lock();
    let place = watcher
        .clients
        .iter()
        .position(|known| known.0.as_raw() == client);
    let known = watcher.clients.swap_remove(place.ok_or(NOT_FOUND)?);
    drop(watcher);
    // Released without the lock: the client's code may run.
    drop(known);
    Ok(())
}

fn written(header: &Header) -> u64 {
    header.notices_written.load(Ordering::Acquire)
}

/// Runs as long as somebody wants to be told.
fn watch(mut seen: u64) {
    loop {
        std::thread::sleep(INTERVAL);
        let clients: Vec<IMMNotificationClient> = {
            let mut watcher = WATCHER.lock();
            if watcher.clients.is_empty() {
                watcher.running = false;
                return;
            }
            watcher
                .clients
                .iter()
                .map(|known| known.0.clone())
                .collect()
        };
        let Ok(line) = line() else { continue };
        let header = &line.shared().header;
        let new = written(header);
        // Another service, or one that told more than is kept.
        seen = seen.min(new).max(new.saturating_sub(NOTICES_MAX as u64));
        while seen < new {
            let word = header.notices[(seen % NOTICES_MAX as u64) as usize]
                .0
                .load(Ordering::Relaxed);
            seen += 1;
            if let Some(notice) = NoticeWord::from_word(word) {
                clients.iter().for_each(|client| tell(client, notice));
            }
        }
    }
}

/// Follows "IMMNotificationClient interface (mmdeviceapi.h)" on learn.microsoft.com: the default is
/// told once for each role, and a device that is unplugged is still known by its id.
fn tell(client: &IMMNotificationClient, notice: NoticeWord) {
    let id = |device: u16| Endpoint::describe(device.into()).map(|e| HSTRING::from(e.id()));
    match notice {
        NoticeWord::State { device, present } => {
            let Ok(id) = id(device) else { return };
            let state = if present { ACTIVE } else { UNPLUGGED };
            // SAFETY: the string lives through the call.
            let _ = unsafe { client.OnDeviceStateChanged(PCWSTR(id.as_ptr()), state) };
        }
        NoticeWord::Format { device } => {
            let Ok(id) = id(device) else { return };
            // SAFETY: the string lives through the call.
            let _ = unsafe { client.OnPropertyValueChanged(PCWSTR(id.as_ptr()), DEVICE_FORMAT) };
        }
        NoticeWord::Default { flow, device } => {
            let id = device.and_then(|device| id(device).ok());
            let text = id.as_ref().map_or(PCWSTR::null(), |id| PCWSTR(id.as_ptr()));
            let flow = if flow == Flow::Render { 0 } else { 1 };
            for role in ROLES {
                // SAFETY: the string lives through the call, or there is none.
                let _ = unsafe { client.OnDefaultDeviceChanged(flow, role, text) };
            }
        }
    }
}
