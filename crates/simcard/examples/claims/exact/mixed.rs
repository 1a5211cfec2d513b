//! Several programs at one mixer, and what is recorded of it.

use engine::format::{SampleFormat, StreamFormat};
use simcard::rng::SplitMix64;
use simcard::spec::CardSpec;
use simcard::{Mode, World};

use super::Tally;
use super::capture::Reader;
use super::machine::{Comparison, Machine};
use crate::model::{LOOPBACK, Player, between, pick, shared as shared_mode, sound, stereo};

/// All programs have been heard after this: they start within 0.3 s.
const SETTLED_NS: u64 = 1_000_000_000;

/// Two to four programs with formats and buffers of their own.
pub fn shared(rng: &mut SplitMix64, span_ns: u64) -> Tally {
    let machine = Machine::new(rng, odd_periods);
    mixed(rng, machine, span_ns, false, |rng| {
        shared_mode(between(rng, 0, 500_000))
    })
}

/// One to four programs at a mixer's period that one of them chose.
pub fn low_latency(rng: &mut SplitMix64, span_ns: u64) -> Tally {
    let machine = Machine::new(rng, odd_periods);
    let spec = machine.world.spec(machine.out).expect("there");
    let periods = spec.engine_periods(machine.rate_hz);
    let unit = periods.fundamental_frames;
    let counts = (
        u64::from(periods.min_frames / unit),
        u64::from(periods.max_frames / unit),
    );
    let period_frames = between(rng, counts.0, counts.1) as u32 * unit;
    mixed(rng, machine, span_ns, false, |_| Mode::LowLatency {
        period_frames,
        match_format: false,
    })
}

/// What several programs play, as a program hears it that records the DAC.
pub fn loopback(rng: &mut SplitMix64, span_ns: u64) -> Tally {
    let machine = Machine::new(rng, odd_periods);
    mixed(rng, machine, span_ns, true, |rng| {
        shared_mode(between(rng, 0, 500_000))
    })
}

/// A mixer with periods that are no round numbers.
fn odd_periods(rng: &mut SplitMix64, card: &mut CardSpec) {
    let render = card.render.as_mut().expect("it plays");
    render.default_period_hns = between(rng, 30_000, 150_000);
    render.fundamental_frames = between(rng, 1, 40) as u32;
    render.engine_min_frames = between(rng, 60, 140) as u32;
}

/// Plays; `mode` tells how the next program's stream is opened.
fn mixed(
    rng: &mut SplitMix64,
    mut machine: Machine,
    span_ns: u64,
    listens: bool,
    mut mode: impl FnMut(&mut SplitMix64) -> Mode,
) -> Tally {
    let mix = machine.world.mix_format(machine.out).expect("there");
    let mut reader = listens.then(|| {
        let stream = machine.world.open(machine.out, LOOPBACK, mix);
        Reader::with_events(&mut machine.world, stream.expect("opened"))
    });
    let mut players = Vec::new();
    for voice in 1..=between(rng, 2, 4) {
        let mode = mode(rng);
        let player = start_player(rng, &mut machine, mode, voice);
        players.push(player);
        let until_ns = machine.world.now_ns() + between(rng, 0, 100_000_000);
        run(&mut machine.world, &mut players, reader.as_mut(), until_ns);
    }
    let settled_ns = SETTLED_NS.min(span_ns);
    run(
        &mut machine.world,
        &mut players,
        reader.as_mut(),
        settled_ns,
    );
    let first = |player: &Player| (player.voice, machine.first_frame(player.stream));
    let voices: Vec<(u64, u64)> = players.iter().map(first).collect();
    let played_first = machine.tap.look().played.first_frame.unwrap_or_default();
    let base = played_first - machine.latency_frames;
    let (mut played, mut heard) = (Comparison::default(), Comparison::default());
    loop {
        let expect = |from, to, out: &mut Vec<u8>| mix_bytes(&voices, base + from, base + to, out);
        played.take(&mut machine.tap.look().played.bytes, &mix, expect);
        if let Some(reader) = &mut reader {
            heard.take(&mut reader.bytes, &mix, expect);
        }
        if machine.world.now_ns() >= span_ns {
            break;
        }
        let until_ns = machine.next_look_ns(span_ns);
        run(&mut machine.world, &mut players, reader.as_mut(), until_ns);
    }
    let astray = machine.playing_astray();
    let Some(reader) = reader else {
        return played.tally(astray);
    };
    // What is not read yet is under way: a period in the making and two in the ring.
    let period_frames = machine.world.period_frames(reader.stream).expect("open");
    let unread = played
        .frames
        .saturating_sub(heard.frames + 3 * u64::from(period_frames));
    heard.wrong += played.wrong;
    heard.tally(astray + reader.astray + unread)
}

fn start_player(rng: &mut SplitMix64, machine: &mut Machine, mode: Mode, voice: u64) -> Player {
    const FORMATS: [SampleFormat; 3] = [
        SampleFormat::Float32,
        SampleFormat::Int24,
        SampleFormat::Int32,
    ];
    let format: StreamFormat = stereo(pick(rng, &FORMATS), machine.rate_hz);
    let world = &mut machine.world;
    let stream = world.open(machine.out, mode, format).expect("opened");
    let period_frames = world.period_frames(stream).expect("open");
    let mut player = Player::new(world, stream, voice, format);
    player.rng = SplitMix64::new(rng.next_u64());
    player.work_ns = machine.work_max_ns(period_frames);
    player.start(&mut machine.world);
    player
}

fn run(world: &mut World, players: &mut [Player], reader: Option<&mut Reader>, until_ns: u64) {
    match reader {
        Some(reader) => reader.run(world, players, until_ns),
        None => crate::model::run(world, players, until_ns),
    }
}

/// The sum of the programs' sounds in frames `from` to `to` of the DAC's buffer, as the mixer's 32-bit
/// floats. Each sample has 24 bits, so a double holds the sum without rounding.
fn mix_bytes(voices: &[(u64, u64)], from: u64, to: u64, out: &mut Vec<u8>) {
    for number in from..to {
        let mut sum = [0.0_f64; 2];
        for &(voice, first) in voices.iter().filter(|(_, first)| *first <= number) {
            for (sum, sample) in sum.iter_mut().zip(sound(voice, number - first)) {
                *sum += f64::from(sample) / 2_147_483_648.0;
            }
        }
        sum.iter()
            .for_each(|sum| out.extend_from_slice(&(*sum as f32).to_le_bytes()));
    }
}
