//! The thread that writes what a [`Recorder`](crate::Recorder) is told.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use rt::{Counter, Mutex};

use crate::event::{Entry, Event, Instance};
use crate::gauges::Gauges;
use crate::live_file::LiveFile;
use crate::log_file::LogFile;
use crate::places::Places;
use crate::recorder::{entry, now_ms};
use crate::session_file::SessionFile;
use crate::state::State;

/// How often the state is written, if it has changed.
const TICK: Duration = Duration::from_millis(500);
/// Missing sound is told no more often than once in so many ticks.
const MISSING_TICKS: u32 = 20;

/// What the thread needs.
pub(crate) struct Work {
    pub places: Places,
    pub instance: Instance,
    pub begun: Instant,
    pub gauges: Arc<Gauges>,
    /// Events that found no place among the waiting ones.
    pub dropped: Arc<Counter>,
    /// Disconnected when the instance has ended.
    pub waiting: Receiver<Entry>,
    /// Who else is told; never waited for.
    pub listener: Option<SyncSender<Entry>>,
}

/// The thread's life.
pub(crate) fn run(work: Work) {
    let mut writer = Writer::new(work);
    let mut due = Instant::now();
    loop {
        match writer
            .work
            .waiting
            .recv_timeout(due.saturating_duration_since(Instant::now()))
        {
            Ok(entry) => {
                if entry.event == Event::Ended {
                    return writer.end();
                }
                if matches!(entry.event, Event::Stopped | Event::Closed) {
                    writer.count();
                }
                writer.take(entry);
            }
            Err(RecvTimeoutError::Timeout) => {
                due = Instant::now() + TICK;
                writer.tick();
            }
            Err(RecvTimeoutError::Disconnected) => return writer.end(),
        }
    }
}

struct Writer {
    work: Work,
    state: State,
    live: Option<LiveFile>,
    session: Option<SessionFile>,
    log: Option<LogFile>,
    /// What has been told of.
    underruns: u64,
    overloads: u64,
    dropped: u64,
    /// Until sound that is missing may be told of again.
    ticks_left: u32,
}

impl Writer {
    fn new(work: Work) -> Self {
        let id = next_id();
        let mut state = State {
            id: id.clone(),
            ..State::default()
        };
        let folder = work.places.state.as_deref();
        let live = folder.and_then(|folder| {
            LiveFile::new(folder, &id)
                .inspect_err(|problem| state.problem = Some(problem.clone()))
                .ok()
        });
        let log = work.places.log.as_deref();
        let mut writer = Self {
            live,
            session: folder.map(|folder| SessionFile::new(folder, &id)),
            log: log.map(|path| LogFile::new(path, &work.instance)),
            state,
            underruns: 0,
            overloads: 0,
            dropped: 0,
            ticks_left: 0,
            work,
        };
        let begun = Event::Begun(writer.work.instance.clone());
        writer.take(entry(writer.work.begun, begun));
        writer
    }

    fn take(&mut self, entry: Entry) {
        self.state.add(&entry);
        if let Some(listener) = &self.work.listener {
            let _ = listener.try_send(entry.clone());
        }
        if let Some(log) = &self.log
            && let Err(problem) = log.add(&entry)
        {
            self.state.problem = Some(problem);
        }
        if let Some(session) = &mut self.session
            && let Err(problem) = session.add(entry)
        {
            self.state.problem = Some(problem);
        }
    }

    fn tick(&mut self) {
        self.ticks_left = self.ticks_left.saturating_sub(1);
        if self.ticks_left == 0 {
            self.count();
        }
        self.state.readings = self.work.gauges.read();
        self.state.updated_ms = now_ms();
        if let Some(live) = &mut self.live
            && let Err(problem) = live.write(&self.state)
        {
            self.state.problem = Some(problem);
        }
    }

    /// Tells what the counters have counted since the last time.
    fn count(&mut self) {
        let readings = self.work.gauges.read();
        let underruns = readings.underruns.saturating_sub(self.underruns);
        let overloads = readings.overloads.saturating_sub(self.overloads);
        if underruns > 0 || overloads > 0 {
            (self.underruns, self.overloads) = (readings.underruns, readings.overloads);
            self.ticks_left = MISSING_TICKS;
            let missing = Event::Missing {
                underruns,
                overloads,
            };
            self.take(entry(self.work.begun, missing));
        }
        let count = self.work.dropped.get().saturating_sub(self.dropped);
        if count > 0 {
            self.dropped += count;
            self.take(entry(self.work.begun, Event::Dropped { count }));
        }
    }

    fn end(mut self) {
        self.count();
        self.take(entry(self.work.begun, Event::Ended));
    }
}

/// A name that no other instance has; names sort by time.
fn next_id() -> String {
    static NUMBER: Mutex<u32> = Mutex::new(0);
    let mut number = NUMBER.lock();
    *number = number.wrapping_add(1);
    format!("{:013}-{number:06}-{}", now_ms(), std::process::id())
}
