//! Taps: what an endpoint plays, recorded, and what programs play.

use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use engine::endpoint::{Cycle, Device, Due, Endpoint, FaultKind, OpenRequest, Packet, Sides, Wake};
use engine::format::{SampleFormat, StreamFormat};
use wasapi_io::{
    LoopbackDevice, Mode, Options, ProcessDevice, Programs, Selection, WasapiDevice, Wish, now_ns,
};

use super::moves::Card;
use super::pattern::{decode, encode, sample};

/// What another program does to a busy machine is not our fault: so often it is tried again.
const TRIES: usize = 8;
const LONG_ENOUGH: Duration = Duration::from_secs(30);

fn loopback() -> LoopbackDevice {
    LoopbackDevice::new(Selection::Default)
}

/// `None` where the system has no taps, which it says in one sentence.
fn open(device: &dyn Device) -> Option<Box<dyn Endpoint>> {
    let info = device.describe().unwrap();
    assert!(info.output.is_none());
    let request = OpenRequest {
        rate_hz: info.rate_hz,
        block_frames: info.period_frames_default,
        sides: Sides::Input,
    };
    match device.open(request) {
        Ok(stream) => {
            assert!(stream.output_format().is_none());
            Some(stream)
        }
        Err(error) => {
            println!("{error}");
            assert_eq!(error.kind, FaultKind::Unsupported, "{error}");
            assert!(error.message.contains("lets no program hear"), "{error}");
            None
        }
    }
}

/// Keeps what is heard.
struct Heard {
    format: StreamFormat,
    values: Vec<Option<i16>>,
    torn: usize,
    last_ns: u64,
    goes_back: bool,
}

impl Heard {
    fn new(stream: &dyn Endpoint) -> Self {
        Self {
            format: stream.input_format().unwrap(),
            values: Vec::with_capacity(4_000_000),
            torn: 0,
            last_ns: 0,
            goes_back: false,
        }
    }

    /// Where the first sample lies that was played, and how many follow one another.
    fn found(&self) -> Option<(usize, usize)> {
        let first = self.values.iter().position(|value| *value != Some(0))?;
        let right = self.values[first..]
            .iter()
            .enumerate()
            .take_while(|(frame, value)| **value == Some(sample(*frame)));
        Some((first, right.count()))
    }
}

impl Cycle for Heard {
    fn captured(&mut self, packet: Packet<'_>) {
        // The very first packet follows nothing.
        self.torn += usize::from(packet.discontinuity && !self.values.is_empty());
        self.goes_back |= packet.now_ns < self.last_ns;
        self.last_ns = packet.now_ns;
        let width = self.format.sample.bytes();
        for frame in packet.bytes.chunks_exact(self.format.frame_bytes()) {
            if self.values.len() < self.values.capacity() {
                self.values
                    .push(decode(&frame[..width], self.format.sample));
            }
        }
    }

    fn due(&mut self, _due: Due<'_>) -> u32 {
        panic!("a tap plays nothing");
    }
}

/// Listens for that long.
fn listen(stream: &mut dyn Endpoint, heard: &mut Heard, duration: Duration) {
    let until_ns = now_ns() + duration.as_nanos() as u64;
    let before = rt::guard::counts();
    while now_ns() < until_ns {
        match stream.wait() {
            Wake::Due => rt::section(|| stream.cycle(heard)).unwrap(),
            wake => panic!("{wake:?}"),
        }
    }
    let after = rt::guard::counts();
    assert_eq!(
        (after.allocations, after.frees, after.locks),
        (before.allocations, before.frees, before.locks)
    );
}

/// Plays the samples, from the first on.
struct Samples {
    format: StreamFormat,
    keep_frames: usize,
    played_frames: usize,
    underrun: bool,
}

impl Cycle for Samples {
    fn captured(&mut self, _packet: Packet<'_>) {}

    fn due(&mut self, due: Due<'_>) -> u32 {
        self.underrun |= due.underrun;
        let frame_bytes = self.format.frame_bytes();
        let room = due.bytes.len() / frame_bytes;
        let missing = self.keep_frames.saturating_sub(due.queued_frames as usize);
        let frames = room.min(missing);
        for frame in due.bytes.chunks_exact_mut(frame_bytes).take(frames) {
            for channel in frame.chunks_exact_mut(self.format.sample.bytes()) {
                encode(sample(self.played_frames), self.format.sample, channel);
            }
            self.played_frames += 1;
        }
        frames as u32
    }
}

/// A program that plays on the default endpoint for a while. Tells whether its sound was cut.
fn player(duration: Duration) -> JoinHandle<bool> {
    thread::spawn(move || {
        let output = Some(Selection::Default);
        let device = WasapiDevice::new(output, None, Mode::Shared, Options::default());
        let info = device.describe().unwrap();
        let request = OpenRequest {
            rate_hz: info.rate_hz,
            block_frames: 4_096,
            sides: Sides::Output,
        };
        let mut stream = device.open(request).unwrap();
        let mut samples = Samples {
            format: stream.output_format().unwrap(),
            keep_frames: stream.timing().buffer_frames as usize,
            played_frames: 0,
            underrun: false,
        };
        stream.start(stream.timing().buffer_frames).unwrap();
        let until = Instant::now() + duration;
        while Instant::now() < until {
            if stream.wait() == Wake::Due {
                stream.cycle(&mut samples).unwrap();
            }
        }
        stream.stop();
        samples.underrun
    })
}

#[test]
#[ignore = "needs a playback device"]
fn t11_an_endpoint_on_which_nobody_plays_is_heard_as_silence_all_the_time() {
    let device = loopback();
    let Some(mut stream) = open(&device) else {
        return;
    };
    let rate_hz = stream.input_format().unwrap().rate_hz as usize;
    for _ in 0..2 {
        stream.start(0).unwrap();
        stream.start(0).unwrap();
        let mut heard = Heard::new(&*stream);
        listen(&mut *stream, &mut heard, Duration::from_secs(2));
        stream.stop();
        stream.stop();
        println!(
            "{} frames in 2 s, torn {} times",
            heard.values.len(),
            heard.torn
        );
        assert!(heard.values.iter().all(|value| *value == Some(0)));
        // The system's mixer may be ahead or behind by some periods.
        let frames = heard.values.len();
        assert!((rate_hz * 17 / 10..rate_hz * 23 / 10).contains(&frames));
        assert!(!heard.goes_back);
    }
}

#[test]
#[ignore = "needs a playback device"]
fn t11_what_a_program_plays_is_heard_as_it_is() {
    let device = loopback();
    let mut best = (0, 0);
    for _ in 0..TRIES {
        let Some(mut stream) = open(&device) else {
            return;
        };
        let mut heard = Heard::new(&*stream);
        let rate_hz = heard.format.rate_hz as usize;
        stream.start(0).unwrap();
        listen(&mut *stream, &mut heard, Duration::from_millis(300));
        let player = player(Duration::from_secs(3));
        listen(&mut *stream, &mut heard, Duration::from_secs(4));
        let was_cut = player.join().unwrap();
        let found = heard.found().unwrap_or_default();
        println!("heard {} frames, {was_cut}, torn {}", found.1, heard.torn);
        best = best.max((found.1, found.0));
        if found.1 > 2 * rate_hz {
            assert!(heard.format.sample == SampleFormat::Float32 || found.0 > 0);
            return;
        }
    }
    panic!("at most {} frames were heard as they were played", best.0);
}

#[test]
#[ignore = "needs a playback device"]
fn a_tap_wakes_for_its_waker_and_knows_its_endpoint() {
    let device = loopback();
    let Some(mut stream) = open(&device) else {
        return;
    };
    let chosen = stream.chosen();
    assert_eq!(device.reopener().chosen(), chosen);
    assert!(chosen.output.is_none() && chosen.input.is_some());
    assert_eq!(stream.label().mode, "loopback");
    stream.start(0).unwrap();
    let waker = stream.waker();
    let begun = Instant::now();
    waker.wake();
    while stream.wait() != Wake::Interrupted {
        assert!(begun.elapsed() < LONG_ENOUGH);
    }
}

#[test]
#[ignore = "needs the simulated card"]
fn t11_a_default_that_moves_is_followed_and_an_endpoint_that_is_gone_ends_the_tap() {
    let Some(card) = Card::there() else { return };
    let device = loopback();
    let Some(mut stream) = open(&device) else {
        return;
    };
    let mut heard = Heard::new(&*stream);
    stream.start(0).unwrap();
    listen(&mut *stream, &mut heard, Duration::from_millis(300));
    card.strike("default SPARE");
    let since = Instant::now();
    let mut reopener = device.reopener();
    while reopener.chosen() == stream.chosen() {
        assert!(since.elapsed() < LONG_ENOUGH);
        reopener.pause(50_000_000);
    }
    card.strike("lose OUT");
    let fault = loop {
        assert!(since.elapsed() < LONG_ENOUGH);
        match stream.wait() {
            Wake::Lost(fault) => break fault,
            Wake::Due => match stream.cycle(&mut heard) {
                Ok(()) => {}
                Err(fault) => break fault,
            },
            _ => {}
        }
    };
    assert_eq!(fault.kind, FaultKind::Lost);
    drop(stream);
    let mut moved = open(&device).unwrap();
    assert_eq!(moved.chosen(), reopener.chosen());
    moved.start(0).unwrap();
    listen(&mut *moved, &mut heard, Duration::from_millis(300));
}

#[test]
#[ignore = "needs a playback device"]
fn a_tap_of_nothing_is_one_sentence() {
    let nobody = Selection::Preferred(vec![Wish::Name("no such device".into())]);
    let error = LoopbackDevice::new(nobody).describe().unwrap_err();
    assert_eq!(error.kind, FaultKind::NotFound, "{error}");
    let device = loopback();
    let error = device.check_rate(12_345).unwrap_err();
    assert_eq!(error.kind, FaultKind::Unsupported, "{error}");
}

#[test]
#[ignore = "needs a playback device"]
fn t12_programs_are_heard_or_refused_in_one_sentence() {
    let device = Arc::new(ProcessDevice::new(Programs::others()));
    let info = device.describe().unwrap();
    let request = OpenRequest {
        rate_hz: info.rate_hz,
        block_frames: info.period_frames_default,
        sides: Sides::Input,
    };
    match device.open(request) {
        Ok(mut stream) => {
            stream.start(0).unwrap();
            let mut heard = Heard::new(&*stream);
            listen(&mut *stream, &mut heard, Duration::from_secs(1));
            assert!(heard.values.len() > 20_000);
        }
        Err(error) => {
            println!("{error}");
            assert_eq!(error.kind, FaultKind::Unsupported, "{error}");
            assert!(error.message.contains("Windows 10 version 2004"), "{error}");
        }
    }
}
