//! How long a block takes to a client in another process and back, beside the bare ping-pong of two events
//! between the same processes: JSON on standard output tells the times.

use std::process::ExitCode;

#[cfg(windows)]
mod measured;

#[cfg(windows)]
fn main() -> ExitCode {
    let outcome = arguments()
        .map_err(|error| format!("{error}. Usage: hop [--rounds N]"))
        .and_then(|task| match task {
            Task::Measure(rounds) => measured::measure(rounds).map(|times| println!("{times}")),
            Task::Serve(router) => measured::serve(&router),
        });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hop: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(windows))]
fn main() -> ExitCode {
    eprintln!("hop: The router's memory is Windows'; run this there or under Wine.");
    ExitCode::FAILURE
}

/// What to do.
#[cfg(windows)]
enum Task {
    /// So many rounds of each kind.
    Measure(usize),
    /// Be the client of the router of that name.
    Serve(String),
}

#[cfg(windows)]
fn arguments() -> Result<Task, lexopt::Error> {
    use lexopt::prelude::*;
    let mut task = Task::Measure(5_000);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("rounds") => task = Task::Measure(parser.value()?.parse()?),
            Long("serve") => task = Task::Serve(parser.value()?.string()?),
            other => return Err(other.unexpected()),
        }
    }
    Ok(task)
}
