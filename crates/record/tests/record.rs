//! What a recorder is told can be read again, and stays within its bounds.

mod common;

use std::fs;
use std::path::Path;

use common::{Folder, instance};
use record::{Code, Event, Fault, Now, Opened, Places, Recorder, Side, running, sessions};

fn name_of(_: i32) -> &'static str {
    "E_TEST"
}

fn opened(name: &str) -> Opened {
    Opened {
        output: Some(Side {
            name: name.to_owned(),
            ..Side::default()
        }),
        rate_hz: 48_000,
        ..Opened::default()
    }
}

fn begin(places: &Places) -> Recorder {
    Recorder::begin_at(places.clone(), instance(), name_of)
}

fn lose(recorder: &Recorder) {
    recorder.event(Event::Lost {
        fault: Fault::Lost,
        code: recorder.code(-7),
    });
}

/// Waits for what another thread does soon.
fn until<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    // Reached only when something hangs.
    for _ in 0..6000 {
        if let Some(value) = attempt() {
            return value;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("it did not happen")
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn a_life_is_read_as_it_was_told() {
    let folder = Folder::new("life");
    let recorder = begin(&folder.places());
    let told = [
        Event::Opened(opened("Speakers")),
        Event::Started,
        Event::Lost {
            fault: Fault::Lost,
            code: recorder.code(-7),
        },
        Event::Back(opened("Speakers")),
        Event::Stopped,
        Event::Closed,
    ];
    for event in &told {
        recorder.event(event.clone());
    }
    recorder.gauges().underruns.add(3);
    drop(recorder);
    let found = until(|| {
        let found = sessions(&folder.places(), 5);
        found.items.first()?.totals.ended.then_some(found)
    });
    assert!(found.problems.is_empty(), "{found:?}");
    let session = &found.items[0];
    assert_eq!(session.instance(), Some(&instance()));
    let events: Vec<&Event> = session.entries.iter().map(|entry| &entry.event).collect();
    let has = |event: &Event| events.contains(&event);
    assert!(told.iter().all(has), "{events:?}");
    let totals = &session.totals;
    assert_eq!((totals.lost, totals.back, totals.underruns), (1, 1, 3));
    let code = Code {
        number: -7,
        name: "E_TEST".into(),
    };
    assert!(has(&Event::Lost {
        fault: Fault::Lost,
        code
    }));
    assert!(!session.is_running && session.unreadable == 0);
}

#[test]
fn whoever_runs_is_seen_and_whoever_ended_is_not() {
    let folder = Folder::new("running");
    let places = folder.places();
    let recorder = begin(&places);
    recorder.event(Event::Opened(opened("Speakers")));
    recorder.event(Event::Started);
    recorder.gauges().played_frames.set(480);
    recorder.gauges().set_drift_ppm(-12.5);
    let state = until(|| {
        let found = running(&places);
        let state = found.items.into_iter().next()?;
        (state.now == Now::Running && state.readings.played_frames == 480).then_some(state)
    });
    assert_eq!(state.instance, instance());
    assert_eq!(state.opened, Some(opened("Speakers")));
    assert_eq!(state.readings.drift_ppm, -12.5);
    lose(&recorder);
    let why = until(|| running(&places).items.into_iter().next()?.silent_because);
    assert_eq!(why, "the device is gone (E_TEST)");
    assert!(sessions(&places, 1).items[0].is_running);
    let clone = recorder.clone();
    drop(recorder);
    assert_eq!(running(&places).items.len(), 1, "a clone is the same");
    clone.end();
    until(|| running(&places).items.is_empty().then_some(()));
    until(|| {
        names(&folder.path().join("running"))
            .is_empty()
            .then_some(())
    });
}

#[test]
fn what_ended_without_a_word_is_tidied_up() {
    let folder = Folder::new("stale");
    let running_folder = folder.path().join("running");
    fs::create_dir_all(&running_folder).unwrap();
    for name in ["1-2-3.json", "1-2-3.lock", "4-5-6.json", "7-8-9.lock"] {
        fs::write(running_folder.join(name), "{}").unwrap();
    }
    let found = running(&folder.places());
    assert!(
        found.items.is_empty() && found.problems.is_empty(),
        "{found:?}"
    );
    assert_eq!(names(&running_folder), Vec::<String>::new());
}

#[test]
fn an_instance_that_only_was_listed_leaves_nothing() {
    let folder = Folder::new("listed");
    let recorder = begin(&folder.places());
    drop(recorder);
    until(|| {
        names(&folder.path().join("running"))
            .is_empty()
            .then_some(())
    });
    assert_eq!(sessions(&folder.places(), 5).items, []);
}

#[test]
fn only_the_last_records_remain() {
    let folder = Folder::new("rotated");
    for number in 0..14 {
        let recorder = begin(&folder.places());
        recorder.event(Event::Opened(opened(&format!("Device {number}"))));
        drop(recorder);
        until(|| {
            let ended = sessions(&folder.places(), 1);
            let session = ended.items.first()?;
            let is_this = matches!(&session.entries[1].event, Event::Opened(opened)
                if opened.names() == format!("Device {number}"));
            (is_this && session.totals.ended).then_some(())
        });
    }
    let found = sessions(&folder.places(), 100);
    assert_eq!(found.items.len(), 10);
    let first = &found.items[9].entries[1].event;
    assert_eq!(first, &Event::Opened(opened("Device 4")));
}

#[test]
fn a_full_file_loses_its_oldest_detail_and_no_count() {
    let folder = Folder::new("full");
    let places = folder.places();
    let recorder = begin(&places);
    recorder.event(Event::Opened(opened("Speakers")));
    const LOST: u64 = 5000;
    let note = "x".repeat(100);
    for number in 0..LOST {
        lose(&recorder);
        recorder.event(Event::Note {
            message: note.clone(),
        });
        if number % 100 == 99 {
            // So many may wait; a host's own events are never as fast.
            until(|| {
                let totals = sessions(&places, 1).items.first()?.totals.clone();
                (totals.lost + totals.dropped > number).then_some(())
            });
        }
    }
    drop(recorder);
    let session = until(|| {
        let session = sessions(&places, 1).items.into_iter().next()?;
        session.totals.ended.then_some(session)
    });
    assert_eq!(session.totals.lost + session.totals.dropped, LOST);
    assert_eq!(
        session.totals.opened, 1,
        "counted though its detail is gone"
    );
    assert!(session.trimmed > LOST && session.entries.len() > 500);
    assert_eq!(session.instance(), Some(&instance()));
    let [name] = &names(&folder.path().join("sessions"))[..] else {
        panic!("one file")
    };
    let length = fs::metadata(folder.path().join("sessions").join(name)).unwrap();
    assert!(length.len() <= 256 << 10);
}

#[test]
fn a_place_that_cannot_be_written_to_harms_nobody() {
    let folder = Folder::new("unwritable");
    // A file where the folder should be.
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let places = Places {
        state: Some(file.clone()),
        log: Some(file.join("log")),
    };
    let recorder = begin(&places);
    recorder.event(Event::Opened(opened("Speakers")));
    lose(&recorder);
    drop(recorder);
    let problem = record::check(&places).unwrap_err();
    assert!(problem.contains("nothing can be written to"), "{problem}");
    assert!(running(&places).items.is_empty());
    assert!(sessions(&places, 1).items.is_empty());
    assert_eq!(record::check(&folder.places()), Ok(()));
}

#[test]
fn a_log_has_a_line_for_each_event_and_one_predecessor() {
    let folder = Folder::new("log");
    let log = folder.path().join("a.log");
    fs::write(&log, vec![b'.'; (1 << 20) - 10]).unwrap();
    let places = Places {
        state: None,
        log: Some(log.clone()),
    };
    let recorder = begin(&places);
    lose(&recorder);
    drop(recorder);
    let text = until(|| {
        let text = fs::read_to_string(&log).ok()?;
        text.contains("no longer uses").then_some(text)
    });
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].contains("began to use ASIO2WASAPI Test, version 1.2.3"));
    assert!(lines[1].contains("E_TEST, 0xFFFFFFF9"));
    let old = fs::metadata(folder.path().join("a.log.old")).unwrap();
    assert_eq!(old.len(), (1 << 20) - 10);
}

#[test]
fn a_silent_recorder_takes_everything() {
    let recorder = Recorder::silent();
    recorder.event(Event::Started);
    recorder.gauges().cycles.add(1);
    assert_eq!(recorder.code(0).name, "");
}
