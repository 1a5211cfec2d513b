//! Memory that two processes see.

use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::sync::atomic::AtomicU32;

use windows_core::{HSTRING, PCWSTR};

use super::bindings::*;
use super::security::{SameUser, why};
use crate::layout::{HEADER_BYTES, Header, MEMORY_BYTES};
use crate::limits::SAMPLES;

/// The memory of a place, mapped as long as this lives. Others may write there at any time, so it is
/// shown as atomics only, of which every bit pattern is a value.
pub(super) struct Memory {
    /// Of [`MEMORY_BYTES`], aligned to a page.
    start: *mut u8,
    /// The name is there as long as a handle is; the view alone does not keep it everywhere.
    _handle: OwnedHandle,
}

// SAFETY: `start` points to memory that belongs to no thread and is unmapped by `drop` alone; what
// is shown of it are atomics.
unsafe impl Send for Memory {}

impl Memory {
    /// Makes it, or takes what is there of that name; says which.
    ///
    /// # Errors
    /// One sentence with what the system said.
    pub(super) fn make(name: &HSTRING, user: &SameUser) -> Result<(Memory, bool), String> {
        let attributes = user.attributes();
        // SAFETY: no file but the page file; the attributes and the name live through the call.
        let handle = unsafe {
            CreateFileMappingW(
                -1_isize as HANDLE,
                &attributes,
                PAGE_READWRITE as u32,
                0,
                MEMORY_BYTES as u32,
                PCWSTR(name.as_ptr()),
            )
        };
        let last = std::io::Error::last_os_error().raw_os_error();
        let existed = last == Some(ERROR_ALREADY_EXISTS);
        if handle.is_null() {
            return Err(why("The router's memory cannot be made"));
        }
        // SAFETY: the system made this handle for us just now, and nobody else closes it.
        let handle = unsafe { OwnedHandle::from_raw_handle(handle) };
        let memory = Memory::view(handle);
        let memory = memory.ok_or_else(|| why("The router's memory cannot be mapped"))?;
        Ok((memory, existed))
    }

    /// What is there of that name.
    pub(super) fn open(name: &HSTRING) -> Option<Memory> {
        let access = (FILE_MAP_READ | FILE_MAP_WRITE) as u32;
        // SAFETY: the name lives through the call.
        let handle = unsafe { OpenFileMappingW(access, false.into(), PCWSTR(name.as_ptr())) };
        if handle.is_null() {
            return None;
        }
        // SAFETY: as in `make`.
        Memory::view(unsafe { OwnedHandle::from_raw_handle(handle) })
    }

    fn view(handle: OwnedHandle) -> Option<Memory> {
        let access = (FILE_MAP_READ | FILE_MAP_WRITE) as u32;
        // SAFETY: the handle is open. The size is the layout's, and the system refuses to map more
        // than there is.
        let start = unsafe { MapViewOfFile(handle.as_raw_handle(), access, 0, 0, MEMORY_BYTES) };
        (!start.is_null()).then(|| Memory {
            start: start.cast(),
            _handle: handle,
        })
    }

    pub(super) fn header(&self) -> &Header {
        // SAFETY: the view begins at a page and holds a header; it is mapped as long as `self`
        // lives, and every bit pattern is a value of `Header`, whose fields are atomics.
        unsafe { &*self.start.cast::<Header>() }
    }

    pub(super) fn samples(&self) -> &[AtomicU32] {
        // SAFETY: as above; `MEMORY_BYTES` is the header and as many words.
        unsafe {
            let first = self.start.add(HEADER_BYTES).cast::<AtomicU32>();
            std::slice::from_raw_parts(first, SAMPLES)
        }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: it was mapped by `view`, and what was shown of it has not outlived `self`.
        let _ = unsafe { UnmapViewOfFile(self.start.cast()) };
    }
}
