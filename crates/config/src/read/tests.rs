//! What texts say, and what is said about wrong ones.

use proptest::prelude::*;

use super::read;
use crate::model::{
    Channels, Config, DeviceFormat, DeviceName, HandOver, Member, Mode, Profile, Side,
};
use crate::show::profile_text;

/// The only error of a text, with its place.
fn error(text: &str) -> String {
    let (_, errors) = read(text);
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors[0].to_string()
}

/// The only error of a profile with that line.
fn line_error(line: &str) -> String {
    error(&format!("[profile.A]\n{line}\n"))
}

fn profile(lines: &str) -> Profile {
    let (config, errors) = read(&format!("[profile.A]\n{lines}\n"));
    assert_eq!(errors, []);
    config.profiles[4].clone()
}

fn name(text: &str) -> DeviceName {
    DeviceName::Name(text.to_owned())
}

fn one(device: DeviceName) -> Member {
    Member {
        devices: vec![device],
        or_none: false,
        channels: Channels::All,
    }
}

#[test]
fn an_empty_text_says_nothing() {
    assert_eq!(read(""), (Config::default(), vec![]));
    assert_eq!(
        read("\u{feff}# Only a comment"),
        (Config::default(), vec![])
    );
}

#[test]
fn the_example_is_right_and_shows_every_key() {
    let text = include_str!("../../../../docs/config.example.toml");
    let (config, errors) = read(text);
    assert_eq!(errors, []);
    assert_eq!(config.profiles.len(), 6);
    for (key, _) in super::KEYS {
        assert!(text.contains(key), "{key}");
    }
    assert!(config.log.is_some());
    let studio = config.profile("Studio").unwrap();
    assert_eq!(
        (studio.output.members.len(), studio.input.members.len()),
        (1, 2)
    );
}

#[test]
fn a_log_is_a_whole_path() {
    let (config, errors) = read("log = 'C:\\Users\\me\\a.log'");
    assert_eq!(
        (config.log, errors),
        (Some("C:\\Users\\me\\a.log".into()), vec![])
    );
    for (text, expected) in [
        ("log = 'a.log'", "write the whole path"),
        ("log = ''", "write the whole path"),
        ("log = 'é:'", "write the whole path"),
        ("log = true", "log = "),
    ] {
        let (config, errors) = read(text);
        assert_eq!(config.log, None);
        assert!(errors[0].message.contains(expected), "{errors:?}");
    }
}

#[test]
fn every_key_is_read() {
    let read = profile(
        "mode = \"exclusive-timer\"\nblock_frames = 64\nsafety_frames = 32\nrate_hz = 96_000\n\
         sample_type = \"float32\"\nformats = [\"int16\", \"int24\"]\nresampling = \"low-delay\"\n\
         dither = false\nhand_over = \"pipelined\"\noutput = \"none\"\ninput = \"default-communications\"",
    );
    assert_eq!(read.mode, Mode::ExclusiveTimer);
    assert_eq!((read.block_frames, read.safety_frames), (Some(64), 32));
    assert_eq!(read.rate_hz, Some(96_000));
    assert_eq!(read.sample_type.name(), "float32");
    assert_eq!(read.formats, [DeviceFormat::Int16, DeviceFormat::Int24]);
    assert_eq!(read.resampling.name(), "low-delay");
    assert!(!read.dither);
    assert_eq!(read.hand_over, HandOver::Pipelined);
    assert_eq!(read.output.members, []);
    assert_eq!(read.input.members, [one(DeviceName::DefaultCommunications)]);
}

#[test]
fn a_built_in_profile_keeps_its_mode_and_place() {
    let (config, errors) = read("[profile.\"asio2wasapi EXCLUSIVE\"]\nblock_frames = 128\n");
    assert_eq!(errors, []);
    assert_eq!(config.profiles.len(), 4);
    let changed = &config.profiles[2];
    assert_eq!(changed.name, "ASIO2WASAPI Exclusive");
    assert_eq!(
        (changed.mode, changed.block_frames),
        (Mode::Exclusive, Some(128))
    );
}

#[test]
fn devices_are_written_in_many_ways() {
    let id = "{0.0.0.00000000}.{b3f8fa53-0004-438e-9003-51a46e139bfc}";
    let side = |text: &str| profile(text).output.members;
    assert_eq!(
        side(&format!("output = '{id}'")),
        [one(DeviceName::Id(id.into()))]
    );
    assert_eq!(
        side("output = ['USB', 'Default', 'NONE']"),
        [Member {
            devices: vec![name("USB"), DeviceName::Default],
            or_none: true,
            channels: Channels::All,
        }]
    );
    let joined = [
        Member {
            channels: Channels::Map(vec![3, 1]),
            ..one(name("A"))
        },
        Member {
            devices: vec![name("B"), DeviceName::Default],
            or_none: false,
            channels: Channels::First(2),
        },
        one(name("C")),
    ];
    let inline = "output = [{ device = 'A', channels = [3, 1] }, \
                  { device = ['B', 'default'], channels = 2 }, { device = 'C' }]";
    assert_eq!(side(inline), joined);
    let tables = "[[profile.A.output]]\ndevice = 'A'\nchannels = [3, 1]\n\
                  [[profile.A.output]]\ndevice = ['B', 'default']\nchannels = 2\n\
                  [[profile.A.output]]\ndevice = 'C'";
    assert_eq!(side(tables), joined);
    assert_eq!(side("[profile.A.output]\ndevice = 'C'"), joined[2..]);
    assert_eq!(side("output.device = 'C'"), joined[2..]);
    assert_eq!(side("output = { device = 'C' }"), joined[2..]);
}

#[test]
fn unknown_keys_are_refused_with_what_was_meant() {
    assert_eq!(
        error("[profiles.A]\n"),
        "line 1, column 2: profiles: there is no such key; did you mean `profile`?"
    );
    assert_eq!(
        line_error("bufer_frames = 3"),
        "line 2, column 1: profile.A.bufer_frames: there is no such key; did you mean \
         `block_frames`?"
    );
    assert!(line_error("volume = 11").contains("use `mode`, `block_frames`, "));
    assert_eq!(
        line_error("output = { device = 'A', chanels = 2 }"),
        "line 2, column 26: profile.A.output.chanels: there is no such key; did you mean \
         `channels`?"
    );
}

#[test]
fn wrong_values_are_told_with_right_ones() {
    for (line, expected) in [
        (
            "mode = \"shard\"",
            "2, column 8: profile.A.mode: \"shard\" is not a mode; did you mean \"shared\"?",
        ),
        (
            "mode = \"x\"",
            "\"x\" is not a mode; write \"auto\", \"shared\", \"low-latency\", \"exclusive\", \"exclusive-timer\" or \"router\"",
        ),
        (
            "mode = 3",
            "an integer cannot stand here; write, for instance, mode = \"shared\"",
        ),
        (
            "mode.x = 3",
            "a table cannot stand here; write, for instance, mode = ",
        ),
        (
            "block_frames = 15",
            "15 is out of range; write a number from 16 to 8192",
        ),
        ("block_frames = -9223372036854775808", "out of range"),
        (
            "block_frames = 48.5",
            "a float cannot stand here; write, for instance, block_frames = 480",
        ),
        ("safety_frames = 8193", "from 0 to 8192"),
        (
            "rate_hz = \"48000\"",
            "a string cannot stand here; write, for instance, rate_hz = 48000",
        ),
        (
            "sample_type = \"int24\"",
            "is not a sample type; did you mean \"int32\"?",
        ),
        ("formats = []", "no format at all"),
        (
            "formats = [\"int16\", \"int16\"]",
            "column 21: profile.A.formats: \"int16\" is there twice",
        ),
        (
            "formats = [\"int16\", 24]",
            "column 21: profile.A.formats: an integer cannot stand here",
        ),
        (
            "formats = [\"int8\"]",
            "is not a sample format; did you mean \"int",
        ),
        ("dither = \"yes\"", "write, for instance, dither = true"),
        ("output = []", "an empty list means no device"),
        (
            "output = 3",
            "an integer cannot stand here; write, for instance, output = \"default\"",
        ),
        (
            "output = ['none', 'A']",
            "column 11: profile.A.output: after \"none\" nothing else is tried",
        ),
        ("output = ' '", "this is no device"),
        ("output = {}", "profile.A.output: this names no device"),
        (
            "output = [{ device = 'A' }, 'B']",
            "devices that are joined are all written alike",
        ),
        ("output = { device = 'none' }", "cannot be joined"),
        (
            "output = { device = 'A', channels = 0 }",
            "profile.A.output.channels: 0 is out of range",
        ),
        (
            "output = { device = 'A', channels = [] }",
            "no channel at all",
        ),
        (
            "output = { device = 'A', channels = [2, 2] }",
            "channel 2 is there twice",
        ),
        (
            "output = { device = 'A', channels = [65] }",
            "there is no channel 65",
        ),
        (
            "output = { device = 'A', channels = 'x' }",
            "channels = [1, 2]",
        ),
    ] {
        let error = line_error(line);
        assert!(error.starts_with("line 2, column "), "{error}");
        assert!(error.contains(expected), "{line}\n{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn wrong_structure_is_told() {
    for (text, expected) in [
        (
            "profile = 3",
            "line 1, column 11: profile: this is not how profiles are written",
        ),
        (
            "[[profile]]\nmode = 'auto'",
            "begin each with a line like [profile.\"Studio\"]",
        ),
        (
            "[profile]\nA = 3",
            "profile.A: this is no profile; begin it with the line [profile.A]",
        ),
        (
            "[profile.A]\n[profile.a]",
            "line 2, column 10: profile.a: there is a profile \"A\" already",
        ),
        (
            "[profile.'a\\b']",
            "line 1, column 10: profile.'a\\b': the name \"a\\\\b\" has a backslash",
        ),
        ("[profile.A]\nmode = ", "line 2, column "),
        (
            "[profile.A]\nmode = 'auto'\nmode = 'auto'",
            "line 3, column 1: this is no TOML: duplicate key",
        ),
    ] {
        let error = error(text);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn all_faults_are_told_in_their_order() {
    let text = "[profile.A]\ninput = 1\nmode = 2\nx = 3\n[profile.B]\ndither = 4\n";
    let lines: Vec<usize> = read(text)
        .1
        .iter()
        .map(|error| error.place.unwrap().line)
        .collect();
    assert_eq!(lines, [2, 3, 4, 6]);
}

/// As long as a file may be, on a thread with the small stack of some hosts.
#[test]
fn no_text_takes_long_or_deep() {
    const LENGTH: usize = 256 << 10;
    let filled = |start: &str, more: &dyn Fn(usize) -> String| {
        let mut text = start.to_owned();
        (0..).map(more).any(|part| {
            text.push_str(&part);
            text.len() >= LENGTH
        });
        text
    };
    let texts = [
        filled("[profile.A]\nmode = '", &|_| "ä".to_owned()) + "'",
        filled("", &|_| "k".to_owned()) + " = 1",
        filled("a = ", &|_| "[".to_owned()),
        filled("a = ", &|_| "{a=".to_owned()),
        filled("", &|_| "a.".to_owned()) + "a = 1",
        filled("[", &|_| "a.".to_owned()) + "a]",
        filled("[profile.A]\nmode", &|_| ".a".to_owned()) + " = 1",
        filled("", &|n| format!("k{n}=1\n")),
        filled("a = {", &|n| format!("k{n}=1,")) + "}",
        filled("[profile.A]\noutput = {", &|n| format!("k{n}=1,")) + "}",
        filled("", &|n| format!("[profile.p{n}]\n")),
        filled("[profile.A]\noutput = [", &|_| "'a',".to_owned()) + "]",
        filled("", &|_| "[[profile.A.output]]\ndevice='a'\n".to_owned()),
        filled(
            "[profile.A]\noutput = { device = 'a', channels = [",
            &|_| "1,".to_owned(),
        ) + "] }",
    ];
    let small = std::thread::Builder::new().stack_size(512 << 10);
    let read_all = move || {
        for text in texts {
            let (config, errors) = read(&text);
            assert!((1..=100).contains(&errors.len()), "{}", errors.len());
            assert!(config.profiles.len() <= 4 + 64);
            assert!(
                errors.iter().all(|error| error.to_string().len() < 2000),
                "{errors:?}"
            );
        }
    };
    small.spawn(read_all).unwrap().join().unwrap();
}

fn any_member() -> impl Strategy<Value = Member> {
    let device = prop_oneof![
        Just(DeviceName::Default),
        Just(DeviceName::DefaultCommunications),
        "[A-Za-z0-9 '\"\\\\\u{e4}\t\n]*x".prop_map(DeviceName::Name),
        "\\{[a-f0-9.{}-]{0,9}".prop_map(DeviceName::Id),
    ];
    let channels = prop_oneof![
        Just(Channels::All),
        (1..=64u32).prop_map(Channels::First),
        proptest::sample::subsequence((1..=64).collect::<Vec<u32>>(), 1..=64)
            .prop_shuffle()
            .prop_map(Channels::Map),
    ];
    (
        proptest::collection::vec(device, 1..4),
        any::<bool>(),
        channels,
    )
        .prop_map(|(devices, or_none, channels)| Member {
            devices,
            or_none,
            channels,
        })
}

fn any_profile() -> impl Strategy<Value = Profile> {
    use crate::model::{Named, Resampling, SampleType};
    fn any_of<T: Named + std::fmt::Debug>() -> impl Strategy<Value = T> {
        (0..T::NAMES.len()).prop_map(|index| T::NAMES[index].1)
    }
    let side =
        || proptest::collection::vec(any_member(), 0..4).prop_map(|members| Side { members });
    let formats = proptest::sample::subsequence(DeviceFormat::ALL.to_vec(), 1..=5).prop_shuffle();
    let numbers = (
        proptest::option::of(16..=8192u32),
        0..=8192u32,
        proptest::option::of(8000..=768_000u32),
    );
    let names = (
        any_of::<Mode>(),
        any_of::<SampleType>(),
        any_of::<Resampling>(),
        any::<bool>(),
        any_of::<HandOver>(),
    );
    (numbers, names, formats, side(), side()).prop_map(
        |(numbers, names, formats, output, input)| Profile {
            name: "A profile's \"name\"".to_owned(),
            mode: names.0,
            block_frames: numbers.0,
            safety_frames: numbers.1,
            rate_hz: numbers.2,
            sample_type: names.1,
            formats,
            resampling: names.2,
            dither: names.3,
            hand_over: names.4,
            output,
            input,
        },
    )
}

/// Texts that are nearly right, so that every reader of a value meets what it does not expect.
fn nearly_right() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        proptest::sample::select(vec![
            "profile",
            "mode",
            "output",
            "input",
            "device",
            "channels",
            "formats",
            "dither",
            "block_frames",
            "[",
            "]",
            "[[",
            "]]",
            "{",
            "}",
            "=",
            ".",
            ",",
            "\n",
            "\n",
            " ",
            "#",
            "'none'",
            "\"default\"",
            "'A'",
            "A",
            "1",
            "-1",
            "0",
            "2.5",
            "true",
            "1979-05-27",
            "\"",
            "\r\n",
            "\"\\n\"",
        ])
        .prop_map(str::to_owned),
        ".".prop_map(String::from),
    ];
    proptest::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

fn value_line() -> impl Strategy<Value = String> {
    let key = proptest::sample::select(super::KEYS.map(|(key, _)| key).to_vec());
    let value = proptest::sample::select(vec![
        "1",
        "-5",
        "true",
        "'auto'",
        "''",
        "[]",
        "[[]]",
        "[1, 'a']",
        "['none', 'a']",
        "{}",
        "{ device = [] }",
        "{ device = { a = 1 } }",
        "[{ device = 'x', channels = [0] }]",
        "[{}, {}]",
        "nan",
        "1979-05-27",
        "'\u{7f}'",
        "\"\\n\"",
        "99999999999",
    ]);
    (key, value).prop_map(|(key, value)| format!("{key} = {value}\n"))
}

fn check_any(text: &str) -> Result<(), TestCaseError> {
    let (config, errors) = read(text);
    prop_assert!(config.profiles.len() >= 4);
    for error in errors {
        let said = error.to_string();
        prop_assert_eq!(said.lines().count(), 1, "{}", said);
        prop_assert!(!said.contains('\r'));
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_text_panics(text: String) {
        check_any(&text)?;
    }

    #[test]
    fn no_nearly_right_text_panics(text in nearly_right()) {
        check_any(&text)?;
        check_any(&format!("[profile.A]\n{text}"))?;
    }

    #[test]
    fn no_value_panics(lines in proptest::collection::btree_set(value_line(), 0..6)) {
        let text: String = lines.into_iter().collect();
        check_any(&format!("[profile.A]\n{text}"))?;
    }

    #[test]
    fn what_is_shown_is_read_again(profile in any_profile()) {
        let (config, errors) = read(&profile_text(&profile));
        prop_assert_eq!(errors, []);
        prop_assert_eq!(config.profiles.get(4), Some(&profile));
    }
}
