//! The drivers in this DLL.

use std::sync::Arc;

use asio::abi::Guid;
use asio::driver::dll::Class;
use asio::driver::{Object, ObjectRef};
use session::DirectDriver;
use session::product::{DRIVERS, Sharing};
use wasapi_io::{Mode, Options, Selection, WasapiDevice};

/// A COM class for each of the product's drivers.
pub static CLASSES: [Class; DRIVERS.len()] = {
    let mut classes = [const { Class::new(DRIVERS[0].clsid, make) }; DRIVERS.len()];
    let mut n = 1;
    while n < DRIVERS.len() {
        classes[n] = Class::new(DRIVERS[n].clsid, make);
        n += 1;
    }
    classes
};

fn make(clsid: Guid) -> ObjectRef {
    let product = DRIVERS
        .iter()
        .find(|product| product.clsid == clsid)
        .unwrap_or(&DRIVERS[0]);
    let mode = match product.sharing {
        Sharing::Shared => Mode::Shared,
        Sharing::Exclusive => Mode::Exclusive,
    };
    // A list that cannot be read counts as none; `asio2wasapi doctor` names what is wrong with it.
    let options = Options::from_environment()
        .and_then(Result::ok)
        .unwrap_or_default();
    let device = WasapiDevice::new(Selection::DefaultRender, mode, options);
    Object::create(clsid, DirectDriver::new(product.name, Arc::new(device)))
}
