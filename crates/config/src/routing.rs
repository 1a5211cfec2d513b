//! What the file says of the router, as types.

use crate::model::{DeviceName, Mode, Named};
use crate::name::same_name;

/// What the router plays to, where the file names nothing.
const OWN_OUTPUT: &str = "Output";
/// What it records from, where the file names nothing.
const OWN_INPUT: &str = "Input";
/// The channels of both.
const OWN_CHANNELS: u32 = 2;

/// The router: what it takes from and gives to, and what goes where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routing {
    /// Its rate in Hz, 8000 to 768000; `None` for that of its first sink.
    pub rate_hz: Option<u32>,
    /// Frames in a cycle, 16 to 8192; `None` for the first sink's period.
    pub cycle_frames: Option<u32>,
    /// What sound comes from; no two have the same name, case not counted.
    pub sources: Vec<Port<SourceKind>>,
    /// What it goes to; no two have the same name, case not counted. The first device is the master.
    pub sinks: Vec<Port<SinkKind>>,
    /// What goes where; no two have the same name, case not counted.
    pub mixes: Vec<Mix>,
}

impl Routing {
    /// What keeps the time: the first sink that is a device, with an ASIO driver or without, or the
    /// system's default device where there is none.
    pub fn master(&self) -> Port<SinkKind> {
        let is_device =
            |port: &&Port<SinkKind>| matches!(port.kind, SinkKind::Device | SinkKind::Asio);
        let first = self.sinks.iter().find(is_device);
        first.cloned().unwrap_or_else(|| {
            let mut name = OWN_OUTPUT.to_owned();
            while self.sink(&name).is_some() {
                name.push('_');
            }
            Port {
                name,
                kind: SinkKind::Device,
                devices: vec![DeviceName::Default],
                channels: OWN_CHANNELS,
                // Programs in other processes have their turns in each period: it should not be short
                // unless somebody wants it so.
                mode: Mode::Shared,
                on_demand: false,
                isolated: false,
            }
        })
    }

    /// What records on the master's device: the first source that is a device and may be opened as the
    /// master is; of ASIO hardware that of the same driver.
    pub fn partner(&self) -> Option<&Port<SourceKind>> {
        let master = self.master();
        let is_partner = |port: &&Port<SourceKind>| match (master.kind, port.kind) {
            (SinkKind::Asio, SourceKind::Asio) => {
                port.devices == master.devices && port.isolated == master.isolated
            }
            (SinkKind::Device, SourceKind::Capture) => {
                !port.on_demand && (port.mode == master.mode || port.mode == Mode::Auto)
            }
            _ => false,
        };
        self.sources.iter().find(is_partner)
    }

    /// What records, where the file names no source that does: the system's default device, which is
    /// opened only while it is heard. `None` where the file names one.
    pub fn own_input(&self) -> Option<Port<SourceKind>> {
        let records =
            |port: &Port<SourceKind>| matches!(port.kind, SourceKind::Capture | SourceKind::Asio);
        if self.sources.iter().any(records) {
            return None;
        }
        let mut name = OWN_INPUT.to_owned();
        while self.source(&name).is_some() {
            name.push('_');
        }
        Some(Port {
            name,
            kind: SourceKind::Capture,
            devices: vec![DeviceName::Default],
            channels: OWN_CHANNELS,
            mode: Mode::Shared,
            on_demand: true,
            isolated: false,
        })
    }

    /// What a program hears that the file does not name: what records on the master's device, or else the
    /// first source that is opened when it is heard.
    pub fn heard(&self) -> Option<Port<SourceKind>> {
        let on_demand = |port: &&Port<SourceKind>| port.on_demand;
        let named = self
            .partner()
            .or_else(|| self.sources.iter().find(on_demand));
        named.cloned().or_else(|| self.own_input())
    }

    /// The source of that name, case not counted.
    pub fn source(&self, name: &str) -> Option<&Port<SourceKind>> {
        self.sources.iter().find(|port| same_name(&port.name, name))
    }

    /// The sink of that name, case not counted.
    pub fn sink(&self, name: &str) -> Option<&Port<SinkKind>> {
        self.sinks.iter().find(|port| same_name(&port.name, name))
    }

    /// The mix of that name, case not counted.
    pub fn mix(&self, name: &str) -> Option<&Mix> {
        self.mixes.iter().find(|mix| same_name(&mix.name, name))
    }
}

/// A source or a sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port<K> {
    /// What people call it, as [`check_name`](crate::check_name) allows it.
    pub name: String,
    /// What it is.
    pub kind: K,
    /// The devices or programs that it may be, the most wanted first; never empty. Where the file
    /// names none, one of the port's own name.
    pub devices: Vec<DeviceName>,
    /// Its channels, 1 to 64.
    pub channels: u32,
    /// How a device is opened, for [`SourceKind::Capture`] and [`SinkKind::Device`]; never
    /// [`Mode::Router`].
    pub mode: Mode,
    /// It is opened only while its sound goes somewhere, for [`SourceKind::Capture`]; it is written only
    /// from when it is told to start, for [`SinkKind::File`].
    pub on_demand: bool,
    /// The driver is loaded by a process of its own, for [`SourceKind::Asio`] and [`SinkKind::Asio`].
    pub isolated: bool,
}

/// A named mix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mix {
    /// What people call it.
    pub name: String,
    /// Gain of all of it.
    pub gain: Gain,
    /// All of it is silent.
    pub mute: bool,
    /// Its routes; no channel leads to the same channel twice.
    pub routes: Vec<Route>,
}

/// A way from a source to a sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The source's name, as the source has it.
    pub from: String,
    /// The sink's name, as the sink has it.
    pub to: String,
    /// The channels, each from and to, numbered from 1; never empty.
    pub channels: Vec<(u32, u32)>,
    /// Gain on the way.
    pub gain: Gain,
    /// Silent.
    pub mute: bool,
    /// While any route of its mix is solo, those that are not are silent.
    pub solo: bool,
    /// Turned over.
    pub invert: bool,
}

/// A gain, to a hundredth of a dB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gain(i32);

impl Gain {
    /// The lowest gain in dB, which is silence.
    pub const DB_MIN: f64 = -144.0;
    /// The highest gain in dB.
    pub const DB_MAX: f64 = 24.0;

    /// A gain of so many dB, rounded to a hundredth; minus infinity is silence. `None` where there is
    /// no such gain.
    pub fn of_db(db: f64) -> Option<Gain> {
        if db == f64::NEG_INFINITY {
            return Some(Gain((Self::DB_MIN * 100.0) as i32));
        }
        let fits = (Self::DB_MIN..=Self::DB_MAX).contains(&db);
        fits.then(|| Gain((db * 100.0).round() as i32))
    }

    /// In dB.
    pub fn db(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// What a device records.
    Capture,
    /// What a device plays.
    Loopback,
    /// What a program and those that it started play.
    Process,
    /// What a device with an ASIO driver records.
    Asio,
    /// What an ASIO program plays to the router.
    Client,
}

/// What a sink is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SinkKind {
    /// A device.
    Device,
    /// A device with an ASIO driver.
    Asio,
    /// What an ASIO program records from the router.
    Client,
    /// A file.
    File,
}

impl Named for SourceKind {
    const WHAT: &'static str = "a kind of source";
    const NAMES: &'static [(&'static str, Self)] = &[
        ("capture", SourceKind::Capture),
        ("loopback", SourceKind::Loopback),
        ("process", SourceKind::Process),
        ("asio", SourceKind::Asio),
        ("client", SourceKind::Client),
    ];
}

impl Named for SinkKind {
    const WHAT: &'static str = "a kind of sink";
    const NAMES: &'static [(&'static str, Self)] = &[
        ("device", SinkKind::Device),
        ("asio", SinkKind::Asio),
        ("client", SinkKind::Client),
        ("file", SinkKind::File),
    ];
}

impl SourceKind {
    /// The name in the file.
    pub fn name(self) -> &'static str {
        name_of(self)
    }
}

impl SinkKind {
    /// The name in the file.
    pub fn name(self) -> &'static str {
        name_of(self)
    }
}

fn name_of<T: Named>(value: T) -> &'static str {
    let found = T::NAMES.iter().find(|(_, known)| *known == value);
    found.map_or("", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_are_hundredths_within_bounds() {
        let of = |db| Gain::of_db(db).map(Gain::db);
        assert_eq!(of(-6.019), Some(-6.02));
        assert_eq!(of(f64::NEG_INFINITY), Some(-144.0));
        assert_eq!(of(24.0), Some(24.0));
        assert_eq!((of(24.1), of(-144.1), of(f64::NAN)), (None, None, None));
        assert_eq!(Gain::default().db(), 0.0);
    }

    #[test]
    fn a_microphone_is_there_where_none_is_named() {
        let routing = |text: &str| {
            let (config, errors) = crate::read(text);
            assert_eq!(errors, []);
            config.router
        };
        let name = |text: &str| routing(text).heard().map(|port| port.name);
        assert_eq!(name("").as_deref(), Some("Input"));
        let tab = "[router.source.Input]\nkind = \"loopback\"\n";
        assert_eq!(name(tab).as_deref(), Some("Input_"));
        let mic = "[router.source.Mic]\nkind = \"capture\"\n";
        assert_eq!(name(mic).as_deref(), Some("Mic"));
        assert!(routing(mic).partner().is_some());
        let demanded = format!("{mic}on_demand = true\n");
        assert_eq!(name(&demanded).as_deref(), Some("Mic"));
        assert_eq!(routing(&demanded).partner(), None);
        let exclusive = format!("{mic}mode = \"exclusive\"\n");
        assert_eq!(name(&exclusive), None);
    }

    #[test]
    fn names_lead_back_to_their_kinds() {
        for &(name, kind) in SourceKind::NAMES {
            assert_eq!(
                (kind.name(), SourceKind::from_name(name)),
                (name, Some(kind))
            );
        }
        for &(name, kind) in SinkKind::NAMES {
            assert_eq!((kind.name(), SinkKind::from_name(name)), (name, Some(kind)));
        }
    }
}
