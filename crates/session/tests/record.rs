//! What a driver instance tells its record.

#[allow(dead_code)] // The other tests use the rest.
mod support;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use asio::abi::HostMessage;
use asio::driver::Object;
use asio::host::Driver;
use record::{Event, Fault, Places, Session};
use session::DirectDriver;
use session::product::DRIVERS;
use support::host::{LEFT, counter, plays};
use support::{Bench, Faults, PERIOD_FRAMES, device};

/// A folder for one test's records, removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("asio2wasapi-session-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn places(&self) -> Places {
        Places {
            state: Some(self.0.clone()),
            log: None,
        }
    }

    /// The only record there is.
    fn session(&self) -> Session {
        let mut found = record::sessions(&self.places(), 2);
        assert_eq!(found.items.len(), 1, "{found:?}");
        found.items.remove(0)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn recorded(folder: &Folder, faults: Faults) -> (Driver, Bench) {
    let (device, bench) = device(faults);
    let product = &DRIVERS[0];
    let driver = DirectDriver::new(product.name, Arc::clone(&device) as _)
        .recorded(folder.places(), |_| "E_TEST");
    (
        Driver::from_object(Object::create(product.clsid, driver)),
        bench,
    )
}

#[test]
fn a_loss_and_the_return_are_in_the_record_with_the_code_s_name() {
    let folder = Folder::new("loss");
    let (mut driver, mut bench) = recorded(&folder, Faults::default());
    driver.init().expect("the device is there");
    plays(&mut driver);
    bench.tick();
    bench.tick_with(true);
    bench.lose();
    bench.come_back();
    bench.tick();
    driver.stop().expect("stopped");
    driver.dispose_buffers().expect("disposed");
    drop(driver);
    let session = folder.session();
    let instance = session.instance().expect("it begins with it");
    assert_eq!(instance.driver, DRIVERS[0].name);
    assert_eq!(instance.pid, std::process::id());
    let told: Vec<&str> = session
        .entries
        .iter()
        .map(|entry| name(&entry.event))
        // Told by the keeper whenever it gets to it, and once.
        .filter(|name| !["other", "note"].contains(name))
        .collect();
    let remark = Event::Note {
        message: "Fake is shared.".into(),
    };
    let remarks = session.entries.iter().filter(|entry| entry.event == remark);
    assert_eq!(remarks.count(), 1);
    let expected = [
        "begun", "opened", "started", "lost", "back", "stopped", "closed", "ended",
    ];
    assert_eq!(told, expected);
    assert!(session.entries.iter().any(|entry| matches!(
        &entry.event,
        Event::Lost { fault: Fault::Lost, code } if code.name == "E_TEST" && code.number as u32 == 0x8889_0004
    )));
    assert_eq!((session.totals.lost, session.totals.underruns), (1, 1));
    assert!(session.totals.ended);
}

#[test]
fn a_device_that_does_not_open_is_told_in_the_host_s_sentence() {
    let folder = Folder::new("refused");
    let faults = Faults {
        refuses_to_open: true,
        ..Faults::default()
    };
    let (mut driver, _bench) = recorded(&folder, faults);
    driver.init().expect("the device is there");
    let (handler, _) = counter();
    let error = driver
        .create_buffers(&[LEFT], PERIOD_FRAMES, handler)
        .expect_err("refused");
    drop(driver);
    let session = folder.session();
    let refused = session.entries.iter().find_map(|entry| match &entry.event {
        Event::Refused { message, .. } => Some(message.clone()),
        _ => None,
    });
    assert!(error.to_string().contains(&refused.expect("told")));
}

#[test]
fn a_host_that_begins_without_a_device_is_told_so_and_when_it_comes() {
    let folder = Folder::new("absent");
    let faults = Faults {
        absent: true,
        ..Faults::default()
    };
    let (mut driver, mut bench) = recorded(&folder, faults);
    driver.init().expect("there is always something");
    plays(&mut driver);
    bench.appear();
    bench.tick();
    driver.stop().expect("stopped");
    drop(driver);
    let totals = folder.session().totals;
    assert_eq!((totals.placeholders, totals.back, totals.opened), (1, 1, 0));
    assert_eq!(totals.silent_since_ms, None);
}

/// The words of the events whose order is certain.
fn name(event: &Event) -> &'static str {
    match event {
        Event::Begun(_) => "begun",
        Event::Opened(_) => "opened",
        Event::Started => "started",
        Event::Stopped => "stopped",
        Event::Closed => "closed",
        Event::Lost { .. } => "lost",
        Event::Back(_) => "back",
        Event::Ended => "ended",
        _ => "other",
    }
}

#[test]
fn a_stream_that_has_fallen_behind_is_exchanged_for_a_fresh_one_beside_it() {
    let folder = Folder::new("behind");
    let faults = Faults {
        keeps_silence: true,
        ..Faults::default()
    };
    let (mut driver, mut bench) = recorded(&folder, faults);
    driver.init().expect("ready");
    let heard = plays(&mut driver);
    bench.tick();
    bench.tick_with(true);
    // It plays on until the other is open, and then falls to silence.
    let first = bench.second();
    let mut last = Vec::new();
    while let Some(played) = first.tick() {
        last = played;
    }
    assert_eq!(last.last(), Some(&0));
    assert!(bench.is_open(), "the second stream");
    for _ in 0..8 {
        bench.tick();
    }
    let sound = bench.tick();
    assert_eq!(bench.tick()[0], sound[0] + PERIOD_FRAMES as i32);
    assert!(!heard.has(HostMessage::RESET_REQUEST), "it need not know");
    driver.stop().expect("stopped");
    drop(driver);
    bench.expect_closed();
    let session = folder.session();
    let told = session.entries.iter().any(
        |line| matches!(&line.event, Event::Note { message } if message.contains("opened anew")),
    );
    assert!(told, "{:?}", session.entries);
}
