//! From model to text: what can be pasted into the file.

use toml_edit::{Array, InlineTable, Value};

use crate::model::{Channels, DeviceName, Member, Mode, Profile, Side};
use crate::read::{PROFILES, ROUTER, path_of};
use crate::routing::{Gain, Mix, Port, Route, Routing, SourceKind};

/// A device as it is written in the file, with its quotes.
pub fn device_text(device: &DeviceName) -> String {
    Value::from(device.word()).to_string()
}

/// The profile with everything that can be chosen in it, as it is written in the file. A key whose
/// value is left to the device is a comment.
pub fn profile_text(profile: &Profile) -> String {
    let mut text = header(&profile.name);
    for (key, value) in settings(profile) {
        match value {
            Some(value) => text.push_str(&format!("{key} = {value}\n")),
            None => text.push_str(&format!("# {key}: the device's own\n")),
        }
    }
    text
}

/// What is different from a profile of its name without a file, as it is written in the file.
pub(crate) fn chosen_text(profile: &Profile) -> String {
    let mut text = header(&profile.name);
    let defaults = settings(&Profile::new(&profile.name));
    let shown = |value: Option<Value>| value.map(|value| value.to_string());
    for ((key, value), (_, default)) in settings(profile).into_iter().zip(defaults) {
        let (value, default) = (shown(value), shown(default));
        if let Some(value) = value.filter(|value| Some(value) != default.as_ref()) {
            text.push_str(&format!("{key} = {value}\n"));
        }
    }
    text
}

/// Mixes as they are written in the file, and the ports of programs, and of the router's own, that `written` does not have.
pub(crate) fn routes_text(routing: &Routing, written: &Routing) -> String {
    let mut text = String::new();
    for port in &routing.sources {
        let is_own = port.kind == SourceKind::Client || port.on_demand;
        if is_own && written.source(&port.name).is_none() {
            text.push_str(&port_text("source", port, port.kind.name()));
        }
    }
    for port in &routing.sinks {
        if written.sink(&port.name).is_none() {
            text.push_str(&port_text("sink", port, port.kind.name()));
        }
    }
    for mix in &routing.mixes {
        text.push_str(&mix_text(routing, mix));
    }
    text
}

fn port_text<K>(side: &str, port: &Port<K>, kind: &str) -> String {
    let path = path_of(&path_of(ROUTER, side), &port.name);
    let devices: Array = port.devices.iter().map(DeviceName::word).collect();
    let mut text = format!("[{path}]\nkind = {}\n", Value::from(kind));
    text.push_str(&format!("device = {}\n", Value::from(devices)));
    text.push_str(&format!("channels = {}\n", port.channels));
    if port.mode != Mode::Auto {
        text.push_str(&format!("mode = {}\n", Value::from(port.mode.name())));
    }
    if port.on_demand {
        text.push_str("on_demand = true\n");
    }
    if port.isolated {
        text.push_str("isolated = true\n");
    }
    text.push('\n');
    text
}

fn mix_text(routing: &Routing, mix: &Mix) -> String {
    let path = path_of(&path_of(ROUTER, "mix"), &mix.name);
    let mut text = format!("[{path}]\n");
    if mix.gain != Gain::default() {
        text.push_str(&format!("gain_db = {:?}\n", mix.gain.db()));
    }
    if mix.mute {
        text.push_str("mute = true\n");
    }
    text.push_str("routes = [\n");
    for route in &mix.routes {
        let channels = |port: Option<u32>| port.unwrap_or(0);
        let from = channels(routing.source(&route.from).map(|port| port.channels));
        let to = channels(routing.sink(&route.to).map(|port| port.channels));
        let is_all = (1..=from.min(to))
            .map(|n| (n, n))
            .eq(route.channels.iter().copied());
        let pairs = match is_all {
            true => vec![None],
            false => route.channels.iter().copied().map(Some).collect(),
        };
        for pair in pairs {
            text.push_str(&format!("    {},\n", route_text(route, pair)));
        }
    }
    text.push_str("]\n\n");
    text
}

fn route_text(route: &Route, pair: Option<(u32, u32)>) -> String {
    let mut table = InlineTable::new();
    table.insert("from", route.from.as_str().into());
    table.insert("to", route.to.as_str().into());
    if let Some((from, to)) = pair {
        table.insert("from_channel", i64::from(from).into());
        table.insert("to_channel", i64::from(to).into());
    }
    if route.gain != Gain::default() {
        table.insert("gain_db", route.gain.db().into());
    }
    let switches = [
        ("mute", route.mute),
        ("solo", route.solo),
        ("invert", route.invert),
    ];
    for (key, is_on) in switches {
        if is_on {
            table.insert(key, true.into());
        }
    }
    table.to_string()
}

fn header(name: &str) -> String {
    format!("[{}]\n", path_of(PROFILES, name))
}

/// Every key with its value; `None` where the device decides.
fn settings(profile: &Profile) -> [(&'static str, Option<Value>); 11] {
    let number = |number: u32| Value::from(i64::from(number));
    let formats: Array = profile.formats.iter().map(|format| format.name()).collect();
    [
        ("mode", Some(profile.mode.name().into())),
        ("block_frames", profile.block_frames.map(number)),
        ("safety_frames", Some(number(profile.safety_frames))),
        ("rate_hz", profile.rate_hz.map(number)),
        ("sample_type", Some(profile.sample_type.name().into())),
        ("formats", Some(formats.into())),
        ("resampling", Some(profile.resampling.name().into())),
        ("dither", Some(profile.dither.into())),
        ("hand_over", Some(profile.hand_over.name().into())),
        ("output", Some(side_value(&profile.output))),
        ("input", Some(side_value(&profile.input))),
    ]
}

fn side_value(side: &Side) -> Value {
    match side.members.as_slice() {
        [] => "none".into(),
        [member] => member_value(member, member.channels != Channels::All),
        members => {
            let tables = members.iter().map(|member| member_value(member, true));
            Value::Array(tables.collect())
        }
    }
}

fn member_value(member: &Member, as_table: bool) -> Value {
    let mut words: Vec<&str> = member.devices.iter().map(DeviceName::word).collect();
    if member.or_none {
        words.push("none");
    }
    let device: Value = match words.as_slice() {
        [one] => (*one).into(),
        words => Value::Array(words.iter().copied().collect()),
    };
    if !as_table {
        return device;
    }
    let mut table = InlineTable::new();
    table.insert("device", device);
    match &member.channels {
        Channels::All => {}
        Channels::First(count) => {
            table.insert("channels", i64::from(*count).into());
        }
        Channels::Map(map) => {
            let map: Array = map.iter().map(|&channel| i64::from(channel)).collect();
            table.insert("channels", map.into());
        }
    }
    Value::InlineTable(table)
}
