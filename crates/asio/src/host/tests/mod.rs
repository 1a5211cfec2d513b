//! Our host drives our driver.

mod bare;
mod misuse;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rt::Mutex;

use super::{BlockIo, Driver, Error, Events, Handler, MAX_STREAMS};
use crate::abi::{AsioError, Callbacks, FutureSelector, HostMessage, SampleType};
use crate::driver::{ChannelId, HostCallbacks};
use crate::mock::{MockDriver, Probe};

/// The slots are the program's: tests that need all of them or count them take turns.
static TURN: Mutex<()> = Mutex::new(());

const BLOCK_FRAMES: u32 = 32;

#[derive(Default)]
struct Seen {
    blocks: AtomicU64,
    rate_hz: AtomicU64,
    messages: Mutex<Vec<(HostMessage, i32)>>,
}

impl Events for Seen {
    fn message(&self, selector: HostMessage, value: i32) -> i32 {
        self.messages.lock().push((selector, value));
        super::answer(selector, value)
    }

    fn sample_rate_changed(&self, rate_hz: f64) {
        self.rate_hz.store(rate_hz as u64, Ordering::Relaxed);
    }
}

/// Plays 1, 2, 3 … on the first output.
struct Counter {
    seen: Arc<Seen>,
    next: i32,
    withholds: bool,
}

impl Counter {
    fn new() -> (Box<Counter>, Arc<Seen>) {
        let seen = Arc::<Seen>::default();
        (
            Box::new(Counter {
                seen: Arc::clone(&seen),
                next: 1,
                withholds: false,
            }),
            seen,
        )
    }
}

impl Handler for Counter {
    fn buffer_switch(&mut self, io: &mut BlockIo<'_>) {
        let time = io.time().expect("the mock tells the time");
        assert_eq!(time.rate_hz, 48_000.0);
        assert_eq!(time.position.frames % u64::from(io.block_frames()), 0);
        assert_eq!(io.channel_count(), 3);
        assert_eq!(
            io.input_bytes(0).map(<[u8]>::len),
            Some(BLOCK_FRAMES as usize * 4)
        );
        assert_eq!(io.input_bytes(1), None);
        assert!(io.output_bytes(0).is_none() && io.output_f32(1).is_none());
        let samples = io.output_i32(1).expect("an output of integers");
        for sample in samples {
            *sample = self.next;
            self.next += 1;
        }
        if self.withholds {
            io.withhold_output_ready();
        }
        self.seen.blocks.fetch_add(1, Ordering::Relaxed);
    }

    fn events(&self) -> Arc<dyn Events> {
        self.seen.clone()
    }
}

fn channels() -> [ChannelId; 3] {
    [
        ChannelId {
            is_input: true,
            index: 0,
        },
        ChannelId {
            is_input: false,
            index: 0,
        },
        ChannelId {
            is_input: false,
            index: 1,
        },
    ]
}

fn open(threaded: bool) -> (Driver, Arc<Probe>) {
    let probe = Arc::<Probe>::default();
    let mut driver = Driver::from_object(MockDriver::object(&probe, threaded));
    driver.init().unwrap();
    (driver, probe)
}

fn wait_for_blocks(seen: &Seen, count: u64) {
    let wanted = seen.blocks.load(Ordering::Relaxed) + count;
    while seen.blocks.load(Ordering::Relaxed) < wanted {
        std::thread::yield_now();
    }
}

fn assert_clean(probe: &Probe) {
    assert_eq!(*probe.violations.lock(), [""; 0]);
    assert_eq!(probe.live_streams.load(Ordering::Relaxed), 0);
    assert_eq!(probe.live_drivers.load(Ordering::Relaxed), 0);
}

fn assert_counts_up(played: &[i32]) {
    // The last block may be one that the host was not asked for any more.
    let heard = played.len() - BLOCK_FRAMES as usize;
    let expected: Vec<i32> = (1..).take(heard).collect();
    assert_eq!(played[..heard], expected);
}

#[test]
fn the_driver_tells_what_it_is() {
    let (driver, _probe) = open(false);
    assert_eq!(driver.name(), "Mock driver with a name that is");
    assert_eq!(driver.version(), 7);
    let channels = driver.channels().unwrap();
    assert_eq!((channels.inputs, channels.outputs), (1, 2));
    assert_eq!(driver.block_sizes().unwrap().granularity, -1);
    assert_eq!(driver.latencies().unwrap().output_frames, 512);
    assert_eq!(driver.sample_rate(), Ok(48_000.0));
    let info = driver
        .channel_info(ChannelId {
            is_input: false,
            index: 1,
        })
        .unwrap();
    assert_eq!(
        (info.name.as_str(), info.sample_type),
        ("Kanal 2", SampleType::INT32_LSB)
    );
    let clocks = driver.clock_sources().unwrap();
    assert_eq!((clocks.len(), clocks[0].name.as_str()), (1, "Internal"));
    assert!(driver.future(FutureSelector::CAN_TIME_INFO));
    assert!(!driver.future(FutureSelector::CAN_TRANSPORT));
    assert_eq!(
        driver.internal_frames().map(|frames| frames.output_frames),
        Some(5)
    );
}

#[test]
fn an_error_has_the_name_the_call_the_code_and_the_text() {
    let (mut driver, _probe) = open(false);
    let error = driver.set_sample_rate(96_000.0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "Mock driver with a name that is: setSampleRate failed with ASE_NoClock: \
         Only 44100 and 48000 Hz are possible."
    );
    let error = driver.sample_position().unwrap_err();
    assert!(matches!(
        error,
        Error::Call {
            code: AsioError::SP_NOT_ADVANCING,
            ..
        }
    ));
}

#[test]
fn sound_goes_through_again_and_again() {
    let _turn = TURN.lock();
    for round in 0..50 {
        let (mut driver, probe) = open(true);
        let (handler, seen) = Counter::new();
        driver
            .create_buffers(&channels(), BLOCK_FRAMES, handler)
            .unwrap();
        let ready_before = probe.ready_calls.load(Ordering::Relaxed);
        driver.start().unwrap();
        wait_for_blocks(&seen, 4);
        assert!(driver.sample_position().unwrap().frames >= 64);
        // Hosts leave out any of the calls before the release.
        if round % 3 > 0 {
            driver.stop().unwrap();
        }
        if round % 3 > 1 {
            driver.dispose_buffers().unwrap();
        }
        drop(driver);
        assert_clean(&probe);
        assert_counts_up(&probe.played.lock());
        let blocks = seen.blocks.load(Ordering::Relaxed);
        assert_eq!(
            probe.ready_calls.load(Ordering::Relaxed) - ready_before,
            blocks
        );
        assert_eq!(
            seen.messages.lock()[0],
            (HostMessage::SUPPORTS_TIME_INFO, 0)
        );
    }
}

#[test]
fn a_stream_starts_and_stops_many_times() {
    let _turn = TURN.lock();
    let (mut driver, probe) = open(true);
    let (mut handler, seen) = Counter::new();
    handler.withholds = true;
    driver
        .create_buffers(&channels(), BLOCK_FRAMES, handler)
        .unwrap();
    for _ in 0..100 {
        driver.start().unwrap();
        wait_for_blocks(&seen, 2);
        driver.stop().unwrap();
        let blocks = seen.blocks.load(Ordering::Relaxed);
        std::thread::yield_now();
        assert_eq!(
            seen.blocks.load(Ordering::Relaxed),
            blocks,
            "a block after the stop"
        );
    }
    assert_eq!(
        probe.ready_calls.load(Ordering::Relaxed),
        1,
        "only the question whether"
    );
    drop(driver);
    assert_clean(&probe);
}

#[test]
fn two_instances_do_not_disturb_each_other() {
    let _turn = TURN.lock();
    let mut open_ones = Vec::new();
    for _ in 0..2 {
        let (mut driver, probe) = open(true);
        let (handler, seen) = Counter::new();
        driver
            .create_buffers(&channels(), BLOCK_FRAMES, handler)
            .unwrap();
        driver.start().unwrap();
        open_ones.push((driver, probe, seen));
    }
    for (_, _, seen) in &open_ones {
        wait_for_blocks(seen, 10);
    }
    for (driver, probe, _) in open_ones {
        drop(driver);
        assert_clean(&probe);
        assert_counts_up(&probe.played.lock());
    }
}

#[test]
fn more_streams_than_there_are_callbacks_for_are_refused() {
    let _turn = TURN.lock();
    let mut drivers: Vec<_> = (0..=MAX_STREAMS).map(|_| open(false).0).collect();
    let (last, others) = drivers.split_last_mut().unwrap();
    for driver in others.iter_mut() {
        driver
            .create_buffers(&channels(), 64, Counter::new().0)
            .unwrap();
    }
    let refused = last.create_buffers(&channels(), 64, Counter::new().0);
    assert_eq!(refused, Err(Error::TooManyStreams));
    others[3].dispose_buffers().unwrap();
    assert_eq!(
        last.create_buffers(&channels(), 64, Counter::new().0),
        Ok(())
    );
    let again = last.create_buffers(&channels(), 64, Counter::new().0);
    assert!(matches!(again, Err(Error::StreamExists { .. })));
}

#[test]
fn buffers_that_cannot_be_created_leave_nothing_behind() {
    let _turn = TURN.lock();
    let (mut driver, probe) = open(true);
    for _ in 0..=MAX_STREAMS {
        *probe.fail_in.lock() = Some("create_stream");
        let (handler, seen) = Counter::new();
        let error = driver.create_buffers(&channels(), 64, handler).unwrap_err();
        assert!(
            matches!(
                error,
                Error::Call {
                    call: "createBuffers",
                    ..
                }
            ),
            "{error}"
        );
        assert_eq!(Arc::strong_count(&seen), 1, "the handler is dropped");
        // Failing later, when the stream is there already.
        *probe.fail_in.lock() = Some("channel_info");
        driver
            .create_buffers(&channels(), 64, Counter::new().0)
            .unwrap_err();
        assert_eq!(probe.live_streams.load(Ordering::Relaxed), 0);
    }
    driver
        .create_buffers(&channels(), 64, Counter::new().0)
        .unwrap();
}

/// A handler that panics is not called again, and the driver's thread lives on.
#[test]
fn a_panic_in_a_handler_stays_there() {
    struct Panics(Arc<AtomicU64>);
    impl Handler for Panics {
        fn buffer_switch(&mut self, _io: &mut BlockIo<'_>) {
            self.0.fetch_add(1, Ordering::Relaxed);
            panic!("planted");
        }
    }
    let _turn = TURN.lock();
    let (mut driver, probe) = open(true);
    let calls = Arc::new(AtomicU64::new(0));
    driver
        .create_buffers(&channels(), 64, Box::new(Panics(Arc::clone(&calls))))
        .unwrap();
    driver.start().unwrap();
    while probe.frames.load(Ordering::Relaxed) < 10 * 64 {
        std::thread::yield_now();
    }
    drop(driver);
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert_clean(&probe);
}

/// A driver that calls when its stream is gone calls nobody.
#[test]
fn late_callbacks_are_harmless() {
    let _turn = TURN.lock();
    let callbacks: Vec<&'static Callbacks> = (0..MAX_STREAMS)
        .map(|_| {
            let (handler, _) = Counter::new();
            let raw = open(false).0.as_raw();
            let context = super::context::Context::new(raw, 64, 0.0, handler);
            let lease = super::slots::SlotLease::take(context).unwrap();
            let callbacks = lease.callbacks();
            assert!(lease.close());
            callbacks
        })
        .collect();
    for raw in callbacks {
        // SAFETY: static callbacks.
        let host = unsafe { HostCallbacks::from_raw(raw) }.unwrap();
        host.buffer_switch(0, true, None);
        host.sample_rate_did_change(44_100.0);
        assert_eq!(host.message(HostMessage::RESET_REQUEST, 0), 0);
    }
}

#[test]
fn events_arrive_and_are_answered() {
    let _turn = TURN.lock();
    let (handler, seen) = Counter::new();
    let (driver, _probe) = open(false);
    let context = super::context::Context::new(driver.as_raw(), 64, 0.0, handler);
    let lease = super::slots::SlotLease::take(context).unwrap();
    // SAFETY: static callbacks.
    let mut host = unsafe { HostCallbacks::from_raw(lease.callbacks()) }.unwrap();
    host.negotiate();
    assert!(host.wants_time_info());
    assert_eq!(host.message(HostMessage::RESET_REQUEST, 0), 1);
    assert_eq!(
        host.message(HostMessage::BUFFER_SIZE_CHANGE, 256),
        0,
        "not supported"
    );
    assert_eq!(host.message(HostMessage::OVERLOAD, 0), 1);
    assert_eq!(host.message(HostMessage::OVERLOAD, 0), 1);
    host.sample_rate_did_change(44_100.0);
    // A block before the buffers are there, and halves that do not exist.
    for half in [0, 1] {
        host.buffer_switch(half, true, None);
    }
    let asked = |selector| {
        let messages = seen.messages.lock();
        messages
            .iter()
            .filter(|message| **message == selector)
            .count()
    };
    let supported = HostMessage::SELECTOR_SUPPORTED;
    assert_eq!(
        asked((supported, HostMessage::OVERLOAD.0)),
        1,
        "T37: asked once"
    );
    assert_eq!(asked((HostMessage::OVERLOAD, 0)), 2);
    assert_eq!(asked((HostMessage::BUFFER_SIZE_CHANGE, 256)), 0);
    assert_eq!(seen.rate_hz.load(Ordering::Relaxed), 44_100);
    assert_eq!(seen.blocks.load(Ordering::Relaxed), 0);
    assert!(lease.close());
}
