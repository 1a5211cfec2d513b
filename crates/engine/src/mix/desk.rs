//! What people set: ports, named mixes, routes.

use super::circle::way;
use super::decibel::{check_gain, factor_of_db};

/// More mixes, routes or letters are no desk that anybody works at.
const MIXES_MAX: usize = 64;
const ROUTES_MAX: usize = 65_536;
const NAME_BYTES_MAX: usize = 64;
const PORTS_MAX: usize = 256;
const PORT_CHANNELS_MAX: u16 = 64;

/// Something with channels, on the one side or the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// What people call it; no two ports of a side have the same name.
    pub name: String,
    /// Its channels, 1 to 64.
    pub channels: u16,
    /// The endpoint whose sound this is: for a source the one that it listens to, as a loopback
    /// does, and for a sink the one that it plays to. `None`: none whose sound comes back.
    pub endpoint: Option<String>,
}

/// A channel of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Channel {
    /// The port's place among those of its side.
    pub port: usize,
    /// The channel, counted from 0.
    pub channel: u16,
}

/// What is done to sound on its way.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Strip {
    /// Gain in dB, at most [`GAIN_DB_MAX`](super::GAIN_DB_MAX); silence from
    /// [`SILENCE_DB`](super::SILENCE_DB) down.
    pub gain_db: f64,
    /// Silent.
    pub mute: bool,
    /// While any route of its mix is solo, those that are not are silent.
    pub solo: bool,
    /// Turned over.
    pub invert: bool,
}

/// A way from a source's channel to a sink's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Route {
    /// Among the sources.
    pub from: Channel,
    /// Among the sinks.
    pub to: Channel,
    /// On the way.
    pub strip: Strip,
}

/// Routes that belong together, under one name: for instance what the musician hears, and what the
/// audience hears.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mix {
    /// What people call it; no two mixes have the same name.
    pub name: String,
    /// Gain of all of it in dB, as [`Strip::gain_db`].
    pub gain_db: f64,
    /// All of it is silent.
    pub mute: bool,
    /// Its routes; no two of them have both ends in common.
    pub routes: Vec<Route>,
}

/// The whole: what there is, and what goes where.
///
/// Several mixes may have a route between the same channels; their factors add.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Desk {
    sources: Vec<Port>,
    sinks: Vec<Port>,
    mixes: Vec<Mix>,
}

impl Desk {
    /// A desk with these ports and mixes.
    ///
    /// # Errors
    /// One sentence that tells the first thing that is wrong: a name, a number, or the circle in
    /// which sound would go round.
    pub fn new(sources: Vec<Port>, sinks: Vec<Port>, mixes: Vec<Mix>) -> Result<Desk, String> {
        check_ports("source", &sources)?;
        check_ports("sink", &sinks)?;
        let names: Vec<&str> = mixes.iter().map(|mix| mix.name.as_str()).collect();
        check_names("mix", &names, MIXES_MAX)?;
        let routes: usize = mixes.iter().map(|mix| mix.routes.len()).sum();
        if routes > ROUTES_MAX {
            return Err(format!(
                "There are {routes} routes; use at most {ROUTES_MAX}."
            ));
        }
        let mut desk = Desk {
            sources,
            sinks,
            mixes: Vec::new(),
        };
        for mix in mixes {
            check_gain(mix.gain_db).map_err(|why| format!("The mix {:?} {why}.", mix.name))?;
            let routes = mix.routes;
            desk.mixes.push(Mix {
                routes: Vec::new(),
                ..mix
            });
            let place = desk.mixes.len() - 1;
            for route in routes {
                desk.check_route(place, &route)?;
                desk.mixes[place].routes.push(route);
            }
            desk.check_doubles(place)?;
        }
        desk.check_feedback()?;
        Ok(desk)
    }

    /// The sources.
    pub fn sources(&self) -> &[Port] {
        &self.sources
    }

    /// The sinks.
    pub fn sinks(&self) -> &[Port] {
        &self.sinks
    }

    /// The mixes.
    pub fn mixes(&self) -> &[Mix] {
        &self.mixes
    }

    /// The place of the mix of that name.
    pub fn mix(&self, name: &str) -> Option<usize> {
        self.mixes.iter().position(|mix| mix.name == name)
    }

    /// Adds a route to a mix, or sets what is on the way if it is there.
    ///
    /// # Errors
    /// One sentence that tells why it cannot be; the desk is as it was.
    pub fn set_route(&mut self, mix: usize, route: Route) -> Result<(), String> {
        self.check_route(mix, &route)?;
        let routes = &mut self.mixes[mix].routes;
        let known = routes
            .iter_mut()
            .find(|known| (known.from, known.to) == (route.from, route.to));
        if let Some(known) = known {
            known.strip = route.strip;
            return Ok(());
        }
        self.mixes[mix].routes.push(route);
        let count: usize = self.mixes.iter().map(|mix| mix.routes.len()).sum();
        let checked = match count > ROUTES_MAX {
            true => Err(format!(
                "There are {ROUTES_MAX} routes already; take one out first."
            )),
            false => self.check_feedback(),
        };
        if checked.is_err() {
            self.mixes[mix].routes.pop();
        }
        checked
    }

    /// Takes a route out of a mix. Returns whether it was there.
    pub fn remove_route(&mut self, mix: usize, from: Channel, to: Channel) -> bool {
        let Some(mix) = self.mixes.get_mut(mix) else {
            return false;
        };
        let before = mix.routes.len();
        mix.routes
            .retain(|route| (route.from, route.to) != (from, to));
        mix.routes.len() < before
    }

    /// Sets gain and mute of a whole mix.
    ///
    /// # Errors
    /// One sentence: there is no such mix, or the gain is too large.
    pub fn set_mix(&mut self, mix: usize, gain_db: f64, mute: bool) -> Result<(), String> {
        let count = self.mixes.len();
        let Some(mix) = self.mixes.get_mut(mix) else {
            return Err(no_mix(mix, count));
        };
        check_gain(gain_db).map_err(|why| format!("The mix {:?} {why}.", mix.name))?;
        (mix.gain_db, mix.mute) = (gain_db, mute);
        Ok(())
    }

    /// Channels of all sources, and of all sinks: those of the first port first.
    pub fn channels(&self) -> (usize, usize) {
        let sum = |ports: &[Port]| ports.iter().map(|port| usize::from(port.channels)).sum();
        (sum(&self.sources), sum(&self.sinks))
    }

    /// The factor from each source channel to each sink channel, as a [`MixControl`](super::MixControl)
    /// takes them: all sources of the first sink channel first.
    pub fn factors(&self) -> Vec<f32> {
        let (sources, sinks) = self.channels();
        let mut factors = vec![0.0_f64; sources * sinks];
        let firsts = |ports: &[Port]| -> Vec<usize> {
            let mut next = 0;
            let first = |port: &Port| {
                let first = next;
                next += usize::from(port.channels);
                first
            };
            ports.iter().map(first).collect()
        };
        let (from_firsts, to_firsts) = (firsts(&self.sources), firsts(&self.sinks));
        let place = |firsts: &[usize], at: Channel| firsts[at.port] + usize::from(at.channel);
        for mix in self.mixes.iter().filter(|mix| !mix.mute) {
            let mix_factor = factor_of_db(mix.gain_db);
            let has_solo = mix.routes.iter().any(|route| route.strip.solo);
            for Route { from, to, strip } in &mix.routes {
                if strip.mute || has_solo && !strip.solo {
                    continue;
                }
                let sign = if strip.invert { -1.0 } else { 1.0 };
                let factor = sign * factor_of_db(strip.gain_db) * mix_factor;
                factors[place(&to_firsts, *to) * sources + place(&from_firsts, *from)] += factor;
            }
        }
        factors.into_iter().map(|factor| factor as f32).collect()
    }

    fn check_route(&self, mix: usize, route: &Route) -> Result<(), String> {
        let Some(mix) = self.mixes.get(mix) else {
            return Err(no_mix(mix, self.mixes.len()));
        };
        let check = |side: &str, ports: &[Port], at: Channel| match ports.get(at.port) {
            None => Err(format!(
                "A route of the mix {:?} names the {side} number {}, but there are {}.",
                mix.name,
                at.port + 1,
                ports.len()
            )),
            Some(port) if at.channel >= port.channels => Err(format!(
                "A route of the mix {:?} names channel {} of the {side} {:?}, which has {}.",
                mix.name,
                u32::from(at.channel) + 1,
                port.name,
                port.channels
            )),
            Some(_) => Ok(()),
        };
        check("source", &self.sources, route.from)?;
        check("sink", &self.sinks, route.to)?;
        check_gain(route.strip.gain_db).map_err(|why| {
            let (from, to) = self.names(route);
            format!(
                "The route from {from} to {to} in the mix {:?} {why}.",
                mix.name
            )
        })
    }

    fn check_doubles(&self, mix: usize) -> Result<(), String> {
        let mix = &self.mixes[mix];
        let mut seen = std::collections::HashSet::new();
        let double = mix
            .routes
            .iter()
            .find(|route| !seen.insert((route.from, route.to)));
        match double {
            None => Ok(()),
            Some(route) => {
                let (from, to) = self.names(route);
                Err(format!(
                    "The mix {:?} has two routes from {from} to {to}; leave one out.",
                    mix.name
                ))
            }
        }
    }

    /// Both ends as people read them.
    fn names(&self, route: &Route) -> (String, String) {
        let name = |ports: &[Port], at: Channel| {
            let port = ports.get(at.port).map_or("", |port| port.name.as_str());
            format!("{port:?} channel {}", u32::from(at.channel) + 1)
        };
        (name(&self.sources, route.from), name(&self.sinks, route.to))
    }

    /// Whether sound would come back to an endpoint that it was heard at: each route from what
    /// listens to an endpoint to what plays to one is an arrow between the two. Routes that are
    /// silent now count too, as they may be heard at any time. A program that gets sound and plays
    /// some is no arrow: what it does with it is its own matter.
    fn check_feedback(&self) -> Result<(), String> {
        let all = self.sources.iter().chain(&self.sinks);
        let mut names: Vec<&str> = all.filter_map(|port| port.endpoint.as_deref()).collect();
        names.sort_unstable();
        names.dedup();
        let of = |port: &Port| {
            let name = port.endpoint.as_deref()?;
            names.binary_search(&name).ok()
        };
        let mut arrows: Vec<(usize, usize)> = Vec::new();
        for route in self.mixes.iter().flat_map(|mix| &mix.routes) {
            let from = self.sources.get(route.from.port).and_then(of);
            let to = self.sinks.get(route.to.port).and_then(of);
            if let (Some(from), Some(to)) = (from, to) {
                arrows.push((from, to));
            }
        }
        arrows.sort_unstable();
        arrows.dedup();
        let circle = arrows
            .iter()
            .find_map(|&(from, _)| way(&arrows, from, from));
        let Some(circle) = circle else { return Ok(()) };
        let shown: Vec<String> = circle
            .iter()
            .map(|at| format!("{:?}", names[*at]))
            .collect();
        Err(format!(
            "Sound would go round and round: {}; take out one of these routes.",
            shown.join(" to ")
        ))
    }
}

fn no_mix(mix: usize, count: usize) -> String {
    format!("There is no mix number {}; there are {count}.", mix + 1)
}

fn check_ports(side: &str, ports: &[Port]) -> Result<(), String> {
    let names: Vec<&str> = ports.iter().map(|port| port.name.as_str()).collect();
    check_names(side, &names, PORTS_MAX)?;
    let wrong = |port: &&Port| !(1..=PORT_CHANNELS_MAX).contains(&port.channels);
    match ports.iter().find(wrong) {
        None => Ok(()),
        Some(port) => Err(format!(
            "The {side} {:?} has {} channels; use 1 to {PORT_CHANNELS_MAX}.",
            port.name, port.channels
        )),
    }
}

fn check_names(what: &str, names: &[&str], most: usize) -> Result<(), String> {
    if names.len() > most {
        let (count, many) = (names.len(), if what == "mix" { "mixes" } else { "ports" });
        return Err(format!("There are {count} {many}; use at most {most}."));
    }
    for (place, name) in names.iter().enumerate() {
        if name.trim().is_empty() || name.len() > NAME_BYTES_MAX {
            return Err(format!(
                "A {what} cannot be called {name:?}; use 1 to {NAME_BYTES_MAX} bytes."
            ));
        }
        if names[..place].contains(name) {
            return Err(format!(
                "There is a {what} called {name:?} twice; rename one."
            ));
        }
    }
    Ok(())
}
