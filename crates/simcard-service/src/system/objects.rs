//! Handles of the system, closed when dropped.

use std::os::windows::io::{AsRawHandle, FromRawHandle, IntoRawHandle, OwnedHandle};
use std::ptr::null;
use std::sync::atomic::Ordering;

use windows_core::{HSTRING, PCWSTR};

use super::bindings::*;
use crate::layout::{MAGIC, Shared, VERSION};

/// The last error of this thread as a sentence's end.
fn why() -> String {
    std::io::Error::last_os_error().to_string()
}

fn own(handle: HANDLE) -> Option<OwnedHandle> {
    // SAFETY: the system made this handle for us just now, and nobody else closes it.
    (!handle.is_null()).then(|| unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// An event.
pub struct Event(OwnedHandle);

impl Event {
    /// The event of that name, made if it is not there: one waiter wakes and it is unset.
    ///
    /// # Errors
    /// One sentence.
    pub fn named(name: &HSTRING) -> Result<Self, String> {
        // SAFETY: null is default security; the name lives through the call.
        let handle =
            unsafe { CreateEventW(null(), false.into(), false.into(), PCWSTR(name.as_ptr())) };
        let made = own(handle).map(Self);
        made.ok_or_else(|| {
            format!(
                "The event {} cannot be made: {}.",
                name.to_string_lossy(),
                why()
            )
        })
    }

    /// A new event of this process, of the same kind.
    ///
    /// # Errors
    /// The `HRESULT`.
    pub fn unnamed() -> Result<Self, i32> {
        // SAFETY: null is default security and no name.
        let handle = unsafe { CreateEventW(null(), false.into(), false.into(), PCWSTR::null()) };
        own(handle).map(Self).ok_or(crate::codes::OUT_OF_MEMORY)
    }

    /// The handle, which is open as long as `self` is.
    pub fn handle(&self) -> HANDLE {
        self.0.as_raw_handle()
    }

    /// The event that another process's handle stands for.
    ///
    /// # Errors
    /// The `HRESULT`.
    pub fn of_process(process: u32, handle: u64) -> Result<Self, i32> {
        const INVALID: i32 = crate::codes::INVALID_ARGUMENT;
        // SAFETY: the call takes numbers.
        let from = unsafe { OpenProcess(PROCESS_DUP_HANDLE as u32, false.into(), process) };
        let from = own(from).ok_or(INVALID)?;
        let source = usize::try_from(handle).map_err(|_| INVALID)? as HANDLE;
        let mut ours = std::ptr::null_mut();
        // SAFETY: both process handles are open; the system checks the other process's handle.
        let done = unsafe {
            let to = GetCurrentProcess();
            let access = EVENT_MODIFY_STATE as u32;
            DuplicateHandle(
                from.as_raw_handle(),
                source,
                to,
                &mut ours,
                access,
                false.into(),
                0,
            )
        };
        if !done.as_bool() {
            return Err(INVALID);
        }
        own(ours).map(Self).ok_or(INVALID)
    }

    /// Sets it.
    pub fn set(&self) {
        // SAFETY: the handle is open as long as `self` is.
        let _ = unsafe { SetEvent(self.0.as_raw_handle()) };
    }

    /// Whether it is set within so many milliseconds; unset by that.
    pub fn wait(&self, timeout_ms: u32) -> bool {
        // SAFETY: as above.
        let code = unsafe { WaitForSingleObject(self.0.as_raw_handle(), timeout_ms) };
        code == WAIT_OBJECT_0 as u32
    }
}

/// A process that can be watched.
pub(super) struct ProcessHandle(Option<OwnedHandle>);

impl ProcessHandle {
    pub(super) fn of(process: u32) -> Self {
        const SYNCHRONIZE: u32 = 0x0010_0000;
        // SAFETY: the call takes numbers.
        Self(own(unsafe {
            OpenProcess(SYNCHRONIZE, false.into(), process)
        }))
    }

    pub(super) fn has_ended(&self) -> bool {
        let Some(handle) = &self.0 else { return true };
        // SAFETY: the handle is open as long as `self` is.
        let code = unsafe { WaitForSingleObject(handle.as_raw_handle(), 0) };
        code == WAIT_OBJECT_0 as u32
    }
}

/// A mutex between processes.
pub(super) struct NamedMutex(OwnedHandle);

impl NamedMutex {
    pub(super) fn named(name: &HSTRING) -> Option<Self> {
        // SAFETY: null is default security; the name lives through the call.
        own(unsafe { CreateMutexW(null(), false.into(), PCWSTR(name.as_ptr())) }).map(Self)
    }

    /// Holds it while `work` runs. `None` when nobody let go of it for so many milliseconds. A holder
    /// that died lets go.
    pub(super) fn with<R>(&self, timeout_ms: u32, work: impl FnOnce() -> R) -> Option<R> {
        // SAFETY: the handle is open as long as `self` is.
        let code = unsafe { WaitForSingleObject(self.0.as_raw_handle(), timeout_ms) } as i32;
        if code != WAIT_OBJECT_0 && code != WAIT_ABANDONED {
            return None;
        }
        struct Release<'a>(&'a NamedMutex);
        impl Drop for Release<'_> {
            fn drop(&mut self) {
                // SAFETY: this thread holds the mutex, and its handle is open.
                let _ = unsafe { ReleaseMutex(self.0.0.as_raw_handle()) };
            }
        }
        let _release = Release(self);
        Some(work())
    }
}

/// Memory that the processes of a run share. It stays mapped until the process ends.
pub(super) fn make_memory(name: &HSTRING) -> Result<&'static Shared, String> {
    let shown = name.to_string_lossy();
    let bytes = size_of::<Shared>() as u64;
    let (high, low) = ((bytes >> 32) as u32, bytes as u32);
    // SAFETY: no file but the page file; null is default security; the name lives through the call.
    let handle = unsafe {
        let file = -1_isize as HANDLE;
        let protection = PAGE_READWRITE as u32;
        CreateFileMappingW(file, null(), protection, high, low, PCWSTR(name.as_ptr()))
    };
    let existed = std::io::Error::last_os_error().raw_os_error() == Some(183);
    let handle =
        own(handle).ok_or_else(|| format!("The memory {shown} cannot be made: {}.", why()))?;
    // SAFETY: the memory was made with this size, or the system refuses to map so much of it.
    let shared = unsafe { view(handle) };
    let shared =
        shared.ok_or_else(|| format!("The memory {shown} cannot be mapped: {}.", why()))?;
    // Clients keep the memory of a service that is gone; the next one takes it over.
    let owner = shared.header.process.load(Ordering::Acquire);
    if existed && shared.is_served() && !ProcessHandle::of(owner).has_ended() {
        return Err(format!(
            "A service of this run works already (process {owner}); stop it, or set SIMCARD_RUN to \
             another name."
        ));
    }
    Ok(shared)
}

/// The memory of a running service.
pub(super) fn open_memory(name: &HSTRING) -> Option<&'static Shared> {
    // SAFETY: the name lives through the call.
    let handle = unsafe {
        OpenFileMappingW(
            FILE_MAP_ALL_ACCESS as u32,
            false.into(),
            PCWSTR(name.as_ptr()),
        )
    };
    // SAFETY: a mapping of fewer bytes cannot be mapped at this size; what is in it is checked below.
    let shared = unsafe { view(own(handle)?) }?;
    let ours = shared.header.magic.load(Ordering::Acquire) == MAGIC
        && shared.header.version.load(Ordering::Relaxed) == VERSION;
    ours.then_some(shared)
}

/// # Safety
/// The handle is of a mapping that is at least as large as [`Shared`] or fails to be mapped so.
unsafe fn view(handle: OwnedHandle) -> Option<&'static Shared> {
    // SAFETY: the handle is open. The size is the layout's, and the system refuses more than there is.
    let start = unsafe {
        let access = FILE_MAP_ALL_ACCESS as u32;
        MapViewOfFile(handle.as_raw_handle(), access, 0, 0, size_of::<Shared>())
    };
    // The name is there as long as a handle is; the view alone does not keep it everywhere.
    let _ = handle.into_raw_handle();
    // SAFETY: the view is never unmapped, is aligned to pages, and every bit pattern is a value of
    // `Shared`, whose fields are atomics because others write there.
    unsafe { start.cast::<Shared>().as_ref() }
}
