//! From a profile of the configuration to a device.

use config::{DeviceFormat, DeviceName, Profile, Side};
use engine::format::SampleFormat;

use crate::choice::Wish;
use crate::device::WasapiDevice;
use crate::endpoint::Selection;
use crate::mode::{Mode, Options};

impl WasapiDevice {
    /// The device that a profile plays to and records from, in the profile's mode and formats. What the environment
    /// says of the formats comes before what the profile says; a list there that cannot be read counts
    /// as none, and `asio2wasapi doctor` names what is wrong with it.
    pub fn of_profile(profile: &Profile) -> Self {
        let wishes = |side: &Side| {
            let member = side.members.first()?;
            Some(Selection::Preferred(
                member.devices.iter().map(wish).collect(),
            ))
        };
        let (output, input) = (wishes(&profile.output), wishes(&profile.input));
        let options = Options::from_environment().and_then(Result::ok);
        let formats = || profile.formats.iter().copied().map(sample_format).collect();
        Self::new(
            output,
            input,
            mode(profile.mode),
            options.unwrap_or_else(|| Options { formats: formats() }),
        )
    }
}

fn mode(mode: config::Mode) -> Mode {
    match mode {
        config::Mode::Auto => Mode::Auto,
        config::Mode::Shared => Mode::Shared,
        config::Mode::LowLatency => Mode::LowLatency,
        config::Mode::Exclusive => Mode::Exclusive,
        config::Mode::ExclusiveTimer => Mode::ExclusiveTimer,
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
