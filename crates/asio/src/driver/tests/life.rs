//! References, identity, and calls that come when they should not.

use std::ffi::c_void;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Raw, call};
use crate::Guid;
use crate::abi::{AsioError, HResult, Int64};
use crate::mock::CLSID;

fn query(raw: &Raw, iid: Guid) -> (HResult, *mut c_void) {
    let mut out: *mut c_void = ptr::dangling_mut();
    (
        call!(raw, query_interface, &raw const iid, &raw mut out),
        out,
    )
}

/// T25: the class id is the interface id.
#[test]
fn the_object_is_itself_and_nothing_else() {
    let raw = Raw::new();
    for iid in [Guid::IUNKNOWN, CLSID] {
        assert_eq!(query(&raw, iid), (HResult::OK, raw.this().cast()));
        assert_eq!(call!(raw, release), 1);
    }
    let other = Guid::from_u128(CLSID.to_u128() + 1);
    for iid in [other, Guid::ICLASS_FACTORY] {
        assert_eq!(query(&raw, iid), (HResult::NO_INTERFACE, ptr::null_mut()));
    }
    assert_eq!(
        call!(raw, query_interface, &CLSID, ptr::null_mut()),
        HResult::POINTER
    );
    let mut out: *mut c_void = ptr::dangling_mut();
    assert_eq!(
        call!(raw, query_interface, ptr::null(), &raw mut out),
        HResult::POINTER
    );
    assert!(out.is_null());
}

/// T45: hosts release once too often.
#[test]
fn an_object_dies_once_and_stays_harmless() {
    let raw = Raw::prepared();
    assert_eq!(call!(raw, start), AsioError::OK);
    assert_eq!(call!(raw, add_ref), 2);
    assert_eq!(call!(raw, release), 1);
    assert_eq!(raw.probe.live_drivers.load(Ordering::Relaxed), 1);
    for _ in 0..3 {
        assert_eq!(call!(raw, release), 0);
        assert_eq!(raw.probe.live_drivers.load(Ordering::Relaxed), 0);
        assert_eq!(raw.probe.live_streams.load(Ordering::Relaxed), 0);
    }
    assert_eq!(call!(raw, add_ref), 0);
    assert_eq!(query(&raw, CLSID), (HResult::NO_INTERFACE, ptr::null_mut()));
    assert_eq!(raw.init(), 0);
    assert_eq!(call!(raw, stop), AsioError::NOT_PRESENT);
    assert_eq!(call!(raw, output_ready), AsioError::NOT_PRESENT);
    let (mut position, mut time) = (Int64::new(9), Int64::new(9));
    let code = call!(raw, get_sample_position, &raw mut position, &raw mut time);
    assert_eq!(
        (code, position, time),
        (AsioError::NOT_PRESENT, Int64::new(9), Int64::new(9))
    );
    assert_eq!(
        raw.error_text(),
        "\u{fffd}".repeat(124),
        "nothing was written"
    );
}

#[test]
fn a_release_while_another_thread_calls_waits_for_nobody_and_frees_once() {
    for _ in 0..200 {
        let raw = Arc::new(Raw::prepared());
        let caller = {
            let raw = Arc::clone(&raw);
            std::thread::spawn(move || {
                while call!(raw, output_ready) == AsioError::OK {
                    let _ = call!(raw, start);
                    let _ = call!(raw, stop);
                }
            })
        };
        call!(raw, release);
        caller.join().unwrap();
        assert_eq!(raw.probe.live_drivers.load(Ordering::Relaxed), 0);
        assert_eq!(raw.probe.live_streams.load(Ordering::Relaxed), 0);
        assert_eq!(*raw.probe.violations.lock(), [""; 0]);
    }
}

#[test]
fn many_threads_at_once_keep_the_driver_in_order() {
    let raw = Arc::new(Raw::initialised());
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let raw = Arc::clone(&raw);
            std::thread::spawn(move || {
                for _ in 0..300 {
                    let _ = raw.create(&mut super::outputs(2), 64);
                    let _ = call!(raw, start);
                    let _ = call!(raw, output_ready);
                    let _ = call!(raw, stop);
                    let _ = call!(raw, dispose_buffers);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(*raw.probe.violations.lock(), [""; 0]);
    assert_eq!(raw.probe.live_streams.load(Ordering::Relaxed), 0);
}

/// A driver's panel pumps messages, and the host's window calls the driver again.
#[test]
fn a_call_from_inside_a_call_is_refused_instead_of_waiting_for_ever() {
    let raw = Arc::new(Raw::initialised());
    let inner = Arc::clone(&raw);
    *raw.probe.inside_panel.lock() = Some(Box::new(move || {
        assert_eq!(call!(inner, start), AsioError::INVALID_MODE);
        assert_eq!(inner.init(), 0);
        assert_eq!(call!(inner, output_ready), AsioError::OK);
        assert!(
            inner.error_text().contains("inside another call"),
            "{}",
            inner.error_text()
        );
    }));
    assert_eq!(call!(raw, control_panel), AsioError::OK);
    assert!(raw.probe.inside_panel.lock().is_none(), "it ran");
    assert_eq!(
        call!(raw, start),
        AsioError::INVALID_MODE,
        "nothing is prepared"
    );
    assert!(raw.error_text().contains("create buffers first"));
}
