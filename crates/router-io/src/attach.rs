//! The way to a place at the router.

use std::time::{Duration, Instant};

use engine::endpoint::{EndpointError, FaultKind};
use ipc::{Answered, CLIENTS_MAX, ClientEnd, Refusal, Terms, Wish, knock, offered};

use crate::{Peer, System};

/// How long a router that is there may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a router may take to start.
const START_TIMEOUT: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(10);

/// What a router offers, if one is there.
pub(crate) fn look(system: &impl System) -> Option<Terms> {
    // A router makes its places one after the other.
    offered(&system.place(0)?)
}

/// Waits until a router that was just started is there.
pub(crate) fn await_router(system: &impl System) -> Option<Terms> {
    let end = Instant::now() + START_TIMEOUT;
    loop {
        if let Some(terms) = look(system) {
            return Some(terms);
        }
        if Instant::now() >= end {
            return None;
        }
        std::thread::sleep(PAUSE);
    }
}

/// Attaches to the router as that client.
///
/// # Errors
/// There is no router, it has no place free, it refuses, or it does not answer.
pub(crate) fn attach<S: System>(
    system: &S,
    wish: &Wish,
) -> Result<ClientEnd<S::Link>, EndpointError> {
    let end = Instant::now() + ANSWER_TIMEOUT;
    let peer = system.peer();
    loop {
        let mut is_there = false;
        for number in 0..CLIENTS_MAX {
            let Some(link) = system.place(number) else {
                break;
            };
            if offered(&link).is_none() {
                continue;
            }
            is_there = true;
            match knock(link, system.process(), wish) {
                Ok(mut knocking) => loop {
                    let left = end.saturating_duration_since(Instant::now());
                    match knocking.poll(left.as_nanos() as u64) {
                        Ok(Answered::Attached(client)) => return Ok(client),
                        Ok(Answered::NotYet(again)) if Instant::now() < end => knocking = again,
                        Ok(Answered::NotYet(last)) => {
                            drop(last.give_up());
                            return Err(silent(&peer));
                        }
                        Err((_, refusal)) => return Err(refused(refusal)),
                    }
                },
                Err((_, Some(refusal))) => return Err(refused(refusal)),
                // Somebody has it.
                Err((_, None)) => {}
            }
        }
        if !is_there {
            return Err(absent(&peer, None));
        }
        if Instant::now() >= end {
            let message = format!(
                "{} has no place free; end another of its programs.",
                peer.subject
            );
            return Err(EndpointError::new(FaultKind::InUse, message));
        }
        std::thread::sleep(PAUSE);
    }
}

/// It is not there; perhaps why.
pub(crate) fn absent(peer: &Peer, why: Option<String>) -> EndpointError {
    let subject = &peer.subject;
    let message = match why {
        Some(why) => format!("{subject} does not run: {why}"),
        None => format!("{subject} does not run; {}.", peer.advice[0]),
    };
    EndpointError::new(FaultKind::NotFound, message)
}

fn silent(peer: &Peer) -> EndpointError {
    let message = format!("{} does not answer; {}.", peer.subject, peer.advice[1]);
    EndpointError::new(FaultKind::ServiceGone, message)
}

fn refused(refusal: Refusal) -> EndpointError {
    EndpointError::new(FaultKind::Unsupported, refusal.to_string())
}
