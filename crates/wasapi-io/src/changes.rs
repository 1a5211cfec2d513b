//! The system's word that its sound devices have changed.

#![allow(unsafe_code)]

use std::sync::Arc;

use windows_core::{PCWSTR, Result, implement};

use crate::bindings::{
    EDataFlow, ERole, HANDLE, IMMDeviceEnumerator, IMMNotificationClient,
    IMMNotificationClient_Impl, PKEY_AudioEngine_DeviceFormat, PROPERTYKEY,
};
use crate::com::{self, SharedApartment, done};
use crate::hresult::Hr;
use crate::sync::{Event, Waitable};

/// Is set whenever the system tells that a device came, went or got another format, or that another
/// became a default. It can be waited for.
pub(crate) struct Changes {
    changed: Arc<Event>,
    listener: IMMNotificationClient,
    enumerator: IMMDeviceEnumerator,
    // Dropped last.
    _apartment: SharedApartment,
}

// SAFETY: both interfaces were made in the multithreaded apartment, which `_apartment` keeps alive, and
// may be used on any of its threads. The listener holds an event alone.
unsafe impl Send for Changes {}

impl Changes {
    /// Is told from now on. On a thread that is in no apartment of its own.
    pub(crate) fn watch() -> Hr<Self> {
        let apartment = SharedApartment::hold()?;
        let enumerator = com::enumerator()?;
        let changed = Arc::new(Event::new()?);
        let listener: IMMNotificationClient = Listener(Arc::clone(&changed)).into();
        // SAFETY: the listener lives until it is taken back, or for ever if it cannot be.
        done(unsafe { enumerator.RegisterEndpointNotificationCallback(&listener) }.0)?;
        Ok(Self {
            changed,
            listener,
            enumerator,
            _apartment: apartment,
        })
    }

    /// Forgets what was told.
    pub(crate) fn forget(&self) {
        self.changed.unset();
    }

    /// As if the system had told something.
    #[cfg(test)]
    pub(crate) fn tell(&self) {
        self.changed.set();
    }
}

impl Waitable for Changes {
    fn handle(&self) -> HANDLE {
        self.changed.handle()
    }
}

impl Drop for Changes {
    fn drop(&mut self) {
        // SAFETY: the listener was given with the same enumerator. This is never run by a callback,
        // as none owns any of it.
        let taken_back = unsafe {
            self.enumerator
                .UnregisterEndpointNotificationCallback(&self.listener)
        };
        if taken_back.0 < 0 {
            // The system may still call it: it is never freed.
            std::mem::forget(self.listener.clone());
        }
    }
}

/// Runs on the system's threads. It asks nothing and waits for nothing: the system may hold locks
/// while it tells.
#[implement(IMMNotificationClient)]
struct Listener(Arc<Event>);

impl Listener {
    fn note(&self) -> Result<()> {
        self.0.set();
        Ok(())
    }
}

impl IMMNotificationClient_Impl for Listener_Impl {
    fn OnDeviceStateChanged(&self, _id: &PCWSTR, _state: u32) -> Result<()> {
        self.note()
    }

    fn OnDeviceAdded(&self, _id: &PCWSTR) -> Result<()> {
        self.note()
    }

    fn OnDeviceRemoved(&self, _id: &PCWSTR) -> Result<()> {
        self.note()
    }

    fn OnDefaultDeviceChanged(&self, _flow: EDataFlow, _role: ERole, _id: &PCWSTR) -> Result<()> {
        self.note()
    }

    fn OnPropertyValueChanged(&self, _id: &PCWSTR, key: &PROPERTYKEY) -> Result<()> {
        // Of the other properties some change all the time, as volumes do.
        if *key == PKEY_AudioEngine_DeviceFormat {
            self.note()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use windows_core::{ComObject, Interface};

    use super::*;
    use crate::bindings::{PKEY_Device_FriendlyName, eConsole, eRender};
    use crate::sync::{Signal, wait_first};

    #[test]
    fn t28_a_callback_sets_the_event_and_nothing_else() {
        let event = Arc::new(Event::new().unwrap());
        let listener = ComObject::new(Listener(Arc::clone(&event)));
        let none = PCWSTR::null();
        let is_set = || wait_first(&[&*event], 0) == Signal::Of(0);
        for told in [
            &(|| listener.OnDeviceStateChanged(&none, 8)) as &dyn Fn() -> Result<()>,
            &|| listener.OnDeviceAdded(&none),
            &|| listener.OnDeviceRemoved(&none),
            &|| listener.OnDefaultDeviceChanged(eRender, eConsole, &none),
            &|| listener.OnPropertyValueChanged(&none, &PKEY_AudioEngine_DeviceFormat),
        ] {
            assert!(!is_set());
            told().unwrap();
            assert!(is_set());
        }
        listener
            .OnPropertyValueChanged(&none, &PKEY_Device_FriendlyName)
            .unwrap();
        assert!(!is_set(), "a name is no format");
        // What the system still holds outlives us.
        let held: IMMNotificationClient = listener.to_interface();
        drop(listener);
        assert!(!held.as_raw().is_null());
        assert_eq!(Arc::strong_count(&event), 2);
        drop(held);
        assert_eq!(Arc::strong_count(&event), 1);
    }
}
