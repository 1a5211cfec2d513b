//! Hosts with all kinds of callbacks.

use std::cell::RefCell;
use std::ffi::c_void;

use super::super::{HostCallbacks, SamplePosition, SwitchTime};
use super::{Raw, call, outputs};
use crate::abi::{AsioError, AsioTime, Callbacks, HostMessage, time_info_flags};

/// What the host heard.
#[derive(Clone, Debug, PartialEq)]
enum Heard {
    Switch(i32, i32),
    /// Half, frames, ns, Hz, flags.
    TimedSwitch(i32, u64, u64, f64, u32),
    Message(HostMessage, i32),
    Rate(f64),
}

thread_local! {
    static HEARD: RefCell<Vec<Heard>> = const { RefCell::new(Vec::new()) };
}

fn hear(heard: Heard) {
    HEARD.with_borrow_mut(|list| list.push(heard));
}

fn take_heard() -> Vec<Heard> {
    HEARD.take()
}

unsafe extern "C" fn switch(half: i32, direct: i32) {
    hear(Heard::Switch(half, direct));
}

unsafe extern "C" fn timed_switch(time: *mut AsioTime, half: i32, _direct: i32) -> *mut AsioTime {
    // SAFETY: the driver passes a time of its own.
    let info = unsafe { time.read_unaligned() }.time_info;
    let (frames, ns) = (
        { info.sample_position }.value(),
        { info.system_time }.value(),
    );
    hear(Heard::TimedSwitch(
        half,
        frames,
        ns,
        info.sample_rate,
        info.flags,
    ));
    time
}

/// Says yes to everything.
unsafe extern "C" fn yes(what: HostMessage, value: i32, _: *mut c_void, _: *mut f64) -> i32 {
    hear(Heard::Message(what, value));
    1
}

/// Says no to everything.
unsafe extern "C" fn no(what: HostMessage, value: i32, _: *mut c_void, _: *mut f64) -> i32 {
    hear(Heard::Message(what, value));
    0
}

unsafe extern "C" fn rate(rate_hz: f64) {
    hear(Heard::Rate(rate_hz));
}

const FULL: Callbacks = Callbacks {
    buffer_switch: Some(switch),
    sample_rate_did_change: Some(rate),
    asio_message: Some(yes),
    buffer_switch_time_info: Some(timed_switch),
};

const TIME: SwitchTime = SwitchTime {
    position: SamplePosition {
        frames: (1 << 32) + 2,
        system_ns: (3 << 32) + 4,
    },
    rate_hz: 96_000.0,
};

fn host(raw: Callbacks) -> HostCallbacks {
    // SAFETY: a local; the functions are static.
    let mut host = unsafe { HostCallbacks::from_raw(&raw const raw) }.unwrap();
    host.negotiate();
    host
}

/// What such a host hears of one block.
fn heard_of_a_block(raw: Callbacks) -> Vec<Heard> {
    let host = host(raw);
    take_heard();
    host.buffer_switch(1, true, Some(&TIME));
    take_heard()
}

/// T38: the time comes only where the host takes it and said so.
#[test]
fn a_block_comes_the_way_that_the_host_can_take() {
    use time_info_flags::{
        SAMPLE_POSITION_VALID, SAMPLE_RATE_VALID, SPEED_VALID, SYSTEM_TIME_VALID,
    };
    let flags = SYSTEM_TIME_VALID | SAMPLE_POSITION_VALID | SAMPLE_RATE_VALID | SPEED_VALID;
    let timed = vec![Heard::TimedSwitch(
        1,
        (1 << 32) + 2,
        (3 << 32) + 4,
        96_000.0,
        flags,
    )];
    let plain = vec![Heard::Switch(1, 1)];
    assert_eq!(heard_of_a_block(FULL), timed);
    assert_eq!(
        heard_of_a_block(Callbacks {
            asio_message: Some(no),
            ..FULL
        }),
        plain
    );
    assert_eq!(
        heard_of_a_block(Callbacks {
            asio_message: None,
            ..FULL
        }),
        plain
    );
    assert_eq!(
        heard_of_a_block(Callbacks {
            buffer_switch_time_info: None,
            ..FULL
        }),
        plain
    );
    let only_timed = Callbacks {
        buffer_switch: None,
        asio_message: None,
        ..FULL
    };
    assert_eq!(heard_of_a_block(only_timed), timed);
}

#[test]
fn without_a_time_nothing_is_said_to_be_valid() {
    let host = host(FULL);
    take_heard();
    host.buffer_switch(0, false, None);
    assert_eq!(take_heard(), [Heard::TimedSwitch(0, 0, 0, 0.0, 0)]);
}

#[test]
fn what_cannot_switch_is_no_host() {
    let none = Callbacks {
        buffer_switch: None,
        buffer_switch_time_info: None,
        ..FULL
    };
    // SAFETY: null or a local.
    unsafe {
        assert!(HostCallbacks::from_raw(&raw const none).is_none());
        assert!(HostCallbacks::from_raw(std::ptr::null()).is_none());
    }
}

/// T36, T37: hosts without `asioMessage`, and hosts that know nothing.
#[test]
fn messages_go_only_where_they_are_understood() {
    let reset = HostMessage::RESET_REQUEST;
    let supported = Heard::Message(HostMessage::SELECTOR_SUPPORTED, reset.0);

    let deaf = host(Callbacks {
        asio_message: None,
        sample_rate_did_change: None,
        ..FULL
    });
    assert_eq!(deaf.message(reset, 0), 0);
    deaf.sample_rate_did_change(1.0);
    assert_eq!(take_heard(), []);

    let unable = host(Callbacks {
        asio_message: Some(no),
        ..FULL
    });
    take_heard();
    assert_eq!(
        (unable.message(reset, 0), unable.clone().message(reset, 0)),
        (0, 0)
    );
    assert_eq!(
        take_heard(),
        vec![supported.clone()],
        "asked once, for all clones"
    );

    let able = host(FULL);
    take_heard();
    assert_eq!(able.message(reset, 5), 1);
    able.sample_rate_did_change(44_100.0);
    assert_eq!(
        take_heard(),
        [supported, Heard::Message(reset, 5), Heard::Rate(44_100.0)]
    );
    for unknown in [-1, 16, i32::MAX, i32::MIN] {
        assert_eq!(able.message(HostMessage(unknown), 0), 0);
    }
}

/// T36: the host's structure lives on its stack. And: when the stream is gone, so is the host.
#[test]
fn the_structure_is_copied_and_forgotten_in_time() {
    let raw = Raw::initialised();
    {
        let mut short_lived = Box::new(FULL);
        let mut infos = outputs(1);
        let code = call!(
            raw,
            create_buffers,
            infos.as_mut_ptr(),
            1,
            64,
            &raw const *short_lived
        );
        assert_eq!(code, AsioError::OK);
        *short_lived = Callbacks {
            buffer_switch: None,
            buffer_switch_time_info: None,
            ..*short_lived
        };
    }
    take_heard();
    let host = raw
        .probe
        .host
        .lock()
        .clone()
        .expect("the driver got the host");
    host.buffer_switch(0, true, Some(&TIME));
    assert_eq!(take_heard().len(), 1);
    assert_eq!(call!(raw, dispose_buffers), AsioError::OK);
    host.buffer_switch(0, true, Some(&TIME));
    host.sample_rate_did_change(48_000.0);
    assert_eq!(host.message(HostMessage::RESET_REQUEST, 0), 0);
    assert_eq!(take_heard(), []);
}
