//! What the system grants and refuses.

#[path = "support/model.rs"]
mod model;

use engine::format::{SampleFormat, StreamFormat};
use model::*;
use simcard::SimError::*;
use simcard::duration::hns_from_frames;
use simcard::spec::CardSpec;
use simcard::{Data, EndpointId, Mode, Support, World};

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

fn low_latency(period_frames: u32) -> Mode {
    Mode::LowLatency {
        period_frames,
        match_format: false,
    }
}

#[test]
fn t1_alignment_is_told_and_taking_it_opens() {
    for_seeds("t1_alignment_is_told_and_taking_it_opens", 200, |rng| {
        let (mut world, out, _) = card();
        let format = StreamFormat {
            sample: pick(
                rng,
                &[
                    SampleFormat::Int16,
                    SampleFormat::Int24,
                    SampleFormat::Int32,
                ],
            ),
            rate_hz: pick(rng, &[44_100, 48_000, 88_200, 96_000, 176_400, 192_000]),
            ..INT32
        };
        let frames = between(rng, 600, 4_000) as u32;
        let asked = exclusive(hns_from_frames(frames, format.rate_hz));
        let whole = |frames: u32| (frames as usize * format.frame_bytes()).is_multiple_of(128);
        match world.open(out, asked, format) {
            Ok(stream) => {
                assert!(whole(frames));
                assert_eq!(world.buffer_frames(stream), Ok(frames));
            }
            Err(BufferSizeNotAligned { aligned_frames }) => {
                assert!(!whole(frames) && whole(aligned_frames));
                assert!(aligned_frames > frames && aligned_frames - frames < 64);
                let again = exclusive(hns_from_frames(aligned_frames, format.rate_hz));
                let stream = world.open(out, again, format).expect("aligned");
                assert_eq!(world.buffer_frames(stream), Ok(aligned_frames));
            }
            Err(error) => panic!("{error}"),
        }
    });
}

#[test]
fn t2_t3_durations_out_of_range_are_refused_as_documented() {
    let (mut world, out, _) = card();
    let mode = |buffer_hns, period_hns, event| Mode::Exclusive {
        buffer_hns,
        period_hns,
        event,
    };
    let mut refusal = |mode| world.open(out, mode, INT32).expect_err("refused");
    assert_eq!(refusal(mode(0, 0, true)), BufferDurationPeriodNotEqual);
    assert_eq!(
        refusal(mode(200_000, 100_000, true)),
        BufferDurationPeriodNotEqual
    );
    assert_eq!(refusal(exclusive(5_000_001)), InvalidDevicePeriod);
    assert_eq!(refusal(mode(20_000_001, 0, false)), BufferSizeError);
    assert_eq!(refusal(shared(u64::MAX)), InvalidArgument);
    // A period that is too short becomes the shortest: 3 ms are 144 frames.
    let stream = world.open(out, exclusive(1), INT32).expect("opened");
    assert_eq!(world.buffer_frames(stream), Ok(144));
}

#[test]
fn a_driver_may_give_streams_without_events_more_than_they_ask_for() {
    let mut card = CardSpec::stereo("CARD");
    card.capture.as_mut().expect("it records").timer_periods = 6;
    let (mut world, out, input, _) = machine(1, &card);
    let mode = |buffer_hns, event| Mode::Exclusive {
        buffer_hns,
        period_hns: 100_000,
        event,
    };
    let mut frames = |endpoint, mode| {
        let stream = world.open(endpoint, mode, INT32).expect("opened");
        let frames = [world.buffer_frames(stream), world.period_frames(stream)];
        world.close(stream);
        frames
    };
    assert_eq!(frames(input, mode(100_000, false)), [Ok(2_880), Ok(480)]);
    assert_eq!(frames(input, mode(900_000, false)), [Ok(4_320), Ok(480)]);
    assert_eq!(frames(input, mode(100_000, true)), [Ok(480), Ok(480)]);
    assert_eq!(frames(out, mode(100_000, false)), [Ok(480), Ok(480)]);
}

#[test]
fn an_exclusive_stream_and_any_other_exclude_each_other() {
    let (mut world, out, input) = card();
    let mix = world.mix_format(out).expect("there");
    let first = world.open(out, exclusive(100_000), INT32).expect("opened");
    assert_eq!(world.open(out, exclusive(100_000), INT32), Err(DeviceInUse));
    assert_eq!(world.open(out, shared(0), mix), Err(DeviceInUse));
    world
        .open(input, shared(0), mix)
        .expect("the ADC is another endpoint");
    world.close(first);
    world.close(first);
    let second = world.open(out, shared(0), mix).expect("it is free again");
    assert_eq!(world.open(out, exclusive(100_000), INT32), Err(DeviceInUse));
    world.open(out, shared(0), mix).expect("shared is for many");
    assert_eq!(world.buffer_frames(second), Ok(960), "t4: two periods");
    assert_eq!(world.buffer_frames(first), Err(NotInitialized));
}

#[test]
fn formats_are_what_the_device_says() {
    let (mut world, out, _) = card();
    let mix = world.mix_format(out).expect("there");
    assert_eq!((mix.sample, mix.rate_hz), (SampleFormat::Float32, 48_000));
    let other = StreamFormat {
        rate_hz: 44_100,
        ..mix
    };
    assert_eq!(
        world.is_format_supported(out, false, &mix),
        Ok(Support::Yes)
    );
    assert_eq!(
        world.is_format_supported(out, false, &INT32),
        Ok(Support::Yes)
    );
    assert_eq!(
        world.is_format_supported(out, false, &other),
        Ok(Support::Closest(mix))
    );
    assert_eq!(world.open(out, shared(0), other), Err(UnsupportedFormat));
    assert_eq!(
        world.is_format_supported(out, true, &INT32),
        Ok(Support::Yes)
    );
    assert_eq!(
        world.is_format_supported(out, true, &mix),
        Err(UnsupportedFormat)
    );
    let odd = StreamFormat {
        rate_hz: 12_345,
        ..INT32
    };
    assert_eq!(
        world.open(out, exclusive(100_000), odd),
        Err(UnsupportedFormat)
    );
}

#[test]
fn t7_the_mixers_period_belongs_to_whoever_asked_first() {
    let (mut world, out, _) = card();
    let mix = world.mix_format(out).expect("there");
    let periods = world.engine_periods(out, &mix).expect("there");
    assert_eq!((periods.min_frames, periods.max_frames), (128, 480));
    for wrong in [0, 112, 136, 496] {
        assert_eq!(
            world.open(out, low_latency(wrong), mix),
            Err(InvalidArgument),
            "{wrong}"
        );
    }
    let ordinary = world.open(out, shared(0), mix).expect("opened");
    let quick = world.open(out, low_latency(160), mix).expect("opened");
    assert_eq!(world.current_engine_period(out), Ok(160));
    assert_eq!(world.period_frames(ordinary), Ok(160), "one period for all");
    assert_eq!(
        world.open(out, low_latency(480), mix),
        Err(EnginePeriodicityLocked)
    );
    let same = world
        .open(out, low_latency(160), mix)
        .expect("the same is no conflict");
    world.close(quick);
    assert_eq!(world.current_engine_period(out), Ok(160));
    world.close(same);
    assert_eq!(world.current_engine_period(out), Ok(480));
    world.open(out, low_latency(480), mix).expect("free again");
}

#[test]
fn t7_the_mixers_format_belongs_to_whoever_is_there() {
    let (mut world, out, _) = card();
    let mix = world.mix_format(out).expect("there");
    let other = StreamFormat {
        rate_hz: 96_000,
        ..mix
    };
    let matching = Mode::LowLatency {
        period_frames: 480,
        match_format: true,
    };
    assert_eq!(
        world.open(out, low_latency(480), other),
        Err(UnsupportedFormat)
    );
    let ordinary = world.open(out, shared(0), mix).expect("opened");
    assert_eq!(world.open(out, matching, other), Err(EngineFormatLocked));
    world.close(ordinary);
    let stream = world
        .open(out, matching, other)
        .expect("nobody else is there");
    assert_eq!(world.clock(out).expect("there").rate_hz(), 96_000);
    assert_eq!(world.open(out, shared(0), mix), Err(UnsupportedFormat));
    world.close(stream);
    world
        .open(out, shared(0), mix)
        .expect("back at its own rate");
}

#[test]
fn a_period_that_changes_under_a_running_stream_costs_nothing() {
    let (mut world, out, _, recording) = machine(1, &CardSpec::stereo("CARD"));
    let mix = world.mix_format(out).expect("there");
    let stream = world.open(out, shared(0), mix).expect("opened");
    let mut players = vec![Player::new(&mut world, stream, 1, mix)];
    players[0].start(&mut world);
    run(&mut world, &mut players, 105_000_000);
    let quick = world.open(out, low_latency(128), mix).expect("opened");
    run(&mut world, &mut players, 205_000_000);
    world.close(quick);
    run(&mut world, &mut players, 305_000_000);
    assert_eq!(recording.incidents(), []);
    let track = &recording.played(out)[0];
    assert!(track.bytes == bytes_of(1, mix.sample, 0, track.frames()));
}

#[test]
fn buffers_go_out_and_come_back_in_order() {
    let (mut world, out, _) = card();
    let stream = world.open(out, exclusive(100_000), INT32).expect("opened");
    assert_eq!(world.start(stream), Err(EventHandleNotSet));
    world.set_event(stream).expect("it has events");
    assert_eq!(
        world.get_buffer(stream, 479),
        Err(BufferSizeError),
        "t2: the whole buffer"
    );
    let bytes = vec![0; 480 * 8];
    assert_eq!(
        world.release_buffer(stream, Data::Bytes(&bytes)),
        Err(OutOfOrder)
    );
    world.get_buffer(stream, 480).expect("room");
    assert_eq!(world.get_buffer(stream, 480), Err(OutOfOrder));
    assert_eq!(world.reset(stream), Err(BufferOperationPending));
    assert_eq!(
        world.release_buffer(stream, Data::Bytes(&bytes[8..])),
        Err(InvalidSize)
    );
    assert_eq!(
        world.release_buffer(stream, Data::Bytes(&bytes[1..])),
        Err(InvalidSize)
    );
    world
        .release_buffer(stream, Data::Bytes(&bytes))
        .expect("the whole");
    assert_eq!(world.padding_frames(stream), Ok(480));
    assert_eq!(world.get_buffer(stream, 480), Err(BufferTooLarge));
    world.start(stream).expect("started");
    world.advance(0);
    assert_eq!(
        world.take_signal(stream),
        Some(0),
        "the second buffer is free at once"
    );
    assert_eq!(world.take_signal(stream), None);
    world.get_buffer(stream, 480).expect("room");
    world
        .release_buffer(stream, Data::Silent(480))
        .expect("silence");
    world.advance(9_999_999);
    assert_eq!(world.take_signal(stream), None);
    world.advance(10_000_000);
    assert_eq!(world.take_signal(stream), Some(10_000_000));
}

#[test]
fn the_latency_told_is_queue_and_way() {
    for (mode, frames) in [
        (exclusive(100_000), 480 + 24),
        // Queued, until the mixer takes it, until the device plays it, the converter.
        (shared(0), 480 + 480 + 480 + 24),
        (low_latency(128), 3 * 128 + 24),
    ] {
        let (mut world, out, _) = card();
        let format = match mode {
            Mode::Exclusive { .. } => INT32,
            _ => world.mix_format(out).expect("there"),
        };
        let stream = world.open(out, mode, format).expect("opened");
        let expected = hns_from_frames(frames, 48_000);
        assert_eq!(world.latency_hns(stream), Ok(expected), "{mode:?}");
    }
}
