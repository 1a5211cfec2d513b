//! What the user chose about a driver, besides its device.

use config::{Channels, DeviceName, Member, Profile, Resampling, SampleType, Side};
use engine::format::ClientSample;
use engine::resample::Quality;

/// Which channels of a device the host gets, and in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ChannelMap {
    /// All, in the device's order.
    #[default]
    All,
    /// So many, from the first on.
    First(u32),
    /// So many, from the first on, whether the device has them or not: what it has not is silent.
    Exactly(u32),
    /// These of the device's, numbered from 0, in this order.
    These(Vec<u32>),
}

impl ChannelMap {
    /// What a device of a profile gives.
    pub fn of_member(member: &Member) -> Self {
        match &member.channels {
            Channels::All => ChannelMap::All,
            Channels::First(count) => ChannelMap::First(*count),
            // The file counts from 1.
            Channels::Map(numbers) => {
                ChannelMap::These(numbers.iter().map(|n| n.saturating_sub(1)).collect())
            }
        }
    }

    /// The device's channels, numbered from 0, in the host's order. What the device does not have is
    /// left out, unless just so many are wanted.
    pub(crate) fn of(&self, device_channels: u16) -> Vec<u16> {
        let has = |channel: &u32| *channel < u32::from(device_channels);
        let as_number = |channel: u32| channel as u16;
        match self {
            ChannelMap::All => (0..device_channels).collect(),
            ChannelMap::First(count) => (0..*count).filter(has).map(as_number).collect(),
            ChannelMap::Exactly(count) => (0..*count).map(as_number).collect(),
            ChannelMap::These(channels) => channels
                .iter()
                .copied()
                .filter(has)
                .map(as_number)
                .collect(),
        }
    }
}

/// What the user chose about a driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preferences {
    /// The block that hosts are told to prefer, in frames; `None` for the device's period.
    pub block_frames: Option<u32>,
    /// Frames that are kept in the device's queue beyond what it needs.
    pub safety_frames: u32,
    /// The rate to begin with in Hz; `None` for the device's own.
    pub rate_hz: Option<u32>,
    /// The type of the host's samples; `None` for what loses nothing.
    pub sample: Option<ClientSample>,
    /// How rates and clocks that differ are brought together.
    pub quality: Quality,
    /// Whether the host may choose a rate that the device does not have.
    pub resamples_rates: bool,
    /// Whether noise hides the rounding where a device has fewer bits than a sample.
    pub dither: bool,
    /// Whether there are outputs while no device that plays is there.
    pub plays: bool,
    /// Whether there are inputs while none that records is.
    pub records: bool,
    /// The devices are just the system's default ones, whichever those are.
    pub follows_default: bool,
    /// The outputs that the host gets.
    pub outputs: ChannelMap,
    /// The inputs that the host gets.
    pub inputs: ChannelMap,
}

impl Preferences {
    /// What a profile of the configuration says.
    pub fn of_profile(profile: &Profile) -> Self {
        let channels = |side: &Side| {
            let member = side.members.first();
            member.map_or(ChannelMap::All, ChannelMap::of_member)
        };
        let is_waited_for = |side: &Side| side.members.first().is_some_and(|one| !one.or_none);
        Self {
            block_frames: profile.block_frames,
            safety_frames: profile.safety_frames,
            rate_hz: profile.rate_hz,
            sample: match profile.sample_type {
                SampleType::Auto => None,
                SampleType::Int32 => Some(ClientSample::Int32),
                SampleType::Float32 => Some(ClientSample::Float32),
            },
            quality: match profile.resampling {
                Resampling::Best | Resampling::Off => Quality::Best,
                Resampling::LowDelay => Quality::LowDelay,
            },
            resamples_rates: profile.resampling != Resampling::Off,
            dither: profile.dither,
            follows_default: [&profile.output, &profile.input]
                .iter()
                .filter_map(|side| side.members.first())
                .all(|member| member.devices == [DeviceName::Default]),
            plays: is_waited_for(&profile.output),
            records: is_waited_for(&profile.input),
            outputs: channels(&profile.output),
            inputs: channels(&profile.input),
        }
    }
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            block_frames: None,
            safety_frames: 0,
            rate_hz: None,
            sample: None,
            quality: Quality::Best,
            resamples_rates: true,
            dither: true,
            plays: true,
            records: true,
            follows_default: true,
            outputs: ChannelMap::All,
            inputs: ChannelMap::All,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_without_choices_is_the_default() {
        let profile = Profile::new("Studio");
        assert_eq!(Preferences::of_profile(&profile), Preferences::default());
    }

    #[test]
    fn what_a_profile_says_is_taken_over() {
        let mut profile = Profile::new("Studio");
        profile.block_frames = Some(256);
        profile.safety_frames = 48;
        profile.rate_hz = Some(96_000);
        profile.sample_type = SampleType::Float32;
        profile.resampling = Resampling::Off;
        profile.dither = false;
        profile.output.members[0].channels = Channels::Map(vec![3, 1]);
        profile.input.members.clear();
        let expected = Preferences {
            block_frames: Some(256),
            safety_frames: 48,
            rate_hz: Some(96_000),
            sample: Some(ClientSample::Float32),
            quality: Quality::Best,
            resamples_rates: false,
            dither: false,
            plays: true,
            records: false,
            follows_default: true,
            outputs: ChannelMap::These(vec![2, 0]),
            inputs: ChannelMap::All,
        };
        assert_eq!(Preferences::of_profile(&profile), expected);
    }

    #[test]
    fn a_map_never_names_what_the_device_has_not() {
        assert_eq!(ChannelMap::All.of(3), [0, 1, 2]);
        assert_eq!(ChannelMap::First(2).of(3), [0, 1]);
        assert_eq!(ChannelMap::First(9).of(3), [0, 1, 2]);
        assert_eq!(ChannelMap::Exactly(4).of(3), [0, 1, 2, 3]);
        assert_eq!(ChannelMap::These(vec![2, 7, 0]).of(3), [2, 0]);
        assert_eq!(ChannelMap::These(vec![u32::MAX]).of(3), [0u16; 0]);
    }
}
