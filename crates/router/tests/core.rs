//! The core with clients of every kind, in virtual time and without devices.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use engine::client::{BlockTime, Client, Plane};
use ipc::HandOver;
use proptest::prelude::*;
use router::{Attached, Core, CoreControl, CoreSpec, Seat, core};
use support::{Handle, Virtual, Work, attach, counter, counting, echo, wish};

const RATE_HZ: u64 = 48_000;
const SECOND: u64 = 1_000_000_000;

/// Two device channels each way, whose inputs are a counter.
struct Machine {
    control: CoreControl<Virtual>,
    core: Core<Virtual>,
    now_ns: Arc<AtomicU64>,
    cycle_frames: usize,
    frame: u64,
    clients: Vec<Handle>,
    played: Vec<Vec<f32>>,
}

impl Machine {
    fn new(cycle_frames: usize) -> Machine {
        let now_ns = Arc::new(AtomicU64::new(SECOND));
        let clock = Arc::clone(&now_ns);
        let spec = CoreSpec {
            rate_hz: RATE_HZ as u32,
            cycle_frames: cycle_frames as u32,
            device_inputs: 2,
            device_outputs: 2,
            client_inputs: 16,
            client_outputs: 16,
            ramp_frames: 0,
            wait_ns: cycle_frames as u64 * SECOND / RATE_HZ / 2,
        };
        let (control, core) =
            core(&spec, move || clock.load(Ordering::Relaxed)).expect("it can be");
        Machine {
            control,
            core,
            now_ns,
            cycle_frames,
            frame: 0,
            clients: Vec::new(),
            played: vec![Vec::new(); 2],
        }
    }

    fn attach(&mut self, block: usize, hand_over: HandOver, work: Work) -> Attached {
        let (end, handle) = attach(&wish(1, 2, block as u32, hand_over), &self.now_ns, work);
        let seat = Seat::new(end, self.cycle_frames, self.control.spec().wait_ns);
        let Ok(attached) = self.control.attach(seat) else {
            panic!("there is room");
        };
        self.clients.push(handle);
        attached
    }

    /// Routes of unity: source and sink.
    fn route(&mut self, routes: &[(usize, usize)]) {
        const SOURCES: usize = 2 + 16;
        let mut factors = vec![0.0; SOURCES * (2 + 16)];
        for (source, sink) in routes {
            factors[sink * SOURCES + source] = 1.0;
        }
        self.control.mix.set(&factors).expect("as many as pairs");
    }

    fn run(&mut self, cycles: usize) {
        for _ in 0..cycles {
            let due_ns = SECOND + self.frame * SECOND / RATE_HZ;
            let before_ns = self.now_ns.fetch_max(due_ns, Ordering::Relaxed);
            assert!(before_ns <= due_ns + self.control.spec().wait_ns);
            self.clients.iter().for_each(|client| client.turn(due_ns));
            let heard: Vec<f32> = (self.frame..)
                .take(self.cycle_frames)
                .map(counter)
                .collect();
            for channel in 0..2 {
                assert!(self.core.hears(channel));
                self.core.input(channel, Plane::Float32(&heard));
            }
            self.core.process(BlockTime {
                frame: self.frame,
                now_ns: due_ns,
            });
            for (channel, played) in self.played.iter_mut().enumerate() {
                match self.core.output(channel) {
                    Some(Plane::Float32(samples)) => played.extend_from_slice(samples),
                    _ => panic!("it is there"),
                }
            }
            self.frame += self.cycle_frames as u64;
        }
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// After so many frames of silence, all that was heard, bit by bit.
fn assert_delayed(played: &[f32], delay: usize, what: &str) {
    for (frame, sample) in played.iter().enumerate() {
        let expected = frame.checked_sub(delay).map_or(0.0, |n| counter(n as u64));
        assert_eq!(
            sample.to_bits(),
            expected.to_bits(),
            "{what}: frame {frame}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// From a device's input through a client to a device's output: what is added is what is
    /// documented, for every block and cycle.
    #[test]
    fn blocks_of_any_length_add_what_they_must(block in 1_usize..700, cycle in 1_usize..500, beside: bool) {
        let mut machine = Machine::new(cycle);
        let hand_over = if beside { HandOver::Pipelined } else { HandOver::Synchronous };
        let attached = machine.attach(block, hand_over, echo());
        machine.route(&[(0, attached.sinks.start), (attached.sources.start, 0)]);
        machine.run(20 + 4_000 / cycle);
        // Shorter blocks than the cycle run inside it whatever they want.
        let is_beside = beside && block >= cycle;
        let delay = block - gcd(block, cycle) + if is_beside { block } else { 0 };
        assert_delayed(&machine.played[0], delay, &format!("{block} in {cycle}"));
        let status = attached.view.status();
        prop_assert_eq!(status.is_pipelined, is_beside);
        prop_assert_eq!(status.added_frames as usize, if is_beside { block } else { 0 });
        prop_assert_eq!(status.late_blocks, 0);
    }
}

#[test]
fn what_is_only_played_waits_for_nothing_inside_the_cycle() {
    for block in [16, 64, 256, 1_000] {
        let mut machine = Machine::new(64);
        let attached = machine.attach(block, HandOver::Synchronous, counting());
        machine.route(&[(attached.sources.start, 1)]);
        machine.run(100);
        assert_delayed(&machine.played[1], 0, &format!("block of {block}"));
    }
}

#[test]
fn a_late_client_is_silent_and_nobody_else_loses_a_frame() {
    let mut machine = Machine::new(64);
    let slow = machine.attach(64, HandOver::Synchronous, counting());
    let good = machine.attach(64, HandOver::Synchronous, counting());
    let slow_client = machine.clients[0].clone();
    machine.route(&[(slow.sources.start, 0), (good.sources.start, 1)]);
    machine.run(10);
    // Longer than it may: for ever, then late by two cycles, then good again.
    slow_client.take(100 * SECOND);
    machine.run(20);
    slow_client.turn(200 * SECOND);
    slow_client.take(0);
    machine.run(10);
    let silent = |from: usize, to: usize| {
        machine.played[0][from * 64..to * 64]
            .iter()
            .all(|s| *s == 0.0)
    };
    assert!(!silent(0, 10) && silent(10, 30) && !silent(31, 40));
    assert_delayed(&machine.played[1], 0, "the good client");
    let status = slow.view.status();
    assert_eq!(status.late_blocks, 20);
    assert_eq!(good.view.status().late_blocks, 0);
    // Back in its place: time has gone on for it.
    assert_eq!(machine.played[0][31 * 64], counter(31 * 64));
}

#[test]
fn who_is_killed_takes_no_time_from_the_others() {
    const MS: u64 = 1_000_000;
    let ways = [
        // Of half a cycle, which is 5 ms.
        (HandOver::Synchronous, 4 * MS, 0),
        // Of a whole one.
        (HandOver::Pipelined, 9 * MS, 480),
    ];
    for (victims, dies_first) in [(1, true), (1, false), (5, true)] {
        for (dying, _, _) in ways {
            for (staying, take_ns, delay) in ways {
                let mut machine = Machine::new(480);
                let ways = match dies_first {
                    true => [vec![dying; victims], vec![staying]].concat(),
                    false => [vec![staying], vec![dying; victims]].concat(),
                };
                let attached: Vec<Attached> = ways
                    .into_iter()
                    .map(|way| machine.attach(480, way, counting()))
                    .collect();
                let stays = if dies_first { victims } else { 0 };
                machine.clients[stays].take(take_ns);
                machine.route(&[(attached[stays].sources.start, 0)]);
                machine.run(5);
                for (at, client) in machine.clients.iter().enumerate() {
                    if at != stays {
                        client.kill();
                    }
                }
                machine.run(5);
                let what = format!("{victims} {dying:?} killed, {staying:?} stays, {dies_first}");
                assert_delayed(&machine.played[0], delay, &what);
                assert_eq!(attached[stays].view.status().late_blocks, 0, "{what}");
            }
        }
    }
}

#[test]
fn a_client_that_needs_its_time_gets_it_and_loses_it_again() {
    let mut machine = Machine::new(64);
    let attached = machine.attach(64, HandOver::Auto, counting());
    let client = machine.clients[0].clone();
    machine.route(&[(attached.sources.start, 0)]);
    machine.run(10);
    assert!(!attached.view.status().is_pipelined);
    // More than half of the cycle, less than all of it.
    client.take(1_000_000);
    machine.run(750);
    let status = attached.view.status();
    assert!(status.is_pipelined && status.late_blocks <= 6, "{status:?}");
    // Beside the cycle nothing is lost.
    let tail = &machine.played[0][700 * 64..760 * 64];
    let steps = tail.windows(2).filter(|pair| pair[1] <= pair[0]).count();
    assert_eq!(steps, 0);
    client.take(10_000);
    machine.run(31 * 750);
    let status = attached.view.status();
    assert!(
        !status.is_pipelined && status.skipped_frames == 64,
        "{status:?}"
    );
    let tail = &machine.played[0][machine.played[0].len() - 6_400..];
    assert!(tail.windows(2).all(|pair| pair[1] > pair[0]));
}

#[test]
fn clients_come_and_go_and_the_others_notice_nothing() {
    let mut machine = Machine::new(64);
    let good = machine.attach(48, HandOver::Pipelined, echo());
    machine.route(&[(0, good.sinks.start), (good.sources.start, 1)]);
    machine.run(5);
    for _ in 0..40 {
        let other = machine.attach(128, HandOver::Auto, counting());
        assert_ne!(other.sources, good.sources);
        let routes = [
            (0, good.sinks.start),
            (good.sources.start, 1),
            (other.sources.start, 0),
        ];
        machine.route(&routes);
        machine.run(7);
        assert!(machine.control.release(other.number));
        assert!(machine.control.returned().is_none(), "not before a cycle");
        machine.run(1);
        let (number, _) = machine.control.returned().expect("it is back");
        assert_eq!(number, other.number);
        assert!(machine.control.returned().is_none());
    }
    assert_delayed(&machine.played[1], 48 - 16, "the one that stays");
}

#[test]
fn seats_and_channels_are_bounded() {
    let mut machine = Machine::new(64);
    for _ in 0..8 {
        machine.attach(64, HandOver::Auto, counting());
    }
    let (end, _) = attach(&wish(1, 2, 64, HandOver::Auto), &machine.now_ns, counting());
    let Err((_, why)) = machine.control.attach(Seat::new(end, 64, 0)) else {
        panic!("there is no room for its channels");
    };
    assert!(why.contains("plays 2") && why.ends_with('.'), "{why}");
    machine.run(3);
    // A number that nobody has.
    assert!(machine.control.release(31) && machine.control.release(400));
    machine.run(1);
    assert!(machine.control.returned().is_none());
}
