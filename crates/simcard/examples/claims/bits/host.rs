//! A host that plays that sound and listens for it.

use std::sync::Arc;

use asio::abi::HostMessage;
use asio::host::{BlockIo, Events, Handler, answer};
use engine::format::SampleFormat;
use rt::Mutex;

use super::sound::{Listener, frame};

/// What the host did.
#[derive(Default)]
pub struct Ledger {
    /// Frames that it wrote.
    pub written: u64,
    /// What it heard.
    pub adc: Listener,
}

pub struct Player {
    sample: SampleFormat,
    ledger: Arc<Mutex<Ledger>>,
}

impl Player {
    pub fn new(sample: SampleFormat, ledger: Arc<Mutex<Ledger>>) -> Self {
        Self { sample, ledger }
    }
}

struct Quiet;

impl Events for Quiet {
    fn message(&self, selector: HostMessage, value: i32) -> i32 {
        answer(selector, value)
    }
}

impl Handler for Player {
    fn buffer_switch(&mut self, io: &mut BlockIo<'_>) {
        let mut ledger = self.ledger.lock();
        let words = |slot| {
            let bytes = io.input_bytes(slot).expect("the host records");
            bytes.as_chunks::<4>().0
        };
        for (left, right) in words(2).iter().zip(words(3)) {
            let words = [*left, *right].map(u32::from_le_bytes);
            ledger.adc.hear(self.sample, words);
        }
        let first = ledger.written;
        for slot in 0..2 {
            let bytes = io.output_bytes(slot).expect("the host plays");
            for (n, word) in (first..).zip(bytes.as_chunks_mut::<4>().0) {
                *word = frame(self.sample, n)[slot].to_le_bytes();
            }
        }
        ledger.written += u64::from(io.block_frames());
    }

    fn events(&self) -> Arc<dyn Events> {
        Arc::new(Quiet)
    }
}
