//! A card, a driver on it, and a host that counts.

#![allow(dead_code)] // Each test uses a part.

pub mod any_block;
pub mod cabled;
pub mod moving;
pub mod scenario;
pub mod spectrum;

use std::sync::Arc;

use asio::abi::HostMessage;
use asio::driver::{ChannelId, Object};
use asio::host::{BlockIo, Driver, Events, Handler, answer};
use engine::format::SampleFormat;
use session::product::DRIVERS;
use session::{DirectDriver, Preferences};
use simcard::recorder::{Recording, Track};
use simcard::spec::CardSpec;
use simcard::{EndpointId, VirtualDevice, VirtualTime, Wish, World};

pub const SECOND: u64 = 1_000_000_000;
pub const CHANNELS: [ChannelId; 2] = [channel(0), channel(1)];

const fn channel(index: u32) -> ChannelId {
    ChannelId {
        is_input: false,
        index,
    }
}

/// What the host did.
#[derive(Default)]
pub struct Notes {
    /// For each block the instant of its wake-up and its first value.
    pub blocks: rt::Mutex<Vec<(u64, i64)>>,
    pub messages: rt::Mutex<Vec<HostMessage>>,
}

impl Notes {
    pub fn heard(&self, message: HostMessage) -> usize {
        self.messages
            .lock()
            .iter()
            .filter(|m| **m == message)
            .count()
    }
}

impl Events for Notes {
    fn message(&self, selector: HostMessage, value: i32) -> i32 {
        self.messages.lock().push(selector);
        answer(selector, value)
    }
}

/// Plays 1, 2, 3 … on the first channel and the negatives on the second, each as it is in the upper
/// 24 bits or as that part of a float's full scale.
pub struct Counter {
    pub next: i64,
    /// The numbers are multiplied by this.
    pub scale: i64,
    pub notes: Arc<Notes>,
    pub withholds_output_ready: bool,
}

/// The number as the 24 bits that every format but 16-bit integers holds.
pub fn wrap24(value: i64) -> i32 {
    (((value + (1 << 23)) & 0xFF_FFFF) - (1 << 23)) as i32
}

impl Handler for Counter {
    fn buffer_switch(&mut self, io: &mut BlockIo<'_>) {
        if let Some(time) = io.time() {
            let block = (time.position.system_ns, self.next);
            self.notes.blocks.lock().push(block);
        }
        let first = self.next;
        for (slot, sign) in [(0, 1), (1, -1)] {
            let value = |n: i64| wrap24(sign * n * self.scale);
            if let Some(samples) = io.output_i32(slot) {
                for (n, sample) in (first..).zip(samples) {
                    *sample = value(n) << 8;
                }
            } else if let Some(samples) = io.output_f32(slot) {
                for (n, sample) in (first..).zip(samples) {
                    *sample = value(n) as f32 / 8_388_608.0;
                }
            }
        }
        self.next += i64::from(io.block_frames());
        if self.withholds_output_ready {
            io.withhold_output_ready();
        }
    }

    fn events(&self) -> Arc<dyn Events> {
        Arc::clone(&self.notes) as Arc<dyn Events>
    }
}

pub fn counter() -> (Box<Counter>, Arc<Notes>) {
    let notes = Arc::<Notes>::default();
    let counter = Counter {
        next: 1,
        scale: 1,
        notes: Arc::clone(&notes),
        withholds_output_ready: false,
    };
    (Box::new(counter), notes)
}

/// A machine with that card, its DAC, and all that it plays.
pub struct Rig {
    pub time: Arc<VirtualTime>,
    pub out: EndpointId,
    pub recording: Recording,
}

pub fn rig(seed: u64, card: &CardSpec) -> Rig {
    let mut world = World::new(seed);
    let [out, _] = world.add_card(card).expect("a sound card");
    let recording = Recording::default();
    world.set_recorder(recording.clone());
    Rig {
        time: Arc::new(VirtualTime::new(world)),
        out: out.expect("the card plays"),
        recording,
    }
}

impl Rig {
    /// Our driver on the DAC, initialised.
    pub fn driver(&self, wish: Wish) -> Driver {
        self.driver_with(wish, Preferences::default())
    }

    /// The same as the user wants it.
    pub fn driver_with(&self, wish: Wish, preferences: Preferences) -> Driver {
        let product = &DRIVERS[0];
        let device = VirtualDevice::new(Arc::clone(&self.time), self.out, wish);
        let object = Object::create(
            product.clsid,
            DirectDriver::with_preferences(product.name, Arc::new(device), preferences),
        );
        let mut driver = Driver::from_object(object);
        driver.init().expect("the device is there");
        driver
    }

    pub fn run_until(&self, ns: u64) {
        self.time.run_until(ns).expect("nobody is stuck");
    }

    pub fn now_ns(&self) -> u64 {
        self.time.with(|world| world.now_ns())
    }
}

/// How many frames of silence a track begins with, and the rest without the 10 ms in which its sound
/// rises from it.
pub fn beyond_fade(track: &Track) -> (u64, Track) {
    let frame_bytes = track.format.frame_bytes();
    let mut frames = track.bytes.chunks_exact(frame_bytes);
    let silence = frames.position(|frame| frame.iter().any(|byte| *byte != 0));
    let silence = silence.expect("there is sound");
    let skipped = silence + track.format.rate_hz as usize / 100;
    let sound = Track {
        first_frame: track.first_frame + skipped as u64,
        bytes: track.bytes[skipped * frame_bytes..].to_vec(),
        ..track.clone()
    };
    (silence as u64, sound)
}

/// The samples of a track as 24-bit numbers, frame by frame.
pub fn values(track: &Track) -> Vec<Vec<i32>> {
    let format = track.format;
    let frames = track.bytes.chunks_exact(format.frame_bytes());
    let one = |bytes: &[u8]| match (format.sample, bytes) {
        (SampleFormat::Int16, &[a, b]) => i32::from(i16::from_le_bytes([a, b])) << 8,
        (SampleFormat::Int24, &[a, b, c]) => i32::from_le_bytes([0, a, b, c]) >> 8,
        (SampleFormat::Float32, &[a, b, c, d]) => {
            let exact = f64::from(f32::from_le_bytes([a, b, c, d])) * 8_388_608.0;
            assert_eq!(exact.fract(), 0.0, "not what was written");
            exact as i32
        }
        (_, &[low, a, b, c]) => {
            assert_eq!(low, 0, "not what was written");
            i32::from_le_bytes([0, a, b, c]) >> 8
        }
        _ => unreachable!("no such format"),
    };
    frames
        .map(|frame| frame.chunks_exact(format.sample.bytes()).map(one).collect())
        .collect()
}
