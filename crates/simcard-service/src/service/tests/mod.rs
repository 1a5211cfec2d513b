//! The whole service and the client's side in one process, on a clock that the test sets.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use engine::format::{SampleFormat, StreamFormat};
use simcard::Mode;

use super::{Event, Process, Report, Server, System};
use crate::call::{Answer, Question};
use crate::config::Config;
use crate::layout::{Block, Shared};
use crate::side::{RenderSide, Terms};

mod hardware;
mod playing;
mod rules;

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

thread_local! {
    /// Memory that no service has any more.
    static UNUSED: RefCell<Vec<&'static Shared>> = const { RefCell::new(Vec::new()) };
}

/// A service's memory, which the next service of this thread gets: a property test has many of them, each of
/// tens of megabytes, and a service takes over whatever an earlier one has left.
struct Memory(&'static Shared);

impl Memory {
    fn take() -> Self {
        let unused = UNUSED.with_borrow_mut(Vec::pop);
        Self(unused.unwrap_or_else(|| Box::leak(Shared::private())))
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        UNUSED.with_borrow_mut(|unused| unused.push(self.0));
    }
}

impl std::ops::Deref for Memory {
    type Target = &'static Shared;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// A service and its memory.
struct Rig {
    fake: Fake,
    shared: Memory,
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
        let shared = Memory::take();
        let config = Config::parse(config).unwrap();
        let server = Server::new(&config, fake.clone(), *shared, None).unwrap();
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
