//! The router's end of an attached client.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::block::{Planes, Way, plane, read, write};
use crate::layout::client_state;
use crate::link::Link;
use crate::wish::Wish;

/// What came of asking for a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collected {
    /// The block is there.
    OnTime,
    /// It was not done in time: the client is silent.
    Late,
    /// Nothing was asked for, because the client is at an older block still: it is silent.
    Behind,
    /// The client says that it leaves: it is silent.
    Leaving,
    /// The client keeps its place and makes no sound for now; nothing is asked of it.
    Resting,
}

/// What was seen of a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Blocks that were asked for.
    pub asked: u64,
    /// Blocks that were there in time.
    pub on_time: u64,
    /// Blocks that were not, those that could not be asked for included.
    pub late: u64,
    /// Samples that were no sound.
    pub damaged_samples: u64,
}

/// The router's end: asks for blocks and collects them. After it was made it allocates nothing, and
/// blocks only where it is told how long.
pub struct RouterEnd<L> {
    link: L,
    wish: Wish,
    /// The last block that was asked for.
    number: u32,
    /// It was not collected yet, and not given up.
    is_open: bool,
    /// It was given up, and the client is at it still.
    is_behind: bool,
    outputs: Planes,
    is_silent: bool,
    counts: Counts,
}

impl<L: Link> RouterEnd<L> {
    /// For a client that was let in.
    pub(crate) fn new(link: L, wish: Wish) -> Self {
        let outputs = Planes::new(wish.outputs as usize, wish.block_frames as usize);
        // A number that the memory does not hold as done already.
        let number = link.header().client.done.load(Ordering::Relaxed);
        Self {
            link,
            wish,
            number,
            is_open: false,
            is_behind: false,
            outputs,
            is_silent: true,
            counts: Counts::default(),
        }
    }

    /// What the client wanted and got.
    pub fn wish(&self) -> &Wish {
        &self.wish
    }

    /// The process that the client claims to be.
    pub fn process(&self) -> u32 {
        self.link.header().client.process.load(Ordering::Relaxed)
    }

    /// What was seen so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Tells the client how many frames the hand-over adds now.
    pub fn tell_added(&self, frames: u32) {
        let part = &self.link.header().router;
        part.added_frames.store(frames, Ordering::Relaxed);
    }

    /// Tells the client how far it is to the device's output, and from its input.
    pub fn tell_latencies(&self, output_frames: u32, input_frames: u32) {
        let part = &self.link.header().router;
        let put = |word: &AtomicU32, frames| word.store(frames, Ordering::Relaxed);
        put(&part.output_latency_frames, output_frames);
        put(&part.input_latency_frames, input_frames);
    }

    /// Asks for the next block: `input` gives what the client hears, channel by channel, `None` for
    /// silence. `frame` is the block's first frame and `now_ns` its time. False if the client is not
    /// done with the one before, which then is given up and counts as late when it is collected, and if
    /// it rests. Real-time safe.
    pub fn ask<'a>(
        &mut self,
        frame: u64,
        now_ns: u64,
        input: impl Fn(usize) -> Option<&'a [f32]>,
    ) -> bool {
        let state = self.link.header().client.state.load(Ordering::Relaxed);
        if state == client_state::RESTS || self.is_behind && !self.is_done() {
            return false;
        }
        if self.is_open && !self.is_done() {
            self.is_behind = true;
            self.is_open = false;
            return false;
        }
        self.is_behind = false;
        let number = self.number.wrapping_add(1);
        let frames = self.wish.block_frames as usize;
        let samples = self.link.samples();
        for channel in 0..self.wish.inputs as usize {
            let words = plane(samples, Way::ToClient, number, channel, frames);
            write(words, input(channel));
        }
        let part = &self.link.header().router;
        part.frame.store(frame, Ordering::Relaxed);
        part.now_ns.store(now_ns, Ordering::Relaxed);
        // Release: who sees the number sees the block.
        part.asked.store(number, Ordering::Release);
        self.number = number;
        self.is_open = true;
        self.counts.asked += 1;
        self.link.wake();
        true
    }

    /// Whether what was asked for is done.
    pub fn is_done(&self) -> bool {
        // Acquire: who sees that it is done sees what was played.
        self.link.header().client.done.load(Ordering::Acquire) == self.number
    }

    /// Takes over the block that was asked for, waiting for the client for so long at most. If it is
    /// not done it is given up, and the client is silent. Real-time safe but for the wait.
    pub fn collect(&mut self, wait_ns: u64) -> Collected {
        let came = self.await_block(wait_ns);
        self.is_silent = came != Collected::OnTime;
        match came {
            Collected::OnTime => self.take_over(),
            Collected::Leaving | Collected::Resting => {}
            Collected::Late | Collected::Behind => {
                self.counts.late += 1;
                let part = &self.link.header().router;
                part.late_blocks
                    .store(self.counts.late as u32, Ordering::Relaxed);
            }
        }
        came
    }

    /// What a channel plays; `None` while the client is silent, and where there is none. Valid until
    /// the next [`collect`](Self::collect).
    pub fn output(&self, channel: usize) -> Option<&[f32]> {
        let is_heard = !self.is_silent && channel < self.wish.outputs as usize;
        is_heard.then(|| self.outputs.plane(channel))
    }

    /// How long the client says that it took for its last block, in nanoseconds. Nobody checks that.
    pub fn busy_ns(&self) -> u32 {
        self.link.header().client.busy_ns.load(Ordering::Relaxed)
    }

    /// Whether the client has left, or its process is gone. Not for the real-time path: it asks the
    /// system.
    pub fn is_gone(&self) -> bool {
        let part = &self.link.header().client;
        let state = part.state.load(Ordering::Acquire);
        !matches!(state, client_state::ASKS | client_state::RESTS)
            || !self.link.is_alive(part.process.load(Ordering::Relaxed))
    }

    /// The link, for another client. What this one writes from now on counts no more; the door opens
    /// only when its process is gone or says so.
    pub fn into_link(self) -> L {
        self.link
    }

    fn await_block(&mut self, wait_ns: u64) -> Collected {
        let part = &self.link.header().client;
        match part.state.load(Ordering::Relaxed) {
            client_state::ASKS => {}
            state => {
                self.is_behind |= self.is_open;
                self.is_open = false;
                return match state {
                    client_state::RESTS => Collected::Resting,
                    _ => Collected::Leaving,
                };
            }
        }
        if !self.is_open {
            return Collected::Behind;
        }
        self.is_open = false;
        if self.is_done() {
            return Collected::OnTime;
        }
        if wait_ns > 0 {
            // A wake-up may be an old one, so it is looked at twice.
            for _ in 0..2 {
                let was_woken = self.link.wait(wait_ns);
                if self.is_done() {
                    return Collected::OnTime;
                }
                if !was_woken {
                    break;
                }
            }
        }
        self.is_behind = true;
        Collected::Late
    }

    fn take_over(&mut self) {
        let frames = self.wish.block_frames as usize;
        let samples = self.link.samples();
        let mut damaged = 0;
        for (channel, own) in self.outputs.planes_mut().enumerate() {
            let words = plane(samples, Way::FromClient, self.number, channel, frames);
            damaged += read(words, own);
        }
        self.counts.on_time += 1;
        self.counts.damaged_samples += u64::from(damaged);
    }
}
