//! Which endpoints a device's choice means while the system's devices change.

use std::sync::Arc;

use engine::endpoint::{Chosen, Device, FaultKind, Lost, OpenRequest, Sides};
use simcard::spec::CardSpec;
use simcard::{Choice, EndpointId, Use, VirtualDevice, VirtualTime, Wish, World, fault};

/// A machine with two cards, and their DACs and ADCs.
fn machine() -> (Arc<VirtualTime>, [EndpointId; 4]) {
    let mut world = World::new(1);
    let mut ids = Vec::new();
    for name in ["ONE", "TWO"] {
        let mut card = CardSpec::stereo(name);
        for side in [&mut card.render, &mut card.capture] {
            let side = side.as_mut().expect("both sides");
            side.name = format!("{name} {}", side.name);
        }
        ids.extend(
            world
                .add_card(&card)
                .expect("a card")
                .map(|id| id.expect("both sides")),
        );
    }
    let ids = ids.try_into().expect("four");
    (Arc::new(VirtualTime::new(world)), ids)
}

fn strike(time: &VirtualTime, fault: &str) {
    let script = fault::parse_script(&format!("at 0s {fault}")).expect("a script");
    time.with(|world| world.add_faults(script))
        .expect("its names are known");
}

fn ids(output: Option<EndpointId>, input: Option<EndpointId>) -> Chosen {
    let id = |id: EndpointId| format!("endpoint {}", id.index());
    Chosen {
        output: output.map(id),
        input: input.map(id),
    }
}

#[test]
fn a_default_is_followed_and_an_open_stream_stays_where_it_is() {
    let (time, [out, input, other_out, _]) = machine();
    let default = || Some(Choice::Default);
    let device = VirtualDevice::choosing(
        Arc::clone(&time),
        default(),
        default(),
        Wish::new(Use::Shared),
    );
    let request = OpenRequest {
        rate_hz: 48_000,
        block_frames: 480,
        sides: Sides::Both,
    };
    let stream = device.open(request).expect("opened");
    let mut reopener = device.reopener();
    assert_eq!(reopener.chosen(), ids(Some(out), Some(input)));
    assert_eq!(stream.chosen(), reopener.chosen());
    strike(&time, "default TWO OUT");
    assert_eq!(reopener.chosen(), ids(Some(other_out), Some(input)));
    assert_eq!(stream.chosen(), ids(Some(out), Some(input)));
    let moved = reopener.open(request).expect("opened");
    assert_eq!(moved.chosen(), reopener.chosen());
    assert!(!moved.timing().is_one_clock, "two cards");
    let idle = device.idle(&Lost::of(&*moved, false));
    assert_eq!(idle.chosen(), Chosen::default());
    for name in ["ONE", "TWO"] {
        strike(&time, &format!("lose {name}"));
    }
    assert_eq!(reopener.chosen(), Chosen::default());
    let error = reopener.open(request).map(drop).expect_err("nothing there");
    assert_eq!(error.kind, FaultKind::NotFound);
}

#[test]
fn the_best_of_an_order_of_preference_counts_and_only_what_is_there() {
    let (time, [out, input, other_out, other_input]) = machine();
    let wish = Wish::new(Use::Shared);
    let order = Some(Choice::Preferred(vec![other_out, out]));
    let device = VirtualDevice::choosing(Arc::clone(&time), order, None, wish.clone());
    let mut reopener = device.reopener();
    assert_eq!(reopener.chosen(), ids(Some(other_out), None));
    strike(&time, "lose TWO OUT");
    assert_eq!(reopener.chosen(), ids(Some(out), None));
    strike(&time, "back TWO OUT");
    assert_eq!(reopener.chosen(), ids(Some(other_out), None));

    let one = VirtualDevice::with_sides(Arc::clone(&time), Some(out), Some(input), wish);
    let mut reopener = one.reopener();
    strike(&time, "lose ONE OUT");
    assert_eq!(reopener.chosen(), ids(None, Some(input)));
    strike(&time, "service gone");
    assert_eq!(reopener.chosen(), Chosen::default());
    strike(&time, "service back");
    assert_eq!(reopener.chosen(), ids(None, Some(input)));
    assert_ne!(input, other_input);
}
