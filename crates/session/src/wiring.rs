//! To which devices a driver instance belongs, and how the user wants it: while it lives, too.

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::endpoint::Device;
use record::{Event, Recorder};
use rt::Mutex;

use crate::devices::JoinedDevice;
use crate::preferences::Preferences;

/// How often a source of wirings is asked.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// What a driver instance plays to and records from, and how the user wants that.
#[derive(Clone)]
pub struct Wiring {
    /// The device whose clock is the instance's.
    pub device: Arc<dyn Device>,
    /// Those whose channels follow.
    pub joined: Vec<JoinedDevice>,
    /// Everything else.
    pub preferences: Preferences,
}

impl Wiring {
    /// That device alone.
    pub fn new(device: Arc<dyn Device>, preferences: Preferences) -> Self {
        Self {
            device,
            joined: Vec::new(),
            preferences,
        }
    }

    /// Whether the device that keeps the time is still the same object.
    pub(crate) fn has_device_of(&self, other: &Wiring) -> bool {
        Arc::ptr_eq(&self.device, &other.device)
    }

    /// Whether the joined devices are still the same objects, with the same channels.
    pub(crate) fn has_joined_of(&self, other: &Wiring) -> bool {
        self.joined.len() == other.joined.len()
            && self.joined.iter().zip(&other.joined).all(|(a, b)| {
                Arc::ptr_eq(&a.device, &b.device)
                    && a.is_input == b.is_input
                    && a.channels == b.channels
            })
    }
}

/// Tells when the user wants a driver instance wired otherwise.
pub trait WiringSource: Send + 'static {
    /// The wiring as the user wants it now, if that has changed since this was asked last; devices
    /// that are still the same are the same objects. Asked about twice a second, on any thread but
    /// real-time ones; may read files.
    fn changed(&mut self) -> Option<Wiring>;

    /// What is wrong with what the user wants, each fault once, for the record.
    fn faults(&mut self) -> Vec<String> {
        Vec::new()
    }
}

/// The wiring of one instance, as everybody who works for it sees it.
pub(crate) struct Wires {
    current: Mutex<Wiring>,
    recorder: Mutex<Recorder>,
    source: Mutex<Option<Followed>>,
}

struct Followed {
    source: Box<dyn WiringSource>,
    asked: Option<Instant>,
}

impl Wires {
    pub(crate) fn new(wiring: Wiring) -> Self {
        Self {
            current: Mutex::new(wiring),
            recorder: Mutex::new(Recorder::silent()),
            source: Mutex::new(None),
        }
    }

    pub(crate) fn follow(&self, source: Box<dyn WiringSource>) {
        *self.source.lock() = Some(Followed {
            source,
            asked: None,
        });
    }

    /// What happens is told to `recorder` from now on.
    pub(crate) fn tell(&self, recorder: Recorder) {
        *self.recorder.lock() = recorder;
    }

    /// Who is to be told what happens.
    pub(crate) fn recorder(&self) -> Recorder {
        self.recorder.lock().clone()
    }

    /// The wiring as it was found last.
    pub(crate) fn current(&self) -> Wiring {
        self.current.lock().clone()
    }

    /// Changes it, where its user is the program itself.
    pub(crate) fn set(&self, wiring: Wiring) {
        *self.current.lock() = wiring;
    }

    /// Asks the source, if it was not asked just now, and tells what holds.
    pub(crate) fn refreshed(&self) -> Wiring {
        // Whoever comes while another asks takes what holds.
        if let Some(mut source) = self.source.try_lock()
            && let Some(followed) = source.as_mut()
            && followed
                .asked
                .is_none_or(|at| at.elapsed() >= POLL_INTERVAL)
        {
            followed.asked = Some(Instant::now());
            if let Some(wiring) = followed.source.changed() {
                self.set(wiring);
            }
            let faults = followed.source.faults();
            if !faults.is_empty() {
                self.recorder()
                    .event(Event::ConfigurationChanged { faults });
            }
        }
        self.current()
    }
}
