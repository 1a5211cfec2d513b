//! `doctor`: what is installed, what would be opened, and what is wrong.

use anyhow::{Result, bail};
use asio::host::{self, Driver, InstalledDriver};
use config::{Config, Mode};
use engine::endpoint::{Device, DeviceInfo, SideInfo};
use record::Places;
use serde::Serialize;
use session::product::class_of;
use wasapi_io::{FORMATS_VARIABLE, Options, WasapiDevice, check_priority};

use crate::findings::Findings;
use crate::last_session::look_at_record;

/// What a script gets.
#[derive(Serialize)]
struct Report<'a> {
    version: &'static str,
    broken: usize,
    #[serde(flatten)]
    findings: &'a Findings,
}

/// Looks at everything and says how it is. Something broken is an error.
pub fn doctor(json: bool) -> Result<()> {
    let mut findings = Findings::default();
    let config = look_at_configuration(&mut findings);
    look_at_formats_variable(&mut findings);
    look_at_priority(&mut findings);
    look_at_devices(&mut findings, &config);
    look_at_record(&mut findings, &Places::of_user());
    match host::list() {
        Ok(installed) => {
            for profile in &config.profiles {
                look_at_driver(&mut findings, &profile.name, &installed);
            }
        }
        Err(error) => findings.broken("installed drivers", error.to_string()),
    }
    let broken = findings.broken_count();
    if json {
        let report = Report {
            version: env!("CARGO_PKG_VERSION"),
            broken,
            findings: &findings,
        };
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("asio2wasapi {}", env!("CARGO_PKG_VERSION"));
        print!("{}", findings.lines());
    }
    match broken {
        0 => Ok(()),
        1 => bail!("1 thing is broken; the list above says what to do"),
        many => bail!("{many} things are broken; the list above says what to do"),
    }
}

fn look_at_configuration(findings: &mut Findings) -> Config {
    let path = config::path();
    let loaded = config::load(path.as_deref());
    match path.filter(|path| path.exists()) {
        None => findings.good(
            "configuration",
            "there is no file; the built-in profiles hold",
        ),
        Some(path) if loaded.errors.is_empty() => {
            findings.good("configuration", path.display().to_string());
        }
        Some(_) => {
            for error in loaded.errors {
                findings.broken("configuration", error.to_string());
            }
        }
    }
    loaded.config
}

fn look_at_formats_variable(findings: &mut Findings) {
    match Options::from_environment() {
        None => {}
        Some(Ok(Options { formats })) => {
            let names: Vec<&str> = formats.iter().map(|format| format.name()).collect();
            let names = names.join(", ");
            findings.note(
                FORMATS_VARIABLE,
                format!("exclusive streams are limited to {names}"),
            );
        }
        Some(Err(error)) => {
            findings.broken(
                FORMATS_VARIABLE,
                format!("{error}; until then it has no effect"),
            );
        }
    }
}

/// What keeps other programs' work from being heard (T49).
fn look_at_priority(findings: &mut Findings) {
    match check_priority() {
        Ok(()) => findings.good(
            "real-time priority",
            "the system grants it to sound threads",
        ),
        Err(error) => findings.note("real-time priority", error.message),
    }
}

/// What each driver would open.
fn look_at_devices(findings: &mut Findings, config: &Config) {
    for profile in &config.profiles {
        let what = format!("{}, device", profile.name);
        let device = match profile.mode {
            Mode::Router => {
                WasapiDevice::of_ports(Some(&config.router.master()), config.router.partner())
            }
            _ => WasapiDevice::of_profile(profile),
        };
        let described = device.describe().and_then(|info| {
            device.check_rate(info.rate_hz)?;
            Ok(info)
        });
        match described {
            Ok(info) => findings.good(
                what,
                format!(
                    "{}, {} Hz, period {} frames, at least {}",
                    sides(&info),
                    info.rate_hz,
                    info.period_frames_default,
                    info.period_frames_min
                ),
            ),
            Err(error) => findings.broken(what, error.message),
        }
    }
}

/// What a device plays and records with.
fn sides(info: &DeviceInfo) -> String {
    let side = |side: &SideInfo, what| {
        let SideInfo {
            name,
            sample,
            channels,
            ..
        } = side;
        format!("{name}: {channels} {what}, {sample}")
    };
    let output = info.output.as_ref().map(|output| side(output, "outputs"));
    let input = info.input.as_ref().map(|input| side(input, "inputs"));
    let sides: Vec<String> = output.into_iter().chain(input).collect();
    sides.join("; ")
}

fn look_at_driver(findings: &mut Findings, name: &str, installed: &[InstalledDriver]) {
    let what = format!("{name}, installation");
    let Some(driver) = installed.iter().find(|driver| driver.name == name) else {
        findings.broken(
            what,
            "it is not in the list of ASIO drivers; run `asio2wasapi register`",
        );
        return;
    };
    if driver.clsid != Some(class_of(name)) {
        findings.broken(
            what,
            "its entry names another class; run `asio2wasapi register`",
        );
        return;
    }
    if let Some(problem) = &driver.problem {
        findings.broken(what, format!("{problem}; run `asio2wasapi register`"));
        return;
    }
    let dll = driver
        .dll_path
        .as_deref()
        .map_or(String::new(), |dll| dll.display().to_string());
    findings.good(what, dll);
    if !driver.for_32_bit {
        findings.note(
            format!("{name}, 32-bit programs"),
            "it is not installed for them; put asio2wasapi32.dll beside this program and run \
             `asio2wasapi register`",
        );
    }
    let what = format!("{name}, as a program sees it");
    match ask(name) {
        Ok(text) => findings.good(what, text),
        Err(error) => findings.broken(what, format!("{error:#}")),
    }
}

/// What an ASIO program would be told.
fn ask(name: &str) -> Result<String> {
    let mut driver = Driver::load(class_of(name))?;
    driver.init()?;
    let channels = driver.channels()?;
    let sizes = driver.block_sizes()?;
    let latencies = driver.latencies()?;
    Ok(format!(
        "{} outputs, {} Hz, blocks of {} to {} frames ({} preferred), output latency {} frames",
        channels.outputs,
        driver.sample_rate()?,
        sizes.min_frames,
        sizes.max_frames,
        sizes.preferred_frames,
        latencies.output_frames
    ))
}
