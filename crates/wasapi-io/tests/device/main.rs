//! What only a system with a playback device can show. Ignored unless asked for
//! (`-- --ignored`), as not every system has one.
#![cfg(windows)]
#![allow(unsafe_code)]

mod cable;
mod moves;
mod pattern;
mod record;
mod taps;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use engine::endpoint::{Cycle, Device, Due, Endpoint, FaultKind, OpenRequest, Packet, Sides, Wake};
use wasapi_io::{Direction, Mode, Options, Selection, WasapiDevice, Wish, list, now_ns};

#[allow(missing_docs)]
mod ole32 {
    windows_core::link!("ole32.dll" "system" fn CoInitializeEx(reserved: *const core::ffi::c_void, apartment: u32) -> i32);
    windows_core::link!("ole32.dll" "system" fn CoUninitialize());
}
use ole32::{CoInitializeEx, CoUninitialize};

#[global_allocator]
static ALLOCATOR: rt::guard::CountingAllocator = rt::guard::CountingAllocator;

const S_OK: i32 = 0;
const SINGLE_THREADED: u32 = 2;

fn default_device(mode: Mode) -> WasapiDevice {
    WasapiDevice::new(Some(Selection::Default), None, mode, Options::default())
}

fn request(device: &WasapiDevice) -> OpenRequest {
    let info = device.describe().unwrap();
    OpenRequest {
        rate_hz: info.rate_hz,
        block_frames: info.period_frames_default,
        sides: Sides::Output,
    }
}

/// Plays silence, a period at a time, and notes what it was told.
struct Silence {
    period_frames: usize,
    frame_bytes: usize,
    frames: u64,
    underrun: bool,
    woken_ns: u64,
}

impl Silence {
    fn new(stream: &dyn Endpoint) -> Self {
        Self {
            period_frames: stream.timing().period_frames as usize,
            frame_bytes: stream.output_format().unwrap().frame_bytes(),
            frames: 0,
            underrun: false,
            woken_ns: 0,
        }
    }
}

impl Cycle for Silence {
    fn captured(&mut self, _packet: Packet<'_>) {}

    fn due(&mut self, due: Due<'_>) -> u32 {
        due.bytes.fill(0);
        self.underrun = due.underrun;
        self.woken_ns = due.now_ns;
        let frames = self.period_frames.min(due.bytes.len() / self.frame_bytes);
        self.frames += frames as u64;
        frames as u32
    }
}

/// Starts it with a queue of a period.
fn start(stream: &mut dyn Endpoint) {
    stream.start(stream.timing().period_frames).unwrap();
}

/// Waits until it is due; a device may be slow to begin, and late on a busy machine.
fn wait_until_due(stream: &mut dyn Endpoint) {
    for _ in 0..200 {
        match stream.wait() {
            Wake::TimedOut { .. } => {}
            wake => return assert_eq!(wake, Wake::Due),
        }
    }
    panic!("the device gives no sign");
}

/// Plays silence for that many cycles; returns the frames handed over.
fn play(stream: &mut dyn Endpoint, cycles: u32) -> u64 {
    let mut silence = Silence::new(stream);
    for _ in 0..cycles {
        wait_until_due(stream);
        stream.cycle(&mut silence).unwrap();
    }
    silence.frames
}

/// The modes that the default device has.
fn modes() -> Vec<Mode> {
    let open = |mode: &Mode| default_device(*mode).describe().is_ok();
    [
        Mode::Shared,
        Mode::LowLatency,
        Mode::Exclusive,
        Mode::ExclusiveTimer,
    ]
    .into_iter()
    .filter(open)
    .collect()
}

#[test]
#[ignore = "needs a playback device"]
fn t27_asking_leaves_the_threads_apartment_alone() {
    thread::spawn(|| {
        let device = default_device(Mode::Shared);
        device.describe().unwrap();
        device.check_rate(1).unwrap_err();
        list().unwrap();
        // SAFETY: COM is entered and left on this thread. S_OK, and not S_FALSE or a refusal, says
        // that the thread was in no apartment.
        unsafe {
            assert_eq!(CoInitializeEx(std::ptr::null(), SINGLE_THREADED), S_OK);
            CoUninitialize();
        }
    })
    .join()
    .unwrap();
}

#[test]
#[ignore = "needs a playback device"]
fn a_thread_in_another_apartment_can_run_a_stream() {
    thread::spawn(|| {
        // SAFETY: COM is entered and left on this thread.
        unsafe { CoInitializeEx(std::ptr::null(), SINGLE_THREADED) };
        let device = default_device(Mode::Shared);
        let mut stream = device.open(request(&device)).unwrap();
        start(&mut *stream);
        assert!(play(&mut *stream, 5) > 0);
        drop(stream);
        // SAFETY: balances the call above.
        unsafe { CoUninitialize() };
    })
    .join()
    .unwrap();
}

#[test]
#[ignore = "needs a playback device"]
fn t5_a_stream_can_be_stopped_and_started_many_times() {
    for mode in modes() {
        let device = default_device(mode);
        let mut stream = device.open(request(&device)).unwrap();
        stream.stop();
        for _ in 0..20 {
            start(&mut *stream);
            start(&mut *stream);
            assert!(play(&mut *stream, 2) > 0, "{mode:?}");
            stream.stop();
            stream.stop();
        }
    }
}

#[test]
#[ignore = "needs a playback device"]
fn t5_streams_can_be_opened_and_dropped_in_any_state() {
    for mode in modes() {
        let device = default_device(mode);
        let request = request(&device);
        for round in 0..20 {
            let mut stream = device.open(request).unwrap();
            if round % 2 == 0 {
                start(&mut *stream);
            }
            if round % 4 == 0 {
                play(&mut *stream, 1);
            }
        }
    }
}

#[test]
#[ignore = "needs a playback device"]
fn two_shared_streams_play_at_once() {
    let players: Vec<_> = (0..2)
        .map(|_| {
            thread::spawn(|| {
                let device = default_device(Mode::Shared);
                let mut stream = device.open(request(&device)).unwrap();
                start(&mut *stream);
                play(&mut *stream, 50)
            })
        })
        .collect();
    for player in players {
        assert!(player.join().unwrap() > 0);
    }
}

#[test]
#[ignore = "needs a playback device"]
fn a_waker_interrupts_once_and_goes_before_the_device() {
    for mode in modes() {
        let device = default_device(mode);
        let mut stream = device.open(request(&device)).unwrap();
        stream.waker().wake();
        assert_eq!(
            stream.wait(),
            Wake::Interrupted,
            "{mode:?}, before the start"
        );
        start(&mut *stream);
        play(&mut *stream, 3);
        stream.waker().wake();
        stream.waker().wake();
        assert_eq!(stream.wait(), Wake::Interrupted, "{mode:?}");
        wait_until_due(&mut *stream);
        let waker = Arc::clone(&stream.waker());
        drop(stream);
        waker.wake();
    }
}

#[test]
#[ignore = "needs a playback device"]
fn t21_a_stream_whose_clock_stands_still_is_not_waited_for_for_ever() {
    let device = default_device(Mode::Shared);
    let mut stream = device.open(request(&device)).unwrap();
    assert!(matches!(stream.wait(), Wake::TimedOut { .. }));
}

#[test]
#[ignore = "needs a playback device"]
fn wake_ups_are_stamped_with_the_clock() {
    let device = default_device(Mode::Shared);
    let mut stream = device.open(request(&device)).unwrap();
    start(&mut *stream);
    let mut silence = Silence::new(&*stream);
    let mut last_ns = now_ns();
    for _ in 0..20 {
        wait_until_due(&mut *stream);
        stream.cycle(&mut silence).unwrap();
        assert!(last_ns <= silence.woken_ns && silence.woken_ns <= now_ns());
        last_ns = silence.woken_ns;
    }
}

#[test]
#[ignore = "needs a playback device"]
fn nothing_is_allocated_between_two_cycles() {
    for mode in modes() {
        let device = default_device(mode);
        let mut stream = device.open(request(&device)).unwrap();
        start(&mut *stream);
        let mut silence = Silence::new(&*stream);
        let before = rt::guard::counts();
        for _ in 0..100 {
            let wake = rt::section(|| {
                let wake = stream.wait();
                stream.cycle(&mut silence).map(|()| wake)
            });
            assert!(
                matches!(wake, Ok(Wake::Due | Wake::TimedOut { .. })),
                "{mode:?}: {wake:?}"
            );
        }
        let after = rt::guard::counts();
        assert_eq!(after.sections, before.sections + 100);
        let expected = rt::guard::Counts {
            sections: after.sections,
            ..before
        };
        assert_eq!(after, expected, "{mode:?}");
    }
}

#[test]
#[ignore = "needs a playback device"]
fn a_late_client_is_told_of_the_underrun() {
    for mode in modes() {
        let device = default_device(mode);
        let mut stream = device.open(request(&device)).unwrap();
        start(&mut *stream);
        play(&mut *stream, 10);
        thread::sleep(Duration::from_millis(400));
        let mut silence = Silence::new(&*stream);
        // A mixer that keeps silence takes frames at its next instant only.
        for _ in 0..3 {
            wait_until_due(&mut *stream);
            stream.cycle(&mut silence).unwrap();
            if silence.frames > 0 {
                break;
            }
        }
        assert!(silence.underrun, "{mode:?}");
    }
}

struct Panics;

impl Cycle for Panics {
    fn captured(&mut self, _packet: Packet<'_>) {}

    fn due(&mut self, _due: Due<'_>) -> u32 {
        panic!("on purpose")
    }
}

#[test]
#[ignore = "needs a playback device"]
fn a_panic_in_the_client_does_not_block_the_stream() {
    let device = default_device(Mode::Shared);
    let mut stream = device.open(request(&device)).unwrap();
    start(&mut *stream);
    play(&mut *stream, 3);
    wait_until_due(&mut *stream);
    let panicked =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| stream.cycle(&mut Panics)));
    assert!(panicked.is_err());
    assert!(play(&mut *stream, 5) > 0);
}

#[test]
#[ignore = "needs a playback device"]
fn senseless_requests_are_refused_with_a_sentence() {
    for mode in modes() {
        let device = default_device(mode);
        for rate_hz in [0, 1, u32::MAX] {
            if !mode.is_exclusive() || rate_hz != 1 {
                let error = device.check_rate(rate_hz).unwrap_err();
                assert_eq!(error.kind, FaultKind::Unsupported, "{error}");
                let error = device
                    .open(OpenRequest {
                        rate_hz,
                        block_frames: 480,
                        sides: Sides::Output,
                    })
                    .err()
                    .unwrap();
                assert_eq!(error.kind, FaultKind::Unsupported, "{error}");
            }
        }
        let rate_hz = request(&device).rate_hz;
        for block_frames in [0, 1, u32::MAX] {
            let mut stream = device
                .open(OpenRequest {
                    rate_hz,
                    block_frames,
                    sides: Sides::Output,
                })
                .unwrap();
            let timing = stream.timing();
            assert!(timing.period_frames > 0 && timing.period_frames <= timing.buffer_frames);
            start(&mut *stream);
        }
    }
}

#[test]
fn an_id_that_does_not_exist_is_not_found() {
    for id in [
        "",
        "nonsense",
        "{0.0.0.00000000}.{00000000-0000-0000-0000-000000000000}",
    ] {
        let device = WasapiDevice::new(
            Some(Selection::Id(id.into())),
            None,
            Mode::Shared,
            Options::default(),
        );
        let error = device.describe().unwrap_err();
        assert!(
            matches!(error.kind, FaultKind::NotFound | FaultKind::ServiceGone),
            "{id:?}: {error}"
        );
    }
}

fn preferred(wishes: &[Wish]) -> WasapiDevice {
    let selection = Selection::Preferred(wishes.to_vec());
    WasapiDevice::new(Some(selection), None, Mode::Shared, Options::default())
}

#[test]
#[ignore = "needs a playback device"]
fn the_first_device_that_is_there_is_taken() {
    let name = default_device(Mode::Shared)
        .describe()
        .unwrap()
        .name()
        .to_owned();
    let id = {
        let found = list().unwrap().into_iter();
        let mut plays = found.filter(|info| info.direction == Direction::Render);
        plays.find(|info| info.is_default).unwrap().id
    };
    for wishes in [
        &[Wish::Id("nonsense".into()), Wish::Default][..],
        &[Wish::Name("no such device".into()), Wish::Id(id)],
        &[Wish::Name(name.to_uppercase()), Wish::Default],
        &[Wish::DefaultCommunications],
    ] {
        let found = preferred(wishes).describe().unwrap();
        assert_eq!(found.name(), name, "{wishes:?}");
    }
}

#[test]
#[ignore = "needs a playback device"]
fn what_is_not_there_is_told() {
    let wishes = [Wish::Name("no such device".into()), Wish::Id("x".into())];
    let error = preferred(&wishes).describe().unwrap_err();
    assert_eq!(error.kind, FaultKind::NotFound);
    let expected = "No device of this profile is there (E_NOTFOUND): \"no such device\" is not \
                    there, \"x\" is not there; ";
    assert!(error.message.starts_with(expected), "{error}");
    let error = preferred(&[]).describe().unwrap_err();
    assert_eq!(error.kind, FaultKind::NotFound);
}
