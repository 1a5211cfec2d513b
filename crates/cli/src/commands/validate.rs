//! `validate`: whether an ASIO driver does what programs rely on.

use anyhow::Result;
use serde::Serialize;
use validator::CHECKS;

#[cfg(windows)]
pub use run::{check, validate};

/// A check as a script gets it.
#[derive(Serialize)]
struct Listed {
    id: &'static str,
    about: &'static str,
    traps: Vec<String>,
}

/// Lists the checks.
pub fn list(json: bool) -> Result<()> {
    if json {
        let checks: Vec<Listed> = CHECKS
            .iter()
            .map(|check| Listed {
                id: check.id,
                about: check.about,
                traps: check.trap_names(),
            })
            .collect();
        println!("{}", serde_json::to_string_pretty(&checks)?);
    } else {
        let rows: Vec<_> = CHECKS
            .iter()
            .map(|check| {
                [
                    check.id.to_owned(),
                    check.about.to_owned(),
                    check.trap_names().join(" "),
                ]
            })
            .collect();
        print!("{}", crate::table::table(["ID", "WHAT", "TRAPS"], &rows));
    }
    Ok(())
}

#[cfg(windows)]
mod run {
    use std::fs::File;
    use std::io::Write;
    use std::process::Command;
    use std::time::{Duration, SystemTime};

    use anyhow::{Context, Result, anyhow, bail};
    use asio::Guid;
    use asio::host::InstalledDriver;
    use validator::{CHECKS, Check, Installed, Outcome, Report, Settings, apart, child, find};

    use crate::args::{ValidateArguments, ValidateCheckArguments};
    use crate::commands::installed;

    /// Runs the checks. One that failed or crashed is an error.
    pub fn validate(arguments: &ValidateArguments) -> Result<()> {
        let Some(name) = arguments.driver.as_deref().filter(|_| !arguments.list) else {
            return super::list(arguments.json);
        };
        let driver = installed::find(name)?;
        if let Some(problem) = &driver.problem {
            bail!("{} cannot be loaded: {problem}", driver.name);
        }
        let clsid = driver.clsid;
        let clsid = clsid.with_context(|| format!("{} has no class", driver.name))?;
        // Before the checks, which take minutes.
        let file = arguments.report.as_deref().map(|path| {
            File::create(path).with_context(|| format!("{} cannot be written", path.display()))
        });
        let file = file.transpose()?;
        let settings = Settings {
            quick: arguments.quick,
            limit: Duration::from_secs(arguments.timeout),
            ..Settings::new(arguments.seed.unwrap_or_else(any_seed))
        };
        let report = run_all(arguments, &driver, clsid, settings)?;
        if let Some(mut file) = file {
            writeln!(file, "{}", report.json()?).context("the report cannot be written")?;
        }
        if arguments.json {
            println!("{}", report.json()?);
        } else {
            print!("{}", report.table());
        }
        match report.is_good() {
            true => Ok(()),
            false => bail!(
                "{}: {} checks failed and {} crashed",
                driver.name,
                report.count(Outcome::Failed),
                report.count(Outcome::Crashed)
            ),
        }
    }

    fn run_all(
        arguments: &ValidateArguments,
        driver: &InstalledDriver,
        clsid: Guid,
        settings: Settings,
    ) -> Result<Report> {
        let chosen: Vec<&'static Check> = CHECKS
            .iter()
            .filter(|check| {
                arguments.check.is_empty() || arguments.check.iter().any(|id| id == check.id)
            })
            .collect();
        let mut report = Report {
            driver: driver.name.clone(),
            tells: None,
            clsid: Some(clsid.to_string()),
            dll: driver
                .dll_path
                .as_ref()
                .map(|path| path.display().to_string()),
            validator: env!("CARGO_PKG_VERSION"),
            seed: settings.seed,
            quick: settings.quick,
            timeout_s: arguments.timeout,
            checks: Vec::new(),
        };
        eprintln!(
            "{}, {} checks, seed {}",
            driver.name,
            chosen.len(),
            settings.seed
        );
        for (place, check) in chosen.iter().enumerate() {
            eprint!("[{:2}/{}] {} ... ", place + 1, chosen.len(), check.id);
            let (result, facts) =
                apart::run(check, &mut command(clsid, check, settings)?, settings.limit);
            eprintln!("{} ({:.1} s)", result.outcome, result.seconds);
            report.tells = report.tells.or(facts);
            report.checks.push(result);
        }
        Ok(report)
    }

    /// This program again, for one check.
    fn command(clsid: Guid, check: &Check, settings: Settings) -> Result<Command> {
        let program = std::env::current_exe().context("this program's path is not known")?;
        let mut command = Command::new(program);
        command.args(["validate-check", &clsid.to_string(), check.id, "--seed"]);
        command.arg(settings.seed.to_string());
        command
            .arg("--limit")
            .arg(settings.limit.as_secs().to_string());
        if settings.quick {
            command.arg("--quick");
        }
        Ok(command)
    }

    fn any_seed() -> u64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        // Short enough to be typed. A clock before 1970 has a seed too.
        since.map_or(1, |since| u64::from(since.subsec_nanos()))
    }

    /// Runs one check in this process and tells the parent.
    pub fn check(arguments: &ValidateCheckArguments) -> Result<()> {
        let check = find(&arguments.check).context("there is no such check")?;
        let clsid = arguments.clsid.parse::<Guid>();
        let clsid = clsid.map_err(|_| anyhow!("\"{}\" is no class", arguments.clsid))?;
        let settings = Settings {
            quick: arguments.quick,
            limit: Duration::from_secs(arguments.limit),
            ..Settings::new(arguments.seed)
        };
        child::run(check, &Installed { clsid }, settings);
        Ok(())
    }
}
