//! What conversion and a cycle cost: a loop whose instructions can be counted from outside, rates
//! beside `memcpy`, and the time of cycles. JSON on standard output.
#![expect(
    clippy::disallowed_types,
    reason = "a program that measures reads the clock"
)]

use std::hint::black_box;
use std::time::Instant;

use engine::client::{BlockTime, Client, Plane};
use engine::convert::{Decoder, Encoder, PlaneMut};
use engine::endpoint::{Cycle, Due, EndpointTiming, Intake, Packet};
use engine::format::{ClientSample, SampleFormat, StreamFormat};
use engine::graph::{Graph, GraphSpec};
use engine::resample::Quality;

const HELP: &str = "\
Usage: cost loop write|read int32|float32 FORMAT CHANNELS FRAMES ROUNDS [dither]
       cost rates ROUNDS
       cost cycles ROUNDS
";

/// Frames of a cycle, and of a block.
const CYCLE_FRAMES: usize = 64;
/// Samples of a block that is converted from and to memory.
const BLOCK_SAMPLES: usize = 32_768;
/// So many of them are more than any cache holds.
const BLOCKS: usize = 400;

/// The planes of a client, block behind block, and a device's memory for them.
struct Case {
    encoder: Encoder,
    decoder: Decoder,
    client: ClientSample,
    channels: usize,
    /// Frames of a block.
    frames: usize,
    ints: Vec<i32>,
    floats: Vec<f32>,
    device: Vec<u8>,
}

impl Case {
    fn new(format: StreamFormat, client: ClientSample, frames: usize, blocks: usize) -> Case {
        let channels = usize::from(format.channels);
        let samples = frames * channels * blocks;
        let value = |place: usize| (place as i32).wrapping_mul(0x1234_5679);
        let (mut ints, mut floats) = (Vec::new(), Vec::new());
        match client {
            ClientSample::Int32 => ints.extend((0..samples).map(value)),
            ClientSample::Float32 => {
                floats.extend((0..samples).map(|place| value(place) as f32 / 2_147_483_648.0));
            }
        }
        Case {
            encoder: Encoder::new(format),
            decoder: Decoder::new(format),
            client,
            channels,
            frames,
            ints,
            floats,
            device: vec![1; samples * format.sample.bytes()],
        }
    }

    /// Bytes of a block that are read and written, together.
    fn block_bytes(&self) -> usize {
        self.frames * (self.encoder.format().frame_bytes() + 4 * self.channels)
    }

    fn write(&mut self, block: usize) {
        let bytes = self.frames * self.encoder.format().frame_bytes();
        let out = &mut self.device[block * bytes..][..bytes];
        let (client, ints, floats) = (self.client, &self.ints, &self.floats);
        let (frames, first) = (self.frames, block * self.channels);
        self.encoder.write(out, |channel| {
            let begin = (first + channel) * frames;
            Some(match client {
                ClientSample::Int32 => Plane::Int32(&ints[begin..][..frames]),
                ClientSample::Float32 => Plane::Float32(&floats[begin..][..frames]),
            })
        });
        black_box(&mut self.device);
    }

    fn read(&mut self, block: usize) {
        let bytes = self.frames * self.encoder.format().frame_bytes();
        let from = &self.device[block * bytes..][..bytes];
        let (begin, samples) = (
            block * self.channels * self.frames,
            self.channels * self.frames,
        );
        match self.client {
            ClientSample::Int32 => {
                let planes = self.ints[begin..][..samples].chunks_exact_mut(self.frames);
                let planes = planes.map(|plane| Some(PlaneMut::Int32(plane)));
                self.decoder.read(from, planes);
            }
            ClientSample::Float32 => {
                let planes = self.floats[begin..][..samples].chunks_exact_mut(self.frames);
                let planes = planes.map(|plane| Some(PlaneMut::Float32(plane)));
                self.decoder.read(from, planes);
            }
        }
        black_box((&mut self.ints, &mut self.floats));
    }
}

fn stream(sample: SampleFormat, channels: u16) -> StreamFormat {
    StreamFormat {
        sample,
        channels,
        rate_hz: 48_000,
        channel_mask: 0,
    }
}

fn client_name(client: ClientSample) -> &'static str {
    match client {
        ClientSample::Int32 => "int32",
        ClientSample::Float32 => "float32",
    }
}

fn client_sample(name: &str) -> Option<ClientSample> {
    match name {
        "int32" => Some(ClientSample::Int32),
        "float32" => Some(ClientSample::Float32),
        _ => None,
    }
}

/// The loop, for a program that counts.
fn repeat(words: &[String]) -> Option<String> {
    let [way, client, sample, channels, frames, rounds, rest @ ..] = words else {
        return None;
    };
    let sample = SampleFormat::from_name(sample)?;
    let (channels, frames) = (channels.parse().ok()?, frames.parse().ok()?);
    let mut case = Case::new(stream(sample, channels), client_sample(client)?, frames, 1);
    if rest.first().is_some_and(|word| word == "dither") {
        case.encoder = case.encoder.with_dither(1);
    }
    for _ in 0..rounds.parse::<usize>().ok()? {
        match way.as_str() {
            "write" => case.write(0),
            "read" => case.read(0),
            _ => return None,
        }
    }
    Some(format!(
        "{{\"samples\":{}}}",
        usize::from(channels) * frames
    ))
}

fn nanoseconds(run: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    run();
    begun.elapsed().as_secs_f64() * 1e9
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// How fast blocks are converted that are in no cache, in percent of how fast `memcpy` moves as many
/// bytes. Blocks and copies take turns, so that both see the same machine, and are so short that the
/// median knows nothing of what interrupts them.
fn of_memcpy_percent(case: &mut Case, is_write: bool, rounds: usize) -> f64 {
    let copy_bytes = case.block_bytes() / 2;
    let from = vec![1u8; BLOCKS * copy_bytes];
    let mut to = vec![2u8; BLOCKS * copy_bytes];
    let (mut copies, mut conversions) = (Vec::new(), Vec::new());
    for block in (0..rounds).flat_map(|_| 0..BLOCKS) {
        let part = block * copy_bytes..(block + 1) * copy_bytes;
        copies.push(nanoseconds(|| {
            to[part.clone()].copy_from_slice(black_box(&from[part]));
            black_box(&mut to);
        }));
        conversions.push(nanoseconds(|| match is_write {
            true => case.write(block),
            false => case.read(block),
        }));
    }
    100.0 * median(copies) / median(conversions)
}

fn rates(rounds: usize) -> String {
    let mut rows = Vec::new();
    for client in [ClientSample::Int32, ClientSample::Float32] {
        for sample in SampleFormat::PREFERENCE {
            for channels in [2, 8] {
                // Planes that do not all begin at the same place of a page, as in most programs.
                let frames = BLOCK_SAMPLES / usize::from(channels) + 24;
                let mut case = Case::new(stream(sample, channels), client, frames, BLOCKS);
                for (way, is_write) in [("write", true), ("read", false)] {
                    let percent = of_memcpy_percent(&mut case, is_write, rounds);
                    rows.push(format!(
                        "{{\"way\":\"{way}\",\"client\":\"{}\",\"format\":\"{sample}\",\
                         \"channels\":{channels},\"of_memcpy_percent\":{percent:.1}}}",
                        client_name(client),
                    ));
                }
            }
        }
    }
    format!("{{\"rates\":[{}]}}", rows.join(","))
}

/// A host that leaves its blocks as they are, and looks at what it hears no more than it must.
#[derive(Debug)]
struct Still(Vec<Vec<i32>>);

impl Client for Still {
    fn block_frames(&self) -> u32 {
        self.0[0].len() as u32
    }
    fn input(&mut self, _channel: usize, samples: Plane<'_>) {
        black_box(samples);
    }
    fn hears(&self, _channel: usize) -> bool {
        true
    }
    fn process(&mut self, _time: BlockTime) {
        black_box(&mut self.0);
    }
    fn output(&self, channel: usize) -> Option<Plane<'_>> {
        Some(Plane::Int32(&self.0[channel]))
    }
}

/// A graph of so many outputs and inputs with cycles and blocks of [`CYCLE_FRAMES`].
fn graph(sample: SampleFormat, outputs: u16, inputs: u16) -> Result<Graph<Still>, String> {
    let spec = GraphSpec {
        output: Some(stream(sample, outputs)),
        input: (inputs > 0).then(|| stream(sample, inputs)),
        timing: EndpointTiming {
            period_frames: CYCLE_FRAMES as u32,
            buffer_frames: CYCLE_FRAMES as u32,
            intake: Intake::Whole,
            queued_frames: 0,
            device_frames: 0,
            input_period_frames: CYCLE_FRAMES as u32,
            input_device_frames: 0,
            is_one_clock: true,
        },
        sample: ClientSample::Int32,
        rate_hz: 48_000,
        quality: Quality::Best,
        safety_frames: 0,
        dither: true,
    };
    let blocks = vec![vec![0x1234_5678; CYCLE_FRAMES]; usize::from(outputs)];
    Graph::new(Still(blocks), &spec)
}

/// The median of cycles without a host, dithered where the format has it, in nanoseconds.
fn cycle_ns(sample: SampleFormat, outputs: u16, inputs: u16, rounds: u64) -> Result<f64, String> {
    let mut graph = graph(sample, outputs, inputs)?;
    let mut played = vec![0; CYCLE_FRAMES * stream(sample, outputs).frame_bytes()];
    let recorded = vec![0x11; CYCLE_FRAMES * stream(sample, inputs).frame_bytes()];
    let times = (0..rounds).map(|round| {
        let now_ns = round * 1_333_333;
        nanoseconds(|| {
            if inputs > 0 {
                graph.captured(Packet {
                    bytes: black_box(&recorded),
                    now_ns,
                    discontinuity: false,
                });
            }
            graph.due(Due {
                bytes: &mut played,
                now_ns,
                queued_frames: 0,
                busy_ns: 0,
                underrun: false,
            });
            black_box(&mut played);
        })
    });
    Ok(median(times.collect()))
}

fn cycles(rounds: u64) -> Result<String, String> {
    let mut rows = Vec::new();
    for sample in SampleFormat::PREFERENCE {
        for (outputs, inputs) in [(2, 0), (2, 2), (64, 64)] {
            let median_ns = cycle_ns(sample, outputs, inputs, rounds)?;
            rows.push(format!(
                "{{\"format\":\"{sample}\",\"outputs\":{outputs},\"inputs\":{inputs},\
                 \"median_ns\":{median_ns:.0}}}"
            ));
        }
    }
    Ok(format!("{{\"cycles\":[{}]}}", rows.join(",")))
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize| words.get(place).and_then(|word| word.parse().ok());
    let told = match words.first().map(String::as_str) {
        Some("loop") => repeat(&words[1..]),
        Some("rates") => number(1).map(rates),
        Some("cycles") => number(1).and_then(|rounds| cycles(rounds as u64).ok()),
        _ => None,
    };
    match told {
        Some(told) => println!("{told}"),
        None => {
            eprint!("{HELP}");
            std::process::exit(2);
        }
    }
}
