//! The client's end.

use std::sync::atomic::Ordering;

use crate::block::{Planes, Way, plane, read, write};
use crate::door::Terms;
use crate::layout::{MAGIC, MEMORY_BYTES, VERSION, client_state, router_state};
use crate::limits::{BLOCK_FRAMES_MAX, LATENCY_FRAMES_MAX};
use crate::link::{Interrupter, Link};
use crate::wish::{Refusal, Wish};

/// A client whose wishes wait for the router's answer.
pub struct Knocking<L> {
    link: L,
    wish: Wish,
    request: u32,
}

/// A block that the router asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    number: u32,
    /// Its first frame, counted since the client came.
    pub frame: u64,
    /// Its time in nanoseconds, as the router says.
    pub now_ns: u64,
}

/// How the router is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It asks for blocks.
    Attached,
    /// It has let this client go; it may attach anew.
    Released,
    /// It has ended of its own will.
    Ended,
    /// It has died, or another one has come.
    Gone,
}

/// An attached client.
pub struct ClientEnd<L> {
    link: L,
    wish: Wish,
    generation: u32,
    process: u32,
    /// The last block that was taken.
    number: u32,
    inputs: Planes,
}

/// What the router at the other end offers; `None` where none is that speaks this version.
pub fn offered(link: &impl Link) -> Option<Terms> {
    let router = &link.header().router;
    let is_open = router.state.load(Ordering::Acquire) == router_state::OPEN;
    let speaks = router.magic.load(Ordering::Relaxed) == MAGIC
        && router.version.load(Ordering::Relaxed) == VERSION
        && router.bytes.load(Ordering::Relaxed) == MEMORY_BYTES as u32;
    let lives = || link.is_alive(router.process.load(Ordering::Relaxed));
    if is_open && speaks && lives() {
        Terms::read(router)
    } else {
        None
    }
}

/// Claims a place for this process, which is not 0, and writes down what it wants.
///
/// # Errors
/// The link when somebody has the place already or no router answers there, so that another can be
/// tried; why, if what is wanted cannot be had anywhere.
pub fn knock<L: Link>(
    link: L,
    process: u32,
    wish: &Wish,
) -> Result<Knocking<L>, (L, Option<Refusal>)> {
    if let Err(refusal) = wish.check() {
        return Err((link, Some(refusal)));
    }
    let header = link.header();
    let router = &header.router;
    if router.state.load(Ordering::Acquire) != router_state::OPEN {
        return Err((link, None));
    }
    let is_ours = router.magic.load(Ordering::Relaxed) == MAGIC;
    let speaks = router.version.load(Ordering::Relaxed) == VERSION
        && router.bytes.load(Ordering::Relaxed) == MEMORY_BYTES as u32;
    if !is_ours || !speaks {
        let why = is_ours.then_some(Refusal::Version);
        return Err((link, why));
    }
    let client = &header.client;
    let claimed = client
        .process
        .compare_exchange(0, process, Ordering::AcqRel, Ordering::Relaxed);
    if claimed.is_err() {
        return Err((link, None));
    }
    wish.write(client);
    // Not the number that was answered last.
    let request = router.answered.load(Ordering::Relaxed).wrapping_add(1);
    client.request.store(request, Ordering::Relaxed);
    // Release: who sees the state sees the wishes.
    client.state.store(client_state::ASKS, Ordering::Release);
    link.wake();
    Ok(Knocking {
        link,
        wish: wish.clone(),
        request,
    })
}

impl<L: Link> Knocking<L> {
    /// Waits for the router, for so many nanoseconds at most, and looks whether it has answered.
    ///
    /// # Errors
    /// The router's refusal, and the link: the place is free again.
    pub fn poll(self, timeout_ns: u64) -> Result<Answered<L>, (L, Refusal)> {
        let is_answered = |link: &L| {
            let answered = link.header().router.answered.load(Ordering::Acquire);
            answered == self.request
        };
        if !is_answered(&self.link) && timeout_ns > 0 {
            self.link.wait(timeout_ns);
        }
        if !is_answered(&self.link) {
            return Ok(Answered::NotYet(self));
        }
        let header = self.link.header();
        let answer = header.router.answer.load(Ordering::Relaxed);
        if let Some(refusal) = Refusal::of_number(answer) {
            return Err((self.give_up(), refusal));
        }
        let (inputs, frames) = (self.wish.inputs as usize, self.wish.block_frames as usize);
        let end = ClientEnd {
            generation: header.router.generation.load(Ordering::Relaxed),
            process: header.router.process.load(Ordering::Relaxed),
            number: header.client.done.load(Ordering::Relaxed),
            inputs: Planes::new(inputs, frames),
            link: self.link,
            wish: self.wish,
        };
        Ok(Answered::Attached(end))
    }

    /// Goes away again.
    pub fn give_up(self) -> L {
        leave(&self.link);
        self.link
    }
}

/// What the router has said.
pub enum Answered<L> {
    /// Nothing.
    NotYet(Knocking<L>),
    /// That the client may come in.
    Attached(ClientEnd<L>),
}

fn leave(link: &impl Link) {
    let client = &link.header().client;
    client.state.store(client_state::LEAVES, Ordering::Release);
    link.wake();
}

impl<L: Link> ClientEnd<L> {
    /// What it wanted and got.
    pub fn wish(&self) -> &Wish {
        &self.wish
    }

    /// What the router offers now, as far as it is anything.
    pub fn terms(&self) -> Option<Terms> {
        Terms::read(&self.link.header().router)
    }

    /// Frames to the output of the router's device, and from its input.
    pub fn device_latencies_frames(&self) -> (u32, u32) {
        let router = &self.link.header().router;
        let output = router.output_latency_frames.load(Ordering::Relaxed);
        let input = router.input_latency_frames.load(Ordering::Relaxed);
        (
            output.min(LATENCY_FRAMES_MAX),
            input.min(LATENCY_FRAMES_MAX),
        )
    }

    /// What ends a [`wait`](Self::wait).
    pub fn interrupter(&self) -> Interrupter {
        self.link.interrupter()
    }

    /// Keeps its place and makes no sound until it [goes on](Self::go_on). Real-time safe.
    pub fn rest(&mut self) {
        self.set_state(client_state::RESTS);
    }

    /// Makes sound again, from the next block that it is asked for. Real-time safe.
    pub fn go_on(&mut self) {
        // What was asked for meanwhile is silence.
        if let Some(block) = self.take() {
            self.give(block, 0, |_| None);
        }
        self.set_state(client_state::ASKS);
    }

    fn set_state(&self, state: u32) {
        if !self.is_ours() {
            return;
        }
        let client = &self.link.header().client;
        client.state.store(state, Ordering::Release);
    }

    /// Frames that the hand-over adds now.
    pub fn added_frames(&self) -> u32 {
        let added = self
            .link
            .header()
            .router
            .added_frames
            .load(Ordering::Relaxed);
        added.min(BLOCK_FRAMES_MAX)
    }

    /// Blocks that were not done in time, modulo 2^32.
    pub fn late_blocks(&self) -> u32 {
        self.link
            .header()
            .router
            .late_blocks
            .load(Ordering::Relaxed)
    }

    /// Waits until the router wants something, for so many nanoseconds at most. Whether it does is
    /// [`take`](Self::take)'s to tell.
    pub fn wait(&self, timeout_ns: u64) -> bool {
        self.link.wait(timeout_ns)
    }

    /// How the router is. Asks the system: not for every block.
    pub fn standing(&self) -> Standing {
        let router = &self.link.header().router;
        let is_open = router.state.load(Ordering::Acquire) == router_state::OPEN;
        let is_same = router.process.load(Ordering::Relaxed) == self.process;
        if is_same && self.has_ended() {
            Standing::Ended
        } else if !is_open || !is_same || !self.link.is_alive(self.process) {
            Standing::Gone
        } else if router.generation.load(Ordering::Acquire) == self.generation {
            Standing::Attached
        } else {
            Standing::Released
        }
    }

    /// Whether the router has said that it ends. Real-time safe.
    pub fn has_ended(&self) -> bool {
        let router = &self.link.header().router;
        router.state.load(Ordering::Acquire) == router_state::ENDED
    }

    /// The block that the router asks for, if it is a new one: its sound is there for
    /// [`input`](Self::input). Real-time safe.
    pub fn take(&mut self) -> Option<Asked> {
        let router = &self.link.header().router;
        if router.generation.load(Ordering::Relaxed) != self.generation {
            return None;
        }
        // As in `RouterEnd::ask`.
        let number = router.asked.load(Ordering::Acquire);
        if number == self.number {
            return None;
        }
        self.number = number;
        let frames = self.wish.block_frames as usize;
        let samples = self.link.samples();
        for (channel, own) in self.inputs.planes_mut().enumerate() {
            read(plane(samples, Way::ToClient, number, channel, frames), own);
        }
        Some(Asked {
            number,
            frame: router.frame.load(Ordering::Relaxed),
            now_ns: router.now_ns.load(Ordering::Relaxed),
        })
    }

    /// What the client hears on a channel in the block that was taken last.
    pub fn input(&self, channel: usize) -> &[f32] {
        self.inputs.plane(channel)
    }

    /// Hands over that block: `output` gives what the client plays, channel by channel, `None` for
    /// silence. `busy_ns` is how long it took. Real-time safe.
    pub fn give<'a>(
        &mut self,
        block: Asked,
        busy_ns: u32,
        output: impl Fn(usize) -> Option<&'a [f32]>,
    ) {
        let header = self.link.header();
        if header.router.generation.load(Ordering::Relaxed) != self.generation {
            return;
        }
        let frames = self.wish.block_frames as usize;
        for channel in 0..self.wish.outputs as usize {
            let samples = self.link.samples();
            let words = plane(samples, Way::FromClient, block.number, channel, frames);
            write(words, output(channel));
        }
        header.client.busy_ns.store(busy_ns, Ordering::Relaxed);
        // Release: who sees that it is done sees what was played.
        header.client.done.store(block.number, Ordering::Release);
        self.link.wake();
    }

    /// Leaves; the place is free when the router has seen it. What another router has taken over is
    /// left alone.
    pub fn leave(self) -> L {
        if self.is_ours() {
            leave(&self.link);
        }
        self.link
    }

    /// Whether the place is this client's still.
    fn is_ours(&self) -> bool {
        // A router frees no place of a client that has not left.
        let router = &self.link.header().router;
        router.process.load(Ordering::Acquire) == self.process
    }
}
