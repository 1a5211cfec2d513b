//! A host's callback that watches how the driver behaves.

use std::sync::Arc;

use asio::abi::HostMessage;
use asio::host::{BlockIo, Events, Handler, answer};
use rt::Counter;

/// What the callback saw. For other threads to read while it runs.
#[derive(Debug, Default)]
pub struct Seen {
    /// Blocks asked for.
    pub callbacks: Counter,
    /// Blocks that were not in the other half than the one before.
    pub same_half_twice: Counter,
    /// Blocks whose sample position was not one block after the one before.
    pub position_jumps: Counter,
    /// Blocks that came with a sample position.
    pub positions: Counter,
    /// Times that the driver said that a block came too late.
    pub overloads: Counter,
    /// Times that the driver wanted to be opened anew.
    pub resets: Counter,
}

/// Fills every output with silence and notes what it sees.
pub struct Probe {
    seen: Arc<Seen>,
    outputs: usize,
    last_half: Option<usize>,
    last_frame: Option<u64>,
}

impl Probe {
    /// A callback for a stream of that many channels, all of them outputs.
    pub fn new(outputs: usize) -> (Probe, Arc<Seen>) {
        let seen = Arc::<Seen>::default();
        let probe = Probe {
            seen: Arc::clone(&seen),
            outputs,
            last_half: None,
            last_frame: None,
        };
        (probe, seen)
    }

    fn note_position(&mut self, frame: u64, block_frames: u32) {
        self.seen.positions.add(1);
        let expected = self.last_frame.map(|last| last + u64::from(block_frames));
        // A stream that was stopped begins anew at 0.
        if expected.is_some_and(|expected| frame != expected && frame != 0) {
            self.seen.position_jumps.add(1);
        }
        self.last_frame = Some(frame);
    }
}

impl Handler for Probe {
    fn buffer_switch(&mut self, io: &mut BlockIo<'_>) {
        if self.last_half == Some(io.half()) {
            self.seen.same_half_twice.add(1);
        }
        self.last_half = Some(io.half());
        if let Some(time) = io.time() {
            self.note_position(time.position.frames, io.block_frames());
        }
        for slot in 0..self.outputs {
            if let Some(bytes) = io.output_bytes(slot) {
                bytes.fill(0);
            }
        }
        self.seen.callbacks.add(1);
    }

    fn events(&self) -> Arc<dyn Events> {
        Arc::clone(&self.seen) as Arc<dyn Events>
    }
}

impl Events for Seen {
    fn message(&self, selector: HostMessage, value: i32) -> i32 {
        match selector {
            HostMessage::RESET_REQUEST => self.resets.add(1),
            HostMessage::OVERLOAD => self.overloads.add(1),
            _ => {}
        }
        answer(selector, value)
    }
}
