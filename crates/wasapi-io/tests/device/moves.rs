//! What a device's choice means while the simulated card's endpoints come, go and change.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use engine::endpoint::{Chosen, Device, OpenRequest, Sides};
use wasapi_io::{Direction, EndpointState, Mode, Options, Selection, WasapiDevice, Wish, list};

/// The program that lets faults strike the card; only set where there is one with a second output.
const STRIKER: &str = "SIMCARD_STRIKER";
const PAUSE: Duration = Duration::from_secs(9);
/// For the beginning of a watch.
const SHORT: Duration = Duration::from_millis(1);

/// The card, as it was when dropped.
pub struct Card(PathBuf);

impl Card {
    /// `None` where there is none.
    pub fn there() -> Option<Self> {
        std::env::var_os(STRIKER).map(|path| Self(path.into()))
    }

    /// Lets a fault strike it.
    pub fn strike(&self, fault: &str) {
        let status = Command::new(&self.0).args(["--fault", fault]).status();
        assert!(status.is_ok_and(|status| status.success()), "{fault}");
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        for fault in [
            "back OUT",
            "back SPARE",
            "default OUT",
            "format 48000 on OUT",
        ] {
            self.strike(fault);
        }
    }
}

/// The id of the output of that name.
fn id(name: &str) -> String {
    let found = list().unwrap().into_iter().find(|info| {
        info.direction == Direction::Render && info.name.starts_with(&format!("{name} ("))
    });
    found.unwrap_or_else(|| panic!("{name} is there")).id
}

fn plays_on(selection: Selection) -> WasapiDevice {
    WasapiDevice::new(Some(selection), None, Mode::Shared, Options::default())
}

fn output(id: Option<&str>) -> Chosen {
    Chosen {
        output: id.map(str::to_owned),
        input: None,
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    duration.as_nanos() as u64
}

#[test]
#[ignore = "needs the simulated card"]
fn t28_the_systems_word_ends_a_pause_that_looking_would_not() {
    let Some(card) = Card::there() else { return };
    let mut reopener = plays_on(Selection::Default).reopener();
    reopener.pause(nanoseconds(SHORT));
    let before = reopener.chosen();
    assert!(before.output.is_some());
    // The choice is the same after it: only the system's word tells.
    card.strike("format 44100 on OUT");
    let begun = Instant::now();
    reopener.pause(nanoseconds(PAUSE));
    assert!(begun.elapsed() < PAUSE, "nobody told");
    assert_eq!(reopener.chosen(), before);
    // It ends for the waker as well, also one that was used before.
    reopener.waker().wake();
    let begun = Instant::now();
    reopener.pause(nanoseconds(PAUSE));
    assert!(begun.elapsed() < PAUSE, "the waker was not heard");
}

#[test]
#[ignore = "needs the simulated card"]
fn a_choice_follows_the_default_and_an_open_stream_stays() {
    let Some(card) = Card::there() else { return };
    let (out, spare) = (id("OUT"), id("SPARE"));
    let device = plays_on(Selection::Default);
    let info = device.describe().unwrap();
    let request = OpenRequest {
        rate_hz: info.rate_hz,
        block_frames: info.period_frames_default,
        sides: Sides::Output,
    };
    let stream = device.open(request).unwrap();
    let mut reopener = device.reopener();
    assert_eq!(stream.chosen(), output(Some(&out)));
    assert_eq!(reopener.chosen(), stream.chosen());
    reopener.pause(nanoseconds(SHORT));
    card.strike("default SPARE");
    reopener.pause(nanoseconds(PAUSE));
    assert_eq!(reopener.chosen(), output(Some(&spare)));
    assert_eq!(stream.chosen(), output(Some(&out)));
    let moved = reopener.open(request).unwrap();
    assert_eq!(moved.chosen(), output(Some(&spare)));
    card.strike("lose SPARE");
    assert_eq!(reopener.chosen(), output(Some(&out)));
    card.strike("lose OUT");
    assert_eq!(reopener.chosen(), output(None));
}

#[test]
#[ignore = "needs the simulated card"]
fn only_what_can_be_opened_is_chosen() {
    let Some(card) = Card::there() else { return };
    let (out, spare) = (id("OUT"), id("SPARE"));
    let mut by_id = plays_on(Selection::Id(spare.clone())).reopener();
    let order = [Wish::Name("SPARE".into()), Wish::Id(out.clone())];
    let mut by_order = plays_on(Selection::Preferred(order.into())).reopener();
    assert_eq!(by_id.chosen(), output(Some(&spare)));
    assert_eq!(by_order.chosen(), output(Some(&spare)));
    card.strike("lose SPARE");
    assert_eq!(
        by_id.chosen(),
        output(None),
        "unplugged, though it has its id"
    );
    assert_eq!(by_order.chosen(), output(Some(&out)));
    let states = list().unwrap();
    let spare_info = states.iter().find(|info| info.id == spare).unwrap();
    assert_eq!(spare_info.state, EndpointState::Unplugged);
    card.strike("back SPARE");
    assert_eq!(by_id.chosen(), output(Some(&spare)));
    assert_eq!(by_order.chosen(), output(Some(&spare)));
}

#[test]
#[ignore = "needs the simulated card"]
fn a_renumbered_device_is_known_again() {
    let Some(card) = Card::there() else { return };
    let old = id("SPARE");
    for wish in [
        Selection::Id(old.clone()),
        Selection::Preferred([Wish::Id(old.clone()), Wish::Default].into()),
    ] {
        let mut chosen = plays_on(wish.clone()).reopener();
        let before = chosen.chosen().output.expect("it is there");
        card.strike("renumber on SPARE");
        let new = id("SPARE");
        assert_ne!(new, before);
        assert_eq!(chosen.chosen(), output(Some(&new)), "{wish:?}");
        let device = plays_on(wish);
        let info = device.describe().unwrap();
        assert!(info.name().starts_with("SPARE"), "{info:?}");
        let request = OpenRequest {
            rate_hz: info.rate_hz,
            block_frames: info.period_frames_default,
            sides: Sides::Output,
        };
        let stream = device.open(request).unwrap();
        assert_eq!(stream.chosen(), output(Some(&new)));
        let said = device.picked().unwrap();
        assert!(said.contains("known by its hardware and name"), "{said}");
    }
    // Nothing like it is there.
    card.strike("lose SPARE");
    assert_eq!(
        plays_on(Selection::Id(old)).reopener().chosen(),
        output(None)
    );
}
