//! Entries as lines of JSON.

use serde::{Deserialize, Serialize};

use crate::event::{Entry, Event};
use crate::totals::Totals;

/// No line is longer, its end included.
pub(crate) const LINE_BYTES_MAX: usize = 4096;

/// Stands in a file instead of what was taken out of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Trimmed {
    /// How many entries are no longer there.
    pub entries: u64,
    /// What they amount to.
    pub totals: Totals,
}

#[derive(Serialize, Deserialize)]
struct TrimmedLine {
    trimmed: Trimmed,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Line {
    Entry(Entry),
    Trimmed(Trimmed),
}

/// The entry as a line. One that is too long says only that.
pub(crate) fn entry_line(entry: &Entry) -> String {
    let line = |entry: &Entry| serde_json::to_string(entry).ok();
    let fits = |line: &String| line.len() < LINE_BYTES_MAX;
    let too_long = || {
        let message = "What happened here is too long to be recorded.".to_owned();
        line(&Entry {
            event: Event::Note { message },
            ..*entry
        })
    };
    let mut text = line(entry)
        .filter(fits)
        .or_else(too_long)
        .unwrap_or_default();
    text.push('\n');
    text
}

/// What stands for lines that were taken out.
pub(crate) fn trimmed_line(trimmed: &Trimmed) -> String {
    let trimmed = trimmed.clone();
    let mut text = serde_json::to_string(&TrimmedLine { trimmed }).unwrap_or_default();
    text.push('\n');
    text
}

/// What the line says; `None` if that is nothing of ours.
pub(crate) fn parse(line: &[u8]) -> Option<Line> {
    if let Ok(TrimmedLine { trimmed }) = serde_json::from_slice(line) {
        return Some(Line::Trimmed(trimmed));
    }
    serde_json::from_slice(line).ok().map(Line::Entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Code, Fault, Opened, Side, Why};

    #[test]
    fn every_event_is_read_as_it_was_written() {
        let opened = Opened {
            output: Some(Side {
                name: "Größe".into(),
                ..Side::default()
            }),
            ..Opened::default()
        };
        let code = Code {
            number: -5,
            name: "E_X".into(),
        };
        let events = [
            Event::Opened(opened.clone()),
            Event::Refused {
                fault: Fault::InUse,
                message: "In use.".into(),
                code: Some(code.clone()),
            },
            Event::Started,
            Event::Lost {
                fault: Fault::ServiceGone,
                code,
            },
            Event::LookedFor {
                attempts: 3,
                message: "No.".into(),
            },
            Event::Back(opened.clone()),
            Event::Moved {
                from: "A".into(),
                to: opened,
                why: Why::BetterOneCame,
            },
            Event::ConfigurationChanged { faults: vec![] },
            Event::Missing {
                underruns: 1,
                overloads: 2,
            },
            Event::Ended,
        ];
        for event in events {
            let entry = Entry {
                at_ms: 5,
                since_ms: 6,
                event,
            };
            let line = entry_line(&entry);
            assert_eq!(parse(line.as_bytes()), Some(Line::Entry(entry)), "{line}");
        }
        let trimmed = Trimmed {
            entries: 7,
            totals: Totals::default(),
        };
        let line = trimmed_line(&trimmed);
        assert_eq!(parse(line.as_bytes()), Some(Line::Trimmed(trimmed)));
    }

    #[test]
    fn what_a_later_version_says_is_unknown_and_no_error() {
        let line = br#"{"at_ms":1,"since_ms":2,"event":"danced","with":"wolves"}"#;
        let Some(Line::Entry(entry)) = parse(line) else {
            panic!("not read")
        };
        assert_eq!(entry.event, Event::Unknown);
        let line = br#"{"at_ms":1,"since_ms":2,"event":"lost","fault":"odd","code":{}}"#;
        let Some(Line::Entry(entry)) = parse(line) else {
            panic!("not read")
        };
        let fault = Fault::Failed;
        let code = Code::default();
        assert_eq!(entry.event, Event::Lost { fault, code });
    }

    #[test]
    fn a_line_has_a_length_that_it_never_exceeds() {
        let entry = Entry {
            at_ms: 1,
            since_ms: 2,
            event: Event::Note {
                message: "\u{1}".repeat(LINE_BYTES_MAX),
            },
        };
        let line = entry_line(&entry);
        assert!(line.len() <= LINE_BYTES_MAX && line.contains("too long"));
    }
}
