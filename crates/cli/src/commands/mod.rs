//! The commands.

use anyhow::Result;
use config::Config;

use crate::args::Command;

#[cfg(windows)]
mod devices;
#[cfg(windows)]
mod doctor;
#[cfg(windows)]
mod drivers;
#[cfg(windows)]
mod installed;
#[cfg(windows)]
mod play;
mod profile;
#[cfg(windows)]
mod record;
#[cfg(windows)]
mod register;
#[cfg(windows)]
mod route;
mod status;
mod validate;

/// Does what the command line asks for. Results go to standard output.
///
/// # Errors
/// It did not work; the error's chain makes one sentence for standard error.
#[cfg(windows)]
pub fn run(command: Command) -> Result<()> {
    match command {
        Command::Devices { json } => devices::devices(json),
        Command::Drivers { json } => drivers::drivers(json),
        Command::Profile(command) => profile::profile(&command),
        Command::Register { dll } => register::register(dll.as_deref()),
        Command::Unregister => register::unregister(),
        Command::Play(arguments) => play::play(&arguments),
        Command::Record(arguments) => record::record(&arguments),
        Command::Simulate(arguments) => crate::simulate::simulate(&arguments),
        Command::Doctor { json } => doctor::doctor(json),
        Command::Status(arguments) => status::status(&arguments),
        Command::Route(arguments) => route::route(&arguments),
        Command::Validate(arguments) => validate::validate(&arguments),
        Command::HostDriver(arguments) => route::host_driver(arguments),
        Command::ValidateCheck(arguments) => validate::check(&arguments),
    }
}

/// Does what can be done without Windows: simulates, edits the configuration, reads records, checks the
/// file that is to be played, lists the checks.
///
/// # Errors
/// The file cannot be played, or there is nothing to play it with.
#[cfg(not(windows))]
pub fn run(command: Command) -> Result<()> {
    match &command {
        Command::Play(arguments) => {
            crate::wav::Wav::read(&arguments.file)?;
        }
        Command::Validate(arguments) if arguments.list => {
            validate::list(arguments.json)?;
            return Ok(());
        }
        Command::Simulate(arguments) => return crate::simulate::simulate(arguments),
        Command::Profile(command) => return profile::profile(command),
        Command::Status(arguments) => return status::status(arguments),
        _ => {}
    }
    anyhow::bail!("ASIO and WASAPI need Windows or Wine: run asio2wasapi.exe there")
}

/// What the configuration says. What is wrong with it is told on standard error.
fn configuration() -> Config {
    let loaded = config::load(config::path().as_deref());
    for error in &loaded.errors {
        eprintln!("note: {error}");
    }
    loaded.config
}
