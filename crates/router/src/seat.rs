//! A client at the router's table.

use std::sync::Arc;

use ipc::{Collected, Link, RouterEnd};
use rt::{Counter, Gauge};

use crate::choice::{Choice, Running};
use crate::queue::Queue;

/// What is known of a client, for anybody to read at any time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeatStatus {
    /// Blocks that came in time.
    pub on_time_blocks: u64,
    /// Blocks that did not; the client was silent instead.
    pub late_blocks: u64,
    /// Frames that it was not asked for, because it changed over from one way of running to the
    /// other.
    pub skipped_frames: u64,
    /// Frames that its sound waits: those of putting blocks together are not counted.
    pub added_frames: u32,
    /// It runs beside the cycle.
    pub is_pipelined: bool,
    /// It makes no sound for now, as it says.
    pub is_resting: bool,
    /// It has said that it leaves.
    pub is_leaving: bool,
}

#[derive(Debug, Default)]
struct Shared {
    on_time: Counter,
    late: Counter,
    skipped: Counter,
    /// The added frames, and above them whether it is pipelined, leaving, resting.
    state: Gauge,
    /// Frames to the output of the device that keeps the time, and from its input.
    output_latency: Gauge,
    input_latency: Gauge,
}

/// Reads a client's [`SeatStatus`] from any thread.
#[derive(Clone, Debug, Default)]
pub struct SeatView(Arc<Shared>);

const PIPELINED: u64 = 1 << 32;
const LEAVING: u64 = 1 << 33;
const RESTING: u64 = 1 << 34;

impl SeatView {
    /// Lets the client know how far it is to the device's output, and from its input, in frames.
    pub fn set_device_latencies(&self, output_frames: u32, input_frames: u32) {
        self.0.output_latency.set(u64::from(output_frames));
        self.0.input_latency.set(u64::from(input_frames));
    }

    /// As it is now.
    pub fn status(&self) -> SeatStatus {
        let state = self.0.state.get();
        SeatStatus {
            on_time_blocks: self.0.on_time.get(),
            late_blocks: self.0.late.get(),
            skipped_frames: self.0.skipped.get(),
            added_frames: state as u32,
            is_pipelined: state & PIPELINED != 0,
            is_resting: state & RESTING != 0,
            is_leaving: state & LEAVING != 0,
        }
    }
}

/// A client: its end of the protocol, and what puts its blocks together with the cycles.
///
/// What the client hears waits until it is a block; the first block has so much silence before that
/// no cycle ever lacks one: `block - gcd(block, cycle)` frames. What it plays waits until it is
/// used. Beside the cycle, a block of silence goes first.
pub struct Seat<L> {
    end: RouterEnd<L>,
    choice: Choice,
    running: Running,
    block_frames: usize,
    cycle_frames: usize,
    /// What it will hear.
    hears: Queue,
    /// What it has played.
    plays: Queue,
    /// A block was asked for and not collected.
    is_asked: bool,
    /// It runs beside the cycle and has made too little for this one so far.
    is_late: bool,
    /// What plays first was played in the cycle before.
    is_used: bool,
    /// It has just changed over into the cycle.
    skips: bool,
    /// It makes no sound for now.
    is_resting: bool,
    /// The next block's first frame, since the client came.
    frame: u64,
    shared: Arc<Shared>,
}

impl<L: Link> Seat<L> {
    /// A seat for a client that was let in, in cycles of so many frames. Inside the cycle its
    /// blocks are waited for at most `wait_ns`.
    pub fn new(end: RouterEnd<L>, cycle_frames: usize, wait_ns: u64) -> Seat<L> {
        let wish = end.wish();
        let block_frames = wish.block_frames as usize;
        // One block is under way at a time: shorter ones than a cycle cannot run beside it.
        let can_pipeline = block_frames >= cycle_frames;
        let choice = Choice::new(wish.hand_over, wait_ns, can_pipeline);
        let room = 2 * (block_frames + cycle_frames);
        let mut seat = Seat {
            hears: Queue::new(wish.inputs as usize, room),
            plays: Queue::new(wish.outputs as usize, room),
            running: choice.running(),
            end,
            choice,
            block_frames,
            cycle_frames,
            is_asked: false,
            is_late: false,
            is_used: false,
            skips: false,
            is_resting: false,
            frame: 0,
            shared: Arc::default(),
        };
        let before = block_frames - gcd(block_frames, cycle_frames);
        seat.hears.push(before, |_| None);
        if seat.running == Running::Pipelined {
            seat.plays.push(block_frames, |_| None);
        }
        seat.tell();
        seat
    }

    /// Channels that it hears, and that it plays.
    pub fn channels(&self) -> (usize, usize) {
        let wish = self.end.wish();
        (wish.inputs as usize, wish.outputs as usize)
    }

    /// For whoever wants to know how the client does.
    pub fn view(&self) -> SeatView {
        SeatView(Arc::clone(&self.shared))
    }

    /// How the client runs.
    pub fn running(&self) -> Running {
        self.running
    }

    /// The client's end of the protocol, when the seat is given up.
    pub fn into_end(self) -> RouterEnd<L> {
        self.end
    }

    /// Whether the client's process is gone. Not for the real-time path.
    pub fn is_gone(&self) -> bool {
        self.end.is_gone()
    }

    /// What a channel plays: in this cycle, or in the one before until
    /// [`gather`](Self::gather) or [`finish`](Self::finish) has made sure of this one. Empty before
    /// the first.
    pub(crate) fn output(&self, channel: usize) -> &[f32] {
        self.plays.front(channel, self.cycle_frames)
    }

    /// First in a cycle: what a client that runs beside it has made is there for
    /// [`output`](Self::output) from now on; nobody is waited for. One that has not made enough is
    /// [late](Self::is_late), and silent until it has [caught up](Self::catch_up).
    pub(crate) fn gather(&mut self, now_ns: u64) {
        if self.running == Running::Synchronous {
            return;
        }
        self.drop_used();
        while self.plays.frames() < self.cycle_frames && !self.is_late {
            match self.end.is_done() {
                true => self.collect(0, now_ns),
                false => self.is_late = true,
            }
        }
    }

    /// Whether [`gather`](Self::gather) found too little in this cycle.
    pub(crate) fn is_late(&self) -> bool {
        self.is_late
    }

    /// What a client beside the cycle has made that was late, as where a device that was late itself wants
    /// two cycles at once. `left_ns` as in [`finish`](Self::finish).
    pub(crate) fn catch_up(&mut self, now_ns: u64, left_ns: impl Fn() -> u64) {
        self.is_late = false;
        while self.plays.frames() < self.cycle_frames {
            self.collect(left_ns(), now_ns);
        }
    }

    fn drop_used(&mut self) {
        if std::mem::take(&mut self.is_used) {
            self.plays.pop(self.cycle_frames);
        }
    }

    /// Takes what the client hears in this cycle, and asks for a block if one is wanted.
    pub(crate) fn ask<'a>(&mut self, now_ns: u64, heard: impl Fn(usize) -> Option<&'a [f32]>) {
        self.hears.push(self.cycle_frames, heard);
        self.drop_used_inside();
        if std::mem::take(&mut self.skips) {
            let frames = self.block_frames.min(self.hears.frames());
            self.hears.pop(frames);
            self.frame += frames as u64;
            self.shared.skipped.add(frames as u64);
        }
        let is_wanted = match self.running {
            Running::Synchronous => self.plays.frames() < self.cycle_frames,
            Running::Pipelined => true,
        };
        if is_wanted && !self.is_asked {
            self.ask_next(now_ns);
        }
    }

    /// What was played in the cycle before is not needed any more.
    fn drop_used_inside(&mut self) {
        if self.running == Running::Synchronous {
            self.drop_used();
        }
    }

    /// What a client that runs inside the cycle makes is there from now on. `left_ns` tells how long
    /// it may be waited for, each time that it is.
    pub(crate) fn finish(&mut self, now_ns: u64, left_ns: impl Fn() -> u64) {
        while self.plays.frames() < self.cycle_frames {
            if !self.is_asked && !self.ask_next(now_ns) {
                // For want of frames that it hears; there are always enough.
                self.plays.push(self.block_frames, |_| None);
                continue;
            }
            self.collect(left_ns(), now_ns);
        }
        self.is_used = true;
    }

    fn ask_next(&mut self, now_ns: u64) -> bool {
        if self.hears.frames() < self.block_frames {
            return false;
        }
        let shared = &self.shared;
        let latencies = (shared.output_latency.get(), shared.input_latency.get());
        self.end
            .tell_latencies(latencies.0 as u32, latencies.1 as u32);
        let (hears, frames) = (&self.hears, self.block_frames);
        self.end.ask(self.frame, now_ns, |channel| {
            Some(hears.front(channel, frames))
        });
        self.hears.pop(frames);
        self.frame += frames as u64;
        self.is_asked = true;
        true
    }

    /// The block that was asked for, or silence.
    fn collect(&mut self, wait_ns: u64, now_ns: u64) {
        self.is_asked = false;
        let came = self.end.collect(wait_ns);
        let end = &self.end;
        self.plays
            .push(self.block_frames, |channel| end.output(channel));
        match came {
            Collected::OnTime => self.shared.on_time.add(1),
            Collected::Late | Collected::Behind => self.shared.late.add(1),
            Collected::Leaving | Collected::Resting => {}
        }
        let busy_ns = u64::from(self.end.busy_ns());
        let next = self.choice.note(came, busy_ns, now_ns);
        if next != self.running {
            self.change_over(next);
            self.tell();
        }
        let is_resting = came == Collected::Resting;
        if came == Collected::Leaving {
            self.shared.state.set(self.state() | LEAVING);
        } else if std::mem::replace(&mut self.is_resting, is_resting) != is_resting {
            let mark = if is_resting { RESTING } else { 0 };
            self.shared.state.set(self.state() | mark);
        }
    }

    /// Into the cycle: the block that would be asked for ahead is not, so what it would have heard
    /// is skipped. Beside the cycle: a block of silence goes first.
    fn change_over(&mut self, next: Running) {
        self.running = next;
        match next {
            Running::Synchronous => self.skips = true,
            Running::Pipelined => self.plays.push(self.block_frames, |_| None),
        }
    }

    fn state(&self) -> u64 {
        match self.running {
            Running::Synchronous => 0,
            Running::Pipelined => PIPELINED | self.block_frames as u64,
        }
    }

    fn tell(&self) {
        let state = self.state();
        self.end.tell_added(state as u32);
        self.shared.state.set(state);
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
