//! The way to a driver's own process, and that process.

use std::os::windows::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use asio_io::Installed;
use config::{DeviceName, Routing, SinkKind, SourceKind};
use engine::endpoint::Device;
use engine::idle::Ticker;
use ipc::windows::{WindowsLink, process_id};
use ipc::{HandOver, offered};
use record::Places;
use router_io::{Peer, RouterDevice, System, Wants};
use rt::Flag;
use wasapi_io::{SystemTicker, WasapiDevice};

use crate::driver_plan::DriverPlan;
use crate::identity::Identity;
use crate::lock::Lock;
use crate::service::{Outside, Service, Settings, Told};
use crate::status::Chronicle;

/// The program of the other bitness, beside this one.
const OTHER_PROGRAM: &str = match cfg!(target_pointer_width = "64") {
    true => "asio2wasapi32.exe",
    false => "asio2wasapi.exe",
};
/// `DETACHED_PROCESS` and `CREATE_NEW_PROCESS_GROUP`: it has no console, and the router's Ctrl-C is not its.
const ON_ITS_OWN: u32 = 0x8 | 0x200;
/// How long it may take until a process that was just started says what it offers.
const START_TIMEOUT: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(10);
/// How long one waits for a router before it ends.
const IDLE_LIMIT: Duration = Duration::from_secs(2);

/// The hardware of a driver that another process loads, as a device with so many channels to record and to
/// play. The process is started, as nobody else knows what the hardware is.
pub(crate) fn device(plan: DriverPlan, inputs: u32, outputs: u32) -> Arc<dyn Device> {
    let process = DriverProcess { plan };
    process.await_offer();
    let wants = Wants {
        name: "Router".to_owned(),
        inputs: inputs as u16,
        outputs: outputs as u16,
        hand_over: HandOver::Auto,
        rate_hz: process.plan.rate_hz,
        cycle_frames: process.plan.cycle_frames,
    };
    // Only asked while there is no process; nothing is known of the hardware then.
    let unknown = WasapiDevice::of_profile(&config::Profile::new(""));
    Arc::new(RouterDevice::new(process, wants, Arc::new(unknown)))
}

/// A driver's process, as its router sees it.
struct DriverProcess {
    plan: DriverPlan,
}

impl DriverProcess {
    /// Starts it if it is not there, and waits until it offers its terms, or does not.
    fn await_offer(&self) {
        let is_there = || self.place(0).and_then(|link| offered(&link)).is_some();
        if is_there() || self.launch().is_err() {
            return;
        }
        let end = Instant::now() + START_TIMEOUT;
        while !is_there() && Instant::now() < end {
            std::thread::sleep(PAUSE);
        }
    }

    /// This program, or that of the other bitness where only that can load the driver.
    ///
    /// # Errors
    /// One sentence: none can.
    fn program(&self) -> Result<PathBuf, String> {
        let own = std::env::current_exe().unwrap_or_default();
        let installed = Installed::any_of(self.plan.drivers.iter().cloned());
        match installed.is_of_other_bitness() {
            Ok(true) => Ok(own.with_file_name(OTHER_PROGRAM)),
            Ok(false) => Ok(own),
            Err(refusal) => Err(refusal.message),
        }
    }
}

impl System for DriverProcess {
    type Link = WindowsLink;

    fn place(&self, number: usize) -> Option<WindowsLink> {
        WindowsLink::open(&self.plan.link(), number)
    }

    fn process(&self) -> u32 {
        process_id()
    }

    fn peer(&self) -> Peer {
        let name = self.plan.name();
        Peer {
            device: name.to_owned(),
            subject: format!("The process of the ASIO driver \"{name}\""),
            advice: [
                "it is started again in a moment".to_owned(),
                "end it".to_owned(),
            ],
        }
    }

    fn launch(&self) -> Result<(), String> {
        let program = self.program()?;
        let mut command = Command::new(&program);
        command.arg("host-driver");
        for driver in &self.plan.drivers {
            command.args(["--driver", driver]);
        }
        let numbers = [
            ("--outputs", Some(self.plan.outputs)),
            ("--inputs", Some(self.plan.inputs)),
            ("--rate", self.plan.rate_hz),
            ("--cycle", self.plan.cycle_frames),
        ];
        for (name, number) in numbers {
            if let Some(number) = number {
                command.args([name, &number.to_string()]);
            }
        }
        command
            .creation_flags(ON_ITS_OWN)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map(drop)
            .map_err(|error| {
                format!(
                    "{} cannot be started for the driver \"{}\": {error}; put it beside the router's \
                     program.",
                    program.display(),
                    self.plan.name()
                )
            })
    }

    fn ticker(&self) -> Box<dyn Ticker> {
        Box::new(SystemTicker::new())
    }
}

/// Marks the drivers of a routing that only another process can load.
pub(crate) fn isolate(routing: &mut Routing) {
    let is_foreign = |devices: &[DeviceName]| {
        let names = devices.iter().map(|name| name.word().to_owned());
        Installed::any_of(names).is_of_other_bitness() == Ok(true)
    };
    for port in &mut routing.sinks {
        port.isolated |= port.kind == SinkKind::Asio && is_foreign(&port.devices);
    }
    for port in &mut routing.sources {
        port.isolated |= port.kind == SourceKind::Asio && is_foreign(&port.devices);
    }
}

/// Is the driver's process, until `ends` is set or no router is there for a while.
///
/// # Errors
/// One sentence: it cannot begin, or another process has the driver.
pub fn host_driver(plan: &DriverPlan, ends: &Flag) -> Result<(), String> {
    let places = Places::of_user();
    let state = places
        .state
        .clone()
        .ok_or("This user has no folder for the driver's lock; set ASIO2WASAPI_STATE to one.")?;
    let identity = Identity::driver(plan, IDLE_LIMIT);
    let _lock = Lock::take(&state, &plan.link(), Duration::ZERO)?;
    // Nobody asks anything of it: its router is asked.
    let (_asks, asked) = channel();
    let chronicle = Chronicle::new();
    let settings = Settings { on_demand: true };
    let mut routing = plan.routing();
    loop {
        let mut tell = |_: Told| {};
        let service = Service::begin(
            &identity,
            &routing,
            places.clone(),
            chronicle.clone(),
            &mut tell,
        )?;
        let outside = Outside {
            settings,
            ends,
            watcher: None,
            asked: &asked,
        };
        match service.serve(outside, &mut tell) {
            Some(changed) => routing = changed,
            None => return Ok(()),
        }
    }
}
