//! The drivers in this DLL: one for each profile.

use std::sync::Arc;

use asio::abi::Guid;
use asio::driver::dll::Class;
use asio::driver::{Object, ObjectRef};
use config::{BUILT_IN, Config, Profile};
use rt::Mutex;
use session::{DirectDriver, Preferences, installation};
use wasapi_io::WasapiDevice;

/// The classes that hosts have asked for so far. A factory lives for ever, so each is made once.
static KNOWN: Mutex<Vec<&'static Class>> = Mutex::new(Vec::new());

/// The class of that id, if a profile has it.
pub fn find(clsid: Guid) -> Option<&'static Class> {
    let mut known = KNOWN.lock();
    if let Some(class) = known.iter().find(|class| class.clsid() == clsid) {
        return Some(class);
    }
    installation::profile_of(&configuration(), clsid)?;
    let class: &'static Class = Box::leak(Box::new(Class::new(clsid, make)));
    known.push(class);
    Some(class)
}

/// What the file says now. What is wrong with it is told by `asio2wasapi doctor`.
pub fn configuration() -> Config {
    config::load(config::path().as_deref()).config
}

/// A driver as its profile is at this moment.
fn make(clsid: Guid) -> ObjectRef {
    let profile = installation::profile_of(&configuration(), clsid)
        // It was there when the host got the factory.
        .unwrap_or_else(|| Profile::new(BUILT_IN[0].name));
    let device = Arc::new(WasapiDevice::of_profile(&profile));
    let preferences = Preferences::of_profile(&profile);
    let driver = DirectDriver::with_preferences(profile.name, device, preferences);
    Object::create(clsid, driver)
}
