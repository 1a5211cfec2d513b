//! Whatever is in the folder, reading it never fails otherwise than in a sentence.

mod common;

use std::fs;

use common::Folder;
use proptest::prelude::*;
use record::{Found, Session, State, running, sentence, sessions};

/// Pieces that make files that are nearly right.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let texts = [
        r#"{"at_ms":1,"since_ms":2,"event":"lost","fault":"lost","code":{"number":-1,"name":"E"}}"#,
        r#"{"at_ms":18446744073709551615,"since_ms":18446744073709551615,"event":"ended"}"#,
        r#"{"at_ms":0,"since_ms":0,"event":"missing","underruns":18446744073709551615,"overloads":1}"#,
        r#"{"at_ms":0,"since_ms":9,"event":"opened","output":{"name":"\u001b[2J"},"rate_hz":1}"#,
        r#"{"trimmed":{"entries":18446744073709551615,"totals":{"lost":18446744073709551615}}}"#,
        r#"{"id":"x","now":"running","recent":[{"at_ms":1,"since_ms":1,"event":"started"}]}"#,
        r#"{"event":"#,
        "\n",
        "\n\n{}",
        "[[[[[[[[",
        "\"",
    ];
    let known = prop::sample::select(texts.to_vec()).prop_map(|text| text.as_bytes().to_vec());
    let piece = prop_oneof![known, prop::collection::vec(any::<u8>(), 0..40)];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// Does with what was read what the command line does.
fn show(states: &Found<State>, records: &Found<Session>) {
    for session in &records.items {
        let _ = (session.length_ms(), session.begun_ms(), session.instance());
        for entry in &session.entries {
            assert!(!sentence(&entry.event).contains('\u{1b}'));
            let _ = record::utc(entry.at_ms);
        }
    }
    for entry in states.items.iter().flat_map(|state| &state.recent) {
        assert!(!sentence(&entry.event).contains('\u{1b}'));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_bytes_are_read(record in pieces(), state in pieces(), name in "[a-z0-9.-]{1,12}") {
        let folder = Folder::new("garbage");
        let (lives, records) = (folder.path().join("running"), folder.path().join("sessions"));
        fs::create_dir_all(&lives).unwrap();
        fs::create_dir_all(&records).unwrap();
        fs::write(records.join("1-1-1.jsonl"), &record).unwrap();
        fs::write(records.join(format!("{name}.jsonl")), &state).unwrap();
        fs::create_dir_all(records.join("folder.jsonl")).unwrap();
        fs::write(lives.join("1-1-1.json"), &state).unwrap();
        // One that runs.
        let lock = fs::File::create(lives.join("1-1-1.lock")).unwrap();
        lock.try_lock().unwrap();
        fs::create_dir_all(lives.join("2-2-2.lock")).unwrap();
        let places = folder.places();
        show(&running(&places), &sessions(&places, 10));
        let found = running(&places);
        prop_assert!(found.items.len() + found.problems.len() >= 1);
    }
}

#[cfg(unix)]
#[test]
fn a_folder_of_another_kind_is_told_in_a_sentence() {
    let folder = Folder::new("odd");
    fs::write(folder.path().join("running"), "").unwrap();
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("sessions")).unwrap();
    let places = folder.places();
    assert!(running(&places).problems[0].contains("cannot be read"));
    assert!(sessions(&places, 3).problems[0].contains("cannot be read"));
}
