//! The whole driver, from the ASIO vtable to a device that is driven tick by tick.

#[allow(dead_code)] // The other tests use the rest.
mod support;

use std::sync::mpsc::channel;

use asio::abi::{AsioError, HostMessage};
use asio::host::Error;
use engine::format::ClientSample;
use session::{ChannelMap, Preferences};
use support::host::{
    LEFT, RIGHT, counter, driver_on, driver_with, plays, positions_of, ready_driver,
};
use support::{Faults, PERIOD_FRAMES, device};

fn count_from(first: i32) -> Vec<i32> {
    (first..first + PERIOD_FRAMES as i32).collect()
}

#[test]
fn what_the_host_writes_is_played_in_the_same_wake_up() {
    let (mut driver, bench) = ready_driver();
    let (handler, _) = counter();
    driver
        .create_buffers(&[LEFT, RIGHT], PERIOD_FRAMES, handler)
        .expect("created");
    driver.start().expect("started");
    for n in 0..20 {
        assert_eq!(bench.tick(), count_from(1 + n * PERIOD_FRAMES as i32));
    }
    // All of it is the device's; the driver adds nothing.
    assert_eq!(
        driver.latencies().expect("known").output_frames,
        PERIOD_FRAMES + 7
    );
}

#[test]
fn any_block_size_plays_every_frame_once() {
    for block_frames in [32, 33, 64, 99, 101, 256, 480, 2048] {
        let (mut driver, bench) = ready_driver();
        let (handler, _) = counter();
        driver
            .create_buffers(&[LEFT], block_frames, handler)
            .expect("created");
        driver.start().expect("started");
        for n in 0..50 {
            let played = bench.tick();
            assert_eq!(
                played,
                count_from(1 + n * PERIOD_FRAMES as i32),
                "block {block_frames}"
            );
        }
    }
}

#[test]
fn a_host_without_output_ready_is_one_block_late_and_told_so() {
    let (mut driver, bench) = ready_driver();
    let (mut handler, heard) = counter();
    handler.withholds_output_ready = true;
    driver
        .create_buffers(&[LEFT], PERIOD_FRAMES, handler)
        .expect("created");
    driver.start().expect("started");
    assert_eq!(
        bench.tick(),
        vec![0; PERIOD_FRAMES as usize],
        "the half that nobody filled"
    );
    for n in 0..10 {
        assert_eq!(bench.tick(), count_from(1 + n * PERIOD_FRAMES as i32));
    }
    // It had tried `outputReady` beforehand, so the latencies were thought to be shorter.
    assert!(heard.has(HostMessage::LATENCIES_CHANGED));
    let latency = driver.latencies().expect("known").output_frames;
    assert_eq!(latency, PERIOD_FRAMES + 7 + PERIOD_FRAMES);
}

#[test]
fn position_and_time_are_those_of_the_block() {
    let (mut driver, bench) = ready_driver();
    let (mut handler, _) = counter();
    let positions = positions_of(&mut handler);
    driver
        .create_buffers(&[LEFT], 50, handler)
        .expect("created");
    assert!(driver.sample_position().is_err(), "nothing plays yet");
    driver.start().expect("started");
    bench.tick();
    bench.tick();
    let seen: Vec<_> = positions
        .try_iter()
        .map(|p| (p.frames, p.system_ns))
        .collect();
    // A wake-up every 2 ms; the second block of each is 50 frames of 48 kHz later.
    let later = 50 * 1_000_000_000 / 48_000;
    assert_eq!(
        seen,
        [
            (0, 2_000_000),
            (50, 2_000_000 + later),
            (100, 4_000_000),
            (150, 4_000_000 + later)
        ]
    );
    let position = driver.sample_position().expect("it plays");
    assert_eq!((position.frames, position.system_ns), seen[3]);
    driver.stop().expect("stopped");
    assert!(driver.sample_position().is_err(), "nothing plays any more");
}

#[test]
fn fifty_starts_and_stops() {
    let (mut driver, bench) = ready_driver();
    let (handler, _) = counter();
    driver
        .create_buffers(&[LEFT], PERIOD_FRAMES, handler)
        .expect("created");
    let mut first = 1;
    for _ in 0..50 {
        driver.start().expect("started");
        assert_eq!(bench.tick(), count_from(first));
        assert_eq!(bench.tick(), count_from(first + PERIOD_FRAMES as i32));
        driver.stop().expect("stopped");
        first += 2 * PERIOD_FRAMES as i32;
    }
}

#[test]
fn disposing_closes_the_device_and_releasing_does_too() {
    for by_release in [false, true] {
        let (mut driver, bench) = ready_driver();
        let (handler, _) = counter();
        assert!(!bench.is_open(), "init opens no device");
        driver
            .create_buffers(&[LEFT], 64, handler)
            .expect("created");
        assert!(bench.is_open());
        driver.start().expect("started");
        bench.tick();
        if by_release {
            drop(driver);
        } else {
            driver.dispose_buffers().expect("disposed");
        }
        assert!(!bench.is_open(), "by release: {by_release}");
    }
}

#[test]
fn stop_does_not_wait_for_ever_for_a_callback_that_hangs() {
    let (mut driver, bench) = ready_driver();
    let (mut handler, _) = counter();
    let positions = positions_of(&mut handler);
    let ((begun_sender, begun), (go_on, gate)) = (channel(), channel());
    handler.gate = Some((begun_sender, gate));
    // Two blocks a period: the second must not be asked for after the stop.
    driver
        .create_buffers(&[LEFT], PERIOD_FRAMES / 2, handler)
        .expect("created");
    driver.start().expect("started");
    bench.send_tick(false);
    begun.recv().expect("the callback begins");
    driver
        .stop()
        .expect("stopped, with the callback still in it");
    go_on.send(()).expect("the callback waits");
    assert_eq!(positions.recv().map(|position| position.frames), Ok(0));
    drop(driver);
    assert!(
        positions.recv().is_err(),
        "no block after the stop, and the handler is gone"
    );
}

#[test]
fn a_device_that_ran_dry_is_an_overload_to_the_host() {
    let (mut driver, bench) = ready_driver();
    let heard = plays(&mut driver);
    bench.tick();
    assert!(!heard.has(HostMessage::OVERLOAD));
    bench.tick_with(true);
    bench.tick();
    assert!(heard.has(HostMessage::OVERLOAD));
}

#[test]
fn t37_a_host_plays_on_while_its_device_is_gone_and_when_it_is_back() {
    let (mut driver, mut bench) = ready_driver();
    let (mut handler, heard) = counter();
    let positions = positions_of(&mut handler);
    driver
        .create_buffers(&[LEFT], PERIOD_FRAMES, handler)
        .expect("created");
    driver.start().expect("started");
    bench.tick();
    bench.lose();
    // The host is called in its rhythm.
    let mut last = positions.recv().expect("the block before");
    for _ in 0..20 {
        let next = positions.recv().expect("the next block");
        assert_eq!(next.frames, last.frames + u64::from(PERIOD_FRAMES));
        assert!(next.system_ns >= last.system_ns);
        last = next;
    }
    bench.come_back();
    // The sound rises from silence for 10 ms.
    assert_eq!(bench.tick()[0], 0);
    for _ in 0..4 {
        bench.tick();
    }
    let first = bench.tick();
    assert_eq!(bench.tick()[0], first[0] + PERIOD_FRAMES as i32);
    assert!(first[0] > 20 * PERIOD_FRAMES as i32, "it went on counting");
    assert!(!heard.has(HostMessage::RESET_REQUEST), "it need not know");
    driver.stop().expect("stopped");
    driver.dispose_buffers().expect("disposed");
    bench.expect_closed();
}

#[test]
fn a_stream_without_its_device_stops_starts_and_ends_like_any_other() {
    let (mut driver, bench) = ready_driver();
    driver
        .create_buffers(&[LEFT], PERIOD_FRAMES, counter().0)
        .expect("created");
    driver.start().expect("started");
    bench.lose();
    for _ in 0..3 {
        driver.stop().expect("stopped");
        driver.start().expect("started");
    }
    driver.dispose_buffers().expect("disposed");
    bench.expect_closed();
}

#[test]
fn without_a_device_a_host_runs_and_the_device_joins_when_it_comes() {
    let (device, mut bench) = device(Faults {
        absent: true,
        ..Faults::default()
    });
    let preferences = Preferences {
        sample: Some(ClientSample::Int32),
        ..Preferences::default()
    };
    let mut driver = driver_with(device, preferences);
    driver.init().expect("that there is no device is no error");
    let text = driver.error_message();
    assert!(
        text.contains("There is no device to play to; plug one in."),
        "{text}"
    );
    let counts = driver.channels().expect("known");
    assert_eq!((counts.outputs, counts.inputs), (2, 2));
    let preferred = driver.block_sizes().expect("known").preferred_frames;
    assert_eq!(preferred, 480, "10 ms");
    let (mut handler, heard) = counter();
    let positions = positions_of(&mut handler);
    driver
        .create_buffers(&[LEFT], PERIOD_FRAMES, handler)
        .expect("created");
    driver.start().expect("started");
    for n in 0..10 {
        let position = positions.recv().expect("a block");
        assert_eq!(position.frames, n * u64::from(PERIOD_FRAMES));
    }
    assert!(!heard.has(HostMessage::RESET_REQUEST));
    bench.appear();
    for _ in 0..5 {
        bench.tick();
    }
    let first = bench.tick();
    assert_eq!(bench.tick()[0], first[0] + PERIOD_FRAMES as i32);
    assert!(first[0] > 10 * PERIOD_FRAMES as i32, "it went on counting");
    // It has no inputs, which a host can learn only so.
    heard.wait_for(HostMessage::RESET_REQUEST);
    driver.stop().expect("stopped");
    driver.dispose_buffers().expect("disposed");
    bench.expect_closed();
}

/// The code and the driver's own text of a failed call.
fn call_error(error: Error) -> (AsioError, String) {
    match error {
        Error::Call { code, text, .. } => (code, text),
        other => panic!("not the error of a call: {other}"),
    }
}

#[test]
fn what_fails_explains_itself_and_leaves_nothing_open() {
    let (mut driver, bench) = driver_on(Faults {
        refuses_to_open: true,
        ..Faults::default()
    });
    driver.init().expect("init opens nothing");
    let error = driver
        .create_buffers(&[LEFT], 64, counter().0)
        .expect_err("in use");
    let (code, text) = call_error(error);
    assert_eq!(code, AsioError::NOT_PRESENT);
    assert_eq!(
        text,
        "Fake is in use by another program; close that program."
    );
    assert!(!bench.is_open());

    let (mut driver, bench) = driver_on(Faults {
        refuses_to_start: true,
        ..Faults::default()
    });
    driver.init().expect("init opens nothing");
    driver
        .create_buffers(&[LEFT], 64, counter().0)
        .expect("created");
    let (code, text) = call_error(driver.start().expect_err("does not start"));
    assert_eq!(code, AsioError::HW_MALFUNCTION);
    assert_eq!(text, "Fake does not start; unplug it and plug it in.");
    drop(driver);
    assert!(!bench.is_open());
}

#[test]
fn a_rate_that_the_device_has_is_the_devices_and_another_is_resampled() {
    let (mut driver, _bench) = ready_driver();
    assert_eq!(driver.sample_rate().expect("known"), 48_000.0);
    driver.can_sample_rate(96_000.0).expect("resampled");
    for refused in [4_000.0, 44_100.5, 1e12] {
        let (code, text) = call_error(driver.can_sample_rate(refused).expect_err("refused"));
        assert_eq!(code, AsioError::NO_CLOCK, "{text}");
    }
    driver.set_sample_rate(44_100.0).expect("taken");
    assert_eq!(driver.sample_rate().expect("known"), 44_100.0);
    assert_eq!(
        driver.block_sizes().expect("known").preferred_frames,
        92,
        "100 frames of 48 kHz"
    );
    driver
        .create_buffers(&[LEFT], 64, counter().0)
        .expect("created");
    driver.set_sample_rate(44_100.0).expect("it has that rate");
    let (code, text) = call_error(driver.set_sample_rate(48_000.0).expect_err("it is open"));
    assert_eq!(code, AsioError::INVALID_MODE);
    assert!(text.contains("open at 44100 Hz"), "{text}");
    driver.dispose_buffers().expect("disposed");
    driver.set_sample_rate(48_000.0).expect("taken");
}

#[test]
fn the_user_chooses_channels_their_order_the_block_and_the_sample_type() {
    let preferences = Preferences {
        outputs: ChannelMap::These(vec![1, 0, 7]),
        block_frames: Some(4_096),
        sample: Some(ClientSample::Float32),
        ..Preferences::default()
    };
    let (device, bench) = device(Faults::default());
    let mut driver = driver_with(device, preferences);
    driver.init().expect("ready");
    assert_eq!(driver.channels().expect("known").outputs, 2);
    let first = driver.channel_info(LEFT).expect("known");
    assert_eq!(first.name, "2 Front Right");
    assert_eq!(first.sample_type, asio::abi::SampleType::FLOAT32_LSB);
    let sizes = driver.block_sizes().expect("known");
    assert_eq!((sizes.preferred_frames, sizes.max_frames), (4_096, 4_096));
    driver
        .create_buffers(&[LEFT], 100, counter().0)
        .expect("created");
    driver.start().expect("started");
    // The bench shows the device's first channel, which is the host's second, and silent.
    assert_eq!(bench.tick(), [0; 100]);
}

#[test]
fn channels_have_names_and_know_whether_they_play() {
    let (mut driver, _bench) = ready_driver();
    let counts = driver.channels().expect("known");
    assert_eq!((counts.inputs, counts.outputs), (0, 2));
    driver
        .create_buffers(&[RIGHT], 64, counter().0)
        .expect("created");
    let (left, right) = (driver.channel_info(LEFT), driver.channel_info(RIGHT));
    let (left, right) = (left.expect("known"), right.expect("known"));
    assert_eq!(
        (left.name.as_str(), left.is_active),
        ("1 Front Left", false)
    );
    assert_eq!(
        (right.name.as_str(), right.is_active),
        ("2 Front Right", true)
    );
}
