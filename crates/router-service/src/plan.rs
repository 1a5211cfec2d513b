//! What the configuration means for the router: devices, and whose channels are where.

use std::ops::Range;

use config::{Port, Routing, SinkKind, SourceKind};

/// A source with the core's channels that its sound comes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSeat {
    /// As the configuration has it.
    pub port: Port<SourceKind>,
    /// Among the core's device inputs.
    pub channels: Range<usize>,
}

/// A sink with the core's channels that its sound goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkSeat {
    /// As the configuration has it.
    pub port: Port<SinkKind>,
    /// Among the core's device outputs.
    pub channels: Range<usize>,
}

impl SinkSeat {
    /// It is a file, and no device.
    pub fn is_file(&self) -> bool {
        self.port.kind == SinkKind::File
    }
}

/// What the configuration means. The first sink is the master: its device keeps the time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// All that records, but clients: the master's partner first, if it has one, and what the configuration
    /// does not name last.
    pub sources: Vec<SourceSeat>,
    /// All that plays, but clients: the master first, and files last, as they are no devices.
    pub sinks: Vec<SinkSeat>,
    /// The first source is of the master's device: both are opened as one.
    pub has_partner: bool,
    /// The place of the source that programs hear which the configuration does not name.
    pub heard: Option<usize>,
    /// As the configuration has it: its mixes, its clients, rate and cycle.
    pub routing: Routing,
}

impl Plan {
    /// What the router is by that configuration.
    pub fn new(routing: &Routing) -> Plan {
        let master = routing.master();
        let others = |port: &&Port<SinkKind>| {
            !matches!(port.kind, SinkKind::Client | SinkKind::File) && **port != master
        };
        let files = |port: &&Port<SinkKind>| port.kind == SinkKind::File;
        let sinks = std::iter::once(&master)
            .chain(routing.sinks.iter().filter(others))
            .chain(routing.sinks.iter().filter(files));
        let partner = routing.partner();
        let others =
            |port: &&Port<SourceKind>| port.kind != SourceKind::Client && Some(*port) != partner;
        let sources = partner
            .into_iter()
            .chain(routing.sources.iter().filter(others));
        let own = routing.own_input();
        let mut range = ranges();
        let sinks = sinks
            .map(|port| SinkSeat {
                channels: range(port.channels),
                port: port.clone(),
            })
            .collect();
        let mut range = ranges();
        let sources: Vec<SourceSeat> = sources
            .chain(&own)
            .map(|port| SourceSeat {
                channels: range(port.channels),
                port: port.clone(),
            })
            .collect();
        let heard = routing.heard();
        let is_heard = |seat: &SourceSeat| heard.as_ref() == Some(&seat.port);
        Plan {
            heard: sources.iter().position(is_heard),
            sources,
            sinks,
            has_partner: partner.is_some(),
            routing: routing.clone(),
        }
    }

    /// Channels of all that plays, and of all that records.
    pub fn device_channels(&self) -> (usize, usize) {
        let outputs = self.sinks.last().map_or(0, |seat| seat.channels.end);
        let inputs = self.sources.last().map_or(0, |seat| seat.channels.end);
        (outputs, inputs)
    }

    /// Whether a router that runs by this one can go on with `other`: its devices are the same.
    pub fn has_devices_of(&self, other: &Plan) -> bool {
        self.sources == other.sources
            && self.sinks == other.sinks
            && self.routing.rate_hz == other.routing.rate_hz
            && self.routing.cycle_frames == other.routing.cycle_frames
    }
}

/// One range of channels after the other, from 0 on.
fn ranges() -> impl FnMut(u32) -> Range<usize> {
    let mut next = 0;
    move |channels| {
        let first = next;
        next += channels as usize;
        first..next
    }
}

#[cfg(test)]
mod tests {
    use config::DeviceName;

    use super::*;

    fn plan(text: &str) -> Plan {
        let (config, errors) = config::read(text);
        assert_eq!(errors, []);
        Plan::new(&config.router)
    }

    #[test]
    fn nothing_said_is_the_default_device() {
        let plan = plan("");
        assert_eq!(plan.device_channels(), (2, 2));
        assert_eq!(plan.sinks[0].port.devices, [DeviceName::Default]);
        assert!(!plan.has_partner);
        let own = &plan.sources[plan.heard.expect("a microphone")].port;
        assert_eq!(own.devices, [DeviceName::Default]);
        assert!(own.on_demand);
    }

    #[test]
    fn what_the_page_on_obs_says_can_be() {
        let page = include_str!("../../../docs/obs.md");
        let parts: Vec<&str> = page
            .split("```toml\n")
            .skip(1)
            .filter_map(|part| part.split("```").next())
            .collect();
        let plan = plan(&parts.concat());
        let names = plan.sinks.iter().map(|seat| seat.port.name.as_str());
        assert_eq!(names.collect::<Vec<_>>(), ["Headphones", "Stream", "Take"]);
        assert_eq!(plan.routing.mixes.len(), 2);
    }

    #[test]
    fn the_first_device_is_the_master_and_its_input_comes_first() {
        let plan = plan(
            "[router.source.\"Tab\"]\nkind = \"loopback\"\n\
             [router.source.\"Guitar\"]\nkind = \"capture\"\nchannels = 1\n\
             [router.source.\"DAW\"]\nkind = \"client\"\n\
             [router.sink.\"Take\"]\nkind = \"file\"\n\
             [router.sink.\"Speakers\"]\nkind = \"device\"\nchannels = 8\n",
        );
        let sinks: Vec<_> = plan
            .sinks
            .iter()
            .map(|seat| (seat.port.name.as_str(), seat.channels.clone()))
            .collect();
        assert_eq!(sinks, [("Speakers", 0..8), ("Take", 8..10)]);
        let sources: Vec<_> = plan
            .sources
            .iter()
            .map(|seat| (seat.port.name.as_str(), seat.channels.clone()))
            .collect();
        assert_eq!(sources, [("Guitar", 0..1), ("Tab", 1..3)]);
        assert!(plan.has_partner);
        assert_eq!(plan.device_channels(), (10, 3));
    }
}
