//! What the service has of the system.

use super::objects::{Event, ProcessHandle, make_memory};
use super::{Names, now_ns, process_id};
use crate::layout::Shared;
use crate::service::{self, Process, System};

/// What the service of a run makes for its clients.
pub struct ServiceObjects {
    /// The shared memory.
    pub shared: &'static Shared,
    /// Set by whoever wants the service to end.
    pub stop: Event,
    /// For the service.
    pub system: ServiceSystem,
}

impl ServiceObjects {
    /// Makes them.
    ///
    /// # Errors
    /// One sentence, for instance that a service of this run works already.
    pub fn make() -> Result<Self, String> {
        let names = Names::of_this_run();
        Ok(Self {
            shared: make_memory(&names.memory())?,
            stop: Event::named(&names.stop())?,
            system: ServiceSystem {
                answered: Event::named(&names.answered())?,
            },
        })
    }
}

/// Windows, as the service sees it.
pub struct ServiceSystem {
    answered: Event,
}

impl System for ServiceSystem {
    fn now_ns(&self) -> u64 {
        now_ns()
    }

    fn event(&self, process: u32, handle: u64) -> Result<Box<dyn service::Event>, i32> {
        Ok(Box::new(Event::of_process(process, handle)?))
    }

    fn process_id(&self) -> u32 {
        process_id()
    }

    fn process(&self, process: u32) -> Box<dyn Process> {
        Box::new(ProcessHandle::of(process))
    }

    fn answered(&self) {
        self.answered.set();
    }
}

impl service::Event for Event {
    fn set(&self) {
        Event::set(self);
    }
}

impl Process for ProcessHandle {
    fn is_alive(&self) -> bool {
        !self.has_ended()
    }
}
