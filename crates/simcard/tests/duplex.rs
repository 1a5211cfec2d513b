//! The whole driver in both directions: what the host plays comes back over a cable.

mod support;

use std::sync::Arc;

use asio::driver::{ChannelId, Object};
use asio::host::{BlockIo, Driver, Events, Handler};
use rt::Mutex;
use session::DirectDriver;
use session::product::DRIVERS;
use simcard::clock::ClockSpec;
use simcard::recorder::Recording;
use simcard::spec::CardSpec;
use simcard::wake::WakeSpec;
use simcard::{Cable, EndpointId, Use, VirtualDevice, VirtualTime, Wish, World};
use support::{Counter, Notes, SECOND, counter, wrap24};

const CABLE_FRAMES: u32 = 37;
const INPUTS: [ChannelId; 2] = [channel(true, 0), channel(true, 1)];
const BOTH: [ChannelId; 4] = [
    channel(false, 0),
    channel(false, 1),
    channel(true, 0),
    channel(true, 1),
];

const fn channel(is_input: bool, index: u32) -> ChannelId {
    ChannelId { is_input, index }
}

/// A host that plays numbers and keeps what it hears on its first input.
struct Duplex {
    counter: Box<Counter>,
    first_input: usize,
    heard: Arc<Mutex<Vec<i32>>>,
}

impl Handler for Duplex {
    fn buffer_switch(&mut self, io: &mut BlockIo<'_>) {
        let words = io.input_bytes(self.first_input).expect("an input");
        let is_float = io.sample_type(self.first_input) == Some(asio::abi::SampleType::FLOAT32_LSB);
        let mut heard = self.heard.lock();
        heard.extend(words.as_chunks::<4>().0.iter().map(|word| {
            if is_float {
                (f32::from_le_bytes(*word) * 8_388_608.0) as i32
            } else {
                i32::from_le_bytes(*word) >> 8
            }
        }));
        drop(heard);
        self.counter.buffer_switch(io);
    }

    fn events(&self) -> Arc<dyn Events> {
        self.counter.events()
    }
}

struct Rig {
    time: Arc<VirtualTime>,
    out: EndpointId,
    input: EndpointId,
    recording: Recording,
}

/// A card with a cable from its DAC to its ADC; or two cards, each with a side.
fn rig(seed: u64, card: &CardSpec, other: Option<&CardSpec>) -> Rig {
    let mut world = World::new(seed);
    let [out, mut input] = world.add_card(card).expect("a sound card");
    if let Some(other) = other {
        [_, input] = world.add_card(other).expect("another");
    }
    let (out, input) = (out.expect("it plays"), input.expect("it records"));
    world
        .connect(Cable {
            from: out,
            from_channels: vec![0, 1],
            to: input,
            to_channels: vec![0, 1],
            delay_frames: CABLE_FRAMES,
        })
        .expect("it fits");
    let recording = Recording::default();
    world.set_recorder(recording.clone());
    Rig {
        time: Arc::new(VirtualTime::new(world)),
        out,
        input,
        recording,
    }
}

struct Heard {
    samples: Vec<i32>,
    input_frames: u32,
    output_frames: u32,
    notes: Arc<Notes>,
}

impl Rig {
    fn driver(&self, wish: Wish) -> Driver {
        let product = &DRIVERS[0];
        let time = Arc::clone(&self.time);
        let device = VirtualDevice::with_sides(time, Some(self.out), Some(self.input), wish);
        let logic = DirectDriver::new(product.name, Arc::new(device));
        let mut driver = Driver::from_object(Object::create(product.clsid, logic));
        driver.init().expect("the device is there");
        driver
    }

    fn play(&self, wish: Wish, channels: &[ChannelId], block_frames: u32, ns: u64) -> Heard {
        let mut driver = self.driver(wish);
        assert_eq!(driver.channels().expect("known").inputs, 2);
        let heard = Arc::<Mutex<Vec<i32>>>::default();
        let (counter, notes) = counter();
        let handler = Duplex {
            counter,
            first_input: channels.iter().position(|id| id.is_input).expect("one"),
            heard: Arc::clone(&heard),
        };
        driver
            .create_buffers(channels, block_frames, Box::new(handler))
            .expect("created");
        driver.start().expect("started");
        self.time.run_until(ns).expect("nobody is stuck");
        let latencies = driver.latencies().expect("known");
        driver.stop().expect("stopped");
        let samples = std::mem::take(&mut *heard.lock());
        Heard {
            samples,
            input_frames: latencies.input_frames,
            output_frames: latencies.output_frames,
            notes,
        }
    }
}

/// Frames from a frame's place in what was played to its place in what was heard, if all that was
/// heard is what was played, without a gap.
fn round_trip(samples: &[i32]) -> Result<i64, String> {
    let silence = samples.iter().take_while(|sample| **sample == 0).count();
    let first = i64::from(*samples.get(silence).ok_or("nothing was heard")?);
    for (n, sample) in (first..).zip(&samples[silence..]) {
        if *sample != wrap24(n) {
            return Err(format!("{sample} where {} was played", wrap24(n)));
        }
    }
    Ok(silence as i64 + 1 - first)
}

const USES: [Use; 4] = [
    Use::Shared,
    Use::LowLatency,
    Use::Exclusive,
    Use::ExclusiveTimer,
];

#[test]
fn a_round_trip_is_exact_and_takes_as_long_as_the_latencies_say() {
    for usage in USES {
        for block_frames in [480, 64, 100, 441, 1_024, 2_048] {
            let rig = rig(1, &CardSpec::stereo("CARD"), None);
            let heard = rig.play(Wish::new(usage), &BOTH, block_frames, 2 * SECOND);
            let case = format!("{usage:?} {block_frames}");
            let measured = round_trip(&heard.samples).expect(&case);
            let reported = heard.input_frames + heard.output_frames + CABLE_FRAMES;
            println!("{case}: {measured} frames, reported {reported}");
            assert_eq!(measured, i64::from(reported), "{case}");
            assert_eq!(rig.recording.incidents(), [], "{case}");
            assert_eq!(heard.notes.heard(asio::abi::HostMessage::OVERLOAD), 0);
        }
    }
}

#[test]
fn at_the_devices_period_nothing_is_added_to_the_round_trip() {
    for (usage, least) in [
        // A period is gathered, and another plays meanwhile.
        (Use::Exclusive, 2 * 480),
        // The mixer takes a period, and the device another.
        (Use::Shared, 3 * 480),
        (Use::LowLatency, 3 * 480),
    ] {
        let card = CardSpec::stereo("CARD");
        let converters = card.render.as_ref().map_or(0, |end| end.latency_frames)
            + card.capture.as_ref().map_or(0, |end| end.latency_frames);
        let heard = rig(1, &card, None).play(Wish::new(usage), &BOTH, 480, SECOND);
        let measured = round_trip(&heard.samples).expect("exact");
        let least = i64::from(least + converters + CABLE_FRAMES);
        assert_eq!(measured, least, "{usage:?}");
    }
}

#[test]
fn a_host_that_only_records_gets_every_frame() {
    for usage in USES {
        for block_frames in [480, 64, 100, 2_048] {
            let rig = rig(1, &CardSpec::stereo("CARD"), None);
            let heard = rig.play(Wish::new(usage), &INPUTS, block_frames, SECOND);
            let frames = heard.samples.len();
            assert!(
                frames >= 40_000,
                "{usage:?} {block_frames}: {frames} frames"
            );
            assert!(
                heard.samples.iter().all(|sample| *sample == 0),
                "nobody plays"
            );
        }
    }
}

#[test]
fn late_wake_ups_lose_nothing() {
    for usage in [Use::Shared, Use::LowLatency, Use::Exclusive] {
        let mut card = CardSpec::stereo("CARD");
        card.wake = WakeSpec {
            rms_ns: 100_000,
            ..WakeSpec::default()
        };
        let heard = rig(7, &card, None).play(Wish::new(usage), &BOTH, 480, 5 * SECOND);
        round_trip(&heard.samples).unwrap_or_else(|error| panic!("{usage:?}: {error}"));
    }
}

#[test]
fn an_input_on_another_clock_never_takes_the_output_along() {
    let card = CardSpec::stereo("CARD");
    let mut other = CardSpec::stereo("OTHER");
    other.clock = ClockSpec::with_ppm(300.0);
    let rig = rig(3, &card, Some(&other));
    let heard = rig.play(Wish::new(Use::Shared), &BOTH, 480, 20 * SECOND);
    assert!(heard.samples.iter().any(|sample| *sample != 0));
    let tracks = rig.recording.played(rig.out);
    let played = support::values(&tracks[0]);
    let silence = played.iter().take_while(|frame| frame[0] == 0).count();
    for (n, frame) in (1_i64..).zip(&played[silence..]) {
        assert_eq!(frame[0], wrap24(n));
    }
}
