//! `route`: the router itself, and what is asked of the one that runs.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use ipc::windows::ROUTER;
use router_service::control::{Reply, Request, Status};
use router_service::{DriverPlan, HallEvent, RouteName, Settings, Strip, Told, ask};
use rt::Flag;

use crate::args::{HostDriverArguments, RecordWhat, RouteArguments, RouteCommand, RoutePlace};
use crate::route_text::{event_line, status_text};

/// So many of the last events are shown.
const EVENTS: usize = 5;
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// Runs the router until Ctrl-C, or until nobody needs it; or asks the one that runs.
///
/// # Errors
/// Another one runs, or it cannot begin; none runs, or it refuses.
pub fn route(arguments: &RouteArguments) -> Result<()> {
    let Some(command) = &arguments.command else {
        return run(arguments.on_demand);
    };
    let request = match command {
        RouteCommand::List { json, watch } => return list(*json, *watch),
        RouteCommand::Set {
            from,
            to,
            place,
            gain,
            mute,
            solo,
            invert,
        } => Request::SetRoute {
            route: name(from, to, place),
            strip: Strip {
                gain_db: *gain,
                mute: *mute,
                solo: *solo,
                invert: *invert,
            },
        },
        RouteCommand::Remove { from, to, place } => Request::RemoveRoute {
            route: name(from, to, place),
        },
        RouteCommand::Mix { name, gain, mute } => Request::SetMix {
            mix: name.clone(),
            gain_db: *gain,
            mute: *mute,
        },
        RouteCommand::Watch { json } => return watch(*json),
        RouteCommand::Record { what, sink, at } => match what {
            RecordWhat::Start => Request::StartFile {
                sink: sink.clone(),
                at_frame: *at,
            },
            RecordWhat::Stop => Request::StopFile {
                sink: sink.clone(),
                at_frame: *at,
            },
        },
        RouteCommand::Save => Request::Save,
        RouteCommand::End => Request::End,
    };
    match answer(&request)? {
        Reply::Error(why) => bail!(why),
        _ => Ok(()),
    }
}

fn run(on_demand: bool) -> Result<()> {
    let ends = Arc::new(Flag::new(false));
    let ends_too = Arc::clone(&ends);
    ctrlc::set_handler(move || ends_too.set(true)).context("Ctrl-C cannot be heard")?;
    let settings = Settings { on_demand };
    router_service::run(settings, &ends, &mut |told| println!("{}", words(&told)))
        .map_err(|why| anyhow!(why))
}

/// Hosts a driver until no router needs it.
///
/// # Errors
/// It cannot begin.
pub fn host_driver(arguments: HostDriverArguments) -> Result<()> {
    let HostDriverArguments {
        drivers,
        outputs,
        inputs,
        rate,
        cycle,
    } = arguments;
    let plan = DriverPlan {
        drivers,
        outputs,
        inputs,
        rate_hz: rate,
        cycle_frames: cycle,
    };
    router_service::host_driver(&plan, &Flag::new(false)).map_err(|why| anyhow!(why))
}

fn answer(request: &Request) -> Result<Reply> {
    ask(ROUTER, request).map_err(|why| anyhow!(why))
}

fn name(from: &str, to: &str, place: &RoutePlace) -> RouteName {
    RouteName {
        mix: place.mix.clone(),
        from: from.to_owned(),
        to: to.to_owned(),
        channels: place.channels,
    }
}

fn list(json: bool, watch: bool) -> Result<()> {
    loop {
        let status = status()?;
        if json {
            println!("{}", serde_json::to_string(&status)?);
        } else {
            if watch {
                console::Term::stdout().clear_screen()?;
            }
            print!("{}", status_text(&status, EVENTS));
        }
        if !watch {
            return Ok(());
        }
        std::thread::sleep(WATCH_INTERVAL);
    }
}

/// Until nobody reads it, or the router ends.
fn watch(json: bool) -> Result<()> {
    let mut fault = None;
    let watched = router_service::watch(ROUTER, |event| {
        let line = match json {
            true => serde_json::to_string(&event).map(|text| text + "\n"),
            false => Ok(event_line(&event)),
        };
        let mut out = std::io::stdout().lock();
        let done = line
            .map_err(anyhow::Error::from)
            .and_then(|line| Ok(out.write_all(line.as_bytes()).and_then(|()| out.flush())?));
        fault = done.err();
        fault.is_none()
    });
    watched.map_err(|why| anyhow!(why))?;
    match fault {
        Some(error) => Err(error.context("standard output is gone")),
        None if json => Ok(()),
        None => {
            println!("The router has ended.");
            Ok(())
        }
    }
}

fn status() -> Result<Status> {
    match answer(&Request::Status)? {
        Reply::Status(status) => Ok(*status),
        Reply::Error(why) => bail!(why),
        Reply::Done => bail!("The router gives no status."),
    }
}

fn words(told: &Told) -> String {
    match told {
        Told::Runs {
            rate_hz,
            cycle_frames,
            output_latency_frames,
        } => format!(
            "The router runs: {rate_hz} Hz, {cycle_frames} frames in a cycle, {output_latency_frames} \
             frames to the device's output. Ctrl-C ends it."
        ),
        Told::Hall(HallEvent::Came(name)) => format!("came: {name}"),
        Told::Hall(HallEvent::Left(name)) => format!("left: {name}"),
        Told::Hall(HallEvent::Refused(why)) => format!("refused: {why}"),
        Told::Amiss(why) => format!("note: {why}"),
        Told::File(words) => format!("file: {words}"),
        Told::Unneeded => "No program needs the router any more; it ends.".to_owned(),
    }
}
