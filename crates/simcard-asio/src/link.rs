//! The way to the hardware.

use std::sync::Arc;

use simcard_service::call::{Answer, Question};
use simcard_service::layout::Block;

/// A connection to the service.
pub trait Link: Send + Sync + 'static {
    /// Asks and waits for the answer.
    ///
    /// # Errors
    /// The `HRESULT` of the refusal.
    fn ask(&self, question: Question) -> Result<Answer, i32>;

    /// The hardware's part of the shared memory.
    ///
    /// # Errors
    /// The `HRESULT`: there is no service.
    fn block(&self) -> Result<&'static Block, i32>;

    /// A new event.
    ///
    /// # Errors
    /// The `HRESULT`.
    fn event(&self) -> Result<Arc<dyn Signal>, i32>;

    /// The performance counter's time in nanoseconds.
    fn now_ns(&self) -> u64;
}

/// An event that the service sets.
pub trait Signal: Send + Sync {
    /// The number by which the service finds it.
    fn handle(&self) -> u64;

    /// Whether it is set within so many milliseconds; unset by that.
    fn wait(&self, timeout_ms: u32) -> bool;

    /// Sets it.
    fn set(&self);
}

#[cfg(windows)]
mod windows {
    use super::*;
    use simcard_service::system::{Event, line, now_ns};

    /// The service of this process's run.
    pub struct ServiceLink;

    impl Link for ServiceLink {
        fn ask(&self, question: Question) -> Result<Answer, i32> {
            line()?.ask(question)
        }

        fn block(&self) -> Result<&'static Block, i32> {
            Ok(&line()?.shared().hardware)
        }

        fn event(&self) -> Result<Arc<dyn Signal>, i32> {
            Ok(Arc::new(Event::unnamed()?))
        }

        fn now_ns(&self) -> u64 {
            now_ns()
        }
    }

    impl Signal for Event {
        fn handle(&self) -> u64 {
            Event::handle(self).addr() as u64
        }

        fn wait(&self, timeout_ms: u32) -> bool {
            Event::wait(self, timeout_ms)
        }

        fn set(&self) {
            Event::set(self);
        }
    }
}

#[cfg(windows)]
pub use windows::ServiceLink;
