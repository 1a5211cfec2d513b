//! A simulated endpoint as the engine's [`Device`].

use std::sync::Arc;

use engine::endpoint::{
    Chosen, Device, DeviceInfo, Endpoint, EndpointError, EndpointTiming, FaultKind, Intake, Lost,
    OpenRequest, Reopener, SideInfo,
};
use engine::format::{SampleFormat, StreamFormat};
use engine::idle::Idle;
use rt::Mutex;

use crate::duration::{frames_covering_hns, frames_from_hns, hns_from_frames};
use crate::error::SimError;
use crate::open::Mode;
use crate::spec::{EndpointSpec, Flow};
use crate::virtual_endpoint::{Opened, VirtualEndpoint};
use crate::virtual_gap::{VirtualReopener, VirtualTicker};
use crate::virtual_time::VirtualTime;
use crate::wake::WakeSpec;
use crate::world::{EndpointId, StreamId, World};

/// How often a buffer size is mended when the device wants it aligned.
const ALIGN_ROUNDS_MAX: usize = 3;

/// Periods that are queued beyond the next where a timer takes the place of events: it runs out at any
/// instant of the device's period, and real devices report their progress in jumps of several.
const TIMER_SLACK_PERIODS: u32 = 3;

/// How a [`VirtualDevice`] uses its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Use {
    /// Shared, at the mixer's usual period.
    Shared,
    /// Shared, at the period that the client's block asks for.
    LowLatency,
    /// Exclusive, with events.
    Exclusive,
    /// Exclusive, with a timer of its own.
    ExclusiveTimer,
}

/// What a [`VirtualDevice`] is asked to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// How the endpoint is used.
    pub usage: Use,
    /// The period in frames; without this it follows from the client's block. Of no meaning for
    /// [`Use::Shared`].
    pub period_frames: Option<u32>,
    /// The exclusive formats to try, in order.
    pub formats: Vec<SampleFormat>,
    /// How long the client works between its wake-up and its hand-over.
    pub work: WakeSpec,
}

impl Wish {
    /// That use, with every format and work that takes no time.
    pub fn new(usage: Use) -> Self {
        Self {
            usage,
            period_frames: None,
            formats: SampleFormat::PREFERENCE.to_vec(),
            work: WakeSpec::default(),
        }
    }
}

/// Which endpoint a [`VirtualDevice`] uses for a direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// This one, whether it is there or not.
    One(EndpointId),
    /// The one that is the system's default at the time of asking.
    Default,
    /// The first of these that is there at the time of asking.
    Preferred(Vec<EndpointId>),
}

impl Choice {
    /// The endpoint that is meant now; `None` where there is none.
    fn meant(&self, world: &World, flow: Flow) -> Option<EndpointId> {
        let is_there = |id: &EndpointId| world.is_present(*id) == Ok(true);
        match self {
            Choice::One(id) => Some(*id),
            Choice::Default => world.default_endpoint(flow),
            Choice::Preferred(ids) => ids.iter().copied().find(is_there),
        }
    }
}

/// A simulated endpoint that plays, one that records, or both as one device, in virtual time.
#[derive(Clone)]
pub struct VirtualDevice {
    time: Arc<VirtualTime>,
    output: Option<Choice>,
    input: Option<Choice>,
    wish: Wish,
    opened: Arc<Mutex<Option<(StreamFormat, EndpointTiming)>>>,
}

/// The endpoints that a device's choices mean.
#[derive(Clone, Copy)]
struct Meant {
    output: Option<EndpointId>,
    input: Option<EndpointId>,
}

impl Meant {
    /// The endpoint whose clock is the device's.
    fn master(self) -> Option<EndpointId> {
        self.output.or(self.input)
    }

    /// Whether both sides are on one card.
    fn are_one_clock(self, world: &World) -> bool {
        match (self.output, self.input) {
            (Some(output), Some(input)) => world.have_one_clock(output, input),
            _ => true,
        }
    }
}

/// What [`Chosen`] says of an endpoint.
pub(crate) fn endpoint_id(endpoint: EndpointId) -> String {
    format!("endpoint {}", endpoint.index())
}

/// A stream and how often it is due.
struct Granted {
    stream: StreamId,
    format: StreamFormat,
    period_frames: u32,
}

impl VirtualDevice {
    /// An endpoint that plays, used so.
    pub fn new(time: Arc<VirtualTime>, output: EndpointId, wish: Wish) -> Self {
        Self::with_sides(time, Some(output), None, wish)
    }

    /// Endpoints that play and record, used so.
    pub fn with_sides(
        time: Arc<VirtualTime>,
        output: Option<EndpointId>,
        input: Option<EndpointId>,
        wish: Wish,
    ) -> Self {
        let one = |side: Option<EndpointId>| side.map(Choice::One);
        Self::choosing(time, one(output), one(input), wish)
    }

    /// Whatever endpoints these choices mean when they are asked for, used so.
    pub fn choosing(
        time: Arc<VirtualTime>,
        output: Option<Choice>,
        input: Option<Choice>,
        wish: Wish,
    ) -> Self {
        Self {
            time,
            output,
            input,
            wish,
            opened: Arc::default(),
        }
    }

    /// The format and the timing of the stream that was opened last; the format is that of what is
    /// played, if anything is.
    pub fn opened(&self) -> Option<(StreamFormat, EndpointTiming)> {
        *self.opened.lock()
    }

    /// The endpoints that are meant now, whether they can be opened or not.
    fn meant(&self, world: &World) -> Result<Meant, SimError> {
        let side = |choice: &Option<Choice>, flow| match choice {
            Some(choice) => choice
                .meant(world, flow)
                .map(Some)
                .ok_or(SimError::NotFound),
            None => Ok(None),
        };
        let output = side(&self.output, Flow::Render)?;
        // An input that is not there never takes the output along.
        let input = match side(&self.input, Flow::Capture) {
            Err(_) if output.is_some() => None,
            input => input?,
        };
        Ok(Meant { output, input })
    }

    /// The ids of the endpoints that are meant now and are there.
    pub(crate) fn chosen(&self) -> Chosen {
        self.time.with(|world| {
            if world.service_gone {
                return Chosen::default();
            }
            let id = |choice: &Option<Choice>, flow| {
                let meant = choice.as_ref()?.meant(world, flow)?;
                (world.is_present(meant) == Ok(true)).then(|| endpoint_id(meant))
            };
            Chosen {
                output: id(&self.output, Flow::Render),
                input: id(&self.input, Flow::Capture),
            }
        })
    }

    fn is_exclusive(&self) -> bool {
        matches!(self.wish.usage, Use::Exclusive | Use::ExclusiveTimer)
    }

    /// The period in frames that a block asks for.
    fn period_frames(&self, spec: &EndpointSpec, rate_hz: u32, block_frames: u32) -> u32 {
        let asked = self.wish.period_frames.unwrap_or(block_frames).max(1);
        let min = frames_covering_hns(spec.min_period_hns, rate_hz);
        let default = frames_from_hns(spec.default_period_hns, rate_hz);
        let engine = spec.engine_periods(rate_hz);
        match self.wish.usage {
            Use::Shared => engine.default_frames,
            Use::LowLatency => asked
                .clamp(engine.min_frames, engine.max_frames)
                .next_multiple_of(engine.fundamental_frames),
            Use::Exclusive => asked.max(min),
            Use::ExclusiveTimer => asked.clamp(min, default.max(min)),
        }
    }

    fn try_open(
        &self,
        world: &mut World,
        endpoint: EndpointId,
        rate_hz: u32,
        block_frames: u32,
    ) -> Result<Granted, SimError> {
        let spec = world.spec(endpoint)?.clone();
        let period_frames = self.period_frames(&spec, rate_hz, block_frames);
        let mix = world.mix_format(endpoint)?;
        match self.wish.usage {
            Use::Shared => {
                let ahead_frames = period_frames.saturating_add(block_frames.max(period_frames));
                let mode = Mode::Shared {
                    buffer_hns: hns_from_frames(ahead_frames, rate_hz),
                    event: true,
                    loopback: false,
                };
                let stream = world.open(endpoint, mode, mix)?;
                Ok(Granted {
                    stream,
                    format: mix,
                    period_frames,
                })
            }
            Use::LowLatency => open_low_latency(world, endpoint, mix, period_frames),
            Use::Exclusive | Use::ExclusiveTimer => {
                let mut last = SimError::UnsupportedFormat;
                for &sample in &self.wish.formats {
                    let format = StreamFormat {
                        sample,
                        rate_hz,
                        ..mix
                    };
                    let blocks = (period_frames, block_frames);
                    match self.open_exclusive(world, endpoint, format, blocks) {
                        Err(SimError::UnsupportedFormat) => {}
                        Err(error) => {
                            last = error;
                            break;
                        }
                        granted => return granted,
                    }
                }
                Err(last)
            }
        }
    }

    fn open_exclusive(
        &self,
        world: &mut World,
        endpoint: EndpointId,
        format: StreamFormat,
        (period_frames, block_frames): (u32, u32),
    ) -> Result<Granted, SimError> {
        world.is_format_supported(endpoint, true, &format)?;
        let event = self.wish.usage == Use::Exclusive;
        let mut period_hns = hns_from_frames(period_frames, format.rate_hz);
        let mut buffer_hns = if event {
            period_hns
        } else {
            let block_hns = hns_from_frames(block_frames, format.rate_hz);
            (4 * period_hns).max(2 * block_hns + period_hns)
        };
        for _ in 0..ALIGN_ROUNDS_MAX {
            let mode = Mode::Exclusive {
                buffer_hns,
                period_hns,
                event,
            };
            match world.open(endpoint, mode, format) {
                Err(SimError::BufferSizeNotAligned { aligned_frames }) => {
                    buffer_hns = hns_from_frames(aligned_frames, format.rate_hz);
                    if event {
                        period_hns = buffer_hns;
                    }
                }
                Err(error) => return Err(error),
                Ok(stream) => {
                    let buffer_frames = world.buffer_frames(stream)?;
                    let period_frames = if event {
                        buffer_frames
                    } else {
                        world.period_frames(stream)?
                    };
                    return Ok(Granted {
                        stream,
                        format,
                        period_frames,
                    });
                }
            }
        }
        Err(SimError::BufferSizeError)
    }

    /// Opens the sides that are wanted.
    fn open_sides(&self, world: &mut World, request: OpenRequest) -> Result<Opened, SimError> {
        let OpenRequest {
            rate_hz,
            block_frames,
            sides,
        } = request;
        let open = |world: &mut World, endpoint: EndpointId| {
            let granted = self.try_open(world, endpoint, rate_hz, block_frames)?;
            if self.wish.usage != Use::ExclusiveTimer {
                world.set_event(granted.stream)?;
            }
            Ok(granted)
        };
        let meant = self.meant(world)?;
        let wanted = |side: Option<EndpointId>, wanted: bool| side.filter(|_| wanted);
        let output = wanted(meant.output, sides.has_output())
            .map(|endpoint| open(world, endpoint))
            .transpose()?;
        // An input that fails never takes the output along.
        let input =
            match wanted(meant.input, sides.has_input()).map(|endpoint| open(world, endpoint)) {
                Some(Err(error)) if output.is_none() => return Err(error),
                input => input.and_then(Result::ok),
            };
        if output.is_none() && input.is_none() {
            return Err(SimError::WrongEndpointType);
        }
        let mut timing = self.timing(world, output.as_ref(), input.as_ref())?;
        timing.is_one_clock = meant.are_one_clock(world);
        let side = |granted: Granted| (granted.stream, granted.format);
        let id = |meant: Option<EndpointId>, is_open| meant.filter(|_| is_open).map(endpoint_id);
        Ok(Opened {
            chosen: Chosen {
                output: id(meant.output, output.is_some()),
                input: id(meant.input, input.is_some()),
            },
            output: output.map(side),
            input: input.map(side),
            usage: self.wish.usage,
            timing,
        })
    }

    fn timing(
        &self,
        world: &World,
        output: Option<&Granted>,
        input: Option<&Granted>,
    ) -> Result<EndpointTiming, SimError> {
        let mut timing = EndpointTiming {
            period_frames: input.map_or(0, |input| input.period_frames),
            buffer_frames: 0,
            intake: Intake::Level { slack_frames: 0 },
            queued_frames: 0,
            device_frames: 0,
            input_period_frames: 0,
            input_device_frames: 0,
            is_one_clock: true,
        };
        if let Some(input) = input {
            timing.input_period_frames = input.period_frames;
            let way_frames = world.way_frames(input.stream)?;
            timing.input_device_frames = way_frames.saturating_sub(input.period_frames);
        }
        if let Some(output) = output {
            timing.period_frames = output.period_frames;
            timing.buffer_frames = world.buffer_frames(output.stream)?;
            timing.device_frames = world.way_frames(output.stream)?;
            (timing.intake, timing.queued_frames) = match self.wish.usage {
                // While one of the two buffers is filled, the other plays.
                Use::Exclusive => (Intake::Whole, timing.buffer_frames),
                Use::ExclusiveTimer => {
                    let slack_frames = output.period_frames.saturating_mul(TIMER_SLACK_PERIODS);
                    (Intake::Level { slack_frames }, 0)
                }
                Use::Shared | Use::LowLatency => (timing.intake, 0),
            };
        }
        Ok(timing)
    }

    fn describe_side(
        &self,
        world: &World,
        endpoint: EndpointId,
    ) -> Result<(SideInfo, u32, EndpointSpec), SimError> {
        let spec = world.spec(endpoint)?.clone();
        let mix = world.mix_format(endpoint)?;
        let usual = frames_from_hns(spec.default_period_hns, mix.rate_hz);
        let period_frames = self.period_frames(&spec, mix.rate_hz, usual);
        let is_input = world.flow(endpoint)? == Flow::Capture;
        let ahead_frames = match self.wish.usage {
            _ if is_input => period_frames,
            // One period is mixed, one is on its way.
            Use::Shared | Use::LowLatency => 2 * period_frames,
            Use::Exclusive => period_frames,
            Use::ExclusiveTimer => 2 * period_frames,
        };
        let taken = |sample: &&SampleFormat| spec.formats.contains(sample);
        let exclusive = self.wish.formats.iter().find(taken).copied();
        let side = SideInfo {
            name: spec.name.clone(),
            channels: spec.channels,
            channel_mask: spec.channel_mask,
            sample: match exclusive {
                Some(sample) if self.is_exclusive() => sample,
                _ => mix.sample,
            },
            latency_frames_estimate: ahead_frames + spec.latency_frames,
        };
        Ok((side, mix.rate_hz, spec))
    }

    /// The endpoints that are meant now, and of these the one whose clock is the device's.
    fn meant_with_master(&self, world: &World) -> Result<(Meant, EndpointId), EndpointError> {
        let meant = self
            .meant(world)
            .map_err(|error| refused("The simulated device is not there", error))?;
        let master = meant.master().ok_or_else(|| {
            let message = "The simulated device has no side; give it an endpoint.";
            EndpointError::new(FaultKind::NotFound, message)
        })?;
        Ok((meant, master))
    }
}

/// At the period asked for, or, where another client has set it, at that one.
fn open_low_latency(
    world: &mut World,
    endpoint: EndpointId,
    format: StreamFormat,
    period_frames: u32,
) -> Result<Granted, SimError> {
    let locked_frames = world.current_engine_period(endpoint)?;
    let mut last = SimError::EnginePeriodicityLocked;
    for period_frames in [period_frames, locked_frames] {
        let mode = Mode::LowLatency {
            period_frames,
            match_format: false,
        };
        match world.open(endpoint, mode, format) {
            Ok(stream) => {
                return Ok(Granted {
                    stream,
                    format,
                    period_frames,
                });
            }
            Err(error) => last = error,
        }
        if last != SimError::EnginePeriodicityLocked {
            break;
        }
    }
    Err(last)
}

/// A sentence for whoever is refused.
pub(crate) fn refused(what: &str, error: SimError) -> EndpointError {
    let advice = match error.kind() {
        FaultKind::InUse => "close the program that uses it",
        FaultKind::Unsupported => "choose another rate, format, size or mode",
        FaultKind::Lost | FaultKind::NotFound => "plug it in",
        FaultKind::ServiceGone => "wait until the sound service is back",
        _ => "look into the script of faults",
    };
    EndpointError::new(error.kind(), format!("{what}: {advice} ({error})."))
}

impl Device for VirtualDevice {
    fn describe(&self) -> Result<DeviceInfo, EndpointError> {
        self.time.with(|world| {
            let (meant, master) = self.meant_with_master(world)?;
            let describe = |endpoint| {
                self.describe_side(world, endpoint)
                    .map_err(|error| refused("The simulated device cannot be asked", error))
            };
            let (_, rate_hz, spec) = describe(master)?;
            let output = meant.output.map(describe).transpose()?;
            // An input that fails never takes the output along.
            let input = match (meant.input.map(describe), &output) {
                (Some(Err(error)), None) => return Err(error),
                (input, _) => input.and_then(Result::ok),
            };
            let usual = frames_from_hns(spec.default_period_hns, rate_hz);
            Ok(DeviceInfo {
                rate_hz,
                period_frames_min: self.period_frames(&spec, rate_hz, 1),
                period_frames_default: self.period_frames(&spec, rate_hz, usual),
                output: output.map(|(side, ..)| side),
                input: input.map(|(side, ..)| side),
            })
        })
    }

    fn check_rate(&self, rate_hz: u32) -> Result<(), EndpointError> {
        self.time.with(|world| {
            let (_, master) = self.meant_with_master(world)?;
            let fail = |error| refused("The simulated device cannot be asked", error);
            let mix_hz = world.mix_format(master).map_err(fail)?.rate_hz;
            let spec = world.spec(master).map_err(fail)?;
            let rates_hz = if self.is_exclusive() {
                &spec.rates_hz[..]
            } else {
                &[mix_hz]
            };
            if rates_hz.contains(&rate_hz) {
                return Ok(());
            }
            let known: Vec<String> = rates_hz.iter().map(u32::to_string).collect();
            let message = format!(
                "\"{}\" does not run at {rate_hz} Hz; it runs at {} Hz.",
                spec.name,
                known.join(", ")
            );
            Err(EndpointError::new(FaultKind::Unsupported, message))
        })
    }

    fn open(&self, request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError> {
        self.check_rate(request.rate_hz)?;
        let (name, opened) = self.time.with(|world| {
            let (_, master) = self.meant_with_master(world)?;
            let spec = world.spec(master);
            let name = spec.map_or_else(|_| String::new(), |spec| spec.name.clone());
            Ok((name, self.open_sides(world, request)))
        })?;
        let opened =
            opened.map_err(|error| refused(&format!("\"{name}\" cannot be opened"), error))?;
        let format = opened.output.or(opened.input).map(|(_, format)| format);
        *self.opened.lock() = format.map(|format| (format, opened.timing));
        let endpoint = VirtualEndpoint::new(Arc::clone(&self.time), name, opened, self.wish.work);
        Ok(Box::new(endpoint))
    }

    fn reopener(&self) -> Box<dyn Reopener> {
        Box::new(VirtualReopener::new(self.clone(), Arc::clone(&self.time)))
    }

    fn idle(&self, like: &Lost) -> Box<dyn Endpoint> {
        Box::new(Idle::new(like, VirtualTicker::new(Arc::clone(&self.time))))
    }
}
