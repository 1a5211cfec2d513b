//! One program that has the DAC for itself.

use simcard::rng::SplitMix64;
use simcard::{Data, Mode, fault};

use super::machine::{Comparison, Machine, voice_bytes};
use super::{SECOND_NS, Tally};
use crate::model::{Player, between, bytes_of, exclusive, pick, stereo};

const VOICE: u64 = 1;

/// With events: any period from 1 to 50 ms, and work that takes up to all of it.
pub fn with_events(rng: &mut SplitMix64, span_ns: u64) -> Tally {
    let machine = Machine::new(rng, |_, _| ());
    play(rng, machine, span_ns)
}

/// As [`with_events`], with one wake-up that is far too late: what must not be overlooked.
pub fn with_a_fault(rng: &mut SplitMix64) -> Tally {
    let mut machine = Machine::new(rng, |_, _| ());
    let script = fault::parse_script("at 500ms late 3 periods").expect("a script");
    machine.world.set_script(script).expect("it fits");
    play(rng, machine, SECOND_NS)
}

fn play(rng: &mut SplitMix64, mut machine: Machine, span_ns: u64) -> Tally {
    let formats = machine
        .world
        .spec(machine.out)
        .expect("there")
        .formats
        .clone();
    let format = stereo(pick(rng, &formats), machine.rate_hz);
    let mode = exclusive(between(rng, 10_000, 500_000));
    let stream = machine
        .world
        .open(machine.out, mode, format)
        .expect("opened");
    let period_frames = machine.world.buffer_frames(stream).expect("open");
    let mut player = Player::new(&mut machine.world, stream, VOICE, format);
    player.rng = SplitMix64::new(rng.next_u64());
    player.work_ns = machine.work_max_ns(period_frames);
    player.start(&mut machine.world);
    let mut comparison = Comparison::default();
    while machine.world.now_ns() < span_ns {
        let until_ns = machine.next_look_ns(span_ns);
        machine.run(std::slice::from_mut(&mut player), until_ns);
        let played = &mut machine.tap.look().played.bytes;
        comparison.take(played, &format, |from, to, out| {
            voice_bytes(VOICE, format.sample, from as i64, to as i64, out);
        });
    }
    comparison.tally(machine.playing_astray())
}

/// Without events: a ring of 20 to 100 ms that is filled up whenever the program comes by.
pub fn with_a_timer(rng: &mut SplitMix64, span_ns: u64) -> Tally {
    let mut machine = Machine::new(rng, |_, _| ());
    let formats = machine
        .world
        .spec(machine.out)
        .expect("there")
        .formats
        .clone();
    let format = stereo(pick(rng, &formats), machine.rate_hz);
    let buffer_hns = between(rng, 200_000, 1_000_000);
    let mode = Mode::Exclusive {
        buffer_hns,
        period_hns: 0,
        event: false,
    };
    let world = &mut machine.world;
    let stream = world.open(machine.out, mode, format).expect("opened");
    let size = world.buffer_frames(stream).expect("open");
    let (mut comparison, mut written, mut astray) = (Comparison::default(), 0, 0);
    loop {
        let world = &mut machine.world;
        let padding = world.padding_frames(stream).expect("open");
        // What is queued is what was written and has not been played.
        astray += u64::from(padding).abs_diff(written - comparison.frames);
        if world.now_ns() >= span_ns {
            break;
        }
        let free = size - padding;
        let to = written + u64::from(free);
        let bytes = bytes_of(VOICE, format.sample, written, to);
        world.get_buffer(stream, free).expect("room");
        world
            .release_buffer(stream, Data::Bytes(&bytes))
            .expect("asked for");
        if written == 0 {
            world.start(stream).expect("started");
        }
        written = to;
        // It is back before three quarters of the ring are empty.
        let pause_ns = between(rng, 0, buffer_hns * 75);
        world.advance((world.now_ns() + pause_ns).min(span_ns));
        let played = &mut machine.tap.look().played.bytes;
        comparison.take(played, &format, |from, to, out| {
            voice_bytes(VOICE, format.sample, from as i64, to as i64, out);
        });
    }
    comparison.tally(astray + machine.playing_astray())
}
