//! The border between a host's calls and a driver: nothing but results crosses it. A call keeps the
//! driver alive, a panic ends here, an error leaves its text behind.
//!
//! The host promises that `this` is null or came from [`Object::create`].

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::checks::invalid;
use super::core::Core;
use super::object::Object;
use super::{Driver, Error, Result};
use crate::abi::{self, AsioError, Iasio};
use crate::text::write_ascii;

/// A call that may fail with a text: `Ok` becomes `ASE_OK`.
pub(super) fn control<D: Driver>(
    this: *mut Iasio,
    call: impl FnOnce(&Core<D>) -> Result<()>,
) -> AsioError {
    // SAFETY: `this` is the host's, by the promise in the module's text.
    let Some(object) = (unsafe { Object::<D>::from_raw(this) }) else {
        return AsioError::INVALID_PARAMETER;
    };
    let Some(core) = object.enter() else {
        return AsioError::NOT_PRESENT;
    };
    let error = match catch_unwind(AssertUnwindSafe(|| call(&core))) {
        Ok(Ok(())) => return AsioError::OK,
        Ok(Err(error)) => error,
        Err(panic) => after_panic(panic.as_ref()),
    };
    core.keep_error_text(error.message);
    match error.code {
        // An error must not look like success to the host.
        AsioError::OK | AsioError::SUCCESS => AsioError::HW_MALFUNCTION,
        code => code,
    }
}

/// A call on the real-time path: no lock, no text.
pub(super) fn live<D: Driver>(
    this: *mut Iasio,
    call: impl FnOnce(&Core<D>) -> AsioError,
) -> AsioError {
    // SAFETY: `this` is the host's, by the promise in the module's text.
    let Some(object) = (unsafe { Object::<D>::from_raw(this) }) else {
        return AsioError::INVALID_PARAMETER;
    };
    let Some(core) = object.enter() else {
        return AsioError::NOT_PRESENT;
    };
    catch_unwind(AssertUnwindSafe(|| call(&core))).unwrap_or(AsioError::HW_MALFUNCTION)
}

fn after_panic(panic: &(dyn Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no reason given");
    Error::new(
        AsioError::HW_MALFUNCTION,
        format!("The driver failed, a fault of its own: {text}"),
    )
}

pub(super) fn check_pointers<const N: usize>(pointers: [bool; N]) -> Result<()> {
    match pointers.contains(&true) {
        true => Err(invalid("The program passed a null pointer.")),
        false => Ok(()),
    }
}

/// A count as a C `long`.
pub(super) fn long(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

pub(super) fn bool_long(value: bool) -> i32 {
    if value { abi::TRUE } else { abi::FALSE }
}

pub(super) fn fixed_text<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    write_ascii(text, &mut bytes);
    bytes
}
