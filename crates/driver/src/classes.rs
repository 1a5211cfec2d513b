//! The drivers in this DLL: one for each profile.

use asio::abi::Guid;
use asio::driver::dll::Class;
use asio::driver::{Object, ObjectRef};
use config::{BUILT_IN, Config, Profile, Watcher};
use record::Places;
use rt::Mutex;
use session::{DirectDriver, installation};
use wasapi_io::hresult_name;

use crate::wiring::{self, Followed};

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

/// A driver as its profile is, at this moment and later.
fn make(clsid: Guid) -> ObjectRef {
    let (watcher, config) = match config::path() {
        Some(path) => {
            let (watcher, loaded) = Watcher::new(&path);
            (Some(watcher), loaded.config)
        }
        None => (None, configuration()),
    };
    let profile = installation::profile_of(&config, clsid)
        // It was there when the host got the factory.
        .unwrap_or_else(|| Profile::new(BUILT_IN[0].name));
    let places = Places::of_user().or_log(config.log);
    let wiring = wiring::of_profile(&profile, &config.router);
    let driver = DirectDriver::with_wiring(profile.name.clone(), wiring.clone())
        .recorded(places, hresult_name);
    let driver = match watcher {
        Some(watcher) => driver.following(Box::new(Followed::new(
            clsid,
            watcher,
            profile,
            config.router,
            wiring,
        ))),
        None => driver,
    };
    Object::create(clsid, driver)
}
