//! Reads the host's list of callbacks at every call instead of copying it once.

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use asio::abi::{AsioError, AsioTime, BufferInfo, Callbacks, HostMessage, Iasio};

use super::{SOUND, method, sound};

/// Streams that one after the other have a list of their own.
const STREAMS: usize = 8;

/// The hosts' lists, where the hosts keep them.
static LISTS: [AtomicPtr<Callbacks>; STREAMS] =
    [const { AtomicPtr::new(ptr::null_mut()) }; STREAMS];
static NEXT: AtomicUsize = AtomicUsize::new(0);

static FORWARDERS: [Callbacks; STREAMS] = [
    forwarders::<0>(),
    forwarders::<1>(),
    forwarders::<2>(),
    forwarders::<3>(),
    forwarders::<4>(),
    forwarders::<5>(),
    forwarders::<6>(),
    forwarders::<7>(),
];

method! {
    fn keeps_callbacks(
        this: *mut Iasio,
        infos: *mut BufferInfo,
        count: i32,
        block_frames: i32,
        callbacks: *const Callbacks,
    ) -> AsioError {
        let stream = NEXT.fetch_add(1, Ordering::Relaxed) % STREAMS;
        let list = if is_host(callbacks) {
            LISTS[stream].store(callbacks.cast_mut(), Ordering::Release);
            &raw const FORWARDERS[stream]
        } else {
            callbacks
        };
        sound!(create_buffers(this, infos, count, block_frames, list))
    }
}

fn is_host(callbacks: *const Callbacks) -> bool {
    if callbacks.is_null() {
        return false;
    }
    // SAFETY: not null, so readable by ASIO's rules.
    let list = unsafe { callbacks.read_unaligned() };
    list.buffer_switch.is_some() || list.buffer_switch_time_info.is_some()
}

const fn forwarders<const STREAM: usize>() -> Callbacks {
    Callbacks {
        buffer_switch: Some(switch::<STREAM>),
        sample_rate_did_change: Some(rate_change::<STREAM>),
        asio_message: Some(message::<STREAM>),
        buffer_switch_time_info: Some(timed_switch::<STREAM>),
    }
}

/// What the host's list says now.
fn host(stream: usize) -> Callbacks {
    let list = LISTS[stream].load(Ordering::Acquire);
    // SAFETY: none: the host may have given its list up. Those that this is made for keep its memory.
    unsafe { list.read_volatile() }
}

unsafe extern "C" fn switch<const STREAM: usize>(half: i32, direct: i32) {
    let list = host(STREAM);
    if let Some(switch) = list.buffer_switch {
        // SAFETY: the host's function.
        unsafe { switch(half, direct) };
    } else if let Some(switch) = list.buffer_switch_time_info {
        let mut time = AsioTime::EMPTY;
        // SAFETY: the host's function, and a local.
        unsafe { switch(&raw mut time, half, direct) };
    }
}

unsafe extern "C" fn timed_switch<const STREAM: usize>(
    time: *mut AsioTime,
    half: i32,
    direct: i32,
) -> *mut AsioTime {
    let list = host(STREAM);
    if let Some(switch) = list.buffer_switch_time_info {
        // SAFETY: the host's function with the driver's own time.
        return unsafe { switch(time, half, direct) };
    }
    if let Some(switch) = list.buffer_switch {
        // SAFETY: the host's function.
        unsafe { switch(half, direct) };
    }
    ptr::null_mut()
}

unsafe extern "C" fn rate_change<const STREAM: usize>(rate_hz: f64) {
    if let Some(change) = host(STREAM).sample_rate_did_change {
        // SAFETY: the host's function.
        unsafe { change(rate_hz) };
    }
}

unsafe extern "C" fn message<const STREAM: usize>(
    selector: HostMessage,
    value: i32,
    pointer: *mut c_void,
    number: *mut f64,
) -> i32 {
    match host(STREAM).asio_message {
        // SAFETY: the host's function with the driver's own arguments.
        Some(message) => unsafe { message(selector, value, pointer, number) },
        None => 0,
    }
}
