//! The commands.

use anyhow::Result;

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
#[cfg(windows)]
mod register;

/// Does what the command line asks for. Results go to standard output.
///
/// # Errors
/// It did not work; the error's chain makes one sentence for standard error.
#[cfg(windows)]
pub fn run(command: Command) -> Result<()> {
    match command {
        Command::Devices { json } => devices::devices(json),
        Command::Drivers { json } => drivers::drivers(json),
        Command::Register { dll } => register::register(dll.as_deref()),
        Command::Unregister => register::unregister(),
        Command::Play(arguments) => play::play(&arguments),
        Command::Doctor { json } => doctor::doctor(json),
    }
}

/// Does what can be done without Windows: checks the file that is to be played.
///
/// # Errors
/// Always: the file cannot be played, or there is nothing to play it with.
#[cfg(not(windows))]
pub fn run(command: Command) -> Result<()> {
    if let Command::Play(arguments) = &command {
        crate::wav::Wav::read(&arguments.file)?;
    }
    anyhow::bail!("ASIO and WASAPI need Windows or Wine: run asio2wasapi.exe there")
}
