//! What a driver instance tells its story to.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rt::{Counter, Mutex};

use crate::event::{Code, Entry, Event, Instance};
use crate::gauges::Gauges;
use crate::places::Places;
use crate::worker::{self, Work};

/// So many events may wait for the worker; more are dropped and counted.
const WAITING_MAX: usize = 256;
/// How long the end of an instance waits for its last events to be written.
const END_TIMEOUT: Duration = Duration::from_millis(300);

/// Gives a system's error codes their names.
pub type CodeNames = fn(i32) -> &'static str;

/// The record of one driver instance. Clones are the same recorder; when the last one is dropped, the
/// instance has ended if nobody told so before.
#[derive(Clone)]
pub struct Recorder {
    inner: Arc<Inner>,
}

struct Inner {
    begun: Instant,
    names: CodeNames,
    gauges: Arc<Gauges>,
    /// `None`: nobody listens.
    events: Option<SyncSender<Entry>>,
    dropped: Arc<Counter>,
    /// Disconnected when the worker has ended.
    ended: Mutex<Option<Receiver<()>>>,
}

impl Recorder {
    /// Begins to record an instance, where this user's records are. Where there is no place for them,
    /// or no thread, nothing is recorded.
    pub fn begin(instance: Instance, names: CodeNames) -> Self {
        Self::begin_at(Places::of_user(), instance, names)
    }

    /// The same with other places.
    pub fn begin_at(places: Places, instance: Instance, names: CodeNames) -> Self {
        Self::begun(places, instance, names, None)
    }

    /// The same, and what is recorded can be read from the other end; what finds no room there is not.
    /// Where nothing is recorded, there is nothing to read.
    pub fn listened(
        places: Places,
        instance: Instance,
        names: CodeNames,
    ) -> (Self, Receiver<Entry>) {
        let (listener, entries) = sync_channel(WAITING_MAX);
        let recorder = Self::begun(places, instance, names, Some(listener));
        (recorder, entries)
    }

    fn begun(
        places: Places,
        instance: Instance,
        names: CodeNames,
        listener: Option<SyncSender<Entry>>,
    ) -> Self {
        if places == Places::default() {
            return Self::silent();
        }
        let (events, waiting) = sync_channel(WAITING_MAX);
        let (end, ended) = sync_channel(0);
        let gauges = Arc::<Gauges>::default();
        let dropped = Arc::<Counter>::default();
        let begun = Instant::now();
        let work = Work {
            places,
            instance,
            begun,
            gauges: Arc::clone(&gauges),
            dropped: Arc::clone(&dropped),
            waiting,
            listener,
        };
        let thread = std::thread::Builder::new()
            .name("asio2wasapi record".into())
            .spawn(move || {
                worker::run(work);
                drop(end);
            });
        Self {
            inner: Arc::new(Inner {
                begun,
                names,
                gauges,
                events: thread.is_ok().then_some(events),
                dropped,
                ended: Mutex::new(Some(ended)),
            }),
        }
    }

    /// A recorder that records nothing.
    pub fn silent() -> Self {
        Self {
            inner: Arc::new(Inner {
                begun: Instant::now(),
                names: |_| "an unnamed error",
                gauges: Arc::default(),
                events: None,
                dropped: Arc::default(),
                ended: Mutex::new(None),
            }),
        }
    }

    /// Records an event as of now. Never blocks; outside real-time sections only.
    pub fn event(&self, event: Event) {
        let Some(events) = &self.inner.events else {
            return;
        };
        if events.try_send(entry(self.inner.begun, event)).is_err() {
            self.inner.dropped.add(1);
        }
    }

    /// The instance has ended, whoever still has a clone: waits a moment until that is written. What is
    /// told later is not recorded.
    pub fn end(&self) {
        self.event(Event::Ended);
        self.inner.wait_for_end();
    }

    /// The numbers that are recorded along with the events.
    pub fn gauges(&self) -> Arc<Gauges> {
        Arc::clone(&self.inner.gauges)
    }

    /// The system's code with its name.
    pub fn code(&self, number: i32) -> Code {
        let name = match number {
            0 => "",
            number => (self.inner.names)(number),
        };
        Code {
            number,
            name: name.to_owned(),
        }
    }
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let is_silent = self.inner.events.is_none();
        f.debug_struct("Recorder")
            .field("is_silent", &is_silent)
            .finish()
    }
}

impl Inner {
    fn wait_for_end(&self) {
        if let Some(ended) = self.ended.lock().take() {
            // A disk that hangs keeps nobody.
            let _ = ended.recv_timeout(END_TIMEOUT);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.events = None;
        self.wait_for_end();
    }
}

/// An event of an instance that began then, as of now.
pub(crate) fn entry(begun: Instant, event: Event) -> Entry {
    Entry {
        at_ms: now_ms(),
        since_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        event,
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| u64::try_from(now.as_millis()).unwrap_or(u64::MAX))
}
