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
use engine::endpoint::{Cycle, Due, EndpointTiming, Intake};
use engine::format::{ClientSample, SampleFormat, StreamFormat};
use engine::graph::{Graph, GraphSpec};
use engine::resample::Quality;

const HELP: &str = "\
Usage: cost loop write|read int32|float32 FORMAT CHANNELS FRAMES ROUNDS [dither]
       cost rates FRAMES ROUNDS
       cost cycles ROUNDS
";

/// A client's planes and a device's memory.
struct Case {
    encoder: Encoder,
    decoder: Decoder,
    client: ClientSample,
    ints: Vec<Vec<i32>>,
    floats: Vec<Vec<f32>>,
    device: Vec<u8>,
}

impl Case {
    fn new(sample: SampleFormat, channels: u16, client: ClientSample, frames: usize) -> Case {
        let format = stream(sample, channels);
        let count = usize::from(channels);
        let value = |place: usize| (place as i32).wrapping_mul(0x1234_5679);
        let ints: Vec<i32> = (0..frames).map(value).collect();
        let floats = ints.iter().map(|value| *value as f32 / 2_147_483_648.0);
        let floats: Vec<f32> = floats.collect();
        Case {
            encoder: Encoder::new(format),
            decoder: Decoder::new(format),
            client,
            ints: vec![ints; count],
            floats: vec![floats; count],
            device: vec![0; frames * format.frame_bytes()],
        }
    }

    fn write(&mut self) {
        let (client, ints, floats) = (self.client, &self.ints, &self.floats);
        self.encoder.write(&mut self.device, |channel| {
            Some(match client {
                ClientSample::Int32 => Plane::Int32(&ints[channel]),
                ClientSample::Float32 => Plane::Float32(&floats[channel]),
            })
        });
        black_box(&mut self.device);
    }

    fn read(&mut self) {
        match self.client {
            ClientSample::Int32 => {
                let planes = self
                    .ints
                    .iter_mut()
                    .map(|plane| Some(PlaneMut::Int32(plane)));
                self.decoder.read(&self.device, planes);
            }
            ClientSample::Float32 => {
                let planes = self
                    .floats
                    .iter_mut()
                    .map(|plane| Some(PlaneMut::Float32(plane)));
                self.decoder.read(&self.device, planes);
            }
        }
        black_box((&mut self.ints, &mut self.floats));
    }

    /// Bytes that are read and written in one go.
    fn bytes(&self) -> usize {
        let plane_bytes: usize = self.ints.iter().map(|plane| plane.len() * 4).sum();
        self.device.len() + plane_bytes
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
    let mut case = Case::new(sample, channels, client_sample(client)?, frames);
    if rest.first().is_some_and(|word| word == "dither") {
        case.encoder = case.encoder.with_dither(1);
    }
    for _ in 0..rounds.parse::<usize>().ok()? {
        match way.as_str() {
            "write" => case.write(),
            "read" => case.read(),
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

/// Rates beside that of `memcpy` of as many bytes, in turns so that both see the same machine.
fn rates(frames: usize, rounds: usize) -> String {
    let mut rows = Vec::new();
    for client in [ClientSample::Int32, ClientSample::Float32] {
        for sample in SampleFormat::PREFERENCE {
            for channels in [2, 8] {
                for way in ["write", "read"] {
                    let frames = frames / usize::from(channels);
                    let mut case = Case::new(sample, channels, client, frames);
                    let from = vec![1u8; case.bytes() / 2];
                    let mut to = vec![0u8; from.len()];
                    let (mut ours, mut copies) = (Vec::new(), Vec::new());
                    for _ in 0..rounds {
                        copies.push(nanoseconds(|| {
                            to.copy_from_slice(black_box(&from));
                            black_box(&mut to);
                        }));
                        ours.push(nanoseconds(|| match way {
                            "write" => case.write(),
                            _ => case.read(),
                        }));
                    }
                    let (ours, copies) = (median(ours), median(copies));
                    rows.push(format!(
                        "{{\"way\":\"{way}\",\"client\":\"{client:?}\",\"format\":\"{sample}\",\
                         \"channels\":{channels},\"bytes\":{},\"gigabytes_per_second\":{:.2},\
                         \"of_memcpy_percent\":{:.0}}}",
                        case.bytes(),
                        case.bytes() as f64 / ours,
                        100.0 * copies / ours,
                    ));
                }
            }
        }
    }
    format!("{{\"rates\":[{}]}}", rows.join(","))
}

/// A host that leaves its blocks as they are.
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
        false
    }
    fn process(&mut self, _time: BlockTime) {
        black_box(&mut self.0);
    }
    fn output(&self, channel: usize) -> Option<Plane<'_>> {
        Some(Plane::Int32(&self.0[channel]))
    }
}

/// The median of cycles of 64 frames without a host, for each number of channels.
fn cycles(rounds: usize) -> Result<String, String> {
    let mut rows = Vec::new();
    for sample in SampleFormat::PREFERENCE {
        for channels in [2u16, 64] {
            let format = stream(sample, channels);
            let spec = GraphSpec {
                output: Some(format),
                input: None,
                timing: EndpointTiming {
                    period_frames: 64,
                    buffer_frames: 64,
                    intake: Intake::Whole,
                    queued_frames: 0,
                    device_frames: 0,
                    input_period_frames: 0,
                    input_device_frames: 0,
                    is_one_clock: true,
                },
                sample: ClientSample::Int32,
                rate_hz: 48_000,
                quality: Quality::Best,
                safety_frames: 0,
                dither: true,
            };
            let host = Still(vec![vec![0x1234_5678; 64]; usize::from(channels)]);
            let mut graph = Graph::new(host, &spec)?;
            let mut device = vec![0; 64 * format.frame_bytes()];
            let times = (0..rounds).map(|round| {
                nanoseconds(|| {
                    graph.due(Due {
                        bytes: &mut device,
                        now_ns: round as u64 * 1_333_333,
                        queued_frames: 0,
                        busy_ns: 0,
                        underrun: false,
                    });
                    black_box(&mut device);
                })
            });
            let median_ns = median(times.collect());
            rows.push(format!(
                "{{\"format\":\"{sample}\",\"channels\":{channels},\"median_ns\":{median_ns:.0}}}"
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
        Some("rates") => number(1)
            .zip(number(2))
            .map(|(frames, rounds)| rates(frames, rounds)),
        Some("cycles") => number(1).and_then(|rounds| cycles(rounds).ok()),
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
