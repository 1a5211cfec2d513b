//! A named pipe for words between the router and programs of the same user.

use std::fs::{File, OpenOptions};
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::time::{Duration, Instant};

use windows_core::{HSTRING, PCWSTR};

use super::bindings::*;
use super::security::{SameUser, user_sid, why};

/// How many programs may talk at a time.
const INSTANCES_MAX: u32 = 16;
const BUFFER_BYTES: u32 = 64 * 1024;
/// How long a program waits for its turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(2);
const ERROR_PIPE_BUSY: i32 = 231;

/// The router's end, which waits for programs. Open to the same user on the same machine alone.
pub struct ControlPipe {
    name: HSTRING,
    waiting: OwnedHandle,
}

impl ControlPipe {
    /// Makes it, for the router of that name.
    ///
    /// # Errors
    /// One sentence: somebody has the name already, or what the system said.
    pub fn make(router: &str) -> Result<ControlPipe, String> {
        let name = HSTRING::from(name_of(router)?);
        let waiting = instance(&name, true)?;
        Ok(ControlPipe { name, waiting })
    }

    /// Waits until a program is there; what it writes can be read, and it reads what is written.
    ///
    /// # Errors
    /// One sentence with what the system said. It can be tried again.
    pub fn accept(&mut self) -> Result<File, String> {
        // SAFETY: the handle is open as long as `self` is; nothing is overlapped.
        let done = unsafe { ConnectNamedPipe(self.waiting.as_raw_handle(), std::ptr::null_mut()) };
        let error = std::io::Error::last_os_error().raw_os_error();
        // It may have come before it was waited for.
        if !done.as_bool() && error != Some(ERROR_PIPE_CONNECTED) {
            return Err(why("The router's control pipe does not work"));
        }
        let next = instance(&self.name, false)?;
        Ok(File::from(std::mem::replace(&mut self.waiting, next)))
    }
}

/// The end of a program of the same user.
///
/// # Errors
/// One sentence: no router runs, or what the system said.
pub fn connect(router: &str) -> Result<File, String> {
    let name = name_of(router)?;
    let end = Instant::now() + TURN_TIMEOUT;
    loop {
        match OpenOptions::new().read(true).write(true).open(&name) {
            Ok(file) => return Ok(file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err("No router runs; start it with `asio2wasapi route`.".to_owned());
            }
            Err(error) if error.raw_os_error() == Some(ERROR_PIPE_BUSY) && Instant::now() < end => {
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(error) => return Err(format!("The router cannot be talked to: {error}.")),
        }
    }
}

/// Each user has a pipe of its own.
fn name_of(router: &str) -> Result<String, String> {
    Ok(format!(r"\\.\pipe\{router}-{}", user_sid()?))
}

fn instance(name: &HSTRING, is_first: bool) -> Result<OwnedHandle, String> {
    let user = SameUser::new()?;
    let attributes = user.attributes();
    // The first must be the first: nobody else may have the name.
    let first = if is_first {
        FILE_FLAG_FIRST_PIPE_INSTANCE
    } else {
        0
    };
    let ways = PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS;
    // SAFETY: the name and the attributes live through the call.
    let handle = unsafe {
        CreateNamedPipeW(
            PCWSTR(name.as_ptr()),
            (PIPE_ACCESS_DUPLEX | first) as u32,
            ways as u32,
            INSTANCES_MAX,
            BUFFER_BYTES,
            BUFFER_BYTES,
            0,
            &attributes,
        )
    };
    if handle == INVALID_HANDLE_VALUE {
        return Err(why("The router's control pipe cannot be made"));
    }
    // SAFETY: the system made this handle for us just now, and nobody else closes it.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}
