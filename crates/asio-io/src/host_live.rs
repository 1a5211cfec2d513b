//! What the host may ask from inside its callback, without a lock.

use asio::driver::{Live, SamplePosition};
use engine::client::BlockTime;
use rt::{Counter, Flag, SeqPair, ThreadMark};

/// The live side of one driver instance: written by the thread that runs the stream, asked by the
/// host from any thread.
#[derive(Debug, Default)]
pub struct HostLive {
    /// Calls of `outputReady` since the instance was made.
    ready_calls: Counter,
    /// Frames and nanoseconds of the last block.
    position: SeqPair,
    /// There was a block since the start.
    advancing: Flag,
    callback_thread: ThreadMark,
    /// A first block has shown which half is played.
    decided: Flag,
    /// It is the half that the host has just filled.
    at_once: Flag,
}

impl HostLive {
    /// The live side of a driver instance that has no stream yet.
    pub const fn new() -> Self {
        Self {
            ready_calls: Counter::new(),
            position: SeqPair::new(),
            advancing: Flag::new(false),
            callback_thread: ThreadMark::new(),
            decided: Flag::new(false),
            at_once: Flag::new(false),
        }
    }

    /// How often the host has called `outputReady`.
    pub fn ready_calls(&self) -> u64 {
        self.ready_calls.get()
    }

    /// Whether blocks are played in the cycle in which the host makes them, as the last start has
    /// shown. Before the first block of an instance's life a guess: a host that has tried
    /// `outputReady` will use it.
    pub fn plays_at_once(&self) -> bool {
        if self.decided.get() {
            self.at_once.get()
        } else {
            self.ready_calls() > 0
        }
    }

    pub(crate) fn decide(&self, at_once: bool) {
        self.at_once.set(at_once);
        self.decided.set(true);
    }

    /// The calling thread is the one that calls the host back from now on.
    pub fn enter_callback_thread(&self) {
        self.callback_thread.set();
    }

    /// The calling thread, about to end, calls the host no more.
    pub fn leave_callback_thread(&self) {
        self.callback_thread.clear();
    }

    /// The stream has stopped: there is no position until the next block.
    pub fn halt(&self) {
        self.advancing.set(false);
    }

    pub(crate) fn advance(&self, time: BlockTime) {
        self.position.set((time.frame, time.now_ns));
        self.advancing.set(true);
    }
}

impl Live for HostLive {
    fn output_ready(&self) -> bool {
        self.ready_calls.add(1);
        true
    }

    fn sample_position(&self) -> Option<SamplePosition> {
        let (frames, system_ns) = self.advancing.get().then(|| self.position.get())??;
        Some(SamplePosition { frames, system_ns })
    }

    fn on_callback_thread(&self) -> bool {
        self.callback_thread.is_here()
    }
}
