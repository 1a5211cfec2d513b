//! The router as the device of a profile.

use std::process::Command;
use std::sync::Arc;

use asio::driver::dll;
use config::{Channels, Profile, Routing, Side, SinkKind};
use engine::endpoint::Device;
use engine::idle::Ticker;
use ipc::windows::{ROUTER, WindowsLink, process_id, start_on_its_own};
use router_io::{HandOver, RouterDevice, System, Wants};
use wasapi_io::{SystemTicker, WasapiDevice};

/// The program that is the router, beside this DLL.
const PROGRAM: &str = "asio2wasapi.exe";
/// What records, where nobody says how many channels.
const INPUTS: u32 = 2;

/// The router as that profile's device.
pub fn device(profile: &Profile, routing: &Routing) -> Arc<dyn Device> {
    // A host's process loads no other maker's driver to answer questions.
    let master = match routing.master() {
        port if port.kind == SinkKind::Device => port,
        _ => Routing::default().master(),
    };
    let master = WasapiDevice::of_ports(Some(&master), None);
    Arc::new(RouterDevice::new(
        Windows,
        wants(profile, routing),
        Arc::new(master),
    ))
}

/// What a profile wants of the router.
pub fn wants(profile: &Profile, routing: &Routing) -> Wants {
    let program = std::env::current_exe().ok();
    let program = program.as_deref().and_then(|path| path.file_name());
    let program = program.unwrap_or_default().to_string_lossy();
    let inputs = routing.heard().map_or(INPUTS, |port| port.channels);
    Wants {
        name: format!("{program}, {}", profile.name),
        inputs: channels(&profile.input, inputs),
        outputs: channels(&profile.output, routing.master().channels),
        hand_over: match profile.hand_over {
            config::HandOver::Auto => HandOver::Auto,
            config::HandOver::Synchronous => HandOver::Synchronous,
            config::HandOver::Pipelined => HandOver::Pipelined,
        },
        rate_hz: routing.rate_hz,
        cycle_frames: routing.cycle_frames,
    }
}

/// As many as the profile says, or those.
fn channels(side: &Side, otherwise: u32) -> u16 {
    let count = match side.members.first().map(|member| &member.channels) {
        None => 0,
        Some(Channels::All) => otherwise,
        Some(Channels::First(count)) => *count,
        Some(Channels::Map(numbers)) => numbers.iter().copied().max().unwrap_or(0),
    };
    count.min(64) as u16
}

/// The system as it is.
struct Windows;

impl System for Windows {
    type Link = WindowsLink;

    fn place(&self, number: usize) -> Option<WindowsLink> {
        WindowsLink::open(ROUTER, number)
    }

    fn process(&self) -> u32 {
        process_id()
    }

    fn launch(&self) -> Result<(), String> {
        let folder = dll::module_path().and_then(|path| Some(path.parent()?.to_path_buf()));
        let program = folder.unwrap_or_default().join(PROGRAM);
        let mut command = Command::new(&program);
        command.args(["route", "--on-demand"]);
        start_on_its_own(&mut command).map_err(|error| {
            format!(
                "{} cannot be started: {error}; put it beside the driver.",
                program.display()
            )
        })
    }

    fn ticker(&self) -> Box<dyn Ticker> {
        Box::new(SystemTicker::new())
    }
}
