//! Drivers that fail or panic.

use std::sync::atomic::Ordering;

use super::{Raw, call, outputs};
use crate::abi::AsioError;

#[test]
fn a_panic_ends_at_the_border_and_the_object_goes_on() {
    let raw = Raw::new();
    *raw.probe.panic_in.lock() = Some("init");
    assert_eq!(raw.init(), 0);
    assert!(
        raw.error_text().contains("planted in init"),
        "{}",
        raw.error_text()
    );
    assert_eq!(raw.init(), 1);

    *raw.probe.panic_in.lock() = Some("create_stream");
    let mut infos = outputs(2);
    assert_eq!(raw.create(&mut infos, 64), AsioError::HW_MALFUNCTION);
    assert!(infos.iter().all(|info| { info.buffers }[0].is_null()));
    assert_eq!(raw.create(&mut infos, 64), AsioError::OK);

    *raw.probe.panic_in.lock() = Some("start");
    assert_eq!(call!(raw, start), AsioError::HW_MALFUNCTION);
    assert_eq!(call!(raw, start), AsioError::OK);
    *raw.probe.panic_in.lock() = Some("stop");
    assert_eq!(call!(raw, stop), AsioError::HW_MALFUNCTION);
    assert_eq!(call!(raw, stop), AsioError::OK, "it counts as stopped");

    *raw.probe.panic_in.lock() = Some("latencies");
    let (mut input, mut output) = (9, 9);
    let code = call!(raw, get_latencies, &raw mut input, &raw mut output);
    assert_eq!((code, input, output), (AsioError::HW_MALFUNCTION, 9, 9));
    assert_eq!(call!(raw, dispose_buffers), AsioError::OK);
    assert_eq!(raw.probe.live_streams.load(Ordering::Relaxed), 0);
}

/// T53: the text fits its 124 bytes and every code page.
#[test]
fn an_error_reaches_the_host_as_code_and_text() {
    let raw = Raw::initialised();
    *raw.probe.fail_in.lock() = Some("control_panel");
    assert_eq!(call!(raw, control_panel), AsioError::HW_MALFUNCTION);
    assert_eq!(raw.error_text(), "control_panel failed - <u>");
    assert_eq!(call!(raw, control_panel), AsioError::OK);
    assert_eq!(
        raw.error_text(),
        "control_panel failed - <u>",
        "the last error stays"
    );

    *raw.probe.fail_in.lock() = Some("create_stream");
    assert_eq!(raw.create(&mut outputs(1), 64), AsioError::HW_MALFUNCTION);
    assert_eq!(raw.probe.live_streams.load(Ordering::Relaxed), 0);
}

#[test]
fn a_failed_init_can_be_tried_again() {
    let raw = Raw::new();
    *raw.probe.fail_in.lock() = Some("init");
    assert_eq!(raw.init(), 0);
    assert_eq!(raw.error_text(), "init failed - <u>");
    assert_eq!(call!(raw, start), AsioError::NOT_PRESENT);
    assert_eq!(raw.init(), 1);
}
