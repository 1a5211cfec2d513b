//! Edits, and what they leave alone.

use proptest::prelude::*;

use super::Document;
use crate::model::{BUILT_IN, Mode};
use crate::read::{KEYS, read};

const TEXT: &str = "\
# My studio.
# It has two devices.

# The usual one.
[profile.Studio] # my favourite
output = \"A\"   # the mixer

# Twice the usual.
block_frames = 960 # ten milliseconds at 96 kHz
mode = \"exclusive\"

[profile.Other]
mode = \"shared\"
";

fn document(text: &str) -> Document {
    Document::parse(text).unwrap()
}

/// The message of an edit that must be refused and change nothing.
fn refused(
    document: &mut Document,
    edit: impl FnOnce(&mut Document) -> Result<(), crate::Error>,
) -> String {
    let before = document.text().to_owned();
    let error = edit(document).unwrap_err();
    assert_eq!(document.text(), before);
    let text = error.to_string();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[test]
fn a_value_changes_and_nothing_else() {
    let mut document = document(TEXT);
    document.set("studio", "block_frames", "480").unwrap();
    document.set("Studio", "output", "Speakers (USB)").unwrap();
    document.set("Studio", "mode", "shared").unwrap();
    let expected = TEXT
        .replace("960", "480")
        .replace("\"A\"", "\"Speakers (USB)\"")
        .replace("exclusive", "shared");
    assert_eq!(document.text(), expected);
    document.set("Studio", "dither", "false").unwrap();
    assert_eq!(
        document.text(),
        expected.replace(
            "mode = \"shared\"\n\n",
            "mode = \"shared\"\ndither = false\n\n"
        )
    );
}

#[test]
fn what_goes_takes_its_own_comment_along_only() {
    let mut document = document(TEXT);
    document.unset("Studio", "block_frames").unwrap();
    let without = "\n# Twice the usual.\nblock_frames = 960 # ten milliseconds at 96 kHz\n";
    assert_eq!(document.text(), TEXT.replace(without, ""));
    document.unset("Studio", "block_frames").unwrap();
    document.remove("Studio").unwrap();
    let expected = "# My studio.\n# It has two devices.\n\n\n[profile.Other]\nmode = \"shared\"\n";
    assert_eq!(document.text(), expected);
    document.remove("Other").unwrap();
    assert_eq!(
        document.text().trim_end(),
        "# My studio.\n# It has two devices."
    );
}

#[test]
fn profiles_are_added_at_the_end() {
    let mut document = document(TEXT);
    let studio = read(TEXT).0.profile("Studio").unwrap().clone();
    document.add("New one", Some(&studio)).unwrap();
    let added = "\n[profile.\"New one\"]\nmode = \"exclusive\"\nblock_frames = 960\n\
                 output = \"A\"\n";
    assert_eq!(document.text(), format!("{TEXT}{added}"));
    document.add("Plain", None).unwrap();
    assert!(document.text().ends_with("\n[profile.Plain]\n"));
    let error = refused(&mut document, |document| document.add("plain", None));
    assert!(
        error.contains("there is a profile \"Plain\" already"),
        "{error}"
    );
    let error = refused(&mut document, |document| document.add("a\\b", None));
    assert!(error.contains("backslash"), "{error}");
    let error = refused(&mut document, |document| {
        document.add(BUILT_IN[0].name, None)
    });
    assert!(error.contains("already"), "{error}");
}

#[test]
fn a_built_in_profile_gets_its_section_when_it_is_changed() {
    let mut document = document("");
    document
        .set("asio2wasapi exclusive", "rate_hz", "96000")
        .unwrap();
    let expected = "[profile.\"ASIO2WASAPI Exclusive\"]\nrate_hz = 96000\n";
    assert_eq!(document.text(), expected);
    document
        .set("ASIO2WASAPI Exclusive", "mode", "auto")
        .unwrap();
    assert_eq!(document.text(), format!("{expected}mode = \"auto\"\n"));
    let profile = read(document.text()).0.profiles[2].clone();
    assert_eq!((profile.mode, profile.rate_hz), (Mode::Auto, Some(96_000)));
    document.remove("ASIO2WASAPI EXCLUSIVE").unwrap();
    assert_eq!(document.text(), "");
    let error = refused(&mut document, |document| {
        document.remove("asio2wasapi exclusive")
    });
    assert!(error.contains("is built in"), "{error}");
}

#[test]
fn values_can_be_written_without_quotes() {
    for (value, shown) in [
        ("Speakers", "\"Speakers\""),
        ("808", "\"808\""),
        ("true", "\"true\""),
        ("'A'", "'A'"),
        ("['A', 'default']", "['A', 'default']"),
        (
            "{ device = 'A', channels = 2 }",
            "{ device = 'A', channels = 2 }",
        ),
        (
            "{0.0.0.00000000}.{b3f8fa53-0004-438e-9003-51a46e139bfc}",
            "\"{0.0.0.00000000}.{b3f8fa53-0004-438e-9003-51a46e139bfc}\"",
        ),
    ] {
        let mut document = document("[profile.A]\n");
        document.set("A", "output", value).unwrap();
        assert_eq!(document.text(), format!("[profile.A]\noutput = {shown}\n"));
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let mut document = document(TEXT);
    for (name, key, value, expected) in [
        (
            "Studoi",
            "mode",
            "auto",
            "there is no profile \"Studoi\"; did you mean \"Studio\"?",
        ),
        (
            "Elsewhere",
            "mode",
            "auto",
            "there is no profile \"Elsewhere\"",
        ),
        (
            "Studio",
            "mod",
            "auto",
            "profile.Studio.mod: there is no such key; did you mean `mode`?",
        ),
        (
            "Studio",
            "x.y",
            "1",
            "there is no such key; the keys are mode, ",
        ),
        (
            "Studio",
            "mode",
            "shard",
            "profile.Studio.mode: \"shard\" is not a mode; did you mean \"shared\"?",
        ),
        (
            "Studio",
            "block_frames",
            "many",
            "a string cannot stand here",
        ),
        ("Studio", "block_frames", "9", "9 is out of range"),
        ("Studio", "output", "[A]", "\"[A]\" is no TOML value"),
        ("Studio", "output", "", "this is no device"),
    ] {
        let error = refused(&mut document, |document| document.set(name, key, value));
        assert!(error.contains(expected), "{error}");
        assert!(
            !error.contains("line "),
            "no place in a text that nobody sees: {error}"
        );
    }
    assert!(Document::parse("[").is_err());
}

#[test]
fn a_faulty_text_can_be_mended() {
    let mut document = document("[profile.A]\nmode = \"shard\"\ndithr = true\n");
    document.set("A", "dither", "false").unwrap();
    document.set("A", "mode", "shared").unwrap();
    let (_, errors) = read(document.text());
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].key, "profile.A.dithr");
}

#[test]
fn every_way_to_write_a_profile_can_be_edited() {
    for text in [
        "profile.A.mode = \"auto\"\n",
        "profile = { A = { mode = \"auto\" } }\n",
        "[profile]\nA = { mode = \"auto\" }\n",
        "[profile]\nA.mode = \"auto\"\n",
        "[profile.A]\nmode = \"auto\"\n[[profile.A.output]]\ndevice = \"x\"\n",
    ] {
        let mut document = document(text);
        document.set("A", "mode", "shared").unwrap();
        document.set("A", "dither", "false").unwrap();
        document.set("A", "output", "default").unwrap();
        let profile = read(document.text()).0.profile("A").unwrap().clone();
        assert_eq!(
            (profile.mode, profile.dither),
            (Mode::Shared, false),
            "{}",
            document.text()
        );
        document.unset("A", "mode").unwrap();
        document.remove("A").unwrap();
        assert_eq!(read(document.text()).0.profile("A"), None);
    }
}

#[test]
fn lines_keep_their_ends() {
    let text = TEXT.replace('\n', "\r\n");
    let mut edited = document(&text);
    edited.set("Studio", "block_frames", "480").unwrap();
    assert_eq!(edited.text(), text.replace("960", "480"));
    edited.add("B", None).unwrap();
    assert_eq!(
        edited.text().matches('\n').count(),
        edited.text().matches("\r\n").count()
    );
}

#[derive(Clone, Debug)]
enum Edit {
    Add(String, bool),
    Set(String, &'static str, String),
    Unset(String, &'static str),
    Remove(String),
}

fn any_edit() -> impl Strategy<Value = Edit> {
    let name = || {
        prop_oneof![
            proptest::sample::select(vec!["A", "a", "B.c", "\"q\"", "ä", "", BUILT_IN[1].name])
                .prop_map(str::to_owned),
            ".{0,6}".prop_map(String::from),
        ]
    };
    let key = || proptest::sample::select(KEYS.map(|(key, _)| key).to_vec());
    let value = prop_oneof![
        proptest::sample::select(vec![
            "auto",
            "480",
            "true",
            "['int16']",
            "['a', 'none']",
            "none",
            "{ device = 'a' }",
            "[{ device = 'a' }, { device = 'b', channels = [2] }]",
            "1 # c",
            "'a'\nx = 1",
            "\"\"\"\na\"\"\"",
            "off",
        ])
        .prop_map(str::to_owned),
        ".{0,9}".prop_map(String::from),
    ];
    prop_oneof![
        (name(), any::<bool>()).prop_map(|(name, like)| Edit::Add(name, like)),
        (name(), key(), value).prop_map(|(name, key, value)| Edit::Set(name, key, value)),
        (name(), key()).prop_map(|(name, key)| Edit::Unset(name, key)),
        name().prop_map(Edit::Remove),
    ]
}

proptest! {
    #[test]
    fn no_sequence_of_edits_spoils_the_text(
        start in 0..4usize,
        edits in proptest::collection::vec(any_edit(), 0..12),
    ) {
        let starts = [
            "",
            TEXT,
            "profile.A.mode = 'auto'\nprofile.'ä' = { dither = true } # c\n",
            "# c\r\n[profile]\r\n# d\r\n\r\n# e\r\nA = {} # f\r\n",
        ];
        let mut document = document(starts[start]);
        for edit in edits {
            let before = document.text().to_owned();
            let done = match &edit {
                Edit::Add(name, like) => {
                    let like = like.then(|| read(&before).0.profiles[1].clone());
                    document.add(name, like.as_ref())
                }
                Edit::Set(name, key, value) => document.set(name, key, value),
                Edit::Unset(name, key) => document.unset(name, key),
                Edit::Remove(name) => document.remove(name),
            };
            match done {
                Ok(()) => prop_assert_eq!(read(document.text()).1, [], "{}", document.text()),
                Err(error) => {
                    prop_assert_eq!(document.text(), &before);
                    prop_assert_eq!(error.to_string().lines().count(), 1);
                }
            }
        }
    }
}

#[test]
fn routes_are_written_and_read_again() {
    let text = "# mine\nlog = 'C:\\x.log'\n\n[router]\nrate_hz = 48000 # fixed\n\n\
                [router.source.Tab]\nkind = \"loopback\"\n\n\
                [router.mix.old]\nroutes = []\n\n[profile.A]\nrate_hz = 44100\n";
    let live = "[router]\nrate_hz = 48000\n\
                [router.source.Tab]\nkind = \"loopback\"\n\
                [router.source.\"da w\"]\nkind = \"client\"\nchannels = 4\n\
                [router.sink.Out]\nkind = \"device\"\ndevice = \"default\"\nmode = \"shared\"\n\
                [router.mix.live]\ngain_db = -3\nmute = true\nroutes = [\n\
                { from = \"Tab\", to = \"Out\", gain_db = -6.5, solo = true },\n\
                { from = \"da w\", to = \"Out\", from_channel = 4, to_channel = 1, invert = true },\n]\n";
    let routing = read(live).0.router;
    let mut document = Document::parse(text).expect("it is TOML");
    document.set_routes(&routing).expect("all is right");
    let (config, errors) = read(document.text());
    assert_eq!(errors, [], "{}", document.text());
    assert_eq!(config.router, routing, "{}", document.text());
    for kept in ["# mine", "48000 # fixed", "[profile.A]"] {
        assert!(document.text().contains(kept), "{}", document.text());
    }
    assert!(!document.text().contains("old"));
    // Once more changes nothing.
    let before = document.text().to_owned();
    document.set_routes(&routing).expect("all is right");
    assert_eq!(document.text(), before);
}
