//! Several cards joined into one driver.

mod support;

use std::sync::Arc;

use asio::driver::{ChannelId, Object};
use asio::host::{BlockIo, Driver, Events, Handler};
use engine::format::SampleFormat;
use rt::Mutex;
use session::product::DRIVERS;
use session::{ChannelMap, DirectDriver, JoinedDevice, Preferences};
use simcard::clock::ClockSpec;
use simcard::recorder::{Recording, Track};
use simcard::spec::CardSpec;
use simcard::{Cable, EndpointId, Use, VirtualDevice, VirtualTime, Wish, World};
use support::{Notes, SECOND, wrap24};

const fn channel(is_input: bool, index: u32) -> ChannelId {
    ChannelId { is_input, index }
}

/// All outputs, then all inputs, of two stereo cards.
const ALL: [ChannelId; 8] = [
    channel(false, 0),
    channel(false, 1),
    channel(false, 2),
    channel(false, 3),
    channel(true, 0),
    channel(true, 1),
    channel(true, 2),
    channel(true, 3),
];

/// Plays numbers on each output and keeps what the second card's first input brings.
struct Host {
    next: i64,
    heard: Arc<Mutex<Vec<i32>>>,
    notes: Arc<Notes>,
}

impl Handler for Host {
    fn buffer_switch(&mut self, io: &mut BlockIo<'_>) {
        let first = self.next;
        for slot in 0..4 {
            let samples = io.output_i32(slot).expect("an output");
            for (n, sample) in (first..).zip(samples) {
                *sample = wrap24(n) << 8;
            }
        }
        self.next += i64::from(io.block_frames());
        let words = io.input_bytes(6).expect("an input");
        let words = words.as_chunks::<4>().0;
        let samples = words.iter().map(|word| i32::from_le_bytes(*word) >> 8);
        self.heard.lock().extend(samples);
    }

    fn events(&self) -> Arc<dyn Events> {
        Arc::clone(&self.notes) as Arc<dyn Events>
    }
}

struct Outcome {
    /// What the two DACs played, from the first sound on.
    played: [Vec<i32>; 2],
    heard: Vec<i32>,
    incidents: usize,
}

fn play(other_ppm: f64, usage: Use, block_frames: u32, seconds: u64) -> Outcome {
    let mut world = World::new(5);
    let mut other = CardSpec::stereo("OTHER");
    other.clock = ClockSpec::with_ppm(other_ppm);
    let [main_out, main_in] = world.add_card(&CardSpec::stereo("MAIN")).expect("a card");
    let [out, input] = world.add_card(&other).expect("a card");
    let (out, input) = (out.expect("it plays"), input.expect("it records"));
    world
        .connect(Cable {
            from: out,
            from_channels: vec![0, 1],
            to: input,
            to_channels: vec![0, 1],
            delay_frames: 0,
        })
        .expect("it fits");
    let recording = Recording::default();
    world.set_recorder(recording.clone());
    let time = Arc::new(VirtualTime::new(world));
    let device = |output: Option<EndpointId>, input: Option<EndpointId>| {
        let wish = Wish::new(usage);
        Arc::new(VirtualDevice::with_sides(
            Arc::clone(&time),
            output,
            input,
            wish,
        ))
    };
    let joined = |device, is_input| JoinedDevice {
        device,
        is_input,
        channels: ChannelMap::All,
        is_waited_for: true,
        view: Arc::default(),
    };
    let product = &DRIVERS[0];
    let preferences = Preferences {
        sample: Some(engine::format::ClientSample::Int32),
        ..Preferences::default()
    };
    let logic =
        DirectDriver::with_preferences(product.name, device(main_out, main_in), preferences)
            .joined_with(vec![
                joined(device(Some(out), None), false),
                joined(device(None, Some(input)), true),
            ]);
    let mut driver = Driver::from_object(Object::create(product.clsid, logic));
    driver.init().expect("ready");
    let counts = driver.channels().expect("known");
    assert_eq!((counts.inputs, counts.outputs), (4, 4));
    let name = |channel| driver.channel_info(channel).expect("known").name;
    assert_eq!(name(ALL[0]), "1 Front Left");
    assert_eq!(name(ALL[3]), "OUT 2");

    let heard = Arc::<Mutex<Vec<i32>>>::default();
    let host = Host {
        next: 1,
        heard: Arc::clone(&heard),
        notes: Arc::default(),
    };
    driver
        .create_buffers(&ALL, block_frames, Box::new(host))
        .expect("created");
    driver.start().expect("started");
    time.run_until(seconds * SECOND).expect("nobody is stuck");
    driver.stop().expect("stopped");
    drop(driver);
    let of = |endpoint: EndpointId| {
        let tracks = recording.played(endpoint);
        let first = first_channel(&tracks[0]);
        first
            .into_iter()
            .skip_while(|sample| *sample == 0)
            .collect()
    };
    let heard = std::mem::take(&mut *heard.lock());
    Outcome {
        played: [of(main_out.expect("it plays")), of(out)],
        heard: heard.into_iter().skip_while(|n| *n == 0).collect(),
        incidents: recording.incidents().len(),
    }
}

/// The upper 24 bits of the first channel. Fades have more below.
fn first_channel(track: &Track) -> Vec<i32> {
    let frames = track.bytes.chunks_exact(track.format.frame_bytes());
    let word = |frame: &[u8]| [frame[0], frame[1], frame[2], frame[3]];
    match track.format.sample {
        SampleFormat::Float32 => frames
            .map(|frame| (f32::from_le_bytes(word(frame)) * 8_388_608.0) as i32)
            .collect(),
        SampleFormat::Int32 => frames
            .map(|frame| i32::from_le_bytes(word(frame)) >> 8)
            .collect(),
        other => panic!("the card was not opened with {other}"),
    }
}

fn assert_counts(samples: &[i32], what: &str) {
    let first = i64::from(samples[0]);
    for (n, sample) in (first..).zip(samples) {
        assert_eq!(*sample, wrap24(n), "{what}");
    }
}

#[test]
fn cards_whose_clocks_agree_play_and_record_every_bit() {
    for usage in [Use::Shared, Use::Exclusive] {
        for block_frames in [480, 100, 1_024] {
            let outcome = play(0.0, usage, block_frames, 10);
            let case = format!("{usage:?} {block_frames}");
            let [main, other] = &outcome.played;
            assert_counts(main, &format!("{case}, played on the main card"));
            // A joined card fades in when its clock is known.
            for (samples, what) in [(other, "played on the other"), (&outcome.heard, "heard")] {
                assert!(
                    samples.len() > 8 * 48_000,
                    "{case}: {} {what}",
                    samples.len()
                );
                assert_counts(&samples[4_800..], &format!("{case}, {what}"));
            }
            assert_eq!(outcome.incidents, 0, "{case}");
        }
    }
}

#[test]
fn a_card_with_another_clock_loses_and_repeats_nothing() {
    for ppm in [-300.0, 50.0] {
        let outcome = play(ppm, Use::Exclusive, 480, 60);
        assert_counts(&outcome.played[0], "the main card");
        // A ramp stays one through the filter, a little steeper or flatter; after what the bridge
        // needs to learn the clock.
        let other = &outcome.played[1][5 * 48_000..];
        let steps = other.windows(2).map(|pair| pair[1] - pair[0]);
        let odd = steps.filter(|step| !(0..=2).contains(step)).count();
        assert_eq!(odd, 0, "{ppm} ppm: {odd} of {} steps", other.len());
        assert_eq!(outcome.incidents, 0, "{ppm} ppm");
    }
}
