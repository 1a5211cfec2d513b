//! What `doctor` reads from the last session's record.

use record::{
    Entry, Event, Fault, Opened, Places, Session, check, duration, plain, running, sessions, times,
};

use crate::findings::Findings;
use crate::status::session_title;

const WHAT: &str = "last session";

/// Looks whether there is a record, and at the last one.
pub fn look_at_record(findings: &mut Findings, places: &Places) {
    match check(places) {
        Ok(()) => {
            let folder = places.state.as_deref();
            let folder = folder.map_or(String::new(), |folder| folder.display().to_string());
            findings.good("record", folder);
        }
        Err(problem) => findings.note("record", problem),
    }
    let running = running(places);
    for state in &running.items {
        if let Some(problem) = &state.problem {
            findings.note("record", plain(problem));
        }
    }
    let found = sessions(places, 1);
    for problem in running.problems.iter().chain(&found.problems) {
        findings.note("record", plain(problem));
    }
    match found.items.first() {
        Some(session) => look_at_session(findings, session),
        None => findings.good(
            WHAT,
            "no program has opened a device with these drivers yet",
        ),
    }
}

fn look_at_session(findings: &mut Findings, session: &Session) {
    let complaints = complaints(session);
    let title = session_title(session);
    if complaints.is_empty() {
        findings.good(WHAT, format!("{title}: nothing went wrong"));
    } else {
        findings.note(WHAT, title);
    }
    for complaint in complaints {
        findings.note(WHAT, plain(&complaint));
    }
}

/// What went wrong and what to do about it, in sentences.
fn complaints(session: &Session) -> Vec<String> {
    let totals = &session.totals;
    let mut list = Vec::new();
    if totals.refused > 0 {
        let last = last(session, |event| match event {
            Event::Refused { message, .. } => Some(message.as_str()),
            _ => None,
        });
        let why = last.unwrap_or("the record no longer says why");
        list.push(format!(
            "a device did not open {}: {why}",
            times(totals.refused)
        ));
    }
    if totals.lost > 0 {
        list.push(loss(session));
    }
    if totals.placeholders > 0 {
        let last = last(session, |event| match event {
            Event::Placeholder { message } => Some(message.as_str()),
            _ => None,
        });
        let why = last.unwrap_or("the record no longer says why");
        list.push(format!("the program began without a device: {why}"));
    }
    if totals.silent_since_ms.is_some() {
        list.push(format!(
            "there was only silence in the end{}; plug the device in, or choose another with \
             `asio2wasapi profile set`",
            device(session).map_or(String::new(), |name| format!(
                ", as {name} did not come back"
            ))
        ));
    }
    if totals.underruns > 0 {
        list.push(format!(
            "the device ran dry {} in {}; choose a larger block in the program, or set safety_frames in \
             the profile",
            times(totals.underruns),
            duration(session.length_ms())
        ));
    }
    if totals.overloads > 0 {
        list.push(format!(
            "the program was too slow {} in {}; choose a larger block in it, or give it less to do",
            times(totals.overloads),
            duration(session.length_ms())
        ));
    }
    if totals.resets > 0 {
        list.push(format!(
            "the program was asked to begin anew {}; if it did not, choose the driver in it once more",
            times(totals.resets)
        ));
    }
    if !totals.ended && !session.is_running {
        list.push(
            "it ended without a word: the program crashed or was ended by force, or nothing could be \
             written any more"
                .to_owned(),
        );
    }
    if totals.dropped > 0 || session.unreadable > 0 {
        list.push(format!(
            "the record is not whole: {} events came too fast to be written and {} lines cannot be read",
            totals.dropped, session.unreadable
        ));
    }
    list
}

fn loss(session: &Session) -> String {
    let totals = &session.totals;
    let lost = last(session, |event| match event {
        Event::Lost { fault, code } => Some((*fault, code.name.as_str())),
        _ => None,
    });
    let device = device(session).unwrap_or_else(|| "the device".to_owned());
    let mut text = format!("{device} was lost {}", times(totals.lost));
    if let Some((_, name)) = lost.filter(|(_, name)| !name.is_empty()) {
        text += &format!(" ({name})");
    }
    if totals.silence_ms > 0 {
        text += &format!(
            ", silence of {} at the longest",
            duration(totals.longest_silence_ms)
        );
    }
    text += match lost.map_or(Fault::Lost, |(fault, _)| fault) {
        Fault::ServiceGone => {
            "; Windows' sound service ended: if that was not you, look for its reason in the event \
             viewer"
        }
        Fault::InUse => {
            "; another program took it for itself: close that program, or forbid exclusive mode in \
             the device's properties"
        }
        Fault::Silent => {
            "; it stopped asking for sound: install its newest driver, or try the mode \
             exclusive-timer"
        }
        _ => {
            "; if nobody unplugged or reconfigured it, try another cable or port, and switch off \
             power saving for USB"
        }
    };
    text
}

/// The newest event of a kind that is still there.
fn last<'a, T>(session: &'a Session, pick: impl Fn(&'a Event) -> Option<T>) -> Option<T> {
    let events = session.entries.iter().rev();
    events.map(|Entry { event, .. }| event).find_map(pick)
}

/// The device that was used last.
fn device(session: &Session) -> Option<String> {
    last(session, |event| match event {
        Event::Opened(opened) | Event::Back(opened) | Event::Moved { to: opened, .. } => {
            Some(Opened::names(opened))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::{Code, Side};

    fn session(events: Vec<Event>) -> Session {
        let mut session = Session::default();
        for (second, event) in (0..).zip(events) {
            let entry = Entry {
                at_ms: second * 1000,
                since_ms: second * 1000,
                event,
            };
            session.totals.add(&entry);
            session.entries.push(entry);
        }
        session
    }

    fn speakers() -> Opened {
        let name = "Speakers".to_owned();
        Opened {
            output: Some(Side {
                name,
                ..Side::default()
            }),
            ..Opened::default()
        }
    }

    fn lost(fault: Fault) -> Event {
        let name = "AUDCLNT_E_DEVICE_INVALIDATED".to_owned();
        let code = Code { number: -1, name };
        Event::Lost { fault, code }
    }

    #[test]
    fn a_session_in_good_order_has_no_complaints() {
        let session = session(vec![
            Event::Opened(speakers()),
            Event::Started,
            Event::Ended,
        ]);
        assert_eq!(complaints(&session), Vec::<String>::new());
        let mut findings = Findings::default();
        look_at_session(&mut findings, &session);
        assert!(findings.lines().starts_with("ok      last session: "));
    }

    #[test]
    fn a_loss_is_told_with_its_name_and_the_silence() {
        let session = session(vec![
            Event::Opened(speakers()),
            lost(Fault::Lost),
            Event::Note {
                message: "x".into(),
            },
            Event::Back(speakers()),
            lost(Fault::Lost),
            Event::Back(speakers()),
            Event::Ended,
        ]);
        let complaints = complaints(&session);
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        assert!(
            complaints[0].starts_with(
                "Speakers was lost twice (AUDCLNT_E_DEVICE_INVALIDATED), silence of 2.0 s at the longest; "
            ),
            "{complaints:?}"
        );
    }

    #[test]
    fn each_fault_has_its_advice_and_the_end_its_complaint() {
        let session = session(vec![
            Event::Refused {
                fault: Fault::InUse,
                message: "It is in use.".into(),
                code: None,
            },
            Event::Opened(speakers()),
            Event::Missing {
                underruns: 3,
                overloads: 1,
            },
            Event::ResetRequested {
                message: "x".into(),
            },
            lost(Fault::ServiceGone),
        ]);
        let complaints = complaints(&session).join("\n");
        for expected in [
            "a device did not open once: It is in use.",
            "sound service ended",
            "as Speakers did not come back",
            "ran dry 3 times in 4.0 s",
            "too slow once",
            "asked to begin anew once",
            "ended without a word",
        ] {
            assert!(complaints.contains(expected), "{expected}: {complaints}");
        }
    }

    #[test]
    fn a_place_that_cannot_be_written_to_is_one_sentence() {
        let mut findings = Findings::default();
        look_at_record(&mut findings, &Places::default());
        assert_eq!(findings.findings.len(), 2, "{findings:?}");
        assert!(
            findings
                .lines()
                .contains("note    record: this user has no folder")
        );
        assert_eq!(findings.broken_count(), 0);
    }
}
