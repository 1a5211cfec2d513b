//! Hosts that are slow, stall, or do not keep telling that their output is ready.

mod support;

use engine::endpoint::Sides;
use rt::Mutex;
use simcard::Use;
use std::sync::Arc;
use support::cabled::{CABLE_FRAMES, Running, Setting, begin};
use support::{SECOND, values};

const MS: u64 = 1_000_000;
const USES: [Use; 4] = [
    Use::Shared,
    Use::LowLatency,
    Use::Exclusive,
    Use::ExclusiveTimer,
];

/// What is true of the blocks since some instant, in frames.
#[derive(Debug, PartialEq)]
struct Seen {
    /// From each block's time stamp to its output: the least and the most.
    output_frames: (i64, i64),
    /// Without the cable, where the host hears.
    round_trip_frames: Option<i64>,
}

/// Looks at the blocks from `from_ns` on. What was played and heard since then must be without a gap.
fn seen(running: &Running, from_ns: u64) -> Seen {
    let frames_at = |ns: u64| {
        running.time.with(|world| {
            let clock = world.clock(running.out).expect("it is there");
            clock.frames_at(ns + 1) as i64
        })
    };
    let tracks = running.recording.played(running.out);
    let track = tracks.last().expect("something was played");
    let played: Vec<i64> = values(track).iter().map(|f| i64::from(f[0])).collect();
    let start = (frames_at(from_ns) - track.first_frame as i64) as usize;
    let place = track.first_frame as i64 + start as i64 - played[start];
    for (n, value) in (played[start]..).zip(&played[start..]) {
        assert_eq!(*value, n, "a frame was lost after {from_ns} ns");
    }
    let (mut least, mut most) = (i64::MAX, i64::MIN);
    for &(ns, value) in running.notes.blocks.lock().iter() {
        if ns >= from_ns {
            let frames = place + value - frames_at(ns);
            (least, most) = (least.min(frames), most.max(frames));
        }
    }
    let heard = running.heard();
    let round_trip_frames = (!heard.is_empty()).then(|| {
        let start = heard.len() - 24_000;
        let first = i64::from(heard[start]);
        for (n, value) in (first..).zip(&heard[start..]) {
            assert_eq!(i64::from(*value), n, "a frame was not heard");
        }
        start as i64 + 1 - first - i64::from(CABLE_FRAMES)
    });
    Seen {
        output_frames: (least, most),
        round_trip_frames,
    }
}

/// What was reported is what was seen.
fn assert_true(running: &Running, seen: &Seen, case: &str) {
    let (input, output) = running.reported_frames().expect("known");
    let (least, most) = seen.output_frames;
    assert!(
        (output - 1..=output + 1).contains(&least) && (output - 1..=output + 1).contains(&most),
        "{case}: {output} frames reported, {seen:?}"
    );
    if let Some(frames) = seen.round_trip_frames {
        let apart = input + output - frames;
        assert!(
            apart.abs() <= 1,
            "{case}: {input} + {output} reported, {seen:?}"
        );
    }
}

#[test]
fn a_host_that_needs_longer_than_a_period_is_late_at_its_beginning_only_and_is_told_the_truth() {
    for usage in [Use::Shared, Use::LowLatency, Use::ExclusiveTimer] {
        for sides in [Sides::Output, Sides::Both] {
            for (block_frames, work_ms) in [(960, 14), (2_048, 15), (2_048, 30)] {
                // A low-latency buffer has no room for so much.
                if usage == Use::LowLatency && work_ms > 15 {
                    continue;
                }
                let case = format!("{usage:?}, {sides:?}, {block_frames}, {work_ms} ms");
                let setting = Setting {
                    sides,
                    ..Setting::new(usage, block_frames)
                };
                let running = begin(&setting, move || work_ms * MS).expect(&case);
                running.run_until(SECOND).expect(&case);
                let incidents = running.recording.incidents().len();
                running.run_until(6 * SECOND).expect(&case);
                let later = running.recording.incidents().len() - incidents;
                assert_eq!(later, 0, "{case}: it ran dry after a second");
                assert_true(&running, &seen(&running, 2 * SECOND), &case);
            }
        }
    }
}

#[test]
fn after_a_stall_of_30_ms_the_latency_is_what_it_was_and_the_host_was_told() {
    for usage in USES {
        for sides in [Sides::Output, Sides::Both] {
            for block_frames in [64, 480, 1_024] {
                let case = format!("{usage:?}, {sides:?}, {block_frames}");
                let setting = Setting {
                    sides,
                    ..Setting::new(usage, block_frames)
                };
                let stalls = Arc::new(Mutex::new(0));
                let due = Arc::clone(&stalls);
                let works_ns = move || std::mem::take(&mut *due.lock());
                let running = begin(&setting, works_ns).expect(&case);
                running.run_until(2 * SECOND).expect(&case);
                let before = (seen(&running, SECOND), running.reported_frames());
                assert_true(&running, &before.0, &case);
                let told = running.overloads();
                *stalls.lock() = 30 * MS;
                running.run_until(5 * SECOND).expect(&case);
                let after = (seen(&running, 3 * SECOND), running.reported_frames());
                assert_eq!(after, before, "{case}");
                let dry = !running.recording.incidents().is_empty();
                assert_eq!(running.overloads() > told, dry, "{case}");
            }
        }
    }
}
