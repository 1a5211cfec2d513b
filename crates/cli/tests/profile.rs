//! `profile`, with a configuration file of the test's own.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::{env, fs, process};

/// A configuration file that does not exist yet, and goes with its folder.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let folder = format!("asio2wasapi-profile-{}-{name}", process::id());
        Self(env::temp_dir().join(folder).join("config.toml"))
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_asio2wasapi"))
            .arg("profile")
            .args(arguments)
            .env("ASIO2WASAPI_CONFIG", &self.0)
            .output()
            .expect("the program starts")
    }

    /// Standard output of a run that must succeed without a note.
    fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(text(output.stderr), "");
        text(output.stdout)
    }

    /// Standard error of a run that must fail.
    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        text(output.stderr)
    }

    fn file(&self) -> String {
        fs::read_to_string(&self.0).expect("a file")
    }

    fn write(&self, text: &str) {
        fs::create_dir_all(self.0.parent().expect("a folder")).expect("made");
        fs::write(&self.0, text).expect("written");
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Some(folder) = self.0.parent() {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn a_profile_is_made_changed_shown_and_removed() {
    let place = Place::new("life");
    assert_eq!(
        place.done(&["path"]).trim_end(),
        place.0.display().to_string()
    );
    assert!(
        place
            .done(&["check"])
            .contains("the built-in profiles hold")
    );
    assert_eq!(place.done(&["list"]).lines().count(), 5);

    let shared = "ASIO2WASAPI Shared";
    place.done(&["set", shared, "output=Head phones", "block_frames=256"]);
    let said = place.done(&[
        "new",
        "Studio",
        "--like",
        shared,
        "input=none",
        "block_frames=",
    ]);
    assert!(said.contains("register"), "{said}");
    let expected = "[profile.\"ASIO2WASAPI Shared\"]\noutput = \"Head phones\"\n\
                    block_frames = 256\n\n[profile.Studio]\nmode = \"shared\"\n\
                    output = \"Head phones\"\ninput = \"none\"\n";
    assert_eq!(place.file(), expected);
    assert!(
        place
            .done(&["check"])
            .contains("is right; there are 5 profiles")
    );
    assert!(
        place
            .done(&["list"])
            .contains("Studio                   shared")
    );

    let shown = place.done(&["show", "studio"]);
    assert!(
        shown.starts_with("[profile.Studio]\nmode = \"shared\"\n# block_frames: "),
        "{shown}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&place.done(&["show", "Studio", "--json"])).expect("JSON");
    assert_eq!(json["output"][0]["device"][0], "Head phones");
    let json: serde_json::Value =
        serde_json::from_str(&place.done(&["list", "--json"])).expect("JSON");
    assert_eq!(json[1]["clsid"], "{AD7A255D-9D4E-4B4A-8AC8-E813D27F782E}");

    assert!(place.done(&["remove", "studio"]).contains("register"));
    assert_eq!(place.done(&["remove", shared]), "");
    assert_eq!(place.file(), "");
}

#[test]
fn what_cannot_be_changes_nothing() {
    let place = Place::new("refused");
    for (arguments, part) in [
        (
            &["show", "Studio"][..],
            "there is no profile \"Studio\"; `asio2wasapi profile list`",
        ),
        (
            &["show", "asio2wasapi shard"],
            "did you mean \"ASIO2WASAPI Shared\"?",
        ),
        (
            &["set", "ASIO2WASAPI Shared", "mode=shared", "moode=x"],
            "did you mean `mode`?",
        ),
        (
            &["set", "ASIO2WASAPI Shared", "mode=loud"],
            "\"loud\" is not a mode",
        ),
        (&["new", "a\\b"], "backslash"),
        (&["new", "A", "--like", "B"], "there is no profile \"B\""),
        (&["remove", "ASIO2WASAPI Shared"], "is built in"),
    ] {
        let error = place.refused(arguments);
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(error.contains(part), "{error}");
        assert!(!place.0.exists());
    }
}

#[test]
fn a_faulty_file_is_told_and_can_be_mended() {
    let place = Place::new("faulty");
    place.write("# Mine.\n[profile.A]\nmode = \"shard\"\nvolume = 11\n");
    let output = place.run(&["check"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(output.stdout).lines().count(), 2);
    assert!(text(output.stderr).contains("2 things are wrong"));
    let output = place.run(&["check", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(json["errors"][0]["line"], 3);
    assert_eq!(json["errors"][1]["key"], "profile.A.volume");

    let output = place.run(&["set", "A", "mode=shared"]);
    assert!(output.status.success());
    let note = text(output.stderr);
    assert!(
        note.contains("config.toml, line 4, column 1: profile.A.volume"),
        "{note}"
    );
    assert_eq!(
        place.file(),
        "# Mine.\n[profile.A]\nmode = \"shared\"\nvolume = 11\n"
    );

    place.write("[[[");
    let error = place.refused(&["set", "A", "mode=shared"]);
    assert!(
        error.contains("can be mended only by hand: line 1"),
        "{error}"
    );
    assert_eq!(place.file(), "[[[");
}
