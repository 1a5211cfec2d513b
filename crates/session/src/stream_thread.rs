//! The thread of a stream: opens the device, runs the cycle, closes the device.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError};

use asio::abi::HostMessage;
use asio::driver::{HostBuffers, HostCallbacks};
use asio_io::{HostClient, HostLive};
use engine::endpoint::{
    Cycle, Device, Due, Endpoint, EndpointError, EndpointTiming, FaultKind, OpenRequest, Packet,
    StreamFault, Wake, Waker,
};
use engine::format::StreamFormat;
use engine::graph::DirectGraph;
use rt::{DenormalsOff, Flag, Gauge};

/// So many waits in a row may pass without a wake-up before the device counts as lost.
const TIMEOUTS_MAX: u32 = 3;

/// What the thread needs to begin.
pub(crate) struct Setup {
    pub device: Arc<dyn Device>,
    pub request: OpenRequest,
    pub buffers: Arc<HostBuffers>,
    pub host: HostCallbacks,
    pub live: Arc<HostLive>,
    pub running: Arc<Flag>,
}

/// What the control side learns of the open device.
pub(crate) struct Opened {
    pub format: StreamFormat,
    pub timing: EndpointTiming,
    /// Frames that are kept queued beyond the device's own queue.
    pub kept_frames: Arc<Gauge>,
    pub waker: Arc<dyn Waker>,
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
    Lost(StreamFault),
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
    let timing = endpoint.timing();
    let Some(format) = endpoint.output_format() else {
        let message = "The device was opened without its outputs; choose another.";
        let error = EndpointError::new(FaultKind::Failed, message);
        return drop(opened.send(Err(error)));
    };
    let client = HostClient::new(
        Arc::clone(&setup.buffers),
        setup.host,
        Arc::clone(&setup.live),
        Arc::clone(&setup.running),
        format.channels,
        format.rate_hz,
    );
    let graph = DirectGraph::new(client, format, &timing);
    let kept_frames = Arc::new(Gauge::new(u64::from(graph.fill().base_frames())));
    let opening = Opened {
        format,
        timing,
        kept_frames: Arc::clone(&kept_frames),
        waker: endpoint.waker(),
    };
    let mut stream = StreamThread {
        endpoint,
        graph,
        kept_frames,
        buffers: setup.buffers,
        live: setup.live,
        running: setup.running,
        commands,
        lost: None,
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
    graph: DirectGraph<HostClient>,
    kept_frames: Arc<Gauge>,
    buffers: Arc<HostBuffers>,
    live: Arc<HostLive>,
    running: Arc<Flag>,
    commands: Receiver<Command>,
    lost: Option<StreamFault>,
}

impl StreamThread {
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
        if let Some(StreamFault { code, .. }) = self.lost {
            let message = format!(
                "The device was lost (0x{code:08X}); dispose of the buffers and create them again."
            );
            return Err(EndpointError::new(FaultKind::Lost, message));
        }
        self.graph.restart(HostClient::restart);
        self.publish_kept_frames();
        self.running.set(true);
        self.endpoint
            .start(self.graph.fill().keep_frames())
            .inspect_err(|_| self.running.set(false))
    }

    /// Returns whether the control side has gone.
    fn play_until_stopped(&mut self) -> bool {
        let end = {
            let _denormals = DenormalsOff::new();
            self.play()
        };
        self.running.set(false);
        self.endpoint.stop();
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
            End::Lost(fault) => {
                self.lost = Some(fault);
                self.graph
                    .client()
                    .host()
                    .message(HostMessage::RESET_REQUEST, 0);
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
                            let kept_changed = self.publish_kept_frames();
                            if at_once != told_at_once || kept_changed {
                                told_at_once = at_once;
                                self.tell_host(HostMessage::LATENCIES_CHANGED);
                            }
                        }
                        Err(fault) => return End::Lost(fault),
                    }
                }
                Wake::Interrupted => match self.commands.try_recv() {
                    Err(TryRecvError::Empty) => {}
                    Err(TryRecvError::Disconnected) => return End::Closed,
                    Ok(Command::Start(reply)) => drop(reply.send(Ok(()))),
                    Ok(Command::Stop(reply)) => return End::Stopped(reply),
                },
                Wake::TimedOut => {
                    timeouts += 1;
                    if timeouts == TIMEOUTS_MAX {
                        return End::Lost(StreamFault {
                            kind: FaultKind::Lost,
                            code: 0,
                        });
                    }
                }
                Wake::Lost(fault) => return End::Lost(fault),
            }
        }
    }

    /// Lets the control side see how much is kept queued. Returns whether that has changed.
    fn publish_kept_frames(&self) -> bool {
        let frames = u64::from(self.graph.fill().base_frames());
        let changed = self.kept_frames.get() != frames;
        if changed {
            self.kept_frames.set(frames);
        }
        changed
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
            let mut work = Work {
                graph,
                underrun: false,
            };
            endpoint.cycle(&mut work)?;
            Ok(work.underrun)
        })
    }
}

/// One cycle's work.
struct Work<'a> {
    graph: &'a mut DirectGraph<HostClient>,
    underrun: bool,
}

impl Cycle for Work<'_> {
    fn captured(&mut self, _packet: Packet<'_>) {}

    fn due(&mut self, due: Due<'_>) -> u32 {
        self.underrun = due.underrun;
        self.graph.render(due)
    }
}
