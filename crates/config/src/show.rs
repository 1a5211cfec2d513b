//! From model to text: what can be pasted into the file.

use toml_edit::{Array, InlineTable, Value};

use crate::model::{Channels, DeviceName, Member, Profile, Side};
use crate::read::{PROFILES, path_of};

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

fn header(name: &str) -> String {
    format!("[{}]\n", path_of(PROFILES, name))
}

/// Every key with its value; `None` where the device decides.
fn settings(profile: &Profile) -> [(&'static str, Option<Value>); 10] {
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
