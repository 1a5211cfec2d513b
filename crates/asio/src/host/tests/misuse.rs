//! Our host misuses our driver.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use super::super::misuse::{self, Answer, Inside};
use super::super::{BlockIo, Driver, Handler};
use super::{Counter, Seen, TURN, assert_clean, channels, open, wait_for_blocks};
use crate::abi::{AsioError, HResult};
use crate::driver::ObjectRef;
use crate::mock::{MockDriver, Probe};

#[test]
fn null_in_every_pointer_argument_is_refused() {
    for prepared in [false, true] {
        let _turn = TURN.lock();
        let (mut driver, probe) = open(false);
        if prepared {
            driver
                .create_buffers(&channels(), 64, Counter::new().0)
                .unwrap();
        }
        let findings = misuse::null_pointers(&mut driver);
        assert_eq!(findings.len(), 31);
        for finding in findings {
            let expected = match finding.method {
                "QueryInterface" => Answer::Com(HResult::POINTER),
                "getDriverName" | "getErrorMessage" => Answer::Nothing,
                _ => Answer::Code(AsioError::INVALID_PARAMETER),
            };
            assert_eq!(finding.answer, expected, "{finding:?}");
            assert!(!finding.answer.is_success());
        }
        assert_eq!(
            probe.live_streams.load(Ordering::Relaxed),
            i32::from(prepared)
        );
        drop(driver);
        assert_clean(&probe);
    }
}

/// T35: a host stops, disposes and releases from inside its own callback.
#[test]
fn calls_from_inside_the_callback_come_back() {
    let _turn = TURN.lock();
    let all = [
        Inside::Questions,
        Inside::Stop,
        Inside::DisposeBuffers,
        Inside::Release,
    ];
    for what in all {
        for _ in 0..20 {
            let (driver, probe) = open(true);
            let patience = Duration::from_secs(60);
            let code = misuse::from_callback(driver, &channels(), 64, what, patience);
            assert_eq!(code, Ok(AsioError::OK), "{what:?}");
            assert_clean(&probe);
        }
    }
}

/// T35: the control thread is in a call that waits for the callback, and the callback calls too.
#[test]
fn a_call_from_the_callback_does_not_wait_for_a_busy_driver() {
    struct Asks {
        raw: Arc<ObjectRef>,
        seen: Arc<Seen>,
        code: Arc<AtomicI32>,
    }
    impl Handler for Asks {
        fn buffer_switch(&mut self, _io: &mut BlockIo<'_>) {
            self.seen.blocks.fetch_add(1, Ordering::Relaxed);
            let (mut input, mut output) = (0, 0);
            let this = self.raw.as_raw();
            // SAFETY: a live object and locals.
            let code = unsafe {
                ((*this.as_ref().vtable).get_latencies)(
                    this.as_ptr(),
                    &raw mut input,
                    &raw mut output,
                )
            };
            if code != AsioError::OK {
                self.code.store(code.0, Ordering::Relaxed);
            }
        }
    }
    let _turn = TURN.lock();
    let probe = Arc::<Probe>::default();
    let raw = Arc::new(MockDriver::object(&probe, true));
    // SAFETY: a live object; the reference is taken for the driver.
    let mut driver = unsafe {
        ((*raw.as_raw().as_ref().vtable).add_ref)(raw.as_raw().as_ptr());
        Driver::from_raw(raw.as_raw())
    };
    driver.init().unwrap();
    let (seen, code) = (Arc::<Seen>::default(), Arc::new(AtomicI32::new(0)));
    let asks = Asks {
        raw: Arc::clone(&raw),
        seen: Arc::clone(&seen),
        code: Arc::clone(&code),
    };
    driver
        .create_buffers(&channels(), 64, Box::new(asks))
        .unwrap();
    // Each stop joins the callback's thread, whose call would wait for the stop.
    while code.load(Ordering::Relaxed) == 0 {
        driver.start().unwrap();
        wait_for_blocks(&seen, 1);
        driver.stop().unwrap();
    }
    assert_eq!(
        AsioError(code.load(Ordering::Relaxed)),
        AsioError::INVALID_MODE
    );
    drop((driver, raw));
    assert_clean(&probe);
}
