//! From the plan and who is there to a mix.

use std::ops::Range;

use config::{DeviceName, SinkKind, SourceKind};
use engine::mix::{Channel, Desk, Mix, Port, Route, Strip};

use crate::hall::Guest;
use crate::plan::Plan;

/// The mix of those that the configuration says nothing of.
const STRAIGHT: &str = "straight";

/// How many channels the core's mix has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeskSpec {
    /// Of all sources.
    pub sources: usize,
    /// Of all sinks.
    pub sinks: usize,
}

/// The desk, and the factors of the core's mix: those of all sources to the first sink channel first.
///
/// A client that the configuration names is routed as it says. One that it does not name plays to the
/// master and hears what the master's partner records or else the microphone, each channel to its like.
///
/// `endpoints` tells for each sink, and then for each source of the plan, the endpoint whose sound it is.
///
/// A route that cannot be, because sound would go round, is left out; the third value tells why, a sentence
/// for each.
///
/// # Errors
/// One sentence: the ports or mixes themselves cannot be.
pub fn desk_of(
    plan: &Plan,
    guests: &[Guest],
    endpoints: (&[Option<String>], &[Option<String>]),
    spec: DeskSpec,
) -> Result<(Desk, Vec<f32>, Vec<String>), String> {
    let hears = |guest: &Guest| means(plan.routing.sinks.iter(), SinkKind::Client, guest);
    let plays = |guest: &Guest| means(plan.routing.sources.iter(), SourceKind::Client, guest);
    // Ports without channels are none.
    let mut sources: Vec<(Port, Range<usize>, Option<String>)> = Vec::new();
    for (at, seat) in plan.sources.iter().enumerate() {
        let endpoint = endpoints.1.get(at).cloned().flatten();
        let port = port(&seat.port.name, seat.channels.len(), endpoint);
        sources.push((port, seat.channels.clone(), Some(seat.port.name.clone())));
    }
    let mut sinks: Vec<(Port, Range<usize>, Option<String>)> = Vec::new();
    for (at, seat) in plan.sinks.iter().enumerate() {
        let endpoint = endpoints.0.get(at).cloned().flatten();
        let port = port(&seat.port.name, seat.channels.len(), endpoint);
        sinks.push((port, seat.channels.clone(), Some(seat.port.name.clone())));
    }
    for guest in guests {
        let name = format!("#{}", guest.number);
        if !guest.sources.is_empty() {
            let port = port(&name, guest.sources.len(), None);
            sources.push((port, guest.sources.clone(), plays(guest)));
        }
        if !guest.sinks.is_empty() {
            let port = port(&name, guest.sinks.len(), None);
            sinks.push((port, guest.sinks.clone(), hears(guest)));
        }
    }
    let mut mixes = Vec::new();
    for mix in &plan.routing.mixes {
        let mut routes = Vec::new();
        for route in &mix.routes {
            let strip = Strip {
                gain_db: route.gain.db(),
                mute: route.mute,
                solo: route.solo,
                invert: route.invert,
            };
            let named = |ports: &[(Port, Range<usize>, Option<String>)], name: &str| {
                let meant = ports.iter().enumerate();
                let meant = meant.filter(|(_, port)| port.2.as_deref() == Some(name));
                meant
                    .map(|(at, port)| (at, port.0.channels))
                    .collect::<Vec<_>>()
            };
            for (from, from_channels) in named(&sources, &route.from) {
                for (to, to_channels) in named(&sinks, &route.to) {
                    let pairs = route
                        .channels
                        .iter()
                        .map(|&(from, to)| (from as u16 - 1, to as u16 - 1));
                    // A program may have fewer channels than the configuration says.
                    let pairs = pairs.filter(|&(a, b)| a < from_channels && b < to_channels);
                    routes.extend(pairs.map(|(a, b)| one(from, a, to, b, strip)));
                }
            }
        }
        mixes.push(Mix {
            name: mix.name.clone(),
            gain_db: mix.gain.db(),
            mute: mix.mute,
            routes,
        });
    }
    mixes.push(straight(plan, &sources, &sinks));
    let ports = |list: &[(Port, Range<usize>, Option<String>)]| {
        list.iter().map(|(port, ..)| port.clone()).collect()
    };
    let (desk, refused) = match Desk::new(ports(&sources), ports(&sinks), mixes.clone()) {
        Ok(desk) => (desk, Vec::new()),
        Err(_) => without_what_cannot_be(ports(&sources), ports(&sinks), mixes)?,
    };
    let places = |list: &[(Port, Range<usize>, Option<String>)]| -> Vec<usize> {
        list.iter()
            .flat_map(|(_, channels, _)| channels.clone())
            .collect()
    };
    let factors = spread(&desk.factors(), &places(&sources), &places(&sinks), spec);
    Ok((desk, factors, refused))
}

/// A desk with as many of the routes as there can be, and why not the others.
fn without_what_cannot_be(
    sources: Vec<Port>,
    sinks: Vec<Port>,
    mixes: Vec<Mix>,
) -> Result<(Desk, Vec<String>), String> {
    let empty = |mix: &Mix| Mix {
        routes: Vec::new(),
        ..mix.clone()
    };
    let mut desk = Desk::new(sources, sinks, mixes.iter().map(empty).collect())?;
    let mut refused: Vec<String> = Vec::new();
    for (place, mix) in mixes.into_iter().enumerate() {
        for route in mix.routes {
            if let Err(why) = desk.set_route(place, route)
                && !refused.contains(&why)
            {
                refused.push(why);
            }
        }
    }
    Ok((desk, refused))
}

/// The routes of clients that the configuration does not name.
fn straight(
    plan: &Plan,
    sources: &[(Port, Range<usize>, Option<String>)],
    sinks: &[(Port, Range<usize>, Option<String>)],
) -> Mix {
    let mut routes = Vec::new();
    let master_channels = sinks.first().map_or(0, |sink| sink.0.channels);
    for (at, (port, _, named)) in sources.iter().enumerate() {
        if named.is_none() {
            let channels = 0..port.channels.min(master_channels);
            routes.extend(channels.map(|n| one(at, n, 0, n, Strip::default())));
        }
    }
    // The plan's sources come first.
    let heard = plan.heard.and_then(|at| Some((at, sources.get(at)?)));
    let (heard, heard_channels) = heard.map_or((0, 0), |(at, source)| (at, source.0.channels));
    for (at, (port, _, named)) in sinks.iter().enumerate() {
        if named.is_none() {
            let channels = 0..port.channels.min(heard_channels);
            routes.extend(channels.map(|n| one(heard, n, at, n, Strip::default())));
        }
    }
    let mut name = STRAIGHT.to_owned();
    while plan.routing.mix(&name).is_some() {
        name.push('_');
    }
    Mix {
        name,
        gain_db: 0.0,
        mute: false,
        routes,
    }
}

fn port(name: &str, channels: usize, endpoint: Option<String>) -> Port {
    Port {
        name: name.to_owned(),
        channels: channels as u16,
        endpoint,
    }
}

fn one(from: usize, from_channel: u16, to: usize, to_channel: u16, strip: Strip) -> Route {
    let channel = |port, channel| Channel { port, channel };
    Route {
        from: channel(from, from_channel),
        to: channel(to, to_channel),
        strip,
    }
}

/// The name of the port of that kind that means a client: one of its devices' names is in the client's,
/// case not counted.
fn means<'p, K: PartialEq + 'p>(
    ports: impl Iterator<Item = &'p config::Port<K>>,
    kind: K,
    guest: &Guest,
) -> Option<String> {
    let own = guest.name.to_lowercase();
    let mut ports = ports.filter(|port| port.kind == kind);
    let is_meant = |device: &DeviceName| match device {
        DeviceName::Name(name) => own.contains(&name.to_lowercase()),
        _ => false,
    };
    let port = ports.find(|port| port.devices.iter().any(is_meant))?;
    Some(port.name.clone())
}

/// A desk's factors at the places that its channels have in the core's mix.
fn spread(
    factors: &[f32],
    source_places: &[usize],
    sink_places: &[usize],
    spec: DeskSpec,
) -> Vec<f32> {
    let mut all = vec![0.0; spec.sources * spec.sinks];
    let rows = factors.chunks_exact(source_places.len().max(1));
    for (row, sink) in rows.zip(sink_places) {
        for (factor, source) in row.iter().zip(source_places) {
            if let Some(cell) = all.get_mut(sink * spec.sources + source)
                && *source < spec.sources
            {
                *cell = *factor;
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: DeskSpec = DeskSpec {
        sources: 2 + 4,
        sinks: 2 + 4,
    };

    fn plan(text: &str) -> Plan {
        let (config, errors) = config::read(text);
        assert_eq!(errors, []);
        Plan::new(&config.router)
    }

    /// Pairs of a source channel and a sink channel with their factor.
    fn cells(factors: &[f32]) -> Vec<(usize, usize, f32)> {
        let cell = |(at, factor): (usize, &f32)| (at % SPEC.sources, at / SPEC.sources, *factor);
        let cells = factors.iter().enumerate().map(cell);
        cells.filter(|(.., factor)| *factor != 0.0).collect()
    }

    #[test]
    fn who_is_not_named_plays_to_the_master() {
        let plan = plan("");
        let guests = [Guest::example(0, "daw.exe", 2..4, 2..4)];
        let (_, factors, refused) = desk_of(&plan, &guests, (&[], &[]), SPEC).expect("a desk");
        assert!(refused.is_empty());
        // It hears the microphone, whose channels come first.
        let expected = [(2, 0, 1.0), (3, 1, 1.0), (0, 2, 1.0), (1, 3, 1.0)];
        assert_eq!(cells(&factors), expected);
    }

    #[test]
    fn who_is_named_plays_where_routes_lead() {
        let plan = plan(
            "[router.source.daw]\nkind = \"client\"\n[router.sink.Out]\nkind = \"device\"\n\
             [router.mix.a]\nroutes = [{ from = \"daw\", to = \"Out\", from_channel = 1, \
             to_channel = 2, invert = true }]\n",
        );
        let guests = [
            Guest::example(0, "DAW.exe", 2..4, 2..4),
            Guest::example(1, "other.exe", 4..6, 4..6),
        ];
        let (_, factors, _) = desk_of(&plan, &guests, (&[], &[]), SPEC).expect("a desk");
        let played = [(4, 0, 1.0), (2, 1, -1.0), (5, 1, 1.0)];
        let heard = [(0, 2, 1.0), (1, 3, 1.0), (0, 4, 1.0), (1, 5, 1.0)];
        assert_eq!(cells(&factors), [&played[..], &heard].concat());
    }

    #[test]
    fn a_route_in_a_circle_is_left_out_and_told_t13() {
        let plan = plan(
            "[router.source.Tab]\nkind = \"loopback\"\n[router.sink.Out]\nkind = \"device\"\n\
             [router.mix.a]\nroutes = [{ from = \"Tab\", to = \"Out\" }]\n",
        );
        // The microphone's channels come after those of the tab.
        let guests = [Guest::example(0, "daw.exe", 4..6, 2..4)];
        let speakers = [Some("speakers".to_owned())];
        let endpoints = (&speakers[..], &speakers[..]);
        let (_, factors, refused) = desk_of(&plan, &guests, endpoints, SPEC).expect("a desk");
        let expected = [(4, 0, 1.0), (5, 1, 1.0), (2, 2, 1.0), (3, 3, 1.0)];
        assert_eq!(cells(&factors), expected);
        let said = "Sound would go round and round: \"speakers\" to \"speakers\"; take out one of \
                    these routes.";
        assert_eq!(refused, [said]);
    }
}
