//! What a driver tells beside its blocks.

use std::sync::Arc;

use asio::abi::HostMessage;
use asio::driver::Latencies;
use asio::host::{Events, answer};
use engine::endpoint::Waker;
use rt::{Counter, Flag, SeqPair};

use super::about::whole_hz;

/// Notes what a driver tells. Called on any thread of the driver's, also inside its own calls: it only
/// sets flags.
pub(crate) struct Told {
    /// The stream is over: the driver wants to be loaded anew, or runs at another rate or block.
    pub(crate) is_over: Flag,
    /// Somebody is to ask for the latencies.
    pub(crate) latencies_changed: Flag,
    /// Overloads and resyncs, which the driver tells as sound that was lost.
    pub(crate) losses: Counter,
    latencies: SeqPair,
    latencies_known: Flag,
    rate_hz: u32,
    to_graph: Arc<dyn Waker>,
}

impl Told {
    pub(crate) fn new(rate_hz: u32, to_graph: Arc<dyn Waker>) -> Self {
        Self {
            is_over: Flag::new(false),
            latencies_changed: Flag::new(false),
            losses: Counter::new(),
            latencies: SeqPair::new(),
            latencies_known: Flag::new(false),
            rate_hz,
            to_graph,
        }
    }

    fn end(&self) {
        self.is_over.set(true);
        self.to_graph.wake();
    }

    /// Notes what the latencies are now. One thread only.
    pub(crate) fn set_latencies(&self, latencies: Latencies) {
        let pair = (
            latencies.input_frames.into(),
            latencies.output_frames.into(),
        );
        self.latencies.set(pair);
        self.latencies_known.set(true);
    }

    /// The latencies since they changed; `None` while they have not.
    pub(crate) fn latencies(&self) -> Option<Latencies> {
        let (input, output) = self.latencies_known.get().then(|| self.latencies.get())??;
        Some(Latencies {
            input_frames: u32::try_from(input).ok()?,
            output_frames: u32::try_from(output).ok()?,
        })
    }
}

impl Events for Told {
    fn message(&self, selector: HostMessage, value: i32) -> i32 {
        match selector {
            HostMessage::RESET_REQUEST => self.end(),
            HostMessage::LATENCIES_CHANGED => self.latencies_changed.set(true),
            HostMessage::RESYNC_REQUEST | HostMessage::OVERLOAD => self.losses.add(1),
            _ => {}
        }
        answer(selector, value)
    }

    fn sample_rate_changed(&self, rate_hz: f64) {
        let rate_hz = whole_hz(rate_hz);
        // 0 means that the driver follows an outer clock and does not know.
        if rate_hz != 0 && rate_hz != self.rate_hz {
            self.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nobody;

    impl Waker for Nobody {
        fn wake(&self) {}
    }

    #[test]
    fn only_what_ends_a_stream_ends_it() {
        let over = |tell: &dyn Fn(&Told)| {
            let told = Told::new(48_000, Arc::new(Nobody));
            tell(&told);
            told.is_over.get()
        };
        assert!(over(&|told| {
            assert_eq!(told.message(HostMessage::RESET_REQUEST, 0), 1);
        }));
        assert!(over(&|told| told.sample_rate_changed(44_100.0)));
        assert!(!over(&|told| told.sample_rate_changed(48_000.0)));
        assert!(!over(&|told| told.sample_rate_changed(0.0)));
        assert!(!over(&|told| told.sample_rate_changed(f64::NAN)));
        assert!(!over(&|told| {
            told.message(HostMessage::LATENCIES_CHANGED, 0);
            told.message(HostMessage::OVERLOAD, 0);
            told.message(HostMessage::SELECTOR_SUPPORTED, 3);
            assert_eq!(told.losses.get(), 1);
            assert!(told.latencies_changed.get());
        }));
    }
}
