//! `status`: what runs now, and what happened.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use console::Term;
use record::{Found, Places, State, running, sessions};
use router_service::control::Status as RouterStatus;
use serde::Serialize;

use crate::args::StatusArguments;
use crate::route_text::status_text;
use crate::status::{record_text, running_text};

/// How often `--watch` looks.
const WATCH_PERIOD: Duration = Duration::from_secs(1);
/// How many events of an instance that runs are worth showing.
const EVENTS: usize = 5;
/// How many events of a record are worth showing.
const RECORD_EVENTS: usize = 40;

/// What a script gets.
#[derive(Serialize)]
struct Running<'a> {
    now_ms: u64,
    running: &'a [State],
    problems: &'a [String],
    /// How the router is; nothing where none runs.
    router: Option<Box<RouterStatus>>,
}

/// Does what is asked.
pub fn status(arguments: &StatusArguments) -> Result<()> {
    let places = Places::of_user();
    match arguments.last {
        Some(count) => last(&places, count, arguments),
        None if arguments.watch => loop {
            now(&places, arguments)?;
            std::thread::sleep(WATCH_PERIOD);
        },
        None => now(&places, arguments),
    }
}

fn now(places: &Places, arguments: &StatusArguments) -> Result<()> {
    let found = running(places);
    let now_ms = now_ms();
    let term = Term::stdout();
    if arguments.json {
        let Found { items, problems } = &found;
        let report = Running {
            now_ms,
            running: items,
            problems,
            router: router(),
        };
        return Ok(term.write_line(&serde_json::to_string(&report)?)?);
    }
    let events = arguments.events.unwrap_or(EVENTS);
    let mut text = running_text(&found.items, now_ms, events);
    if let Some(router) = router() {
        text += "\n";
        text += &status_text(&router, events);
    }
    if arguments.watch && term.is_term() {
        term.clear_screen()?;
    }
    tell_problems(&found.problems);
    term.write_line(text.trim_end())
        .context("standard output is gone")
}

fn last(places: &Places, count: u32, arguments: &StatusArguments) -> Result<()> {
    let mut found = sessions(places, count as usize);
    let events = arguments.events.unwrap_or(RECORD_EVENTS);
    if arguments.json {
        if arguments.events.is_some() {
            for session in &mut found.items {
                let surplus = session.entries.len().saturating_sub(events);
                session.entries.drain(..surplus);
            }
        }
        println!("{}", serde_json::to_string(&found)?);
        return Ok(());
    }
    tell_problems(&found.problems);
    if found.items.is_empty() {
        println!("No session is recorded yet: no program has opened a device with these drivers.");
    }
    let texts: Vec<String> = found
        .items
        .iter()
        .map(|session| record_text(session, events))
        .collect();
    print!("{}", texts.join("\n"));
    Ok(())
}

/// How the router is, if one runs and answers.
#[cfg(windows)]
fn router() -> Option<Box<RouterStatus>> {
    use router_service::control::{Reply, Request};
    match router_service::ask(ipc::windows::ROUTER, &Request::Status) {
        Ok(Reply::Status(status)) => Some(status),
        _ => None,
    }
}

#[cfg(not(windows))]
fn router() -> Option<Box<RouterStatus>> {
    None
}

fn tell_problems(problems: &[String]) {
    for problem in problems {
        eprintln!("note: {problem}");
    }
}

/// Milliseconds since 1970.
fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_millis() as u64)
}
