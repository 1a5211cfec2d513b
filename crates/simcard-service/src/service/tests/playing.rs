//! What is played, recorded and told.

use engine::format::{SampleFormat, StreamFormat};

use super::{CONFIG, MS, Rig, STEREO, copy_in, exclusive, floats, shared, write};
use crate::codes::BUFFER_SIZE_NOT_ALIGNED;
use crate::service::System;
use crate::side::{CaptureSide, RenderSide};

#[test]
fn what_is_played_comes_back_over_the_cable_unaltered() {
    let mut rig = Rig::new(CONFIG);
    let out = rig.open(0, shared(true), STEREO).unwrap();
    let input = rig.open(1, shared(true), STEREO).unwrap();
    let (mut writer, mut reader) = (RenderSide::new(out.terms), CaptureSide::new(input.terms));
    let mut next = 0;
    rig.start(input);
    write(
        &mut writer,
        out,
        out.terms.buffer_frames,
        &mut next,
        rig.fake.now_ns(),
    )
    .unwrap();
    rig.start(out);
    let mut heard = Vec::new();
    for _ in 0..1000 {
        rig.run(MS / 2);
        if rig.signalled(out) {
            let free = out.terms.buffer_frames - out.terms.padding_frames(out.block);
            write(&mut writer, out, free, &mut next, rig.fake.now_ns()).unwrap();
        }
        while reader.next_packet_frames(input.block).unwrap() > 0 {
            let packet = reader.get_buffer(input.block).unwrap();
            let bytes = copy_in(packet.data, packet.frames as usize * 8);
            heard.extend(floats(&bytes));
            reader.release_buffer(input.block, packet.frames).unwrap();
        }
    }
    let report = rig.end();
    assert_eq!((report.stalls.count, report.disagreements), (0, 0));
    assert_eq!(report.incidents, []);
    let begin = heard.iter().position(|sample| *sample == 1).unwrap();
    let sound: Vec<u32> = (1..=(heard.len() - begin) as u32).collect();
    assert!(sound.len() > 40_000, "{}", sound.len());
    assert!(heard[begin..] == sound, "sound was lost or altered");
}

#[test]
fn latency_is_told_block_by_block() {
    let mut rig = Rig::new(CONFIG);
    let out = rig.open(0, exclusive(480), STEREO);
    assert_eq!(
        out.err().map(|e| e.0),
        Some(simcard::SimError::UnsupportedFormat.code())
    );
    let format = StreamFormat {
        sample: SampleFormat::Int32,
        ..STEREO
    };
    let out = rig.open(0, exclusive(480), format).unwrap();
    let mut writer = RenderSide::new(out.terms);
    write(&mut writer, out, 480, &mut 0, rig.fake.now_ns()).unwrap();
    rig.start(out);
    for _ in 0..100 {
        rig.run(MS);
        if rig.signalled(out) {
            write(&mut writer, out, 480, &mut 0, rig.fake.now_ns()).unwrap();
        }
    }
    let report = rig.end();
    let stream = &report.streams[0];
    assert_eq!(
        (stream.mode, stream.buffer_frames),
        ("exclusive-event", 480)
    );
    assert_eq!((stream.underruns, report.disagreements), (0, 0));
    for block in &stream.blocks[2..stream.blocks.len() - 2] {
        let latency_frames = block.latency_frames().unwrap();
        // The other buffer plays meanwhile; the converter takes 24 frames; a client that looks each
        // millisecond writes up to 48 frames late.
        assert!(
            (480 + 24 - 49..=480 + 24).contains(&latency_frames),
            "{block:?}"
        );
        let waited_ns = block.released_ns - block.event_ns.unwrap();
        assert!(waited_ns <= MS, "{block:?}");
    }
    let heard = stream
        .blocks
        .iter()
        .filter_map(|block| block.played_at_frame);

    let gaps: Vec<u64> = heard
        .clone()
        .zip(heard.skip(1))
        .map(|(a, b)| b - a)
        .collect();
    assert!(
        gaps.len() > 5 && gaps.iter().all(|gap| *gap == 480),
        "{gaps:?}"
    );
}

#[test]
fn a_stall_of_the_service_is_not_charged_to_the_client() {
    let run = |stall_ns: u64| {
        let mut rig = Rig::new(CONFIG);
        let out = rig.open(0, shared(true), STEREO).unwrap();
        let mut writer = RenderSide::new(out.terms);
        let mut next = 0;
        write(&mut writer, out, 960, &mut next, rig.fake.now_ns()).unwrap();
        rig.start(out);
        for round in 0..100 {
            rig.run(MS);
            if round == 50 {
                rig.fake.now_ns.set(rig.fake.now_ns() + stall_ns);
            }
            if rig.signalled(out) {
                let free = 960 - out.terms.padding_frames(out.block);
                write(&mut writer, out, free, &mut next, rig.fake.now_ns()).unwrap();
            }
        }
        rig.end()
    };
    let stalled = run(200 * MS);
    assert_eq!((stalled.stalls.count, stalled.incidents), (1, vec![]));
    assert!(stalled.stalls.total_ns > 180 * MS);
    let [stop] = &stalled.stops[..] else {
        panic!("one stop is told, not {:?}", stalled.stops);
    };
    assert_eq!(stop.stood_ns, stalled.stalls.total_ns);
    assert!((40 * MS..=60 * MS).contains(&stop.time_ns), "{stop:?}");
    assert_eq!(run(0).stalls.count, 0);
}

/// The whole machine stood still in the middle of a period, longer than the period; the service runs
/// again first.
#[test]
fn a_stall_between_two_events_is_not_charged_either() {
    let mut rig = Rig::new(CONFIG);
    let format = StreamFormat {
        sample: SampleFormat::Int32,
        ..STEREO
    };
    let out = rig.open(0, exclusive(144), format).unwrap();
    let mut writer = RenderSide::new(out.terms);
    let frames = out.terms.buffer_frames;
    write(&mut writer, out, frames, &mut 0, rig.fake.now_ns()).unwrap();
    rig.start(out);
    let mut owed = false;
    for round in 0..200 {
        rig.run(MS / 2);
        owed |= rig.signalled(out);
        if round == 101 {
            rig.fake.now_ns.set(rig.fake.now_ns() + 50 * MS);
            rig.server.pass();
        } else if owed && round != 100 {
            write(&mut writer, out, frames, &mut 0, rig.fake.now_ns()).unwrap();
            owed = false;
        }
    }
    let report = rig.end();
    assert_eq!((report.stalls.count, report.incidents), (1, vec![]));
}

#[test]
fn a_client_that_is_late_hears_of_it() {
    let mut rig = Rig::new(CONFIG);
    let out = rig.open(0, shared(true), STEREO).unwrap();
    let mut writer = RenderSide::new(out.terms);
    write(&mut writer, out, 960, &mut 0, rig.fake.now_ns()).unwrap();
    rig.start(out);
    rig.run(100 * MS);
    let report = rig.end();
    assert_eq!(report.streams[0].underruns, 1);
    assert!(report.incidents[0].underrun);
    assert_eq!(
        report.incidents[0].frames,
        report.streams[0].underrun_frames
    );
}

#[test]
fn a_buffer_that_is_not_aligned_tells_the_size_that_is() {
    let mut rig = Rig::new(CONFIG);
    let format = StreamFormat {
        sample: SampleFormat::Int24,
        ..STEREO
    };
    let refused = rig.open(0, exclusive(480), format).err();
    assert_eq!(refused, Some((BUFFER_SIZE_NOT_ALIGNED, 512)));
}
