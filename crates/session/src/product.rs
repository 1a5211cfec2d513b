//! The ASIO drivers that exist without a configuration.

use asio::abi::Guid;
use config::BUILT_IN;

/// One driver as ASIO hosts list it.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    /// The name in the host's list; at most 31 bytes of ASCII.
    pub name: &'static str,
    /// The COM class. Hosts keep it in their settings: it never changes.
    pub clsid: Guid,
}

/// The built-in profiles as drivers.
pub const DRIVERS: [Product; BUILT_IN.len()] = {
    let mut drivers = [product(0); BUILT_IN.len()];
    let mut n = 1;
    while n < drivers.len() {
        drivers[n] = product(n);
        n += 1;
    }
    drivers
};

const fn product(index: usize) -> Product {
    Product {
        name: BUILT_IN[index].name,
        clsid: Guid::from_u128(BUILT_IN[index].class_id),
    }
}

/// The COM class of the driver of that name.
pub fn class_of(name: &str) -> Guid {
    Guid::from_u128(config::class_id(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_driver_is_for_everybody() {
        assert_eq!(DRIVERS[0].name, "ASIO2WASAPI Shared");
        for driver in DRIVERS {
            assert_eq!(driver.clsid, class_of(driver.name));
        }
    }
}
