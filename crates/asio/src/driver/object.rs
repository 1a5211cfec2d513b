//! A driver as a COM object: its memory, its references, its life.

use std::cell::UnsafeCell;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};

use super::core::Core;
use super::{Driver, shims};
use crate::abi::{Guid, Iasio};

/// How many drivers are alive in this module.
static LIVE_OBJECTS: AtomicU32 = AtomicU32::new(0);

/// The number of drivers that are alive in this module.
pub(super) fn live_objects() -> u32 {
    LIVE_OBJECTS.load(Ordering::Acquire)
}

/// A [`Driver`] as a COM object.
///
/// Hosts of the field release an object once too often, or use it in one thread while they release
/// it in another. So the driver is dropped once, when the host's references are gone and no call is
/// under way, and the object's own few bytes stay for ever: whatever comes later finds an object
/// that says `ASE_NotPresent`, never freed memory.
#[repr(C)]
pub struct Object<D: Driver> {
    /// First, because a pointer to the object is a pointer to this.
    iasio: Iasio,
    /// The class id, which also is the interface id.
    clsid: Guid,
    /// The host's references. Stays 0 once it was 0.
    references: AtomicU32,
    /// Calls under way, and one for all of the host's references together. The driver is there
    /// while this is not 0; stays 0 once it was 0.
    users: AtomicU32,
    core: UnsafeCell<Option<Core<D>>>,
}

/// One of the host's references to an object; dropping it releases the object.
#[derive(Debug)]
pub struct ObjectRef {
    raw: NonNull<Iasio>,
}

// SAFETY: the object's methods may be called from any thread; they keep order among themselves.
unsafe impl Send for ObjectRef {}
// SAFETY: as for `Send`.
unsafe impl Sync for ObjectRef {}

impl ObjectRef {
    /// The pointer that a host would have. Valid for ever, answering while a reference is there.
    pub fn as_raw(&self) -> NonNull<Iasio> {
        self.raw
    }

    /// Hands the reference over; whoever takes the pointer has to release it.
    pub fn into_raw(self) -> NonNull<Iasio> {
        let raw = self.raw;
        std::mem::forget(self);
        raw
    }
}

impl Drop for ObjectRef {
    fn drop(&mut self) {
        // SAFETY: the pointer came from `Object::create`, whose memory is never freed.
        unsafe { ((*self.raw.as_ref().vtable).release)(self.raw.as_ptr()) };
    }
}

impl<D: Driver> Object<D> {
    /// Makes an object of that class around `driver`. Leaves a hundred bytes behind when the
    /// driver is gone, deliberately: see the type.
    pub fn create(clsid: Guid, driver: D) -> ObjectRef {
        LIVE_OBJECTS.fetch_add(1, Ordering::AcqRel);
        let object = Box::leak(Box::new(Object {
            iasio: Iasio {
                vtable: &raw const *shims::vtable::<D>(),
            },
            clsid,
            references: AtomicU32::new(1),
            users: AtomicU32::new(1),
            core: UnsafeCell::new(Some(Core::new(driver))),
        }));
        ObjectRef {
            raw: NonNull::from(object).cast(),
        }
    }

    /// The object behind a host's pointer; `None` for null.
    ///
    /// # Safety
    /// `this` is null or came from [`create`](Self::create) of the same `D`.
    pub(super) unsafe fn from_raw<'a>(this: *mut Iasio) -> Option<&'a Object<D>> {
        // SAFETY: objects are never freed, and `Iasio` is the first member.
        unsafe { this.cast::<Object<D>>().as_ref() }
    }

    /// Whether `iid` names what the object is.
    pub(super) fn answers_to(&self, iid: Guid) -> bool {
        iid == Guid::IUNKNOWN || iid == self.clsid
    }

    /// One more reference of the host; returns how many there are. 0: the object is dead.
    pub(super) fn add_reference(&self) -> u32 {
        let step = |count: u32| {
            if count == 0 {
                None
            } else {
                count.checked_add(1)
            }
        };
        match self
            .references
            .try_update(Ordering::AcqRel, Ordering::Acquire, step)
        {
            Ok(before) => before + 1,
            Err(unchanged) => unchanged,
        }
    }

    /// One reference less; returns how many are left. Below 0 nothing happens.
    pub(super) fn release_reference(&self) -> u32 {
        let step = |count: u32| count.checked_sub(1);
        match self
            .references
            .try_update(Ordering::AcqRel, Ordering::Acquire, step)
        {
            Ok(1) => {
                self.leave();
                0
            }
            Ok(before) => before - 1,
            Err(_) => 0,
        }
    }

    /// Keeps the driver alive for one call; `None` when it is gone.
    pub(super) fn enter(&self) -> Option<Use<'_, D>> {
        let step = |users: u32| {
            if users == 0 {
                None
            } else {
                users.checked_add(1)
            }
        };
        // Acquire: see the driver as its maker left it.
        self.users
            .try_update(Ordering::AcqRel, Ordering::Acquire, step)
            .ok()?;
        Some(Use { object: self })
    }

    fn leave(&self) {
        // AcqRel: the last one out sees everything that the others did with the driver.
        if self.users.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        // SAFETY: the count is 0 and stays 0, so nobody else has or gets access to the driver.
        let core = unsafe { (*self.core.get()).take() };
        // A panic while dropping must not reach the host. What is left of the driver is lost.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(core)));
        LIVE_OBJECTS.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A call under way.
pub(super) struct Use<'a, D: Driver> {
    object: &'a Object<D>,
}

impl<D: Driver> Deref for Use<'_, D> {
    type Target = Core<D>;

    fn deref(&self) -> &Core<D> {
        // SAFETY: while a `Use` exists the count of users is not 0, and only then is the driver
        // taken out; until then there are only shared references to it.
        let core = unsafe { &*self.object.core.get() };
        core.as_ref()
            .expect("the driver is there while somebody uses it")
    }
}

impl<D: Driver> Drop for Use<'_, D> {
    fn drop(&mut self) {
        self.object.leave();
    }
}
