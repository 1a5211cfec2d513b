//! The router as a device.

use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::endpoint::{
    Chosen, Device, DeviceInfo, Endpoint, EndpointError, FaultKind, Lost, OpenRequest, Reopener,
    SideInfo, Waker,
};
use engine::format::SampleFormat;
use engine::idle::Idle;
use ipc::{BLOCK_FRAMES_MAX, HandOver, NAME_BYTES_MAX, Terms, Wish};
use rt::{Flag, Mutex};

use crate::attach::{absent, attach, await_router, look};
use crate::endpoint::RouterEndpoint;
use crate::{Peer, System};

/// How seldom a router is started again that died or did not start. One that is started is waited for
/// besides.
const LAUNCH_PAUSE: Duration = Duration::from_millis(250);
/// How long a search pauses at most: a router that is back is heard within a second.
const PAUSE_NS_MAX: u64 = 250_000_000;
/// What is told where nobody knows anything.
const RATE_HZ: u32 = 48_000;
const PERIOD_FRAMES: u32 = 480;

/// What a client wants of the router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wants {
    /// Its name for people; what is too long or no text is left out.
    pub name: String,
    /// Channels that it hears, 0 to 64.
    pub inputs: u16,
    /// Channels that it plays, 0 to 64.
    pub outputs: u16,
    /// How its blocks are handed over.
    pub hand_over: HandOver,
    /// The rate in Hz that the router will have when it is started; `None` for that of the device
    /// that it will have.
    pub rate_hz: Option<u32>,
    /// The same for the frames of its cycle.
    pub cycle_frames: Option<u32>,
}

/// The router as a device. Cheap to make: nothing is looked for before a method is called.
pub struct RouterDevice<S> {
    system: Arc<S>,
    peer: Peer,
    wants: Wants,
    /// What the router will have as its master, for questions while it does not run, and for the
    /// search's pauses.
    master: Arc<dyn Device>,
    shared: Arc<Shared>,
}

/// What all clones of a device know.
#[derive(Default)]
struct Shared {
    /// The router that this client was attached to has ended of its own will.
    has_said_goodbye: Arc<Flag>,
    launched: Mutex<Option<Instant>>,
}

impl<S> Clone for RouterDevice<S> {
    fn clone(&self) -> Self {
        Self {
            system: Arc::clone(&self.system),
            peer: self.peer.clone(),
            wants: self.wants.clone(),
            master: Arc::clone(&self.master),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S: System> RouterDevice<S> {
    /// The router for a client that wants this. `master` is what the router plays to, or will.
    pub fn new(system: S, wants: Wants, master: Arc<dyn Device>) -> Self {
        Self {
            peer: system.peer(),
            system: Arc::new(system),
            wants,
            master,
            shared: Arc::default(),
        }
    }

    /// What the router offers, or will; latencies are an estimate then.
    fn terms(&self) -> Terms {
        if let Some(terms) = look(&*self.system) {
            return terms;
        }
        let described = self.master.describe().ok();
        let own_hz = described.as_ref().map_or(RATE_HZ, |info| info.rate_hz);
        let rate_hz = self.wants.rate_hz.unwrap_or(own_hz).max(1);
        let at_rate = |frames: u32| {
            let frames = u64::from(frames) * u64::from(rate_hz) / u64::from(own_hz.max(1));
            (frames as u32).clamp(1, BLOCK_FRAMES_MAX)
        };
        let period = described
            .as_ref()
            .map_or(PERIOD_FRAMES, |info| info.period_frames_default);
        let estimate =
            |side: Option<&SideInfo>| side.map_or(0, |side| side.latency_frames_estimate);
        let (output, input) = match &described {
            Some(info) => (
                estimate(info.output.as_ref()),
                estimate(info.input.as_ref()),
            ),
            None => (0, 0),
        };
        Terms {
            output_latency_frames: at_rate(output),
            input_latency_frames: at_rate(input),
            ..Terms::new(rate_hz, self.wants.cycle_frames.unwrap_or(at_rate(period)))
        }
    }

    /// Starts the router if it is not there, and waits until it is, so that what it offers is known.
    ///
    /// # Errors
    /// Why it is not there.
    pub fn summon(&self) -> Result<(), EndpointError> {
        match look(&*self.system) {
            Some(_) => Ok(()),
            None => self.launched().map(drop),
        }
    }

    /// What a router offers that is started now; none is started twice in short time.
    fn launched(&self) -> Result<Terms, EndpointError> {
        if !self.may_launch_now() {
            return Err(absent(&self.peer, None));
        }
        let launched = self.system.launch();
        launched.map_err(|why| absent(&self.peer, Some(why)))?;
        await_router(&*self.system).ok_or_else(|| absent(&self.peer, None))
    }

    /// Attaches to the router; starts one if there is none and `may_launch` says so.
    fn open_at(
        &self,
        request: OpenRequest,
        may_launch: bool,
    ) -> Result<Box<dyn Endpoint>, EndpointError> {
        let terms = match look(&*self.system) {
            None if may_launch => self.launched()?,
            terms => terms.ok_or_else(|| absent(&self.peer, None))?,
        };
        self.check(terms.rate_hz, request.rate_hz)?;
        let sides = request.sides;
        let count = |is_wanted, channels| if is_wanted { u32::from(channels) } else { 0 };
        let wish = Wish {
            name: short(&self.wants.name),
            inputs: count(sides.has_input(), self.wants.inputs),
            outputs: count(sides.has_output(), self.wants.outputs),
            // Shorter blocks than a cycle are made several in one.
            block_frames: request
                .block_frames
                .max(terms.cycle_frames)
                .min(BLOCK_FRAMES_MAX),
            rate_hz: terms.rate_hz,
            hand_over: self.wants.hand_over,
        };
        let mut client = attach(&*self.system, &wish)?;
        client.rest();
        // Another router may have taken the place of the one that was asked.
        let terms = client.terms().ok_or_else(|| absent(&self.peer, None))?;
        self.check(terms.rate_hz, request.rate_hz)?;
        self.shared.has_said_goodbye.set(false);
        let goodbye = Arc::clone(&self.shared.has_said_goodbye);
        let ticker = self.system.ticker();
        Ok(Box::new(RouterEndpoint::new(
            client,
            terms,
            ticker,
            goodbye,
            self.peer.device.clone(),
        )))
    }

    fn check(&self, router_hz: u32, rate_hz: u32) -> Result<(), EndpointError> {
        if router_hz == rate_hz {
            return Ok(());
        }
        let message = format!(
            "{} runs at {router_hz} Hz, not at {rate_hz} Hz; choose its rate.",
            self.peer.subject
        );
        Err(EndpointError::new(FaultKind::Unsupported, message))
    }

    fn may_launch_now(&self) -> bool {
        let mut launched = self.shared.launched.lock();
        let may = launched.is_none_or(|at| at.elapsed() >= LAUNCH_PAUSE);
        if may {
            *launched = Some(Instant::now());
        }
        may
    }
}

/// As much of a name as there is room for.
fn short(name: &str) -> String {
    let mut short = String::new();
    for c in name.trim().chars().filter(|c| !c.is_control()) {
        if short.len() + c.len_utf8() > NAME_BYTES_MAX {
            break;
        }
        short.push(c);
    }
    match short.trim().is_empty() {
        true => "a program".to_owned(),
        false => short,
    }
}

impl<S: System> Device for RouterDevice<S> {
    fn describe(&self) -> Result<DeviceInfo, EndpointError> {
        let terms = self.terms();
        let side = |channels: u16, latency_frames| {
            (channels > 0).then(|| SideInfo {
                name: self.peer.device.clone(),
                channels,
                channel_mask: channel_mask(channels),
                sample: SampleFormat::Float32,
                latency_frames_estimate: latency_frames,
            })
        };
        Ok(DeviceInfo {
            rate_hz: terms.rate_hz,
            period_frames_min: terms.cycle_frames,
            period_frames_default: terms.cycle_frames,
            output: side(self.wants.outputs, terms.output_latency_frames),
            input: side(self.wants.inputs, terms.input_latency_frames),
        })
    }

    fn check_rate(&self, rate_hz: u32) -> Result<(), EndpointError> {
        self.check(self.terms().rate_hz, rate_hz)
    }

    fn open(&self, request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError> {
        self.open_at(request, true)
    }

    fn reopener(&self) -> Box<dyn Reopener> {
        Box::new(Search {
            device: self.clone(),
            pauser: self.master.reopener(),
        })
    }

    fn idle(&self, like: &Lost) -> Box<dyn Endpoint> {
        Box::new(Idle::new(like, self.system.ticker()))
    }
}

/// Front left and front right for two channels.
pub(crate) fn channel_mask(channels: u16) -> u32 {
    if channels == 2 { 3 } else { 0 }
}

/// Looks for the router again and again.
struct Search<S> {
    device: RouterDevice<S>,
    pauser: Box<dyn Reopener>,
}

impl<S: System> Reopener for Search<S> {
    fn open(&mut self, request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError> {
        // One that died is started again; one that was ended was ended on purpose.
        let died = !self.device.shared.has_said_goodbye.get();
        self.device.open_at(request, died)
    }

    fn chosen(&mut self) -> Chosen {
        chosen(&self.device.peer.device)
    }

    fn pause(&mut self, limit_ns: u64) -> bool {
        self.pauser.pause(limit_ns.min(PAUSE_NS_MAX));
        // There is one router.
        false
    }

    fn waker(&self) -> Arc<dyn Waker> {
        self.pauser.waker()
    }
}

/// There is one router, so that it is always the same that is meant.
pub(crate) fn chosen(device: &str) -> Chosen {
    Chosen {
        output: Some(device.to_owned()),
        input: Some(device.to_owned()),
    }
}
