//! The legs that run programs in Wine, as tables.

mod bad_input;
mod card;
mod checks;
mod device_tests;
mod faults;
mod foreign;
mod hardware;
mod live;
mod playback;
mod profiles;
mod registration;
mod router;
mod sound_server;
mod status;
mod together;
mod two_bitnesses;
mod validator;

use super::Leg;
use crate::rig::places::Backend;

/// Our driver for shared mode.
const SHARED: Driver = Driver {
    name: "ASIO2WASAPI Shared",
    way: "shared",
    backend: Backend::Pulse,
};
/// Our driver for exclusive mode, which only one of Wine's backends has.
const EXCLUSIVE: Driver = Driver {
    name: "ASIO2WASAPI Exclusive",
    way: "exclusive",
    backend: Backend::Alsa,
};

/// Our driver that plays through the router, which it starts itself.
const ROUTER: Driver = Driver {
    name: "ASIO2WASAPI Router",
    way: "router",
    backend: Backend::Pulse,
};

/// One of our drivers.
#[derive(Clone, Copy)]
struct Driver {
    /// As hosts list it.
    name: &'static str,
    /// In the names of legs.
    way: &'static str,
    /// Where it is tested.
    backend: Backend,
}

/// All of them. Registration comes first: the others leave the driver registered.
pub fn legs() -> Vec<Leg> {
    let mut legs = registration::legs();
    legs.extend(playback::legs());
    legs.extend(together::legs());
    legs.extend(checks::legs());
    legs.extend(device_tests::legs());
    legs.extend(card::legs());
    legs.extend(faults::legs());
    legs.extend(foreign::legs());
    legs.extend(profiles::legs());
    legs.extend(live::legs());
    legs.extend(status::legs());
    legs.extend(hardware::legs());
    legs.extend(router::legs());
    legs.extend(validator::legs());
    legs.extend(sound_server::legs());
    legs.extend(bad_input::legs());
    legs.extend(two_bitnesses::legs());
    legs
}
