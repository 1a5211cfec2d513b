//! Calls the host after `disposeBuffers`.

use std::thread;
use std::time::Duration;

use asio::abi::{AsioError, BufferInfo, Callbacks, Iasio};
use rt::Mutex;

use super::{SOUND, method, sound};

/// How late.
const LATE: Duration = Duration::from_millis(20);

/// Which object has which host.
static HOSTS: Mutex<Vec<(usize, Callbacks)>> = Mutex::new(Vec::new());

method! {
    fn remembers(
        this: *mut Iasio,
        infos: *mut BufferInfo,
        count: i32,
        block_frames: i32,
        callbacks: *const Callbacks,
    ) -> AsioError {
        let code = sound!(create_buffers(this, infos, count, block_frames, callbacks));
        if code == AsioError::OK {
            // SAFETY: readable, or the call would have failed.
            let host = unsafe { callbacks.read_unaligned() };
            HOSTS.lock().push((this.addr(), host));
        }
        code
    }
}

method! {
    fn calls_late(this: *mut Iasio) -> AsioError {
        let code = sound!(dispose_buffers(this));
        let mut hosts = HOSTS.lock();
        let place = hosts.iter().position(|(object, _)| *object == this.addr());
        let host = place.map(|place| hosts.swap_remove(place).1);
        if let Some(switch) = host.and_then(|host| host.buffer_switch) {
            thread::spawn(move || {
                thread::sleep(LATE);
                // SAFETY: none: the stream is disposed of. The hosts that this is made for keep
                // their functions.
                unsafe { switch(0, 1) };
            });
        }
        code
    }
}
