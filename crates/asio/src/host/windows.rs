//! The windows of a driver, as far as a host without any of its own has to do with them.

/// Hands the messages that wait for this thread's windows to them. Some drivers have windows, or timers
/// that need this, on the thread that loaded them. Any thread; returns at once when there are none.
pub fn tend_windows() {
    #[cfg(windows)]
    system::dispatch();
}

#[cfg(windows)]
mod system {
    use std::ffi::c_void;
    use std::ptr;

    /// Messages of one call, so that a window that keeps sending does not keep the thread.
    const MESSAGES_MAX: u32 = 64;
    const REMOVE: u32 = 1;

    /// The system's `MSG`. Only the system reads it.
    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Message {
        window: *mut c_void,
        number: u32,
        words: [usize; 2],
        time: u32,
        point: [i32; 2],
        private: u32,
    }

    windows_link::link!("user32.dll" "system" fn PeekMessageW(
        message: *mut Message,
        window: *mut c_void,
        first: u32,
        last: u32,
        remove: u32,
    ) -> i32);
    windows_link::link!("user32.dll" "system" fn TranslateMessage(message: *const Message) -> i32);
    windows_link::link!("user32.dll" "system" fn DispatchMessageW(message: *const Message) -> isize);

    pub(super) fn dispatch() {
        let mut message = Message {
            window: ptr::null_mut(),
            number: 0,
            words: [0; 2],
            time: 0,
            point: [0; 2],
            private: 0,
        };
        for _ in 0..MESSAGES_MAX {
            // SAFETY: a local; null and zeros stand for all of this thread's messages.
            if unsafe { PeekMessageW(&raw mut message, ptr::null_mut(), 0, 0, REMOVE) } == 0 {
                return;
            }
            // SAFETY: a message that the system has just filled in.
            unsafe {
                TranslateMessage(&raw const message);
                DispatchMessageW(&raw const message);
            }
        }
    }
}
