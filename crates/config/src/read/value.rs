//! Plain values: names, numbers, yes and no, lists of formats.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use toml_edit::Value;

use super::{Reader, Spot, one_of};
use crate::model::{DeviceFormat, Named};
use crate::nearest::nearest;

impl Reader<'_> {
    pub(super) fn named<T: Named>(&mut self, spot: &Spot<'_>, into: &mut T) {
        let Some(name) = spot.item.as_str() else {
            return self.wrong_kind(spot);
        };
        match T::from_name(name) {
            Some(value) => *into = value,
            None => self.fault(spot.span(), &spot.path, unknown::<T>(name)),
        }
    }

    pub(super) fn flag(&mut self, spot: &Spot<'_>, into: &mut bool) {
        match spot.item.as_bool() {
            Some(value) => *into = value,
            None => self.wrong_kind(spot),
        }
    }

    /// A path that means the same for every program, on Windows or elsewhere.
    pub(super) fn path(&mut self, spot: &Spot<'_>) -> Option<PathBuf> {
        let Some(text) = spot.item.as_str() else {
            self.wrong_kind(spot);
            return None;
        };
        let has_drive = text
            .as_bytes()
            .get(1..3)
            .is_some_and(|part| part == b":\\" || part == b":/");
        if has_drive || text.starts_with(['/', '\\']) {
            return Some(text.into());
        }
        let message = format!(
            "{text:?} is another file for each program; write the whole path, as in {}",
            spot.example
        );
        self.fault(spot.span(), &spot.path, message);
        None
    }

    pub(super) fn number(&mut self, spot: &Spot<'_>, range: RangeInclusive<u32>) -> Option<u32> {
        let Some(number) = spot.item.as_integer() else {
            self.wrong_kind(spot);
            return None;
        };
        let fits = u32::try_from(number)
            .ok()
            .filter(|number| range.contains(number));
        if fits.is_none() {
            let message = format!(
                "{number} is out of range; write a number from {} to {}",
                range.start(),
                range.end()
            );
            self.fault(spot.span(), &spot.path, message);
        }
        fits
    }

    pub(super) fn formats(&mut self, spot: &Spot<'_>, into: &mut Vec<DeviceFormat>) {
        let Some(array) = spot.item.as_array() else {
            return self.wrong_kind(spot);
        };
        let mut formats = Vec::new();
        for value in array {
            match self.format(spot, value) {
                Some(format) if formats.contains(&format) => {
                    let message = format!("{:?} is there twice; leave one out", format.name());
                    return self.fault(value.span(), &spot.path, message);
                }
                Some(format) => formats.push(format),
                None => return,
            }
        }
        if formats.is_empty() {
            let message = "no format at all would let no stream open; name one, or leave the key \
                           out to allow all";
            return self.fault(spot.span(), &spot.path, message);
        }
        *into = formats;
    }

    fn format(&mut self, spot: &Spot<'_>, value: &Value) -> Option<DeviceFormat> {
        let Some(name) = value.as_str() else {
            self.wrong_element(spot, value);
            return None;
        };
        let format = DeviceFormat::from_name(name);
        if format.is_none() {
            self.fault(value.span(), &spot.path, unknown::<DeviceFormat>(name));
        }
        format
    }

    /// Reports a value of another kind than the key has.
    pub(super) fn wrong_kind(&mut self, spot: &Spot<'_>) {
        let message = wrong(spot.item.type_name(), &spot.example);
        self.fault(spot.span(), &spot.path, message);
    }

    /// The same for a value in a list.
    pub(super) fn wrong_element(&mut self, spot: &Spot<'_>, value: &Value) {
        let message = wrong(value.type_name(), &spot.example);
        self.fault(value.span(), &spot.path, message);
    }
}

fn wrong(kind: &str, example: &str) -> String {
    let article = if kind.starts_with(['a', 'i']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {kind} cannot stand here; write, for instance, {example}")
}

fn unknown<T: Named>(name: &str) -> String {
    let names: Vec<&str> = T::NAMES.iter().map(|&(name, _)| name).collect();
    match nearest(name, names.iter().copied()) {
        Some(meant) => format!("{name:?} is not {}; did you mean \"{meant}\"?", T::WHAT),
        None => format!("{name:?} is not {}; write {}", T::WHAT, one_of(&names, '"')),
    }
}
