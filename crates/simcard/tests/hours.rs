//! Hours in seconds, in constant memory.

#[path = "support/model.rs"]
mod model;

use engine::format::SampleFormat;
use model::{exclusive, machine, stereo};
use simcard::clock::ClockSpec;
use simcard::recorder::Digest;
use simcard::spec::CardSpec;
use simcard::wake::WakeSpec;
use simcard::{Data, World};

#[test]
fn an_hour_of_a_clock_that_is_off_has_the_frames_that_it_should() {
    let hour_ns = 3_600_000_000_000;
    let card = CardSpec {
        clock: ClockSpec::with_ppm(50.0),
        wake: WakeSpec::jitter(200_000),
        ..CardSpec::stereo("CARD")
    };
    let (mut world, out, _, _) = machine(1, &card);
    let digest = Digest::default();
    world.set_recorder(digest.clone());
    let format = stereo(SampleFormat::Int16, 48_000);
    let stream = world.open(out, exclusive(100_000), format).expect("opened");
    world.set_event(stream).expect("it has events");
    let block: Vec<u8> = (0..480 * 4).map(|n| (n * 7) as u8).collect();
    let fill = |world: &mut World| {
        world.get_buffer(stream, 480).expect("room");
        world
            .release_buffer(stream, Data::Bytes(&block))
            .expect("asked for");
    };
    fill(&mut world);
    world.start(stream).expect("started");
    while let Some(next) = world.next_event_ns().filter(|next| *next <= hour_ns) {
        world.advance(next);
        if world.take_signal(stream).is_some() {
            fill(&mut world);
        }
    }
    world.advance(hour_ns);
    assert_eq!(
        digest.played_frames(),
        48_000 * 3_600 + 8_640,
        "50 ppm more"
    );
    assert_eq!(digest.incidents(), 0);
}
