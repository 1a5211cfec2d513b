//! The host plays on while devices come and go, and where its sound goes.

mod support;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use asio::abi::HostMessage;
use simcard::recorder::{Recording, Track};
use simcard::spec::CardSpec;
use simcard::{Use, fault};
use support::moving::{Moving, Signal, Stream, moving};
use support::spectrum::click_dbfs;
use support::{SECOND, scenario};

const USES: [Use; 4] = [
    Use::Shared,
    Use::LowLatency,
    Use::Exclusive,
    Use::ExclusiveTimer,
];

fn card(name: &str) -> CardSpec {
    let mut card = CardSpec::stereo(name);
    card.render.as_mut().expect("it plays").name = format!("{name} OUT");
    card.capture = None;
    card
}

fn play(usage: Use, signal: Signal, script: &str) -> (Moving, Recording) {
    let recording = Recording::default();
    let cards = [card("ONE"), card("TWO")];
    let counting = (signal, Arc::new(AtomicU64::new(0)));
    let machine = moving(
        1,
        &cards,
        Stream::new(usage, 480),
        recording.clone(),
        counting,
    );
    let script = fault::parse_script(script).expect("a script");
    machine
        .time
        .with(|world| world.add_faults(script))
        .expect("its names are known");
    machine.time.run_until(2 * SECOND).expect("nobody is stuck");
    (machine, recording)
}

fn mono(track: &Track) -> Vec<f64> {
    let format = track.format;
    let frames = track.bytes.chunks_exact(format.frame_bytes());
    let sample = |frame: &[u8]| match format.sample {
        engine::format::SampleFormat::Float32 => {
            f64::from(f32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]))
        }
        engine::format::SampleFormat::Int24 => {
            f64::from(i32::from_le_bytes([0, frame[0], frame[1], frame[2]])) / 2_147_483_648.0
        }
        _ => {
            let word = i32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]);
            f64::from(word) / 2_147_483_648.0
        }
    };
    frames.map(sample).collect()
}

/// 997 Hz at -1 dBFS.
fn tone(frame: u64) -> i32 {
    let turns = (frame * 997 % 48_000) as f64 / 48_000.0;
    let level = 10_f64.powf(-1.0 / 20.0) * f64::from(i32::MAX);
    ((turns * std::f64::consts::TAU).sin() * level) as i32
}

#[test]
fn a_default_that_moves_takes_the_sound_along_without_a_click_and_without_a_reset() {
    for usage in USES {
        let (machine, recording) = play(usage, tone, "at 700.3ms default TWO OUT");
        let messages = machine.calls.lock().messages.clone();
        assert!(!messages.contains(&HostMessage::RESET_REQUEST), "{usage:?}");
        let tracks = machine.outs.iter().map(|out| recording.played(*out));
        let [one, two] = &tracks.collect::<Vec<_>>()[..] else {
            panic!("two cards")
        };
        let sound = |track: &Track| {
            let samples = mono(track);
            let is_heard = |sample: &&f64| sample.abs() > 1e-9;
            let first = samples.iter().position(|s| is_heard(&s)).expect("sound");
            let last = samples.iter().rposition(|s| is_heard(&s)).expect("sound");
            (
                track.first_frame + first as u64,
                track.first_frame + last as u64,
            )
        };
        let ((_, end), (begin, last)) = (sound(&one[0]), sound(&two[0]));
        // 50 ms of the clock's frames; a timer's queue of four periods is played out and filled anew.
        let most = match usage {
            Use::ExclusiveTimer => 2_880,
            _ => 2_400,
        };
        assert!(
            begin > end && begin - end < most,
            "{usage:?}: {end} to {begin}"
        );
        assert!(last > 2 * 48_000 - 5_000, "{usage:?}: it goes on");
        for track in [&one[0], &two[0]] {
            // The start of the stream is the host's own step.
            let samples = mono(track);
            let first = samples.iter().position(|s| *s != 0.0).unwrap_or(0);
            let from = if track.first_frame < 24_000 {
                first + 4_800
            } else {
                0
            };
            let click = click_dbfs(&samples[from..], 48_000.0, 997.0);
            println!("{usage:?}: {click:.1} dBFS");
            assert!(click <= -60.0, "{usage:?}: {click} dBFS");
        }
        assert!(machine.end(), "{usage:?}: nothing is left");
    }
}

#[test]
fn a_tone_that_is_cut_is_a_click() {
    let mut cut: Vec<f64> = (0..9_600)
        .map(|n| f64::from(tone(n)) / f64::from(i32::MAX))
        .collect();
    assert!(click_dbfs(&cut, 48_000.0, 997.0) < -80.0);
    cut[5_010..].fill(0.0);
    assert!(click_dbfs(&cut, 48_000.0, 997.0) > -40.0);
}

#[test]
fn a_host_never_notices_that_devices_come_and_go() {
    let mut faults = 0;
    for seed in 1..=16 {
        let outcome = scenario::run(seed, 60);
        println!("{seed}: {outcome:?}");
        assert!(outcome.wrong.is_empty(), "{}", outcome.wrong.join("\n"));
        assert_eq!(outcome.repeated, 0, "seed {seed}");
        faults += outcome.faults;
    }
    assert!(faults > 80, "{faults}");
}
