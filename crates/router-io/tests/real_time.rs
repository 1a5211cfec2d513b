//! Under the guard, in a program of its own, because it replaces the allocator and counts for the
//! whole process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use engine::endpoint::{
    Chosen, Cycle, Device, DeviceInfo, Due, Endpoint, EndpointError, FaultKind, Lost, OpenRequest,
    Packet, Reopener, Sides, Wake, Waker,
};
use engine::idle::Ticker;
use ipc::{Collected, Door, Header, HeapMemory, Knock, Link, Terms, heap_links};
use router_io::{HandOver, RouterDevice, System, Wants};
use rt::guard::{CountingAllocator, counts};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const TERMS: Terms = Terms::new(48_000, 64);

/// Memory alone: nobody is woken, and nobody waits.
struct Quiet(HeapMemory);

impl Link for Quiet {
    fn header(&self) -> &Header {
        self.0.header()
    }
    fn samples(&self) -> &[AtomicU32] {
        self.0.samples()
    }
    fn wake(&self) {}
    fn wait(&self, _timeout_ns: u64) -> bool {
        std::thread::yield_now();
        false
    }
    fn is_alive(&self, _process: u32) -> bool {
        true
    }
}

struct Nothing;

impl Waker for Nothing {
    fn wake(&self) {}
}

impl Ticker for Nothing {
    fn now_ns(&self) -> u64 {
        0
    }
    fn wait_until(&mut self, _at_ns: u64) -> bool {
        true
    }
    fn waker(&self) -> Arc<dyn Waker> {
        Arc::new(Nothing)
    }
    fn set_running(&mut self, _running: bool) {}
}

fn absent<T>() -> Result<T, EndpointError> {
    Err(EndpointError::new(FaultKind::NotFound, "No device."))
}

impl Device for Nothing {
    fn describe(&self) -> Result<DeviceInfo, EndpointError> {
        absent()
    }
    fn check_rate(&self, _rate_hz: u32) -> Result<(), EndpointError> {
        absent()
    }
    fn open(&self, _request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError> {
        absent()
    }
    fn reopener(&self) -> Box<dyn Reopener> {
        Box::new(Nothing)
    }
    fn idle(&self, _like: &Lost) -> Box<dyn Endpoint> {
        unreachable!("the router's own is used")
    }
}

impl Reopener for Nothing {
    fn open(&mut self, _request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError> {
        absent()
    }
    fn chosen(&mut self) -> Chosen {
        Chosen::default()
    }
    fn pause(&mut self, _limit_ns: u64) -> bool {
        true
    }
    fn waker(&self) -> Arc<dyn Waker> {
        Arc::new(Nothing)
    }
}

struct OnePlace(HeapMemory);

impl System for OnePlace {
    type Link = Quiet;

    fn place(&self, number: usize) -> Option<Quiet> {
        (number == 0).then(|| Quiet(self.0.clone()))
    }
    fn process(&self) -> u32 {
        7
    }
    fn launch(&self) -> Result<(), String> {
        Err("none.".to_owned())
    }
    fn ticker(&self) -> Box<dyn Ticker> {
        Box::new(Nothing)
    }
}

/// Hears and plays.
struct Work;

impl Cycle for Work {
    fn captured(&mut self, packet: Packet<'_>) {
        assert_eq!(packet.bytes.len(), 64 * 2 * 4);
    }
    fn due(&mut self, due: Due<'_>) -> u32 {
        due.bytes.fill(1);
        (due.bytes.len() / 8) as u32
    }
}

#[test]
fn a_cycle_allocates_frees_and_locks_nothing() {
    let memory = heap_links().0.memory();
    let wants = Wants {
        name: "a host".to_owned(),
        inputs: 2,
        outputs: 2,
        hand_over: HandOver::Auto,
        rate_hz: None,
        cycle_frames: None,
    };
    let device = RouterDevice::new(OnePlace(memory.clone()), wants, Arc::new(Nothing));
    let mut door = Door::open(Quiet(memory.clone()), 3);
    door.show(&TERMS);
    let (mut endpoint, mut router) = std::thread::scope(|scope| {
        let router = scope.spawn(move || {
            loop {
                door = match door.look(TERMS, |_| Ok(())) {
                    Knock::Attached(router) => return router,
                    Knock::Nobody(door) | Knock::Refused(door, _) => door,
                };
            }
        });
        let endpoint = device.open(OpenRequest {
            rate_hz: 48_000,
            block_frames: 64,
            sides: Sides::Both,
        });
        (endpoint, router.join().expect("somebody came"))
    });
    let endpoint = endpoint.as_mut().expect("the router is there");
    endpoint.start(0).expect("started");
    let heard = [0.5_f32; 64];
    for block in 0..1_000_u64 {
        // Now and then a block is missed, and the stamp mad.
        let frame = match block % 13 {
            0 => u64::MAX,
            _ => (block + block / 100) * 64,
        };
        let now_ns = if block % 7 == 0 { u64::MAX } else { block };
        assert!(router.ask(frame, now_ns, |_| Some(&heard[..])));
        assert_eq!(endpoint.wait(), Wake::Due);
        rt::section(|| endpoint.cycle(&mut Work)).expect("it runs");
        assert_eq!(router.collect(0), Collected::OnTime);
    }
    let played = router.output(1).expect("it plays");
    assert_eq!(played[63].to_le_bytes(), [1, 1, 1, 1]);
    assert!(memory.header().client.done.load(Ordering::Relaxed) > 0);
    let counts = counts();
    assert_eq!(counts.sections, 1_000);
    assert_eq!((counts.allocations, counts.frees, counts.locks), (0, 0, 0));
}
