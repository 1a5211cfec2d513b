//! Live changes of what goes where.

use config::{DeviceName, Gain, Mix, Mode, Port, Route, Routing, SinkKind, SourceKind};
use serde::{Deserialize, Serialize};

use crate::hall::Guest;

/// The mix that is meant when none is named.
const LIVE: &str = "live";
/// More are no router that anybody understands.
const ROUTES_MAX: usize = 1_024;
const MIXES_MAX: usize = 16;

/// Which route is meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteName {
    /// The mix; without it that which is called *live*.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mix: Option<String>,
    /// A source, or a part of a program's name.
    pub from: String,
    /// A sink, or a part of a program's name.
    pub to: String,
    /// One channel of each, numbered from 1; without it each to its like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<(u32, u32)>,
}

/// What is on a route's way; what is not said stays, or is as on a new route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Strip {
    /// Gain in dB, -144 to 24.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gain_db: Option<f64>,
    /// Silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mute: Option<bool>,
    /// The only one of its mix that is heard, beside others that are solo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub solo: Option<bool>,
    /// Turned over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invert: Option<bool>,
}

/// Adds a route, or changes what is on its way. A program that the configuration does not name gets a
/// name by that, and is routed by routes alone from then on.
///
/// # Errors
/// One sentence: what there is not, or what cannot be.
pub fn set_route(
    routing: &mut Routing,
    guests: &[Guest],
    name: &RouteName,
    strip: Strip,
) -> Result<(), String> {
    let gain = strip.gain_db.map(gain_of).transpose()?;
    let (from, from_channels) = source(routing, guests, &name.from)?;
    let (to, to_channels) = sink(routing, guests, &name.to)?;
    let channels = match name.channels {
        None => (1..=from_channels.min(to_channels))
            .map(|n| (n, n))
            .collect(),
        Some((a, b)) => {
            check_channel(&from, a, from_channels)?;
            check_channel(&to, b, to_channels)?;
            vec![(a, b)]
        }
    };
    let mix = mix_of(routing, name.mix.as_deref().unwrap_or(LIVE))?;
    let is_meant = |route: &Route| {
        (&route.from, &route.to) == (&from, &to)
            && route.channels.iter().any(|pair| channels.contains(pair))
    };
    if let Some(known) = mix.routes.iter().position(is_meant) {
        if mix.routes[known].channels != channels {
            split(&mut mix.routes, known, &channels);
        }
        let route = mix
            .routes
            .iter_mut()
            .find(|route| is_meant(route))
            .ok_or("The route is not there.")?;
        change(route, gain, strip);
        return Ok(());
    }
    if mix.routes.len() >= ROUTES_MAX {
        return Err(format!(
            "There are {ROUTES_MAX} routes already; take one out first."
        ));
    }
    let mut route = Route {
        from,
        to,
        channels,
        gain: Gain::default(),
        mute: false,
        solo: false,
        invert: false,
    };
    change(&mut route, gain, strip);
    mix.routes.push(route);
    Ok(())
}

/// Takes a route out.
///
/// # Errors
/// One sentence: there is no such route.
pub fn remove_route(routing: &mut Routing, name: &RouteName) -> Result<(), String> {
    let mix_name = name.mix.as_deref().unwrap_or(LIVE);
    let mix = routing
        .mixes
        .iter_mut()
        .find(|mix| is_same(&mix.name, mix_name));
    let none = || {
        format!(
            "There is no route from {:?} to {:?} in the mix {mix_name:?}.",
            name.from, name.to
        )
    };
    let mix = mix.ok_or_else(none)?;
    let is_meant = |route: &Route| is_same(&route.from, &name.from) && is_same(&route.to, &name.to);
    let before: usize = mix.routes.iter().map(|route| route.channels.len()).sum();
    for route in mix.routes.iter_mut().filter(|route| is_meant(route)) {
        route
            .channels
            .retain(|pair| name.channels.is_some_and(|meant| meant != *pair));
    }
    mix.routes.retain(|route| !route.channels.is_empty());
    let after: usize = mix.routes.iter().map(|route| route.channels.len()).sum();
    if after == before { Err(none()) } else { Ok(()) }
}

/// Sets gain and mute of a whole mix; makes the mix if there is none.
///
/// # Errors
/// One sentence: what cannot be.
pub fn set_mix(
    routing: &mut Routing,
    name: &str,
    gain_db: Option<f64>,
    mute: Option<bool>,
) -> Result<(), String> {
    let gain = gain_db.map(gain_of).transpose()?;
    let mix = mix_of(routing, name)?;
    mix.gain = gain.unwrap_or(mix.gain);
    mix.mute = mute.unwrap_or(mix.mute);
    Ok(())
}

fn change(route: &mut Route, gain: Option<Gain>, strip: Strip) {
    route.gain = gain.unwrap_or(route.gain);
    route.mute = strip.mute.unwrap_or(route.mute);
    route.solo = strip.solo.unwrap_or(route.solo);
    route.invert = strip.invert.unwrap_or(route.invert);
}

/// Makes a route of its own of some of a route's channels.
fn split(routes: &mut Vec<Route>, at: usize, channels: &[(u32, u32)]) {
    let whole = routes.remove(at);
    let (meant, rest): (Vec<_>, Vec<_>) = whole
        .channels
        .iter()
        .partition(|pair| channels.contains(pair));
    for channels in [meant, rest] {
        if !channels.is_empty() {
            routes.push(Route {
                channels,
                ..whole.clone()
            });
        }
    }
}

fn gain_of(db: f64) -> Result<Gain, String> {
    Gain::of_db(db).ok_or_else(|| {
        format!(
            "A gain of {db} dB cannot be; use {} to {} dB.",
            Gain::DB_MIN,
            Gain::DB_MAX
        )
    })
}

fn check_channel(port: &str, channel: u32, channels: u32) -> Result<(), String> {
    if (1..=channels).contains(&channel) {
        return Ok(());
    }
    Err(format!(
        "{port:?} has {channels} channels; choose one of them instead of {channel}."
    ))
}

fn mix_of<'r>(routing: &'r mut Routing, name: &str) -> Result<&'r mut Mix, String> {
    let place = match routing
        .mixes
        .iter()
        .position(|mix| is_same(&mix.name, name))
    {
        Some(place) => place,
        None => {
            config::check_name(name).map_err(|why| format!("A mix cannot be called so: {why}."))?;
            if routing.mixes.len() >= MIXES_MAX {
                return Err(format!(
                    "There are {MIXES_MAX} mixes already; use one of them."
                ));
            }
            routing.mixes.push(Mix {
                name: name.to_owned(),
                gain: Gain::default(),
                mute: false,
                routes: Vec::new(),
            });
            routing.mixes.len() - 1
        }
    };
    Ok(&mut routing.mixes[place])
}

/// The source of that name, or a new one for a program that is there.
fn source(routing: &mut Routing, guests: &[Guest], name: &str) -> Result<(String, u32), String> {
    if let Some(port) = routing.source(name) {
        return Ok((port.name.clone(), port.channels));
    }
    if let Some(own) = routing.own_input().filter(|own| is_same(&own.name, name)) {
        routing.sources.push(own.clone());
        return Ok((own.name, own.channels));
    }
    let channels = the_guest(guests, name, "source")?.sources.len() as u32;
    let port = client_port(name, SourceKind::Client, channels)?;
    routing.sources.push(port);
    Ok((name.to_owned(), channels))
}

/// The sink of that name, or a new one for a program that is there.
fn sink(routing: &mut Routing, guests: &[Guest], name: &str) -> Result<(String, u32), String> {
    if let Some(port) = routing.sink(name) {
        return Ok((port.name.clone(), port.channels));
    }
    let master = routing.master();
    if is_same(&master.name, name) {
        routing.sinks.insert(0, master.clone());
        return Ok((master.name, master.channels));
    }
    let channels = the_guest(guests, name, "sink")?.sinks.len() as u32;
    let port = client_port(name, SinkKind::Client, channels)?;
    routing.sinks.push(port);
    Ok((name.to_owned(), channels))
}

fn client_port<K>(name: &str, kind: K, channels: u32) -> Result<Port<K>, String> {
    config::check_name(name).map_err(|why| format!("{name:?} cannot be a name: {why}."))?;
    if channels == 0 {
        return Err(format!(
            "{name:?} has no channels that way; choose another program."
        ));
    }
    Ok(Port {
        name: name.to_owned(),
        kind,
        devices: vec![DeviceName::Name(name.to_owned())],
        channels,
        mode: Mode::Auto,
        on_demand: false,
        isolated: false,
    })
}

/// The only program that is meant by a part of its name.
fn the_guest<'g>(guests: &'g [Guest], name: &str, what: &str) -> Result<&'g Guest, String> {
    let part = name.to_lowercase();
    let mut meant = guests
        .iter()
        .filter(|guest| !part.is_empty() && guest.name.to_lowercase().contains(&part));
    match (meant.next(), meant.next()) {
        (Some(guest), None) => Ok(guest),
        (Some(a), Some(b)) if a.name != b.name => Err(format!(
            "{name:?} can be {:?} or {:?}; write more of the name.",
            a.name, b.name
        )),
        (Some(guest), _) => Ok(guest),
        (None, _) => Err(format!(
            "There is no {what} and no program {name:?}; `asio2wasapi route list` tells what there is."
        )),
    }
}

pub(crate) fn is_same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[router.source.\"Tab\"]\nkind = \"loopback\"\n\
                        [router.source.\"DAW\"]\nkind = \"client\"\nchannels = 4\n\
                        [router.sink.\"Speakers\"]\nkind = \"device\"\n";

    fn routing() -> Routing {
        config::read(TEXT).0.router
    }

    fn name(from: &str, to: &str, channels: Option<(u32, u32)>) -> RouteName {
        RouteName {
            mix: None,
            from: from.to_owned(),
            to: to.to_owned(),
            channels,
        }
    }

    fn gain(db: f64) -> Strip {
        Strip {
            gain_db: Some(db),
            ..Strip::default()
        }
    }

    #[test]
    fn a_route_is_made_changed_split_and_taken_out() {
        let mut routing = routing();
        let all = name("tab", "speakers", None);
        set_route(&mut routing, &[], &all, gain(-6.0)).expect("there are both");
        let route = &routing.mixes[0].routes[0];
        assert_eq!(
            (route.from.as_str(), &route.channels[..]),
            ("Tab", &[(1, 1), (2, 2)][..])
        );
        let mute = Strip {
            mute: Some(true),
            ..Strip::default()
        };
        let second = name("Tab", "Speakers", Some((2, 2)));
        set_route(&mut routing, &[], &second, mute).expect("it is there");
        let routes = &routing.mixes[0].routes;
        let shown: Vec<_> = routes
            .iter()
            .map(|route| (&route.channels[..], route.mute, route.gain.db()))
            .collect();
        assert_eq!(
            shown,
            [(&[(2, 2)][..], true, -6.0), (&[(1, 1)][..], false, -6.0)]
        );
        remove_route(&mut routing, &second).expect("it is there");
        assert_eq!(routing.mixes[0].routes.len(), 1);
        remove_route(&mut routing, &all).expect("it is there");
        assert!(routing.mixes[0].routes.is_empty());
        assert!(remove_route(&mut routing, &all).is_err());
    }

    #[test]
    fn what_cannot_be_is_one_sentence() {
        let mut routing = routing();
        let cases = [
            (
                name("Tub", "Speakers", None),
                gain(0.0),
                "There is no source and no program",
            ),
            (
                name("Tab", "Speakers", Some((3, 1))),
                gain(0.0),
                "has 2 channels",
            ),
            (name("Tab", "Speakers", None), gain(30.0), "30 dB cannot be"),
            (name("Tab", "Speakers", None), gain(f64::NAN), "cannot be"),
        ];
        for (route, strip, words) in cases {
            let error = set_route(&mut routing, &[], &route, strip).expect_err("refused");
            assert!(error.contains(words) && error.ends_with('.'), "{error}");
        }
        assert!(set_mix(&mut routing, "", None, None).is_err());
    }
}
