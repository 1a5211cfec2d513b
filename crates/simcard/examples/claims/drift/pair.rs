//! A bridge between two devices whose clocks are known, in virtual time.

use engine::bridge::{BridgeSink, BridgeSource, BridgeSpec, BridgeStatus, Clocks, Side, Stamp};
use engine::client::Plane;
use engine::format::ClientSample;
use engine::resample::Quality;
use simcard::clock::{Clock, ClockSpec};
use simcard::rng::SplitMix64;
use simcard::wake::WakeSpec;

/// Frame `n` is played as `n` modulo this, so what is heard tells where it is from.
const FRAMES_IN_A_ROUND: i64 = 1 << 20;
/// Samples for a frame: the fraction of a frame is heard too.
const SCALE: i64 = 1 << 10;
/// Near the end of a round the filter hears the next one.
const EDGE_FRAMES: f64 = 4_096.0;
/// How far from the nominal step one frame may be to the next, relative to it.
const STEP_TOLERANCE: f64 = 0.02;
const JITTER_RMS_NS: u64 = 100_000;
const START_NS: u64 = 1_000_000_000;
/// Sound flows by then, and has faded in.
const SETTLED_SECONDS: f64 = 1.0;
const SECOND: f64 = 1e-9;

/// One side: its device and its clock.
#[derive(Clone)]
pub struct Device {
    pub rate_hz: u32,
    pub block_frames: u32,
    pub clock: ClockSpec,
}

/// What was seen, all against the clocks as they are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    /// The largest distance of the lead from its target, in frames: 5 s to 30 s after the first
    /// pull, and later.
    pub fill_early: f64,
    pub fill_late: f64,
    /// The largest error of the ratio, in millionths, 5 s to 30 s after the first pull.
    pub ppm_early: f64,
    /// Its root mean square later.
    pub ppm_rms: f64,
    /// Between the latency that the bridge tells and the true lead, after 30 s, in frames.
    pub latency: f64,
    /// Frames that did not follow on the one before.
    pub jumps: u64,
    /// Frames that were not exactly the next one.
    pub altered: u64,
    /// Frames that were heard.
    pub frames: u64,
    pub status: BridgeStatus,
}

struct Heard {
    block: Vec<i64>,
    /// The last frame, and whether it was far from a round's end.
    last: Option<(i64, bool)>,
    rms: (f64, u64),
    seen: Seen,
}

struct Machine {
    source: BridgeSource,
    sink: BridgeSink,
    devices: [Device; 2],
    clocks: [Clock; 2],
    pushed: u64,
    pulled: u64,
    rng: SplitMix64,
    plane: Vec<i32>,
    heard: Heard,
}

impl Seen {
    /// The worse of two runs in each respect.
    pub fn worse(self, other: Seen) -> Seen {
        let mut status = other.status;
        status.underruns += self.status.underruns;
        status.overruns += self.status.overruns;
        Seen {
            fill_early: self.fill_early.max(other.fill_early),
            fill_late: self.fill_late.max(other.fill_late),
            ppm_early: self.ppm_early.max(other.ppm_early),
            ppm_rms: self.ppm_rms.max(other.ppm_rms),
            latency: self.latency.max(other.latency),
            jumps: self.jumps + other.jumps,
            altered: self.altered + other.altered,
            frames: self.frames + other.frames,
            status,
        }
    }
}

/// Runs two devices for that many seconds.
pub fn run(
    source: &Device,
    sink: &Device,
    quality: Quality,
    seconds: u64,
    seed: u64,
) -> Result<Seen, String> {
    let side = |device: &Device| Side {
        rate_hz: device.rate_hz,
        block_frames: device.block_frames,
    };
    let spec = BridgeSpec {
        channels: 1,
        sample: ClientSample::Int32,
        source: side(source),
        sink: side(sink),
        clocks: Clocks::Apart,
        quality,
        target_frames: None,
    };
    let clock = |device: &Device| {
        let spec = ClockSpec {
            offset_ns: START_NS,
            ..device.clock.clone()
        };
        Clock::new(&spec, device.rate_hz)
    };
    let (from, to) = engine::bridge::bridge(&spec)?;
    let mut machine = Machine {
        source: from,
        sink: to,
        devices: [source.clone(), sink.clone()],
        clocks: [clock(source)?, clock(sink)?],
        pushed: 0,
        pulled: 0,
        rng: SplitMix64::new(seed),
        plane: vec![0; source.block_frames as usize],
        heard: Heard {
            block: Vec::new(),
            last: None,
            rms: (0.0, 0),
            seen: Seen::default(),
        },
    };
    Ok(machine.run(seconds))
}

impl Machine {
    fn run(&mut self, seconds: u64) -> Seen {
        let wake = WakeSpec::jitter(JITTER_RMS_NS);
        let end_ns = START_NS + seconds * 1_000_000_000;
        let mut push_ns = self.push_due() + wake.draw(&mut self.rng);
        let mut pull_ns = self.pull_due() + wake.draw(&mut self.rng);
        while push_ns.min(pull_ns) < end_ns {
            if push_ns <= pull_ns {
                self.push(push_ns);
                push_ns = self.push_due() + wake.draw(&mut self.rng);
            } else {
                self.pull(pull_ns);
                pull_ns = self.pull_due() + wake.draw(&mut self.rng);
            }
        }
        let mut seen = self.heard.seen;
        seen.ppm_rms = (self.heard.rms.0 / self.heard.rms.1.max(1) as f64).sqrt();
        seen.status = self.sink.status();
        seen
    }

    /// The source's block is there when its last frame has ended.
    fn push_due(&self) -> u64 {
        let block = u64::from(self.devices[0].block_frames);
        self.clocks[0].time_of_frame(self.pushed + block)
    }

    fn pull_due(&self) -> u64 {
        self.clocks[1].time_of_frame(self.pulled)
    }

    fn push(&mut self, at_ns: u64) {
        for (n, sample) in (self.pushed as i64..).zip(&mut self.plane) {
            *sample = (n % FRAMES_IN_A_ROUND * SCALE) as i32;
        }
        let stamp = Stamp {
            position_frames: self.pushed,
            at_ns,
        };
        let plane = &self.plane;
        self.source
            .push(plane.len(), stamp, |_| Some(Plane::Int32(plane)));
        self.pushed += plane.len() as u64;
    }

    fn pull(&mut self, at_ns: u64) {
        let due_ns = self.pull_due();
        let frames = self.devices[1].block_frames as usize;
        let stamp = Stamp {
            position_frames: self.pulled,
            at_ns,
        };
        self.sink.pull(frames, stamp);
        self.pulled += frames as u64;
        let status = self.sink.status();
        if !status.is_running {
            return;
        }
        let Plane::Int32(plane) = self.sink.plane(0) else {
            return;
        };
        self.heard.block.clear();
        self.heard
            .block
            .extend(plane.iter().map(|sample| i64::from(*sample)));
        let nominal = f64::from(self.devices[0].rate_hz) / f64::from(self.devices[1].rate_hz);
        let target = f64::from(status.target_frames);
        let truth = self.source_frame(due_ns);
        let since = (due_ns - START_NS) as f64 * SECOND;
        if since < SETTLED_SECONDS {
            return;
        }
        let is_clear = self.heard.is_clear(truth - target);
        self.heard.compare_steps(nominal, is_clear);
        self.heard.seen.frames += frames as u64;
        if !is_clear {
            return;
        }
        let ppm = self.true_ppm(due_ns);
        let latency = f64::from(self.sink.latency_frames());
        self.heard
            .compare(since, truth, target, latency, status.ratio_ppm - ppm);
    }

    /// Where the source's next block would begin if it came now.
    fn source_frame(&self, at_ns: u64) -> f64 {
        let clock = &self.clocks[0];
        let whole = clock.frames_at(at_ns);
        let (from, to) = (clock.time_of_frame(whole), clock.time_of_frame(whole + 1));
        let part = (at_ns.saturating_sub(from)) as f64 / (to - from).max(1) as f64;
        whole as f64 + part - f64::from(self.devices[0].block_frames)
    }

    fn true_ppm(&self, at_ns: u64) -> f64 {
        let [source, sink] =
            [0, 1].map(|side| 1.0 + ppm_at(&self.devices[side].clock, at_ns) * 1e-6);
        (source / sink - 1.0) * 1e6
    }
}

fn ppm_at(spec: &ClockSpec, at_ns: u64) -> f64 {
    let step = spec.steps.iter().rev().find(|step| step.at_ns <= at_ns);
    let swing = spec.sine.map_or(0.0, |sine| {
        let turns = (at_ns % sine.period_ns) as f64 / sine.period_ns as f64;
        sine.ppm * (turns * std::f64::consts::TAU).sin()
    });
    step.map_or(spec.ppm, |step| step.ppm) + swing
}

impl Heard {
    /// Whether what is heard about `expected` is far from a round's end, and the filter hears no
    /// frame of the next.
    fn is_clear(&self, expected: f64) -> bool {
        let round = FRAMES_IN_A_ROUND as f64;
        (EDGE_FRAMES..round - EDGE_FRAMES).contains(&expected.rem_euclid(round))
    }

    fn compare_steps(&mut self, nominal: f64, is_clear: bool) {
        for &sample in &self.block {
            if let Some((last, was_clear)) = self.last {
                let step = (sample - last) as f64 / SCALE as f64;
                let astray = (step - nominal).abs() > STEP_TOLERANCE * nominal;
                self.seen.jumps += u64::from(astray && is_clear && was_clear);
                let next = (last / SCALE + 1) % FRAMES_IN_A_ROUND * SCALE;
                self.seen.altered += u64::from(sample != next);
            }
            self.last = Some((sample, is_clear));
        }
    }

    fn compare(&mut self, since: f64, truth: f64, target: f64, latency: f64, ppm: f64) {
        let round = FRAMES_IN_A_ROUND as f64;
        let Some(first) = self.block.first() else {
            return;
        };
        let here = *first as f64 / SCALE as f64;
        // From half a round before the target to half a round behind it.
        let off = (truth - here - target + round / 2.0).rem_euclid(round) - round / 2.0;
        let (lead, fill) = (target + off, off.abs());

        let seen = &mut self.seen;
        if since >= 30.0 {
            seen.fill_late = seen.fill_late.max(fill);
            seen.latency = seen.latency.max((latency - lead).abs());
            self.rms.0 += ppm * ppm;
            self.rms.1 += 1;
        } else if since >= 5.0 {
            seen.fill_early = seen.fill_early.max(fill);
            seen.ppm_early = seen.ppm_early.max(ppm.abs());
        }
    }
}
