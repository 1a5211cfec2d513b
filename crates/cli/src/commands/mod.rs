//! The commands.

use anyhow::Result;

use crate::args::Command;

#[cfg(windows)]
mod devices;

/// Does what the command line asks for. Results go to standard output.
///
/// # Errors
/// It did not work; the error's chain makes one sentence for standard error.
#[cfg(windows)]
pub fn run(command: Command) -> Result<()> {
    match command {
        Command::Devices { json } => devices::devices(json),
        _ => todo!(),
    }
}
#[cfg(not(windows))]
pub fn run(command: Command) -> Result<()> {
    todo!()
}
