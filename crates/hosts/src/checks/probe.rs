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
    /// Blocks of which an input was not silent.
    pub heard: Counter,
    /// Times that the driver said that a block came too late.
    pub overloads: Counter,
    /// Times that the driver wanted to be opened anew.
    pub resets: Counter,
}

/// Fills every output and notes what it sees.
pub struct Probe {
    seen: Arc<Seen>,
    outputs: usize,
    /// Noise instead of silence; the last of it.
    noise: Option<u32>,
    last_half: Option<usize>,
    last_frame: Option<u64>,
}

impl Probe {
    /// A callback for a stream of which the first so many channels are outputs; they get silence.
    pub fn new(outputs: usize) -> (Probe, Arc<Seen>) {
        let seen = Arc::<Seen>::default();
        let probe = Probe {
            seen: Arc::clone(&seen),
            outputs,
            noise: None,
            last_half: None,
            last_frame: None,
        };
        (probe, seen)
    }

    /// The outputs get noise that no format of fewer bits can hold, at half of full scale whether
    /// samples are 32-bit integers or floats.
    #[must_use]
    #[cfg(windows)]
    pub fn with_noise(self) -> Probe {
        Probe {
            noise: Some(1),
            ..self
        }
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

/// A sample: sign and 24 bits are noise, the rest makes it a float of moderate size.
fn next(noise: &mut u32) -> u32 {
    *noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    0x3E00_0000 | (*noise >> 8) | (*noise << 31)
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
        let mut inputs = (self.outputs..).map_while(|slot| io.input_bytes(slot));
        if inputs.any(|bytes| bytes.iter().any(|byte| *byte != 0)) {
            self.seen.heard.add(1);
        }
        for slot in 0..self.outputs {
            let Some(bytes) = io.output_bytes(slot) else {
                continue;
            };
            match &mut self.noise {
                None => bytes.fill(0),
                Some(noise) => bytes
                    .chunks_exact_mut(4)
                    .for_each(|sample| sample.copy_from_slice(&next(noise).to_le_bytes())),
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
