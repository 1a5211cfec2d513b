//! What is played: no frame lost, none invented, in every mode.

#[path = "support/model.rs"]
mod model;

use engine::format::SampleFormat;
use model::*;
use simcard::clock::ClockSpec;
use simcard::duration::hns_from_frames;
use simcard::recorder::{Digest, Track};
use simcard::spec::CardSpec;
use simcard::wake::WakeSpec;
use simcard::{Data, Mode, SimError, StreamId, World};

const SECOND: u64 = 1_000_000_000;

/// A card whose clock is off and whose wake-ups come late by up to a tenth of a millisecond.
fn odd_card(rng: &mut simcard::rng::SplitMix64) -> CardSpec {
    CardSpec {
        clock: ClockSpec::with_ppm(between(rng, 0, 2_000) as f64 - 1_000.0),
        wake: WakeSpec::jitter(between(rng, 0, 15_000)),
        ..CardSpec::stereo("CARD")
    }
}

/// The number in the device's buffer of a running stream's first frame.
fn first_frame(world: &World, stream: StreamId, latency_frames: u64) -> u64 {
    let (position, now_ns) = world.position(stream).expect("open");
    let out = world.find("OUT").expect("there");
    world.clock(out).expect("there").frames_at(now_ns) - latency_frames - position
}

#[test]
fn exclusive_streams_with_events_play_each_frame_once() {
    for_seeds(
        "exclusive_streams_with_events_play_each_frame_once",
        40,
        |rng| {
            let mut card = odd_card(rng);
            let render = card.render.as_mut().expect("it plays");
            render.packet_bytes = 1;
            render.min_period_hns = 10_000;
            let sample = pick(rng, &render.formats.clone());
            let rate_hz = pick(rng, &[44_100, 48_000, 96_000]);
            let (mut world, out, _, recording) = machine(rng.next_u64(), &card);
            let format = stereo(sample, rate_hz);
            let period_hns = between(rng, 10_000, 500_000);
            let stream = world
                .open(out, exclusive(period_hns), format)
                .expect("opened");
            let period_frames = world.buffer_frames(stream).expect("open");
            let mut player = Player::new(&mut world, stream, 1, format);
            // The deadline is the end of the period; the wake-up takes 90 µs at most.
            player.work_ns = (period_hns * 100)
                .saturating_sub(95_000)
                .min(u64::from(period_frames) * SECOND / u64::from(rate_hz) - 93_000);
            player.start(&mut world);
            run(&mut world, std::slice::from_mut(&mut player), 2 * SECOND);
            assert_eq!(recording.incidents(), []);
            let tracks = recording.played(out);
            let [
                Track {
                    format: played,
                    bytes,
                    ..
                },
            ] = &tracks[..]
            else {
                panic!("{} tracks", tracks.len())
            };
            assert_eq!(*played, format);
            let frames = (bytes.len() / format.frame_bytes()) as u64;
            assert!(frames > u64::from(rate_hz) * 19 / 10, "{frames}");
            assert!(*bytes == bytes_of(1, sample, 0, frames));
        },
    );
}

#[test]
fn a_ring_without_events_plays_each_frame_once_however_it_is_written() {
    for_seeds(
        "a_ring_without_events_plays_each_frame_once_however_it_is_written",
        40,
        |rng| {
            let (mut world, out, _, recording) = machine(rng.next_u64(), &odd_card(rng));
            let format = stereo(SampleFormat::Int24, 48_000);
            let mode = Mode::Exclusive {
                buffer_hns: 400_000,
                period_hns: 0,
                event: false,
            };
            let stream = world.open(out, mode, format).expect("opened");
            assert_eq!(
                world.set_event(stream),
                Err(SimError::EventHandleNotExpected)
            );
            let size = world.buffer_frames(stream).expect("open");
            let mut written = 0;
            let mut free = size;
            loop {
                world.get_buffer(stream, free).expect("room");
                let to = written + u64::from(free);
                let bytes = bytes_of(2, format.sample, written, to);
                world
                    .release_buffer(stream, Data::Bytes(&bytes))
                    .expect("asked for");
                if written == 0 {
                    world.start(stream).expect("started");
                }
                written = to;
                if world.now_ns() > 2 * SECOND {
                    break;
                }
                // At most 30 ms of the 40 that are in the ring.
                world.advance(world.now_ns() + between(rng, 0, 30_000_000));
                let played = recording.played(out).first().map_or(0, Track::frames);
                let padding = world.padding_frames(stream).expect("open");
                assert_eq!(u64::from(padding), written - played);
                free = size - padding;
            }
            assert_eq!(recording.incidents(), []);
            let track = &recording.played(out)[0];
            assert!(track.bytes == bytes_of(2, format.sample, 0, track.frames()));
        },
    );
}

#[test]
fn the_mixer_adds_up_exactly() {
    for_seeds("the_mixer_adds_up_exactly", 30, |rng| {
        let (mut world, out, _, recording) = machine(rng.next_u64(), &odd_card(rng));
        let latency_frames = u64::from(CardSpec::stereo("").render.expect("plays").latency_frames);
        let mut players = Vec::new();
        for voice in 1..=between(rng, 1, 4) {
            let sample = pick(
                rng,
                &[
                    SampleFormat::Float32,
                    SampleFormat::Int24,
                    SampleFormat::Int32,
                ],
            );
            let format = stereo(sample, 48_000);
            let mode = shared(between(rng, 0, 500_000));
            let stream = world.open(out, mode, format).expect("opened");
            let mut player = Player::new(&mut world, stream, voice, format);
            player.work_ns = 9_000_000;
            player.start(&mut world);
            players.push(player);
            let until = world.now_ns() + between(rng, 0, 50_000_000);
            run(&mut world, &mut players, until);
        }
        let until = world.now_ns() + SECOND / 2;
        run(&mut world, &mut players, until);
        assert_eq!(recording.incidents(), []);
        let voices: Vec<(u64, u64)> = players
            .iter()
            .map(|p| (p.voice, first_frame(&world, p.stream, latency_frames)))
            .collect();
        let tracks = recording.played(out);
        let [track] = &tracks[..] else {
            panic!("{} tracks", tracks.len())
        };
        let frames = track.bytes.chunks_exact(8);
        for (number, frame) in (track.first_frame - latency_frames..).zip(frames) {
            let mut sum = [0.0_f64; 2];
            for &(voice, first) in voices.iter().filter(|(_, first)| *first <= number) {
                for (sum, sample) in sum.iter_mut().zip(sound(voice, number - first)) {
                    *sum += f64::from(sample) / 2_147_483_648.0;
                }
            }
            let expected: Vec<u8> = sum.iter().flat_map(|s| (*s as f32).to_le_bytes()).collect();
            assert_eq!(frame, expected, "frame {number} of {voices:?}");
        }
    });
}

#[test]
fn what_is_too_loud_is_limited_and_what_is_no_number_is_silent() {
    let (mut world, out, _, recording) = machine(1, &CardSpec::stereo("CARD"));
    let format = world.mix_format(out).expect("there");
    let mut streams = Vec::new();
    for left in [0.75_f32, 0.5] {
        let stream = world.open(out, shared(0), format).expect("opened");
        world.set_event(stream).expect("it has events");
        let frame = [left.to_le_bytes(), f32::NAN.to_le_bytes()].concat();
        world.get_buffer(stream, 960).expect("room");
        world
            .release_buffer(stream, Data::Bytes(&frame.repeat(960)))
            .expect("asked for");
        streams.push(stream);
    }
    streams
        .iter()
        .for_each(|s| world.start(*s).expect("started"));
    world.advance(25_000_000);
    let track = &recording.played(out)[0];
    let full = [1.0_f32.to_le_bytes(), 0.0_f32.to_le_bytes()].concat();
    assert_eq!(track.bytes[..8], full);
}

#[test]
fn a_client_that_is_late_is_silent_for_so_long_and_nobody_else_is() {
    let (mut world, out, _, recording) = machine(1, &CardSpec::stereo("CARD"));
    let format = world.mix_format(out).expect("there");
    let streams = [1, 2].map(|voice| {
        let stream = world.open(out, shared(0), format).expect("opened");
        let mut player = Player::new(&mut world, stream, voice, format);
        player.start(&mut world);
        player
    });
    let [mut punctual, late] = streams;
    // Two periods are in its ring; one more passes.
    run(&mut world, std::slice::from_mut(&mut punctual), 29_999_999);
    let stats = world.stats(late.stream).expect("open");
    assert_eq!((stats.underruns, stats.underrun_frames), (1, 480));
    assert_eq!(world.stats(punctual.stream).expect("open").underruns, 0);
    let incidents = recording.incidents();
    assert_eq!(incidents.len(), 1);
    // Mixed at 20 ms, a period ahead of the device.
    assert_eq!(
        (incidents[0].first_frame, incidents[0].frames),
        (3 * 480, 480)
    );
    assert_eq!(incidents[0].stream, late.stream);
}

#[test]
fn how_time_is_cut_changes_nothing() {
    for_seeds("how_time_is_cut_changes_nothing", 10, |rng| {
        let (card, seed) = (odd_card(rng), rng.next_u64());
        let play = |cuts: &mut dyn FnMut() -> u64| {
            let mut world = World::new(seed);
            let [out, _] = world.add_card(&card).expect("a sound card");
            let out = out.expect("it plays");
            let digest = Digest::default();
            world.set_recorder(digest.clone());
            let format = stereo(SampleFormat::Int16, 44_100);
            let stream = world
                .open(out, exclusive(hns_from_frames(448, 44_100)), format)
                .expect("opened");
            let mut player = Player::new(&mut world, stream, 3, format);
            player.work_ns = 2_000_000;
            player.start(&mut world);
            while world.now_ns() < SECOND {
                let until = (world.now_ns() + cuts()).min(SECOND);
                run(&mut world, std::slice::from_mut(&mut player), until);
            }
            (digest.value(), digest.played_frames())
        };
        let whole = play(&mut || SECOND);
        assert_eq!(whole, play(&mut || between(rng, 1, 3_000_000)));
        assert!(whole.1 > 43_000);
    });
}

#[test]
fn stopping_keeps_what_is_queued_and_resetting_forgets_it() {
    for mode in [exclusive(100_000), shared(0)] {
        let mut card = CardSpec::stereo("CARD");
        card.render.as_mut().expect("plays").packet_bytes = 1;
        let (mut world, out, _, recording) = machine(1, &card);
        let format = match mode {
            Mode::Exclusive { .. } => stereo(SampleFormat::Int32, 48_000),
            _ => world.mix_format(out).expect("there"),
        };
        let stream = world.open(out, mode, format).expect("opened");
        let mut player = Player::new(&mut world, stream, 1, format);
        player.start(&mut world);
        assert_eq!(world.start(stream), Err(SimError::NotStopped));
        assert_eq!(world.reset(stream), Err(SimError::NotStopped));
        run(&mut world, std::slice::from_mut(&mut player), 55_000_000);
        assert_eq!(world.stop(stream), Ok(true));
        assert_eq!(world.stop(stream), Ok(false));
        world.advance(200_000_000);
        let position = world.position(stream).expect("open").0;
        assert_eq!(position, world.position(stream).expect("open").0);
        world.start(stream).expect("started again");
        run(&mut world, std::slice::from_mut(&mut player), 303_000_000);
        let mut bytes = Vec::new();
        recording
            .played(out)
            .iter()
            .for_each(|t| bytes.extend_from_slice(&t.bytes));
        let frames = (bytes.len() / 8) as u64;
        assert!(bytes == bytes_of(1, format.sample, 0, frames), "{mode:?}");
        assert_eq!(recording.incidents(), [], "{mode:?}");
        world.stop(stream).expect("open");
        world.reset(stream).expect("stopped");
        assert_eq!(world.padding_frames(stream), Ok(0));
        assert_eq!(world.position(stream).expect("open").0, 0);
        world.close(stream);
        assert_eq!(world.padding_frames(stream), Err(SimError::NotInitialized));
    }
}
