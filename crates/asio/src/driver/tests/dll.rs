//! What a DLL exports.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;

use super::super::ObjectRef;
use super::super::dll::{Class, can_unload_now, get_class_object, get_class_object_by};
use crate::Guid;
use crate::abi::{HResult, Iasio};
use crate::mock::{MockDriver, Probe};

const GOOD: Guid = Guid::from_u128(1);
const BAD: Guid = Guid::from_u128(2);

static CLASSES: [Class; 2] = [
    Class::new(GOOD, |clsid| {
        super::super::Object::create(clsid, MockDriver::new(&Arc::new(Probe::default()), false))
    }),
    Class::new(BAD, |_| -> ObjectRef { panic!("planted") }),
];

/// The beginning of `IClassFactory`'s table, as a host declares it.
#[repr(C)]
struct Factory {
    query_interface:
        unsafe extern "system" fn(*mut c_void, *const Guid, *mut *mut c_void) -> HResult,
    add_ref: unsafe extern "system" fn(*mut c_void) -> u32,
    release: unsafe extern "system" fn(*mut c_void) -> u32,
    create: unsafe extern "system" fn(
        *mut c_void,
        *mut c_void,
        *const Guid,
        *mut *mut c_void,
    ) -> HResult,
    lock: unsafe extern "system" fn(*mut c_void, i32) -> HResult,
}

fn factory(clsid: Guid) -> (*mut c_void, &'static Factory) {
    let mut out = ptr::null_mut();
    let iid = Guid::ICLASS_FACTORY;
    // SAFETY: locals.
    let code =
        unsafe { get_class_object(&CLASSES, &raw const clsid, &raw const iid, &raw mut out) };
    assert_eq!(code, HResult::OK);
    // SAFETY: a factory's first member points to its static table.
    (out, unsafe { &**out.cast::<*const Factory>() })
}

#[test]
fn the_factory_makes_objects_of_its_class() {
    let (this, methods) = factory(GOOD);
    for iid in [GOOD, Guid::IUNKNOWN] {
        let mut out = ptr::null_mut();
        // SAFETY: a static factory and locals.
        let code = unsafe { (methods.create)(this, ptr::null_mut(), &raw const iid, &raw mut out) };
        assert_eq!(code, HResult::OK);
        assert_eq!(can_unload_now(), HResult::FALSE);
        let object: *mut Iasio = out.cast();
        // SAFETY: the object that was made, released once.
        assert_eq!(unsafe { ((*(*object).vtable).release)(object) }, 0);
    }
}

#[test]
fn what_the_factory_cannot_do_it_refuses() {
    let (this, methods) = factory(GOOD);
    let mut out: *mut c_void = ptr::dangling_mut();
    // SAFETY: a static factory and locals or null, here and below.
    unsafe {
        let create = methods.create;
        let outer = ptr::dangling_mut();
        let code = create(this, outer, &GOOD, &raw mut out);
        assert_eq!((code, out), (HResult::NO_AGGREGATION, ptr::null_mut()));
        let null = ptr::null_mut();
        assert_eq!(
            create(this, null, &BAD, &raw mut out),
            HResult::NO_INTERFACE
        );
        assert_eq!(
            create(this, null, ptr::null(), &raw mut out),
            HResult::POINTER
        );
        assert_eq!(create(this, null, &GOOD, ptr::null_mut()), HResult::POINTER);
        let query = methods.query_interface;
        assert_eq!(query(this, &GOOD, &raw mut out), HResult::NO_INTERFACE);
        assert_eq!(query(this, &Guid::IUNKNOWN, &raw mut out), HResult::OK);
        assert_eq!(out, this);
        assert!((methods.add_ref)(this) > 0 && (methods.release)(this) > 0);
        assert_eq!((methods.lock)(this, 1), HResult::OK);
        assert_eq!(can_unload_now(), HResult::FALSE);
        assert_eq!((methods.lock)(this, 0), HResult::OK);
        assert_eq!((methods.lock)(this, 0), HResult::UNEXPECTED);
        let (bad, _) = factory(BAD);
        assert_eq!(create(bad, null, &BAD, &raw mut out), HResult::UNEXPECTED);
    }
}

#[test]
fn unknown_classes_and_null_pointers_are_refused() {
    let mut out: *mut c_void = ptr::dangling_mut();
    let (other, factory) = (Guid::from_u128(3), Guid::ICLASS_FACTORY);
    let get = |clsid: *const Guid, iid: *const Guid, out: *mut *mut c_void| {
        // SAFETY: locals or null.
        unsafe { get_class_object(&CLASSES, clsid, iid, out) }
    };
    assert_eq!(
        get(&raw const other, &raw const factory, &raw mut out),
        HResult::CLASS_NOT_AVAILABLE
    );
    assert!(out.is_null());
    assert_eq!(get(&GOOD, &GOOD, &raw mut out), HResult::NO_INTERFACE);
    assert_eq!(
        get(ptr::null(), &raw const factory, &raw mut out),
        HResult::POINTER
    );
    assert_eq!(get(&GOOD, ptr::null(), &raw mut out), HResult::POINTER);
    assert_eq!(
        get(&GOOD, &raw const factory, ptr::null_mut()),
        HResult::POINTER
    );
}

#[test]
fn a_panic_while_a_class_is_looked_for_is_an_error() {
    let mut out: *mut c_void = ptr::dangling_mut();
    let find = |_| -> Option<&'static Class> { panic!("planted") };
    // SAFETY: locals.
    let code = unsafe { get_class_object_by(find, &GOOD, &Guid::ICLASS_FACTORY, &raw mut out) };
    assert_eq!(code, HResult::UNEXPECTED);
    assert!(out.is_null());
}
