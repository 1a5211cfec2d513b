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
/// master and hears what the master's partner records, each channel to its like.
///
/// `endpoints` tells for each sink, and then for each source of the plan, the endpoint whose sound it is.
///
/// # Errors
/// One sentence: sound would go round.
pub fn desk_of(
    plan: &Plan,
    guests: &[Guest],
    endpoints: (&[Option<String>], &[Option<String>]),
    spec: DeskSpec,
) -> Result<(Desk, Vec<f32>), String> {
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
    let desk = Desk::new(ports(&sources), ports(&sinks), mixes)?;
    let places = |list: &[(Port, Range<usize>, Option<String>)]| -> Vec<usize> {
        list.iter()
            .flat_map(|(_, channels, _)| channels.clone())
            .collect()
    };
    let factors = spread(&desk.factors(), &places(&sources), &places(&sinks), spec);
    Ok((desk, factors))
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
    let partner = sources.first().filter(|_| plan.has_partner);
    let partner_channels = partner.map_or(0, |source| source.0.channels);
    for (at, (port, _, named)) in sinks.iter().enumerate() {
        if named.is_none() {
            let channels = 0..port.channels.min(partner_channels);
            routes.extend(channels.map(|n| one(0, n, at, n, Strip::default())));
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
