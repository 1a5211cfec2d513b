//! What is recorded over a cable, and a program that records.

use engine::format::SampleFormat;
use simcard::rng::SplitMix64;
use simcard::{Cable, Mode, StreamId, World};

use super::Tally;
use super::machine::{Comparison, Machine, voice_bytes};
use crate::model::{Player, between, exclusive, pick, read_all, run, shared, stereo};

const VOICE: u64 = 1;
/// The program that records begins then.
const BEGIN_NS: u64 = 150_000_000;

/// A program that records.
pub struct Reader {
    pub stream: StreamId,
    /// What it has read and nobody has looked at yet.
    pub bytes: Vec<u8>,
    /// Frames by which packets did not follow each other.
    pub astray: u64,
    /// When the first frame entered the device's buffer.
    pub first_ns: Option<u64>,
    next_position: Option<u64>,
    /// Without events: when it comes by, and how it finds the next time.
    timer: Option<(u64, SplitMix64, u64)>,
}

impl Reader {
    /// Starts a stream that is read at each of its events.
    pub fn with_events(world: &mut World, stream: StreamId) -> Self {
        world.set_event(stream).expect("it has events");
        world.start(stream).expect("started");
        Self {
            stream,
            bytes: Vec::new(),
            astray: 0,
            first_ns: None,
            next_position: None,
            timer: None,
        }
    }

    /// Starts a stream that is read at odd times, at most `pause_max_ns` apart.
    fn with_a_timer(
        world: &mut World,
        stream: StreamId,
        rng: SplitMix64,
        pause_max_ns: u64,
    ) -> Self {
        world.start(stream).expect("started");
        Self {
            stream,
            bytes: Vec::new(),
            astray: 0,
            first_ns: None,
            next_position: None,
            timer: Some((world.now_ns(), rng, pause_max_ns)),
        }
    }

    /// Lets time pass, with programs that play, and reads.
    pub fn run(&mut self, world: &mut World, players: &mut [Player], until_ns: u64) {
        loop {
            let due_ns = self.timer.as_ref().map(|timer| timer.0);
            let next = world.next_event_ns().into_iter().chain(due_ns).min();
            run(
                world,
                players,
                next.map_or(until_ns, |next| next.min(until_ns)),
            );
            self.turn(world);
            if world.now_ns() >= until_ns {
                return;
            }
        }
    }

    fn turn(&mut self, world: &mut World) {
        let is_due = match &mut self.timer {
            Some((due_ns, rng, pause_max_ns)) => {
                let is_due = *due_ns <= world.now_ns();
                if is_due {
                    *due_ns = world.now_ns() + between(rng, 1, *pause_max_ns);
                }
                is_due
            }
            None => world.take_signal(self.stream).is_some(),
        };
        if !is_due {
            return;
        }
        for packet in read_all(world, self.stream, &mut self.bytes) {
            let expected = *self.next_position.get_or_insert(packet.device_position);
            self.astray += packet.device_position.abs_diff(expected);
            self.astray += u64::from(packet.discontinuity);
            self.next_position = Some(packet.device_position + u64::from(packet.frames));
            self.first_ns.get_or_insert(packet.time_ns);
        }
    }
}

/// One program plays, another records it: exclusively with events or without, or shared.
pub fn over_a_cable(rng: &mut SplitMix64, span_ns: u64) -> Tally {
    let mut machine = Machine::new(rng, |_, _| ());
    let delay_frames = between(rng, 0, 3_000) as u32;
    let cable = Cable {
        from: machine.out,
        from_channels: vec![0, 1],
        to: machine.input,
        to_channels: vec![0, 1],
        delay_frames,
    };
    machine.world.connect(cable).expect("it fits");
    let formats = [SampleFormat::Int24, SampleFormat::Int32];
    let format = stereo(pick(rng, &formats), machine.rate_hz);
    let mut player = start_player(rng, &mut machine, format.sample);
    machine.run(std::slice::from_mut(&mut player), BEGIN_NS.min(span_ns));
    let (mut reader, read_sample) = start_reader(rng, &mut machine, format.sample);
    let read_format = stereo(read_sample, machine.rate_hz);

    let (mut delivered, mut read) = (Comparison::default(), Comparison::default());
    let mut base = None;
    while machine.world.now_ns() < span_ns {
        let until_ns = machine.next_look_ns(span_ns);
        reader.run(
            &mut machine.world,
            std::slice::from_mut(&mut player),
            until_ns,
        );
        let mut taps = machine.tap.look();
        taps.played.bytes.clear();
        let Some(first_ns) = reader.first_ns else {
            continue;
        };
        // The ADC hears frame n of the DAC so many frames later.
        let heard = taps.played.first_frame.unwrap_or_default() + u64::from(delay_frames);
        let first = *base.get_or_insert_with(|| {
            let clock = machine.world.clock(machine.input).expect("there");
            clock.frames_at(first_ns) - machine.latency_frames
        });
        let expect = |first: u64, from: u64, to: u64, out: &mut Vec<u8>| {
            let sound = |n: u64| (first + n) as i64 - heard as i64;
            voice_bytes(VOICE, read_sample, sound(from), sound(to), out);
        };
        read.take(&mut reader.bytes, &read_format, |from, to, out| {
            expect(first, from, to, out);
        });
        let first = taps.delivered.first_frame.unwrap_or_default();
        delivered.take(&mut taps.delivered.bytes, &read_format, |from, to, out| {
            expect(first, from, to, out);
        });
    }
    let jumped = machine.tap.look().delivered.jumped_frames;
    read.wrong += delivered.wrong;
    read.tally(reader.astray + jumped + machine.playing_astray())
}

fn start_player(rng: &mut SplitMix64, machine: &mut Machine, sample: SampleFormat) -> Player {
    let format = stereo(sample, machine.rate_hz);
    let mode = exclusive(between(rng, 30_000, 200_000));
    let world = &mut machine.world;
    let stream = world.open(machine.out, mode, format).expect("opened");
    let period_frames = world.buffer_frames(stream).expect("open");
    let mut player = Player::new(world, stream, VOICE, format);
    player.rng = SplitMix64::new(rng.next_u64());
    player.work_ns = machine.work_max_ns(period_frames);
    player.start(&mut machine.world);
    player
}

/// The program that records, and the format that it reads.
fn start_reader(
    rng: &mut SplitMix64,
    machine: &mut Machine,
    sample: SampleFormat,
) -> (Reader, SampleFormat) {
    let period_hns = between(rng, 30_000, 100_000);
    let (sample, mode) = match between(rng, 0, 2) {
        0 => (sample, exclusive(period_hns)),
        1 => {
            let mode = Mode::Exclusive {
                buffer_hns: 800_000,
                period_hns,
                event: false,
            };
            (sample, mode)
        }
        _ => (SampleFormat::Float32, shared(0)),
    };
    let format = stereo(sample, machine.rate_hz);
    let world = &mut machine.world;
    let stream = world.open(machine.input, mode, format).expect("opened");
    let event = !matches!(mode, Mode::Exclusive { event: false, .. });
    let reader = if event {
        Reader::with_events(world, stream)
    } else {
        Reader::with_a_timer(world, stream, SplitMix64::new(rng.next_u64()), 30_000_000)
    };
    (reader, sample)
}
