//! Bridges in step: what passes, what is added, what happens where frames are missing.

use super::*;
use crate::client::Plane;

const SIDE: Side = Side {
    rate_hz: 48_000,
    block_frames: 64,
};
const SPEC: BridgeSpec = BridgeSpec {
    channels: 2,
    sample: ClientSample::Int32,
    source: SIDE,
    sink: SIDE,
    clocks: Clocks::Shared,
    quality: Quality::Best,
    target_frames: None,
};

/// A source that pushes numbered frames and a sink, with the time of an exact clock.
struct Pair {
    source: BridgeSource,
    sink: BridgeSink,
    pushed: u64,
    pulled: u64,
}

/// Frame `n` of a channel: no two alike, and none silent.
fn value(channel: usize, n: u64) -> i32 {
    ((n as i32 + 1) << 8) | channel as i32
}

fn at_ns(frame: u64) -> u64 {
    1_000_000 + frame * 1_000_000_000 / 48_000
}

impl Pair {
    fn new(spec: &BridgeSpec) -> Pair {
        let (source, sink) = bridge(spec).expect("it can be");
        Pair {
            source,
            sink,
            pushed: 0,
            pulled: 0,
        }
    }

    fn push(&mut self, frames: usize) -> bool {
        let stamp = Stamp {
            position_frames: self.pushed,
            at_ns: at_ns(self.pushed),
        };
        let numbers = self.pushed..self.pushed + frames as u64;
        let planes = [0, 1].map(|c| numbers.clone().map(|n| value(c, n)).collect::<Vec<i32>>());
        self.pushed += frames as u64;
        self.source.push(frames, stamp, |channel| {
            planes.get(channel).map(|plane| Plane::Int32(plane))
        })
    }

    fn pull(&mut self, frames: usize) -> [Vec<i32>; 2] {
        let stamp = Stamp {
            position_frames: self.pulled,
            at_ns: at_ns(self.pulled),
        };
        self.pulled += frames as u64;
        assert_eq!(self.sink.pull(frames, stamp), frames);
        [0, 1].map(|channel| match self.sink.plane(channel) {
            Plane::Int32(samples) => samples.to_vec(),
            Plane::Float32(_) => panic!("the bridge has integers"),
        })
    }
}

fn numbered(channel: usize, from: u64, frames: u64) -> Vec<i32> {
    (from..from + frames).map(|n| value(channel, n)).collect()
}

#[test]
fn in_step_nothing_is_added_and_nothing_altered() {
    let mut pair = Pair::new(&SPEC);
    for block in 0..1_000 {
        assert!(pair.push(64));
        for (channel, plane) in pair.pull(64).iter().enumerate() {
            assert_eq!(*plane, numbered(channel, block * 64, 64));
        }
    }
    let status = pair.sink.status();
    assert!(status.is_exact && status.is_running);
    assert_eq!((status.underruns, status.overruns), (0, 0));
    assert_eq!(pair.sink.latency_frames(), 0);
}

#[test]
fn a_target_that_was_raised_comes_down_when_it_is_calm() {
    const SECOND: usize = 48_000 / 64;
    let mut pair = Pair::new(&BridgeSpec {
        clocks: Clocks::Apart,
        ..SPEC
    });
    let usual = pair.sink.status().target_frames;
    // What the source pushes comes late by so many blocks.
    let mut run = |blocks: usize, late: usize| {
        for _ in 0..late {
            pair.pull(64);
        }
        for _ in 0..late {
            pair.push(64);
        }
        for _ in 0..blocks {
            pair.push(64);
            pair.pull(64);
        }
        pair.sink.status()
    };
    run(SECOND, 0);
    for _ in 0..7 {
        run(SECOND / 2, 16);
    }
    let raised = run(SECOND / 2, 16);
    assert!(raised.target_frames > usual + 300, "{raised:?}");
    let calm = run(12 * SECOND, 0);
    assert_eq!(calm.target_frames, usual);
    assert!(calm.lead_frames > f64::from(usual) + 50.0, "{calm:?}");
    let settled = run(90 * SECOND, 0);
    let off = settled.lead_frames - f64::from(usual);
    assert!(off.abs() < 4.0, "{settled:?}");
    assert_eq!((settled.underruns, settled.overruns), (8, 0));
}

#[test]
fn how_it_does_is_shown_while_it_lives() {
    let mut pair = Pair::new(&SPEC);
    let view = std::sync::Arc::<BridgeView>::default();
    pair.sink = pair.sink.shown_in(std::sync::Arc::clone(&view));
    assert_eq!(view.status(), None);
    for _ in 0..4 {
        pair.push(64);
        pair.pull(64);
        assert_eq!(view.status(), Some(pair.sink.status()));
    }
    pair.pull(64);
    let starved = view.status().expect("it is shown");
    assert_eq!((starved.underruns, starved.silent_frames > 0), (1, true));
    assert!(!starved.is_running);
    drop(pair);
    assert_eq!(view.status(), None);
}

#[test]
fn a_target_is_silence_first_and_then_each_frame() {
    let spec = BridgeSpec {
        target_frames: Some(100),
        ..SPEC
    };
    let mut pair = Pair::new(&spec);
    let mut heard = Vec::new();
    for _ in 0..10 {
        pair.push(64);
        heard.extend(pair.pull(64)[1].iter().copied());
    }
    let expected = [vec![0; 100], numbered(1, 0, 540)].concat();
    assert_eq!(heard, expected);
    assert_eq!(pair.sink.latency_frames(), 100);
}

#[test]
fn a_starved_sink_fades_and_comes_back_at_the_target() {
    let mut pair = Pair::new(&SPEC);
    for _ in 0..4 {
        pair.push(64);
        pair.pull(64);
    }
    let last = value(0, 255);
    let faded = pair.pull(64)[0].clone();
    assert_eq!(faded[0], last, "the fade begins where sound broke off");
    assert!(faded.is_sorted_by(|a, b| a >= b) && faded[63] < last / 100);
    assert_eq!(pair.pull(64)[0], [0; 64]);
    assert!(!pair.sink.status().is_running);
    // The blocks of that time are lost; the next ones are in step again.
    pair.pushed += 128;
    pair.push(64);
    let back = pair.pull(64)[0].clone();
    assert_eq!(back[0], 0, "the fade begins at silence");
    assert!(
        back.iter()
            .zip(numbered(0, 384, 64))
            .all(|(faded, sound)| *faded <= sound)
    );
    pair.push(64);
    assert_eq!(pair.pull(64)[0], numbered(0, 448, 64));
    let status = pair.sink.status();
    assert_eq!((status.underruns, status.silent_frames), (1, 128));
    assert_eq!((status.overruns, pair.sink.latency_frames()), (0, 0));
}

#[test]
fn what_does_not_fit_is_dropped_and_counted_and_the_target_is_kept() {
    let mut pair = Pair::new(&SPEC);
    pair.push(64);
    pair.pull(64);
    let mut dropped = 0;
    while dropped < 10 {
        dropped += u64::from(!pair.push(64));
    }
    assert_eq!(pair.source.dropped_frames(), 640);
    // The next block is dropped too: the sink makes room only then.
    pair.pulled = pair.pushed;
    for _ in 0..3 {
        pair.push(64);
        pair.pull(64);
    }
    let from = pair.pushed;
    pair.push(64);
    assert_eq!(pair.pull(64)[0], numbered(0, from, 64));
    let status = pair.sink.status();
    assert_eq!((status.overruns, status.dropped_frames), (1, 704));
    assert_eq!(pair.sink.latency_frames(), 0);
}

#[test]
fn a_target_that_is_too_short_is_raised() {
    let spec = BridgeSpec {
        source: Side {
            block_frames: 96,
            ..SIDE
        },
        target_frames: Some(0),
        ..SPEC
    };
    let mut pair = Pair::new(&spec);
    let mut heard = Vec::new();
    while pair.pulled < 64 * 300 {
        while pair.pushed <= pair.pulled {
            pair.push(96);
        }
        heard.extend(pair.pull(64)[0].iter().copied());
    }
    let status = pair.sink.status();
    assert!((1..=64).contains(&status.target_frames), "{status:?}");
    let first = heard
        .iter()
        .position(|sample| *sample != 0)
        .expect("sound came");
    let rest = &heard[heard.len() - 9_600..];
    let from = u64::from(rest[0] as u32 >> 8) - 1;
    assert_eq!(rest, numbered(0, from, 9_600), "from {first} on");
    assert!(status.underruns <= 4);
}

#[test]
fn channels_that_are_not_given_are_silent_and_other_types_are_converted() {
    let spec = BridgeSpec {
        channels: 3,
        sample: ClientSample::Float32,
        ..SPEC
    };
    let (mut source, mut sink) = bridge(&spec).expect("it can be");
    let stamp = Stamp {
        position_frames: 0,
        at_ns: 0,
    };
    let integers = [1 << 30; 64];
    let floats = [f32::NAN.to_bits(), 0x7F80_0001, 1].map(f32::from_bits);
    assert!(source.push(3, stamp, |channel| match channel {
        0 => Some(Plane::Int32(&integers)),
        1 => Some(Plane::Float32(&floats)),
        _ => None,
    }));
    assert_eq!(sink.pull(3, stamp), 3);
    assert_eq!(sink.plane(0), Plane::Float32(&[0.5; 3]));
    let Plane::Float32(same) = sink.plane(1) else {
        panic!("the bridge has floats");
    };
    assert_eq!(
        [0, 1, 2].map(|n| same[n].to_bits()),
        floats.map(f32::to_bits)
    );
    assert_eq!(sink.plane(2), Plane::Float32(&[0.0; 3]));
    assert_eq!(sink.plane(3), Plane::Float32(&[]));
}

/// Some clocks run too fast in their first second, as when a device is plugged in or chosen anew.
#[test]
fn t19_a_source_that_runs_too_fast_at_first_leaves_no_backlog() {
    const SECOND: u64 = 48_000;
    let spec = BridgeSpec {
        clocks: Clocks::Apart,
        ..SPEC
    };
    let mut pair = Pair::new(&spec);
    let mut source_frames = 0.0;
    let mut underruns_when_settled = 0;
    for block in 0..20 * SECOND / 64 {
        let now = block * 64;
        source_frames += if now < SECOND * 6 / 10 { 115.2 } else { 64.0 };
        while pair.pushed + 64 <= source_frames as u64 {
            let stamp = Stamp {
                position_frames: pair.pushed,
                at_ns: at_ns(now),
            };
            let plane: Vec<i32> = (pair.pushed..pair.pushed + 64)
                .map(|n| value(0, n))
                .collect();
            pair.pushed += 64;
            pair.source.push(64, stamp, |_| Some(Plane::Int32(&plane)));
        }
        pair.pull(64);
        if now == 10 * SECOND {
            underruns_when_settled = pair.sink.status().underruns;
        }
    }
    let status = pair.sink.status();
    let target = f64::from(status.target_frames);
    assert!((status.lead_frames - target).abs() <= 64.0, "{status:?}");
    assert!(status.ratio_ppm.abs() < 20.0, "{status:?}");
    assert_eq!(status.underruns, underruns_when_settled, "{status:?}");
}
