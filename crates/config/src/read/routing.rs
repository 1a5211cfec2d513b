//! The router's part of the file.

use std::ops::Range;

use toml_edit::{Item, Key, TableLike, Value};

use super::{Reader, Spot, path_of};
use crate::model::{DeviceName, Mode, Named};
use crate::name::{check_name, same_name};
use crate::nearest::nearest;
use crate::routing::{Gain, Mix, Port, Route, Routing};

/// The table that holds it.
pub(crate) const ROUTER: &str = "router";

const KEYS: [&str; 5] = ["rate_hz", "cycle_frames", "source", "sink", "mix"];
const PORT_KEYS: [&str; 6] = [
    "kind",
    "device",
    "channels",
    "mode",
    "on_demand",
    "isolated",
];
const MIX_KEYS: [&str; 3] = ["gain_db", "mute", "routes"];
const ROUTE_KEYS: [&str; 8] = [
    "from",
    "to",
    "from_channel",
    "to_channel",
    "gain_db",
    "mute",
    "solo",
    "invert",
];

/// More are no router that anybody understands.
const PORTS_MAX: usize = 64;
const MIXES_MAX: usize = 16;
const ROUTES_MAX: usize = 1_024;
const CHANNELS_MAX: u32 = 64;
const CHANNELS_DEFAULT: u32 = 2;

impl Reader<'_> {
    pub(super) fn router(&mut self, item: &Item, into: &mut Routing) {
        let Some(table) = item.as_table_like() else {
            let message = "this is not how the router is written; begin with a line like \
                           [router.source.\"Browser\"]";
            return self.fault(item.span(), ROUTER, message);
        };
        self.check_keys(table, ROUTER, &KEYS);
        if let Some(item) = table.get("rate_hz") {
            let spot = at(ROUTER, "rate_hz", item, "48000");
            into.rate_hz = self.number(&spot, 8_000..=768_000);
        }
        if let Some(item) = table.get("cycle_frames") {
            let spot = at(ROUTER, "cycle_frames", item, "64");
            into.cycle_frames = self.number(&spot, 16..=8_192);
        }
        into.sources = self.ports(table, "source", "Browser", "loopback");
        into.sinks = self.ports(table, "sink", "Headphones", "device");
        let mixes = self.named_tables(table, "mix", MIXES_MAX);
        for (name, path, table) in mixes {
            if let Some(mix) = self.mix(name, &path, table, into) {
                into.mixes.push(mix);
            }
        }
    }

    /// The tables below a key, each with a name that may be used.
    fn named_tables<'t>(
        &mut self,
        table: &'t dyn TableLike,
        key: &str,
        most: usize,
    ) -> Vec<(&'t str, String, &'t dyn TableLike)> {
        let above = path_of(ROUTER, key);
        let Some(item) = table.get(key) else {
            return Vec::new();
        };
        let Some(tables) = item.as_table_like() else {
            let message = format!("each one has a name; begin it with a line like [{above}.\"A\"]");
            self.fault(item.span(), &above, message);
            return Vec::new();
        };
        let mut found: Vec<(&str, String, &dyn TableLike)> = Vec::new();
        for (name, item) in tables.iter() {
            let path = path_of(&above, name);
            let span = tables.key(name).and_then(Key::span);
            if found.len() == most {
                let message = format!("there are more than {most} of these; leave some out");
                self.fault(span, &path, message);
                break;
            }
            if let Err(message) = check_name(name) {
                self.fault(span, &path, message);
            } else if let Some((other, ..)) = found.iter().find(|one| same_name(one.0, name)) {
                let message = format!("this is {other:?} once more; rename or remove one");
                self.fault(span, &path, message);
            } else if let Some(table) = item.as_table_like() {
                found.push((name, path, table));
            } else {
                let message = format!("this has no table; begin it with the line [{path}]");
                self.fault(item.span(), &path, message);
            }
        }
        found
    }

    fn ports<K: Named>(
        &mut self,
        table: &dyn TableLike,
        key: &str,
        name: &str,
        kind: &str,
    ) -> Vec<Port<K>> {
        let mut ports = Vec::new();
        for (own, path, table) in self.named_tables(table, key, PORTS_MAX) {
            self.check_keys(table, &path, &PORT_KEYS);
            let Some(item) = table.get("kind") else {
                let message = format!("this says not what it is; write kind = {kind:?} in it");
                self.fault(span_of(table), &path, message);
                continue;
            };
            let Some(kind) = self.kind(&at(&path, "kind", item, &format!("{kind:?}"))) else {
                continue;
            };
            let devices = match table.get("device") {
                None => Some(vec![DeviceName::Name(own.to_owned())]),
                Some(item) => self.port_devices(&at(&path, "device", item, &format!("{name:?}"))),
            };
            let channels = match table.get("channels") {
                None => Some(CHANNELS_DEFAULT),
                Some(item) => self.number(&at(&path, "channels", item, "2"), 1..=CHANNELS_MAX),
            };
            let mode = match table.get("mode") {
                None => Some(Mode::Auto),
                Some(item) => self.port_mode(&at(&path, "mode", item, "\"shared\"")),
            };
            let mut on_demand = false;
            self.switch(table, &path, "on_demand", &mut on_demand);
            let mut isolated = false;
            self.switch(table, &path, "isolated", &mut isolated);
            if let (Some(devices), Some(channels), Some(mode)) = (devices, channels, mode) {
                ports.push(Port {
                    name: own.to_owned(),
                    kind,
                    devices,
                    channels,
                    mode,
                    on_demand,
                    isolated,
                });
            }
        }
        ports
    }

    fn kind<K: Named>(&mut self, spot: &Spot<'_>) -> Option<K> {
        let mut kind = K::NAMES.first()?.1;
        let faults = self.faults;
        self.named(spot, &mut kind);
        (self.faults == faults).then_some(kind)
    }

    fn port_mode(&mut self, spot: &Spot<'_>) -> Option<Mode> {
        let mode = self.kind(spot)?;
        if mode == Mode::Router {
            let message = "the router cannot play to itself; choose another mode, or none";
            self.fault(spot.span(), &spot.path, message);
            return None;
        }
        Some(mode)
    }

    fn port_devices(&mut self, spot: &Spot<'_>) -> Option<Vec<DeviceName>> {
        let (devices, or_none) = self.devices(spot, spot.item)?;
        if devices.is_empty() || or_none {
            let message = "\"none\" is nothing to route; leave the whole of it out";
            self.fault(spot.span(), &spot.path, message);
            return None;
        }
        Some(devices)
    }

    fn mix(
        &mut self,
        name: &str,
        path: &str,
        table: &dyn TableLike,
        routing: &Routing,
    ) -> Option<Mix> {
        self.check_keys(table, path, &MIX_KEYS);
        let mut mix = Mix {
            name: name.to_owned(),
            gain: Gain::default(),
            mute: false,
            routes: Vec::new(),
        };
        self.gain(table, path, &mut mix.gain);
        self.switch(table, path, "mute", &mut mix.mute);
        let Some(item) = table.get("routes") else {
            return Some(mix);
        };
        let path = path_of(path, "routes");
        let tables: Vec<(&dyn TableLike, Option<Range<usize>>)> = match item {
            Item::ArrayOfTables(tables) => tables
                .iter()
                .map(|table| (table as &dyn TableLike, table.span()))
                .collect(),
            Item::Value(Value::Array(array)) if array.iter().all(Value::is_inline_table) => array
                .iter()
                .filter_map(|value| {
                    let table = value.as_inline_table()?;
                    Some((table as &dyn TableLike, value.span()))
                })
                .collect(),
            _ => {
                let message = "routes are a list; write, for instance, routes = [{ from = \
                               \"Browser\", to = \"Headphones\" }]";
                self.fault(item.span(), &path, message);
                return Some(mix);
            }
        };
        if tables.len() > ROUTES_MAX {
            let message = format!("there are more than {ROUTES_MAX} routes; leave some out");
            self.fault(item.span(), &path, message);
        }
        for (table, span) in tables.into_iter().take(ROUTES_MAX) {
            let Some(route) = self.route(&path, table, span.clone(), routing) else {
                continue;
            };
            let double = mix.routes.iter().any(|other| {
                let is_same = (&other.from, &other.to) == (&route.from, &route.to);
                is_same
                    && other
                        .channels
                        .iter()
                        .any(|pair| route.channels.contains(pair))
            });
            if double {
                let message = format!(
                    "{:?} leads to {:?} already in this mix; leave one of the two out",
                    route.from, route.to
                );
                self.fault(span, &path, message);
                continue;
            }
            mix.routes.push(route);
        }
        Some(mix)
    }

    fn route(
        &mut self,
        path: &str,
        table: &dyn TableLike,
        span: Option<Range<usize>>,
        routing: &Routing,
    ) -> Option<Route> {
        let faults = self.faults;
        self.check_keys(table, path, &ROUTE_KEYS);
        let sources = || {
            routing
                .sources
                .iter()
                .map(|port| (&*port.name, port.channels))
        };
        let sinks = || {
            routing
                .sinks
                .iter()
                .map(|port| (&*port.name, port.channels))
        };
        let from = self.end(path, table, span.clone(), "from", "source", sources);
        let to = self.end(path, table, span.clone(), "to", "sink", sinks);
        let mut route = Route {
            from: String::new(),
            to: String::new(),
            channels: Vec::new(),
            gain: Gain::default(),
            mute: false,
            solo: false,
            invert: false,
        };
        self.gain(table, path, &mut route.gain);
        self.switch(table, path, "mute", &mut route.mute);
        self.switch(table, path, "solo", &mut route.solo);
        self.switch(table, path, "invert", &mut route.invert);
        let ((from, from_channels), (to, to_channels)) = (from?, to?);
        let from_channel = self.route_channel(path, table, "from_channel", &from, from_channels);
        let to_channel = self.route_channel(path, table, "to_channel", &to, to_channels);
        route.channels = match (from_channel?, to_channel?) {
            (Some(from), Some(to)) => vec![(from, to)],
            (None, None) => (1..=from_channels.min(to_channels))
                .map(|n| (n, n))
                .collect(),
            _ => {
                let message = "one channel leads to one channel; write both from_channel and \
                               to_channel, or none of them for all";
                self.fault(span, path, message);
                return None;
            }
        };
        (route.from, route.to) = (from, to);
        (self.faults == faults).then_some(route)
    }

    /// One end of a route: the port's name as the port has it, and its channels.
    fn end<'n, I: Iterator<Item = (&'n str, u32)>>(
        &mut self,
        path: &str,
        table: &dyn TableLike,
        span: Option<Range<usize>>,
        key: &str,
        what: &str,
        ports: impl Fn() -> I,
    ) -> Option<(String, u32)> {
        let Some(item) = table.get(key) else {
            let message = format!("this route has no `{key}`; name the {what} that it leads {key}");
            self.fault(span, path, message);
            return None;
        };
        let spot = at(path, key, item, "\"Headphones\"");
        let Some(name) = item.as_str() else {
            self.wrong_kind(&spot);
            return None;
        };
        let found = ports().find(|(known, _)| same_name(known, name));
        if let Some((known, channels)) = found {
            return Some((known.to_owned(), channels));
        }
        let message = match nearest(name, ports().map(|(known, _)| known)) {
            Some(meant) => format!("there is no {what} {name:?}; did you mean {meant:?}?"),
            None => {
                let line = format!("[{ROUTER}.{what}.{name:?}]");
                format!("there is no {what} {name:?}; write one that begins with {line}")
            }
        };
        self.fault(spot.span(), &spot.path, message);
        None
    }

    /// `Some(None)` where no channel is named.
    fn route_channel(
        &mut self,
        path: &str,
        table: &dyn TableLike,
        key: &str,
        port: &str,
        channels: u32,
    ) -> Option<Option<u32>> {
        let Some(item) = table.get(key) else {
            return Some(None);
        };
        let spot = at(path, key, item, "1");
        let channel = self.number(&spot, 1..=CHANNELS_MAX)?;
        if channel > channels {
            let message = format!("{port:?} has {channels} channels; choose one of them");
            self.fault(spot.span(), &spot.path, message);
            return None;
        }
        Some(Some(channel))
    }

    fn gain(&mut self, table: &dyn TableLike, path: &str, into: &mut Gain) {
        let Some(item) = table.get("gain_db") else {
            return;
        };
        let spot = at(path, "gain_db", item, "-6.0");
        let number = item
            .as_float()
            .or_else(|| item.as_integer().map(|db| db as f64));
        let Some(db) = number else {
            return self.wrong_kind(&spot);
        };
        match Gain::of_db(db) {
            Some(gain) => *into = gain,
            None => {
                let (least, most) = (Gain::DB_MIN, Gain::DB_MAX);
                let message = format!("{db} is out of range; write dB from {least} to {most}");
                self.fault(spot.span(), &spot.path, message);
            }
        }
    }

    fn switch(&mut self, table: &dyn TableLike, path: &str, key: &str, into: &mut bool) {
        if let Some(item) = table.get(key) {
            self.flag(&at(path, key, item, "true"), into);
        }
    }
}

fn at<'i>(above: &str, key: &str, item: &'i Item, example: &str) -> Spot<'i> {
    Spot {
        item,
        path: path_of(above, key),
        example: format!("{key} = {example}"),
    }
}

/// Where a table's first key is; a table that was put together has no place of its own.
fn span_of(table: &dyn TableLike) -> Option<Range<usize>> {
    let (key, item) = table.iter().next()?;
    table.key(key).and_then(Key::span).or_else(|| item.span())
}
