//! Drivers in processes of their own: one that crashes takes nobody along, and one of the other bitness can be
//! loaded at all. Such a process is a router itself, with the driver's hardware for its only device; the
//! router that has started it is its client.

use config::{DeviceName, Mode, Port, Routing, SinkKind, SourceKind};

/// What begins the name by which such a process is found.
const LINK: &str = "asio2wasapi-driver";
/// As much of the driver's own name is in it, for people.
const SLUG_CHARS: usize = 8;

/// The process of one driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DriverPlan {
    /// The names that the driver may have, the most wanted first.
    pub drivers: Vec<String>,
    /// Channels that its hardware plays.
    pub outputs: u32,
    /// Channels that its hardware records.
    pub inputs: u32,
    /// The rate in Hz that the hardware is to have; `None` for the one that it has.
    pub rate_hz: Option<u32>,
    /// Frames in its cycle; `None` for its own.
    pub cycle_frames: Option<u32>,
}

impl DriverPlan {
    /// For the driver of these names: as many channels as the routing's ports of it have together.
    pub fn new(routing: &Routing, devices: &[DeviceName]) -> DriverPlan {
        let master = routing.master();
        let is_master = master.kind == SinkKind::Asio && master.devices == devices;
        let sinks = routing.sinks.iter();
        let sinks = sinks.filter(|port| port.kind == SinkKind::Asio && port.devices == devices);
        let sources = routing.sources.iter();
        let sources =
            sources.filter(|port| port.kind == SourceKind::Asio && port.devices == devices);
        DriverPlan {
            drivers: devices.iter().map(|name| name.word().to_owned()).collect(),
            outputs: sinks.map(|port| port.channels).max().unwrap_or(0),
            inputs: sources.map(|port| port.channels).max().unwrap_or(0),
            // Others have a clock of their own anyway.
            rate_hz: routing.rate_hz.filter(|_| is_master),
            cycle_frames: routing.cycle_frames.filter(|_| is_master),
        }
    }

    /// Marks the ports of all drivers that are foreign, and all ports of a driver of which one is marked: a driver
    /// is loaded by one process.
    pub fn isolate(routing: &mut Routing, is_foreign: impl Fn(&[DeviceName]) -> bool) {
        let sinks = routing.sinks.iter();
        let sinks = sinks.filter(|port| port.kind == SinkKind::Asio);
        let sources = routing.sources.iter();
        let sources = sources.filter(|port| port.kind == SourceKind::Asio);
        let all = sinks.map(|port| (&port.devices, port.isolated));
        let all = all.chain(sources.map(|port| (&port.devices, port.isolated)));
        let own = all.filter(|(devices, isolated)| *isolated || is_foreign(devices));
        let own: Vec<Vec<DeviceName>> = own.map(|(devices, _)| devices.clone()).collect();
        for port in &mut routing.sinks {
            port.isolated = port.kind == SinkKind::Asio && own.contains(&port.devices);
        }
        for port in &mut routing.sources {
            port.isolated = port.kind == SourceKind::Asio && own.contains(&port.devices);
        }
    }

    /// What people call the driver.
    pub fn name(&self) -> &str {
        self.drivers.first().map_or("", String::as_str)
    }

    /// The name by which its process is found: the same for the same names of the driver, and another for
    /// others. Letters, digits and hyphens.
    pub fn link(&self) -> String {
        let plain = self.name().chars().filter(char::is_ascii_alphanumeric);
        let slug: String = plain.take(SLUG_CHARS).collect();
        // Names that differ have numbers that differ, whatever program asks.
        let number = config::class_id(&self.drivers.join("\n"));
        format!("{LINK}-{slug}-{number:032x}")
    }

    /// What its process does: each of its client's channels goes to the hardware's channel of that number, and
    /// the other way.
    pub fn routing(&self) -> Routing {
        let devices = self.drivers.iter().cloned().map(DeviceName::Name);
        let devices: Vec<DeviceName> = devices.collect();
        fn port<K>(name: &str, kind: K, devices: &[DeviceName], channels: u32) -> Port<K> {
            Port {
                name: name.to_owned(),
                kind,
                devices: devices.to_vec(),
                channels,
                mode: Mode::Auto,
                on_demand: false,
                isolated: false,
            }
        }
        let source = (self.inputs > 0)
            .then(|| port("Hardware input", SourceKind::Asio, &devices, self.inputs));
        Routing {
            rate_hz: self.rate_hz,
            cycle_frames: self.cycle_frames,
            sources: source.into_iter().collect(),
            // It keeps the time, so there is always one.
            sinks: vec![port(
                "Hardware",
                SinkKind::Asio,
                &devices,
                self.outputs.max(1),
            )],
            mixes: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;

    fn routing(text: &str) -> Routing {
        let (config, errors) = config::read(text);
        assert_eq!(errors, []);
        config.router
    }

    #[test]
    fn a_process_serves_all_ports_of_its_driver() {
        let routing = routing(
            "[router]\nrate_hz = 96000\n\
             [router.sink.A]\nkind = \"asio\"\ndevice = \"Card\"\nchannels = 8\nisolated = true\n\
             [router.source.B]\nkind = \"asio\"\ndevice = \"Card\"\nisolated = true\n\
             [router.sink.C]\nkind = \"asio\"\ndevice = \"Other\"\nisolated = true\n",
        );
        let of = |name: &str| DriverPlan::new(&routing, &[DeviceName::Name(name.to_owned())]);
        let card = of("Card");
        assert_eq!((card.outputs, card.inputs), (8, 2));
        assert_eq!((card.name(), card.rate_hz), ("Card", Some(96_000)));
        let other = of("Other");
        assert_eq!((other.outputs, other.inputs, other.rate_hz), (2, 0, None));
        assert!(routing.partner().is_some_and(|port| port.name == "B"));
    }

    #[test]
    fn a_driver_is_in_one_process() {
        let mut routing = routing(
            "[router.sink.A]\nkind = \"asio\"\ndevice = \"Card\"\n\
             [router.sink.B]\nkind = \"asio\"\ndevice = \"Narrow\"\n\
             [router.sink.C]\nkind = \"asio\"\ndevice = \"Other\"\n\
             [router.sink.D]\nkind = \"device\"\ndevice = \"Narrow\"\nisolated = true\n\
             [router.source.E]\nkind = \"asio\"\ndevice = \"Card\"\nisolated = true\n",
        );
        DriverPlan::isolate(&mut routing, |devices| devices[0].word() == "Narrow");
        let isolated: Vec<bool> = routing.sinks.iter().map(|port| port.isolated).collect();
        assert_eq!(isolated, [true, true, false, false]);
        assert!(routing.partner().is_some_and(|port| port.isolated));
    }

    #[test]
    fn its_process_is_a_router_on_its_hardware() {
        let plan = DriverPlan {
            drivers: vec!["Card".to_owned()],
            outputs: 0,
            inputs: 4,
            rate_hz: None,
            cycle_frames: Some(64),
        };
        let inside = Plan::new(&plan.routing());
        assert_eq!(inside.device_channels(), (1, 4));
        assert!(inside.has_partner && inside.heard == Some(0));
        assert_eq!(inside.routing.cycle_frames, Some(64));
    }

    #[test]
    fn links_can_be_called_so_and_differ() {
        let link = |names: &[&str]| {
            let plan = DriverPlan {
                drivers: names.iter().map(|name| (*name).to_owned()).collect(),
                outputs: 2,
                inputs: 2,
                rate_hz: None,
                cycle_frames: None,
            };
            plan.link()
        };
        let long = link(&[&"Größter Treiber (überall) ".repeat(20)]);
        assert!(long.len() <= 64, "{long}");
        assert!(long.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
        assert_eq!(link(&["A"]), link(&["A"]));
        assert_ne!(link(&["Driver (A)"]), link(&["Driver [A]"]));
        assert_ne!(link(&["A", "B"]), link(&["A"]));
    }
}
