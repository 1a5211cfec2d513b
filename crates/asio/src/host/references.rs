//! What a driver makes of references, taken and given back as hosts do it.

use std::ptr;

use super::Driver;
use super::misuse::{Answer, Finding};
use crate::abi::{Guid, HResult, Iasio};

/// An interface that nobody has.
const UNKNOWN: Guid = Guid::from_u128(0x6e1f_4a0b_93c2_4d57_8f10_55aa_2b7c_e9d3);

/// Takes references in both ways that COM has and gives them back; asks for an interface that
/// nobody has, too. The reference of `driver` is left as it was.
pub fn references(driver: &mut Driver) -> Vec<Finding> {
    let this = driver.this();
    let finding = |method, argument, answer: Answer| Finding {
        method,
        argument,
        answer,
    };
    // SAFETY: a live driver; every reference that is taken is given back once.
    unsafe {
        let taken = (driver.vtable().add_ref)(this);
        let given_back = (driver.vtable().release)(this);
        let mut found = vec![
            finding("AddRef", "", Answer::Number(taken as i32)),
            finding("Release", "", Answer::Number(given_back as i32)),
        ];
        for (argument, iid) in [("IUnknown", Guid::IUNKNOWN), ("unknown", UNKNOWN)] {
            let mut out = ptr::null_mut();
            let code = (driver.vtable().query_interface)(this, &raw const iid, &raw mut out);
            found.push(finding("QueryInterface", argument, Answer::Com(code)));
            if code == HResult::OK && !out.is_null() {
                let left = (driver.vtable().release)(this);
                found.push(finding("Release", argument, Answer::Number(left as i32)));
            }
        }
        found
    }
}

/// Gives the driver's reference back, and then once more than there are, as some hosts do. Returns
/// what both calls said. A driver that is not made for it may crash the process.
pub fn release_too_often(mut driver: Driver) -> [u32; 2] {
    driver.no_release = true;
    let this = driver.this();
    let vtable = *driver.vtable();
    // SAFETY: the first gives back the reference that `driver` has. That the second is one too many
    // is what the caller asked for.
    unsafe { [(vtable.release)(this), ((*(*this).vtable).release)(this)] }
}

/// Closes the driver and gives its reference back on another thread.
pub fn release_elsewhere(mut driver: Driver) {
    struct Sent(*mut Iasio);
    // SAFETY: `Release` may be called on any thread; nobody else uses the driver any more.
    unsafe impl Send for Sent {}

    if driver.stream.is_some() {
        // What does not stop or dispose of itself is released all the same.
        let _ = driver.stop();
        let _ = driver.dispose_buffers();
    }
    if std::mem::replace(&mut driver.no_release, true) {
        return;
    }
    let sent = Sent(driver.this());
    let release = move || {
        let Sent(this) = { sent };
        // SAFETY: gives back the reference that `driver` had and now leaves alone.
        unsafe { ((*(*this).vtable).release)(this) }
    };
    // A thread that panics has released or not; there is nothing else to do.
    let _ = std::thread::spawn(release).join();
}
