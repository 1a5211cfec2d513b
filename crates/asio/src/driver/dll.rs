//! What a DLL of drivers exports: `DllGetClassObject` and `DllCanUnloadNow`, ready to be called.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::ObjectRef;
use super::object::live_objects;
use crate::abi::{Guid, HResult};

/// How often hosts have locked the module.
static LOCKS: AtomicU32 = AtomicU32::new(0);
/// The module stays loaded until the process ends.
static PINNED: AtomicBool = AtomicBool::new(false);

/// A class of drivers in a DLL, which is its own class factory.
///
/// Lives for ever, so a host that releases the factory too often frees nothing.
#[repr(C)]
#[derive(Debug)]
pub struct Class {
    /// First, because a pointer to the factory is a pointer to this.
    vtable: &'static FactoryVtable,
    clsid: Guid,
    make: fn(Guid) -> ObjectRef,
}

impl Class {
    /// The class `clsid`, whose objects `make` makes. `make` gets the class id and ends with
    /// [`Object::create`](super::Object::create).
    pub const fn new(clsid: Guid, make: fn(Guid) -> ObjectRef) -> Class {
        Class {
            vtable: &FACTORY_VTABLE,
            clsid,
            make,
        }
    }

    /// The class id.
    pub const fn clsid(&self) -> Guid {
        self.clsid
    }
}

/// `DllGetClassObject`: the factory for `clsid`, if it is one of `classes`.
///
/// Once a host has a factory, the module stays loaded until the process ends: hosts uninitialise COM
/// while a driver's threads still run.
///
/// # Safety
/// `clsid`, `iid` and `out` are null or point to what COM says.
pub unsafe fn get_class_object(
    classes: &'static [Class],
    clsid: *const Guid,
    iid: *const Guid,
    out: *mut *mut c_void,
) -> HResult {
    let find = |clsid| classes.iter().find(|class| class.clsid == clsid);
    // SAFETY: the caller's promise, passed on.
    unsafe { get_class_object_by(find, clsid, iid, out) }
}

/// The same for a DLL whose classes are not known beforehand: `find` has the class of an id, if there
/// is one.
///
/// # Safety
/// `clsid`, `iid` and `out` are null or point to what COM says.
pub unsafe fn get_class_object_by(
    find: impl FnOnce(Guid) -> Option<&'static Class>,
    clsid: *const Guid,
    iid: *const Guid,
    out: *mut *mut c_void,
) -> HResult {
    if out.is_null() {
        return HResult::POINTER;
    }
    // SAFETY: not null, so writable by the caller's promise.
    unsafe { out.write_unaligned(ptr::null_mut()) };
    if clsid.is_null() || iid.is_null() {
        return HResult::POINTER;
    }
    // SAFETY: not null, so readable by the caller's promise.
    let (clsid, iid) = unsafe { (clsid.read_unaligned(), iid.read_unaligned()) };
    // What `find` may leave half done is never looked at by this module.
    let class = match catch_unwind(AssertUnwindSafe(|| find(clsid))) {
        Ok(Some(class)) => class,
        Ok(None) => return HResult::CLASS_NOT_AVAILABLE,
        Err(_) => return HResult::UNEXPECTED,
    };
    if !is_factory(iid) {
        return HResult::NO_INTERFACE;
    }
    pin_module();
    // SAFETY: as above.
    unsafe { out.write_unaligned(ptr::from_ref(class).cast_mut().cast()) };
    HResult::OK
}

/// `DllCanUnloadNow`: `S_FALSE` while there are objects or locks, or the module is to stay.
pub fn can_unload_now() -> HResult {
    let in_use =
        live_objects() > 0 || LOCKS.load(Ordering::Acquire) > 0 || PINNED.load(Ordering::Acquire);
    if in_use { HResult::FALSE } else { HResult::OK }
}

fn is_factory(iid: Guid) -> bool {
    iid == Guid::IUNKNOWN || iid == Guid::ICLASS_FACTORY
}

/// Keeps this module loaded until the process ends.
#[cfg(windows)]
fn pin_module() {
    if this_module(PIN | FROM_ADDRESS).is_some() {
        PINNED.store(true, Ordering::Release);
    }
}

/// The path of the module that this code is in, for `DllRegisterServer`; `None` where the system does
/// not tell, or not within 32768 characters, which is as long as a path can be.
#[cfg(windows)]
pub fn module_path() -> Option<std::path::PathBuf> {
    use std::os::windows::ffi::OsStringExt;

    windows_link::link!("kernel32.dll" "system" fn GetModuleFileNameW(
        module: *mut c_void,
        path: *mut u16,
        length: u32,
    ) -> u32);

    let module = this_module(FROM_ADDRESS | WITHOUT_COUNTING)?;
    let mut path = vec![0u16; 32_768];
    // SAFETY: the module is this one, so it is loaded; the buffer has the length that is told.
    let length = unsafe { GetModuleFileNameW(module, path.as_mut_ptr(), path.len() as u32) };
    let path = path
        .get(..length as usize)
        .filter(|path| !path.is_empty() && length < 32_768)?;
    Some(std::ffi::OsString::from_wide(path).into())
}

#[cfg(windows)]
const PIN: u32 = 1;
#[cfg(windows)]
const WITHOUT_COUNTING: u32 = 2;
#[cfg(windows)]
const FROM_ADDRESS: u32 = 4;

/// The handle of the module that this code is in; `flags` are those of `GetModuleHandleEx`.
#[cfg(windows)]
fn this_module(flags: u32) -> Option<*mut c_void> {
    windows_link::link!("kernel32.dll" "system" fn GetModuleHandleExW(
        flags: u32,
        address: *const c_void,
        module: *mut *mut c_void,
    ) -> i32);

    let mut module = ptr::null_mut();
    // SAFETY: with `FROM_ADDRESS` the second argument is any address inside the module; the third is
    // a local.
    let done = unsafe { GetModuleHandleExW(flags, (&raw const PINNED).cast(), &raw mut module) };
    (done != 0).then_some(module)
}

/// Elsewhere there is nobody who would unload it.
#[cfg(not(windows))]
fn pin_module() {
    PINNED.store(true, Ordering::Release);
}

/// `IClassFactory`.
#[repr(C)]
#[derive(Debug)]
struct FactoryVtable {
    query_interface:
        unsafe extern "system" fn(*const Class, *const Guid, *mut *mut c_void) -> HResult,
    add_ref: unsafe extern "system" fn(*const Class) -> u32,
    release: unsafe extern "system" fn(*const Class) -> u32,
    create_instance: unsafe extern "system" fn(
        *const Class,
        *mut c_void,
        *const Guid,
        *mut *mut c_void,
    ) -> HResult,
    lock_server: unsafe extern "system" fn(*const Class, i32) -> HResult,
}

static FACTORY_VTABLE: FactoryVtable = FactoryVtable {
    query_interface: factory_query_interface,
    add_ref: factory_add_ref,
    release: factory_release,
    create_instance: factory_create_instance,
    lock_server: factory_lock_server,
};

unsafe extern "system" fn factory_query_interface(
    this: *const Class,
    iid: *const Guid,
    out: *mut *mut c_void,
) -> HResult {
    if out.is_null() {
        return HResult::POINTER;
    }
    // SAFETY: not null, so writable by COM's rules.
    unsafe { out.write_unaligned(ptr::null_mut()) };
    if this.is_null() || iid.is_null() {
        return HResult::POINTER;
    }
    // SAFETY: not null, so readable by COM's rules.
    if !is_factory(unsafe { iid.read_unaligned() }) {
        return HResult::NO_INTERFACE;
    }
    // SAFETY: as above.
    unsafe { out.write_unaligned(this.cast_mut().cast()) };
    HResult::OK
}

/// A static object has no count; any number above 0 will do.
unsafe extern "system" fn factory_add_ref(_this: *const Class) -> u32 {
    2
}

unsafe extern "system" fn factory_release(_this: *const Class) -> u32 {
    1
}

unsafe extern "system" fn factory_create_instance(
    this: *const Class,
    outer: *mut c_void,
    iid: *const Guid,
    out: *mut *mut c_void,
) -> HResult {
    if out.is_null() {
        return HResult::POINTER;
    }
    // SAFETY: not null, so writable by COM's rules.
    unsafe { out.write_unaligned(ptr::null_mut()) };
    // SAFETY: null, or one of the static classes that `get_class_object` handed out.
    let Some(class) = (unsafe { this.as_ref() }).filter(|_| !iid.is_null()) else {
        return HResult::POINTER;
    };
    if !outer.is_null() {
        return HResult::NO_AGGREGATION;
    }
    let Ok(object) = catch_unwind(|| (class.make)(class.clsid)) else {
        return HResult::UNEXPECTED;
    };
    let raw = object.as_raw();
    // SAFETY: the object is alive until `object` is dropped below; `query_interface` takes a
    // reference of its own for the host.
    unsafe { ((*raw.as_ref().vtable).query_interface)(raw.as_ptr(), iid, out) }
}

unsafe extern "system" fn factory_lock_server(_this: *const Class, lock: i32) -> HResult {
    let step = |count: u32| {
        if lock != 0 {
            count.checked_add(1)
        } else {
            count.checked_sub(1)
        }
    };
    match LOCKS.try_update(Ordering::AcqRel, Ordering::Acquire, step) {
        Ok(_) => HResult::OK,
        Err(_) => HResult::UNEXPECTED,
    }
}
