//! How everything is, in the control channel's words.

use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::TrySendError::Disconnected;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use config::{DeviceName, Port, Routing};
use engine::bridge::BridgeView;
use engine::mix::Meters;
use rt::Mutex;
use session::Wiring;

use crate::control::{
    Bridge, ClientStatus, EventKind, EventStatus, Levels, MixStatus, PortStatus, RouteStatus,
};
use crate::hall::Guest;
use crate::plan::{Plan, SinkSeat, SourceSeat};

/// What happened last, bounded, and who is told of it as it happens. Clones are the same one.
#[derive(Clone)]
pub struct Chronicle {
    begun: Instant,
    told: Arc<Mutex<Told>>,
}

/// What is told to one who watches.
pub struct Watch {
    events: Receiver<EventStatus>,
    told: Arc<Mutex<Told>>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.told.lock().watching -= 1;
    }
}

impl Watch {
    /// The next event.
    ///
    /// # Errors
    /// None came in that time, or none will.
    pub fn next(&self, timeout: Duration) -> Result<EventStatus, RecvTimeoutError> {
        self.events.recv_timeout(timeout)
    }
}

#[derive(Default)]
struct Told {
    events: Vec<EventStatus>,
    count: u64,
    watchers: Vec<SyncSender<EventStatus>>,
    /// Those whose end is not dropped yet.
    watching: usize,
}

/// So many events are kept.
const EVENTS_MAX: usize = 100;
/// So many wait for a program that does not read them; more are left out, as their numbers show.
const WAITING_MAX: usize = 256;

impl Chronicle {
    /// Nothing has happened yet.
    pub fn new() -> Self {
        Self {
            begun: Instant::now(),
            told: Arc::default(),
        }
    }

    /// Something happened. Waits for nobody who watches.
    pub fn add(&self, kind: EventKind, message: &str) {
        let since_ms = self.begun.elapsed().as_millis() as u64;
        let mut told = self.told.lock();
        told.count += 1;
        if told.events.len() == EVENTS_MAX {
            told.events.remove(0);
        }
        let event = EventStatus {
            number: told.count,
            since_ms,
            kind,
            message: message.to_owned(),
        };
        told.watchers
            .retain(|watcher| !matches!(watcher.try_send(event.clone()), Err(Disconnected(_))));
        told.events.push(event);
    }

    /// What is kept, the oldest first.
    pub fn events(&self) -> Vec<EventStatus> {
        self.told.lock().events.clone()
    }

    /// What happens from now on, until the other end is dropped or this is.
    pub fn watch(&self) -> Watch {
        let (watcher, events) = sync_channel(WAITING_MAX);
        let mut told = self.told.lock();
        told.watchers.push(watcher);
        told.watching += 1;
        Watch {
            events,
            told: Arc::clone(&self.told),
        }
    }

    /// Nothing happens any more: waits so long at most until all who watch have been told the rest.
    pub fn close(&self, limit: Duration) {
        self.told.lock().watchers.clear();
        let end = Instant::now() + limit;
        while self.told.lock().watching > 0 && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Default for Chronicle {
    fn default() -> Self {
        Self::new()
    }
}

/// Where the plan's sources and sinks that have clocks of their own show how they are held together with
/// the master's.
#[derive(Default)]
pub struct Bridges {
    sources: Vec<Option<Arc<BridgeView>>>,
    sinks: Vec<Option<Arc<BridgeView>>>,
}

impl Bridges {
    /// Those of a wiring that was made by that plan: it joins the sinks in their order, then the sources.
    pub fn of(plan: &Plan, wiring: &Wiring) -> Self {
        let mut views = wiring.joined.iter().map(|joined| Arc::clone(&joined.view));
        let mut next = |is_joined: bool| is_joined.then(|| views.next()).flatten();
        let sinks = plan.sinks.iter().enumerate();
        let sinks = sinks.map(|(at, seat)| next(at > 0 && !seat.is_file()));
        let sinks = sinks.collect();
        let sources = plan.sources.iter().enumerate();
        let sources = sources.map(|(at, _)| next(at > 0 || !plan.has_partner));
        Self {
            sources: sources.collect(),
            sinks,
        }
    }
}

fn bridge(views: &[Option<Arc<BridgeView>>], at: usize) -> Option<Bridge> {
    let status = views.get(at)?.as_ref()?.status()?;
    Some(Bridge {
        is_running: status.is_running,
        is_exact: status.is_exact,
        lead_frames: status.lead_frames,
        target_frames: status.target_frames,
        clocks_ppm: status.clocks_ppm,
        underruns: status.underruns,
        overruns: status.overruns,
        silent_frames: status.silent_frames,
    })
}

/// The plan's sources and sinks.
pub fn ports(
    plan: &Plan,
    bridges: &Bridges,
    sources: &Meters,
    sinks: &Meters,
) -> (Vec<PortStatus>, Vec<PortStatus>) {
    fn status<K>(
        port: &Port<K>,
        kind: &str,
        channels: &Range<usize>,
        of: &Meters,
        bridge: Option<Bridge>,
    ) -> PortStatus {
        PortStatus {
            bridge,
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
        .enumerate()
        .map(|(at, SourceSeat { port, channels })| {
            let bridge = bridge(&bridges.sources, at);
            status(port, port.kind.name(), channels, sources, bridge)
        });
    let of_sink = plan
        .sinks
        .iter()
        .enumerate()
        .map(|(at, SinkSeat { port, channels })| {
            let bridge = bridge(&bridges.sinks, at);
            status(port, port.kind.name(), channels, sinks, bridge)
        });
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
        let chronicle = Chronicle::new();
        for _ in 0..250 {
            chronicle.add(EventKind::Note, "It happened.");
        }
        let events = chronicle.events();
        let numbers = (events.first(), events.last());
        let numbers = (numbers.0.map(|e| e.number), numbers.1.map(|e| e.number));
        assert_eq!((events.len(), numbers), (100, (Some(151), Some(250))));
    }

    #[test]
    fn who_watches_is_told_and_nobody_waits_for_who_does_not_read() {
        let chronicle = Chronicle::new();
        chronicle.add(EventKind::Note, "Before.");
        let (reads, sleeps) = (chronicle.watch(), chronicle.watch());
        for n in 0..1_000 {
            chronicle.add(EventKind::ClientCame, "It came.");
            let event = reads.next(Duration::ZERO).expect("it is told at once");
            assert_eq!((event.number, event.kind), (n + 2, EventKind::ClientCame));
        }
        // What it has missed is seen by the numbers.
        assert_eq!(sleeps.events.try_iter().count(), WAITING_MAX);
        chronicle.add(EventKind::Note, "After.");
        let event = sleeps.next(Duration::ZERO).expect("there is room");
        assert_eq!(event.number, 1_002);
        drop((reads, sleeps));
        chronicle.add(EventKind::Note, "Nobody watches.");
        assert!(chronicle.told.lock().watchers.is_empty());
    }

    #[test]
    fn the_end_waits_a_moment_for_those_who_watch() {
        let chronicle = Chronicle::new();
        let watch = chronicle.watch();
        chronicle.add(EventKind::FileEnded, "The last.");
        let reads = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(30));
            let last = watch.next(Duration::from_secs(1)).map(|event| event.kind);
            (last, watch.next(Duration::from_secs(1)).is_err())
        });
        chronicle.close(Duration::from_secs(5));
        assert!(reads.is_finished() || chronicle.told.lock().watching == 0);
        let read = reads.join().expect("it ends");
        assert_eq!(read, (Ok(EventKind::FileEnded), true));
        let _hangs = chronicle.watch();
        let begun = Instant::now();
        chronicle.close(Duration::from_millis(10));
        assert!(begun.elapsed() < Duration::from_secs(1));
    }
}
