//! The core with sixteen clients, and what looks at each of its cycles.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use engine::client::{BlockTime, Client, Plane};
use ipc::HandOver;
use router::{Core, CoreControl, CoreSpec, Seat, SeatView, core};
use rt::Mutex;
use simcard::rng::SplitMix64;

use crate::cards::{CYCLE_FRAMES, RATE_HZ, SINKS, SOURCES};
use crate::line::{Exact, Line, sample};
use crate::support::{Handle, Virtual, attach, wish};

pub const CLIENTS: usize = 16;
const CLIENT_CHANNELS: usize = 8;
/// Channels of the mix that no device plays: sums of everything.
const DENSE: usize = 16;
const DEVICE_INPUTS: usize = 2 * SOURCES;
const DEVICE_OUTPUTS: usize = 2 * SINKS + DENSE;
const MIX_SOURCES: usize = DEVICE_INPUTS + CLIENTS * CLIENT_CHANNELS;
const MIX_SINKS: usize = DEVICE_OUTPUTS + 2 * CLIENTS;
const RAMP_FRAMES: usize = 480;
/// Between two changes of the dense gains.
const CHANGE_CYCLES: u64 = 700;
/// Dense sums that are compared in a cycle; they take turns.
const SUMS_A_CYCLE: usize = 2;
const SETTLED_FRAMES: u64 = 3 * RATE_HZ as u64;
/// The client that is made late on purpose, and when, in cycles.
const LATE_CLIENT: usize = CLIENTS - 1;
const LATE_EVERY: u64 = 3_000;
const LATE_FOR: u64 = 40;

/// What was seen.
#[derive(Default)]
pub struct Seen {
    pub cycles: u64,
    /// What the mix got of each source.
    pub sources: [Line; SOURCES],
    /// What the mix got of each client but the late one: first and last channel.
    pub clients: [[Exact; 2]; CLIENTS],
    /// What some clients heard of a source.
    pub heard: [Line; 4],
    pub sums: u64,
    pub sums_wrong: u64,
    /// The largest error of a sum, in parts of what it may be.
    pub worst_sum: f64,
}

/// A core that is looked at.
pub struct Checked {
    core: Core<Virtual>,
    control: CoreControl<Virtual>,
    now_ns: Arc<AtomicU64>,
    clients: Vec<Handle>,
    views: Vec<SeatView>,
    factors: Vec<f32>,
    changed_at: u64,
    rng: SplitMix64,
    seen: Arc<Mutex<Seen>>,
    statuses: Arc<Mutex<Vec<router::SeatStatus>>>,
}

/// What is left when a run is over.
#[derive(Clone)]
pub struct Left {
    pub seen: Arc<Mutex<Seen>>,
    pub statuses: Arc<Mutex<Vec<router::SeatStatus>>>,
}

impl Checked {
    pub fn new(seed: u64) -> Result<(Checked, Left), String> {
        let now_ns = Arc::new(AtomicU64::new(0));
        let clock = Arc::clone(&now_ns);
        let spec = CoreSpec {
            rate_hz: RATE_HZ,
            cycle_frames: CYCLE_FRAMES,
            device_inputs: DEVICE_INPUTS,
            device_outputs: DEVICE_OUTPUTS,
            client_inputs: 2 * CLIENTS,
            client_outputs: CLIENTS * CLIENT_CHANNELS,
            ramp_frames: RAMP_FRAMES,
            wait_ns: 600_000,
        };
        let (control, core) = core(&spec, move || clock.load(Ordering::Relaxed))?;
        let mut checked = Checked {
            core,
            control,
            now_ns,
            clients: Vec::new(),
            views: Vec::new(),
            factors: vec![0.0; MIX_SOURCES * MIX_SINKS],
            changed_at: 0,
            rng: SplitMix64::new(seed),
            seen: Arc::default(),
            statuses: Arc::default(),
        };
        for number in 0..CLIENTS {
            checked.attach(number)?;
        }
        checked.route();
        let left = Left {
            seen: Arc::clone(&checked.seen),
            statuses: Arc::clone(&checked.statuses),
        };
        Ok((checked, left))
    }

    /// Blocks of every kind, inside the cycle and beside it.
    fn attach(&mut self, number: usize) -> Result<(), String> {
        const BLOCKS: [u32; 8] = [64, 128, 256, 480, 512, 100, 32, 441];
        let hand_over = match (number, number % 3) {
            (LATE_CLIENT, _) | (_, 0) => HandOver::Synchronous,
            (_, 1) => HandOver::Pipelined,
            _ => HandOver::Auto,
        };
        let wish = wish(2, CLIENT_CHANNELS as u32, BLOCKS[number % 8], hand_over);
        let seen = Arc::clone(&self.seen);
        let work = Box::new(
            move |end: &ipc::ClientEnd<ipc::HeapLink>,
                  asked: ipc::Asked,
                  planes: &mut [Vec<f32>]| {
                for (channel, plane) in planes.iter_mut().enumerate() {
                    for (frame, out) in (asked.frame..).zip(plane) {
                        *out = sample(frame, channel);
                    }
                }
                let mut seen = seen.lock();
                if let Some(line) = seen.heard.get_mut(number)
                    && asked.frame > SETTLED_FRAMES
                {
                    let pairs = end.input(0).iter().zip(end.input(1));
                    pairs.for_each(|(left, right)| line.take(*left, *right));
                }
            },
        );
        let (end, handle) = attach(&wish, &self.now_ns, work);
        let seat = Seat::new(end, CYCLE_FRAMES as usize, self.control.spec().wait_ns);
        let attached = self.control.attach(seat).map_err(|(_, why)| why)?;
        let expected = DEVICE_INPUTS + number * CLIENT_CHANNELS;
        if attached.sources.start != expected {
            return Err(format!("client {number} got other channels"));
        }
        self.views.push(attached.view);
        self.clients.push(handle);
        Ok(())
    }

    /// Each sink plays one client, each client hears one source, as they are; and the sums.
    fn route(&mut self) {
        let mut unity = |source: usize, sink: usize| {
            self.factors[sink * MIX_SOURCES + source] = 1.0;
        };
        for channel in 0..2 {
            for sink in 0..SINKS {
                let client = DEVICE_INPUTS + sink * CLIENT_CHANNELS;
                unity(client + channel, 2 * sink + channel);
            }
            for client in 0..CLIENTS {
                let source = 2 * (client % SOURCES);
                unity(source + channel, DEVICE_OUTPUTS + 2 * client + channel);
            }
        }
        self.change();
    }

    /// Other gains in the sums.
    fn change(&mut self) {
        let first = 2 * SINKS * MIX_SOURCES;
        for factor in &mut self.factors[first..first + DENSE * MIX_SOURCES] {
            // From -2 to 2, a quarter of them 0.
            let bits = self.rng.next_u64();
            let number = (bits >> 40) as f32 / 4_194_304.0 - 2.0;
            *factor = if bits & 3 == 0 { 0.0 } else { number };
        }
        // It has as many factors as there are pairs.
        let _ = self.control.mix.set(&self.factors);
    }

    fn look(&self) {
        let mut seen = self.seen.lock();
        let seen = &mut *seen;
        let mixer = self.core.mixer();
        let is_settled = seen.cycles * u64::from(CYCLE_FRAMES) > SETTLED_FRAMES;
        if is_settled {
            for (number, line) in seen.sources.iter_mut().enumerate() {
                let pairs = mixer
                    .heard(2 * number)
                    .iter()
                    .zip(mixer.heard(2 * number + 1));
                pairs.for_each(|(left, right)| line.take(*left, *right));
            }
        }
        for (client, pair) in seen.clients.iter_mut().enumerate() {
            if client == LATE_CLIENT {
                continue;
            }
            for (line, channel) in pair.iter_mut().zip([0, CLIENT_CHANNELS - 1]) {
                let heard = mixer.heard(DEVICE_INPUTS + client * CLIENT_CHANNELS + channel);
                heard.iter().for_each(|sample| line.take(*sample, channel));
            }
        }
        // A change is taken in the next cycle.
        let ramp_cycles = RAMP_FRAMES as u64 / u64::from(CYCLE_FRAMES) + 2;
        let is_steady = seen.cycles >= self.changed_at + ramp_cycles;
        for turn in 0..SUMS_A_CYCLE {
            let sink = 2 * SINKS + (seen.cycles as usize * SUMS_A_CYCLE + turn) % DENSE;
            if is_steady {
                self.compare(sink, seen);
            }
        }
        seen.cycles += 1;
    }

    /// Against sums in 64-bit floats, made in another order.
    fn compare(&self, sink: usize, seen: &mut Seen) {
        let mixer = self.core.mixer();
        let factors = &self.factors[sink * MIX_SOURCES..][..MIX_SOURCES];
        let frames = CYCLE_FRAMES as usize;
        let (mut sums, mut sizes) = ([0.0_f64; 64], [0.0_f64; 64]);
        for (source, factor) in factors.iter().enumerate().rev() {
            let factor = f64::from(*factor);
            let heard = mixer.heard(source);
            for ((sum, size), sample) in sums.iter_mut().zip(&mut sizes).zip(heard) {
                let product = f64::from(*sample) * factor;
                *sum += product;
                *size += product.abs();
            }
        }
        for ((made, sum), size) in mixer.sink(sink).iter().zip(sums).zip(sizes).take(frames) {
            let half_step =
                f64::from(made.abs()).max(f64::from(f32::MIN_POSITIVE)) * 2.0_f64.powi(-24);
            let bound = half_step + 2.0 * MIX_SOURCES as f64 * 2.0_f64.powi(-52) * size;
            let error = (f64::from(*made) - sum).abs();
            seen.sums += 1;
            seen.sums_wrong += u64::from(error > bound);
            seen.worst_sum = seen.worst_sum.max(error / bound);
        }
    }
}

impl Client for Checked {
    fn block_frames(&self) -> u32 {
        self.core.block_frames()
    }

    fn input(&mut self, channel: usize, samples: Plane<'_>) {
        self.core.input(channel, samples);
    }

    fn hears(&self, channel: usize) -> bool {
        self.core.hears(channel)
    }

    fn process(&mut self, time: BlockTime) {
        let cycles = self.seen.lock().cycles;
        self.now_ns.fetch_max(time.now_ns, Ordering::Relaxed);
        // The declared fault.
        match cycles % LATE_EVERY {
            0 if cycles > 0 => self.clients[LATE_CLIENT].take(u64::MAX / 4),
            LATE_FOR => {
                self.clients[LATE_CLIENT].turn(u64::MAX / 2);
                self.clients[LATE_CLIENT].take(0);
            }
            _ => {}
        }
        if cycles > 0 && cycles.is_multiple_of(CHANGE_CYCLES) {
            self.change();
            self.changed_at = cycles;
        }
        self.core.process(time);
        self.look();
        if cycles.is_multiple_of(100) {
            let statuses = self.views.iter().map(SeatView::status).collect();
            *self.statuses.lock() = statuses;
        }
    }

    fn output(&self, channel: usize) -> Option<Plane<'_>> {
        self.core.output(channel)
    }
}
