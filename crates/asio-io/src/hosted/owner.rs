//! The thread that a driver belongs to. Drivers of the field expect that all calls but those from
//! their callbacks come from the thread that loaded them, and some, that it looks after its windows.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use asio::driver::ChannelId;
use asio::host::Driver;
use engine::endpoint::{DeviceInfo, EndpointError, FaultKind, OpenRequest};
use engine::idle::Ticker;
use rt::{Counter, Flag, Mutex};

use super::about::{About, Side, block_for, no_use, whole_hz};
use super::events::Told;
use super::hop::{self, GraphEnd, Lanes, Shared};
use super::source::{DriverSource, sentence};
use super::timing::{StreamShape, patience_ns};

/// How long a driver may take for an answer. Some ask their hardware for seconds.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long it may take to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(3);
/// How often a loaded driver's windows are looked after.
const LOOK: Duration = Duration::from_millis(20);
/// How long a driver stays loaded without a stream, as questions come in bursts.
const KEEP: Duration = Duration::from_secs(1);
/// A block that no driver of today has; of one that asks for more, nothing is believed.
const BLOCK_FRAMES_MAX: u32 = 1 << 16;

type Answer<T> = Result<T, EndpointError>;

/// Makes the clock and what threads wait with.
pub type MakeTicker = fn() -> Box<dyn Ticker>;

/// What the thread is asked for.
enum Order {
    Describe(Sender<Answer<DeviceInfo>>),
    Names(Sender<Answer<ChannelNames>>),
    CheckRate(u32, Sender<Answer<()>>),
    Open(OpenRequest, Sender<Answer<Opened>>),
    Start(u64, Sender<Answer<()>>),
    Stop(u64, Sender<Answer<()>>),
    Close(u64, Sender<Answer<()>>),
}

/// The names of a driver's channels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelNames {
    /// From the hardware to the host.
    pub inputs: Vec<String>,
    /// From the host to the hardware.
    pub outputs: Vec<String>,
}

/// A stream that was made.
pub(crate) struct Opened {
    pub(crate) number: u64,
    pub(crate) name: String,
    pub(crate) shape: StreamShape,
    pub(crate) shared: Arc<Shared>,
    pub(crate) graph: GraphEnd,
    pub(crate) ticker: Box<dyn Ticker>,
}

/// The way to the thread, from any other. The thread ends, and the driver with it, when the last of these
/// is gone.
pub(crate) struct Owner {
    source: Arc<dyn DriverSource>,
    make_ticker: MakeTicker,
    orders: Mutex<Option<Sender<Order>>>,
    /// The driver did not answer in time and has not yet.
    is_stuck: Arc<Flag>,
}

impl Owner {
    pub(crate) fn new(source: Arc<dyn DriverSource>, make_ticker: MakeTicker) -> Self {
        Self {
            source,
            make_ticker,
            orders: Mutex::new(None),
            is_stuck: Arc::default(),
        }
    }

    pub(crate) fn source(&self) -> &dyn DriverSource {
        &*self.source
    }

    pub(crate) fn make_ticker(&self) -> MakeTicker {
        self.make_ticker
    }

    pub(crate) fn describe(&self) -> Answer<DeviceInfo> {
        self.ask(Order::Describe, PATIENCE)
    }

    pub(crate) fn names(&self) -> Answer<ChannelNames> {
        self.ask(Order::Names, PATIENCE)
    }

    pub(crate) fn check_rate(&self, rate_hz: u32) -> Answer<()> {
        self.ask(|answer| Order::CheckRate(rate_hz, answer), PATIENCE)
    }

    pub(crate) fn open(&self, request: OpenRequest) -> Answer<Opened> {
        self.ask(|answer| Order::Open(request, answer), PATIENCE)
    }

    pub(crate) fn start(&self, stream: u64) -> Answer<()> {
        self.ask(|answer| Order::Start(stream, answer), PATIENCE)
    }

    pub(crate) fn stop(&self, stream: u64) -> Answer<()> {
        self.ask(|answer| Order::Stop(stream, answer), STOP_PATIENCE)
    }

    pub(crate) fn close(&self, stream: u64) -> Answer<()> {
        self.ask(|answer| Order::Close(stream, answer), STOP_PATIENCE)
    }

    /// Has an order carried out, and waits for the answer, but not for ever.
    fn ask<T>(
        &self,
        order: impl FnOnce(Sender<Answer<T>>) -> Order,
        patience: Duration,
    ) -> Answer<T> {
        if self.is_stuck.get() {
            return Err(self.no_answer());
        }
        let (sender, answer) = channel();
        self.orders()?
            .send(order(sender))
            .map_err(|_| self.ended())?;
        match answer.recv_timeout(patience) {
            Ok(answer) => answer,
            Err(RecvTimeoutError::Timeout) => {
                self.is_stuck.set(true);
                Err(self.no_answer())
            }
            Err(RecvTimeoutError::Disconnected) => {
                // A driver that took the thread along gets another.
                *self.orders.lock() = None;
                Err(self.ended())
            }
        }
    }

    /// The thread's ear; starts the thread if there is none.
    fn orders(&self) -> Answer<Sender<Order>> {
        let mut orders = self.orders.lock();
        if let Some(orders) = &*orders {
            return Ok(orders.clone());
        }
        let (sender, receiver) = channel();
        let (source, is_stuck) = (Arc::clone(&self.source), Arc::clone(&self.is_stuck));
        let make_ticker = self.make_ticker;
        let keep = move || {
            let keeper = Keeper {
                source,
                make_ticker,
                is_stuck,
                loaded: None,
                streams: 0,
            };
            keeper.run(&receiver);
        };
        thread::Builder::new()
            .name("ASIO driver".into())
            .spawn(keep)
            .map_err(|why| {
                let message = format!("No thread for the ASIO driver can be started: {why}.");
                EndpointError::new(FaultKind::Failed, message)
            })?;
        Ok(orders.insert(sender).clone())
    }

    fn no_answer(&self) -> EndpointError {
        let message = format!(
            "The ASIO driver \"{}\" does not answer; restart the program, and if that does not help, \
             unplug the device and plug it in again.",
            self.source.name()
        );
        EndpointError::new(FaultKind::Failed, message)
    }

    fn ended(&self) -> EndpointError {
        let message = format!(
            "The ASIO driver \"{}\" has failed within itself; try again, or choose another.",
            self.source.name()
        );
        EndpointError::new(FaultKind::Failed, message)
    }
}

/// The driver while it is loaded.
struct Loaded {
    // Dropped in this order: a stream's driver end is the driver's.
    driver: Driver,
    stream: Option<Stream>,
    /// When it was last of use.
    used: Instant,
}

/// The stream as its driver's thread knows it.
struct Stream {
    number: u64,
    shared: Arc<Shared>,
}

/// The thread itself.
struct Keeper {
    source: Arc<dyn DriverSource>,
    make_ticker: MakeTicker,
    is_stuck: Arc<Flag>,
    loaded: Option<Loaded>,
    /// Streams made so far.
    streams: u64,
}

impl Keeper {
    fn run(mut self, orders: &Receiver<Order>) {
        loop {
            let order = match &self.loaded {
                None => orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(_) => orders.recv_timeout(LOOK),
            };
            match order {
                Ok(order) => {
                    self.obey(order);
                    self.is_stuck.set(false);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            self.look_after();
        }
    }

    /// Whoever asked may have lost patience meanwhile.
    fn obey(&mut self, order: Order) {
        match order {
            Order::Describe(answer) => {
                let name = self.source.name();
                let found = self.about().and_then(|about| about.info(&name));
                let _ = answer.send(found);
            }
            Order::Names(answer) => {
                let names = self.about().map(|about| ChannelNames {
                    inputs: about.inputs.names,
                    outputs: about.outputs.names,
                });
                let _ = answer.send(names);
            }
            Order::CheckRate(rate_hz, answer) => {
                let _ = answer.send(self.check_rate(rate_hz));
            }
            Order::Open(request, answer) => {
                let opened = self.open(request);
                let number = opened.as_ref().ok().map(|opened| opened.number);
                if let (Err(_), Some(number)) = (answer.send(opened), number) {
                    self.close(number);
                }
            }
            Order::Start(number, answer) => {
                let _ = answer.send(self.start(number));
            }
            Order::Stop(number, answer) => {
                if let Some(loaded) = self.with_stream(number) {
                    // What does not stop is disposed of in the end.
                    let _ = loaded.driver.stop();
                }
                let _ = answer.send(Ok(()));
            }
            Order::Close(number, answer) => {
                self.close(number);
                let _ = answer.send(Ok(()));
            }
        }
    }

    /// Between orders: the driver's windows, its latencies, and whether it is of use at all.
    fn look_after(&mut self) {
        let Some(loaded) = &mut self.loaded else {
            return;
        };
        asio::host::tend_windows();
        match &loaded.stream {
            Some(stream) => {
                let told = &stream.shared.told;
                if told.latencies_changed.get() {
                    told.latencies_changed.set(false);
                    if let Ok(latencies) = loaded.driver.latencies() {
                        told.set_latencies(latencies);
                    }
                }
                loaded.used = Instant::now();
            }
            // Other programs may want the hardware.
            None if loaded.used.elapsed() > KEEP => self.loaded = None,
            None => {}
        }
    }

    fn error(&self, error: &asio::host::Error) -> EndpointError {
        use asio::abi::AsioError;
        let kind = match error {
            asio::host::Error::Call { code, .. } if *code == AsioError::NOT_PRESENT => {
                FaultKind::NotFound
            }
            asio::host::Error::Call { code, .. }
                if [AsioError::NO_CLOCK, AsioError::INVALID_MODE].contains(code) =>
            {
                FaultKind::Unsupported
            }
            asio::host::Error::Init { .. } => FaultKind::NotFound,
            _ => FaultKind::Failed,
        };
        let message = sentence(error);
        let name = self.source.name();
        let message = match message.contains(&name) {
            true => message,
            false => format!("\"{name}\": {message}"),
        };
        EndpointError::new(kind, message)
    }

    /// The driver, loaded and made ready.
    fn loaded(&mut self) -> Answer<&mut Loaded> {
        if self.loaded.is_none() {
            let mut driver = self.source.load()?;
            driver.init().map_err(|error| self.error(&error))?;
            self.loaded = Some(Loaded {
                driver,
                stream: None,
                used: Instant::now(),
            });
        }
        let loaded = self.loaded.as_mut().ok_or_else(|| {
            EndpointError::new(FaultKind::Failed, "The ASIO driver is not loaded.")
        })?;
        loaded.used = Instant::now();
        Ok(loaded)
    }

    fn about(&mut self) -> Answer<About> {
        let about = About::of(&self.loaded()?.driver);
        about.map_err(|error| self.error(&error))
    }

    fn check_rate(&mut self, rate_hz: u32) -> Answer<()> {
        let name = self.source.name();
        let loaded = self.loaded()?;
        if loaded.driver.can_sample_rate(rate_hz.into()).is_ok() {
            return Ok(());
        }
        let can = |rate_hz: &u32| loaded.driver.can_sample_rate((*rate_hz).into()).is_ok();
        let rates: Vec<u32> = COMMON_RATES_HZ.into_iter().filter(can).collect();
        Err(no_rate(&name, rate_hz, &rates))
    }

    fn open(&mut self, request: OpenRequest) -> Answer<Opened> {
        let name = self.source.name();
        if let Some(stream) = self
            .loaded
            .as_ref()
            .and_then(|loaded| loaded.stream.as_ref())
        {
            if !stream.shared.told.is_over.get() {
                let message = format!(
                    "The ASIO driver \"{name}\" serves one stream at a time and has one; close that."
                );
                return Err(EndpointError::new(FaultKind::InUse, message));
            }
            // A driver that wants a reset is to be loaded anew.
            self.loaded = None;
        }
        self.set_rate(&name, request.rate_hz)?;
        let about = self.about()?;
        let block_frames = block_for(about.blocks, request.block_frames);
        if block_frames > BLOCK_FRAMES_MAX {
            let clause = format!("wants blocks of {block_frames} frames");
            return Err(no_use(&name, &clause));
        }
        let sides = request.sides;
        let lanes = |side: &Side, wanted: bool| -> Answer<Lanes> {
            let wires = if wanted { side.wires() } else { Ok(Vec::new()) };
            let wires = wires.map_err(|clause| no_use(&name, &clause))?;
            Ok(Lanes::new(wires, block_frames))
        };
        let outputs = lanes(&about.outputs, sides.has_output())?;
        let inputs = lanes(&about.inputs, sides.has_input())?;
        if outputs.wires.is_empty() && inputs.wires.is_empty() {
            let way = if sides.has_input() { "in" } else { "out" };
            return Err(no_use(&name, &format!("has no channels {way}")));
        }
        self.create(request.rate_hz, block_frames, &about, outputs, inputs)
    }

    fn set_rate(&mut self, name: &str, rate_hz: u32) -> Answer<()> {
        let loaded = self.loaded()?;
        let has = |driver: &Driver| {
            driver
                .sample_rate()
                .is_ok_and(|now| whole_hz(now) == rate_hz)
        };
        if has(&loaded.driver) {
            return Ok(());
        }
        let set = loaded.driver.set_sample_rate(rate_hz.into());
        match set {
            Ok(()) if has(&loaded.driver) => Ok(()),
            // Also one that says yes and keeps its own.
            _ => Err(self.check_rate(rate_hz).err().unwrap_or_else(|| {
                let message = format!(
                    "The ASIO driver \"{name}\" does not change to {rate_hz} Hz; set that in its \
                     settings, or choose another rate."
                );
                EndpointError::new(FaultKind::Unsupported, message)
            })),
        }
    }

    fn create(
        &mut self,
        rate_hz: u32,
        block_frames: u32,
        about: &About,
        outputs: Lanes,
        inputs: Lanes,
    ) -> Answer<Opened> {
        let ids = |is_input, count: usize| {
            (0..count as u32).map(move |index| ChannelId { is_input, index })
        };
        let channels: Vec<ChannelId> = ids(false, outputs.wires.len())
            .chain(ids(true, inputs.wires.len()))
            .collect();
        let formats = [&outputs, &inputs].map(|lanes| about.format(&lanes.wires, rate_hz));
        let ticker = (self.make_ticker)();
        // The clock's first reading may take long.
        ticker.now_ns();
        let shared = Arc::new(Shared {
            is_running: Flag::new(false),
            missed_blocks: Counter::new(),
            told: Arc::new(Told::new(rate_hz, ticker.waker())),
            to_graph: ticker.waker(),
        });
        let (graph, end) = hop::pair(
            &shared,
            (self.make_ticker)(),
            outputs,
            inputs,
            patience_ns(block_frames, rate_hz),
        );
        let name = self.source.name();
        self.streams += 1;
        let number = self.streams;
        let loaded = self.loaded()?;
        let made = loaded
            .driver
            .create_buffers(&channels, block_frames, Box::new(end))
            .and_then(|()| loaded.driver.latencies());
        let latencies = match made {
            Ok(latencies) => latencies,
            Err(error) => {
                // There may be none.
                let _ = loaded.driver.dispose_buffers();
                return Err(self.error(&error));
            }
        };
        loaded.stream = Some(Stream {
            number,
            shared: Arc::clone(&shared),
        });
        let [output, input] = formats;
        Ok(Opened {
            number,
            name,
            shape: StreamShape {
                output,
                input,
                rate_hz,
                block_frames,
                latencies,
            },
            shared,
            graph,
            ticker,
        })
    }

    fn with_stream(&mut self, number: u64) -> Option<&mut Loaded> {
        let loaded = self.loaded.as_mut()?;
        let is_there = loaded.stream.as_ref()?.number == number;
        is_there.then_some(loaded)
    }

    fn start(&mut self, number: u64) -> Answer<()> {
        let name = self.source.name();
        let Some(loaded) = self.with_stream(number) else {
            let message = format!("The ASIO driver \"{name}\" was loaded anew; open it again.");
            return Err(EndpointError::new(FaultKind::Lost, message));
        };
        loaded.driver.silence_outputs();
        let started = loaded.driver.start();
        started.map_err(|error| self.error(&error))
    }

    /// Ends the stream of that number, if it is there still. A driver that wants to be loaded anew is.
    fn close(&mut self, number: u64) {
        let Some(loaded) = self.with_stream(number) else {
            return;
        };
        // What does not stop or dispose of itself is not asked twice.
        let _ = loaded.driver.stop();
        let _ = loaded.driver.dispose_buffers();
        let stream = loaded.stream.take();
        if stream.is_some_and(|stream| stream.shared.told.is_over.get()) {
            self.loaded = None;
        }
    }
}

/// The rates that a refusal looks for.
const COMMON_RATES_HZ: [u32; 8] = [
    32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000, 384_000,
];

fn no_rate(name: &str, rate_hz: u32, rates_hz: &[u32]) -> EndpointError {
    let remedy = match rates_hz {
        [] => "choose another driver".to_owned(),
        rates => {
            let rates: Vec<String> = rates.iter().map(u32::to_string).collect();
            format!("choose one of {} Hz", rates.join(", "))
        }
    };
    let message = format!("The ASIO driver \"{name}\" does not run at {rate_hz} Hz; {remedy}.");
    EndpointError::new(FaultKind::Unsupported, message)
}
