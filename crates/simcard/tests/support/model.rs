//! Programs on a simulated machine, all in one thread, and runs that can be repeated.

#![allow(dead_code)] // Each test uses a part.

use engine::format::{SampleFormat, StreamFormat};
use simcard::recorder::Recording;
use simcard::rng::SplitMix64;
use simcard::spec::CardSpec;
use simcard::{Data, EndpointId, Mode, Packet, StreamId, World};

/// Runs a property for many seeds. One that fails is named with the command that repeats it.
pub fn for_seeds(test: &str, cases: u64, property: impl Fn(&mut SplitMix64)) {
    let given = std::env::var("SIMCARD_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seeds = match given {
        Some(seed) => seed..seed + 1,
        None => 0..cases,
    };
    for seed in seeds {
        let run = std::panic::AssertUnwindSafe(|| property(&mut SplitMix64::new(seed)));
        if let Err(panic) = std::panic::catch_unwind(run) {
            let binary = env!("CARGO_CRATE_NAME");
            eprintln!(
                "repeat with: SIMCARD_SEED={seed} cargo test -p simcard --test {binary} {test}"
            );
            std::panic::resume_unwind(panic);
        }
    }
}

/// A number from `low` to `high`, both included.
pub fn between(rng: &mut SplitMix64, low: u64, high: u64) -> u64 {
    low + rng.next_u64() % (high - low + 1)
}

/// One of them.
pub fn pick<T: Copy>(rng: &mut SplitMix64, all: &[T]) -> T {
    all[(rng.next_u64() % all.len() as u64) as usize]
}

/// A machine with one card and everything that it does.
pub fn machine(seed: u64, card: &CardSpec) -> (World, EndpointId, EndpointId, Recording) {
    let mut world = World::new(seed);
    let [out, input] = world.add_card(card).expect("a sound card");
    let recording = Recording::default();
    world.set_recorder(recording.clone());
    (
        world,
        out.expect("plays"),
        input.expect("records"),
        recording,
    )
}

pub fn stereo(sample: SampleFormat, rate_hz: u32) -> StreamFormat {
    StreamFormat {
        sample,
        channels: 2,
        rate_hz,
        channel_mask: 3,
    }
}

pub fn shared(buffer_hns: u64) -> Mode {
    Mode::Shared {
        buffer_hns,
        event: true,
        loopback: false,
    }
}

pub const LOOPBACK: Mode = Mode::Shared {
    buffer_hns: 0,
    event: true,
    loopback: true,
};

pub fn exclusive(period_hns: u64) -> Mode {
    Mode::Exclusive {
        buffer_hns: period_hns,
        period_hns,
        event: true,
    }
}

/// What a program plays: frame `n` of the program `voice`, as left and right in the upper 24 bits.
/// Loud enough to be heard, quiet enough that four of them do not exceed full scale.
pub fn sound(voice: u64, n: u64) -> [i32; 2] {
    let bits = SplitMix64::new(voice << 48 ^ n).next_u64();
    [bits as u32, (bits >> 32) as u32].map(|bits| ((bits as i32) >> 10 | 1) << 8)
}

pub fn encode(format: SampleFormat, samples: [i32; 2], out: &mut Vec<u8>) {
    for sample in samples {
        match format {
            SampleFormat::Int32 | SampleFormat::Int24In32 => {
                out.extend_from_slice(&sample.to_le_bytes());
            }
            SampleFormat::Int24 => out.extend_from_slice(&(sample >> 8).to_le_bytes()[..3]),
            SampleFormat::Int16 => {
                out.extend_from_slice(&((sample >> 16) as i16).to_le_bytes());
            }
            SampleFormat::Float32 => {
                let exact = (f64::from(sample) / 2_147_483_648.0) as f32;
                out.extend_from_slice(&exact.to_le_bytes());
            }
        }
    }
}

/// The bytes of frames `from` to `to` of what a program plays.
pub fn bytes_of(voice: u64, format: SampleFormat, from: u64, to: u64) -> Vec<u8> {
    let mut out = Vec::new();
    (from..to).for_each(|n| encode(format, sound(voice, n), &mut out));
    out
}

/// A program that plays.
pub struct Player {
    pub stream: StreamId,
    pub voice: u64,
    pub format: StreamFormat,
    /// Frames written so far.
    pub written: u64,
    /// How long it works in each turn: drawn up to this.
    pub work_ns: u64,
    pub rng: SplitMix64,
    hand_over_at: Option<(u64, u32)>,
}

impl Player {
    pub fn new(world: &mut World, stream: StreamId, voice: u64, format: StreamFormat) -> Self {
        world.set_event(stream).expect("it has events");
        Self {
            stream,
            voice,
            format,
            written: 0,
            work_ns: 0,
            rng: SplitMix64::new(voice),
            hand_over_at: None,
        }
    }

    pub fn write(&mut self, world: &mut World, frames: u32) {
        let to = self.written + u64::from(frames);
        let bytes = bytes_of(self.voice, self.format.sample, self.written, to);
        world
            .release_buffer(self.stream, Data::Bytes(&bytes))
            .expect("it was asked for");
        self.written = to;
    }

    /// Fills the buffer and starts.
    pub fn start(&mut self, world: &mut World) {
        let frames = self.free(world);
        world.get_buffer(self.stream, frames).expect("room");
        self.write(world, frames);
        world.start(self.stream).expect("started");
    }

    pub fn free(&self, world: &mut World) -> u32 {
        let padding = world.padding_frames(self.stream).expect("open");
        world.buffer_frames(self.stream).expect("open") - padding
    }

    fn due_ns(&self) -> Option<u64> {
        self.hand_over_at.map(|(at_ns, _)| at_ns)
    }

    fn turn(&mut self, world: &mut World) {
        if let Some((_, frames)) = self.hand_over_at.filter(|(at, _)| *at <= world.now_ns()) {
            self.hand_over_at = None;
            self.write(world, frames);
        }
        if self.hand_over_at.is_none() && world.take_signal(self.stream).is_some() {
            let frames = self.free(world);
            if frames > 0 && world.get_buffer(self.stream, frames).is_ok() {
                let work_ns = between(&mut self.rng, 0, self.work_ns);
                self.hand_over_at = Some((world.now_ns() + work_ns, frames));
            }
        }
    }
}

/// Lets time pass, with the programs taking their turns.
pub fn run(world: &mut World, players: &mut [Player], until_ns: u64) {
    loop {
        for player in players.iter_mut() {
            player.turn(world);
        }
        let due = players.iter().filter_map(Player::due_ns);
        let next = due.chain(world.next_event_ns()).min();
        let next = next.filter(|next| *next <= until_ns);
        if next.is_none() && world.now_ns() >= until_ns {
            return;
        }
        world.advance(next.unwrap_or(until_ns));
    }
}

/// All packets that are there, and their bytes one after the other.
pub fn read_all(world: &mut World, stream: StreamId, bytes: &mut Vec<u8>) -> Vec<Packet> {
    let mut packets = Vec::new();
    while let Some((packet, data)) = world.get_packet(stream).expect("open") {
        bytes.extend_from_slice(data);
        packets.push(packet);
        world
            .release_packet(stream, packet.frames)
            .expect("it was given");
    }
    packets
}
