//! The client's end.

use std::sync::atomic::Ordering;

use crate::block::{Planes, Way, plane, read, write};
use crate::layout::{MAGIC, MEMORY_BYTES, VERSION, client_state, router_state};
use crate::limits::{BLOCK_FRAMES_MAX, RATE_HZ_MAX, RATE_HZ_MIN};
use crate::link::Link;
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
    /// It has ended or died; another one may come.
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

    /// The router's rate in Hz and its block in frames, as far as they are any.
    pub fn terms(&self) -> (u32, u32) {
        let router = &self.link.header().router;
        let rate_hz = router.rate_hz.load(Ordering::Relaxed);
        let frames = router.cycle_frames.load(Ordering::Relaxed);
        (
            rate_hz.clamp(RATE_HZ_MIN, RATE_HZ_MAX),
            frames.clamp(1, BLOCK_FRAMES_MAX),
        )
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
        if !is_open || !self.link.is_alive(self.process) {
            Standing::Gone
        } else if router.generation.load(Ordering::Acquire) == self.generation {
            Standing::Attached
        } else {
            Standing::Released
        }
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

    /// Leaves; the place is free when the router has seen it.
    pub fn leave(self) -> L {
        leave(&self.link);
        self.link
    }
}
