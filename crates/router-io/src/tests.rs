//! The router's device with the router's end in the test's hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use engine::endpoint::{
    Chosen, Cycle, Device, DeviceInfo, Due, Endpoint, EndpointError, FaultKind, Lost, OpenRequest,
    Packet, Reopener, Sides, Wake, Waker,
};
use engine::idle::Ticker;
use ipc::{
    Collected, Door, HandOver, Header, HeapMemory, Interrupter, Knock, Link, RouterEnd, Terms,
    heap_links,
};
use rt::Mutex;

use crate::{RouterDevice, System, Wants};

const TERMS: Terms = Terms {
    output_latency_frames: 96,
    input_latency_frames: 144,
    ..Terms::new(48_000, 48)
};
const PERIOD_NS: u64 = 1_000_000;

/// An end of a link that can be opened again and again.
#[derive(Clone)]
struct TestLink {
    memory: HeapMemory,
    /// Whether the other end, and this one, was woken.
    wakes: Arc<AtomicBool>,
    woken: Arc<AtomicBool>,
    lives: Arc<AtomicBool>,
}

fn test_links() -> (TestLink, TestLink) {
    let memory = heap_links().0.memory();
    let router = TestLink {
        memory,
        wakes: Arc::default(),
        woken: Arc::default(),
        lives: Arc::new(AtomicBool::new(true)),
    };
    let client = TestLink {
        wakes: Arc::clone(&router.woken),
        woken: Arc::clone(&router.wakes),
        ..router.clone()
    };
    (router, client)
}

impl Link for TestLink {
    fn header(&self) -> &Header {
        self.memory.header()
    }

    fn samples(&self) -> &[AtomicU32] {
        self.memory.samples()
    }

    fn wake(&self) {
        self.wakes.store(true, Ordering::Release);
    }

    fn wait(&self, timeout_ns: u64) -> bool {
        let end = Instant::now() + Duration::from_nanos(timeout_ns);
        loop {
            if self.woken.swap(false, Ordering::AcqRel) {
                return true;
            }
            if Instant::now() >= end {
                return false;
            }
            std::thread::yield_now();
        }
    }

    fn interrupter(&self) -> Interrupter {
        let woken = Arc::clone(&self.woken);
        Interrupter::new(move || woken.store(true, Ordering::Release))
    }

    fn is_alive(&self, _process: u32) -> bool {
        self.lives.load(Ordering::Acquire)
    }
}

/// A system with one place, which is there or not.
#[derive(Default)]
struct Fake {
    place: Mutex<Option<TestLink>>,
    launches: AtomicBool,
}

struct FakeTicker;

impl Ticker for FakeTicker {
    fn now_ns(&self) -> u64 {
        5
    }

    fn wait_until(&mut self, _at_ns: u64) -> bool {
        true
    }

    fn waker(&self) -> Arc<dyn Waker> {
        Arc::new(NoWaker)
    }

    fn set_running(&mut self, _running: bool) {}
}

struct NoWaker;

impl Waker for NoWaker {
    fn wake(&self) {}
}

impl System for Arc<Fake> {
    type Link = TestLink;

    fn place(&self, number: usize) -> Option<TestLink> {
        let place = self.place.lock();
        place.as_ref().filter(|_| number == 0).cloned()
    }

    fn process(&self) -> u32 {
        7
    }

    fn launch(&self) -> Result<(), String> {
        self.launches.store(true, Ordering::Relaxed);
        Err("there is nothing to start.".to_owned())
    }

    fn ticker(&self) -> Box<dyn Ticker> {
        Box::new(FakeTicker)
    }
}

/// What the router would play to.
struct NoMaster;

impl Device for NoMaster {
    fn describe(&self) -> Result<DeviceInfo, EndpointError> {
        Err(EndpointError::new(FaultKind::NotFound, "No device."))
    }

    fn check_rate(&self, _rate_hz: u32) -> Result<(), EndpointError> {
        Ok(())
    }

    fn open(&self, _request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError> {
        Err(EndpointError::new(FaultKind::NotFound, "No device."))
    }

    fn reopener(&self) -> Box<dyn Reopener> {
        Box::new(NoMaster)
    }

    fn idle(&self, _like: &Lost) -> Box<dyn Endpoint> {
        unreachable!("the router's own is used")
    }
}

impl Reopener for NoMaster {
    fn open(&mut self, _request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError> {
        Err(EndpointError::new(FaultKind::NotFound, "No device."))
    }

    fn chosen(&mut self) -> Chosen {
        Chosen::default()
    }

    fn pause(&mut self, _limit_ns: u64) -> bool {
        true
    }

    fn waker(&self) -> Arc<dyn Waker> {
        Arc::new(NoWaker)
    }
}

struct Bench {
    system: Arc<Fake>,
    memory: HeapMemory,
    door: Option<Door<TestLink>>,
    device: RouterDevice<Arc<Fake>>,
}

fn wants() -> Wants {
    Wants {
        name: "a host".to_owned(),
        inputs: 1,
        outputs: 2,
        hand_over: HandOver::Auto,
        rate_hz: None,
        cycle_frames: None,
    }
}

fn bench() -> Bench {
    let (router, client) = test_links();
    let memory = router.memory.clone();
    let door = Door::open(router, 3);
    door.show(&TERMS);
    let system = Arc::new(Fake {
        place: Mutex::new(Some(client)),
        ..Fake::default()
    });
    let device = RouterDevice::new(Arc::clone(&system), wants(), Arc::new(NoMaster));
    Bench {
        system,
        memory,
        door: Some(door),
        device,
    }
}

const REQUEST: OpenRequest = OpenRequest {
    rate_hz: 48_000,
    block_frames: 48,
    sides: Sides::Both,
};

impl Bench {
    /// Attaches, with a router that looks at its door meanwhile.
    fn open(&mut self, request: OpenRequest) -> (Box<dyn Endpoint>, RouterEnd<TestLink>) {
        let mut door = self.door.take().expect("nobody has come");
        std::thread::scope(|scope| {
            let router = scope.spawn(move || {
                loop {
                    door = match door.look(TERMS, |_| Ok(())) {
                        Knock::Attached(router) => return router,
                        Knock::Nobody(door) | Knock::Refused(door, _) => door,
                    };
                }
            });
            let endpoint = self.device.open(request).expect("the router is there");
            (endpoint, router.join().expect("somebody came"))
        })
    }
}

/// Plays what it hears on both channels, the second negative.
#[derive(Default)]
struct Echo {
    heard: Vec<f32>,
    due: Vec<(u64, bool)>,
}

impl Cycle for Echo {
    fn captured(&mut self, packet: Packet<'_>) {
        let samples = packet.bytes.chunks_exact(4);
        self.heard = samples
            .map(|bytes| f32::from_le_bytes(bytes.try_into().expect("four bytes")))
            .collect();
    }

    fn due(&mut self, due: Due<'_>) -> u32 {
        self.due.push((due.now_ns, due.underrun));
        for (frame, sample) in due.bytes.chunks_exact_mut(8).zip(&self.heard) {
            frame[..4].copy_from_slice(&sample.to_le_bytes());
            frame[4..].copy_from_slice(&(-sample).to_le_bytes());
        }
        self.heard.len() as u32
    }
}

fn sound(from: u64) -> Vec<f32> {
    (from..from + 48).map(|n| n as f32 / 65_536.0).collect()
}

#[test]
fn each_block_that_the_router_asks_for_is_a_cycle() {
    let mut bench = bench();
    let info = bench.device.describe().expect("it is there");
    assert_eq!((info.rate_hz, info.period_frames_default), (48_000, 48));
    let (mut endpoint, mut router) = bench.open(REQUEST);
    let timing = endpoint.timing();
    assert_eq!((timing.period_frames, timing.device_frames), (48, 96));
    // The block itself is counted with the packet: 144 in all.
    assert_eq!(timing.input_period_frames + timing.input_device_frames, 144);
    assert!(!router.ask(0, 0, |_| None), "it rests until it is started");
    assert_eq!(router.collect(0), Collected::Resting);
    endpoint.start(0).expect("started");
    let mut echo = Echo::default();
    for block in 0..4_u64 {
        let heard = sound(block * 48);
        assert!(router.ask(block * 48, 5 + block * PERIOD_NS, |_| Some(&heard)));
        assert_eq!(endpoint.wait(), Wake::Due);
        endpoint.cycle(&mut echo).expect("it runs");
        assert_eq!(router.collect(0), Collected::OnTime);
        let negative: Vec<f32> = heard.iter().map(|sample| -sample).collect();
        assert_eq!(router.output(0), Some(&heard[..]));
        assert_eq!(router.output(1), Some(&negative[..]));
        assert_eq!(echo.due.pop(), Some((5 + block * PERIOD_NS, false)));
    }
    // A block was missed: the router went on without.
    assert!(router.ask(5 * 48, u64::MAX, |_| None));
    assert_eq!(endpoint.wait(), Wake::Due);
    endpoint.cycle(&mut echo).expect("it runs");
    assert_eq!(echo.due.pop(), Some((5, true)), "a mad stamp is none");
    // A beside-the-cycle client's sound is a block later, and that is told.
    router.tell_added(48);
    assert_eq!(endpoint.measured().device_frames, Some(144));
    endpoint.stop();
    assert_eq!(router.collect(0), Collected::Resting);
}

#[test]
fn the_host_is_woken_and_told_of_the_end() {
    let mut bench = bench();
    let (mut endpoint, router) = bench.open(REQUEST);
    endpoint.start(0).expect("started");
    let waker = endpoint.waker();
    waker.wake();
    waker.wake();
    assert_eq!(endpoint.wait(), Wake::Interrupted);
    assert_eq!(endpoint.wait(), Wake::TimedOut { now_ns: 5 });
    let lost = |wake| matches!(wake, Wake::Lost(fault) if fault.kind == FaultKind::Lost);
    Door::after(router).close();
    assert!(lost(endpoint.wait()));
    // What was ended on purpose is not started again, but by whoever begins anew.
    let mut search = bench.device.reopener();
    let error = search.open(REQUEST).err().expect("there is none");
    assert_eq!(error.kind, FaultKind::NotFound);
    assert!(!bench.system.launches.load(Ordering::Relaxed));
    let error = bench.device.open(REQUEST).err().expect("there is none");
    let said = "The router does not run: there is nothing to start.";
    assert_eq!(error.message, said);
    assert!(bench.system.launches.load(Ordering::Relaxed));
}

#[test]
fn a_router_that_died_is_started_again() {
    let mut bench = bench();
    let (mut endpoint, router) = bench.open(REQUEST);
    endpoint.start(0).expect("started");
    let link = router.into_link();
    link.lives.store(false, Ordering::Release);
    assert!(matches!(endpoint.wait(), Wake::Lost(_)));
    assert!(bench.device.reopener().open(REQUEST).is_err());
    assert!(bench.system.launches.load(Ordering::Relaxed));
}

#[test]
fn another_router_is_not_disturbed_by_an_old_client() {
    let mut bench = bench();
    let (endpoint, router) = bench.open(REQUEST);
    // Another process takes the memory over.
    let _door = Door::open(router.into_link(), 4);
    let client = &bench.memory.header().client;
    client.state.store(1, Ordering::Relaxed);
    drop(endpoint);
    assert_eq!(client.state.load(Ordering::Relaxed), 1, "it did not leave");
}

#[test]
fn a_rate_that_is_not_the_routers_is_refused() {
    let bench = bench();
    let request = OpenRequest {
        rate_hz: 44_100,
        ..REQUEST
    };
    let error = bench.device.open(request).err().expect("refused");
    assert_eq!(error.kind, FaultKind::Unsupported);
    assert!(error.message.contains("runs at 48000 Hz"), "{error}");
}

#[test]
fn without_a_router_it_is_what_most_devices_are() {
    let system = Arc::new(Fake::default());
    let wants = Wants {
        cycle_frames: Some(64),
        inputs: 0,
        ..wants()
    };
    let device = RouterDevice::new(system, wants, Arc::new(NoMaster));
    let info = device.describe().expect("something can be told");
    assert_eq!((info.rate_hz, info.period_frames_default), (48_000, 64));
    assert_eq!(info.output.map(|side| side.channels), Some(2));
    assert_eq!(info.input, None);
}

#[test]
fn a_block_shorter_than_a_cycle_is_asked_for_by_the_cycle() {
    let mut bench = bench();
    let request = OpenRequest {
        block_frames: 16,
        ..REQUEST
    };
    let (endpoint, router) = bench.open(request);
    assert_eq!(endpoint.timing().period_frames, 48);
    assert_eq!(router.wish().block_frames, 48);
}
