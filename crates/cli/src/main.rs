//! `asio2wasapi.exe`: lists devices and drivers, registers, plays, explains.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use asio2wasapi_cli::args::Arguments;
use asio2wasapi_cli::{commands, failure};
use clap::Parser;

fn main() -> ExitCode {
    match commands::run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("asio2wasapi: {error:#}");
            ExitCode::from(failure::exit_status(&error))
        }
    }
}
