//! From a profile of the configuration to a device.

use config::{DeviceFormat, DeviceName, Member, Port, Profile, Side, SinkKind, SourceKind};
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
        let first = |side: &Side| side.members.first().map(selection);
        Self::new(
            first(&profile.output),
            first(&profile.input),
            mode(profile.mode),
            options(profile),
        )
    }

    /// The device that a sink and a source of the router are, in the sink's mode, or that one of them is.
    pub fn of_ports(sink: Option<&Port<SinkKind>>, source: Option<&Port<SourceKind>>) -> Self {
        let modes = [sink.map(|sink| sink.mode), source.map(|source| source.mode)];
        let said = modes.into_iter().flatten().next();
        Self::new(
            sink.map(|sink| preferred(&sink.devices)),
            source.map(|source| preferred(&source.devices)),
            mode(said.unwrap_or(config::Mode::Auto)),
            Options::from_environment()
                .and_then(Result::ok)
                .unwrap_or_default(),
        )
    }

    /// The devices that a profile joins to the [first ones](Self::of_profile), outputs first: each with
    /// whether it records.
    pub fn joined_of_profile(profile: &Profile) -> Vec<(Self, bool, &Member)> {
        let further = |side| <[Member]>::iter(side).skip(1);
        let outputs = further(&profile.output.members).map(|member| (false, member));
        let inputs = further(&profile.input.members).map(|member| (true, member));
        let device = |(is_input, member): (bool, _)| {
            let selection = Some(selection(member));
            let (output, input) = match is_input {
                true => (None, selection),
                false => (selection, None),
            };
            let device = Self::new(output, input, mode(profile.mode), options(profile));
            (device, is_input, member)
        };
        outputs.chain(inputs).map(device).collect()
    }
}

fn selection(member: &Member) -> Selection {
    preferred(&member.devices)
}

fn preferred(devices: &[DeviceName]) -> Selection {
    Selection::Preferred(devices.iter().map(wish).collect())
}

fn options(profile: &Profile) -> Options {
    let asked = Options::from_environment().and_then(Result::ok);
    let formats = || profile.formats.iter().copied().map(sample_format).collect();
    asked.unwrap_or_else(|| Options { formats: formats() })
}

fn mode(mode: config::Mode) -> Mode {
    match mode {
        // The router's own devices, as far as nothing else is said of them.
        config::Mode::Auto | config::Mode::Router => Mode::Auto,
        config::Mode::Shared => Mode::Shared,
        config::Mode::LowLatency => Mode::LowLatency,
        config::Mode::Exclusive => Mode::Exclusive,
        config::Mode::ExclusiveTimer => Mode::ExclusiveTimer,
    }
}

pub(crate) fn wish(device: &DeviceName) -> Wish {
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
