//! The devices of a direction, in any of the ways in which they can be written.

use toml_edit::{Array, Item, TableLike, Value};

use super::{Reader, Spot, path_of};
use crate::model::{Channels, DeviceName, Member, Side};

/// Stands for no device; case does not count.
const NONE: &str = "none";

const CHANNELS_MAX: u32 = 64;
/// As many devices can be joined, and as many can be in an order of preference.
const DEVICES_MAX: usize = 64;

/// What may be written about a device in a table.
const MEMBER_KEYS: [&str; 2] = ["device", "channels"];

impl Reader<'_> {
    /// Reads a direction; one with a fault stays as it was.
    pub(super) fn side(&mut self, spot: &Spot<'_>, into: &mut Side) {
        let members = match spot.item {
            Item::Value(Value::String(name)) if is(name.value(), NONE) => Some(Vec::new()),
            Item::ArrayOfTables(tables) => tables
                .iter()
                .map(|table| self.member(spot, table))
                .collect(),
            Item::Value(Value::Array(array)) if array.iter().any(Value::is_inline_table) => {
                self.joined(spot, array)
            }
            item => match item.as_table_like() {
                Some(table) => self.member(spot, table).map(|member| vec![member]),
                None => self
                    .devices(spot, item)
                    .map(|(devices, or_none)| vec![member(devices, or_none, Channels::All)]),
            },
        };
        match members {
            Some(members) if members.len() > DEVICES_MAX => self.too_many(spot),
            Some(members) => *into = Side { members },
            None => {}
        }
    }

    fn joined(&mut self, spot: &Spot<'_>, array: &Array) -> Option<Vec<Member>> {
        let mut members = Vec::new();
        for value in array {
            let Some(table) = value.as_inline_table() else {
                let message = "devices that are joined are all written alike; write { device = \
                               \"NAME\" } here, too";
                self.fault(value.span(), &spot.path, message);
                return None;
            };
            members.push(self.member(spot, table)?);
        }
        Some(members)
    }

    fn member(&mut self, spot: &Spot<'_>, table: &dyn TableLike) -> Option<Member> {
        let faults = self.faults;
        self.check_keys(table, &spot.path, &MEMBER_KEYS);
        let at = |item, key, example: &str| Spot {
            item,
            path: path_of(&spot.path, key),
            example: format!("{key} = {example}"),
        };
        let Some(device) = table.get("device") else {
            let message = "this names no device; write device = \"NAME\" in it";
            self.fault(spot.span(), &spot.path, message);
            return None;
        };
        let device = at(device, "device", "\"Speakers\"");
        let devices = self.devices(&device, device.item);
        let channels = match table.get("channels") {
            Some(item) => self.channels(&at(item, "channels", "[1, 2]")),
            None => Some(Channels::All),
        };
        if self.faults > faults {
            return None;
        }
        let (devices, or_none) = devices?;
        if devices.is_empty() {
            let message = "\"none\" cannot be joined to anything; leave this device out";
            self.fault(device.span(), &device.path, message);
            return None;
        }
        Some(member(devices, or_none, channels?))
    }

    /// One device or several in order of preference, and whether the last wish is to do without.
    pub(super) fn devices(
        &mut self,
        spot: &Spot<'_>,
        item: &Item,
    ) -> Option<(Vec<DeviceName>, bool)> {
        let mut texts = Vec::new();
        match item {
            Item::Value(Value::Array(array)) => {
                for value in array {
                    let Some(text) = value.as_str() else {
                        self.wrong_element(spot, value);
                        return None;
                    };
                    texts.push((text, value.span()));
                }
            }
            Item::Value(Value::String(text)) => texts.push((text.value(), item.span())),
            _ => {
                self.wrong_kind(spot);
                return None;
            }
        }
        if texts.len() > DEVICES_MAX {
            self.too_many(spot);
            return None;
        }
        if texts.is_empty() {
            let message = "an empty list means no device; write \"none\" or name one";
            self.fault(spot.span(), &spot.path, message);
            return None;
        }
        let or_none = texts.pop_if(|(text, _)| is(text, NONE)).is_some();
        let mut devices = Vec::new();
        for (text, span) in texts {
            match DeviceName::read(text) {
                Ok(name) => devices.push(name),
                Err(message) => {
                    self.fault(span, &spot.path, message);
                    return None;
                }
            }
        }
        Some((devices, or_none))
    }

    fn too_many(&mut self, spot: &Spot<'_>) {
        let message = format!("there are more than {DEVICES_MAX} devices; leave some out");
        self.fault(spot.span(), &spot.path, message);
    }

    fn channels(&mut self, spot: &Spot<'_>) -> Option<Channels> {
        let Some(array) = spot.item.as_array() else {
            return self.number(spot, 1..=CHANNELS_MAX).map(Channels::First);
        };
        let mut map = Vec::new();
        for value in array {
            let Some(number) = value.as_integer() else {
                self.wrong_element(spot, value);
                return None;
            };
            let channel = u32::try_from(number)
                .ok()
                .filter(|channel| (1..=CHANNELS_MAX).contains(channel));
            let Some(channel) = channel else {
                let message = format!(
                    "there is no channel {number}; channels are numbered from 1 to {CHANNELS_MAX}"
                );
                self.fault(value.span(), &spot.path, message);
                return None;
            };
            if map.contains(&channel) {
                let message = format!("channel {channel} is there twice; leave one out");
                self.fault(value.span(), &spot.path, message);
                return None;
            }
            map.push(channel);
        }
        if map.is_empty() {
            let message =
                "no channel at all makes no sound; name one, or leave the key out for all";
            self.fault(spot.span(), &spot.path, message);
            return None;
        }
        Some(Channels::Map(map))
    }
}

fn member(devices: Vec<DeviceName>, or_none: bool, channels: Channels) -> Member {
    Member {
        devices,
        or_none,
        channels,
    }
}

fn is(text: &str, word: &str) -> bool {
    text.eq_ignore_ascii_case(word)
}

impl DeviceName {
    /// What a text in the file means; the opposite of [`word`](Self::word).
    ///
    /// # Errors
    /// It means no device: it is empty, or it is `none`, which the lists of devices end with.
    pub fn read(text: &str) -> Result<Self, String> {
        let roles = [DeviceName::Default, DeviceName::DefaultCommunications];
        if let Some(role) = roles.into_iter().find(|role| is(text, role.word())) {
            return Ok(role);
        }
        if is(text, NONE) {
            return Err("after \"none\" nothing else is tried; put it last".to_owned());
        }
        if text.trim().is_empty() {
            return Err("this is no device; write its name or its id".to_owned());
        }
        // The system's ids begin with a brace, and hardly any name does.
        Ok(if text.starts_with('{') {
            DeviceName::Id(text.to_owned())
        } else {
            DeviceName::Name(text.to_owned())
        })
    }
}
