//! The state of a running instance.

use serde::{Deserialize, Serialize};

use crate::event::{Entry, Event, Instance, Opened, known_or_default};
use crate::gauges::Readings;
use crate::totals::Totals;

/// So many of the last events are part of a state.
const RECENT_MAX: usize = 12;

/// What a host does with a driver instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Now {
    /// There is no stream.
    #[default]
    Idle,
    /// There is a stream, which does not run.
    Open,
    /// The stream runs.
    Running,
}

/// What a running instance is and has come through.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct State {
    /// The name of the instance's files.
    pub id: String,
    /// Whose it is.
    pub instance: Instance,
    /// When it began, in milliseconds since 1970.
    pub begun_ms: u64,
    /// What the host does with it.
    #[serde(deserialize_with = "known_or_default")]
    pub now: Now,
    /// Since when, in milliseconds since 1970.
    pub now_since_ms: u64,
    /// The stream as it was opened last; `None` while there is none.
    pub opened: Option<Opened>,
    /// Why there is only silence, while that is so.
    pub silent_because: Option<String>,
    /// The stream's numbers.
    pub readings: Readings,
    /// What happened so far.
    pub totals: Totals,
    /// The last events, the newest last.
    pub recent: Vec<Entry>,
    /// When this was written, in milliseconds since 1970.
    pub updated_ms: u64,
    /// Why the record or the log is not whole.
    pub problem: Option<String>,
}

impl State {
    /// Takes one more event into account.
    pub(crate) fn add(&mut self, entry: &Entry) {
        self.totals.add(entry);
        match &entry.event {
            Event::Begun(instance) => {
                self.instance = instance.clone();
                self.begun_ms = entry.at_ms;
                self.now_since_ms = entry.at_ms;
            }
            Event::Opened(opened) => {
                self.take(opened);
                self.change(Now::Open, entry);
            }
            Event::Back(opened) | Event::Moved { to: opened, .. } => self.take(opened),
            Event::Started => self.change(Now::Running, entry),
            Event::Stopped => self.change(Now::Open, entry),
            Event::Closed => {
                self.opened = None;
                self.silent_because = None;
                self.change(Now::Idle, entry);
            }
            Event::Lost { code, .. } if code.number == 0 => {
                self.silent_because = Some("the device is gone".to_owned());
            }
            Event::Lost { code, .. } => {
                self.silent_because = Some(format!("the device is gone ({})", code.name));
            }
            Event::LookedFor { message, .. } | Event::Placeholder { message } => {
                self.silent_because = Some(message.clone());
                if self.now == Now::Idle {
                    self.change(Now::Open, entry);
                }
            }
            _ => {}
        }
        if self.recent.len() >= RECENT_MAX {
            self.recent.remove(0);
        }
        self.recent.push(entry.clone());
    }

    fn take(&mut self, opened: &Opened) {
        self.opened = Some(opened.clone());
        self.silent_because = None;
    }

    fn change(&mut self, now: Now, entry: &Entry) {
        if self.now != now {
            self.now = now;
            self.now_since_ms = entry.at_ms;
        }
    }
}
