//! What a stream runs: an ASIO host, or a client of the program's own.

use std::sync::Arc;

use asio::abi::HostMessage;
use asio::driver::{HostCallbacks, Live};
use asio_io::{HostClient, client_sample};
use engine::client::Client;
use engine::format::ClientSample;

/// What is told to whoever is behind a stream. Never on the real-time path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// The device ran dry.
    Overload,
    /// The latencies are others than before.
    LatenciesChanged,
    /// It should be made anew: other channels, or another wish of the user. Until that is done it
    /// goes on as it is.
    MakeAnew,
}

/// Hears what there is to be told of a stream, on any thread but real-time ones.
pub trait Ears: Send + Sync {
    /// Something has happened.
    fn tell(&self, news: News);
}

/// A client that a stream can run. Everything but what [`Client`] demands is called outside the
/// cycle, on the stream's thread.
pub trait StreamClient: Client + Send + 'static {
    /// The type of its samples.
    fn sample(&self) -> ClientSample;

    /// For each channel of the devices which of the client's it is, if any.
    fn set_channels(&mut self, outputs: &[Option<u32>], inputs: &[Option<u32>]);

    /// Makes ready for a start.
    fn restart(&mut self);

    /// The stream has stopped.
    fn halt(&mut self);

    /// The calling thread runs the client from now on.
    fn enter_thread(&self) {}

    /// The calling thread, about to end, runs it no more.
    fn leave_thread(&self) {}

    /// Whether a block is played in the cycle in which it was made, and not a block later.
    fn plays_at_once(&self) -> bool;

    /// Frames that were made since the start; `None` before the first block. Wait-free.
    fn made_frames(&self) -> Option<u64>;

    /// Who is to be told.
    fn ears(&self) -> Arc<dyn Ears>;
}

impl Ears for HostCallbacks {
    fn tell(&self, news: News) {
        let message = match news {
            News::Overload => HostMessage::OVERLOAD,
            News::LatenciesChanged => HostMessage::LATENCIES_CHANGED,
            News::MakeAnew => HostMessage::RESET_REQUEST,
        };
        self.message(message, 0);
    }
}

impl StreamClient for HostClient {
    fn sample(&self) -> ClientSample {
        client_sample(self.buffers().sample_type())
    }

    fn set_channels(&mut self, outputs: &[Option<u32>], inputs: &[Option<u32>]) {
        HostClient::set_channels(self, outputs, inputs);
    }

    fn restart(&mut self) {
        HostClient::restart(self);
    }

    fn halt(&mut self) {
        self.live().halt();
        // A host that starts again hears nothing of what it played before.
        self.buffers().clear();
    }

    fn enter_thread(&self) {
        self.live().enter_callback_thread();
    }

    fn leave_thread(&self) {
        self.live().leave_callback_thread();
    }

    fn plays_at_once(&self) -> bool {
        self.live().plays_at_once()
    }

    fn made_frames(&self) -> Option<u64> {
        Some(self.live().sample_position()?.frames)
    }

    fn ears(&self) -> Arc<dyn Ears> {
        Arc::new(self.host().clone())
    }
}
