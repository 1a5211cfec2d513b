//! The thread of a stream: opens the device, runs the cycle, closes the device.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};

use asio::abi::HostMessage;
use asio::driver::{HostBuffers, HostCallbacks};
use asio_io::{HostClient, HostLive, client_sample};
use engine::endpoint::{
    Device, Endpoint, EndpointError, FaultKind, Lost, OpenRequest, Sides, StreamFault, Wake,
};
use engine::format::StreamFormat;
use engine::graph::{Graph, GraphSpec, join_input, join_output};
use rt::{DenormalsOff, Flag};

use crate::devices::{JoinedDevice, Layout};
use crate::latency_gauges::LatencyGauges;
use crate::member::{Member, Part};
use crate::preferences::Preferences;
use crate::rates::at_rate;
use crate::supervisor::{CurrentWaker, Search, Wanted};

/// So many waits in a row may pass without a wake-up before the device counts as lost.
const TIMEOUTS_MAX: u32 = 3;

/// What the thread needs to begin.
pub(crate) struct Setup {
    pub device: Arc<dyn Device>,
    pub request: OpenRequest,
    /// The host's rate in Hz; the device may run at another.
    pub rate_hz: u32,
    pub preferences: Preferences,
    pub layout: Layout,
    pub joined: Vec<JoinedDevice>,
    pub buffers: Arc<HostBuffers>,
    pub host: HostCallbacks,
    pub live: Arc<HostLive>,
    pub running: Arc<Flag>,
}

/// What the control side learns of the open device.
pub(crate) struct Opened {
    pub latency: Arc<LatencyGauges>,
    pub waker: CurrentWaker,
}

/// What the control side asks for. A reply that nobody waits for is dropped.
pub(crate) enum Command {
    Start(SyncSender<Result<(), EndpointError>>),
    Stop(SyncSender<()>),
}

/// Why the cycle ended.
enum End {
    Stopped(SyncSender<()>),
    Closed,
}

/// The thread's life: ends when the control side drops its end of `commands`.
pub(crate) fn run(
    setup: Setup,
    opened: SyncSender<Result<Opened, EndpointError>>,
    commands: Receiver<Command>,
) {
    let endpoint = match setup.device.open(setup.request) {
        Ok(endpoint) => endpoint,
        Err(error) => return drop(opened.send(Err(error))),
    };
    let (mut stream, opening) = match StreamThread::new(endpoint, setup, commands) {
        Ok(stream) => stream,
        Err(error) => return drop(opened.send(Err(error))),
    };
    // Before anything that may call the host, and outside every real-time section.
    stream.live.enter_callback_thread();
    if opened.send(Ok(opening)).is_ok() {
        stream.serve();
    }
    stream.live.leave_callback_thread();
}

struct StreamThread {
    endpoint: Box<dyn Endpoint>,
    spec: GraphSpec,
    members: Vec<Member>,
    graph: Graph<HostClient>,
    latency: Arc<LatencyGauges>,
    buffers: Arc<HostBuffers>,
    live: Arc<HostLive>,
    running: Arc<Flag>,
    commands: Receiver<Command>,
    wanted: Wanted,
    layout: Layout,
    waker: CurrentWaker,
    /// While the device is gone: the endpoint is an idle one then.
    search: Option<Search>,
}

impl StreamThread {
    /// A stream of the host on that endpoint, and what the control side is to know of it.
    fn new(
        endpoint: Box<dyn Endpoint>,
        setup: Setup,
        commands: Receiver<Command>,
    ) -> Result<(Self, Opened), EndpointError> {
        let (output, input) = (endpoint.output_format(), endpoint.input_format());
        let timing = endpoint.timing();
        let rate_hz = setup.rate_hz;
        let spec = GraphSpec {
            output,
            input,
            timing,
            sample: client_sample(setup.buffers.sample_type()),
            rate_hz,
            quality: setup.preferences.quality,
            safety_frames: setup.preferences.safety_frames,
            dither: setup.preferences.dither,
        };
        let members = open_members(&setup);
        let (outputs, inputs) = host_channels(&setup.layout, &members, output, input);
        let client = HostClient::new(
            Arc::clone(&setup.buffers),
            setup.host,
            Arc::clone(&setup.live),
            Arc::clone(&setup.running),
            &outputs,
            &inputs,
            rate_hz,
        );
        let graph = Graph::new(client, &spec)
            .map_err(|message| EndpointError::new(FaultKind::Unsupported, message))?;
        let latency = Arc::<LatencyGauges>::default();
        latency.update(&graph, &spec, endpoint.measured());
        let waker = CurrentWaker::new(endpoint.waker());
        let opened = Opened {
            latency: Arc::clone(&latency),
            waker: waker.clone(),
        };
        let buffers = setup.buffers;
        let stream = StreamThread {
            endpoint,
            spec,
            members,
            graph,
            latency,
            buffers: Arc::clone(&buffers),
            live: setup.live,
            running: setup.running,
            commands,
            wanted: Wanted {
                device: setup.device,
                sides: setup.request.sides,
                rate_hz,
                block_frames: buffers.block_frames(),
                may_resample: setup.preferences.resamples_rates,
            },
            layout: setup.layout,
            waker,
            search: None,
        };
        Ok((stream, opened))
    }

    fn serve(&mut self) {
        while let Ok(command) = self.commands.recv() {
            match command {
                Command::Stop(reply) => drop(reply.send(())),
                Command::Start(reply) => {
                    let started = self.start();
                    let playing = started.is_ok();
                    let _ = reply.send(started);
                    if playing && self.play_until_stopped() {
                        return;
                    }
                }
            }
        }
    }

    fn start(&mut self) -> Result<(), EndpointError> {
        self.take_found_device(false);
        self.graph.restart(HostClient::restart);
        self.start_members()?;
        let measured = self.endpoint.measured();
        self.latency.update(&self.graph, &self.spec, measured);
        self.running.set(true);
        match self.endpoint.start(self.graph.fill().keep_frames()) {
            Ok(()) => Ok(()),
            Err(error) if matches!(error.kind, FaultKind::Lost | FaultKind::ServiceGone) => {
                // The host need not know: it plays on when the device is back.
                self.go_on_without_device();
                Ok(())
            }
            Err(error) => {
                self.running.set(false);
                self.stop_members();
                Err(error)
            }
        }
    }

    /// Gives each joined device and the graph the two ends of a new bridge.
    fn start_members(&mut self) -> Result<(), EndpointError> {
        let block_frames = self.buffers.block_frames();
        let unsupported = |message| EndpointError::new(FaultKind::Unsupported, message);
        let (mut outputs, mut inputs, mut parts) = (Vec::new(), Vec::new(), Vec::new());
        for member in &self.members {
            let (format, timing) = (member.format, &member.timing);
            let part = if member.is_input {
                let (input, listener) =
                    join_input(format, timing, block_frames, &self.spec).map_err(unsupported)?;
                inputs.push(input);
                Part {
                    work: Box::new(listener),
                    keep_frames: 0,
                }
            } else {
                let (output, player) =
                    join_output(format, timing, block_frames, &self.spec).map_err(unsupported)?;
                outputs.push(output);
                Part {
                    keep_frames: player.keep_frames(),
                    work: Box::new(player),
                }
            };
            parts.push(part);
        }
        self.graph.join(outputs, inputs);
        for (member, part) in self.members.iter().zip(parts) {
            member.start(part);
        }
        Ok(())
    }

    fn stop_members(&self) {
        for member in &self.members {
            member.stop();
        }
    }

    /// Returns whether the control side has gone.
    fn play_until_stopped(&mut self) -> bool {
        let end = {
            let _denormals = DenormalsOff::new();
            self.play()
        };
        self.running.set(false);
        self.endpoint.stop();
        self.stop_members();
        self.live.halt();
        // A host that starts again hears nothing of what it played before.
        self.buffers.clear();
        match end {
            End::Closed => true,
            End::Stopped(reply) => {
                // Only now: the host may fill its buffers for the next start.
                let _ = reply.send(());
                false
            }
        }
    }

    fn play(&mut self) -> End {
        let mut timeouts = 0;
        // What `getLatencies` counts with until the first block shows it.
        let mut told_at_once = self.live.plays_at_once();
        loop {
            match self.endpoint.wait() {
                Wake::Due => {
                    timeouts = 0;
                    match self.cycle() {
                        Ok(underrun) => {
                            if underrun {
                                self.tell_host(HostMessage::OVERLOAD);
                            }
                            let at_once = self.live.plays_at_once();
                            let measured = self.endpoint.measured();
                            let changed = self.latency.update(&self.graph, &self.spec, measured);
                            if at_once != told_at_once || changed {
                                told_at_once = at_once;
                                self.tell_host(HostMessage::LATENCIES_CHANGED);
                            }
                        }
                        Err(_) => self.go_on_without_device(),
                    }
                }
                Wake::Interrupted => match self.commands.try_recv() {
                    Err(TryRecvError::Empty) => self.take_found_device(true),
                    Err(TryRecvError::Disconnected) => return End::Closed,
                    Ok(Command::Start(reply)) => drop(reply.send(Ok(()))),
                    Ok(Command::Stop(reply)) => return End::Stopped(reply),
                },
                Wake::TimedOut => {
                    timeouts += 1;
                    if timeouts == TIMEOUTS_MAX {
                        timeouts = 0;
                        self.go_on_without_device();
                    }
                }
                Wake::Lost(_) => self.go_on_without_device(),
            }
        }
    }

    /// The device is gone. The host keeps its rhythm, hears silence and plays into nothing, while the
    /// device is looked for.
    fn go_on_without_device(&mut self) {
        if self.search.is_some() {
            return;
        }
        // Before the stream stops, as time may pass as soon as it has.
        let reopener = self.wanted.device.reopener();
        let idle = self.wanted.device.idle(&Lost::of(&*self.endpoint));
        let mut lost = std::mem::replace(&mut self.endpoint, idle);
        // On this thread, as it was started here.
        lost.stop();
        // An idle endpoint has nothing that could fail to start.
        let _ = self.endpoint.start(self.graph.fill().keep_frames());
        self.waker.set(self.endpoint.waker());
        self.search = Search::begin(reopener, self.wanted.clone(), lost, self.waker.clone());
    }

    fn search_for_device(&mut self, old: Box<dyn Endpoint>) {
        let reopener = self.wanted.device.reopener();
        self.search = Search::begin(reopener, self.wanted.clone(), old, self.waker.clone());
    }

    /// Takes the device that was found instead of the idle one, if there is one, and lets it run or
    /// not.
    fn take_found_device(&mut self, runs: bool) {
        let Some(found) = self.search.as_ref().and_then(Search::take) else {
            return;
        };
        self.search = None;
        if let Err(found) = self.take_endpoint(found, runs) {
            // It went again.
            self.search_for_device(found);
        }
    }

    /// # Errors
    /// The endpoint, which is of no use; everything is as it was.
    fn take_endpoint(
        &mut self,
        mut found: Box<dyn Endpoint>,
        runs: bool,
    ) -> Result<(), Box<dyn Endpoint>> {
        let spec = GraphSpec {
            output: found.output_format(),
            input: found.input_format(),
            timing: found.timing(),
            ..self.spec.clone()
        };
        if self.graph.replace_endpoint(&spec).is_err() {
            return Err(found);
        }
        if runs && found.start(self.graph.fill().keep_frames()).is_err() {
            // What was possible before is possible now.
            let _ = self.graph.replace_endpoint(&self.spec);
            return Err(found);
        }
        let (outputs, inputs) = host_channels(&self.layout, &self.members, spec.output, spec.input);
        self.graph.client_mut().set_channels(&outputs, &inputs);
        self.spec = spec;
        let mut idle = std::mem::replace(&mut self.endpoint, found);
        self.waker.set(self.endpoint.waker());
        idle.stop();
        Ok(())
    }

    /// Outside the cycle, because hosts do anything in there.
    fn tell_host(&self, message: HostMessage) {
        self.graph.client().host().message(message, 0);
    }

    /// One cycle, from the wake-up to the hand-over. Returns whether the device had run dry.
    fn cycle(&mut self) -> Result<bool, StreamFault> {
        let Self {
            endpoint, graph, ..
        } = self;
        rt::section(|| {
            endpoint.cycle(graph)?;
            Ok(graph.take_underrun())
        })
    }
}

/// For each channel of the graph the host's: of its outputs and of its inputs.
fn host_channels(
    layout: &Layout,
    members: &[Member],
    output: Option<StreamFormat>,
    input: Option<StreamFormat>,
) -> (Vec<Option<u32>>, Vec<Option<u32>>) {
    let side = |is_input, main: Option<StreamFormat>| {
        let channels = main.map_or(0, |format| format.channels);
        let mut list = layout.host_channels(0, is_input, channels);
        for member in members.iter().filter(|member| member.is_input == is_input) {
            let channels = member.format.channels;
            list.extend(layout.host_channels(member.device, is_input, channels));
        }
        list
    };
    (side(false, output), side(true, input))
}

/// Opens the joined devices that the host uses. One that does not open has silent channels; it never
/// takes the others along.
fn open_members(setup: &Setup) -> Vec<Member> {
    let used = setup.buffers.channels();
    let open = |(number, joined): (usize, &JoinedDevice)| {
        let JoinedDevice {
            device, is_input, ..
        } = joined;
        if !setup.layout.is_used(number, *is_input, used) {
            return None;
        }
        let info = device.describe().ok()?;
        let block_frames = setup.buffers.block_frames();
        let request = OpenRequest {
            rate_hz: match device.check_rate(setup.rate_hz) {
                Ok(()) => setup.rate_hz,
                Err(_) => info.rate_hz,
            },
            block_frames: at_rate(block_frames, setup.rate_hz, info.rate_hz).max(1),
            sides: Sides::of(!is_input, *is_input),
        };
        Member::open(number, *is_input, Arc::clone(device), request).ok()
    };
    (1..).zip(&setup.joined).filter_map(open).collect()
}
