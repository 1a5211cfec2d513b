//! Profiles, as a table and as JSON.

use asio::Guid;
use config::{Channels, Config, DeviceName, Member, Profile, Side, class_id, device_text};
use serde::Serialize;

use crate::table::table;

/// A profile as a script gets it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProfileEntry {
    /// The driver's name.
    pub name: String,
    /// The driver's COM class.
    pub clsid: String,
    /// It exists without a file.
    pub built_in: bool,
    /// How devices are opened.
    pub mode: &'static str,
    /// The preferred block in frames; nothing for the device's period.
    pub block_frames: Option<u32>,
    /// Frames kept ahead beyond what the mode needs.
    pub safety_frames: u32,
    /// The rate to start with in Hz; nothing for the device's own.
    pub rate_hz: Option<u32>,
    /// What the host's samples are.
    pub sample_type: &'static str,
    /// What exclusive streams may have.
    pub formats: Vec<&'static str>,
    /// How sound is brought from one rate to another.
    pub resampling: &'static str,
    /// Whether rounding is hidden by noise.
    pub dither: bool,
    /// How a router's blocks are handed over.
    pub hand_over: &'static str,
    /// The devices that play.
    pub output: Vec<MemberEntry>,
    /// The devices that record.
    pub input: Vec<MemberEntry>,
}

/// One device of a direction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MemberEntry {
    /// What it may be, as the file has it, the most wanted first.
    pub device: Vec<String>,
    /// Which of its channels; nothing for all.
    pub channels: Option<ChannelsEntry>,
}

/// A choice of channels.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ChannelsEntry {
    /// The first so many.
    First(u32),
    /// These, numbered from 1.
    Map(Vec<u32>),
}

impl From<&Profile> for ProfileEntry {
    fn from(profile: &Profile) -> Self {
        Self {
            name: profile.name.clone(),
            clsid: Guid::from_u128(class_id(&profile.name)).to_string(),
            built_in: profile.is_built_in(),
            mode: profile.mode.name(),
            block_frames: profile.block_frames,
            safety_frames: profile.safety_frames,
            rate_hz: profile.rate_hz,
            sample_type: profile.sample_type.name(),
            formats: profile.formats.iter().map(|format| format.name()).collect(),
            resampling: profile.resampling.name(),
            dither: profile.dither,
            hand_over: profile.hand_over.name(),
            output: members(&profile.output),
            input: members(&profile.input),
        }
    }
}

fn members(side: &Side) -> Vec<MemberEntry> {
    let entry = |member: &Member| MemberEntry {
        device: words(member).map(str::to_owned).collect(),
        channels: match &member.channels {
            Channels::All => None,
            Channels::First(count) => Some(ChannelsEntry::First(*count)),
            Channels::Map(map) => Some(ChannelsEntry::Map(map.clone())),
        },
    };
    side.members.iter().map(entry).collect()
}

fn words(member: &Member) -> impl Iterator<Item = &str> {
    let devices = member.devices.iter().map(DeviceName::word);
    devices.chain(member.or_none.then_some("none"))
}

/// The profiles as a table; what is not as it is without a file is marked.
pub fn profile_table(config: &Config) -> String {
    let row = |profile: &Profile| {
        [
            profile.name.clone(),
            profile.mode.name().to_owned(),
            side(&profile.output),
            side(&profile.input),
            match profile.is_built_in() {
                true if *profile == Profile::new(&profile.name) => "built in",
                true => "built in, changed",
                false => "",
            }
            .to_owned(),
        ]
    };
    let rows: Vec<_> = config.profiles.iter().map(row).collect();
    table(["NAME", "MODE", "OUTPUT", "INPUT", ""], &rows)
}

/// `A or default + B`: what one reads, not what one writes.
fn side(side: &Side) -> String {
    let members: Vec<String> = side
        .members
        .iter()
        .map(|member| words(member).collect::<Vec<_>>().join(" or "))
        .collect();
    match members.as_slice() {
        [] => "none".to_owned(),
        members => members.join(" + "),
    }
}

/// Lines that can be pasted into a profile for the devices of one direction, which are names and ids:
/// with the name where it means that device and no other, else with the id.
pub fn device_lines(key: &str, devices: &[(&str, &str)]) -> String {
    let line = |&(name, id): &(&str, &str)| {
        let named = DeviceName::Name(name.to_owned());
        let same = devices.iter().filter(|(other, _)| *other == name).count();
        let is_clear = same == 1 && DeviceName::read(name).as_ref() == Ok(&named);
        let device = if is_clear {
            named
        } else {
            DeviceName::Id(id.to_owned())
        };
        format!("{key} = {}\n", device_text(&device))
    };
    devices.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        let text = "[profile.\"ASIO2WASAPI Shared\"]\nrate_hz = 44100\n\
                    [profile.Studio]\noutput = ['A', 'none']\n\
                    input = [{ device = 'B', channels = [2] }, { device = 'default', channels = 1 }]";
        let (config, errors) = config::read(text);
        assert_eq!(errors, []);
        config
    }

    #[test]
    fn the_table_tells_what_was_changed() {
        let text = profile_table(&config());
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].ends_with("built in, changed"), "{text}");
        assert!(lines[3].ends_with("built in"), "{text}");
        assert_eq!(
            lines[5].split_whitespace().collect::<Vec<_>>().join(" "),
            "Studio auto A or none B + default"
        );
    }

    #[test]
    fn json_has_plain_names_and_numbers() {
        let config = config();
        let value = serde_json::to_value(ProfileEntry::from(&config.profiles[4])).expect("JSON");
        assert_eq!(value["clsid"], "{8EA2FCE5-B614-833A-BE1A-754F7038E1B7}");
        assert_eq!(value["block_frames"], serde_json::Value::Null);
        assert_eq!(
            value["output"][0]["device"],
            serde_json::json!(["A", "none"])
        );
        assert_eq!(value["output"][0]["channels"], serde_json::Value::Null);
        assert_eq!(value["input"][0]["channels"], serde_json::json!([2]));
        assert_eq!(value["input"][1]["channels"], 1);
    }

    #[test]
    fn devices_can_be_pasted() {
        let devices = [
            ("Mic \"1\"", "{a}"),
            ("Same", "{b}"),
            ("Same", "{c}"),
            ("Default", "{d}"),
        ];
        assert_eq!(
            device_lines("input", &devices),
            "input = 'Mic \"1\"'\ninput = \"{b}\"\ninput = \"{c}\"\ninput = \"{d}\"\n"
        );
        assert_eq!(device_lines("input", &[]), "");
    }
}
