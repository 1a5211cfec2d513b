//! The thread of a stream: opens the device, runs the cycle, closes the device.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender};
use std::time::Instant;

use asio::driver::ChannelId;
use engine::endpoint::{
    Chosen, Device, Endpoint, EndpointError, FaultKind, Lost, Reopener, StreamFault, Wake,
};
use engine::graph::{Graph, GraphSpec};
use engine::idle::Nowhere;
use record::{Event, Gauges, Recorder};
use rt::{DenormalsOff, Flag};

use crate::devices::Layout;
use crate::keeper::{self, KeeperHandle, Purpose};
use crate::latency_gauges::LatencyGauges;
use crate::members::Members;
use crate::orders::{Change, Command, CurrentWaker, Offer, Refit, Report};
use crate::stream_client::{Ears, News, StreamClient};
use crate::telling::{self, KeeperTale};
use crate::wiring::{Wires, Wiring};

/// So long a device may keep silent before it counts as lost, in nanoseconds, after it has missed two
/// periods. The host is served meanwhile.
const SILENCE_MAX_NS: u64 = 600_000_000;

/// So long a device may take until its first period, in nanoseconds: some wake up slowly, and the first
/// blocks of a host that begins with sound would be lost.
const BEGINNING_MAX_NS: u64 = 400_000_000;

/// What the thread needs to begin.
pub(crate) struct Setup<C> {
    pub wires: Arc<Wires>,
    pub wiring: Wiring,
    pub purpose: Purpose,
    /// The rate to open the device with, in Hz.
    pub device_hz: u32,
    /// What the stream is like as long as there is no device.
    pub placeholder: Lost,
    pub layout: Layout,
    pub client: C,
    /// The channels that the client uses.
    pub used: Vec<ChannelId>,
    pub running: Arc<Flag>,
    /// The other end of `commands`, for those that work for the stream.
    pub sender: Sender<Command>,
}

/// What the control side learns of the open device.
pub(crate) struct Opened {
    pub latency: Arc<LatencyGauges>,
    pub waker: CurrentWaker,
}

/// Why the cycle ended.
enum End {
    Stopped(SyncSender<()>),
    Closed,
}

/// The thread's life: ends with [`Command::Close`].
pub(crate) fn run<C: StreamClient>(
    setup: Setup<C>,
    opened: SyncSender<Result<Opened, EndpointError>>,
    commands: Receiver<Command>,
) {
    let recorder = setup.wires.recorder();
    let refuse = |error| {
        telling::refused(&recorder, &error);
        drop(opened.send(Err(error)));
    };
    let beginning = match Beginning::open(&setup) {
        Ok(beginning) => beginning,
        Err(error) => return refuse(error),
    };
    let (mut stream, opening) = match StreamThread::new(beginning, setup, commands) {
        Ok(stream) => stream,
        Err(error) => return refuse(error),
    };
    // Before anything that may call the host, and outside every real-time section.
    stream.graph.client().enter_thread();
    if opened.send(Ok(opening)).is_ok() {
        stream.serve();
    }
    stream.graph.client().leave_thread();
    recorder.event(Event::Closed);
}

/// What a stream begins on.
struct Beginning {
    endpoint: Box<dyn Endpoint>,
    reopener: Box<dyn Reopener>,
    /// What was meant, and which endpoints it is on; `None` where there was no device.
    on: Option<(Chosen, Chosen)>,
    /// What the record says of it.
    recorded: Option<record::Opened>,
}

impl Beginning {
    /// The device, or what stands for it until it comes.
    fn open<C: StreamClient>(setup: &Setup<C>) -> Result<Self, EndpointError> {
        let device = &setup.wiring.device;
        // Asked before, so that a choice that changes meanwhile is noticed afterwards.
        let mut reopener = device.reopener();
        let meant = setup.purpose.part_of(reopener.chosen());
        let recorder = setup.wires.recorder();
        match device.open(setup.purpose.request_at(setup.device_hz)) {
            Ok(endpoint) => Ok(Self {
                on: Some((meant, setup.purpose.part_of(endpoint.chosen()))),
                recorded: Some(telling::begins(&recorder, &*endpoint, &setup.purpose)),
                endpoint,
                reopener,
            }),
            Err(error) if is_absence(error.kind) => {
                let message = error.message;
                recorder.event(Event::Placeholder { message });
                Ok(Self {
                    endpoint: device.idle(&setup.placeholder),
                    reopener,
                    on: None,
                    recorded: None,
                })
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether waiting helps: the device is not there, now.
pub(crate) fn is_absence(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::NotFound | FaultKind::Lost | FaultKind::ServiceGone
    )
}

struct StreamThread<C> {
    recorder: Recorder,
    gauges: Arc<Gauges>,
    endpoint: Box<dyn Endpoint>,
    /// The endpoint is an idle one, because there is no device.
    is_idle: bool,
    /// Makes idle endpoints.
    device: Arc<dyn Device>,
    spec: GraphSpec,
    graph: Graph<C>,
    /// For cycles that a silent device does not give.
    nowhere: Nowhere,
    members: Members,
    layout: Layout,
    latency: Arc<LatencyGauges>,
    /// The client's.
    block_frames: u32,
    ears: Arc<dyn Ears>,
    running: Arc<Flag>,
    commands: Receiver<Command>,
    waker: CurrentWaker,
    keeper: Option<KeeperHandle>,
    /// Changes that wait for the end of a cycle, and for silence.
    changes: VecDeque<Change>,
    /// The sound is falling to silence for the first of them.
    fades: bool,
    /// The keeper was told that the endpoint has fallen behind.
    waits_for_fresh: bool,
}

impl<C: StreamClient> StreamThread<C> {
    /// A stream of the host on that endpoint, and what the control side is to know of it.
    fn new(
        beginning: Beginning,
        setup: Setup<C>,
        commands: Receiver<Command>,
    ) -> Result<(Self, Opened), EndpointError> {
        let Beginning {
            endpoint,
            reopener,
            on,
            recorded,
        } = beginning;
        let recorder = setup.wires.recorder();
        let preferences = &setup.wiring.preferences;
        let spec = GraphSpec {
            output: endpoint.output_format(),
            input: endpoint.input_format(),
            timing: endpoint.timing(),
            sample: setup.client.sample(),
            rate_hz: setup.purpose.rate_hz,
            quality: preferences.quality,
            safety_frames: preferences.safety_frames,
            dither: preferences.dither,
        };
        let waker = CurrentWaker::new(endpoint.waker());
        let members = Members::open(&setup, &waker);
        let (block_frames, ears) = (setup.client.block_frames(), setup.client.ears());
        let graph = Graph::new(setup.client, &spec)
            .map_err(|message| EndpointError::new(FaultKind::Unsupported, message))?;
        let latency = Arc::<LatencyGauges>::default();
        latency.update(&graph, &spec, endpoint.measured());
        let opened = Opened {
            latency: Arc::clone(&latency),
            waker: waker.clone(),
        };
        let is_idle = on.is_none();
        let device = Arc::clone(&setup.wiring.device);
        let keeper = keeper::begin(keeper::Setup {
            tale: KeeperTale::new(recorder.clone(), recorded),
            wires: setup.wires,
            wiring: setup.wiring,
            reopener,
            purpose: setup.purpose,
            spec: spec.clone(),
            on,
            layout: setup.layout.clone(),
            ears: Arc::clone(&ears),
            commands: setup.sender,
            stream: waker.clone(),
        });
        let mut stream = StreamThread {
            gauges: recorder.gauges(),
            recorder,
            nowhere: Nowhere::new(&Lost::of(&*endpoint, false)),
            endpoint,
            is_idle,
            device,
            spec,
            graph,
            members,
            layout: setup.layout,
            latency,
            block_frames,
            ears,
            running: setup.running,
            commands,
            waker,
            keeper,
            changes: VecDeque::new(),
            fades: false,
            waits_for_fresh: false,
        };
        stream.set_channels();
        Ok((stream, opened))
    }

    fn serve(&mut self) {
        while let Ok(command) = self.commands.recv() {
            match command {
                Command::Close => return,
                Command::Stop(reply) => drop(reply.send(())),
                Command::Change(change) => {
                    self.changes.push_back(change);
                    self.make_changes(false);
                }
                Command::Start(reply) => {
                    let started = self.start();
                    let playing = started.is_ok();
                    if playing {
                        self.recorder.event(Event::Started);
                    }
                    let _ = reply.send(started);
                    if playing && self.play_until_stopped() {
                        return;
                    }
                }
            }
        }
    }

    fn start(&mut self) -> Result<(), EndpointError> {
        self.graph.restart(C::restart);
        self.members.start(&mut self.graph, &self.spec);
        self.set_channels();
        let measured = self.endpoint.measured();
        self.latency.update(&self.graph, &self.spec, measured);
        self.running.set(true);
        match self.endpoint.start(self.graph.fill().keep_frames()) {
            Ok(()) => Ok(()),
            Err(error) if is_absence(error.kind) => {
                // The host need not know: it plays on when the device is back.
                let (kind, code) = (error.kind, 0);
                self.go_on_without_device(false, Some(StreamFault { kind, code }));
                Ok(())
            }
            Err(error) => {
                self.running.set(false);
                self.members.stop();
                Err(error)
            }
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
        self.recorder.event(Event::Stopped);
        self.members.stop();
        self.graph.client_mut().halt();
        // What waited for silence has it now.
        self.make_changes(false);
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
        let mut silent_since = None;
        let mut has_begun = false;
        // What `getLatencies` counts with until the first block shows it.
        let mut told_at_once = self.graph.client().plays_at_once();
        loop {
            match self.endpoint.wait() {
                Wake::Due => {
                    silent_since = None;
                    has_begun = true;
                    let begun = Instant::now();
                    match self.cycle() {
                        Ok(underrun) => {
                            telling::count_cycle(&self.gauges, &self.graph, underrun);
                            telling::count_work(&self.gauges, &self.spec, begun.elapsed());
                            if underrun {
                                self.ears.tell(News::Overload);
                            }
                        }
                        Err(fault) => self.go_on_without_device(true, Some(fault)),
                    }
                    self.ask_for_fresh_stream();
                    self.make_changes(true);
                    let at_once = self.graph.client().plays_at_once();
                    let measured = self.endpoint.measured();
                    let changed = self.latency.update(&self.graph, &self.spec, measured);
                    let ready_frames = match at_once {
                        true => 0,
                        false => self.block_frames,
                    };
                    telling::keep_latency(&self.gauges, &self.latency, ready_frames);
                    if at_once != told_at_once || changed {
                        told_at_once = at_once;
                        telling::latency_changed(&self.recorder, &self.gauges);
                        // Outside the cycle, because hosts do anything in there.
                        self.ears.tell(News::LatenciesChanged);
                    }
                }
                Wake::Interrupted => {
                    if let Some(end) = self.hear_commands() {
                        return end;
                    }
                    self.answer_now();
                }
                Wake::TimedOut { now_ns } => {
                    let since_ns = *silent_since.get_or_insert(now_ns);
                    let silent_ns = now_ns.saturating_sub(since_ns);
                    if silent_ns >= SILENCE_MAX_NS {
                        silent_since = None;
                        self.go_on_without_device(true, None);
                    } else if has_begun || silent_ns >= BEGINNING_MAX_NS {
                        self.cycle_nowhere(now_ns);
                    }
                }
                Wake::Lost(fault) => {
                    silent_since = None;
                    self.go_on_without_device(true, Some(fault));
                }
            }
        }
    }

    /// The endpoint may have come to delay all sound: then the keeper opens it once more, beside.
    fn ask_for_fresh_stream(&mut self) {
        if self.is_idle || self.waits_for_fresh || !self.endpoint.has_fallen_behind() {
            return;
        }
        if let Some(keeper) = &self.keeper {
            self.waits_for_fresh = true;
            keeper.report(Report::FellBehind);
        }
    }

    /// All that was sent, as one wake-up may stand for several.
    fn hear_commands(&mut self) -> Option<End> {
        while let Ok(command) = self.commands.try_recv() {
            match command {
                Command::Start(reply) => drop(reply.send(Ok(()))),
                Command::Stop(reply) => return Some(End::Stopped(reply)),
                Command::Close => return Some(End::Closed),
                Command::Change(change) => self.changes.push_back(change),
            }
        }
        None
    }

    /// Makes changes without waiting for a cycle where nothing is heard: there is no device, or it is gone
    /// and has not said so, which is often why there is something to change.
    fn answer_now(&mut self) {
        if self.changes.is_empty() {
            return;
        }
        if !self.is_idle
            && let Some(fault) = self.endpoint.fault()
        {
            self.go_on_without_device(true, Some(fault));
        }
        if self.is_idle {
            self.make_changes(true);
        }
    }

    /// Makes the changes that can be made now. While the stream runs on a device, the sound falls to
    /// silence first, and the changes are made between two cycles.
    fn make_changes(&mut self, runs: bool) {
        while let Some(change) = self.changes.front() {
            let can_be_heard = !matches!(change, Change::Joined { .. });
            if can_be_heard && runs && !self.is_good_instant() {
                return;
            }
            if can_be_heard && runs && !self.is_idle {
                if !self.fades {
                    self.fades = true;
                    self.graph.fade_out();
                }
                if !self.graph.has_faded_out() {
                    return;
                }
            }
            self.fades &= !can_be_heard;
            match self.changes.pop_front() {
                Some(Change::Offer(offer)) => self.take(offer, runs),
                Some(Change::LetGo) => self.let_go(runs),
                Some(Change::Refit(refit)) => self.refit(refit, runs),
                Some(Change::Joined { place, end }) => {
                    self.members.put(&mut self.graph, place, end);
                    self.set_channels();
                }
                None => return,
            }
        }
    }

    /// Whether the host has just been called, so that it is not late if its next block is made on
    /// another endpoint. One with long blocks is called seldom enough anyway.
    fn is_good_instant(&self) -> bool {
        !self.is_often_called() || self.graph.has_just_made_a_block()
    }

    /// Whether the host's blocks are no longer than two of the device's periods.
    fn is_often_called(&self) -> bool {
        self.block_frames <= 2 * self.spec.timing.period_frames
    }

    /// Goes on with another endpoint.
    fn take(&mut self, mut offer: Box<Offer>, runs: bool) {
        let keep_frames = offer.refit.fitting.keep_frames();
        if runs && offer.endpoint.start(keep_frames).is_err() {
            self.graph.fade_in();
            return self.report(Report::Refused(offer));
        }
        std::mem::swap(&mut self.endpoint, &mut offer.endpoint);
        self.is_idle = false;
        self.waits_for_fresh = false;
        if let Some(tale) = offer.tale.take() {
            self.recorder.event(tale);
        }
        self.exchange(&mut offer.refit, runs);
        self.waker.set(self.endpoint.waker());
        offer.endpoint.stop();
        self.report(Report::Taken(offer));
    }

    /// Goes on with the same endpoint otherwise.
    fn refit(&mut self, mut refit: Box<Refit>, runs: bool) {
        // One that is for an endpoint which was lost meanwhile is of no use.
        let is_for_this = refit.spec.output == self.spec.output
            && refit.spec.input == self.spec.input
            && refit.spec.timing == self.spec.timing;
        if is_for_this {
            self.exchange(&mut refit, runs);
        }
        self.report(Report::Refitted(refit));
    }

    /// Puts in what was made and takes out what there was.
    fn exchange(&mut self, refit: &mut Refit, runs: bool) {
        let Refit {
            spec,
            fitting,
            nowhere,
            layout,
        } = refit;
        self.graph.exchange(fitting);
        std::mem::swap(&mut self.spec, spec);
        std::mem::swap(&mut self.nowhere, nowhere);
        if let Some(layout) = layout {
            std::mem::swap(&mut self.layout, layout);
        }
        if runs {
            self.members.restart(&self.spec);
        }
        self.set_channels();
    }

    /// Gives the endpoint up, for another that cannot be opened before.
    fn let_go(&mut self, runs: bool) {
        if !self.is_idle {
            let released = self.become_idle(runs, false);
            self.report(Report::Released(released));
        }
    }

    /// The device is gone. The host keeps its rhythm, hears silence and plays into nothing, while the
    /// device is looked for.
    /// `fault`: why; `None`: it just kept silent.
    fn go_on_without_device(&mut self, was_due: bool, fault: Option<StreamFault>) {
        self.fades = false;
        if !self.is_idle {
            telling::lost(&self.recorder, fault);
            let lost = self.become_idle(true, was_due);
            self.report(Report::Lost(lost));
        }
    }

    fn become_idle(&mut self, runs: bool, was_due: bool) -> Box<dyn Endpoint> {
        let mut idle = self.device.idle(&Lost::of(&*self.endpoint, was_due));
        if runs {
            // An idle endpoint has nothing that could fail to start. Before the other stops, as time
            // may pass as soon as nothing runs.
            let _ = idle.start(self.graph.fill().keep_frames());
        }
        self.is_idle = true;
        self.waits_for_fresh = false;
        let mut before = std::mem::replace(&mut self.endpoint, idle);
        self.waker.set(self.endpoint.waker());
        // On this thread, as it was started here.
        before.stop();
        before
    }

    fn report(&self, report: Report) {
        if let Some(keeper) = &self.keeper {
            keeper.report(report);
        }
    }

    /// Tells the client which of the host's channels each of the graph's is.
    fn set_channels(&mut self) {
        let channels = |is_input: bool| {
            let main = match is_input {
                true => self.spec.input,
                false => self.spec.output,
            };
            let channels = main.map_or(0, |format| format.channels);
            let mut list = self.layout.host_channels(0, is_input, channels);
            self.members.add_channels(&mut list, &self.layout, is_input);
            list
        };
        let (outputs, inputs) = (channels(false), channels(true));
        self.graph.client_mut().set_channels(&outputs, &inputs);
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

    /// The device is silent, but the host keeps its rhythm.
    fn cycle_nowhere(&mut self, now_ns: u64) {
        let Self { graph, nowhere, .. } = self;
        let keep_frames = graph.fill().keep_frames();
        rt::section(|| nowhere.cycle(graph, keep_frames, now_ns));
    }
}
