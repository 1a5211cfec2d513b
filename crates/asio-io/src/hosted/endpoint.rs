//! A stream of a hosted driver, as the graph has it.

use std::sync::Arc;

use engine::endpoint::{
    Chosen, Cycle, Due, Endpoint, EndpointError, EndpointTiming, FaultKind, Label, MeasuredLatency,
    Packet, StreamFault, Wake, Waker,
};
use engine::format::StreamFormat;
use engine::idle::Ticker;
use rt::Flag;

use super::chosen::chosen;
use super::hop::{Ask, GraphEnd, Shared};
use super::owner::{Opened, Owner};
use super::timing::StreamShape;

/// The shortest time in which a driver may give no sign, in nanoseconds: its blocks may be shorter than
/// what a system lets threads wait.
const SILENT_MIN_NS: u64 = 10_000_000;

/// Interrupts a wait.
struct StreamWaker {
    is_woken: Flag,
    to_graph: Arc<dyn Waker>,
}

impl Waker for StreamWaker {
    fn wake(&self) {
        self.is_woken.set(true);
        self.to_graph.wake();
    }
}

/// An open stream.
pub(crate) struct Stream {
    owner: Arc<Owner>,
    number: u64,
    name: String,
    shape: StreamShape,
    shared: Arc<Shared>,
    graph: GraphEnd,
    ticker: Box<dyn Ticker>,
    waker: Arc<StreamWaker>,
    is_started: bool,
    /// When the driver counts as silent if it is not heard of before.
    silent_ns: u64,
    /// How long the last cycle's work took.
    busy_ns: u64,
    seen_missed: u64,
    seen_losses: u64,
}

impl Stream {
    pub(crate) fn new(owner: Arc<Owner>, opened: Opened) -> Self {
        let waker = StreamWaker {
            is_woken: Flag::new(false),
            to_graph: Arc::clone(&opened.shared.to_graph),
        };
        Self {
            owner,
            number: opened.number,
            name: opened.name,
            shape: opened.shape,
            shared: opened.shared,
            graph: opened.graph,
            ticker: opened.ticker,
            waker: Arc::new(waker),
            is_started: false,
            silent_ns: 0,
            busy_ns: 0,
            seen_missed: 0,
            seen_losses: 0,
        }
    }

    /// Forgets what an earlier run left in the rings.
    fn drain(&mut self) {
        while self.graph.asks.pop().is_ok() {}
        let left = self.graph.recorded.slots();
        if let Ok(chunk) = self.graph.recorded.read_chunk(left) {
            chunk.commit_all();
        }
    }

    fn heard_of(&mut self, now_ns: u64) {
        self.silent_ns = now_ns + (2 * self.shape.block_ns()).max(SILENT_MIN_NS);
    }

    /// Lets the callback come back at once, and whoever comes later.
    fn let_go(&mut self) {
        self.shared.is_running.set(false);
        self.graph.to_driver.wake();
    }

    /// Hands over what was recorded for that block.
    fn give(&mut self, work: &mut dyn Cycle, ask: Ask, is_torn: bool) {
        if self.graph.input_bytes == 0 {
            return;
        }
        let Ok(chunk) = self.graph.recorded.read_chunk(self.graph.input_bytes) else {
            return;
        };
        // The ring holds whole blocks only, so each lies in one piece.
        let (bytes, _) = chunk.as_slices();
        work.captured(Packet {
            bytes,
            now_ns: ask.now_ns,
            discontinuity: is_torn,
        });
        chunk.commit_all();
    }

    /// Has the block of that number made.
    fn make(&mut self, work: &mut dyn Cycle, ask: Ask, underrun: bool) {
        if self.graph.output_bytes == 0 {
            return;
        }
        // No room means that the driver has not called for some blocks: it is late, not we.
        let Ok(mut chunk) = self.graph.played.write_chunk(self.graph.output_bytes) else {
            return;
        };
        let (bytes, _) = chunk.as_mut_slices();
        let bytes_wanted = bytes.len();
        let frame_bytes = self.shape.output.map_or(1, |format| format.frame_bytes());
        let frames = work.due(Due {
            bytes: &mut *bytes,
            queued_frames: 0,
            now_ns: ask.now_ns,
            busy_ns: self.busy_ns,
            underrun,
        });
        let filled = (frames as usize)
            .saturating_mul(frame_bytes)
            .min(bytes_wanted);
        bytes[filled..].fill(0);
        chunk.commit_all();
        // As much room as in the ring of blocks.
        let _ = self.graph.answers.push(ask.number);
        self.graph.to_driver.wake();
    }
}

impl Endpoint for Stream {
    fn output_format(&self) -> Option<StreamFormat> {
        self.shape.output
    }

    fn input_format(&self) -> Option<StreamFormat> {
        self.shape.input
    }

    fn timing(&self) -> EndpointTiming {
        self.shape.timing()
    }

    fn measured(&self) -> MeasuredLatency {
        let told = self.shared.told.latencies();
        told.map_or_else(MeasuredLatency::default, |told| self.shape.device(told))
    }

    fn chosen(&self) -> Chosen {
        let sides = (self.shape.output.is_some(), self.shape.input.is_some());
        chosen(&self.name, sides)
    }

    fn label(&self) -> Label {
        Label {
            output: self.shape.output.map(|_| self.name.clone()),
            input: self.shape.input.map(|_| self.name.clone()),
            mode: "ASIO",
        }
    }

    fn waker(&self) -> Arc<dyn Waker> {
        Arc::clone(&self.waker) as Arc<dyn Waker>
    }

    fn start(&mut self, _keep_frames: u32) -> Result<(), EndpointError> {
        if self.is_started {
            return Ok(());
        }
        self.drain();
        self.seen_missed = self.shared.missed_blocks.get();
        self.seen_losses = self.shared.told.losses.get();
        self.busy_ns = 0;
        self.ticker.set_running(true);
        // A driver may call inside its `start`, when nobody serves it yet: it hears silence then.
        if let Err(error) = self.owner.start(self.number) {
            self.ticker.set_running(false);
            return Err(error);
        }
        self.is_started = true;
        self.shared.is_running.set(true);
        let now_ns = self.ticker.now_ns();
        self.heard_of(now_ns);
        // Hardware may take its time.
        self.silent_ns += 4 * self.shape.block_ns();
        Ok(())
    }

    fn stop(&mut self) {
        if !std::mem::take(&mut self.is_started) {
            return;
        }
        self.let_go();
        self.ticker.set_running(false);
        // One that does not answer plays silence, as nobody serves it any more.
        let _ = self.owner.stop(self.number);
    }

    fn wait(&mut self) -> Wake {
        loop {
            if self.waker.is_woken.get() {
                self.waker.is_woken.set(false);
                return Wake::Interrupted;
            }
            if self.shared.told.is_over.get() {
                return Wake::Lost(StreamFault {
                    kind: FaultKind::Lost,
                    code: 0,
                });
            }
            if !self.graph.asks.is_empty() {
                return Wake::Due;
            }
            let now_ns = self.ticker.now_ns();
            if now_ns >= self.silent_ns {
                self.silent_ns = now_ns + self.shape.block_ns().max(SILENT_MIN_NS);
                return Wake::TimedOut { now_ns };
            }
            self.ticker.wait_until(self.silent_ns);
        }
    }

    fn cycle(&mut self, work: &mut dyn Cycle) -> Result<(), StreamFault> {
        let begun_ns = self.ticker.now_ns();
        let missed = self.shared.missed_blocks.get();
        let losses = self.shared.told.losses.get();
        let lost = losses != std::mem::replace(&mut self.seen_losses, losses);
        let underrun = lost || missed != std::mem::replace(&mut self.seen_missed, missed);
        let mut newest = None;
        while let Ok(ask) = self.graph.asks.pop() {
            let is_first = newest.is_none();
            self.give(work, ask, ask.is_torn || (lost && is_first));
            newest = Some(ask);
        }
        if let Some(ask) = newest {
            self.make(work, ask, underrun);
            let now_ns = self.ticker.now_ns();
            self.busy_ns = now_ns.saturating_sub(begun_ns);
            self.heard_of(now_ns);
        }
        Ok(())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.stop();
        self.let_go();
        // As above.
        let _ = self.owner.close(self.number);
    }
}
