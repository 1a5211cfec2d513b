//! Under the guard, in a program of its own, because it replaces the allocator and counts for the
//! whole process.

use std::sync::atomic::AtomicU32;

use engine::client::{BlockTime, Client, Plane};
use ipc::{
    Answered, ClientEnd, Door, HandOver, Header, HeapLink, Knock, Link, Terms, Wish, heap_links,
    knock,
};
use router::{CoreSpec, Seat, core};
use rt::guard::{CountingAllocator, counts};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// A link whose wake-ups nobody needs: the standard channel may lock.
struct Quiet(HeapLink);

impl Link for Quiet {
    fn header(&self) -> &Header {
        self.0.header()
    }
    fn samples(&self) -> &[AtomicU32] {
        self.0.samples()
    }
    fn wake(&self) {}
    fn wait(&self, _timeout_ns: u64) -> bool {
        false
    }
    fn is_alive(&self, _process: u32) -> bool {
        true
    }
}

fn attach(wish: &Wish) -> (Seat<Quiet>, ClientEnd<Quiet>) {
    let (router, client) = heap_links();
    let door = Door::open(Quiet(router), 1);
    let Ok(knocking) = knock(Quiet(client), 7, wish) else {
        panic!("the place is free");
    };
    let terms = Terms::new(48_000, 64);
    let Knock::Attached(end) = door.look(terms, |_| Ok(())) else {
        panic!("all is as it should be");
    };
    let Ok(Answered::Attached(client)) = knocking.poll(0) else {
        panic!("it was let in");
    };
    (Seat::new(end, 64, 0), client)
}

#[test]
fn a_cycle_allocates_frees_and_locks_nothing() {
    let spec = CoreSpec {
        rate_hz: 48_000,
        cycle_frames: 64,
        device_inputs: 2,
        device_outputs: 2,
        client_inputs: 64,
        client_outputs: 64,
        ramp_frames: 480,
        wait_ns: 0,
    };
    let (mut control, mut core) = core(&spec, || 0).expect("it can be");
    let mut clients = Vec::new();
    for (block_frames, hand_over) in [
        (64, HandOver::Auto),
        (48, HandOver::Synchronous),
        (256, HandOver::Pipelined),
        (100, HandOver::Auto),
    ] {
        let (seat, client) = attach(&Wish {
            name: "a host".to_owned(),
            inputs: 2,
            outputs: 2,
            block_frames,
            rate_hz: 48_000,
            hand_over,
        });
        clients.push((control.attach(seat).map_err(|_| "no room"), client));
    }
    let sound = [0.25_f32; 64];
    let pairs = (2 + 64) * (2 + 64);
    for cycle in 0..2_000_u64 {
        if cycle.is_multiple_of(50) {
            let factors = vec![cycle as f32 / 2_000.0; pairs];
            control.mix.set(&factors).expect("as many as pairs");
        }
        // Some come late, some never.
        for (number, (_, client)) in clients.iter_mut().enumerate() {
            if number as u64 != cycle / 500
                && let Some(asked) = client.take()
            {
                client.give(asked, 0, |_| Some(&sound[..]));
            }
        }
        if cycle == 1_000 {
            assert!(control.release(0));
        }
        rt::section(|| {
            core.input(0, Plane::Float32(&sound));
            core.process(BlockTime {
                frame: cycle * 64,
                now_ns: cycle * 1_333_333,
            });
            assert!(core.output(1).is_some());
        });
    }
    assert!(control.returned().is_some());
    let counts = counts();
    assert_eq!(counts.sections, 2_000);
    assert_eq!((counts.allocations, counts.frees, counts.locks), (0, 0, 0));
}
