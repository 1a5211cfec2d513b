//! The program as a user or a script meets it, on a system without WASAPI.
#![cfg(not(windows))]

use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_asio2wasapi"))
        .args(arguments)
        .output()
        .expect("the program starts")
}

/// The status and the one line on standard error of a run that must fail.
fn failure(arguments: &[&str]) -> (Option<i32>, String) {
    let output = run(arguments);
    let error = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(output.stdout.is_empty());
    (output.status.code(), error)
}

#[test]
fn every_command_has_a_help_text() {
    let help = String::from_utf8(run(&["--help"]).stdout).expect("UTF-8");
    assert!(help.contains("Examples:"), "{help}");
    for command in [
        "devices",
        "drivers",
        "register",
        "unregister",
        "play",
        "profile",
        "doctor",
        "status",
    ] {
        assert!(help.contains(command), "{help}");
        let output = run(&[command, "--help"]);
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(
            text.contains(&format!("Usage: asio2wasapi {command}")),
            "{text}"
        );
    }
}

#[test]
fn wrong_usage_is_status_2() {
    for arguments in [
        &[][..],
        &["fly"],
        &["play"],
        &["play", "a.wav", "--block", "none"],
    ] {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let (status, error) = failure(&["play", "no/such/song.wav"]);
    assert_eq!(status, Some(1));
    assert!(error.contains("no/such/song.wav"), "{error}");
}

#[test]
fn a_file_that_is_no_sound_is_named() {
    let (status, error) = failure(&["play", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]);
    assert_eq!(status, Some(1));
    assert!(
        error.contains("Cargo.toml") && error.contains("WAV"),
        "{error}"
    );
}

#[test]
fn without_windows_there_is_nothing_to_list() {
    for command in ["devices", "drivers", "register", "unregister", "doctor"] {
        let (status, error) = failure(&[command]);
        assert_eq!(status, Some(1));
        assert!(error.contains("Windows"), "{error}");
    }
}
