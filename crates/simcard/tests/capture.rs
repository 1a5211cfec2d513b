//! What is recorded: cables, packets, loopback.

#[path = "support/model.rs"]
mod model;

use engine::format::SampleFormat;
use model::*;
use simcard::clock::{Clock, ClockSpec};
use simcard::recorder::Track;
use simcard::spec::CardSpec;
use simcard::{Cable, EndpointId, Mode, Packet, StreamId, World};

const SECOND: u64 = 1_000_000_000;
const LATENCY: u64 = 24;

fn straight(from: EndpointId, to: EndpointId, delay_frames: u32) -> Cable {
    Cable {
        from,
        from_channels: vec![0, 1],
        to,
        to_channels: vec![0, 1],
        delay_frames,
    }
}

fn free_card() -> CardSpec {
    let mut card = CardSpec::stereo("CARD");
    for end in [&mut card.render, &mut card.capture] {
        end.as_mut().expect("there").packet_bytes = 1;
    }
    card
}

/// A program that plays through the DAC alone, filled and started.
fn play(world: &mut World, out: EndpointId, sample: SampleFormat) -> Player {
    let format = stereo(sample, 48_000);
    let stream = world.open(out, exclusive(100_000), format).expect("opened");
    let mut player = Player::new(world, stream, 1, format);
    player.start(world);
    player
}

/// Runs until `until_ns`, with a recording program that reads at each of its events.
fn run_reading(
    world: &mut World,
    player: &mut Player,
    reader: StreamId,
    until_ns: u64,
) -> (Vec<Packet>, Vec<u8>) {
    let (mut packets, mut bytes) = (Vec::new(), Vec::new());
    while world.now_ns() < until_ns {
        let next = world.next_event_ns().expect("something runs").min(until_ns);
        run(world, std::slice::from_mut(player), next);
        if world.take_signal(reader).is_some() {
            packets.extend(read_all(world, reader, &mut bytes));
        }
    }
    (packets, bytes)
}

fn frame_of(track: &Track, number: u64) -> Option<&[u8]> {
    let bytes = track.format.frame_bytes();
    let offset = number.checked_sub(track.first_frame)? as usize * bytes;
    track.bytes.get(offset..offset + bytes)
}

#[test]
fn a_cable_on_one_clock_is_exact_to_the_frame_and_the_bit() {
    for_seeds(
        "a_cable_on_one_clock_is_exact_to_the_frame_and_the_bit",
        20,
        |rng| {
            let mut card = free_card();
            card.clock = ClockSpec::with_ppm(between(rng, 0, 400) as f64 - 200.0);
            let (mut world, out, input, recording) = machine(rng.next_u64(), &card);
            let delay = between(rng, 0, 3_000) as u32;
            world.connect(straight(out, input, delay)).expect("it fits");
            let sample = pick(
                rng,
                &[
                    SampleFormat::Int16,
                    SampleFormat::Int24,
                    SampleFormat::Int32,
                ],
            );
            let timer = rng.one_in(2);
            let period_hns = between(rng, 30_000, 200_000);
            let mode = if timer {
                Mode::Exclusive {
                    buffer_hns: 800_000,
                    period_hns,
                    event: false,
                }
            } else {
                exclusive(period_hns)
            };
            let format = stereo(sample, 48_000);
            let reader = world.open(input, mode, format).expect("opened");
            if !timer {
                world.set_event(reader).expect("it has events");
            }
            let mut player = play(&mut world, out, sample);
            run(
                &mut world,
                std::slice::from_mut(&mut player),
                between(rng, 0, 40_000_000),
            );
            world.start(reader).expect("started");
            let (mut packets, mut bytes) = run_reading(&mut world, &mut player, reader, SECOND / 2);
            if timer {
                (packets, bytes) = (Vec::new(), Vec::new());
                for _ in 0..20 {
                    let until = world.now_ns() + 50_000_000;
                    packets.extend(read_all(&mut world, reader, &mut bytes));
                    run(&mut world, std::slice::from_mut(&mut player), until);
                }
                assert!(packets[0].device_position > 0, "what came before is lost");
            }
            let played = &recording.played(out)[0];
            let delivered = &recording.delivered(input)[0];
            for number in delivered.first_frame..delivered.first_frame + delivered.frames() {
                let silence = vec![0; format.frame_bytes()];
                let source = number.checked_sub(u64::from(delay));
                let expected = source.and_then(|n| frame_of(played, n)).unwrap_or(&silence);
                assert_eq!(
                    frame_of(delivered, number),
                    Some(expected),
                    "frame {number}"
                );
            }
            // What the program read is what the ADC delivered, packet after packet.
            let mut position = packets[0].device_position;
            for (n, packet) in packets.iter().enumerate() {
                assert_eq!(packet.device_position, position, "packet {n}");
                assert_eq!(packet.discontinuity, timer && n == 0, "packet {n}");
                position += u64::from(packet.frames);
            }
            let clock = world.clock(input).expect("there");
            let first = clock.frames_at(packets[0].time_ns);
            assert_eq!(clock.time_of_frame(first), packets[0].time_ns);
            let read = frame_of(delivered, first - LATENCY).map(|f| f.as_ptr() as usize);
            let offset = read.map_or(0, |at| at - delivered.bytes.as_ptr() as usize);
            if first >= LATENCY {
                assert!(delivered.bytes[offset..].starts_with(&bytes));
            }
        },
    );
}

#[test]
fn a_cable_between_clocks_holds_the_frame_that_ended_last() {
    for_seeds(
        "a_cable_between_clocks_holds_the_frame_that_ended_last",
        10,
        |rng| {
            let ppm = between(rng, 0, 2_000) as f64 - 1_000.0;
            let mut world = World::new(1);
            let source = free_card();
            let mut target = free_card();
            target.name = "OTHER".into();
            target.clock = ClockSpec::with_ppm(ppm);
            let rate_hz = pick(rng, &[44_100, 48_000, 192_000]);
            let [out, _] = world.add_card(&source).expect("sound");
            let [_, input] = world.add_card(&target).expect("sound");
            let (out, input) = (out.expect("plays"), input.expect("records"));
            let recording = simcard::recorder::Recording::default();
            world.set_recorder(recording.clone());
            world.connect(straight(out, input, 7)).expect("it fits");
            let reader = world
                .open(
                    input,
                    exclusive(50_000),
                    stereo(SampleFormat::Int32, rate_hz),
                )
                .expect("opened");
            world.set_event(reader).expect("it has events");
            let mut player = play(&mut world, out, SampleFormat::Int32);
            world.start(reader).expect("started");
            run_reading(&mut world, &mut player, reader, SECOND);
            let (played, delivered) = (&recording.played(out)[0], &recording.delivered(input)[0]);
            let clock_of = |spec: &ClockSpec, hz| Clock::new(spec, hz).expect("sound");
            let (dac, adc) = (
                clock_of(&source.clock, 48_000),
                clock_of(&target.clock, rate_hz),
            );
            for number in delivered.first_frame..delivered.first_frame + delivered.frames() {
                let ended = dac.frames_at(adc.time_of_frame(number + 1));
                let expected = ended.checked_sub(8).and_then(|n| frame_of(played, n));
                let expected = expected.unwrap_or(&[0; 8]);
                assert_eq!(
                    frame_of(delivered, number),
                    Some(expected),
                    "frame {number}"
                );
            }
        },
    );
}

#[test]
fn cables_that_do_not_fit_are_refused() {
    let (mut world, out, input, _) = machine(1, &CardSpec::stereo("CARD"));
    for cable in [
        straight(input, out, 0),
        Cable {
            from_channels: vec![0, 2],
            ..straight(out, input, 0)
        },
        Cable {
            from_channels: vec![0],
            ..straight(out, input, 0)
        },
        Cable {
            from_channels: vec![],
            to_channels: vec![],
            ..straight(out, input, 0)
        },
    ] {
        let error = world.connect(cable).expect_err("it does not fit");
        assert!(error.contains("does not fit"), "{error}");
    }
    world.connect(straight(out, input, 0)).expect("it fits");
    assert!(
        world.connect(straight(out, input, 0)).is_err(),
        "the sockets are taken"
    );
}

#[test]
fn t11_loopback_hears_what_the_dac_gets_and_nothing_while_nothing_plays() {
    let (mut world, out, input, recording) = machine(1, &CardSpec::stereo("CARD"));
    let format = world.mix_format(out).expect("there");
    assert_eq!(
        world.open(input, LOOPBACK, format),
        Err(simcard::SimError::WrongEndpointType)
    );
    let reader = world.open(out, LOOPBACK, format).expect("opened");
    world.set_event(reader).expect("it has events");
    world.start(reader).expect("started");
    world.advance(200_000_000);
    assert_eq!(world.take_signal(reader), None);
    assert_eq!(world.next_packet_frames(reader), Ok(0));

    let mut players = [1, 2].map(|voice| {
        let stream = world.open(out, shared(0), format).expect("opened");
        let mut player = Player::new(&mut world, stream, voice, format);
        player.start(&mut world);
        player
    });
    let (mut packets, mut bytes) = (Vec::new(), Vec::new());
    while world.now_ns() < SECOND {
        let until = world.now_ns() + 5_000_000;
        run(&mut world, &mut players, until);
        packets.extend(read_all(&mut world, reader, &mut bytes));
    }
    assert_eq!(packets.len(), 81);
    let played = &recording.played(out)[0];
    assert!(bytes.starts_with(&played.bytes), "every bit of the mix");
    assert_eq!(
        packets[0].time_ns, 210_000_000,
        "when the DAC's buffer lets it out"
    );
    players
        .iter()
        .for_each(|p| assert!(world.stop(p.stream).expect("open")));
    read_all(&mut world, reader, &mut bytes);
    world.advance(2 * SECOND);
    assert_eq!(world.next_packet_frames(reader), Ok(0), "nothing plays");
    assert!(
        bytes == recording.played(out)[0].bytes,
        "the DAC plays what it was given"
    );
}

#[test]
fn a_reader_that_is_late_loses_sound_and_is_told() {
    for (mode, oldest_is_lost) in [(shared(0), false), (exclusive(100_000), true)] {
        let (mut world, out, input, _) = machine(1, &free_card());
        world.connect(straight(out, input, 0)).expect("it fits");
        let format = match mode {
            Mode::Shared { .. } => world.mix_format(input).expect("there"),
            _ => stereo(SampleFormat::Int32, 48_000),
        };
        let reader = world.open(input, mode, format).expect("opened");
        world.set_event(reader).expect("it has events");
        world.start(reader).expect("started");
        world.advance(55_000_000);
        let buffer_frames = world.buffer_frames(reader).expect("open");
        assert_eq!(world.padding_frames(reader), Ok(buffer_frames));
        let stats = world.stats(reader).expect("open");
        let kept = u64::from(buffer_frames);
        assert_eq!((stats.overruns, stats.overrun_frames), (1, 5 * 480 - kept));
        let packets = read_all(&mut world, reader, &mut Vec::new());
        let first = if oldest_is_lost { 5 * 480 - kept } else { 0 };
        assert_eq!(packets[0].device_position, first);
        assert_eq!(packets[0].discontinuity, oldest_is_lost);
        world.advance(65_000_000);
        let packets = read_all(&mut world, reader, &mut Vec::new());
        assert_eq!(packets[0].device_position, 5 * 480);
        assert_eq!(packets[0].discontinuity, !oldest_is_lost);
    }
}

#[test]
fn packets_are_given_one_at_a_time_and_again_until_they_are_consumed() {
    use simcard::SimError::{InvalidSize, OutOfOrder, WrongEndpointType};
    let (mut world, out, input, _) = machine(1, &CardSpec::stereo("CARD"));
    let format = world.mix_format(input).expect("there");
    let reader = world.open(input, shared(0), format).expect("opened");
    world.set_event(reader).expect("it has events");
    world.start(reader).expect("started");
    assert_eq!(world.get_packet(reader), Ok(None));
    assert_eq!(world.release_packet(reader, 0), Ok(()));
    assert_eq!(world.release_packet(reader, 480), Err(OutOfOrder));
    world.advance(20_000_000);
    let first = world.get_packet(reader).expect("open").expect("a packet").0;
    assert_eq!(world.get_packet(reader), Err(OutOfOrder));
    assert_eq!(world.release_packet(reader, 479), Err(InvalidSize));
    assert_eq!(world.release_packet(reader, 0), Ok(()), "not read");
    assert_eq!(world.next_packet_frames(reader), Ok(480));
    let again = world.get_packet(reader).expect("open").expect("a packet").0;
    assert_eq!(first, again);
    assert_eq!(world.release_packet(reader, 480), Ok(()));
    assert_eq!(world.padding_frames(reader), Ok(480));
    assert_eq!(world.get_buffer(reader, 1), Err(WrongEndpointType));
    let writer = world.open(out, shared(0), format).expect("opened");
    assert_eq!(world.get_packet(writer), Err(WrongEndpointType));
}
