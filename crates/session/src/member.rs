//! A joined device: its thread, which moves sound between the device and its bridge, and looks for the
//! device when it is gone.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel, sync_channel};
use std::time::Duration;

use engine::bridge::BridgeView;
use engine::endpoint::{Cycle, Device, Endpoint, EndpointError, Reopener, Wake};
use engine::graph::{GraphSpec, join_input, join_output};
use record::Recorder;
use rt::DenormalsOff;

use crate::keeper::Purpose;
use crate::orders::{Change, Command, CurrentWaker, Joined};
use crate::patience::Patience;
use crate::preferences::Preferences;
use crate::telling;

/// How long a device may take to open before the stream begins without it.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a device may take to start before the host's first block.
const START_TIMEOUT: Duration = Duration::from_millis(500);
/// How long the thread may take to end.
const END_TIMEOUT: Duration = Duration::from_millis(500);
/// So long a device may keep silent before it counts as lost, in nanoseconds.
const SILENCE_MAX_NS: u64 = 600_000_000;

enum Order {
    /// Run, for a graph that is so; says when the device has started.
    Start(Box<GraphSpec>, Sender<()>),
    Stop,
}

/// What a joined device's thread needs.
pub(crate) struct Setup {
    pub recorder: Recorder,
    pub device: Arc<dyn Device>,
    /// Its place among the joined devices of its direction.
    pub place: usize,
    pub is_input: bool,
    pub purpose: Purpose,
    pub preferences: Preferences,
    pub view: Arc<BridgeView>,
    pub commands: Sender<Command>,
    pub stream: CurrentWaker,
}

/// A joined device that the host uses. Dropping it stops and closes the device.
pub(crate) struct Member {
    waker: CurrentWaker,
    /// `None` only while dropping.
    orders: Option<Sender<Order>>,
    ended: Receiver<()>,
}

impl Member {
    /// Opens the device on a thread of its own. One that does not open now is looked for as soon as it
    /// is to run. `None` when there is no thread for it.
    pub(crate) fn open(setup: Setup) -> Option<Self> {
        let (orders, order_receiver) = channel();
        let (opened_sender, opened) = sync_channel(1);
        let (ended_sender, ended) = sync_channel::<()>(0);
        // Made here, as time may pass as soon as this returns.
        let mut reopener = setup.device.reopener();
        let waker = CurrentWaker::new(reopener.waker());
        let current = waker.clone();
        std::thread::Builder::new()
            .name("asio2wasapi joined device".into())
            .spawn(move || {
                let mut device = Joining {
                    setup,
                    endpoint: None,
                    orders: order_receiver,
                    waker: current,
                };
                device.endpoint = device.open(&mut *reopener).ok();
                drop(reopener);
                let _ = opened_sender.send(());
                device.serve();
                drop(ended_sender);
            })
            .ok()?;
        let _: Result<(), RecvTimeoutError> = opened.recv_timeout(OPEN_TIMEOUT);
        Some(Self {
            waker,
            orders: Some(orders),
            ended,
        })
    }

    /// Lets it run for a graph that is so, or run on for one that is so now. Returns what says that it
    /// has started.
    pub(crate) fn start(&self, graph: &GraphSpec) -> Starting {
        let (started, starting) = channel();
        self.send(Order::Start(Box::new(graph.clone()), started));
        Starting(starting)
    }

    /// Lets it stop. Does not wait.
    pub(crate) fn stop(&self) {
        self.send(Order::Stop);
    }

    fn send(&self, order: Order) {
        if let Some(orders) = &self.orders {
            // A thread that has ended does nothing any more, which is what a lost device does too.
            let _ = orders.send(order);
        }
        self.waker.wake();
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.orders = None;
        self.waker.wake();
        let _ = self.ended.recv_timeout(END_TIMEOUT);
    }
}

/// A start that is under way.
pub(crate) struct Starting(Receiver<()>);

impl Starting {
    /// Waits until the device has started, or is looked for, or takes too long.
    pub(crate) fn wait(self) {
        let _ = self.0.recv_timeout(START_TIMEOUT);
    }
}

/// The thread's side.
struct Joining {
    setup: Setup,
    endpoint: Option<Box<dyn Endpoint>>,
    orders: Receiver<Order>,
    waker: CurrentWaker,
}

/// Why it runs no longer.
enum End {
    Stopped,
    Closed,
    Lost,
    /// The graph is another.
    Restarted(Box<GraphSpec>, Sender<()>),
}

impl Joining {
    /// Until the other side drops its end of `orders`.
    fn serve(&mut self) {
        while let Ok(order) = self.orders.recv() {
            let Order::Start(graph, started) = order else {
                continue;
            };
            if matches!(self.run(graph, started), End::Closed) {
                return;
            }
        }
    }

    /// Runs, and searches, until it is to stop.
    fn run(&mut self, graph: Box<GraphSpec>, started: Sender<()>) -> End {
        let (mut graph, mut started) = (graph, Some(started));
        loop {
            let end = match self.endpoint.take() {
                Some(endpoint) => self.run_on(endpoint, &graph, started.take()),
                None => {
                    let reopener = self.setup.device.reopener();
                    drop(started.take());
                    self.search(reopener)
                }
            };
            match end {
                End::Lost => {}
                End::Restarted(now, starting) => (graph, started) = (now, Some(starting)),
                end => return end,
            }
        }
    }

    /// Runs on an endpoint, which is kept unless it is lost.
    fn run_on(
        &mut self,
        mut endpoint: Box<dyn Endpoint>,
        graph: &GraphSpec,
        started: Option<Sender<()>>,
    ) -> End {
        self.waker.set(endpoint.waker());
        let Ok((mut work, keep_frames, end)) = self.join(&*endpoint, graph) else {
            // Nothing that another try would change: wait until something else is wanted.
            drop(started);
            let end = self.await_order();
            self.endpoint = Some(endpoint);
            return end;
        };
        if endpoint.start(keep_frames).is_err() {
            return self.lose(endpoint);
        }
        self.tell(end);
        drop(started);
        let end = {
            let _denormals = DenormalsOff::new();
            run_until(&mut *endpoint, &mut *work, &self.orders)
        };
        if matches!(end, End::Lost) {
            return self.lose(endpoint);
        }
        endpoint.stop();
        self.tell(self.nothing());
        self.endpoint = Some(endpoint);
        end
    }

    /// The device is gone: it is looked for.
    fn lose(&mut self, mut endpoint: Box<dyn Endpoint>) -> End {
        // Before the stream stops, as time may pass as soon as it has.
        let reopener = self.setup.device.reopener();
        endpoint.stop();
        telling::joined(&self.setup.recorder, &*endpoint, false);
        drop(endpoint);
        self.tell(self.nothing());
        self.search(reopener)
    }

    /// Looks for the device; [`End::Lost`] when it is found, as it has to be joined anew.
    fn search(&mut self, mut reopener: Box<dyn Reopener>) -> End {
        self.waker.set(reopener.waker());
        let mut patience = Patience::new();
        loop {
            match self.orders.try_recv() {
                Ok(Order::Stop) => return End::Stopped,
                Ok(Order::Start(graph, started)) => return End::Restarted(graph, started),
                Err(TryRecvError::Disconnected) => return End::Closed,
                Err(TryRecvError::Empty) => {}
            }
            match self.open(&mut *reopener) {
                Ok(endpoint) => {
                    telling::joined(&self.setup.recorder, &*endpoint, true);
                    self.endpoint = Some(endpoint);
                    return End::Lost;
                }
                Err(_) => {
                    let _ = reopener.pause(patience.pause_ns());
                }
            }
            patience.failed();
        }
    }

    fn await_order(&mut self) -> End {
        match self.orders.recv() {
            Ok(Order::Stop) => End::Stopped,
            Ok(Order::Start(graph, started)) => End::Restarted(graph, started),
            Err(_) => End::Closed,
        }
    }

    fn open(&self, reopener: &mut dyn Reopener) -> Result<Box<dyn Endpoint>, EndpointError> {
        let Setup {
            device,
            purpose,
            preferences,
            ..
        } = &self.setup;
        // A joined device has a bridge of its own, so its rate does not matter.
        let preferences = Preferences {
            resamples_rates: true,
            ..preferences.clone()
        };
        let request = purpose.request(&**device, &preferences)?;
        reopener.open(request)
    }

    /// The device's end of a new bridge, the level at which its queue is kept, and the graph's end.
    fn join(
        &self,
        endpoint: &dyn Endpoint,
        graph: &GraphSpec,
    ) -> Result<(Box<dyn Cycle + Send>, u32, Joined), String> {
        let (timing, block_frames) = (endpoint.timing(), self.setup.purpose.block_frames);
        let view = Arc::clone(&self.setup.view);
        let no_side = || "The device was opened without the side that is wanted.".to_owned();
        if self.setup.is_input {
            let format = endpoint.input_format().ok_or_else(no_side)?;
            let (input, listener) = join_input(format, &timing, block_frames, graph)?;
            let end = Joined::Input(Some((input.shown_in(view), format.channels)));
            Ok((Box::new(listener), 0, end))
        } else {
            let format = endpoint.output_format().ok_or_else(no_side)?;
            let (output, player) = join_output(format, &timing, block_frames, graph)?;
            let player = player.shown_in(view);
            let keep_frames = player.keep_frames();
            let end = Joined::Output(Some((output, format.channels)));
            Ok((Box::new(player), keep_frames, end))
        }
    }

    fn nothing(&self) -> Joined {
        match self.setup.is_input {
            true => Joined::Input(None),
            false => Joined::Output(None),
        }
    }

    /// Gives the stream the graph's end, or takes it away.
    fn tell(&self, end: Joined) {
        let Setup {
            place,
            commands,
            stream,
            ..
        } = &self.setup;
        let _ = commands.send(Command::Change(Change::Joined { place: *place, end }));
        stream.wake();
    }
}

/// Runs cycles until something else is wanted or the device is gone.
fn run_until(endpoint: &mut dyn Endpoint, work: &mut dyn Cycle, orders: &Receiver<Order>) -> End {
    let mut silent_since = None;
    loop {
        match endpoint.wait() {
            Wake::Due => {
                silent_since = None;
                if rt::section(|| endpoint.cycle(work)).is_err() {
                    return End::Lost;
                }
            }
            Wake::Interrupted => match orders.try_recv() {
                Ok(Order::Stop) => return End::Stopped,
                Ok(Order::Start(graph, started)) => return End::Restarted(graph, started),
                Err(TryRecvError::Disconnected) => return End::Closed,
                Err(TryRecvError::Empty) => {}
            },
            Wake::TimedOut { now_ns } => {
                let since_ns = *silent_since.get_or_insert(now_ns);
                if now_ns.saturating_sub(since_ns) >= SILENCE_MAX_NS {
                    return End::Lost;
                }
            }
            Wake::Lost(_) => return End::Lost,
        }
    }
}
