//! How everything is, in the control channel's words.

use std::ops::Range;

use config::{DeviceName, Port, Routing};
use engine::mix::Meters;

use crate::control::{ClientStatus, EventStatus, Levels, MixStatus, PortStatus, RouteStatus};
use crate::hall::Guest;
use crate::plan::Plan;

/// What happened last, bounded.
#[derive(Debug, Default)]
pub struct Chronicle {
    events: Vec<EventStatus>,
    count: u64,
}

/// So many events are kept.
const EVENTS_MAX: usize = 100;

impl Chronicle {
    /// Something happened.
    pub fn add(&mut self, since_ms: u64, message: &str) {
        self.count += 1;
        if self.events.len() == EVENTS_MAX {
            self.events.remove(0);
        }
        self.events.push(EventStatus {
            number: self.count,
            since_ms,
            message: message.to_owned(),
        });
    }

    /// What is kept, the oldest first.
    pub fn events(&self) -> &[EventStatus] {
        &self.events
    }
}

/// The plan's sources and sinks.
pub fn ports(plan: &Plan, sources: &Meters, sinks: &Meters) -> (Vec<PortStatus>, Vec<PortStatus>) {
    fn status<K>(port: &Port<K>, kind: &str, channels: &Range<usize>, of: &Meters) -> PortStatus {
        PortStatus {
            name: port.name.clone(),
            kind: kind.to_owned(),
            devices: port
                .devices
                .iter()
                .map(DeviceName::word)
                .map(str::to_owned)
                .collect(),
            levels: levels(of, channels),
        }
    }
    let of_source = plan
        .sources
        .iter()
        .map(|seat| status(&seat.port, seat.port.kind.name(), &seat.channels, sources));
    let of_sink = plan
        .sinks
        .iter()
        .map(|seat| status(&seat.port, seat.port.kind.name(), &seat.channels, sinks));
    (of_source.collect(), of_sink.collect())
}

/// Who is there.
pub fn clients(guests: &[Guest], sources: &Meters, sinks: &Meters) -> Vec<ClientStatus> {
    let client = |guest: &Guest| {
        let status = guest.status();
        ClientStatus {
            number: guest.number,
            name: guest.name.clone(),
            process: guest.process,
            block_frames: guest.block_frames,
            is_pipelined: status.is_pipelined,
            added_frames: status.added_frames,
            is_resting: status.is_resting,
            on_time_blocks: status.on_time_blocks,
            late_blocks: status.late_blocks,
            plays: levels(sources, &guest.sources),
            hears: levels(sinks, &guest.sinks),
        }
    };
    guests.iter().map(client).collect()
}

/// What goes where.
pub fn mixes(routing: &Routing) -> Vec<MixStatus> {
    let route = |route: &config::Route| RouteStatus {
        from: route.from.clone(),
        to: route.to.clone(),
        channels: route.channels.clone(),
        gain_db: route.gain.db(),
        mute: route.mute,
        solo: route.solo,
        invert: route.invert,
    };
    let mix = |mix: &config::Mix| MixStatus {
        name: mix.name.clone(),
        gain_db: mix.gain.db(),
        mute: mix.mute,
        routes: mix.routes.iter().map(route).collect(),
    };
    routing.mixes.iter().map(mix).collect()
}

fn levels(meters: &Meters, channels: &Range<usize>) -> Vec<Levels> {
    let level = |channel| {
        let level = meters.level(channel);
        Levels {
            peak: level.peak,
            rms: level.rms,
        }
    };
    channels.clone().map(level).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_events_are_kept() {
        let mut chronicle = Chronicle::default();
        for n in 0..250 {
            chronicle.add(n, "It happened.");
        }
        let events = chronicle.events();
        let numbers = (events.first(), events.last());
        let numbers = (numbers.0.map(|e| e.number), numbers.1.map(|e| e.number));
        assert_eq!((events.len(), numbers), (100, (Some(151), Some(250))));
    }
}
