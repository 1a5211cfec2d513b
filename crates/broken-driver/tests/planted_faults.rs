//! Every planted fault is noticed by the checks that should, and by no other.

use std::collections::BTreeMap;
use std::process::Command;
use std::thread;

use broken_driver::Fault;

/// What the validator says of a driver, by check.
type Outcomes = BTreeMap<String, (String, String)>;

fn validate(fault: Fault, arguments: &[&str]) -> (Outcomes, serde_json::Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_validate-broken"))
        .arg(fault.name())
        .args(arguments)
        .output()
        .expect("the validator runs");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(output.status.success(), json["good"] == true, "{json}");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let checks = json["checks"].as_array().expect("a list");
    let outcomes = checks
        .iter()
        .map(|check| {
            let found = (text(&check["outcome"]), text(&check["text"]));
            (text(&check["id"]), found)
        })
        .collect();
    (outcomes, json)
}

/// What is wrong with what was noticed; empty if nothing is.
fn judge(fault: Fault) -> Vec<String> {
    // Far beyond what any check needs, but for the one whose end is the limit.
    let limit = if fault == Fault::HangsInStop {
        "15"
    } else {
        "90"
    };
    let (outcomes, _) = validate(fault, &["--quick", "--timeout", limit]);
    let mut wrong = Vec::new();
    if outcomes.len() != validator::CHECKS.len() {
        wrong.push(format!("{}: {} checks ran", fault.name(), outcomes.len()));
    }
    for (check, (outcome, text)) in outcomes {
        let expected = fault.noticed_by().iter().find(|(id, _)| *id == check);
        let expected = expected.map_or("passed", |(_, outcome)| *outcome);
        if outcome != expected {
            let name = fault.name();
            wrong.push(format!(
                "{name}, {check}: {outcome} instead of {expected}: {text}"
            ));
        }
    }
    wrong
}

#[test]
fn each_fault_is_noticed_by_the_checks_that_should_and_by_no_other() {
    let judges = Fault::ALL.map(|fault| thread::spawn(move || judge(fault)));
    let wrong: Vec<String> = judges
        .into_iter()
        .flat_map(|judge| judge.join().expect("no panic"))
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_crash_and_a_hang_are_told_with_their_place() {
    let (crash, _) = validate(Fault::NullCrash, &["--quick", "--check", "null-pointers"]);
    let (outcome, text) = &crash["null-pointers"];
    assert_eq!(outcome, "crashed");
    assert!(
        text.contains("while passing null pointers to a driver"),
        "{text}"
    );
    let arguments = ["--quick", "--check", "from-callback", "--timeout", "3"];
    let (hang, _) = validate(Fault::HangsInStop, &arguments);
    let (outcome, text) = &hang["from-callback"];
    assert_eq!(outcome, "crashed");
    let expected = "did not end within 3 s while stopping inside bufferSwitch, round 1";
    assert_eq!(text, expected);
}

#[test]
fn a_seed_repeats_a_random_run() {
    let arguments = ["--quick", "--check", "random-calls", "--seed", "11"];
    let texts = [1, 2].map(|_| {
        let (outcomes, json) = validate(Fault::StartsNothing, &arguments);
        assert_eq!(json["seed"], 11);
        outcomes["random-calls"].clone()
    });
    assert_eq!(texts[0].0, "failed");
    assert!(
        texts[0].1.contains("with seed 11: start succeeds"),
        "{}",
        texts[0].1
    );
    assert_eq!(texts[0], texts[1]);
}
