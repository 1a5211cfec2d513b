//! The way to a driver's own process, and that process.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use asio_io::Installed;
use config::Routing;
use engine::endpoint::Device;
use engine::idle::Ticker;
use ipc::HandOver;
use ipc::windows::{WindowsLink, process_id, start_on_its_own};
use record::Places;
use router_io::{Peer, RouterDevice, System, Wants};
use rt::Flag;
use wasapi_io::{SystemTicker, WasapiDevice};

use crate::driver_plan::DriverPlan;
use crate::identity::Identity;
use crate::lock::Lock;
use crate::service::{Outside, Settings, run_as};
use crate::status::Chronicle;

/// The program of the other bitness, beside this one.
const OTHER_PROGRAM: &str = match cfg!(target_pointer_width = "64") {
    true => "asio2wasapi32.exe",
    false => "asio2wasapi.exe",
};
/// How long one waits for a router before it ends.
const IDLE_LIMIT: Duration = Duration::from_secs(2);

/// The hardware of a driver that another process loads, as a device with so many channels to record and to
/// play. The process is started, as nobody else knows what the hardware is.
pub(crate) fn device(plan: DriverPlan, inputs: u32, outputs: u32) -> Arc<dyn Device> {
    let process = DriverProcess { plan };
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
    let device = RouterDevice::new(process, wants, Arc::new(unknown));
    // Why it does not come is told when it is opened.
    let _ = device.summon();
    Arc::new(device)
}

/// A driver's process, as its router sees it.
struct DriverProcess {
    plan: DriverPlan,
}

impl DriverProcess {
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
        start_on_its_own(&mut command).map_err(|error| {
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
    DriverPlan::isolate(routing, |devices| {
        let names = devices.iter().map(|name| name.word().to_owned());
        Installed::any_of(names).is_of_other_bitness() == Ok(true)
    });
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
    let outside = Outside {
        settings: Settings { on_demand: true },
        ends,
        watcher: None,
        asked: &asked,
    };
    let (routing, chronicle) = (plan.routing(), Chronicle::new());
    run_as(
        &identity,
        routing,
        &places,
        &chronicle,
        outside,
        &mut |_| {},
    )
}
