//! Blocks and periods of all lengths, in virtual time.

use super::*;
use crate::client::Plane;
use crate::format::SampleFormat;
use proptest::prelude::*;

/// Counts frames: channel 0 plays the frame's number, channel 1 is silent.
struct Counter {
    block: Vec<i32>,
    times: Vec<BlockTime>,
}

impl Counter {
    fn new(block_frames: usize) -> Self {
        Self {
            block: vec![0; block_frames],
            times: Vec::new(),
        }
    }
}

impl Client for Counter {
    fn block_frames(&self) -> u32 {
        self.block.len() as u32
    }
    fn input(&mut self, _channel: usize, _samples: Plane<'_>) {}
    fn hears(&self, _channel: usize) -> bool {
        false
    }
    fn process(&mut self, time: BlockTime) {
        for (n, sample) in (time.frame as i32..).zip(&mut self.block) {
            *sample = n;
        }
        self.times.push(time);
    }
    fn output(&self, channel: usize) -> Option<Plane<'_>> {
        (channel == 0).then_some(Plane::Int32(&self.block))
    }
}

const FORMAT: StreamFormat = StreamFormat {
    sample: SampleFormat::Int32,
    channels: 2,
    rate_hz: 48_000,
    channel_mask: 0,
};

const WHOLE: EndpointTiming = EndpointTiming {
    period_frames: 480,
    buffer_frames: 480,
    intake: Intake::Whole,
    queued_frames: 480,
    device_frames: 0,
    input_period_frames: 0,
    input_device_frames: 0,
    is_one_clock: true,
};

fn graph(block_frames: usize, timing: EndpointTiming) -> Graph<Counter> {
    let spec = GraphSpec {
        output: Some(FORMAT),
        input: None,
        timing,
        sample: ClientSample::Int32,
        rate_hz: FORMAT.rate_hz,
        quality: Quality::Best,
        safety_frames: 0,
        dither: true,
    };
    Graph::new(Counter::new(block_frames), &spec).expect("they can be joined")
}

fn whole(block_frames: usize) -> Graph<Counter> {
    graph(block_frames, WHOLE)
}

fn cycle(graph: &mut Graph<Counter>, frames: usize, now_ns: u64) -> Vec<i32> {
    let mut out = vec![0xEE; frames * FORMAT.frame_bytes()];
    let written = graph.due(Due {
        bytes: &mut out,
        queued_frames: 0,
        now_ns,
        busy_ns: 0,
        underrun: false,
    });
    assert_eq!(
        written as usize, frames,
        "a device may want all that it offers"
    );
    let left = out.chunks_exact(8).map(|frame| {
        assert_eq!(
            frame[4..],
            [0; 4],
            "a channel without a client's plane is silent"
        );
        i32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]])
    });
    left.collect()
}

#[test]
fn equal_sizes_make_one_block_a_cycle() {
    let mut graph = whole(480);
    for n in 0..10 {
        let left = cycle(&mut graph, 480, n * 10_000_000);
        assert_eq!(left[0], 480 * n as i32);
        assert_eq!(graph.client().times.len(), n as usize + 1);
    }
}

#[test]
fn blocks_of_one_cycle_are_as_far_apart_in_time_as_in_sound() {
    let mut graph = whole(240);
    cycle(&mut graph, 480, 1_000_000);
    // The next wake-up comes too early: time stands still rather than going back.
    cycle(&mut graph, 480, 2_000_000);
    let times: Vec<_> = graph
        .client()
        .times
        .iter()
        .map(|t| (t.frame, t.now_ns))
        .collect();
    assert_eq!(
        times,
        [
            (0, 1_000_000),
            (240, 6_000_000),
            (480, 6_000_000),
            (720, 7_000_000)
        ]
    );
}

#[test]
fn a_restart_counts_from_zero() {
    let mut graph = whole(64);
    cycle(&mut graph, 100, 0);
    graph.restart(|client| client.times.clear());
    assert_eq!(cycle(&mut graph, 3, 0), [0, 1, 2]);
    assert_eq!(graph.client().times.len(), 1);
}

#[test]
fn position_against_time_is_a_straight_line_whatever_the_block() {
    const PERIOD: u32 = 480;
    for block in [32_usize, 100, 441, 480, 500, 960, 2_048] {
        let timing = EndpointTiming {
            buffer_frames: 5_000,
            intake: Intake::Level { slack_frames: 0 },
            queued_frames: 0,
            ..WHOLE
        };
        let mut graph = graph(block, timing);
        let mut queued_frames = graph.fill().keep_frames();
        for n in 0..200 {
            queued_frames -= PERIOD;
            let mut out = vec![0; (5_000 - queued_frames) as usize * FORMAT.frame_bytes()];
            queued_frames += graph.due(Due {
                bytes: &mut out,
                queued_frames,
                now_ns: n * 10_000_000,
                busy_ns: 0,
                underrun: false,
            });
            assert!(queued_frames >= PERIOD);
        }
        let times = &graph.client().times;
        let first = times[0];
        for time in times {
            let frames_ns = time.frame * 1_000_000 / 48;
            let error = (time.now_ns - first.now_ns).abs_diff(frames_ns);
            assert!(error <= 2, "block {block}: {error} ns off");
        }
    }
}

#[test]
fn a_late_wake_up_does_not_move_the_time_of_a_block() {
    let timing = EndpointTiming {
        buffer_frames: 5_000,
        intake: Intake::Level { slack_frames: 480 },
        queued_frames: 0,
        ..WHOLE
    };
    let mut graph = graph(480, timing);
    let (mut queued_frames, mut last_frames) = (graph.fill().keep_frames(), 0);
    // When each wake-up comes, in frames: the device tells to the frame what it still has.
    for (n, late_frames) in [0, 48, 0, 24, 0].into_iter().enumerate() {
        let now_frames = (n as u32 + 1) * 480 + late_frames;
        queued_frames -= now_frames - last_frames;
        last_frames = now_frames;
        let mut out = vec![0; (5_000 - queued_frames) as usize * FORMAT.frame_bytes()];
        queued_frames += graph.due(Due {
            bytes: &mut out,
            queued_frames,
            now_ns: u64::from(now_frames) * 1_000_000 / 48,
            busy_ns: 0,
            underrun: false,
        });
    }
    let times = graph.client().times.iter().map(|time| time.now_ns);
    let due: Vec<u64> = (1..=5).map(|n| n * 10_000_000).collect();
    assert_eq!(times.collect::<Vec<_>>(), due);
}

proptest! {
    #[test]
    fn no_frame_is_lost_or_repeated(
        block in 1usize..600,
        cycles in prop::collection::vec(0usize..1200, 1..30),
    ) {
        let mut graph = whole(block);
        let mut next = 0;
        for (n, frames) in cycles.into_iter().enumerate() {
            let left = cycle(&mut graph, frames, n as u64 * 10_000_000);
            prop_assert_eq!(left.len(), frames);
            for sample in left {
                prop_assert_eq!(sample, next);
                next += 1;
            }
            // Only what is needed was made.
            let made: usize = graph.client().times.len() * block;
            prop_assert!(made >= next as usize && made < next as usize + block);
        }
        let times = &graph.client().times;
        prop_assert!(times.windows(2).all(|pair| pair[0].now_ns <= pair[1].now_ns));
    }

    #[test]
    fn a_level_is_kept_and_no_frame_lost_in_any_buffer(
        block in 1_usize..2_000,
        period in 1_u32..500,
        extra_buffer in 0_u32..2_000,
        busy_ns in 0_u64..50_000_000,
    ) {
        let buffer_frames = 2 * period + extra_buffer;
        let timing = EndpointTiming {
            period_frames: period,
            buffer_frames,
            intake: Intake::Level { slack_frames: 0 },
            ..WHOLE
        };
        let mut graph = graph(block, timing);
        let (mut queued_frames, mut next) = (graph.fill().keep_frames(), 0);
        for n in 0..100 {
            prop_assert!(queued_frames >= period, "it runs dry");
            queued_frames -= period;
            let mut out = vec![0; (buffer_frames - queued_frames) as usize * 8];
            let now_ns = n * 10_000_000;
            let due = Due { bytes: &mut out, queued_frames, now_ns, busy_ns, underrun: false };
            let written = graph.due(due);
            for frame in out[..written as usize * 8].chunks_exact(8) {
                prop_assert_eq!(i32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]), next);
                next += 1;
            }
            queued_frames += written;
        }
    }
}
