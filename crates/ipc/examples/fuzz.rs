//! Hostile clients at the router's end of the protocol, beside one that keeps to the rules.
//!
//! Each input is a handful of arbitrary words, written to arbitrary places of what a client can
//! write, and something that a client could do; then the router runs a cycle with both clients.
//! What the good client plays is compared frame by frame, alone in one sink and beside the hostile
//! one's sound in the other. JSON on standard output tells the counts.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering};

use engine::client::Plane;
use engine::mix::{MixSpec, mixer};
use ipc::{
    Answered, ClientEnd, Collected, Door, HandOver, HeapLink, HeapMemory, Knock, Knocking, LOUDEST,
    MAGIC, RouterEnd, Terms, VERSION, Wish, heap_links, knock,
};
use lexopt::prelude::*;
use serde_json::json;

const FRAMES: u32 = 8;
const TERMS: Terms = Terms::new(48_000, FRAMES);
/// Samples of a half in one direction.
const HALF: usize = 64 * 8_192;

/// SplitMix64: the same seed gives the same run on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// Any word, or one that is near to a good one.
    fn word(&mut self) -> u32 {
        match self.below(8) {
            0 => 0,
            1 => self.below(5) as u32,
            2 => FRAMES,
            3 => 48_000,
            4 => [MAGIC, VERSION, 64, 65, 8_192, 8_193, u32::MAX][self.below(7) as usize],
            _ => self.next() as u32,
        }
    }
}

/// Where the router is with a client.
enum Place {
    Door(Door<HeapLink>),
    Attached(RouterEnd<HeapLink>),
    /// For the moment of a change.
    Nowhere,
}

/// What the hostile side holds besides the memory.
enum Hostile {
    Away(HeapLink),
    Knocking(Knocking<HeapLink>),
    Attached(ClientEnd<HeapLink>),
    /// For the moment of a change.
    Nowhere,
}

#[derive(Default)]
struct Counts {
    attached: u64,
    refused: u64,
    on_time: u64,
    late: u64,
    damaged_samples: u64,
    good_blocks: u64,
    lost_frames: u64,
    wrong_frames: u64,
}

struct Machine {
    random: Random,
    memory: HeapMemory,
    place: Place,
    hostile: Hostile,
    good_router: RouterEnd<HeapLink>,
    good_client: ClientEnd<HeapLink>,
    counts: Counts,
}

fn good_wish() -> Wish {
    Wish {
        name: "good".to_owned(),
        inputs: 1,
        outputs: 1,
        block_frames: FRAMES,
        rate_hz: 48_000,
        hand_over: HandOver::Synchronous,
    }
}

fn good_ends() -> Result<(RouterEnd<HeapLink>, ClientEnd<HeapLink>), String> {
    let (router, client) = heap_links();
    let door = Door::open(router, 1);
    let knocking = knock(client, 7, &good_wish()).map_err(|_| "nobody opened")?;
    let Knock::Attached(router) = door.look(TERMS, |_| Ok(())) else {
        return Err("the good client was not let in".to_owned());
    };
    match knocking.poll(0) {
        Ok(Answered::Attached(client)) => Ok((router, client)),
        _ => Err("the good client was not answered".to_owned()),
    }
}

impl Machine {
    fn new(seed: u64) -> Result<Machine, String> {
        let (router, hostile) = heap_links();
        let memory = router.memory();
        let (good_router, good_client) = good_ends()?;
        Ok(Machine {
            random: Random(seed),
            memory,
            place: Place::Door(Door::open(router, 1)),
            hostile: Hostile::Away(hostile),
            good_router,
            good_client,
            counts: Counts::default(),
        })
    }

    /// Words of what a client can write. One in a thousand inputs also writes where only the router
    /// should.
    fn scribble(&mut self) {
        for _ in 0..self.random.below(6) {
            let value = self.random.word();
            let client = &self.memory.header().client;
            let words: [&AtomicU32; 13] = [
                &client.process,
                &client.magic,
                &client.version,
                &client.state,
                &client.request,
                &client.inputs,
                &client.outputs,
                &client.block_frames,
                &client.rate_hz,
                &client.hand_over,
                &client.name_bytes,
                &client.done,
                &client.busy_ns,
            ];
            let place = self.random.below(40) as usize;
            match words.get(place) {
                Some(word) => word.store(value, Ordering::Relaxed),
                None if place < 20 => {
                    let at = self.random.below(16) as usize;
                    client.name[at].store(value, Ordering::Relaxed);
                }
                None => {
                    let part = self.random.below(4) as usize;
                    let at = part * HALF + self.random.below(64) as usize;
                    self.memory.samples()[at].store(value, Ordering::Relaxed);
                }
            }
        }
        if self.random.below(1_000) == 0 {
            let value = self.random.word();
            let router = &self.memory.header().router;
            let words = [
                &router.magic,
                &router.state,
                &router.generation,
                &router.answered,
                &router.answer,
                &router.asked,
                &router.added_frames,
            ];
            words[self.random.below(7) as usize].store(value, Ordering::Relaxed);
        }
    }

    /// Something that a client can do by the rules, at any time.
    fn play(&mut self) {
        let state = std::mem::replace(&mut self.hostile, Hostile::Nowhere);
        self.hostile = match (self.random.below(10), state) {
            // Writes down good wishes, so that it comes in again and again.
            (0, state) => {
                let client = &self.memory.header().client;
                let put = |word: &AtomicU32, value| word.store(value, Ordering::Relaxed);
                put(&client.process, 9);
                put(&client.magic, MAGIC);
                put(&client.version, VERSION);
                put(&client.inputs, self.random.below(3) as u32);
                put(&client.outputs, 1 + self.random.below(2) as u32);
                put(&client.block_frames, FRAMES);
                put(&client.rate_hz, 48_000);
                put(&client.hand_over, 0);
                put(&client.name_bytes, 3);
                put(&client.name[0], 0x0061_6161);
                put(&client.state, 1);
                put(&client.request, self.random.word());
                state
            }
            // Says that it is done with whatever is asked for.
            (1..=3, state) => {
                let asked = self.memory.header().router.asked.load(Ordering::Relaxed);
                let done = &self.memory.header().client.done;
                done.store(asked, Ordering::Release);
                state
            }
            (4, Hostile::Away(link)) => match knock(link, 9, &good_wish()) {
                Ok(knocking) => Hostile::Knocking(knocking),
                Err((link, _)) => Hostile::Away(link),
            },
            (4, Hostile::Knocking(knocking)) => match knocking.poll(0) {
                Ok(Answered::Attached(end)) => Hostile::Attached(end),
                Ok(Answered::NotYet(knocking)) => Hostile::Knocking(knocking),
                Err((link, _)) => Hostile::Away(link),
            },
            (5..=7, Hostile::Attached(mut end)) => {
                if let Some(block) = end.take() {
                    let played = [f32::from_bits(self.random.word()); FRAMES as usize];
                    end.give(block, 0, |_| Some(&played[..]));
                }
                Hostile::Attached(end)
            }
            (8, Hostile::Attached(end)) if self.random.below(10) == 0 => Hostile::Away(end.leave()),
            (_, state) => state,
        };
    }

    /// The router looks after the hostile client, now and then as its control thread would.
    fn look(&mut self) {
        let place = std::mem::replace(&mut self.place, Place::Nowhere);
        self.place = match place {
            Place::Door(door) => {
                let suits = |wish: &Wish| match wish.block_frames {
                    FRAMES => Ok(()),
                    _ => Err(ipc::Refusal::Unsuited),
                };
                match door.look(TERMS, suits) {
                    Knock::Nobody(door) => Place::Door(door),
                    Knock::Refused(door, _) => {
                        self.counts.refused += 1;
                        Place::Door(door)
                    }
                    Knock::Attached(end) => {
                        self.counts.attached += 1;
                        Place::Attached(end)
                    }
                }
            }
            Place::Attached(end) if end.is_gone() || self.random.below(5_000) == 0 => {
                Place::Door(Door::after(end))
            }
            place => place,
        };
    }
}

fn run(count: u64, seed: u64) -> Result<Counts, String> {
    let mut machine = Machine::new(seed)?;
    let spec = MixSpec {
        sources: 3,
        sinks: 2,
        block_frames: FRAMES as usize,
        ramp_frames: 0,
        rate_hz: 48_000,
    };
    let (mut control, mut mixer) = mixer(&spec)?;
    // The good client alone; and all of them.
    control.set(&[1.0, 0.0, 0.0, 1.0, 0.5, 0.5])?;
    for block in 0..count {
        machine.scribble();
        machine.play();
        machine.look();
        let sound: [f32; FRAMES as usize] =
            std::array::from_fn(|n| ((block * 8 + n as u64) % (1 << 23)) as f32 / 8_388_608.0);
        let frame = block * u64::from(FRAMES);
        let good = &mut machine.good_router;
        good.ask(frame, frame, |_| Some(&sound[..]));
        let mut came = Collected::Behind;
        if let Place::Attached(end) = &mut machine.place {
            // Synchronous or pipelined: both in turn.
            if block & 64 == 0 {
                end.ask(frame, frame, |_| Some(&sound[..]));
                came = end.collect(0);
            } else {
                came = end.collect(0);
                end.ask(frame, frame, |_| None);
            }
        }
        if let Some(asked) = machine.good_client.take() {
            let heard: [f32; FRAMES as usize] = std::array::from_fn(|n| {
                let heard = machine.good_client.input(0);
                heard.get(n).copied().unwrap_or(f32::NAN)
            });
            machine.good_client.give(asked, 0, |_| Some(&heard[..]));
        }
        let is_there = machine.good_router.collect(0) == Collected::OnTime;
        machine.counts.good_blocks += u64::from(is_there);
        machine.counts.lost_frames += u64::from(!is_there) * u64::from(FRAMES);
        mixer.begin(FRAMES as usize);
        if let Some(played) = machine.good_router.output(0) {
            mixer.source(0, Plane::Float32(played));
        }
        if let Place::Attached(end) = &machine.place {
            machine.counts.on_time += u64::from(came == Collected::OnTime);
            machine.counts.late += u64::from(came == Collected::Late);
            for channel in 0..2 {
                if let Some(played) = end.output(channel) {
                    mixer.source(1 + channel, Plane::Float32(played));
                }
            }
        }
        mixer.make(0);
        mixer.make(1);
        compare(&mixer, &sound, &mut machine.counts);
        mixer.end();
    }
    if let Place::Attached(end) = &machine.place {
        machine.counts.damaged_samples += end.counts().damaged_samples;
    }
    Ok(machine.counts)
}

/// The good client's sound, alone and beside the other's.
fn compare(mixer: &engine::mix::Mixer, sound: &[f32], counts: &mut Counts) {
    let (alone, all) = (mixer.sink(0), mixer.sink(1));
    let others = [mixer.heard(1), mixer.heard(2)];
    for (frame, expected) in sound.iter().enumerate() {
        let beside: f64 = others
            .iter()
            .map(|other| f64::from(other[frame]) * 0.5)
            .sum();
        let expected_sum = (f64::from(*expected) + beside) as f32;
        let is_whole = alone
            .get(frame)
            .is_some_and(|n| n.to_bits() == expected.to_bits())
            && all
                .get(frame)
                .is_some_and(|n| (n - expected_sum).abs() <= f32::EPSILON * LOUDEST);
        counts.wrong_frames += u64::from(!is_whole);
    }
}

fn arguments() -> Result<(u64, u64), lexopt::Error> {
    let (mut count, mut seed) = (10_000_000, 1);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("count") => count = parser.value()?.parse()?,
            Long("seed") => seed = parser.value()?.parse()?,
            other => return Err(other.unexpected()),
        }
    }
    Ok((count, seed))
}

fn main() -> ExitCode {
    let (count, seed) = match arguments() {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("fuzz: {error}. Usage: fuzz [--count N] [--seed N]");
            return ExitCode::from(2);
        }
    };
    match run(count, seed) {
        Ok(counts) => {
            let told = json!({
                "inputs": count, "seed": seed, "attached": counts.attached,
                "refused": counts.refused, "hostile_blocks": counts.on_time,
                "hostile_late": counts.late, "good_blocks": counts.good_blocks,
                "lost_frames": counts.lost_frames, "wrong_frames": counts.wrong_frames,
            });
            println!("{told}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("fuzz: {error}");
            ExitCode::FAILURE
        }
    }
}
