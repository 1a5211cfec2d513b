//! What the driver buffers itself, as hosts may ask it (trap T46).

mod support;

use asio::driver::InternalFrames;
use simcard::spec::CardSpec;
use simcard::{Use, Wish};
use support::{CHANNELS, SECOND, counter, rig};

/// What a stream of that block at that rate, in Hz, tells while it plays, and its latency in frames.
fn told(usage: Use, rate_hz: u32, block_frames: u32) -> (InternalFrames, u32) {
    let rig = rig(1, &CardSpec::stereo("CARD"));
    let mut driver = rig.driver(Wish::new(usage));
    driver.set_sample_rate(f64::from(rate_hz)).expect("taken");
    assert_eq!(driver.internal_frames(), None, "nobody knows yet");
    driver
        .create_buffers(&CHANNELS, block_frames, counter().0)
        .expect("created");
    driver.start().expect("started");
    rig.run_until(SECOND / 2);
    let told = driver.internal_frames().expect("known");
    let latency_frames = driver.latencies().expect("known").output_frames;
    driver.stop().expect("stopped");
    driver.dispose_buffers().expect("disposed");
    assert_eq!(driver.internal_frames(), None, "and nobody knows any more");
    (told, latency_frames)
}

#[test]
fn a_block_that_is_the_period_goes_straight_into_the_device() {
    let (told, _) = told(Use::Exclusive, 48_000, 480);
    assert_eq!(told, InternalFrames::default());
}

#[test]
fn what_is_kept_and_what_a_filter_holds_is_told_and_is_part_of_the_latency() {
    let (least, least_latency_frames) = told(Use::Shared, 48_000, 480);
    for block_frames in [64, 100, 1_024] {
        let (told, latency_frames) = told(Use::Shared, 48_000, block_frames);
        assert_eq!(told.input_frames, 0);
        // All that a block adds is kept in the queue.
        assert_eq!(
            told.output_frames - least.output_frames,
            latency_frames - least_latency_frames,
            "{block_frames}"
        );
    }
    let (told, latency_frames) = told(Use::Shared, 44_100, 441);
    assert!(told.output_frames > 0);
    assert!(told.output_frames <= latency_frames);
}
