use proptest::prelude::*;

use super::read;
use crate::model::DeviceName;
use crate::routing::{SinkKind, SourceKind};

const GOOD: &str = r#"
[router]
rate_hz = 48000
cycle_frames = 64

[router.source."Browser"]
kind = "loopback"
device = ["Cable Input", "default"]

[router.source."Reaper"]
kind = "client"
channels = 8

[router.sink."Headphones"]
kind = "device"

[router.sink."Stream"]
kind = "device"
device = "default"

[router.mix."monitor"]
gain_db = -3
routes = [
    { from = "Browser", to = "Headphones", gain_db = -6.5 },
    { from = "reaper", to = "Headphones", from_channel = 8, to_channel = 1, invert = true },
]

[router.mix."stream"]
mute = true
[[router.mix."stream".routes]]
from = "Reaper"
to = "Stream"
solo = true
"#;

fn errors(text: &str) -> Vec<String> {
    let (_, errors) = read(text);
    errors.iter().map(ToString::to_string).collect()
}

#[test]
fn what_is_written_is_what_is_meant() {
    let (config, errors) = read(GOOD);
    assert_eq!(errors, []);
    let router = &config.router;
    assert_eq!(
        (router.rate_hz, router.cycle_frames),
        (Some(48_000), Some(64))
    );
    let browser = router.source("browser").expect("it is there");
    assert_eq!((browser.kind, browser.channels), (SourceKind::Loopback, 2));
    assert_eq!(browser.devices[1], DeviceName::Default);
    assert_eq!(
        router.sink("Headphones").map(|sink| sink.kind),
        Some(SinkKind::Device)
    );
    let own = &router.sinks[0].devices;
    assert_eq!(own, &[DeviceName::Name("Headphones".to_owned())]);
    let monitor = router.mix("Monitor").expect("it is there");
    assert_eq!(monitor.gain.db(), -3.0);
    assert_eq!(monitor.routes[0].channels, [(1, 1), (2, 2)]);
    assert_eq!(monitor.routes[0].gain.db(), -6.5);
    let lead = &monitor.routes[1];
    assert_eq!(
        (lead.from.as_str(), &lead.channels[..]),
        ("Reaper", &[(8, 1)][..])
    );
    assert!(lead.invert && !lead.mute && !lead.solo);
    let stream = router.mix("stream").expect("it is there");
    assert!(stream.mute && stream.routes[0].solo);
    // Without any there is none.
    assert_eq!(read("").0.router, Default::default());
}

#[test]
fn each_fault_is_one_sentence_with_its_place() {
    let cases = [
        (
            "kind = \"loopback\"",
            "kind = \"loopbak\"",
            "line 7, column 8: router.source.Browser.kind: \"loopbak\" is not a kind of source; \
             did you mean \"loopback\"?",
        ),
        (
            "to = \"Stream\"",
            "to = \"Steam\"",
            "line 32, column 6: router.mix.stream.routes.to: there is no sink \"Steam\"; did you \
             mean \"Stream\"?",
        ),
        (
            "gain_db = -3",
            "gain_db = 40",
            "line 22, column 11: router.mix.monitor.gain_db: 40 is out of range; write dB from \
             -144 to 24",
        ),
        (
            "from_channel = 8",
            "from_channel = 9",
            "router.mix.monitor.routes.from_channel: \"Reaper\" has 8 channels; choose one of them",
        ),
        (
            "from_channel = 8, ",
            "",
            "write both from_channel and to_channel, or none of them for all",
        ),
        (
            "solo = true",
            "sole = true",
            "there is no such key; did you mean `solo`?",
        ),
        (
            "from = \"reaper\", to = \"Headphones\", from_channel = 8, to_channel = 1",
            "from = \"browser\", to = \"Headphones\"",
            "\"Browser\" leads to \"Headphones\" already in this mix; leave one of the two out",
        ),
        (
            "[router.sink.\"Stream\"]",
            "[router.sink.\"HEADPHONES\"]",
            "this is \"Headphones\" once more; rename or remove one",
        ),
        (
            "cycle_frames = 64",
            "cycle_frames = 8",
            "line 4, column 16: router.cycle_frames: 8 is out of range; write a number from 16 to \
             8192",
        ),
        (
            "kind = \"device\"\ndevice",
            "kind = \"device\"\nmode = \"router\"\ndevice",
            "the router cannot play to itself; choose another mode, or none",
        ),
        (
            "channels = 8",
            "channels = \"8\"",
            "a string cannot stand here; write, for instance, channels = 2",
        ),
        (
            "device = \"default\"",
            "device = \"none\"",
            "\"none\" is nothing to route; leave the whole of it out",
        ),
        (
            "kind = \"client\"\n",
            "",
            "this says not what it is; write kind = \"loopback\" in it",
        ),
        (
            "mute = true",
            "mute = 1",
            "an integer cannot stand here; write, for instance, mute = true",
        ),
        (
            "from = \"Reaper\"\n",
            "",
            "this route has no `from`; name the source that it leads from",
        ),
    ];
    for (old, new, told) in cases {
        assert!(GOOD.contains(old), "{old}");
        let errors = errors(&GOOD.replacen(old, new, 1));
        assert!(
            errors.iter().any(|error| error.ends_with(told)),
            "{new}: {errors:#?}"
        );
    }
}

#[test]
fn what_has_a_fault_is_left_out_and_the_rest_counts() {
    let (config, errors) = read(&GOOD.replace("to = \"Stream\"", "to = 7"));
    assert_eq!(errors.len(), 1);
    assert_eq!(
        config.router.mix("stream").map(|mix| mix.routes.len()),
        Some(0)
    );
    assert_eq!(
        config.router.mix("monitor").map(|mix| mix.routes.len()),
        Some(2)
    );
    for text in [
        "router = 1",
        "[router]\nsource = 1",
        "[router]\nmix.a = 1",
        "[router.mix.a]\nroutes = 1",
    ] {
        assert_eq!(read(text).1.len(), 1, "{text}");
    }
}

#[test]
fn long_files_are_bounded() {
    let mut text = String::new();
    for n in 0..100 {
        text.push_str(&format!("[router.source.s{n}]\nkind = \"capture\"\n"));
    }
    let (config, errors) = read(&text);
    assert_eq!((config.router.sources.len(), errors.len()), (64, 1));
    assert!(errors[0].message.contains("more than 64"), "{}", errors[0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A piece of the good text in another place, or out of it, is read or told, never a crash.
    #[test]
    fn any_text_is_read(from in 0_usize..900, len in 0_usize..60, to in 0_usize..900) {
        let cut = |at: usize| at.min(GOOD.len());
        let piece = &GOOD[cut(from)..cut(from + len)];
        let text = format!("{}{piece}{}", &GOOD[..cut(to)], &GOOD[cut(to + len / 2)..]);
        let (config, errors) = read(&text);
        for error in errors {
            prop_assert!(!error.message.is_empty());
        }
        for mix in &config.router.mixes {
            for route in &mix.routes {
                let (from, to) = (config.router.source(&route.from), config.router.sink(&route.to));
                let (from, to) = (from.expect("it is there"), to.expect("it is there"));
                for (source, sink) in &route.channels {
                    prop_assert!((1..=from.channels).contains(source));
                    prop_assert!((1..=to.channels).contains(sink));
                }
            }
        }
    }
}
