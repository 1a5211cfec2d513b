//! A machine with several cards, a driver that follows the default device, and a host that counts while
//! devices come and go.
//!
//! The host plays the number of each frame, so what a DAC plays tells which frames it got, at whatever
//! rate it runs: a ramp that is resampled is a ramp. Where the sound rises from silence or falls to it,
//! the numbers tell nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use asio::abi::HostMessage;
use asio::driver::Object;
use asio::host::{BlockIo, Driver, Events, Handler, answer};
use engine::format::{ClientSample, SampleFormat};
use engine::resample::Quality;
use rt::Mutex;
use session::product::DRIVERS;
use session::{DirectDriver, Preferences};
use simcard::recorder::{Recorder, Run};
use simcard::spec::CardSpec;
use simcard::{Choice, EndpointId, Use, VirtualDevice, VirtualTime, Wish, World};

use super::CHANNELS;

/// Numbers wrap here, far below what floats hold exactly.
const WRAP: u64 = 1 << 22;
/// So near to that resampling makes other numbers.
const WRAP_MARGIN: u64 = 2_000;
/// Twice that margin takes no longer at 48 kHz.
const WRAP_NS: u64 = 100_000_000;
/// No host here asks for more.
const BLOCK_FRAMES_MAX: usize = 1024;
/// A fade lasts so long, in frames at 48 kHz, with what rounding may add.
const FADE_NS: u64 = 10_100_000;
/// So few frames below the last are no repetition: a block is longer.
const SWINGS: u32 = 48;
/// Silence that is shorter is no silence.
const SILENCE_MIN_NS: u64 = 1_000_000;

/// What is heard of one DAC.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// From when to when there was sound, in nanoseconds.
    pub spans: Vec<(u64, u64)>,
    /// The last frame's number, and what it was in the steady part.
    last: u64,
    /// Since when numbers fall, and how many have been below the last since then.
    falls_since: Option<u64>,
    below: u32,
    /// Until then the numbers are about to wrap, or just did: resampled, they swing far around that step.
    wraps_until_ns: u64,
}

/// What all DACs play.
#[derive(Default)]
pub struct Ears {
    pub heard: HashMap<EndpointId, Heard>,
    /// The highest number that was heard in a steady part.
    top: u64,
    pub repeats: Repeats,
}

/// Frames that came a second time, or numbers that ran backwards.
#[derive(Default)]
pub struct Repeats {
    pub count: u64,
    /// Where the first such frame was: time, number and what was expected to be below it.
    pub first: Option<(u64, u64, u64)>,
}

impl Repeats {
    fn add(&mut self, at_ns: u64, number: u64, above: u64) {
        self.count += 1;
        let _ = self.first.get_or_insert((at_ns, number, above));
    }
}

/// A recorder; clones are the same.
#[derive(Clone, Default)]
pub struct Listening {
    pub ears: Arc<Mutex<Ears>>,
    /// Frames that the host has made.
    pub made: Arc<AtomicU64>,
}

impl Recorder for Listening {
    fn played(&mut self, run: &Run<'_>) {
        let made = self.made.load(Ordering::Relaxed);
        let mut ears = self.ears.lock();
        let Ears {
            heard,
            top,
            repeats,
        } = &mut *ears;
        let heard = heard.entry(run.endpoint).or_default();
        let frame_bytes = run.format.frame_bytes();
        // A run lasts seconds at most, so this is off by less than a nanosecond.
        let frame_ns = 1e9 / f64::from(run.format.rate_hz);
        for (n, frame) in (0_u32..).zip(run.bytes.chunks_exact(frame_bytes)) {
            let at_ns = run.time_ns + (f64::from(n) * frame_ns) as u64;
            heard.hear(at_ns, number(run.format.sample, frame), made, top, repeats);
        }
    }
}

/// The first channel's sample in 24 bits.
fn number(sample: SampleFormat, frame: &[u8]) -> i64 {
    match (sample, frame) {
        (SampleFormat::Float32, [a, b, c, d, ..]) => {
            let value = f64::from(f32::from_le_bytes([*a, *b, *c, *d])) * 8_388_608.0;
            (value + 0.5_f64.copysign(value)) as i64
        }
        (SampleFormat::Int24, [a, b, c, ..]) => i64::from(i32::from_le_bytes([0, *a, *b, *c]) >> 8),
        (SampleFormat::Int16, [a, b, ..]) => i64::from(i16::from_le_bytes([*a, *b])) << 8,
        (_, [a, b, c, d, ..]) => i64::from(i32::from_le_bytes([*a, *b, *c, *d]) >> 8),
        _ => 0,
    }
}

impl Heard {
    fn hear(&mut self, at_ns: u64, value: i64, made: u64, top: &mut u64, repeats: &mut Repeats) {
        if value == 0 {
            self.falls_since = None;
            return;
        }
        match self.spans.last_mut() {
            Some((_, end)) if at_ns.saturating_sub(*end) < SILENCE_MIN_NS => *end = at_ns,
            _ => self.spans.push((at_ns, at_ns)),
        }
        let begun_ns = self.spans.last().map_or(at_ns, |(begun, _)| *begun);
        let value = value.unsigned_abs();
        if value >= WRAP - WRAP_MARGIN {
            self.wraps_until_ns = at_ns + WRAP_NS;
        }
        if at_ns - begun_ns < FADE_NS || at_ns < self.wraps_until_ns || value < WRAP_MARGIN {
            self.last = 0;
            self.falls_since = None;
            return;
        }
        // Which of the frames with that number it is: the last that the host has made.
        let number = made - (made.wrapping_sub(value)) % WRAP;
        // Rounding and dither, where there are fewer bits.
        let slack = 2;
        let falls = number + slack < self.last;
        self.below = match self.falls_since {
            None => u32::from(falls),
            Some(_) => self.below.saturating_add(u32::from(falls)),
        };
        // Where a block was lost on the way, a resampled ramp swings around the step.
        if !falls && self.below < SWINGS {
            self.falls_since = None;
        }
        if falls || self.falls_since.is_some() {
            // A fade, if it ends in silence soon.
            let since = *self.falls_since.get_or_insert(at_ns);
            if at_ns - since > FADE_NS {
                repeats.add(at_ns, number, self.last);
                self.falls_since = None;
                self.last = number;
            }
            return;
        }
        if self.last == 0 && number + slack < *top {
            repeats.add(at_ns, number, *top);
        }
        self.last = number;
        *top = (*top).max(number);
    }
}

/// When the host was called, and what it was told.
#[derive(Default)]
pub struct Calls {
    last_ns: u64,
    /// The longest time from one call to the next, and when that was.
    pub longest: (u64, u64),
    /// Times or positions that went back.
    pub backwards: u64,
    last_position: Option<(u64, u64)>,
    pub messages: Vec<HostMessage>,
}

struct CallEvents(Arc<Mutex<Calls>>);

impl Events for CallEvents {
    fn message(&self, selector: HostMessage, value: i32) -> i32 {
        self.0.lock().messages.push(selector);
        answer(selector, value)
    }
}

/// What a host plays: from the number of a frame to 31 bits.
pub type Signal = fn(u64) -> i32;

/// The number itself.
pub fn ramp(frame: u64) -> i32 {
    ((1 + frame % (WRAP - 1)) as i32) << 8
}

struct Host {
    signal: Signal,
    channels: usize,
    made: Arc<AtomicU64>,
    calls: Arc<Mutex<Calls>>,
    time: Arc<VirtualTime>,
}

impl Handler for Host {
    fn buffer_switch(&mut self, io: &mut BlockIo<'_>) {
        let now_ns = self.time.with(|world| world.now_ns());
        let first = self.made.load(Ordering::Relaxed);
        {
            let mut calls = self.calls.lock();
            if calls.last_ns > 0 && now_ns - calls.last_ns > calls.longest.0 {
                calls.longest = (now_ns - calls.last_ns, calls.last_ns);
            }
            calls.last_ns = now_ns;
            if let Some(time) = io.time() {
                let position = (time.position.frames, time.position.system_ns);
                if let Some(last) = calls.last_position
                    && (position.0 <= last.0 || position.1 < last.1)
                {
                    calls.backwards += 1;
                }
                calls.last_position = Some(position);
            }
        }
        let mut numbers = [0; BLOCK_FRAMES_MAX];
        let block = io.block_frames() as usize;
        let numbers = &mut numbers[..block.min(BLOCK_FRAMES_MAX)];
        for (n, number) in (first..).zip(numbers.iter_mut()) {
            *number = (self.signal)(n);
        }
        for slot in 0..self.channels {
            if let Some(samples) = io.output_i32(slot) {
                samples.copy_from_slice(numbers);
            }
        }
        let made = first + u64::from(io.block_frames());
        self.made.store(made, Ordering::Relaxed);
    }

    fn events(&self) -> Arc<dyn Events> {
        Arc::new(CallEvents(Arc::clone(&self.calls)))
    }
}

/// The machine and the driver that plays on it.
pub struct Moving {
    pub time: Arc<VirtualTime>,
    pub outs: Vec<EndpointId>,
    pub driver: Driver,
    pub calls: Arc<Mutex<Calls>>,
}

/// How the host plays.
#[derive(Clone, Copy, Debug)]
pub struct Stream {
    pub usage: Use,
    pub block_frames: u32,
    pub is_stereo: bool,
    /// How its sound is resampled.
    pub quality: Quality,
}

impl Stream {
    /// Both channels, resampled as well as can be.
    pub fn new(usage: Use, block_frames: u32) -> Self {
        Self {
            usage,
            block_frames,
            is_stereo: true,
            quality: Quality::Best,
        }
    }
}

/// Starts a host with that signal on whatever device is the default one. `listen` gets what is played.
pub fn moving(
    seed: u64,
    cards: &[CardSpec],
    stream: Stream,
    listen: impl Recorder + 'static,
    (signal, made): (Signal, Arc<AtomicU64>),
) -> Moving {
    let mut world = World::new(seed);
    let mut outs = Vec::new();
    for card in cards {
        let [out, _] = world.add_card(card).expect("a sound card");
        outs.extend(out);
    }
    world.set_recorder(listen);
    let time = Arc::new(VirtualTime::new(world));
    let mut wish = Wish::new(stream.usage);
    wish.formats = vec![SampleFormat::Int32, SampleFormat::Int24];
    let device = VirtualDevice::choosing(Arc::clone(&time), Some(Choice::Default), None, wish);
    let preferences = Preferences {
        sample: Some(ClientSample::Int32),
        rate_hz: Some(48_000),
        records: false,
        quality: stream.quality,
        ..Preferences::default()
    };
    let product = &DRIVERS[0];
    let logic = DirectDriver::with_preferences(product.name, Arc::new(device), preferences);
    let mut driver = Driver::from_object(Object::create(product.clsid, logic));
    driver.init().expect("ready");
    let calls = Arc::<Mutex<Calls>>::default();
    let channels = if stream.is_stereo {
        &CHANNELS[..]
    } else {
        &CHANNELS[..1]
    };
    let host = Host {
        signal,
        channels: channels.len(),
        made,
        calls: Arc::clone(&calls),
        time: Arc::clone(&time),
    };
    driver
        .create_buffers(channels, stream.block_frames, Box::new(host))
        .expect("created");
    driver.start().expect("started");
    Moving {
        time,
        outs,
        driver,
        calls,
    }
}

impl Moving {
    /// Stops everything; whether all that belonged to the stream is gone within some seconds.
    pub fn end(self) -> bool {
        let Self {
            time, mut driver, ..
        } = self;
        let _ = driver.stop();
        drop(driver);
        // The keeper ends behind the host's back.
        let begun = std::time::Instant::now();
        while Arc::strong_count(&time) > 1 {
            if begun.elapsed().as_secs() >= 10 {
                return false;
            }
            std::thread::sleep(std::time::Duration::from_micros(200));
        }
        true
    }
}
