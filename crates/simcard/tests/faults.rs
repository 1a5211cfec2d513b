//! What faults do, and what they leave alone.

#[path = "support/model.rs"]
mod model;

use engine::format::{SampleFormat, StreamFormat};
use std::sync::Arc;

use model::*;
use rt::Mutex;
use simcard::SimError::*;
use simcard::recorder::{Recorder, Struck};
use simcard::spec::{CardSpec, Flow};
use simcard::{EndpointId, Notice, Result, StreamId, Support, World, fault};

const INT32: StreamFormat = StreamFormat {
    sample: SampleFormat::Int32,
    channels: 2,
    rate_hz: 48_000,
    channel_mask: 3,
};

fn card() -> (World, EndpointId, EndpointId) {
    let (world, out, input, _) = machine(1, &CardSpec::stereo("CARD"));
    (world, out, input)
}

fn strike(world: &mut World, script: &str) {
    let script = fault::parse_script(script).expect("a script");
    world.set_script(script).expect("its names are known");
}

/// Every question and every call for a stream, as far as it may fail.
fn calls(world: &mut World, stream: StreamId) -> [Result<()>; 8] {
    [
        world.set_event(stream),
        world.padding_frames(stream).map(drop),
        world.position(stream).map(drop),
        world.latency_hns(stream).map(drop),
        world.start(stream),
        world.stop(stream).map(drop),
        world.reset(stream),
        world.get_buffer(stream, 0),
    ]
}

#[test]
fn a_lost_device_answers_with_that_until_it_is_opened_again() {
    let (mut world, out, input) = card();
    let mix = world.mix_format(out).expect("there");
    let stream = world.open(out, shared(0), mix).expect("opened");
    let other = world.open(input, shared(0), mix).expect("opened");
    strike(&mut world, "at 1s lose OUT\nat 2s back OUT");
    world.advance(1_000_000_000);
    assert_eq!(calls(&mut world, stream), [Err(DeviceInvalidated); 8]);
    assert_eq!(world.mix_format(out), Err(DeviceInvalidated));
    assert_eq!(world.padding_frames(other), Ok(0), "the ADC is still there");
    assert_eq!(world.default_endpoint(Flow::Render), None);
    world.advance(2_000_000_000);
    assert_eq!(
        calls(&mut world, stream),
        [Err(DeviceInvalidated); 8],
        "the old stream"
    );
    world
        .open(out, exclusive(100_000), INT32)
        .expect("dead streams hold nothing");
    let default = Notice::DefaultChanged;
    let expected = [
        Notice::StateChanged(out, false),
        default(Flow::Render, None),
        Notice::StateChanged(out, true),
        default(Flow::Render, Some(out)),
    ];
    assert_eq!(world.take_notices(), expected);
    assert_eq!(world.take_notices(), []);
}

#[test]
fn without_the_service_nobody_answers() {
    let (mut world, out, _) = card();
    let mix = world.mix_format(out).expect("there");
    let stream = world.open(out, shared(0), mix).expect("opened");
    strike(&mut world, "at 1s service gone\nat 2s service back");
    world.advance(1_000_000_000);
    assert_eq!(calls(&mut world, stream), [Err(ServiceNotRunning); 8]);
    assert_eq!(world.open(out, shared(0), mix), Err(ServiceNotRunning));
    world.advance(2_000_000_000);
    assert_eq!(
        calls(&mut world, stream),
        [Err(ServiceNotRunning); 8],
        "the old stream"
    );
    world.open(out, shared(0), mix).expect("a new one");
}

#[test]
fn another_format_ends_streams_and_defaults_move_without_them() {
    let (mut world, out, _) = card();
    let [second, _] = world
        .add_card(&CardSpec::stereo("SECOND"))
        .expect("a sound card");
    let second = second.expect("plays");
    let mix = world.mix_format(out).expect("there");
    let stream = world.open(out, shared(0), mix).expect("opened");
    let other = world.open(second, shared(0), mix).expect("opened");
    strike(
        &mut world,
        "at 1s default SECOND\nat 2s format 44100 on CARD",
    );
    world.advance(1_000_000_000);
    assert_eq!(world.default_endpoint(Flow::Render), Some(second));
    assert_eq!(
        world.padding_frames(stream),
        Ok(0),
        "streams stay where they are"
    );
    world.advance(2_000_000_000);
    assert_eq!(calls(&mut world, stream), [Err(DeviceInvalidated); 8]);
    assert_eq!(world.mix_format(out).expect("there").rate_hz, 44_100);
    assert_eq!(world.current_engine_period(out), Ok(448));
    assert_eq!(world.device_period_hns(out), Ok((101_587, 30_000)));
    assert_eq!(world.padding_frames(other), Ok(0));
    let next = world.mix_format(out).expect("there");
    world.open(out, shared(0), next).expect("at the new rate");
}

#[test]
fn the_default_is_another_while_the_chosen_one_is_gone() {
    let (mut world, out, _) = card();
    let [second, _] = world
        .add_card(&CardSpec::stereo("SECOND"))
        .expect("a sound card");
    strike(
        &mut world,
        "at 1s lose CARD
         at 2s format 44100 on SECOND
         at 3s back CARD
         at 4s lose SECOND",
    );
    world.advance(1_000_000_000);
    assert_eq!(world.default_endpoint(Flow::Render), second);
    let of_render = |notices: Vec<Notice>| -> Vec<Notice> {
        let render = |id: EndpointId| [Some(out), second].contains(&Some(id));
        let concerns = |notice: &Notice| match *notice {
            Notice::DefaultChanged(flow, _) => flow == Flow::Render,
            Notice::StateChanged(id, _) | Notice::FormatChanged(id) => render(id),
        };
        notices.into_iter().filter(concerns).collect()
    };
    world.advance(4_000_000_000);
    let second_id = second.expect("it plays");
    assert_eq!(
        of_render(world.take_notices()),
        [
            Notice::StateChanged(out, false),
            Notice::DefaultChanged(Flow::Render, second),
            Notice::FormatChanged(second_id),
            Notice::StateChanged(out, true),
            Notice::DefaultChanged(Flow::Render, Some(out)),
            Notice::StateChanged(second_id, false),
        ]
    );
}

/// Keeps what struck, as text.
#[derive(Clone, Default)]
struct Strikes(Arc<Mutex<Vec<(String, u64, u64)>>>);

impl Recorder for Strikes {
    fn struck(&mut self, struck: &Struck<'_>) {
        let line = (struck.fault.to_string(), struck.time_ns, struck.frame);
        self.0.lock().push(line);
    }
}

#[test]
fn the_truth_tells_what_struck_and_in_which_frame_and_faults_can_be_added() {
    let (mut world, ..) = card();
    let strikes = Strikes::default();
    world.set_recorder(strikes.clone());
    strike(&mut world, "at 1s format 44100 on OUT\nat 4s lose");
    let more = fault::parse_script("at 2s late 3 periods on OUT\nat 3s service gone on IN");
    world.add_faults(more.expect("a script")).expect("known");
    world.advance(3_500_000_000);
    let frame =
        |text: &str, seconds: u64, frame: u64| (text.into(), seconds * 1_000_000_000, frame);
    assert_eq!(
        *strikes.0.lock(),
        [
            frame("format 44100", 1, 48_000),
            frame("late 3 periods", 2, 48_000 + 44_100),
            frame("service gone", 3, 48_000 + 2 * 44_100),
            frame("service gone", 3, 3 * 48_000),
        ]
    );
    let nowhere = fault::parse_script("at 9s lose NOWHERE").expect("a script");
    world.add_faults(nowhere).expect_err("no such device");
    world.advance(4_000_000_000);
    assert_eq!(strikes.0.lock().len(), 6, "the script goes on");
}

#[test]
fn refusals_and_lies() {
    let (mut world, out, _) = card();
    strike(
        &mut world,
        "at 1s refuse open AUDCLNT_E_EXCLUSIVE_MODE_NOT_ALLOWED on OUT
         at 2s accept
         at 3s refuse buffer 0x88890018
         at 4s accept
         at 5s lie int32 on OUT
         at 5s lie float32 on IN",
    );
    world.advance(1_000_000_000);
    assert_eq!(
        world.open(out, exclusive(100_000), INT32),
        Err(ExclusiveModeNotAllowed)
    );
    world.advance(2_000_000_000);
    let stream = world
        .open(out, exclusive(100_000), INT32)
        .expect("accepted");
    world.advance(3_000_000_000);
    let odd = Code(0x8889_0018_u32 as i32);
    assert_eq!(world.get_buffer(stream, 480), Err(odd));
    world.advance(4_000_000_000);
    assert_eq!(world.get_buffer(stream, 480), Ok(()));
    world.close(stream);
    world.advance(5_000_000_000);
    assert_eq!(
        world.is_format_supported(out, true, &INT32),
        Ok(Support::Yes)
    );
    assert_eq!(
        world.open(out, exclusive(100_000), INT32),
        Err(UnsupportedFormat),
        "t15"
    );
    let name = fault::parse_script("at 9s lose NOWHERE").expect("a script");
    let error = world.set_script(name).expect_err("no such device");
    assert!(
        error.contains("'NOWHERE'") && error.contains("OUT, IN"),
        "{error}"
    );
}

#[test]
fn bad_time_stamps_are_marked() {
    let (mut world, _, input) = card();
    let mix = world.mix_format(input).expect("there");
    let reader = world.open(input, shared(1_000_000), mix).expect("opened");
    world.set_event(reader).expect("it has events");
    world.start(reader).expect("started");
    strike(
        &mut world,
        "at 15ms timestamps bad on IN\nat 25ms timestamps good on IN",
    );
    world.advance(40_000_000);
    let packets = read_all(&mut world, reader, &mut Vec::new());
    let marks: Vec<bool> = packets
        .iter()
        .map(|packet| packet.timestamp_error)
        .collect();
    assert_eq!(marks, [false, true, false, false]);
}

#[test]
fn what_is_renumbered_is_gone_and_back_at_once_as_another() {
    let (mut world, out, input) = card();
    let mix = world.mix_format(out).expect("there");
    let stream = world.open(out, shared(0), mix).expect("opened");
    strike(&mut world, "at 1s renumber on OUT");
    world.advance(1_000_000_000);
    assert_eq!(world.padding_frames(stream), Err(DeviceInvalidated));
    assert_eq!(
        (world.renumbered(out), world.renumbered(input)),
        (Ok(1), Ok(0))
    );
    assert_eq!(world.default_endpoint(Flow::Render), Some(out));
    world.open(out, shared(0), mix).expect("opened");
}

#[test]
fn a_driver_that_has_slowed_down_wakes_seldom_until_a_stream_is_started_anew() {
    let (mut world, out, _) = card();
    let format = stereo(SampleFormat::Int32, 48_000);
    let stream = world.open(out, exclusive(100_000), format).expect("opened");
    world.set_event(stream).expect("it has events");
    strike(&mut world, "at 1s slow 2.5ms on OUT");
    world.start(stream).expect("started");
    let mut woken = Vec::new();
    let mut wait = |world: &mut World, until_ns| {
        woken.clear();
        while let Some(next_ns) = world.next_event_ns().filter(|next| *next <= until_ns) {
            world.advance(next_ns);
            woken.extend(world.take_signal(stream));
        }
        let intervals: Vec<u64> = woken.windows(2).map(|two| two[1] - two[0]).collect();
        intervals
    };
    let near = |ns: u64| move |interval: &u64| interval.abs_diff(ns) < 10_000;
    assert!(wait(&mut world, 999_000_000).iter().all(near(10_000_000)));
    let slow = wait(&mut world, 2_000_000_000);
    assert!(
        slow.len() > 70 && slow[1..].iter().all(near(12_500_000)),
        "{slow:?}"
    );
    world.stop(stream).expect("stopped");
    world.start(stream).expect("started");
    let after = wait(&mut world, 3_000_000_000);
    assert!(
        after.len() > 90 && after.iter().all(near(10_000_000)),
        "{after:?}"
    );
}
