//! From a profile of the configuration to a device.

use config::{DeviceFormat, DeviceName, Profile};
use engine::format::SampleFormat;

use crate::choice::Wish;
use crate::device::{Mode, Options, WasapiDevice};
use crate::endpoint::Selection;

impl WasapiDevice {
    /// The device that a profile plays to, in the profile's mode and formats. What the environment
    /// says of the formats comes before what the profile says; a list there that cannot be read counts
    /// as none, and `asio2wasapi doctor` names what is wrong with it.
    pub fn of_profile(profile: &Profile) -> Self {
        let devices = profile.output.members.first();
        let wishes = devices.map_or(&[][..], |member| &member.devices);
        let options = Options::from_environment().and_then(Result::ok);
        let formats = || profile.formats.iter().copied().map(sample_format).collect();
        Self::new(
            Selection::Preferred(wishes.iter().map(wish).collect()),
            mode(profile.mode),
            options.unwrap_or_else(|| Options { formats: formats() }),
        )
    }
}

fn mode(mode: config::Mode) -> Mode {
    match mode {
        config::Mode::Auto | config::Mode::Shared | config::Mode::LowLatency => Mode::Shared,
        config::Mode::Exclusive | config::Mode::ExclusiveTimer => Mode::Exclusive,
    }
}

fn wish(device: &DeviceName) -> Wish {
    match device {
        DeviceName::Default => Wish::Default,
        DeviceName::DefaultCommunications => Wish::DefaultCommunications,
        DeviceName::Id(id) => Wish::Id(id.clone()),
        DeviceName::Name(name) => Wish::Name(name.clone()),
    }
}

fn sample_format(format: DeviceFormat) -> SampleFormat {
    match format {
        DeviceFormat::Int32 => SampleFormat::Int32,
        DeviceFormat::Int24In32 => SampleFormat::Int24In32,
        DeviceFormat::Int24 => SampleFormat::Int24,
        DeviceFormat::Int16 => SampleFormat::Int16,
        DeviceFormat::Float32 => SampleFormat::Float32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_the_same_on_both_sides() {
        for format in DeviceFormat::ALL {
            assert_eq!(sample_format(format).name(), format.name());
        }
    }
}
