//! Validates a driver of this crate, made inside the process of each check. Works on any system.

use std::collections::BTreeMap;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result};
use asio::host::Driver;
use broken_driver::{Fault, driver, driver_name};
use clap::Parser;
use validator::{CHECKS, Check, Report, Settings, Source, apart, child, find};

/// Validates a driver with a planted fault; JSON on standard output tells what was found
#[derive(Parser)]
struct Arguments {
    /// The fault, or `sound`
    #[arg(value_parser = parse_fault, required_unless_present = "expected")]
    fault: Option<Fault>,
    /// Print which checks should notice which fault instead
    #[arg(long)]
    expected: bool,
    /// Only these checks
    #[arg(long, value_name = "ID", value_parser = parse_check)]
    check: Vec<&'static Check>,
    /// Where random numbers come from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Shorter
    #[arg(long)]
    quick: bool,
    /// What a check may take
    #[arg(long, value_name = "S", default_value_t = 60)]
    timeout: u64,
    /// Runs the check in this process, as a child of another one
    #[arg(long, hide = true)]
    child: bool,
}

fn parse_fault(name: &str) -> Result<Fault, String> {
    Fault::named(name).ok_or_else(|| {
        let names = Fault::ALL.map(Fault::name);
        format!("there is: {}", names.join(", "))
    })
}

fn parse_check(id: &str) -> Result<&'static Check, String> {
    find(id).ok_or_else(|| "there is no such check".to_owned())
}

/// Makes drivers inside this process.
struct Inside(Fault);

impl Source for Inside {
    fn load(&self) -> asio::host::Result<Driver> {
        Ok(Driver::from_object(driver(self.0)))
    }
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let Some(fault) = arguments.fault.filter(|_| !arguments.expected) else {
        println!("{}", serde_json::to_string_pretty(&expected())?);
        return Ok(ExitCode::SUCCESS);
    };
    let settings = Settings {
        quick: arguments.quick,
        limit: Duration::from_secs(arguments.timeout),
        ..Settings::new(arguments.seed)
    };
    let mut checks = arguments.check;
    if arguments.child {
        let check = checks.first().context("--child needs --check")?;
        child::run(check, &Inside(fault), settings);
        return Ok(ExitCode::SUCCESS);
    }
    if checks.is_empty() {
        checks.extend(CHECKS);
    }
    let mut report = Report {
        driver: driver_name(fault),
        tells: None,
        clsid: None,
        dll: None,
        validator: env!("CARGO_PKG_VERSION"),
        seed: settings.seed,
        quick: settings.quick,
        timeout_s: arguments.timeout,
        checks: Vec::new(),
    };
    for check in checks {
        let (result, facts) =
            apart::run(check, &mut command(fault, check, settings)?, settings.limit);
        report.tells = report.tells.or(facts);
        report.checks.push(result);
    }
    eprint!("{}", report.table());
    println!("{}", report.json()?);
    Ok(match report.is_good() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

fn command(fault: Fault, check: &Check, settings: Settings) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([fault.name(), "--child", "--check", check.id]);
    command.arg("--seed").arg(settings.seed.to_string());
    command
        .arg("--timeout")
        .arg(settings.limit.as_secs().to_string());
    if settings.quick {
        command.arg("--quick");
    }
    Ok(command)
}

/// For each driver, by its name in the list, the checks that do not pass, and how they end.
fn expected() -> BTreeMap<String, BTreeMap<&'static str, &'static str>> {
    let row = |fault: Fault| {
        let noticed = fault.noticed_by().iter().copied().collect();
        (driver_name(fault), noticed)
    };
    Fault::ALL.into_iter().map(row).collect()
}
