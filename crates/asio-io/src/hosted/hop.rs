//! The hop from a driver's callback to the thread of the graph and back, once for each block.
//!
//! The driver calls on a thread of its own and takes what is in its half when the call comes back; the
//! graph has its thread, too. So the callback puts what was recorded into a ring, wakes the graph, and
//! waits until that has put what is to be played into another ring, but never for longer than most of
//! a block: then the half is silent, and what comes late is thrown away. All rings hold whole blocks,
//! so that each block lies in one piece, and neither side allocates or locks.

use std::sync::Arc;

use asio::host::{BlockIo, Handler};
use engine::endpoint::Waker;
use engine::idle::Ticker;
use rt::{Counter, Flag};
use rtrb::{Consumer, Producer, RingBuffer};

use super::events::Told;
use super::wire::Wire;

/// Blocks that may wait for the graph. An input that nobody fetches for longer loses sound.
const BLOCKS_MAX: usize = 16;
/// Blocks that may wait for the driver: one, and what came too late for those before.
const ANSWERS_MAX: usize = 4;

/// What both threads see.
pub(crate) struct Shared {
    /// The graph's thread serves the stream: there is somebody to wait for.
    pub(crate) is_running: Flag,
    /// Blocks that the driver asked for and the graph did not make in time.
    pub(crate) missed_blocks: Counter,
    pub(crate) told: Arc<Told>,
    /// Wakes the graph.
    pub(crate) to_graph: Arc<dyn Waker>,
}

/// A block that the driver asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) number: u64,
    /// When the callback came.
    pub(crate) now_ns: u64,
    /// Blocks are missing before this one.
    pub(crate) is_torn: bool,
}

/// One direction of a stream in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lanes {
    /// The layout of each channel.
    pub(crate) wires: Vec<Wire>,
    pub(crate) frame_bytes: usize,
    pub(crate) block_bytes: usize,
}

impl Lanes {
    pub(crate) fn new(wires: Vec<Wire>, block_frames: u32) -> Self {
        let frame_bytes = wires.iter().map(|wire| wire.format().bytes()).sum();
        Self {
            wires,
            frame_bytes,
            block_bytes: frame_bytes * block_frames as usize,
        }
    }

    fn is_empty(&self) -> bool {
        self.block_bytes == 0
    }

    /// Each channel's layout and first byte in a frame.
    fn places(&self) -> impl Iterator<Item = (Wire, usize)> + '_ {
        // All channels of a direction have one width.
        self.wires
            .iter()
            .enumerate()
            .map(|(channel, wire)| (*wire, channel * wire.format().bytes()))
    }
}

/// The graph's end.
pub(crate) struct GraphEnd {
    pub(crate) asks: Consumer<Ask>,
    pub(crate) recorded: Consumer<u8>,
    pub(crate) played: Producer<u8>,
    pub(crate) answers: Producer<u64>,
    pub(crate) to_driver: Arc<dyn Waker>,
    pub(crate) input_bytes: usize,
    pub(crate) output_bytes: usize,
}

/// The driver's end, called back by it. Slots are the outputs first, then the inputs.
pub(crate) struct DriverEnd {
    shared: Arc<Shared>,
    ticker: Box<dyn Ticker>,
    asks: Producer<Ask>,
    recorded: Producer<u8>,
    played: Consumer<u8>,
    answers: Consumer<u64>,
    outputs: Lanes,
    inputs: Lanes,
    next_number: u64,
    /// A block could not be handed over.
    is_torn: bool,
    /// How long a callback waits for the graph.
    patience_ns: u64,
}

/// Both ends of a stream with such blocks. `ticker` is what the callback waits with.
pub(crate) fn pair(
    shared: &Arc<Shared>,
    ticker: Box<dyn Ticker>,
    outputs: Lanes,
    inputs: Lanes,
    patience_ns: u64,
) -> (GraphEnd, DriverEnd) {
    let (asks_in, asks) = RingBuffer::new(BLOCKS_MAX);
    let (answers, answers_out) = RingBuffer::new(ANSWERS_MAX);
    let (recorded_in, recorded) = RingBuffer::new(BLOCKS_MAX * inputs.block_bytes);
    let (played, played_out) = RingBuffer::new(ANSWERS_MAX * outputs.block_bytes);
    let graph = GraphEnd {
        asks,
        recorded,
        played,
        answers,
        to_driver: ticker.waker(),
        input_bytes: inputs.block_bytes,
        output_bytes: outputs.block_bytes,
    };
    let driver = DriverEnd {
        shared: Arc::clone(shared),
        ticker,
        asks: asks_in,
        recorded: recorded_in,
        played: played_out,
        answers: answers_out,
        outputs,
        inputs,
        next_number: 0,
        is_torn: false,
        patience_ns,
    };
    (graph, driver)
}

impl DriverEnd {
    /// Hands over what was recorded, and asks for the block. `false` if there is no room: the graph has
    /// not been there for long.
    fn ask(&mut self, io: &BlockIo<'_>, ask: Ask) -> bool {
        if self.asks.is_full() {
            return false;
        }
        if !self.inputs.is_empty() {
            let Ok(mut chunk) = self.recorded.write_chunk(self.inputs.block_bytes) else {
                return false;
            };
            let (frames, _) = chunk.as_mut_slices();
            let first_slot = self.outputs.wires.len();
            for (index, (wire, at)) in self.inputs.places().enumerate() {
                if let Some(planar) = io.input_bytes(first_slot + index) {
                    wire.gather(planar, frames, at, self.inputs.frame_bytes);
                }
            }
            chunk.commit_all();
        }
        // There is room, as was just seen, and nobody else puts anything in.
        self.asks.push(ask).is_ok()
    }

    /// Plays the block of that number, when it comes in time.
    fn play(&mut self, io: &mut BlockIo<'_>, number: u64, until_ns: u64) -> bool {
        loop {
            while let Ok(answer) = self.answers.pop() {
                let Ok(chunk) = self.played.read_chunk(self.outputs.block_bytes) else {
                    return false;
                };
                if answer == number {
                    let (frames, _) = chunk.as_slices();
                    for (slot, (wire, at)) in self.outputs.places().enumerate() {
                        if let Some(planar) = io.output_bytes(slot) {
                            wire.scatter(frames, planar, at, self.outputs.frame_bytes);
                        }
                    }
                }
                chunk.commit_all();
                if answer == number {
                    return true;
                }
            }
            if !self.shared.is_running.get() || self.ticker.now_ns() >= until_ns {
                return false;
            }
            self.ticker.wait_until(until_ns);
        }
    }

    fn be_silent(&self, io: &mut BlockIo<'_>) {
        for slot in 0..self.outputs.wires.len() {
            if let Some(planar) = io.output_bytes(slot) {
                planar.fill(0);
            }
        }
    }
}

impl Handler for DriverEnd {
    fn buffer_switch(&mut self, io: &mut BlockIo<'_>) {
        let now_ns = self.ticker.now_ns();
        if !self.shared.is_running.get() {
            self.is_torn = false;
            return self.be_silent(io);
        }
        let number = self.next_number;
        self.next_number += 1;
        let ask = Ask {
            number,
            now_ns,
            is_torn: self.is_torn,
        };
        self.is_torn = !self.ask(io, ask);
        self.shared.to_graph.wake();
        if self.outputs.is_empty() {
            return;
        }
        let until_ns = now_ns + self.patience_ns;
        if self.is_torn || !self.play(io, number, until_ns) {
            self.shared.missed_blocks.add(1);
            self.be_silent(io);
        }
    }

    fn events(&self) -> Arc<dyn asio::host::Events> {
        Arc::clone(&self.shared.told) as Arc<dyn asio::host::Events>
    }
}
