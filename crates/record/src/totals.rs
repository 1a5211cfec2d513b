//! What the events of an instance amount to.

use serde::{Deserialize, Serialize};

use crate::event::{Entry, Event};

/// Sums over all events, also over those whose detail is no longer kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Totals {
    /// Streams that were opened.
    pub opened: u64,
    /// Devices that did not open.
    pub refused: u64,
    /// How often the host started a stream.
    pub started: u64,
    /// Devices that went away under a stream.
    pub lost: u64,
    /// Devices that came back.
    pub back: u64,
    /// How often sound moved to another endpoint.
    pub moved: u64,
    /// How often there was no device to begin with.
    pub placeholders: u64,
    /// How often the host was told of other latencies.
    pub latency_changes: u64,
    /// How often the host was asked to begin anew.
    pub resets: u64,
    /// How often the device ran dry.
    pub underruns: u64,
    /// How often the host was too slow.
    pub overloads: u64,
    /// The longest time without a device under a stream, in milliseconds.
    pub longest_silence_ms: u64,
    /// All such times together, in milliseconds.
    pub silence_ms: u64,
    /// Events that came too fast to be written.
    pub dropped: u64,
    /// Since when there has been no device, as [`Entry::since_ms`] has it.
    pub silent_since_ms: Option<u64>,
    /// Whether the instance has ended in good order.
    pub ended: bool,
}

impl Totals {
    /// Counts one more event.
    pub fn add(&mut self, entry: &Entry) {
        let count = |number: &mut u64| *number = number.saturating_add(1);
        match &entry.event {
            Event::Opened(_) => {
                count(&mut self.opened);
                self.silence_ends(entry.since_ms);
            }
            Event::Refused { .. } => count(&mut self.refused),
            Event::Started => count(&mut self.started),
            Event::Lost { .. } => {
                count(&mut self.lost);
                self.silent_since_ms.get_or_insert(entry.since_ms);
            }
            Event::Placeholder { .. } => {
                count(&mut self.placeholders);
                self.silent_since_ms.get_or_insert(entry.since_ms);
            }
            Event::Back(_) => {
                count(&mut self.back);
                self.silence_ends(entry.since_ms);
            }
            Event::Moved { .. } => {
                count(&mut self.moved);
                self.silence_ends(entry.since_ms);
            }
            Event::LatencyChanged { .. } => count(&mut self.latency_changes),
            Event::ResetRequested { .. } => count(&mut self.resets),
            Event::Missing {
                underruns,
                overloads,
            } => {
                self.underruns = self.underruns.saturating_add(*underruns);
                self.overloads = self.overloads.saturating_add(*overloads);
            }
            Event::Dropped { count } => self.dropped = self.dropped.saturating_add(*count),
            Event::Closed => self.silence_ends(entry.since_ms),
            Event::Ended => {
                self.ended = true;
                self.silence_ends(entry.since_ms);
            }
            Event::Begun(_)
            | Event::Stopped
            | Event::LookedFor { .. }
            | Event::ConfigurationChanged { .. }
            | Event::JoinedLost { .. }
            | Event::JoinedBack { .. }
            | Event::Note { .. }
            | Event::Unknown => {}
        }
    }

    fn silence_ends(&mut self, now_ms: u64) {
        if let Some(since_ms) = self.silent_since_ms.take() {
            let silence_ms = now_ms.saturating_sub(since_ms);
            self.silence_ms = self.silence_ms.saturating_add(silence_ms);
            self.longest_silence_ms = self.longest_silence_ms.max(silence_ms);
        }
    }

    /// Whether anything happened for which the record is worth keeping.
    pub fn is_worth_keeping(&self) -> bool {
        let Self {
            opened,
            refused,
            lost,
            placeholders,
            resets,
            ..
        } = self;
        [opened, refused, lost, placeholders, resets]
            .into_iter()
            .any(|&number| number > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Code, Fault, Opened};

    fn totals(events: Vec<(u64, Event)>) -> Totals {
        let mut totals = Totals::default();
        for (since_ms, event) in events {
            totals.add(&Entry {
                at_ms: 0,
                since_ms,
                event,
            });
        }
        totals
    }

    fn lost() -> Event {
        Event::Lost {
            fault: Fault::Lost,
            code: Code::default(),
        }
    }

    #[test]
    fn silence_lasts_from_the_first_loss_to_the_return() {
        let totals = totals(vec![
            (10, Event::Opened(Opened::default())),
            (100, lost()),
            // It was found, and went again before it played.
            (150, lost()),
            (400, Event::Back(Opened::default())),
            (500, lost()),
            (600, Event::Closed),
        ]);
        assert_eq!((totals.lost, totals.back), (3, 1));
        assert_eq!((totals.longest_silence_ms, totals.silence_ms), (300, 400));
        assert_eq!(totals.silent_since_ms, None);
    }

    #[test]
    fn no_number_in_a_file_overflows() {
        let event = Event::Missing {
            underruns: u64::MAX,
            overloads: 1,
        };
        let totals = totals(vec![(u64::MAX, event.clone()), (0, event)]);
        assert_eq!((totals.underruns, totals.overloads), (u64::MAX, 2));
    }
}
