//! Single calls, half a host, and references, on our own driver.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::misuse::{
    Answer, references, release_elsewhere, release_too_often, stray_callbacks,
};
use super::super::{BlockIo, Call, Driver, Handler, Offer};
use super::{Counter, TURN, assert_clean, channels, open};
use crate::abi::{AsioError, FutureSelector, HResult};
use crate::driver::ChannelId;
use crate::mock::{MockDriver, Probe};

const OUTPUT: ChannelId = ChannelId {
    is_input: false,
    index: 0,
};

/// What each call writes to, when it succeeds.
const QUESTIONS: [(Call<'static>, bool); 9] = [
    (Call::GetChannels, true),
    (Call::GetLatencies, true),
    (Call::GetBufferSize, true),
    (Call::CanSampleRate(48_000.0), false),
    (Call::GetSampleRate, true),
    (Call::SetSampleRate(48_000.0), false),
    (Call::GetClockSources(3), true),
    (Call::SetClockSource(0), false),
    (Call::GetChannelInfo(OUTPUT), true),
];

#[test]
fn a_failed_call_writes_nothing_and_a_good_one_no_more_than_it_may() {
    let _turn = TURN.lock();
    let probe = Arc::<Probe>::default();
    let driver = Driver::from_object(MockDriver::object(&probe, false));
    let bare = driver.bare();
    // T31: what needs a device says that there is none.
    let moves = [
        Call::CreateBuffers(&[OUTPUT], 256),
        Call::Start,
        Call::GetSamplePosition,
        Call::OutputReady,
        Call::Stop,
        Call::DisposeBuffers,
    ];
    let questions = QUESTIONS.map(|(call, _)| call);
    for call in questions.into_iter().chain(moves) {
        let made = bare.call(call);
        let expected = Answer::Code(AsioError::NOT_PRESENT);
        assert_eq!(
            (made.answer, made.is_written),
            (expected, false),
            "{made:?}"
        );
    }
    let made = bare.call(Call::Future(FutureSelector::CAN_TIME_INFO));
    assert_eq!(made.answer, Answer::Code(AsioError::SUCCESS));
    assert_eq!(bare.call(Call::Init).answer, Answer::Number(1));
    for (call, writes) in QUESTIONS {
        let made = bare.call(call);
        assert!(made.answer.is_success(), "{made:?}");
        assert_eq!(
            (made.is_written, made.is_breached),
            (writes, false),
            "{made:?}"
        );
    }
    let name = bare.call(Call::GetDriverName);
    assert_eq!(name.text, "Mock driver with a name that is");
    assert!(!name.is_breached);
    assert!(!bare.call(Call::GetErrorMessage).is_breached);
    assert_eq!(bare.call(Call::GetDriverVersion).answer, Answer::Number(7));
    let selector = FutureSelector::GET_INTERNAL_BUFFER_SAMPLES;
    let internal = bare.call(Call::Future(selector));
    assert_eq!(internal.answer, Answer::Code(AsioError::SUCCESS));
    assert!(internal.is_written && !internal.is_breached);
    drop(driver);
    assert_clean(&probe);
}

#[test]
fn a_stream_of_single_calls_has_two_halves_for_each_channel() {
    let _turn = TURN.lock();
    let (driver, probe) = open(true);
    let bare = driver.bare();
    let refused = bare.call(Call::CreateBuffers(&channels(), -1));
    assert!(!refused.answer.is_success() && !refused.is_written);
    let made = bare.call(Call::CreateBuffers(&channels(), 64));
    assert!(made.answer.is_success() && !made.is_breached);
    let halves: Vec<usize> = made.halves.concat();
    assert_eq!(halves.len(), 2 * channels().len());
    assert!(halves.iter().all(|half| *half != 0));
    for call in [
        Call::Start,
        Call::OutputReady,
        Call::Stop,
        Call::DisposeBuffers,
    ] {
        // From another thread, as some hosts do it.
        let made = std::thread::scope(|scope| scope.spawn(|| bare.call(call)).join());
        assert_eq!(made.unwrap().answer, Answer::Code(AsioError::OK));
    }
    drop(driver);
    assert_clean(&probe);
}

struct CountsBlocks(Arc<AtomicU64>);

impl Handler for CountsBlocks {
    fn buffer_switch(&mut self, _io: &mut BlockIo<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// T36 and T38: hosts leave functions out, and their list is gone when `createBuffers` returns.
#[test]
fn half_a_host_is_called_and_its_list_is_not_read_again() {
    let _turn = TURN.lock();
    let passing = Offer {
        lasting: false,
        ..Offer::ALL
    };
    let offers = [
        Offer::ALL,
        passing,
        Offer {
            plain_switch: false,
            ..passing
        },
        Offer {
            timed_switch: false,
            ..passing
        },
        Offer {
            messages: false,
            rate_change: false,
            ..passing
        },
    ];
    for offer in offers {
        let (mut driver, probe) = open(true);
        let blocks = Arc::<AtomicU64>::default();
        let handler = Box::new(CountsBlocks(Arc::clone(&blocks)));
        driver
            .create_buffers_with(&channels(), 64, handler, offer)
            .unwrap();
        driver.start().unwrap();
        while blocks.load(Ordering::Relaxed) < 5 {
            std::thread::yield_now();
        }
        drop(driver);
        assert_clean(&probe);
    }
    let (mut driver, probe) = open(false);
    let none = Offer {
        plain_switch: false,
        timed_switch: false,
        ..Offer::ALL
    };
    let refused = driver.create_buffers_with(&channels(), 64, Counter::new().0, none);
    assert!(refused.is_err());
    let strays = stray_callbacks();
    let (handler, _) = Counter::new();
    driver
        .create_buffers_with(&channels(), 64, handler, passing)
        .unwrap();
    probe
        .host
        .lock()
        .take()
        .unwrap()
        .buffer_switch(0, true, None);
    assert_eq!(stray_callbacks(), strays);
    drop(driver);
    assert_clean(&probe);
}

/// T45.
#[test]
fn references_are_counted_and_one_release_too_many_is_harmless() {
    let _turn = TURN.lock();
    let (mut driver, probe) = open(false);
    let answers: Vec<Answer> = references(&mut driver)
        .iter()
        .map(|finding| finding.answer)
        .collect();
    let expected = [
        Answer::Number(2),
        Answer::Number(1),
        Answer::Com(HResult::OK),
        Answer::Number(1),
        Answer::Com(HResult::NO_INTERFACE),
    ];
    assert_eq!(answers, expected);
    assert_eq!(driver.channels().unwrap().outputs, 2);
    assert_eq!(release_too_often(driver), [0, 0]);
    assert_eq!(probe.live_drivers.load(Ordering::Relaxed), 0);
}

#[test]
fn the_last_reference_can_go_on_another_thread() {
    let _turn = TURN.lock();
    let (mut driver, probe) = open(true);
    driver
        .create_buffers(&channels(), 64, Counter::new().0)
        .unwrap();
    driver.start().unwrap();
    release_elsewhere(driver);
    assert_clean(&probe);
}
