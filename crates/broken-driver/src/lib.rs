//! ASIO drivers with planted faults, and a sound one beside them: what the tests of the validator
//! check. Not shipped.
//!
//! On Windows this is a DLL with a COM class for each fault; elsewhere its drivers are made inside
//! the process. None needs a device: time is the computer's, and what the first output plays comes
//! back on the inputs two blocks later.

mod device;
#[cfg(windows)]
mod exports;
mod fault;
pub mod planted;
mod sound;

use asio::Guid;
use asio::driver::{Object, ObjectRef};

pub use fault::Fault;
pub use sound::{SoundDriver, SoundStream};

/// The sound driver's class; the others follow.
const FIRST_CLSID: u128 = 0x8d1f_5c02_77ab_4e19_b6d0_2f4e_9a31_c700;

/// The class of the driver with that fault.
pub const fn clsid(fault: Fault) -> Guid {
    Guid::from_u128(FIRST_CLSID + fault as u128)
}

/// The name of the driver with that fault, as hosts list it.
pub fn driver_name(fault: Fault) -> String {
    format!("Fixture {}", fault.name())
}

/// Makes a driver with that fault.
pub fn driver(fault: Fault) -> ObjectRef {
    let object = Object::create(clsid(fault), SoundDriver::new(fault));
    planted::plant(&object, fault);
    object
}

/// Makes a driver of that class; a sound one if there is no such class.
pub fn make(class: Guid) -> ObjectRef {
    let fault = Fault::ALL.into_iter().find(|fault| clsid(*fault) == class);
    driver(fault.unwrap_or(Fault::None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_its_own_name_and_class() {
        for (place, fault) in Fault::ALL.into_iter().enumerate() {
            assert_eq!(fault as usize, place);
            assert_eq!(Fault::named(fault.name()), Some(fault));
            assert!(driver_name(fault).len() < 32);
            let same = Fault::ALL
                .into_iter()
                .filter(|other| clsid(*other) == clsid(fault));
            assert_eq!(same.count(), 1);
        }
        assert!(Fault::ALL.len() > 10, "ten faults and the sound driver");
    }
}
