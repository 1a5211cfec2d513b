//! Who may open what we make: this user and nobody else.

use std::mem::MaybeUninit;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::null_mut;

use windows_core::{HSTRING, PCWSTR, PWSTR};

use super::bindings::*;

/// A security descriptor that lets this process's user do everything and nobody else anything.
pub(super) struct SameUser(PSECURITY_DESCRIPTOR);

impl SameUser {
    /// # Errors
    /// One sentence with what the system said.
    pub(super) fn new() -> Result<SameUser, String> {
        let user = user_sid()?;
        // Protected: nothing is inherited. One entry: all for the user.
        let text = HSTRING::from(format!("D:P(A;;GA;;;{user})"));
        let mut descriptor = null_mut();
        // SAFETY: the text lives through the call; the descriptor is written on success only, and
        // its size is wanted by nobody.
        let done = unsafe {
            ConvertStringSecurityDescriptorToSecurityDescriptorW(
                PCWSTR(text.as_ptr()),
                SDDL_REVISION_1 as u32,
                &mut descriptor,
                null_mut(),
            )
        };
        if !done.as_bool() {
            return Err(why("A security descriptor cannot be made"));
        }
        Ok(SameUser(descriptor))
    }

    /// For a call that makes something; valid as long as `self`.
    pub(super) fn attributes(&self) -> SECURITY_ATTRIBUTES {
        SECURITY_ATTRIBUTES {
            nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
            lpSecurityDescriptor: self.0,
            bInheritHandle: false.into(),
        }
    }
}

impl Drop for SameUser {
    fn drop(&mut self) {
        // SAFETY: the system allocated it for us, and it is freed once.
        unsafe { LocalFree(self.0) };
    }
}

/// The user of this process as a text.
pub(super) fn user_sid() -> Result<String, String> {
    let mut token = null_mut();
    // SAFETY: the process's own handle needs no closing; the token is written on success only.
    let done = unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY as u32, &mut token) };
    if !done.as_bool() {
        return Err(why("This process's user cannot be found"));
    }
    // SAFETY: the system opened this handle for us just now, and nobody else closes it.
    let token = unsafe { OwnedHandle::from_raw_handle(token) };
    /// A user, and room for the id that it points to: 68 bytes at most.
    #[repr(C)]
    struct Answer {
        user: TOKEN_USER,
        room: [u64; 16],
    }
    let mut answer = MaybeUninit::<Answer>::zeroed();
    let mut length = 0;
    // SAFETY: the memory is as long as is said and aligned as `TOKEN_USER` must be.
    let done = unsafe {
        GetTokenInformation(
            token.as_raw_handle(),
            TokenUser,
            answer.as_mut_ptr().cast(),
            size_of::<Answer>() as u32,
            &mut length,
        )
    };
    if !done.as_bool() {
        return Err(why("This process's user cannot be read"));
    }
    let mut text = PWSTR::null();
    // SAFETY: the call before has written a user whose id is in `answer`, which lives on.
    let done = unsafe {
        let user = (*answer.as_ptr()).user.User.Sid;
        ConvertSidToStringSidW(user, &mut text)
    };
    if !done.as_bool() {
        return Err(why("This process's user has no text"));
    }
    // SAFETY: the system has written a text that ends with 0.
    let shown = unsafe { text.to_string() };
    // SAFETY: the system allocated it for us, and it is freed once.
    unsafe { LocalFree(text.0.cast()) };
    shown.map_err(|error| format!("This process's user has no text: {error}."))
}

/// The last error of this thread, as a sentence.
pub(super) fn why(what: &str) -> String {
    format!("{what}: {}.", std::io::Error::last_os_error())
}
