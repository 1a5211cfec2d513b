//! The engine's bridge on two threads and under the guard. In a program of its own, because it
//! replaces the allocator and counts for the whole process.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use engine::bridge::{
    BridgeSink, BridgeSource, BridgeSpec, Clocks, Side, Stamp, bridge as make_bridge,
};
use engine::client::Plane;
use engine::format::ClientSample;
use engine::resample::Quality;
use rt::guard::{CountingAllocator, counts};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

const BLOCK_FRAMES: u64 = 64;

fn spec(clocks: Clocks, target_frames: Option<u32>) -> BridgeSpec {
    let side = Side {
        rate_hz: 48_000,
        block_frames: BLOCK_FRAMES as u32,
    };
    BridgeSpec {
        channels: 2,
        sample: ClientSample::Int32,
        source: side,
        sink: side,
        clocks,
        quality: Quality::Best,
        target_frames,
    }
}

/// The stamp of a block of a clock that is off by `ppm`.
fn stamp(block: u64, ppm: i64) -> Stamp {
    let frame = block * BLOCK_FRAMES;
    let ns = i128::from(frame) * 1_000_000_000 / 48_000;
    Stamp {
        position_frames: frame,
        at_ns: (ns - ns * i128::from(ppm) / 1_000_000) as u64,
    }
}

fn push(source: &mut BridgeSource, block: u64, ppm: i64) -> bool {
    let first = block * BLOCK_FRAMES;
    let plane: [i32; BLOCK_FRAMES as usize] =
        std::array::from_fn(|n| (first + n as u64) as i32 + 1);
    source.push(plane.len(), stamp(block, ppm), |_| {
        Some(Plane::Int32(&plane))
    })
}

fn pull(sink: &mut BridgeSink, block: u64) -> &[i32] {
    sink.pull(BLOCK_FRAMES as usize, stamp(block, 0));
    match sink.plane(1) {
        Plane::Int32(samples) => samples,
        Plane::Float32(_) => &[],
    }
}

/// In one test, as the guard counts for the whole process.
#[test]
fn nothing_is_allocated_and_two_threads_lose_nothing() {
    for (ppm, stalls) in [(0, false), (500, false), (500, true)] {
        let (mut source, mut sink) = make_bridge(&spec(Clocks::Apart, None)).expect("it can be");
        let mut pushed = 0;
        for block in 0..20_000 {
            let is_stalled = stalls && (5_000..6_000).contains(&block);
            while !is_stalled && stamp(pushed, ppm).at_ns <= stamp(block, 0).at_ns {
                rt::section(|| push(&mut source, pushed, ppm));
                pushed += 1;
            }
            rt::section(|| pull(&mut sink, block).len());
        }
        let status = sink.status();
        assert!(status.is_running, "{status:?}");
        assert_eq!(status.is_exact, ppm == 0, "{status:?}");
        assert!((status.ratio_ppm - ppm as f64).abs() < 20.0, "{status:?}");
        assert_eq!(status.underruns, u64::from(stalls), "{status:?}");
    }
    let counts = counts();
    assert!(counts.sections >= 120_000);
    assert_eq!((counts.allocations, counts.frees, counts.locks), (0, 0, 0));
    on_two_threads();
}

/// The threads run free; each waits only for room or for frames, so every frame must come through.
fn on_two_threads() {
    const BLOCKS: u64 = 20_000;
    let (mut source, mut sink) = make_bridge(&spec(Clocks::Shared, None)).expect("it can be");
    let (pushed, pulled) = (AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            for block in 0..BLOCKS {
                while block >= pulled.load(Ordering::Acquire) + 16 {
                    thread::yield_now();
                }
                assert!(push(&mut source, block, 0));
                pushed.store(block + 1, Ordering::Release);
            }
        });
        for block in 0..BLOCKS {
            while pushed.load(Ordering::Acquire) <= block {
                thread::yield_now();
            }
            let first = (block * BLOCK_FRAMES) as i32 + 1;
            let heard = pull(&mut sink, block);
            assert!(
                heard.iter().copied().eq(first..first + BLOCK_FRAMES as i32),
                "{block}"
            );
            pulled.store(block + 1, Ordering::Release);
        }
    });
    assert_eq!((sink.status().underruns, sink.status().overruns), (0, 0));
}
