//! A place where a client can attach, as the router sees it.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::layout::{MAGIC, MEMORY_BYTES, RouterPart, VERSION, client_state, router_state};
use crate::limits::{BLOCK_FRAMES_MAX, LATENCY_FRAMES_MAX, RATE_HZ_MAX, RATE_HZ_MIN};
use crate::link::{Interrupter, Link};
use crate::router_end::RouterEnd;
use crate::wish::{Refusal, Wish};

/// What the router offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The graph's rate in Hz.
    pub rate_hz: u32,
    /// The graph's block in frames.
    pub cycle_frames: u32,
    /// Frames from the making of a block to the output of the device that keeps the time.
    pub output_latency_frames: u32,
    /// Frames from that device's input to the making of a block.
    pub input_latency_frames: u32,
}

impl Terms {
    /// Those of a graph of that rate and block, without devices.
    pub const fn new(rate_hz: u32, cycle_frames: u32) -> Terms {
        Terms {
            rate_hz,
            cycle_frames,
            output_latency_frames: 0,
            input_latency_frames: 0,
        }
    }

    fn write(&self, part: &RouterPart) {
        let put = |word: &AtomicU32, value| word.store(value, Ordering::Relaxed);
        put(&part.rate_hz, self.rate_hz);
        put(&part.cycle_frames, self.cycle_frames);
        put(&part.output_latency_frames, self.output_latency_frames);
        put(&part.input_latency_frames, self.input_latency_frames);
    }

    /// Reads what a router claims, each word once; `None` where it is no graph's.
    pub(crate) fn read(part: &RouterPart) -> Option<Terms> {
        let get = |word: &AtomicU32| word.load(Ordering::Relaxed);
        let terms = Terms {
            rate_hz: get(&part.rate_hz),
            cycle_frames: get(&part.cycle_frames),
            output_latency_frames: get(&part.output_latency_frames).min(LATENCY_FRAMES_MAX),
            input_latency_frames: get(&part.input_latency_frames).min(LATENCY_FRAMES_MAX),
        };
        let is_graph = (RATE_HZ_MIN..=RATE_HZ_MAX).contains(&terms.rate_hz)
            && (1..=BLOCK_FRAMES_MAX).contains(&terms.cycle_frames);
        is_graph.then_some(terms)
    }
}

/// The router's end of a link to nobody. Not for the real-time path.
pub struct Door<L> {
    link: L,
}

/// What came of looking at a door.
pub enum Knock<L> {
    /// Nobody is there, or not yet with all that it wants.
    Nobody(Door<L>),
    /// Somebody was there and was refused.
    Refused(Door<L>, Refusal),
    /// A client was let in.
    Attached(RouterEnd<L>),
}

impl<L: Link> Door<L> {
    /// Opens a door. `process` is the router's.
    pub fn open(link: L, process: u32) -> Self {
        let part = &link.header().router;
        part.magic.store(MAGIC, Ordering::Relaxed);
        part.version.store(VERSION, Ordering::Relaxed);
        part.bytes.store(MEMORY_BYTES as u32, Ordering::Relaxed);
        part.process.store(process, Ordering::Relaxed);
        part.state.store(router_state::STARTING, Ordering::Relaxed);
        let door = Self { link };
        door.clear();
        // Release: who sees it open sees the rest.
        let part = &door.link.header().router;
        part.state.store(router_state::OPEN, Ordering::Release);
        door
    }

    /// Shows what the router offers to whoever looks, before anybody asks.
    pub fn show(&self, terms: &Terms) {
        terms.write(&self.link.header().router);
    }

    /// Waits until somebody may be there, for so many nanoseconds at most.
    pub fn wait(&self, timeout_ns: u64) -> bool {
        self.link.wait(timeout_ns)
    }

    /// What ends a [`wait`](Self::wait).
    pub fn interrupter(&self) -> Interrupter {
        self.link.interrupter()
    }

    /// A door again, after a client. Nobody can come in until that client's process is gone or says
    /// that it has left: what it still writes must not meet another.
    pub fn after(end: RouterEnd<L>) -> Self {
        let door = Self {
            link: end.into_link(),
        };
        let part = &door.link.header().router;
        part.generation.fetch_add(1, Ordering::Release);
        door.link.wake();
        door
    }

    /// Closes: no client will be answered any more.
    pub fn close(self) {
        let part = &self.link.header().router;
        part.state.store(router_state::ENDED, Ordering::Release);
        self.link.wake();
    }

    /// Looks who is there. `suits` tells whether the router can take what is wanted beside its own
    /// terms; all limits were checked before.
    pub fn look(self, terms: Terms, suits: impl FnOnce(&Wish) -> Result<(), Refusal>) -> Knock<L> {
        let header = self.link.header();
        let (router, client) = (&header.router, &header.client);
        let request = client.request.load(Ordering::Acquire);
        let process = client.process.load(Ordering::Acquire);
        if process == 0 {
            return Knock::Nobody(self);
        }
        let state = client.state.load(Ordering::Acquire);
        if state == client_state::LEAVES || !self.link.is_alive(process) {
            self.clear();
            return Knock::Nobody(self);
        }
        if state != client_state::ASKS || router.answered.load(Ordering::Relaxed) == request {
            return Knock::Nobody(self);
        }
        let wish = Wish::read(client).and_then(|wish| suits(&wish).map(|()| wish));
        terms.write(router);
        router.late_blocks.store(0, Ordering::Relaxed);
        let answer = wish.as_ref().err().map_or(0, |refusal| refusal.number());
        router.answer.store(answer, Ordering::Relaxed);
        let done = client.done.load(Ordering::Relaxed);
        router.asked.store(done, Ordering::Relaxed);
        // Release: who sees the answer sees the terms.
        router.answered.store(request, Ordering::Release);
        self.link.wake();
        match wish {
            Err(refusal) => Knock::Refused(self, refusal),
            Ok(wish) => Knock::Attached(RouterEnd::new(self.link, wish)),
        }
    }

    /// As if nobody had ever been there, but for the generation.
    fn clear(&self) {
        let header = self.link.header();
        let (router, client) = (&header.router, &header.client);
        router.generation.fetch_add(1, Ordering::Relaxed);
        router.answered.store(0, Ordering::Relaxed);
        client.state.store(client_state::AWAY, Ordering::Relaxed);
        for word in [&client.request, &client.done, &router.asked] {
            word.store(0, Ordering::Relaxed);
        }
        // Release: whoever claims the place finds it empty.
        client.process.store(0, Ordering::Release);
    }
}
