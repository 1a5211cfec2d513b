//! The machine: a master, three more cards that play, seven more that record, on six clocks.

use std::sync::Arc;

use engine::client::Client;
use engine::endpoint::{
    Cycle, Device, Due, Endpoint, EndpointTiming, OpenRequest, Packet, Sides, Wake, Waker,
};
use engine::format::{ClientSample, SampleFormat, StreamFormat};
use engine::graph::{Graph, GraphSpec, Listener, Player, join_input, join_output};
use engine::resample::Quality;
use rt::Mutex;
use simcard::clock::ClockSpec;
use simcard::recorder::{Incident, Recorder, Run};
use simcard::spec::CardSpec;
use simcard::wake::WakeSpec;
use simcard::{Cable, EndpointId, Use, VirtualDevice, VirtualTime, Wish, World};

use crate::line::{Exact, Line, sample};

pub const RATE_HZ: u32 = 48_000;
/// The master's period and the graph's cycle.
pub const CYCLE_FRAMES: u32 = 64;
/// Cards that record, the master not counted.
pub const SOURCES: usize = 8;
/// Cards that play, the master counted.
pub const SINKS: usize = 4;
/// How much faster than nominal each clock runs, in millionths.
const CLOCKS_PPM: [f64; 6] = [0.0, 300.0, -300.0, 120.0, -75.0, 33.0];
const JITTER_RMS_NS: u64 = 50_000;
/// Sound has begun everywhere and settled.
const SETTLED_NS: u64 = 3_000_000_000;

/// What the DACs of the sinks played.
#[derive(Clone, Default)]
pub struct Truth(Arc<Mutex<Truths>>);

#[derive(Default)]
pub struct Truths {
    sinks: Vec<EndpointId>,
    /// The master's, bit by bit.
    pub master: Exact,
    /// The others', in the master's place nothing.
    pub lines: [Line; SINKS],
    /// Frames that the model says were lost or silent.
    pub incident_frames: u64,
}

impl Truth {
    pub fn with<R>(&self, look: impl FnOnce(&Truths) -> R) -> R {
        look(&self.0.lock())
    }
}

impl Recorder for Truth {
    fn played(&mut self, run: &Run<'_>) {
        let mut truth = self.0.lock();
        let Some(sink) = truth.sinks.iter().position(|id| *id == run.endpoint) else {
            return;
        };
        let words = run.bytes.as_chunks::<4>().0;
        let number =
            |word: &[u8; 4]| (f64::from(i32::from_le_bytes(*word)) / 2_147_483_648.0) as f32;
        for frame in words.as_chunks::<2>().0 {
            let (left, right) = (number(&frame[0]), number(&frame[1]));
            if run.time_ns < SETTLED_NS {
                continue;
            }
            if sink == 0 {
                truth.master.take_from_any(left, 0);
            } else {
                truth.lines[sink].take(left, right);
            }
        }
    }

    fn incident(&mut self, incident: &Incident) {
        self.0.lock().incident_frames += incident.frames;
    }
}

/// What a card with a program of its own does: it plays what its input hears over a cable.
struct SourceWork {
    listener: Listener,
    format: StreamFormat,
    frame: u64,
    /// A fault: the frame at which one is left out.
    skips_at: Option<u64>,
}

impl Cycle for SourceWork {
    fn captured(&mut self, packet: Packet<'_>) {
        self.listener.captured(packet);
    }

    fn due(&mut self, due: Due<'_>) -> u32 {
        let frames = due.bytes.chunks_exact_mut(self.format.frame_bytes());
        let mut count = 0;
        for frame in frames {
            for (channel, word) in frame.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                let number = f64::from(sample(self.frame, channel)) * 2_147_483_648.0;
                *word = (number as i32).to_le_bytes();
            }
            if self.skips_at == Some(self.frame) {
                self.frame += 1;
            }
            self.frame += 1;
            count += 1;
        }
        count
    }
}

/// A card's thread: its endpoint and what it does, until it is interrupted.
struct Job {
    endpoint: Box<dyn Endpoint>,
    work: Box<dyn Cycle + Send>,
    keep_frames: u32,
}

fn run(mut job: Job) {
    if job.endpoint.start(job.keep_frames).is_err() {
        return;
    }
    loop {
        match job.endpoint.wait() {
            Wake::Due => {
                if job.endpoint.cycle(&mut *job.work).is_err() {
                    return;
                }
            }
            Wake::TimedOut { .. } => {}
            Wake::Interrupted | Wake::Lost(_) => break,
        }
    }
    job.endpoint.stop();
}

/// The machine, ready to run with a client.
pub struct Machine {
    time: Arc<VirtualTime>,
    pub truth: Truth,
    master: Box<dyn Endpoint>,
    graph: GraphSpec,
    sources: Vec<Box<dyn Endpoint>>,
    sinks: Vec<Box<dyn Endpoint>>,
    plants: bool,
}

fn card(name: &str, clock: usize) -> CardSpec {
    let mut card = CardSpec::stereo(name);
    card.clock = ClockSpec::with_ppm(CLOCKS_PPM[clock % CLOCKS_PPM.len()]);
    card.wake = WakeSpec::jitter(JITTER_RMS_NS);
    for side in [&mut card.render, &mut card.capture].into_iter().flatten() {
        side.min_period_hns = 10_000;
    }
    card
}

fn open(
    time: &Arc<VirtualTime>,
    output: EndpointId,
    input: Option<EndpointId>,
    period_frames: u32,
) -> Result<Box<dyn Endpoint>, String> {
    let wish = Wish {
        period_frames: Some(period_frames),
        formats: vec![SampleFormat::Int32],
        ..Wish::new(Use::Exclusive)
    };
    let device = VirtualDevice::with_sides(Arc::clone(time), Some(output), input, wish);
    let request = OpenRequest {
        rate_hz: RATE_HZ,
        block_frames: period_frames,
        sides: Sides::of(true, input.is_some()),
    };
    device.open(request).map_err(|error| error.message)
}

impl Machine {
    /// `plants`: one source leaves out a frame after a while.
    pub fn new(seed: u64, plants: bool) -> Result<Machine, String> {
        let mut world = World::new(seed);
        let mut sinks = Vec::new();
        let mut sources = Vec::new();
        for number in 0..SINKS {
            let [out, _] = world.add_card(&card(&format!("SINK{number}"), number))?;
            sinks.push(out.ok_or("a card does not play")?);
        }
        for number in 0..SOURCES {
            let [out, input] = world.add_card(&card(&format!("SOURCE{number}"), number))?;
            let (out, input) = (out.ok_or("no output")?, input.ok_or("no input")?);
            world.connect(Cable {
                from: out,
                from_channels: vec![0, 1],
                to: input,
                to_channels: vec![0, 1],
                delay_frames: 7 * number as u32,
            })?;
            sources.push((out, input));
        }
        let truth = Truth::default();
        truth.0.lock().sinks = sinks.clone();
        world.set_recorder(truth.clone());
        let time = Arc::new(VirtualTime::new(world));
        let master = open(&time, sinks[0], None, CYCLE_FRAMES)?;
        let graph = GraphSpec {
            output: master.output_format(),
            input: None,
            timing: master.timing(),
            sample: ClientSample::Float32,
            rate_hz: RATE_HZ,
            quality: Quality::Best,
            safety_frames: 0,
            dither: false,
        };
        let periods = [480, 256, 144, 1_024];
        let each = periods.into_iter().cycle();
        let others = sinks[1..].iter().zip(each.clone());
        let others = others.map(|(out, period)| open(&time, *out, None, period));
        let inputs = sources.iter().zip(each);
        let inputs = inputs.map(|((out, input), period)| open(&time, *out, Some(*input), period));
        Ok(Machine {
            truth,
            master,
            graph,
            sources: inputs.collect::<Result<_, _>>()?,
            sinks: others.collect::<Result<_, _>>()?,
            time,
            plants,
        })
    }

    /// Runs so long in virtual time, and shows now and then how far it is.
    pub fn run(
        self,
        client: impl Client + Send + 'static,
        seconds: u64,
        mut shows: impl FnMut(u64),
    ) -> Result<Truth, String> {
        let mut graph = Graph::new(client, &self.graph)?;
        let (mut outputs, mut inputs) = (Vec::new(), Vec::new());
        let mut jobs = Vec::new();
        for endpoint in self.sinks {
            let format = endpoint.output_format().ok_or("it does not play")?;
            let joined = join_output(format, &endpoint.timing(), CYCLE_FRAMES, &self.graph)?;
            let (output, player): (_, Player) = joined;
            outputs.push(Some(output));
            jobs.push(Job {
                endpoint,
                keep_frames: player.keep_frames(),
                work: Box::new(player),
            });
        }
        for (number, endpoint) in self.sources.into_iter().enumerate() {
            let format = endpoint.input_format().ok_or("it does not record")?;
            let timing: EndpointTiming = endpoint.timing();
            let (input, listener) = join_input(format, &timing, CYCLE_FRAMES, &self.graph)?;
            inputs.push(Some(input));
            let skips = self.plants && number == 1;
            jobs.push(Job {
                work: Box::new(SourceWork {
                    listener,
                    format: endpoint.output_format().ok_or("it does not play")?,
                    frame: 0,
                    skips_at: skips.then_some(4 * u64::from(RATE_HZ)),
                }),
                keep_frames: timing.buffer_frames,
                endpoint,
            });
        }
        graph.join(outputs, inputs);
        jobs.push(Job {
            endpoint: self.master,
            keep_frames: graph.fill().keep_frames(),
            work: Box::new(graph),
        });
        let wakers: Vec<Arc<dyn Waker>> = jobs.iter().map(|job| job.endpoint.waker()).collect();
        std::thread::scope(|scope| {
            for job in jobs {
                scope.spawn(move || run(job));
            }
            let mut result = Ok(());
            for second in 1..=seconds {
                let until = self.time.run_until(second * 1_000_000_000);
                if let Err(stuck) = until {
                    result = Err(stuck.to_string());
                    break;
                }
                shows(second);
            }
            wakers.iter().for_each(|waker| waker.wake());
            result
        })?;
        Ok(self.truth)
    }
}
