//! The whole service and the client's side in one process, on a clock that the test sets.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::Ordering;

use engine::format::{SampleFormat, StreamFormat};
use proptest::prelude::*;
use simcard::Mode;

use super::{Event, Process, Report, Server, System};
use crate::call::{Answer, Question};
use crate::codes::{
    BUFFER_SIZE_NOT_ALIGNED, BUFFER_TOO_LARGE, INVALID_SIZE, NOT_INITIALIZED, OUT_OF_ORDER,
};
use crate::config::Config;
use crate::layout::{Block, Shared};
use crate::side::{CaptureSide, RenderSide, Terms};

const MS: u64 = 1_000_000;
const CONFIG: &str = "card Desk\n render OUT\n capture IN\ncable OUT 1 2 -> IN 1 2\n";
/// How late the server's own clock starts, so that real and card's time differ.
const BEGIN_NS: u64 = 77_000_000_123;

#[derive(Clone, Default)]
struct Fake {
    now_ns: Rc<Cell<u64>>,
    events: Rc<RefCell<Vec<u64>>>,
    dead: Rc<Cell<u32>>,
}

struct FakeEvent(Rc<RefCell<Vec<u64>>>, u64);
struct FakeProcess(Rc<Cell<u32>>, u32);

impl Event for FakeEvent {
    fn set(&self) {
        self.0.borrow_mut().push(self.1);
    }
}

impl Process for FakeProcess {
    fn is_alive(&self) -> bool {
        self.0.get() != self.1
    }
}

impl System for Fake {
    fn now_ns(&self) -> u64 {
        self.now_ns.get()
    }

    fn event(&self, _process: u32, handle: u64) -> Result<Box<dyn Event>, i32> {
        Ok(Box::new(FakeEvent(Rc::clone(&self.events), handle)))
    }

    fn process_id(&self) -> u32 {
        99
    }

    fn process(&self, process: u32) -> Box<dyn Process> {
        Box::new(FakeProcess(Rc::clone(&self.dead), process))
    }

    fn answered(&self) {}
}

/// A service and its memory.
struct Rig {
    fake: Fake,
    shared: &'static Shared,
    server: Server<'static, Fake>,
}

/// A client's stream.
#[derive(Clone, Copy)]
struct Open {
    number: u32,
    terms: Terms,
    block: &'static Block,
}

const STEREO: StreamFormat = StreamFormat {
    sample: SampleFormat::Float32,
    channels: 2,
    rate_hz: 48_000,
    channel_mask: 3,
};

impl Rig {
    fn new(config: &str) -> Self {
        let fake = Fake::default();
        fake.now_ns.set(BEGIN_NS);
        let shared: &'static Shared = Box::leak(Shared::private());
        let config = Config::parse(config).unwrap();
        let server = Server::new(&config, fake.clone(), shared, None).unwrap();
        Self {
            fake,
            shared,
            server,
        }
    }

    /// Lets time pass in steps as the real service takes them.
    fn run(&mut self, duration_ns: u64) {
        let end_ns = self.fake.now_ns.get() + duration_ns;
        loop {
            let next_ns = self.server.pass().max(self.fake.now_ns.get() + 1);
            if next_ns > end_ns {
                self.fake.now_ns.set(end_ns);
                return;
            }
            self.fake.now_ns.set(next_ns);
        }
    }

    fn ask_as(&mut self, process: u32, question: Question) -> Answer {
        let number = self.shared.call.put(&question.words(), process);
        self.server.pass();
        self.shared
            .call
            .take(number)
            .expect("the service answers in its pass")
    }

    fn ask(&mut self, question: Question) -> Answer {
        self.ask_as(1, question)
    }

    fn open(&mut self, device: u32, mode: Mode, format: StreamFormat) -> Result<Open, (i32, u64)> {
        let answer = self.ask(Question::Open {
            device,
            mode,
            format,
        });
        if answer.status < 0 {
            return Err((answer.status, answer.words[0]));
        }
        let [number, generation, buffer_frames, ..] = answer.words;
        Ok(Open {
            number: number as u32,
            terms: Terms {
                generation: generation as u32,
                frame_bytes: format.frame_bytes(),
                buffer_frames: buffer_frames as u32,
                whole: matches!(mode, Mode::Exclusive { event: true, .. }),
            },
            block: &self.shared.streams[number as usize],
        })
    }

    fn start(&mut self, stream: Open) {
        let set = self.ask(Question::SetEvent {
            stream: stream.number,
            handle: stream.number.into(),
        });
        assert_eq!(set.status, 0);
        assert_eq!(self.ask(Question::Start(stream.number)).status, 0);
    }

    /// Whether the event of that stream was set since the last call.
    fn signalled(&self, stream: Open) -> bool {
        let mut events = self.fake.events.borrow_mut();
        let before = events.len();
        events.retain(|event| *event != u64::from(stream.number));
        events.len() < before
    }

    fn end(self) -> Report {
        self.server.end()
    }
}

const fn shared(event: bool) -> Mode {
    Mode::Shared {
        buffer_hns: 0,
        event,
        loopback: false,
    }
}

const fn exclusive(frames_at_48k: u64) -> Mode {
    let hns = frames_at_48k * 10_000_000 / 48_000;
    Mode::Exclusive {
        buffer_hns: hns,
        period_hns: hns,
        event: true,
    }
}

/// Writes `frames` frames whose samples count up from `*next`.
fn write(
    side: &mut RenderSide,
    stream: Open,
    frames: u32,
    next: &mut u32,
    now_ns: u64,
) -> Result<(), i32> {
    let memory = side.get_buffer(stream.block, frames, now_ns)?;
    let mut bytes = Vec::new();
    for _ in 0..frames * 2 {
        *next += 1;
        bytes.extend((*next as f32 / 16_777_216.0).to_le_bytes());
    }
    copy_out(&bytes, memory);
    side.release_buffer(stream.block, frames, 0, now_ns)
}

#[allow(unsafe_code)]
fn copy_out(bytes: &[u8], to: *mut u8) {
    // SAFETY: the side gave this memory for as many bytes.
    unsafe { to.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
}

#[allow(unsafe_code)]
fn copy_in(from: *const u8, bytes: usize) -> Vec<u8> {
    // SAFETY: the side gave this memory with as many bytes.
    unsafe { std::slice::from_raw_parts(from, bytes) }.to_vec()
}

fn floats(bytes: &[u8]) -> Vec<u32> {
    let samples = bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes(b.try_into().unwrap()));
    samples
        .map(|sample| (sample * 16_777_216.0) as u32)
        .collect()
}

#[test]
fn what_is_played_comes_back_over_the_cable_unaltered() {
    let mut rig = Rig::new(CONFIG);
    let out = rig.open(0, shared(true), STEREO).unwrap();
    let input = rig.open(1, shared(true), STEREO).unwrap();
    let (mut writer, mut reader) = (RenderSide::new(out.terms), CaptureSide::new(input.terms));
    let mut next = 0;
    rig.start(input);
    write(
        &mut writer,
        out,
        out.terms.buffer_frames,
        &mut next,
        rig.fake.now_ns(),
    )
    .unwrap();
    rig.start(out);
    let mut heard = Vec::new();
    for _ in 0..1000 {
        rig.run(MS / 2);
        if rig.signalled(out) {
            let free = out.terms.buffer_frames - out.terms.padding_frames(out.block);
            write(&mut writer, out, free, &mut next, rig.fake.now_ns()).unwrap();
        }
        while reader.next_packet_frames(input.block).unwrap() > 0 {
            let packet = reader.get_buffer(input.block).unwrap();
            let bytes = copy_in(packet.data, packet.frames as usize * 8);
            heard.extend(floats(&bytes));
            reader.release_buffer(input.block, packet.frames).unwrap();
        }
    }
    let report = rig.end();
    assert_eq!((report.stalls.count, report.disagreements), (0, 0));
    assert_eq!(report.incidents, []);
    let begin = heard.iter().position(|sample| *sample == 1).unwrap();
    let sound: Vec<u32> = (1..=(heard.len() - begin) as u32).collect();
    assert!(sound.len() > 40_000, "{}", sound.len());
    assert!(heard[begin..] == sound, "sound was lost or altered");
}

#[test]
fn latency_is_told_block_by_block() {
    let mut rig = Rig::new(CONFIG);
    let out = rig.open(0, exclusive(480), STEREO);
    assert_eq!(
        out.err().map(|e| e.0),
        Some(simcard::SimError::UnsupportedFormat.code())
    );
    let format = StreamFormat {
        sample: SampleFormat::Int32,
        ..STEREO
    };
    let out = rig.open(0, exclusive(480), format).unwrap();
    let mut writer = RenderSide::new(out.terms);
    write(&mut writer, out, 480, &mut 0, rig.fake.now_ns()).unwrap();
    rig.start(out);
    for _ in 0..100 {
        rig.run(MS);
        if rig.signalled(out) {
            write(&mut writer, out, 480, &mut 0, rig.fake.now_ns()).unwrap();
        }
    }
    let report = rig.end();
    let stream = &report.streams[0];
    assert_eq!(
        (stream.mode, stream.buffer_frames),
        ("exclusive-event", 480)
    );
    assert_eq!((stream.underruns, report.disagreements), (0, 0));
    for block in &stream.blocks[2..stream.blocks.len() - 2] {
        let latency_frames = block.latency_frames().unwrap();
        // The other buffer plays meanwhile; the converter takes 24 frames; a client that looks each
        // millisecond writes up to 48 frames late.
        assert!(
            (480 + 24 - 49..=480 + 24).contains(&latency_frames),
            "{block:?}"
        );
        let waited_ns = block.released_ns - block.event_ns.unwrap();
        assert!(waited_ns <= MS, "{block:?}");
    }
    let heard = stream
        .blocks
        .iter()
        .filter_map(|block| block.played_at_frame);

    let gaps: Vec<u64> = heard
        .clone()
        .zip(heard.skip(1))
        .map(|(a, b)| b - a)
        .collect();
    assert!(
        gaps.len() > 5 && gaps.iter().all(|gap| *gap == 480),
        "{gaps:?}"
    );
}

#[test]
fn a_stall_of_the_service_is_not_charged_to_the_client() {
    let run = |stall_ns: u64| {
        let mut rig = Rig::new(CONFIG);
        let out = rig.open(0, shared(true), STEREO).unwrap();
        let mut writer = RenderSide::new(out.terms);
        let mut next = 0;
        write(&mut writer, out, 960, &mut next, rig.fake.now_ns()).unwrap();
        rig.start(out);
        for round in 0..100 {
            rig.run(MS);
            if round == 50 {
                rig.fake.now_ns.set(rig.fake.now_ns() + stall_ns);
            }
            if rig.signalled(out) {
                let free = 960 - out.terms.padding_frames(out.block);
                write(&mut writer, out, free, &mut next, rig.fake.now_ns()).unwrap();
            }
        }
        rig.end()
    };
    let stalled = run(200 * MS);
    assert_eq!((stalled.stalls.count, stalled.incidents), (1, vec![]));
    assert!(stalled.stalls.total_ns > 180 * MS);
    assert_eq!(run(0).stalls.count, 0);
}

#[test]
fn a_client_that_is_late_hears_of_it() {
    let mut rig = Rig::new(CONFIG);
    let out = rig.open(0, shared(true), STEREO).unwrap();
    let mut writer = RenderSide::new(out.terms);
    write(&mut writer, out, 960, &mut 0, rig.fake.now_ns()).unwrap();
    rig.start(out);
    rig.run(100 * MS);
    let report = rig.end();
    assert_eq!(report.streams[0].underruns, 1);
    assert!(report.incidents[0].underrun);
    assert_eq!(
        report.incidents[0].frames,
        report.streams[0].underrun_frames
    );
}

#[test]
fn a_buffer_that_is_not_aligned_tells_the_size_that_is() {
    let mut rig = Rig::new(CONFIG);
    let format = StreamFormat {
        sample: SampleFormat::Int24,
        ..STEREO
    };
    let refused = rig.open(0, exclusive(480), format).err();
    assert_eq!(refused, Some((BUFFER_SIZE_NOT_ALIGNED, 512)));
}

#[test]
fn streams_are_their_owners_and_end_with_them() {
    let mut rig = Rig::new(CONFIG);
    let out = rig.open(0, shared(false), STEREO).unwrap();
    let foreign = rig.ask_as(2, Question::Start(out.number));
    assert_eq!(foreign.status, NOT_INITIALIZED);
    assert_eq!(rig.ask(Question::Start(99)).status, NOT_INITIALIZED);
    assert_eq!(out.terms.check(out.block), Ok(()));
    rig.fake.dead.set(1);
    rig.run(100 * MS);
    assert_eq!(out.terms.check(out.block), Err(NOT_INITIALIZED));
    assert_eq!(rig.end().streams.len(), 1);
}

#[test]
fn a_fault_reaches_the_clients_counted_from_the_first_start() {
    let mut rig = Rig::new(&format!("{CONFIG}at 50ms lose OUT\n"));
    rig.run(200 * MS);
    let out = rig.open(0, shared(false), STEREO).unwrap();
    assert_eq!(rig.ask(Question::Start(out.number)).status, 0);
    rig.run(40 * MS);
    assert_eq!(out.terms.check(out.block), Ok(()));
    rig.run(20 * MS);
    let lost = simcard::SimError::DeviceInvalidated.code();
    assert_eq!(out.terms.check(out.block), Err(lost));
    assert_eq!(rig.shared.header.notices_written.load(Ordering::Relaxed), 2);
}

#[test]
fn a_reset_forgets_and_the_counters_go_on() {
    let mut rig = Rig::new(CONFIG);
    let out = rig.open(0, shared(true), STEREO).unwrap();
    let mut writer = RenderSide::new(out.terms);
    write(&mut writer, out, 960, &mut 0, rig.fake.now_ns()).unwrap();
    rig.run(MS);
    assert_eq!(out.terms.padding_frames(out.block), 960);
    assert_eq!(rig.ask(Question::Reset(out.number)).status, 0);
    assert_eq!(out.terms.padding_frames(out.block), 0);
    write(&mut writer, out, 960, &mut 0, rig.fake.now_ns()).unwrap();
    rig.start(out);
    rig.run(15 * MS);
    let report = rig.end();
    assert_eq!((report.disagreements, report.streams[0].underruns), (0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a client asks for, its side answers as the model does.
    #[test]
    fn the_clients_side_answers_as_the_model(
        whole: bool,
        calls in proptest::collection::vec((0_u32..4, 0_u32..600), 1..60),
    ) {
        let mut rig = Rig::new(CONFIG);
        let format = StreamFormat { sample: SampleFormat::Int32, ..STEREO };
        let out = if whole {
            rig.open(0, exclusive(480), format).unwrap()
        } else {
            rig.open(0, shared(false), STEREO).unwrap()
        };
        let mut model = Config::parse(CONFIG).unwrap().build().unwrap();
        let endpoint = model.find("OUT").unwrap();
        let id = if whole {
            model.open(endpoint, exclusive(480), format).unwrap()
        } else {
            model.open(endpoint, shared(false), STEREO).unwrap()
        };
        let mut side = RenderSide::new(out.terms);
        for (call, frames) in calls {
            // Whole buffers often enough to get on.
            let frames = if frames > 480 { 480 } else { frames };
            let (ours, theirs) = if call < 2 {
                let ours = side.get_buffer(out.block, frames, rig.fake.now_ns()).map(|_| ());
                (ours, model.get_buffer(id, frames))
            } else {
                let ours = side.release_buffer(out.block, frames, 0, rig.fake.now_ns());
                (ours, model.release_buffer(id, simcard::Data::Silent(frames)))
            };
            prop_assert_eq!(ours, theirs.map_err(simcard::SimError::code));
        }
        rig.run(MS);
        prop_assert_eq!(rig.end().disagreements, 0);
    }

    /// Nothing that a client writes into its block does harm.
    #[test]
    fn a_hostile_client_costs_only_itself(numbers: [u64; 8]) {
        let mut rig = Rig::new(CONFIG);
        let out = rig.open(0, shared(true), STEREO).unwrap();
        rig.start(out);
        let input = rig.open(1, shared(true), STEREO).unwrap();
        rig.start(input);
        for block in [out.block, input.block] {
            block.client_frames.store(numbers[0], Ordering::Relaxed);
            block.handovers[0].end_frame.store(numbers[1], Ordering::Relaxed);
            block.handovers[0].released_ns.store(numbers[2], Ordering::Relaxed);
            // Some plausible, some not.
            let written = if numbers[6] % 2 == 0 { numbers[3] } else { numbers[3] % 5000 };
            block.handovers_written.store(written, Ordering::Relaxed);
            block.packets_read.store(numbers[4], Ordering::Relaxed);
            block.service_frames.store(numbers[5], Ordering::Relaxed);
        }
        rig.run(50 * MS);
        let _ = rig.end();
    }
}

#[test]
fn sides_refuse_what_is_out_of_order() {
    let mut rig = Rig::new(CONFIG);
    let out = rig.open(0, shared(false), STEREO).unwrap();
    let mut side = RenderSide::new(out.terms);
    let now_ns = rig.fake.now_ns();
    assert_eq!(
        side.release_buffer(out.block, 1, 0, now_ns),
        Err(OUT_OF_ORDER)
    );
    assert_eq!(
        side.get_buffer(out.block, 961, now_ns),
        Err(BUFFER_TOO_LARGE)
    );
    side.get_buffer(out.block, 960, now_ns).unwrap();
    assert_eq!(side.get_buffer(out.block, 1, now_ns), Err(OUT_OF_ORDER));
    assert_eq!(
        side.release_buffer(out.block, 961, 0, now_ns),
        Err(INVALID_SIZE)
    );
    assert!(side.is_pending());
    side.release_buffer(out.block, 960, 0, now_ns).unwrap();
    assert!(!side.is_pending());
}
