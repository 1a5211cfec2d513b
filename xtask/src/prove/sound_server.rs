//! A sound server that loses its sink, moves its default and dies, while PortAudio's ASIO host plays
//! through the driver on Wine's own WASAPI.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::captured::pause;
use crate::paths::{DEFAULT_TARGET, Paths};
use crate::rig::Rig;
use crate::rig::events::counter_ns;
use crate::rig::listener::Heard;
use crate::rig::places::Backend;
use crate::rig::playback::{Host, Playback};
use crate::rig::server::Sink;
use crate::sound::Sound;
use crate::sound::make;
use crate::sound::raw::RawFormat;
use crate::{build, interrupt, progress};

const RATE_HZ: u32 = 48_000;
const CHANNELS: u16 = 2;
const SECONDS: usize = 8;
/// How long the sound is heard before anything happens.
const BEFORE: Duration = Duration::from_millis(1_000);
/// How long there is no sink, or no server, in turns: nobody tells when it is back, so that the driver asks,
/// ever more seldom.
const AWAY: [Duration; 3] = [
    Duration::from_millis(1_000),
    Duration::from_millis(300),
    Duration::from_millis(3_000),
];
/// A new server's first moments.
const SETTLED: Duration = Duration::from_millis(300);
/// How long the host may take until it is heard.
const START_LIMIT: Duration = Duration::from_secs(30);

const DRIVERS: [(&str, Backend); 2] = [
    ("ASIO2WASAPI Shared", Backend::Pulse),
    ("ASIO2WASAPI Exclusive", Backend::Alsa),
];

/// Both play a sound of 24 bits as it is.
const MAIN: Sink = Sink {
    format: RawFormat::Float32,
    rate_hz: RATE_HZ,
    channels: CHANNELS,
};
const OTHER: Sink = Sink {
    format: RawFormat::Int32,
    ..MAIN
};
/// Nobody plays to it: its monitor is the default source, whatever the default sink is.
const QUIET: Sink = Sink {
    channels: 1,
    ..MAIN
};

/// What happens to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The sink is gone, and comes back.
    SinkRemoved,
    /// Another sink becomes the default.
    DefaultMoved,
    /// The server dies, and is started again.
    ServerKilled,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 3] = [Fault::SinkRemoved, Fault::DefaultMoved, Fault::ServerKilled];

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Fault::SinkRemoved => "sink removed",
            Fault::DefaultMoved => "default moved",
            Fault::ServerKilled => "server killed",
        }
    }
}

/// A stretch of the sound as a monitor had it.
struct Span {
    from_ns: u64,
    until_ns: u64,
    first: u64,
    end: u64,
}

/// Each fault in turns, so often, on each driver.
///
/// # Errors
/// A build fails, or the rig.
pub fn measure(paths: &Paths, runs: usize) -> Result<Value> {
    build::rig_programs(paths)?;
    let driver = build::product(paths, DEFAULT_TARGET, true)?.join("asio2wasapi.dll");
    let mut rig = Rig::start(paths)?;
    let mut rows = Vec::new();
    for (name, backend) in DRIVERS {
        rig.wine(backend)?.register(&driver, true)?;
        for run in 1..=runs {
            for fault in Fault::ALL {
                let what = format!("{run}/{runs}: {name}, {}", fault.name());
                let away = AWAY[(run - 1) % AWAY.len()];
                let row = progress::step(&what, || one(&mut rig, (name, backend), fault, away))?;
                interrupt::check()?;
                rows.push(row);
            }
        }
    }
    Ok(json!({ "rows": rows }))
}

/// One fault, once.
///
/// # Errors
/// Nothing is heard at all, or the rig fails.
pub fn once(rig: &mut Rig<'_>, driver: (&str, Backend), fault: Fault) -> Result<Value> {
    one(rig, driver, fault, AWAY[0])
}

fn one(rig: &mut Rig<'_>, driver: (&str, Backend), fault: Fault, away: Duration) -> Result<Value> {
    // A server that nothing has happened to.
    rig.server().kill();
    rig.server().revive()?;
    let is_moved = fault == Fault::DefaultMoved;
    if is_moved {
        rig.server().ensure_prompt(QUIET)?;
        rig.server().ensure_prompt(OTHER)?;
    }
    rig.server().ensure_prompt(MAIN)?;
    pause(SETTLED)?;
    if is_moved {
        rig.server().set_default(MAIN, QUIET)?;
    }
    let sound = make::noise(RATE_HZ, CHANNELS, 24, SECONDS * RATE_HZ as usize);
    let first = rig.listen_now(MAIN)?;
    let host = start(rig, driver, &sound)?;
    first.wait_for_sound(START_LIMIT)?;
    pause(BEFORE)?;

    let struck_ns = counter_ns()?;
    let (first, second, usable_ns) = match fault {
        Fault::SinkRemoved => {
            rig.server().remove(MAIN)?;
            let first = first.finish_early()?;
            pause(away)?;
            rig.server().ensure_prompt(MAIN)?;
            (first, rig.listen_now(MAIN)?, counter_ns()?)
        }
        Fault::ServerKilled => {
            rig.server().kill();
            let first = first.finish_early()?;
            pause(away)?;
            rig.server().revive()?;
            rig.server().ensure_prompt(MAIN)?;
            (first, rig.listen_now(MAIN)?, counter_ns()?)
        }
        Fault::DefaultMoved => {
            let second = rig.listen_now(OTHER)?;
            pause(away)?;
            let moved_ns = counter_ns()?;
            rig.server().set_default(OTHER, QUIET)?;
            pause(away)?;
            (first.finish()?, second, moved_ns)
        }
    };
    let report = host.finish();
    let second = second.finish()?;
    let host_error = report.as_ref().err().map(|error| format!("{error:#}"));
    let intervals = report.ok().and_then(|report| report.callback_interval_us);

    let (before, unknown_before) = spans(&sound, MAIN, &first);
    let sink = if is_moved { OTHER } else { MAIN };
    let (after, unknown_after) = spans(&sound, sink, &second);
    let last_before = before.last().map_or(0, |span| span.end);
    let back_ns = after.first().map(|span| span.from_ns);
    Ok(json!({
        "driver": driver.0,
        "fault": fault.name(),
        "host_error": host_error,
        "callback_interval_max_us": intervals.map(|intervals| intervals.max),
        "heard_before_frames": last_before,
        "silent_ms": back_ns.zip(before.last()).map(|(back_ns, last)| {
            back_ns.saturating_sub(last.until_ns) as f64 / 1e6
        }),
        "struck_to_usable_ms": usable_ns.saturating_sub(struck_ns) as f64 / 1e6,
        "back_after_ms": back_ns.map(|ns| ns.saturating_sub(usable_ns) as f64 / 1e6),
        "heard_again_from_frame": after.first().map(|span| span.first),
        "heard_to_frame": after.last().map(|span| span.end),
        "sound_frames": sound.frames(),
        "repeated": repeated(&before, &after),
        "frames_heard_after": after.iter().map(|span| span.end - span.first).sum::<u64>(),
        "unknown_frames": unknown_before + unknown_after,
    }))
}

fn start(rig: &mut Rig<'_>, driver: (&str, Backend), sound: &Sound) -> Result<Host> {
    let (name, backend) = driver;
    let exclusive = backend == Backend::Alsa;
    let how = Playback {
        host_api: "asio",
        device: Some(name),
        backend,
        device_format: exclusive.then_some("int32"),
        block_frames: 480,
        format: if exclusive {
            RawFormat::Int32
        } else {
            RawFormat::Float32
        },
        sink: MAIN,
        tolerance_lsb: 0,
        record_from: None,
    };
    rig.start_host_on_default(&how, sound, "sound-server")
}

/// What a monitor had of the sound, in its order, and how many frames of something else: the ends of a
/// fade. A null sink that has just been made takes back some of what it has rendered, and renders it
/// again, so that the stretches say more than an exact comparison could.
fn spans(sound: &Sound, sink: Sink, heard: &Heard) -> (Vec<Span>, usize) {
    let recorded = Sound {
        rate_hz: RATE_HZ,
        channels: CHANNELS,
        bits: sink.format.bits(),
        samples: heard.samples.clone(),
    };
    let time_ns = |frame: u64| {
        let place = heard.arrivals.partition_point(|part| part.frames <= frame);
        let part = heard.arrivals.get(place).or(heard.arrivals.last());
        part.map_or(0, |part| part.time_ns)
    };
    let places: HashMap<&[i32], u64> = (0..sound.frames())
        .map(|number| (sound.frame(number), number as u64))
        .collect();
    let (mut spans, mut unknown): (Vec<Span>, usize) = (Vec::new(), 0);
    let mut goes_on = false;
    for at in 0..recorded.frames() {
        let frame = recorded.frame(at);
        let is_silent = frame.iter().all(|sample| *sample == 0);
        let number = places.get(frame).copied();
        unknown += usize::from(number.is_none() && !is_silent);
        let now_ns = time_ns(at as u64);
        match (number, spans.last_mut()) {
            (Some(number), Some(span)) if goes_on && span.end == number => {
                (span.until_ns, span.end) = (now_ns, number + 1);
            }
            (Some(number), _) => spans.push(Span {
                from_ns: now_ns,
                until_ns: now_ns,
                first: number,
                end: number + 1,
            }),
            (None, _) => {}
        }
        goes_on = number.is_some();
    }
    (spans, unknown)
}

/// How many stretches begin before the end of what was heard before them.
fn repeated(before: &[Span], after: &[Span]) -> usize {
    let ends = |spans: &[Span]| {
        spans
            .windows(2)
            .filter(|pair| pair[1].first < pair[0].end)
            .count()
    };
    let over = before
        .last()
        .zip(after.first())
        .is_some_and(|(last, first)| first.first < last.end);
    ends(before) + ends(after) + usize::from(over)
}
