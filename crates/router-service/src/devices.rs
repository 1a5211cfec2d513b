//! From a port of the configuration to a device, by its kind, and from the plan to what the stream runs on.

use std::sync::Arc;

use asio_io::{AsioDevice, Installed};
use config::{DeviceName, Port, Routing, SinkKind, SourceKind};
use engine::endpoint::{
    Device, DeviceInfo, Endpoint, EndpointError, FaultKind, Lost, OpenRequest, Reopener,
};
use session::{ChannelMap, JoinedDevice, Preferences, Wiring};
use wasapi_io::{LoopbackDevice, ProcessDevice, SystemTicker, WasapiDevice};

use crate::driver_plan::DriverPlan;
use crate::driver_process;
use crate::on_demand::{Demand, OnDemand};
use crate::plan::{Plan, SinkSeat, SourceSeat};

/// The master's device, with its partner's input if it has one.
pub(crate) fn master(plan: &Plan) -> Arc<dyn Device> {
    let sink = plan.sinks.first().map(|seat| &seat.port);
    let source = plan.sources.first().map(|seat| &seat.port);
    match sink {
        Some(port) if port.kind == SinkKind::Asio => {
            let partner = source.filter(|_| plan.has_partner);
            let inputs = partner.map_or(0, |port| port.channels);
            asio(&plan.routing, port, inputs, port.channels)
        }
        _ => Arc::new(WasapiDevice::of_ports(
            sink,
            source.filter(|_| plan.has_partner),
        )),
    }
}

/// What a sink of a routing plays to.
pub(crate) fn of_sink(routing: &Routing, port: &Port<SinkKind>) -> Arc<dyn Device> {
    match port.kind {
        SinkKind::Device => Arc::new(WasapiDevice::of_ports(Some(port), None)),
        SinkKind::Asio => asio(routing, port, 0, port.channels),
        SinkKind::File | SinkKind::Client => Arc::new(NotThere::new(&port.name, port.kind.name())),
    }
}

/// What a source of a routing records from.
pub(crate) fn of_source(routing: &Routing, port: &Port<SourceKind>) -> Arc<dyn Device> {
    match port.kind {
        SourceKind::Capture => Arc::new(WasapiDevice::of_ports(None, Some(port))),
        SourceKind::Loopback => Arc::new(LoopbackDevice::of_port(port)),
        SourceKind::Process => Arc::new(ProcessDevice::of_port(port)),
        SourceKind::Asio => asio(routing, port, port.channels, 0),
        SourceKind::Client => Arc::new(NotThere::new(&port.name, port.kind.name())),
    }
}

/// The hardware behind the first of the port's drivers that is installed, with so many channels to record and
/// to play.
fn asio<K>(routing: &Routing, port: &Port<K>, inputs: u32, outputs: u32) -> Arc<dyn Device> {
    if port.isolated {
        let plan = DriverPlan::new(routing, &port.devices);
        return driver_process::device(plan, inputs, outputs);
    }
    let names = port.devices.iter().map(|device| device.word().to_owned());
    Arc::new(AsioDevice::new(Arc::new(Installed::any_of(names)), || {
        Box::new(SystemTicker::new())
    }))
}

/// The endpoint whose sound each sink's is, and each source's, as far as it comes back (T13).
pub(crate) fn endpoints(plan: &Plan) -> (Vec<Option<String>>, Vec<Option<String>>) {
    let sink = |seat: &SinkSeat| match seat.port.kind {
        SinkKind::Device => {
            of_sink(&plan.routing, &seat.port)
                .reopener()
                .chosen()
                .output
        }
        _ => None,
    };
    // What a device records is not what it plays.
    let source = |seat: &SourceSeat| match seat.port.kind {
        SourceKind::Loopback => {
            of_source(&plan.routing, &seat.port)
                .reopener()
                .chosen()
                .input
        }
        _ => None,
    };
    let sources = plan.sources.iter().map(source).collect();
    (plan.sinks.iter().map(sink).collect(), sources)
}

/// What the stream runs on, and what opens those of its sources that are open only while they are heard,
/// each with its place in the plan.
pub(crate) fn wiring(plan: &Plan) -> (Wiring, Vec<(usize, Demand)>) {
    let first = plan.sinks.first().map(|seat| &seat.port);
    let partner = plan.sources.first().filter(|_| plan.has_partner);
    let count = |channels: usize| ChannelMap::Exactly(channels as u32);
    let joined = |device, is_input, channels| JoinedDevice {
        device,
        is_input,
        channels: count(channels),
        is_waited_for: true,
        view: Arc::default(),
    };
    let sinks = plan.sinks.iter().skip(1).filter(|seat| !seat.is_file());
    let sinks = sinks.map(|seat| {
        joined(
            of_sink(&plan.routing, &seat.port),
            false,
            seat.channels.len(),
        )
    });
    let mut demands = Vec::new();
    let sources = plan.sources.iter().enumerate();
    let sources = sources.skip(usize::from(plan.has_partner));
    let sources = sources.map(|(at, seat)| {
        let mut device = of_source(&plan.routing, &seat.port);
        if seat.port.on_demand {
            let demand = Demand::default();
            device = Arc::new(OnDemand::new(device, demand.clone()));
            demands.push((at, demand));
        }
        joined(device, true, seat.channels.len())
    });
    let wiring = Wiring {
        device: master(plan),
        joined: sinks.chain(sources).collect(),
        preferences: Preferences {
            records: plan.has_partner,
            follows_default: first.is_some_and(|port| port.devices == [DeviceName::Default]),
            outputs: count(first.map_or(0, |port| port.channels as usize)),
            inputs: count(partner.map_or(0, |seat| seat.channels.len())),
            ..Preferences::default()
        },
    };
    (wiring, demands)
}

/// A device of a kind that this version cannot open: its channels are silent.
struct NotThere {
    why: EndpointError,
    /// Waits as others do.
    waits: WasapiDevice,
}

impl NotThere {
    fn new(name: &str, kind: &str) -> Self {
        let message = format!(
            "This version of the router cannot open \"{name}\", which is of the kind {kind:?}; it \
             is silent."
        );
        let default = config::Profile::new("");
        Self {
            why: EndpointError::new(FaultKind::NotFound, message),
            waits: WasapiDevice::of_profile(&default),
        }
    }
}

impl Device for NotThere {
    fn describe(&self) -> Result<DeviceInfo, EndpointError> {
        Err(self.why.clone())
    }

    fn check_rate(&self, _rate_hz: u32) -> Result<(), EndpointError> {
        Err(self.why.clone())
    }

    fn open(&self, _request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError> {
        Err(self.why.clone())
    }

    fn reopener(&self) -> Box<dyn Reopener> {
        Box::new(Never {
            why: self.why.clone(),
            waits: self.waits.reopener(),
        })
    }

    fn idle(&self, like: &Lost) -> Box<dyn Endpoint> {
        self.waits.idle(like)
    }
}

/// Waits, and never opens anything.
struct Never {
    why: EndpointError,
    waits: Box<dyn Reopener>,
}

impl Reopener for Never {
    fn open(&mut self, _request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError> {
        Err(self.why.clone())
    }

    fn chosen(&mut self) -> engine::endpoint::Chosen {
        engine::endpoint::Chosen::default()
    }

    fn pause(&mut self, limit_ns: u64) -> bool {
        self.waits.pause(limit_ns);
        false
    }

    fn waker(&self) -> Arc<dyn engine::endpoint::Waker> {
        self.waits.waker()
    }
}
