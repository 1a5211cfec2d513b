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
}

impl HostLive {
    /// The live side of a driver instance that has no stream yet.
    pub const fn new() -> Self {
        Self {
            ready_calls: Counter::new(),
            position: SeqPair::new(),
            advancing: Flag::new(false),
            callback_thread: ThreadMark::new(),
        }
    }

    /// How often the host has called `outputReady`.
    pub fn ready_calls(&self) -> u64 {
        self.ready_calls.get()
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
