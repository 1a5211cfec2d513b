//! A machine with one odd card, and frames compared in constant memory.

use engine::format::{SampleFormat, StreamFormat};
use simcard::clock::ClockSpec;
use simcard::rng::SplitMix64;
use simcard::spec::CardSpec;
use simcard::wake::WakeSpec;
use simcard::{EndpointId, StreamId, World};

use super::{SECOND_NS, Tally};
use crate::model::{Player, between, encode, pick, run, sound};
use crate::tap::Tap;

/// How often what was done is compared.
pub const LOOK_NS: u64 = 100_000_000;
/// Wake-ups come later than this never: six times the largest root mean square, and a little.
const WAKE_MAX_NS: u64 = 95_000;
const RATES_HZ: [u32; 3] = [44_100, 48_000, 96_000];

/// A card and all that is known of it.
pub struct Machine {
    pub world: World,
    pub out: EndpointId,
    pub input: EndpointId,
    pub tap: Tap,
    /// The rate of all that is done on it, in Hz.
    pub rate_hz: u32,
    /// Frames from the DAC's buffer to its output.
    pub latency_frames: u64,
    milli_ppm: i64,
}

impl Machine {
    /// A card whose clock is off, whose wake-ups are late, and which `shape` makes odder.
    pub fn new(rng: &mut SplitMix64, shape: impl FnOnce(&mut SplitMix64, &mut CardSpec)) -> Self {
        let milli_ppm = between(rng, 0, 2_000_000) as i64 - 1_000_000;
        let rate_hz = pick(rng, &RATES_HZ);
        let mut card = CardSpec {
            clock: ClockSpec::with_ppm(milli_ppm as f64 / 1_000.0),
            wake: WakeSpec::jitter(between(rng, 0, 15_000)),
            ..CardSpec::stereo("CARD")
        };
        for side in [&mut card.render, &mut card.capture].into_iter().flatten() {
            side.packet_bytes = 1;
            side.min_period_hns = 10_000;
            side.mix_rate_hz = rate_hz;
        }
        shape(rng, &mut card);
        let mut world = World::new(rng.next_u64());
        let [out, input] = world.add_card(&card).expect("a sound card");
        let tap = Tap::default();
        world.set_recorder(tap.clone());
        let render = card.render.expect("it plays");
        Self {
            world,
            out: out.expect("it plays"),
            input: input.expect("it records"),
            tap,
            rate_hz,
            latency_frames: u64::from(render.latency_frames),
            milli_ppm,
        }
    }

    /// Frames that the card's clock has had by now, by arithmetic of its own.
    fn clock_frames(&self) -> u64 {
        let speed = i128::from(1_000_000_000 + self.milli_ppm) as u128;
        let whole = u128::from(self.world.now_ns()) * u128::from(self.rate_hz) * speed;
        (whole / 1_000_000_000_000_000_000) as u64
    }

    /// How long a program may work on a period and still be in time.
    pub fn work_max_ns(&self, period_frames: u32) -> u64 {
        let period_ns = u64::from(period_frames) * SECOND_NS / u64::from(self.rate_hz);
        // The clock may be fast by a thousandth.
        (period_ns - period_ns / 500).saturating_sub(WAKE_MAX_NS)
    }

    /// What a DAC's count is off by at the end: jumps, silence, more or fewer frames than there were
    /// in the time.
    pub fn playing_astray(&self) -> u64 {
        let taps = self.tap.look();
        let expected = self.clock_frames() + self.latency_frames;
        taps.played.jumped_frames + taps.incident_frames + taps.played.next_frame.abs_diff(expected)
    }

    /// Lets time pass, with programs that play.
    pub fn run(&mut self, players: &mut [Player], until_ns: u64) {
        run(&mut self.world, players, until_ns);
    }

    /// The next instant to look at what was done.
    pub fn next_look_ns(&self, end_ns: u64) -> u64 {
        (self.world.now_ns() + LOOK_NS).min(end_ns)
    }

    /// The number in the DAC's buffer of a stream's first frame. The stream has been heard already.
    pub fn first_frame(&self, stream: StreamId) -> u64 {
        let (position, now_ns) = self.world.position(stream).expect("open");
        assert!(position > 0, "heard already");
        let clock = self.world.clock(self.out).expect("there");
        clock.frames_at(now_ns) - self.latency_frames - position
    }
}

/// Frames compared one after the other.
#[derive(Default)]
pub struct Comparison {
    /// Frames so far.
    pub frames: u64,
    /// Those that were not as expected.
    pub wrong: u64,
    expected: Vec<u8>,
}

impl Comparison {
    /// Compares `bytes` and empties it. `fill` writes what is expected of frames `from` to `to`.
    pub fn take(
        &mut self,
        bytes: &mut Vec<u8>,
        format: &StreamFormat,
        fill: impl FnOnce(u64, u64, &mut Vec<u8>),
    ) {
        let frame_bytes = format.frame_bytes();
        let to = self.frames + (bytes.len() / frame_bytes) as u64;
        self.expected.clear();
        fill(self.frames, to, &mut self.expected);
        if self.expected != *bytes {
            let pairs = bytes
                .chunks(frame_bytes)
                .zip(self.expected.chunks(frame_bytes));
            self.wrong += pairs.filter(|(got, expected)| got != expected).count() as u64;
        }
        self.frames = to;
        bytes.clear();
    }

    /// With what was off beside the frames.
    pub fn tally(&self, astray: u64) -> Tally {
        Tally {
            checked: self.frames,
            wrong: self.wrong,
            astray,
        }
    }
}

/// One program's sound: frames `from` to `to`, silence below 0.
pub fn voice_bytes(voice: u64, sample: SampleFormat, from: i64, to: i64, out: &mut Vec<u8>) {
    for n in from..to {
        let frame = u64::try_from(n).map_or([0, 0], |n| sound(voice, n));
        encode(sample, frame, out);
    }
}
