//! What the file says, as types.

use std::path::PathBuf;

use crate::class_id::class_id;
use crate::name::same_name;
use crate::routing::Routing;

/// The whole file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The file that everything which happens to a driver is logged to; `None` for no log.
    pub log: Option<PathBuf>,
    /// All profiles: the built-in ones first, then the file's own in its order. No two have the same name, case not counted.
    pub profiles: Vec<Profile>,
    /// The router.
    pub router: Routing,
}

impl Config {
    /// The profile of that name, case not counted.
    pub fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles
            .iter()
            .find(|profile| same_name(&profile.name, name))
    }

    /// The profile of that COM class, as [`class_id`] tells it.
    pub fn profile_of_class(&self, class: u128) -> Option<&Profile> {
        self.profiles
            .iter()
            .find(|profile| class_id(&profile.name) == class)
    }
}

impl Default for Config {
    /// What holds without a file: the built-in profiles.
    fn default() -> Self {
        Self {
            log: None,
            profiles: BUILT_IN.iter().map(|one| Profile::new(one.name)).collect(),
            router: Routing::default(),
        }
    }
}

/// A profile that exists without a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuiltIn {
    /// Its name.
    pub name: &'static str,
    /// Its COM class. Hosts keep it in their settings: it never changes.
    pub class_id: u128,
    /// Its mode, unless the file says otherwise.
    pub mode: Mode,
}

/// The built-in profiles.
pub const BUILT_IN: [BuiltIn; 4] = [
    BuiltIn {
        name: "ASIO2WASAPI Shared",
        class_id: 0x423FFE53_CFA9_4AF5_8C05_578026364258,
        mode: Mode::Shared,
    },
    BuiltIn {
        name: "ASIO2WASAPI Low Latency",
        class_id: 0xAD7A255D_9D4E_4B4A_8AC8_E813D27F782E,
        mode: Mode::LowLatency,
    },
    BuiltIn {
        name: "ASIO2WASAPI Exclusive",
        class_id: 0xB6F0A540_69EB_40A4_96EC_71E3BE63CC04,
        mode: Mode::Exclusive,
    },
    BuiltIn {
        name: "ASIO2WASAPI Router",
        class_id: 0x37869ABA_674D_8D2B_BE53_8E5B853B0153,
        mode: Mode::Router,
    },
];

/// The built-in profile of that name, case not counted.
pub(crate) fn built_in(name: &str) -> Option<&'static BuiltIn> {
    BUILT_IN.iter().find(|one| same_name(one.name, name))
}

/// One driver in a host's list: what it plays to, what it records from, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The driver's name, as [`check_name`](crate::check_name) allows it.
    pub name: String,
    /// How the devices are opened.
    pub mode: Mode,
    /// The block that the driver prefers, in frames, 16 to 8192; `None` for the device's period.
    pub block_frames: Option<u32>,
    /// Frames kept in the device's buffer beyond what its mode needs, 0 to 8192.
    pub safety_frames: u32,
    /// The rate that the driver starts with, in Hz, 8000 to 768000; `None` for the device's own.
    pub rate_hz: Option<u32>,
    /// What the host's samples are.
    pub sample_type: SampleType,
    /// The sample formats that an exclusive stream may have, the most wanted first; never empty.
    pub formats: Vec<DeviceFormat>,
    /// What happens where the rates or the clocks of host and device differ.
    pub resampling: Resampling,
    /// Whether noise (TPDF) hides the rounding where a device takes fewer bits than there are.
    pub dither: bool,
    /// How a router's blocks are handed over; of no matter in other modes.
    pub hand_over: HandOver,
    /// Where the sound goes.
    pub output: Side,
    /// Where it comes from.
    pub input: Side,
}

impl Profile {
    /// A profile of that name in which nothing was chosen: a built-in one's defaults, or everybody's.
    pub fn new(name: &str) -> Self {
        let known = built_in(name);
        Self {
            name: known.map_or(name, |one| one.name).to_owned(),
            mode: known.map_or(Mode::Auto, |one| one.mode),
            block_frames: None,
            safety_frames: 0,
            rate_hz: None,
            sample_type: SampleType::Auto,
            formats: DeviceFormat::ALL.to_vec(),
            resampling: Resampling::Best,
            dither: true,
            hand_over: HandOver::Auto,
            output: Side::default(),
            input: Side::default(),
        }
    }

    /// Whether it exists without a file.
    pub fn is_built_in(&self) -> bool {
        built_in(&self.name).is_some()
    }
}

/// The devices of one direction. Several are joined: their channels follow one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// The devices; none if this direction has no channels.
    pub members: Vec<Member>,
}

impl Default for Side {
    /// The system's default device.
    fn default() -> Self {
        Self {
            members: vec![Member {
                devices: vec![DeviceName::Default],
                or_none: false,
                channels: Channels::All,
            }],
        }
    }
}

/// One device of a direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// What it may be, the most wanted first; never empty.
    pub devices: Vec<DeviceName>,
    /// Whether the direction does without this device, and without its channels, while none of
    /// `devices` is there. Otherwise the channels stay and the driver waits for the device.
    pub or_none: bool,
    /// Which of its channels the host gets.
    pub channels: Channels,
}

/// How a device is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DeviceName {
    /// The system's default device.
    Default,
    /// The system's default device for communications.
    DefaultCommunications,
    /// The device with this endpoint id.
    Id(String),
    /// The device with this name, or the only one whose name has this in it, case not counted.
    Name(String),
}

impl DeviceName {
    /// How it is written in the file, without quotes.
    pub fn word(&self) -> &str {
        match self {
            DeviceName::Default => "default",
            DeviceName::DefaultCommunications => "default-communications",
            DeviceName::Id(text) | DeviceName::Name(text) => text,
        }
    }
}

/// Which channels of a device the host gets, and in which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Channels {
    /// All, in the device's order.
    All,
    /// So many, from the first on; 1 to 64.
    First(u32),
    /// These, numbered from 1 to 64, in this order; 1 to 64 of them, each once.
    Map(Vec<u32>),
}

/// A type with a name for each of its values.
pub(crate) trait Named: Copy + PartialEq + 'static {
    /// What a value is called in sentences, with its article.
    const WHAT: &'static str;
    /// Every value with its name.
    const NAMES: &'static [(&'static str, Self)];

    fn from_name(name: &str) -> Option<Self> {
        let found = Self::NAMES.iter().find(|(known, _)| *known == name);
        found.map(|&(_, value)| value)
    }
}

macro_rules! named {
    ($(#[$doc:meta])* $type:ident, $what:literal: $($(#[$value_doc:meta])* $value:ident = $name:literal,)+) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $type {
            $($(#[$value_doc])* $value,)+
        }

        impl $type {
            /// The name in the file.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$value => $name,)+
                }
            }
        }

        impl Named for $type {
            const WHAT: &'static str = $what;
            const NAMES: &'static [(&'static str, Self)] = &[$(($name, Self::$value),)+];
        }
    };
}

named! {
    /// How devices are opened.
    Mode, "a mode":
    /// What suits the device best; the driver says what it chose.
    Auto = "auto",
    /// Beside other programs, through the system's mixer.
    Shared = "shared",
    /// Beside other programs, at the shortest period that the system's mixer offers.
    LowLatency = "low-latency",
    /// Alone, woken by the device.
    Exclusive = "exclusive",
    /// Alone, woken by a timer; for devices that do not wake.
    ExclusiveTimer = "exclusive-timer",
    /// Not at all: the router has them, and mixes what its clients play.
    Router = "router",
}

named! {
    /// What a host's samples are.
    SampleType, "a sample type":
    /// What loses nothing on the way to the device.
    Auto = "auto",
    /// 32-bit integers.
    Int32 = "int32",
    /// 32-bit floats, full scale ±1.0.
    Float32 = "float32",
}

named! {
    /// A sample format of exclusive streams.
    DeviceFormat, "a sample format":
    /// 32-bit integer.
    Int32 = "int32",
    /// 24-bit integer in the upper bits of 4 bytes.
    Int24In32 = "int24in32",
    /// 24-bit integer in 3 bytes.
    Int24 = "int24",
    /// 16-bit integer.
    Int16 = "int16",
    /// 32-bit float.
    Float32 = "float32",
}

impl DeviceFormat {
    /// Every format, the most exact for integer material first.
    pub const ALL: [DeviceFormat; 5] = [
        DeviceFormat::Int32,
        DeviceFormat::Int24In32,
        DeviceFormat::Int24,
        DeviceFormat::Int16,
        DeviceFormat::Float32,
    ];
}

named! {
    /// How sound is brought from one rate or clock to another.
    Resampling, "a resampling quality":
    /// The most exact.
    Best = "best",
    /// The shortest delay.
    LowDelay = "low-delay",
    /// Not at all: the device's rates are the only ones.
    Off = "off",
}

named! {
    /// How blocks are handed over between a driver and the router.
    HandOver, "a way of handing over":
    /// Inside the router's cycle while the program is quick, else beside it.
    Auto = "auto",
    /// Inside the router's cycle: nothing is added, and the program must be quick.
    Synchronous = "synchronous",
    /// Beside the cycle: a block is added, and the program may take its time.
    Pipelined = "pipelined",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_file_there_are_four_drivers() {
        let config = Config::default();
        let of = |name| config.profile(name).map(|profile| profile.mode);
        assert_eq!(config.profiles.len(), 4);
        assert_eq!(of("asio2wasapi shared"), Some(Mode::Shared));
        assert_eq!(of("ASIO2WASAPI Low Latency"), Some(Mode::LowLatency));
        assert_eq!(of("ASIO2WASAPI Exclusive"), Some(Mode::Exclusive));
        assert_eq!(of("ASIO2WASAPI Router"), Some(Mode::Router));
        assert_eq!(of("Studio"), None);
        for (profile, built_in) in config.profiles.iter().zip(BUILT_IN) {
            assert!(profile.is_built_in());
            assert_eq!(config.profile_of_class(built_in.class_id), Some(profile));
        }
        assert_eq!(Profile::new("Studio").mode, Mode::Auto);
    }

    #[test]
    fn names_lead_back_to_their_values() {
        fn check<T: Named + std::fmt::Debug>(name: fn(T) -> &'static str) {
            for &(known, value) in T::NAMES {
                assert_eq!(name(value), known);
                assert_eq!(T::from_name(known), Some(value));
            }
            assert_eq!(T::from_name("Auto"), None);
        }
        check(Mode::name);
        check(SampleType::name);
        check(DeviceFormat::name);
        check(Resampling::name);
        check(HandOver::name);
    }
}
