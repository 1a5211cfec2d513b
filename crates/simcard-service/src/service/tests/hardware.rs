//! The hardware with a driver of its own, played on and recorded from by a driver that the test is.

use proptest::prelude::*;

use super::{MS, Rig};
use crate::call::Question;
use crate::codes::NOT_INITIALIZED;
use crate::dma::Shape;
use crate::service::System;
use engine::format::SampleFormat;
use simcard::SimError;
use std::sync::atomic::Ordering;

/// The number of the test's event.
const HANDLE: u64 = 500;

/// What the hardware is like.
#[derive(Clone, Debug)]
struct Kind {
    block_frames: u32,
    rate_hz: u32,
    sample: SampleFormat,
    latencies: [u32; 2],
    delay_frames: u32,
    ppm: i32,
}

fn kinds() -> impl Strategy<Value = Kind> {
    let block = prop::sample::select(vec![64_u32, 128, 256]);
    let rate = prop::sample::select(vec![44_100_u32, 48_000, 96_000]);
    let sample = prop::sample::select(vec![SampleFormat::Int32, SampleFormat::Int24]);
    let numbers = ([0_u32..90, 0_u32..90], 0_u32..300, -100_i32..100);
    (block, rate, sample, numbers).prop_map(|(block_frames, rate_hz, sample, numbers)| Kind {
        block_frames,
        rate_hz,
        sample,
        latencies: numbers.0,
        delay_frames: numbers.1,
        ppm: numbers.2,
    })
}

impl Kind {
    fn config(&self) -> String {
        let Kind {
            sample,
            latencies,
            delay_frames,
            ppm,
            ..
        } = self;
        format!(
            "card Desk\n render OUT\n capture IN\nhardware Box\n clock ppm {ppm}\n blocks 128 64 256\n \
             sample {}\n render BOX OUT\n latency {}\n capture BOX IN\n latency {}\n\
             cable BOX OUT 1 2 -> BOX IN 1 2 delay {delay_frames}\n",
            sample.name(),
            latencies[0],
            latencies[1]
        )
    }

    fn shape(&self) -> Shape {
        Shape {
            inputs: 2,
            outputs: 2,
            block_frames: self.block_frames,
            sample: self.sample,
        }
    }

    fn block_ns(&self) -> u64 {
        u64::from(self.block_frames) * 1_000_000_000 / u64::from(self.rate_hz)
    }
}

/// A driver with its host in one.
struct Driver {
    kind: Kind,
    generation: u32,
    /// Blocks that were processed.
    served: u64,
    /// All samples of the first input, in the order of time.
    heard: Vec<i32>,
    /// All samples that were written to the first output.
    written: Vec<i32>,
}

impl Driver {
    fn open(rig: &mut Rig, kind: &Kind) -> Self {
        assert_eq!(rig.ask(Question::SetHardwareRate(kind.rate_hz)).status, 0);
        let opened = rig.ask(Question::OpenHardware(kind.block_frames));
        assert_eq!(opened.status, 0);
        let generation = opened.words[0] as u32;
        let set = Question::SetHardwareEvent {
            generation,
            handle: HANDLE,
        };
        assert_eq!(rig.ask(set).status, 0);
        assert_eq!(rig.ask(Question::StartHardware(generation)).status, 0);
        Self {
            kind: kind.clone(),
            generation,
            served: 0,
            heard: Vec::new(),
            written: Vec::new(),
        }
    }

    /// Lets time pass until the event is set, then for so long, and does what is due.
    fn turn(&mut self, rig: &mut Rig, delay_ns: u64) {
        for _ in 0..10_000 {
            rig.run(self.kind.block_ns() / 10);
            if rig.fake.events.borrow().contains(&HANDLE) {
                rig.fake.events.borrow_mut().clear();
                rig.run(delay_ns);
                return self.serve(rig);
            }
        }
        panic!("no event came");
    }

    fn serve(&mut self, rig: &Rig) {
        let (block, shape) = (&rig.shared.hardware, self.kind.shape());
        let frames = u64::from(shape.block_frames);
        let passed = block.position().unwrap().0 / frames;
        while self.served < passed {
            let half = (self.served % 2) as usize;
            let mut plane = vec![0; shape.half_bytes()];
            let at = shape.half_at(true, 0, half).unwrap();
            block.ring.copy_out(at, &mut plane);
            self.heard.extend(samples(&plane, shape.sample));
            let first = self.served * frames + 1;
            let numbers = (first..first + frames).map(|n| (n as i32) << 8);
            let numbers: Vec<i32> = numbers.collect();
            let at = shape.half_at(false, 0, half).unwrap();
            block.ring.copy_in(at, &bytes(&numbers, shape.sample));
            self.written.extend(&numbers);
            self.served += 1;
            let now_ns = rig.fake.now_ns();
            let slots = block.handovers_written.load(Ordering::Relaxed);
            let slot = &block.handovers[slots as usize % block.handovers.len()];
            slot.end_frame
                .store(self.served * frames, Ordering::Relaxed);
            slot.got_ns.store(now_ns, Ordering::Relaxed);
            slot.released_ns.store(now_ns, Ordering::Relaxed);
            block.handovers_written.store(slots + 1, Ordering::Release);
            let done = self.served * frames;
            block.client_frames.store(done, Ordering::Release);
        }
    }
}

fn samples(plane: &[u8], sample: SampleFormat) -> Vec<i32> {
    let number = |b: &[u8]| match *b {
        [a, b, c] => i32::from_le_bytes([0, a, b, c]),
        _ => i32::from_le_bytes(b.try_into().unwrap()),
    };
    plane.chunks_exact(sample.bytes()).map(number).collect()
}

fn bytes(numbers: &[i32], sample: SampleFormat) -> Vec<u8> {
    let skipped = 4 - sample.bytes();
    let each = numbers.iter().map(|number| number.to_le_bytes());
    each.flat_map(|bytes| bytes[skipped..].to_vec()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// What block `n` writes comes back exactly two blocks, both converters' latencies and the cable's
    /// delay later, whatever the block, the rate, the clock and the host's promptness.
    #[test]
    fn the_round_trip_is_what_the_latencies_say_to_the_frame(
        kind in kinds(),
        delays in prop::collection::vec(0.0..0.8_f64, 12),
        pause_ns in 0_u64..5_000_000,
    ) {
        let mut rig = Rig::new(&kind.config());
        rig.run(pause_ns);
        let mut driver = Driver::open(&mut rig, &kind);
        for share in &delays {
            driver.turn(&mut rig, (kind.block_ns() as f64 * share) as u64);
        }
        let trip = 2 * kind.block_frames + kind.latencies.iter().sum::<u32>() + kind.delay_frames;
        let trip = trip as usize;
        for (place, heard) in driver.heard.iter().enumerate() {
            let expected = place.checked_sub(trip).map_or(0, |at| driver.written[at]);
            prop_assert_eq!(*heard, expected, "frame {} with a round trip of {}", place, trip);
        }
        prop_assert!(driver.served >= 11);
        let report = rig.end();
        let stream = &report.streams[0];
        prop_assert_eq!((stream.mode, stream.underruns), ("asio", 0));
        // A block is written after the boundary at which it is asked for, and played from the next on.
        let longest = u64::from(kind.block_frames + kind.latencies[0]);
        for block in &stream.blocks {
            prop_assert!(block.latency_frames().unwrap() <= longest, "{:?}", block);
        }
        prop_assert_eq!(stream.stated_latency_frames, longest);
    }
}

fn plain() -> Kind {
    Kind {
        block_frames: 128,
        rate_hz: 48_000,
        sample: SampleFormat::Int32,
        latencies: [10, 20],
        delay_frames: 0,
        ppm: 0,
    }
}

#[test]
fn a_host_that_is_late_is_heard_two_periods_old() {
    let kind = plain();
    let mut rig = Rig::new(&kind.config());
    let mut driver = Driver::open(&mut rig, &kind);
    for _ in 0..6 {
        driver.turn(&mut rig, 0);
    }
    // One boundary passes that nobody answers.
    driver.turn(&mut rig, kind.block_ns() + kind.block_ns() / 2);
    for _ in 0..6 {
        driver.turn(&mut rig, 0);
    }
    let frames = kind.block_frames as usize;
    let trip = 2 * frames + 30;
    let late = driver
        .heard
        .iter()
        .skip(trip)
        .zip(&driver.written)
        .enumerate()
        .filter(|(_, (heard, written))| heard != written)
        .map(|(at, (heard, written))| (at / frames, written - heard))
        .collect::<Vec<_>>();
    assert_eq!(late.len(), frames, "one block is wrong");
    let old = (late[0].0, (2 * frames as i32) << 8);
    assert!(late.iter().all(|each| *each == old), "{late:?}");
    let report = rig.end();
    assert_eq!(report.streams[0].underruns, 1);
    assert_eq!(report.streams[0].underrun_frames, frames as u64);
}

#[test]
fn one_client_at_a_time_has_it() {
    let kind = plain();
    let mut rig = Rig::new(&kind.config());
    let driver = Driver::open(&mut rig, &kind);
    let in_use = SimError::DeviceInUse.code();
    assert_eq!(rig.ask(Question::OpenHardware(128)).status, in_use);
    assert_eq!(rig.ask_as(2, Question::OpenHardware(128)).status, in_use);
    assert_eq!(rig.ask(Question::SetHardwareRate(44_100)).status, in_use);
    assert_eq!(rig.ask(Question::SetHardwareRate(48_000)).status, 0);
    assert_eq!(rig.ask(Question::Hardware).words[6], 1, "it is taken");
    for question in [
        Question::StopHardware(driver.generation),
        Question::CloseHardware(driver.generation),
    ] {
        assert_eq!(rig.ask_as(2, question).status, NOT_INITIALIZED);
    }
    assert_eq!(
        rig.ask(Question::CloseHardware(driver.generation)).status,
        0
    );
    assert_eq!(
        rig.ask(Question::StartHardware(driver.generation)).status,
        NOT_INITIALIZED
    );
    assert_eq!(rig.ask_as(2, Question::OpenHardware(128)).status, 0);
    // A client that dies lets go of it.
    rig.fake.dead.set(2);
    rig.run(200 * MS);
    assert_eq!(rig.ask(Question::OpenHardware(64)).status, 0);
    assert_eq!(
        rig.ask(Question::SetHardwareRate(12_345)).status,
        SimError::UnsupportedFormat.code()
    );
}

#[test]
fn it_is_none_of_the_systems_devices() {
    let mut rig = Rig::new(&plain().config());
    assert_eq!(rig.shared.header.devices.load(Ordering::Relaxed), 2);
    assert_eq!(rig.ask(Question::Device(1)).status, 0);
    let not_found = SimError::NotFound.code();
    assert_eq!(rig.ask(Question::Device(2)).status, not_found);
    let about = rig.ask(Question::Hardware);
    assert_eq!(about.text, "Box");
    assert_eq!(about.words[..8], [2, 2, 0, 48_000, 20, 10, 0, 3]);
    let mut alone = Rig::new("hardware Box\n render O\n capture I\n");
    let question = Question::Default(simcard::spec::Flow::Render);
    assert_eq!(alone.ask(question).status, not_found);
    let mut none = Rig::new(super::CONFIG);
    assert_eq!(none.ask(Question::Hardware).status, not_found);
}

#[test]
fn lost_hardware_is_told_and_comes_back() {
    let kind = plain();
    let script = "at 20ms lose Box\nat 60ms back Box\n";
    let mut rig = Rig::new(&(kind.config() + script));
    let mut driver = Driver::open(&mut rig, &kind);
    driver.turn(&mut rig, 0);
    rig.run(30 * MS);
    let lost = SimError::DeviceInvalidated.code();
    let dead = rig.shared.hardware.dead.load(Ordering::Acquire);
    assert_eq!(dead, lost);
    assert_eq!(rig.ask(Question::Hardware).status, lost);
    let close = Question::CloseHardware(driver.generation);
    assert_eq!(rig.ask(close).status, 0);
    assert_eq!(rig.ask(Question::OpenHardware(128)).status, lost);
    rig.run(40 * MS);
    let mut driver = Driver::open(&mut rig, &kind);
    for _ in 0..5 {
        driver.turn(&mut rig, 0);
    }
    assert!(driver.heard.iter().any(|sample| *sample != 0));
}

#[test]
fn a_late_signal_finds_all_the_boundaries_that_passed() {
    let kind = plain();
    let script = "at 20ms late 3 periods on Box\n";
    let mut rig = Rig::new(&(kind.config() + script));
    let mut driver = Driver::open(&mut rig, &kind);
    let mut steps = Vec::new();
    for _ in 0..14 {
        let before = driver.served;
        driver.turn(&mut rig, 0);
        steps.push(driver.served - before);
    }
    assert!(steps.contains(&4), "{steps:?}");
    assert!(rig.end().streams[0].underruns >= 2);
}
