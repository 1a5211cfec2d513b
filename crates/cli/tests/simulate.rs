//! `simulate` as a user or a script meets it, on any system.

use std::path::PathBuf;
use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_asio2wasapi"))
        .arg("simulate")
        .args(arguments)
        .output()
        .expect("the program starts")
}

fn json(arguments: &[&str]) -> serde_json::Value {
    let output = run(&[arguments, &["--json"]].concat());
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

/// A path for this process only, gone when dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let name = format!("asio2wasapi-{}-{name}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn text(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn every_mode_plays_every_bit_and_measures_what_it_reports() {
    for (mode, block) in [
        ("shared", "480"),
        ("shared", "100"),
        ("low-latency", "128"),
        ("exclusive", "256"),
        ("exclusive", "77"),
        ("exclusive-timer", "512"),
    ] {
        let report = json(&["--mode", mode, "--block", block, "--jitter-us", "300"]);
        assert_eq!(report["played_file_frames"], 240_000, "{report}");
        assert_eq!(report["altered_frames"], 0, "{report}");
        assert_eq!(report["dropouts"], 0, "{report}");
        assert_eq!(report["resampler"], serde_json::Value::Null);
    }
    for mode in ["shared", "low-latency", "exclusive", "exclusive-timer"] {
        let report = json(&["--mode", mode]);
        let reported = report["reported_frames"].as_i64().expect("a number");
        assert_eq!(
            report["measured_frames"],
            serde_json::json!([reported]),
            "{report}"
        );
        let parts = report["latency"].as_object().expect("an object");
        let sum: i64 = parts.values().filter_map(serde_json::Value::as_i64).sum();
        assert_eq!(sum, reported, "{report}");
    }
}

#[test]
fn drift_is_what_was_set_and_a_run_can_be_repeated() {
    let arguments = ["--ppm", "-80", "--jitter-us", "500", "--seed", "9"];
    let report = json(&arguments);
    let drift = report["drift_ppm"].as_f64().expect("a number");
    assert!((drift + 80.0).abs() < 0.01, "{drift}");
    assert_eq!(report, json(&arguments));
}

#[test]
fn what_was_played_and_the_picture_are_written() {
    let (wav, svg) = (Scratch::new("played.wav"), Scratch::new("fill.svg"));
    let late = "at 1s late 4 periods";
    let files = ["--output", wav.text(), "--svg", svg.text(), "--fault", late];
    let report = json(&files);
    assert_eq!(report["dropouts"], 1, "{report}");
    assert_eq!(
        (&report["overloads_told"], &report["altered_frames"]),
        (&1.into(), &0.into())
    );
    // The host keeps its rhythm: what it made meanwhile is no longer than the silence.
    let number = |name: &str| report[name].as_u64().expect("a number");
    assert!(
        (1..=number("dropout_frames")).contains(&number("skipped_frames")),
        "{report}"
    );
    let played = hound::WavReader::open(&wav.0).expect("a WAV file");
    assert_eq!(played.spec().bits_per_sample, 32);
    assert!(played.duration() > 240_000, "{}", played.duration());
    let picture = std::fs::read_to_string(&svg.0).expect("written");
    assert!(picture.contains("no resampler in this path"));
    assert!(picture.contains("#d33"), "the silence is marked");
    // What was played can be played again.
    let again = json(&[wav.text(), "--mode", "exclusive"]);
    assert_eq!(again["altered_frames"], 0, "{again}");
}

#[test]
fn a_device_that_comes_back_is_played_on_and_what_nobody_heard_is_told() {
    let output = run(&["--fault", "at 2s lose", "--fault", "at 3s back"]);
    let text = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}{error}");
    assert!(text.contains("lost and taken again,"), "{text}");
    assert!(text.contains("every bit as it should be"), "{text}");
    assert!(error.contains("of the file's 240000 frames"), "{error}");
    let output = run(&["--json", "--fault", "at 2s lose", "--fault", "at 3s back"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let number = |name: &str| report[name].as_u64().expect("a number");
    // A second, and what it takes to notice and to open.
    assert!(
        (47_000..=52_000).contains(&number("lost_frames")),
        "{report}"
    );
    assert_eq!(
        number("played_file_frames") + number("lost_frames"),
        240_000
    );
    let output = run(&["--fault", "at 2s lose"]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("the device was gone"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[test]
fn what_cannot_be_is_one_sentence() {
    for (arguments, part) in [
        (&["no/such.wav"][..], "cannot play no/such.wav"),
        (&["--fault", "at noon lose"], "does not begin with a time"),
        (
            &["--fault", "at 1s lose ELSEWHERE"],
            "no device named 'ELSEWHERE'",
        ),
        (&["--ppm", "NaN"], "ppm"),
        (&["--ppm", "2000000"], "ppm"),
        (&["--jitter-us", "NaN"], "--jitter-us"),
        (
            &["--mode", "shared", "--period", "64"],
            "--mode low-latency",
        ),
        (&["--block", "7"], "blocks of 32 to 2048 frames, not 7"),
        (
            &["--output", "no/such/folder/x.wav"],
            "cannot write no/such/folder/x.wav",
        ),
        (
            &["--svg", "no/such/folder/x.svg"],
            "cannot write no/such/folder/x.svg",
        ),
        (
            &["--fault", "at 0s refuse open AUDCLNT_E_DEVICE_IN_USE"],
            "AUDCLNT_E_DEVICE_IN_USE",
        ),
    ] {
        let output = run(arguments);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{arguments:?}: {error}");
        assert!(error.contains(part), "{arguments:?}: {error}");
    }
    assert_eq!(run(&["--mode", "sideways"]).status.code(), Some(2));
}
