//! The whole driver, from the ASIO vtable to what the DAC played.

mod support;

use asio::abi::HostMessage;
use engine::format::SampleFormat;
use simcard::clock::ClockSpec;
use simcard::fault;
use simcard::recorder::Incident;
use simcard::spec::{CardSpec, EndpointSpec};
use simcard::wake::WakeSpec;
use simcard::{Use, Wish};
use support::{CHANNELS, SECOND, beyond_fade, counter, rig, values, wrap24};

const USES: [Use; 4] = [
    Use::Shared,
    Use::LowLatency,
    Use::Exclusive,
    Use::ExclusiveTimer,
];

/// Plays for a second of virtual time; returns the latency that was reported and the one that was
/// measured at each block, in frames.
fn latencies(usage: Use, block_frames: u32, withholds: bool) -> (u32, Vec<i64>) {
    let rig = rig(1, &CardSpec::stereo("CARD"));
    let mut driver = rig.driver(Wish::new(usage));
    let (mut handler, notes) = counter();
    handler.withholds_output_ready = withholds;
    driver
        .create_buffers(&CHANNELS, block_frames, handler)
        .expect("created");
    driver.start().expect("started");
    rig.run_until(SECOND);
    let reported = driver.latencies().expect("known").output_frames;
    driver.stop().expect("stopped");

    let tracks = rig.recording.played(rig.out);
    let [track] = &tracks[..] else {
        panic!("{} tracks", tracks.len());
    };
    let played = values(track);
    let silence = played.iter().take_while(|frame| frame[0] == 0).count();
    for (n, frame) in (1_i64..).zip(&played[silence..]) {
        assert_eq!(
            frame[..],
            [wrap24(n), wrap24(-n)],
            "frame {n} of what was written"
        );
    }
    assert!(played.len() - silence > 40_000, "{}", played.len());
    assert_eq!(rig.recording.incidents(), []);
    assert_eq!(notes.heard(HostMessage::OVERLOAD), 0);

    let first_frame = track.first_frame as i64 + silence as i64;
    let measured = notes.blocks.lock().clone().into_iter().map(|(ns, value)| {
        // The frame under way at the wake-up; block by block, its time is its sound's.
        let woken = rig.time.with(|world| {
            let clock = world.clock(rig.out).expect("there");
            // Times are whole nanoseconds, rounded down: the frame begins within the next.
            clock.frames_at(ns + 1) as i64
        });
        first_frame + (value - 1) - woken
    });
    (reported, measured.collect())
}

#[test]
fn what_the_host_writes_is_played_and_the_latency_told_is_the_latency_measured() {
    for usage in USES {
        for block_frames in [480, 64, 100, 1024, 2048] {
            let (reported, measured) = latencies(usage, block_frames, false);
            let (min, max) = (measured.iter().min(), measured.iter().max());
            println!("{usage:?} {block_frames}: reported {reported}, measured {min:?} to {max:?}");
            assert_eq!(
                (min, max),
                (Some(&i64::from(reported)), max),
                "{usage:?} {block_frames}"
            );
        }
    }
}

#[test]
fn a_host_without_output_ready_is_later_by_the_block_that_is_reported() {
    for usage in USES {
        let (reported, measured) = latencies(usage, 256, true);
        let (reported, at_once) = (i64::from(reported), latencies(usage, 256, false).0);
        assert!(
            measured.iter().all(|frames| *frames == reported),
            "{usage:?}"
        );
        assert_eq!(reported, i64::from(at_once) + 256, "{usage:?}");
    }
}

#[test]
fn every_exclusive_format_gets_what_was_written() {
    for sample in SampleFormat::PREFERENCE {
        let mut card = CardSpec::stereo("CARD");
        if let Some(render) = &mut card.render {
            render.formats = vec![sample];
        }
        let rig = rig(1, &card);
        let mut driver = rig.driver(Wish::new(Use::Exclusive));
        let (mut handler, _) = counter();
        // What fits 16 bits, for the format that has no more.
        let scale = if sample == SampleFormat::Int16 {
            256
        } else {
            1
        };
        handler.scale = scale;
        driver
            .create_buffers(&CHANNELS, 480, handler)
            .expect("created");
        driver.start().expect("started");
        rig.run_until(SECOND / 2);
        driver.stop().expect("stopped");
        let tracks = rig.recording.played(rig.out);
        assert_eq!(tracks[0].format.sample, sample);
        let played = values(&tracks[0]);
        let heard = played.iter().skip_while(|frame| frame[0] == 0);
        let mut count = 0;
        for (n, frame) in (1_i64..).zip(heard) {
            let expected = [wrap24(n * scale), wrap24(-n * scale)];
            assert_eq!(frame[..], expected, "{sample}, frame {n}");
            count = n;
        }
        assert!(count > 20_000, "{sample}: {count}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bits_and_lateness_within_the_deadline_loses_nothing() {
    let run = |seed| {
        let mut card = CardSpec::stereo("CARD");
        card.clock = ClockSpec::with_ppm(-87.0);
        card.wake = WakeSpec {
            fixed_ns: 50_000,
            rms_ns: 400_000,
            ..WakeSpec::default()
        };
        let rig = rig(seed, &card);
        let mut wish = Wish::new(Use::Exclusive);
        wish.work = WakeSpec::jitter(500_000);
        let mut driver = rig.driver(wish);
        let (handler, notes) = counter();
        driver
            .create_buffers(&CHANNELS, 480, handler)
            .expect("created");
        driver.start().expect("started");
        rig.run_until(5 * SECOND);
        driver.stop().expect("stopped");
        assert_eq!(rig.recording.incidents(), []);
        let times: Vec<u64> = notes.blocks.lock().iter().map(|block| block.0).collect();
        (rig.recording.played(rig.out), times)
    };
    let first = run(5);
    assert_eq!(first, run(5));
    assert_ne!(first.1, run(6).1, "another seed wakes at other times");
    assert_eq!(
        first.0,
        run(6).0,
        "but nothing is lost, so the sound is the same"
    );
}

#[test]
fn a_wake_up_that_comes_too_late_is_silence_and_an_overload_and_nothing_more() {
    for usage in USES {
        let rig = rig(1, &CardSpec::stereo("CARD"));
        let script = fault::parse_script("at 500.5ms late 5 periods").expect("a script");
        rig.time
            .with(|world| world.set_script(script))
            .expect("a sound script");
        let mut driver = rig.driver(Wish::new(usage));
        let (handler, notes) = counter();
        driver
            .create_buffers(&CHANNELS, 480, handler)
            .expect("created");
        driver.start().expect("started");
        rig.run_until(SECOND);
        driver.stop().expect("stopped");

        let incidents = rig.recording.incidents();
        let silent: u64 = incidents.iter().map(|incident| incident.frames).sum();
        assert!(silent > 0, "{usage:?}");
        // A device whose events are late is served by what it has played, each time too late.
        let overloads = notes.heard(HostMessage::OVERLOAD);
        assert!((1..=3).contains(&overloads), "{usage:?}: {overloads}");
        // With the silence that was told taken out, what is left is what was written, but for the
        // blocks that the host made in its rhythm while the device gave no sign: no more than the
        // silence is long.
        let track = &rig.recording.played(rig.out)[0];
        let latency = u64::from(EndpointSpec::stereo("OUT").latency_frames);
        let told = |frame: u64| {
            let frame = frame - latency;
            let within = |i: &Incident| (i.first_frame..i.first_frame + i.frames).contains(&frame);
            incidents.iter().any(within)
        };
        let (mut next, mut skipped, mut was_told) = (1, 0, false);
        for (number, frame) in (track.first_frame..).zip(values(track)) {
            if told(number) || (next == 1 && frame[0] == 0) {
                assert_eq!(frame, [0, 0], "{usage:?}, frame {number}");
                was_told = next > 1;
                continue;
            }
            if std::mem::take(&mut was_told) {
                skipped += i64::from(frame[0]) - next;
                next = i64::from(frame[0]);
            }
            assert_eq!(
                frame,
                [wrap24(next), wrap24(-next)],
                "{usage:?}, frame {number}"
            );
            next += 1;
        }
        assert!(
            (0..=silent as i64).contains(&skipped),
            "{usage:?}: {skipped} of {silent}"
        );
        let blocks = notes.blocks.lock().clone();
        // With a timer it is not the device that is late, but this thread.
        let is_own = usage == Use::ExclusiveTimer;
        assert!(
            is_own
                || blocks
                    .windows(2)
                    .all(|pair| pair[1].0 - pair[0].0 <= 20_000_000),
            "{usage:?}: never more than two periods from block to block"
        );
        assert!(next > 40_000, "{usage:?}: {next}");
    }
}

#[test]
fn a_device_that_is_lost_is_played_on_as_soon_as_it_is_back_and_the_host_does_not_notice() {
    for usage in USES {
        let rig = rig(1, &CardSpec::stereo("CARD"));
        let script =
            fault::parse_script("at 500ms lose OUT\nat 1500ms back OUT").expect("a script");
        rig.time
            .with(|world| world.set_script(script))
            .expect("a sound script");
        let mut driver = rig.driver(Wish::new(usage));
        let (handler, notes) = counter();
        driver
            .create_buffers(&CHANNELS, 480, handler)
            .expect("created");
        driver.start().expect("started");
        rig.run_until(3 * SECOND);
        driver.stop().expect("stopped");
        assert_eq!(notes.heard(HostMessage::RESET_REQUEST), 0, "{usage:?}");

        let tracks = rig.recording.played(rig.out);
        let [before, after] = &tracks[..] else {
            panic!("{usage:?}: {} tracks", tracks.len());
        };
        assert_eq!(
            before.first_frame + before.frames(),
            24_000 + 24,
            "to the frame"
        );
        // 50 ms after it is usable there is sound, and none of it was heard before.
        let (silence, sound) = beyond_fade(after);
        let first_frame = after.first_frame + silence;
        assert!(
            first_frame <= 72_000 + 2_400,
            "{usage:?}: frame {first_frame}"
        );
        let played = values(&sound);
        let first = i64::from(played[0][0]);
        let heard = values(before).last().map_or(0, |frame| frame[0]);
        assert!(first > i64::from(heard), "{usage:?}");
        for (n, frame) in (first..).zip(&played) {
            assert_eq!(frame[0], wrap24(n), "{usage:?}");
        }

        // The host's blocks: never a gap of more than two periods.
        let blocks = notes.blocks.lock().clone();
        let frames: Vec<i64> = blocks.iter().map(|(_, first)| *first).collect();
        assert!(frames.windows(2).all(|pair| pair[1] == pair[0] + 480));
        let gaps = blocks
            .windows(2)
            .map(|pair| pair[1].0.checked_sub(pair[0].0));
        assert!(
            gaps.clone()
                .all(|gap| gap.is_some_and(|ns| ns <= 20_000_000)),
            "{usage:?}: {:?}",
            gaps.max()
        );
    }
}
