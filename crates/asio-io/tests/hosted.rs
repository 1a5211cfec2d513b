//! Hosted drivers as devices: one that a test drives block by block, as well as it likes, and simulated
//! hardware in real time.

mod support;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use asio::Guid;
use asio::abi::{AsioError, HostMessage};
use asio::driver::{
    BlockSizes, ChannelCounts, ChannelId, ChannelInfo, Driver, Error, Half, HostBuffers,
    HostCallbacks, Latencies, Live, Object, Result, SamplePosition, SampleType, Stream,
    StreamRequest, WindowHandle,
};
use asio_io::{AsioDevice, DriverSource};
use engine::endpoint::{
    Cycle, Device, Due, Endpoint, EndpointError, FaultKind, Intake, MeasuredLatency, OpenRequest,
    Packet, Sides, Wake,
};
use engine::format::SampleFormat;
use rt::{Counter, Flag, Mutex};

#[global_allocator]
static ALLOCATOR: rt::guard::CountingAllocator = rt::guard::CountingAllocator;

const CLSID: Guid = Guid::from_u128(0x77);
/// Long enough for any machine; reached only when something hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a test sees of the driver, and makes it do.
#[derive(Default)]
struct Strings {
    /// The stream, from `createBuffers` on; kept after its end, as bad drivers do.
    stream: Mutex<Option<(Arc<HostBuffers>, HostCallbacks)>>,
    loads: Counter,
    /// How often it was looked whether the driver is installed.
    looks: Counter,
    is_away: Flag,
    is_running: Flag,
    starts_from_within: Flag,
    hangs_in_stop: Flag,
    has_other_latencies: Flag,
    rate_hz: rt::Gauge,
    opened_block: rt::Gauge,
}

impl Live for Strings {
    fn output_ready(&self) -> bool {
        false
    }

    fn sample_position(&self) -> Option<SamplePosition> {
        None
    }

    fn on_callback_thread(&self) -> bool {
        false
    }
}

impl Strings {
    /// A block, as the driver's thread would ask for it: fills the inputs, calls, and returns what is to
    /// be played on the first output.
    fn switch(&self, half: usize, recorded: i32) -> Vec<i32> {
        let (buffers, host) = self.stream.lock().clone().expect("there is a stream");
        let frames = buffers.block_frames() as usize;
        for (slot, id) in buffers.channels().iter().enumerate() {
            if id.is_input {
                let samples: Vec<i32> = (0..frames as i32).map(|at| recorded + at).collect();
                buffers.fill(slot, half, Half::Int32(&samples));
            }
        }
        let before = rt::guard::counts();
        rt::section(|| host.buffer_switch(half, true, None));
        let after = rt::guard::counts();
        assert_eq!(
            (after.allocations, after.frees, after.locks),
            (before.allocations, before.frees, before.locks)
        );
        match buffers.half(0, half) {
            Some(Half::Int32(samples)) => samples.to_vec(),
            _ => panic!("no such half"),
        }
    }

    fn message(&self, selector: HostMessage) {
        let host = self.stream.lock().as_ref().map(|(_, host)| host.clone());
        host.expect("there is a stream").message(selector, 0);
    }
}

struct Puppet(Arc<Strings>);

struct PuppetStream {
    strings: Arc<Strings>,
    buffers: Arc<HostBuffers>,
}

impl Driver for Puppet {
    type Stream = PuppetStream;
    type Live = Strings;

    fn name(&self) -> &str {
        "Puppet"
    }

    fn version(&self) -> i32 {
        1
    }

    fn live(&self) -> Arc<Strings> {
        Arc::clone(&self.0)
    }

    fn init(&mut self, _window: WindowHandle) -> Result<()> {
        self.0.loads.add(1);
        Ok(())
    }

    fn channel_counts(&mut self) -> Result<ChannelCounts> {
        Ok(ChannelCounts {
            inputs: 1,
            outputs: 2,
        })
    }

    fn block_sizes(&mut self) -> Result<BlockSizes> {
        Ok(BlockSizes {
            min_frames: 16,
            max_frames: 1 << 15,
            preferred_frames: 256,
            granularity: -1,
        })
    }

    fn latencies(&mut self, stream: Option<&PuppetStream>) -> Result<Latencies> {
        let block_frames = stream.map_or(256, |stream| stream.buffers.block_frames());
        let more_frames = if self.0.has_other_latencies.get() {
            100
        } else {
            10
        };
        Ok(Latencies {
            input_frames: block_frames + more_frames,
            output_frames: block_frames + 2 * more_frames,
        })
    }

    fn can_sample_rate(&mut self, rate_hz: f64) -> Result<()> {
        let error = || Error::new(AsioError::NO_CLOCK, "no such rate");
        [8_000.0, 48_000.0]
            .contains(&rate_hz)
            .then_some(())
            .ok_or_else(error)
    }

    fn sample_rate(&mut self) -> Result<f64> {
        Ok(self.0.rate_hz.get().max(8_000) as f64)
    }

    fn set_sample_rate(&mut self, rate_hz: f64, _stream: Option<&PuppetStream>) -> Result<()> {
        self.can_sample_rate(rate_hz)?;
        self.0.rate_hz.set(rate_hz as u64);
        Ok(())
    }

    fn channel_info(
        &mut self,
        channel: ChannelId,
        _stream: Option<&PuppetStream>,
    ) -> Result<ChannelInfo> {
        Ok(ChannelInfo {
            sample_type: SampleType::Int32Lsb,
            name: format!("String {}", channel.index + 1),
            is_active: false,
            group: 0,
        })
    }

    fn create_stream(&mut self, request: StreamRequest) -> Result<PuppetStream> {
        let buffers = HostBuffers::new(
            SampleType::Int32Lsb,
            &request.channels,
            request.block_frames,
        );
        self.0.opened_block.set(request.block_frames.into());
        *self.0.stream.lock() = Some((Arc::clone(&buffers), request.host));
        Ok(PuppetStream {
            strings: Arc::clone(&self.0),
            buffers,
        })
    }

    fn control_panel(&mut self) -> Result<()> {
        Ok(())
    }
}

impl Stream for PuppetStream {
    fn buffers(&self) -> &Arc<HostBuffers> {
        &self.buffers
    }

    fn start(&mut self) -> Result<()> {
        if self.strings.starts_from_within.get() {
            assert!(self.strings.switch(0, 5).iter().all(|sample| *sample == 0));
        }
        self.strings.is_running.set(true);
        Ok(())
    }

    fn stop(&mut self) -> Result<()> {
        while self.strings.hangs_in_stop.get() {
            thread::sleep(Duration::from_millis(1));
        }
        self.strings.is_running.set(false);
        Ok(())
    }
}

impl DriverSource for Puppeteer {
    fn name(&self) -> String {
        "Puppet".into()
    }

    fn is_there(&self) -> bool {
        self.0.looks.add(1);
        !self.0.is_away.get()
    }

    fn load(&self) -> std::result::Result<asio::host::Driver, EndpointError> {
        let driver = Puppet(Arc::clone(&self.0));
        Ok(asio::host::Driver::from_object(Object::create(
            CLSID, driver,
        )))
    }
}

struct Puppeteer(Arc<Strings>);

fn puppet() -> (Arc<Strings>, AsioDevice) {
    let strings = Arc::<Strings>::default();
    let source = Arc::new(Puppeteer(Arc::clone(&strings)));
    (strings, AsioDevice::new(source, support::ticker))
}

fn request(rate_hz: u32, block_frames: u32, sides: Sides) -> OpenRequest {
    OpenRequest {
        rate_hz,
        block_frames,
        sides,
    }
}

/// Counts up on every channel of what it plays, and notes what it hears.
#[derive(Default)]
struct Counting {
    next: i32,
    heard: Vec<i32>,
    torn: usize,
    underruns: usize,
    delay: Duration,
}

impl Cycle for Counting {
    fn captured(&mut self, packet: Packet<'_>) {
        self.torn += usize::from(packet.discontinuity);
        let samples = packet.bytes.as_chunks::<4>().0;
        self.heard
            .extend(samples.iter().map(|bytes| i32::from_le_bytes(*bytes)));
    }

    fn due(&mut self, due: Due<'_>) -> u32 {
        self.underruns += usize::from(due.underrun);
        thread::sleep(self.delay);
        let frames = due.bytes.as_chunks_mut::<8>().0;
        let count = frames.len();
        for frame in frames {
            self.next += 1;
            frame[..4].copy_from_slice(&self.next.to_le_bytes());
        }
        count as u32
    }
}

/// A graph's thread: runs each cycle that is due, until the waker is used.
struct GraphThread {
    waker: Arc<dyn engine::endpoint::Waker>,
    delays: Sender<Duration>,
    thread: JoinHandle<(Box<dyn Endpoint>, Counting, Wake)>,
}

impl GraphThread {
    fn start(mut stream: Box<dyn Endpoint>) -> Self {
        let waker = stream.waker();
        let (delays, new_delay): (_, Receiver<Duration>) = channel();
        let (started, is_started) = channel();
        let thread = thread::spawn(move || {
            let mut counting = Counting::default();
            stream.start(0).unwrap();
            started.send(()).unwrap();
            loop {
                match stream.wait() {
                    Wake::Due => {
                        if let Ok(delay) = new_delay.try_recv() {
                            counting.delay = delay;
                        }
                        stream.cycle(&mut counting).unwrap();
                    }
                    Wake::TimedOut { .. } => {}
                    wake => return (stream, counting, wake),
                }
            }
        });
        is_started.recv_timeout(PATIENCE).unwrap();
        Self {
            waker,
            delays,
            thread,
        }
    }

    fn end(self) -> (Box<dyn Endpoint>, Counting, Wake) {
        self.waker.wake();
        self.thread.join().unwrap()
    }
}

#[test]
fn a_driver_is_described_as_it_is() {
    let (strings, device) = puppet();
    let info = device.describe().unwrap();
    assert_eq!(info.name(), "Puppet");
    assert_eq!(
        (
            info.rate_hz,
            info.period_frames_min,
            info.period_frames_default
        ),
        (8_000, 16, 256)
    );
    let (output, input) = (info.output.unwrap(), info.input.unwrap());
    assert_eq!((output.channels, input.channels), (2, 1));
    assert_eq!(
        (output.sample, output.latency_frames_estimate),
        (SampleFormat::Int32, 276)
    );
    assert_eq!(input.latency_frames_estimate, 10);
    assert_eq!(
        device.channel_names().unwrap().outputs,
        ["String 1", "String 2"]
    );
    device.check_rate(48_000).unwrap();
    let refused = device.check_rate(44_100).unwrap_err();
    assert_eq!(refused.kind, FaultKind::Unsupported);
    assert_eq!(
        refused.message,
        "The ASIO driver \"Puppet\" does not run at 44100 Hz; choose one of 48000 Hz."
    );
    assert_eq!(strings.loads.get(), 1, "questions come in bursts");
}

#[test]
fn each_block_is_handed_over_before_its_callback_returns() {
    let (strings, device) = puppet();
    // Two seconds and more: nobody is too late.
    let stream = device.open(request(8_000, 20_000, Sides::Both)).unwrap();
    assert_eq!(strings.opened_block.get(), 32_768, "the next power of two");
    let timing = stream.timing();
    assert_eq!(timing.intake, Intake::Whole);
    assert_eq!(
        (timing.period_frames, timing.buffer_frames),
        (32_768, 32_768)
    );
    assert_eq!((timing.queued_frames, timing.device_frames), (32_768, 20));
    assert_eq!(
        (timing.input_period_frames, timing.input_device_frames),
        (32_768, 10)
    );
    assert_eq!(stream.output_format().unwrap().channels, 2);
    let graph = GraphThread::start(stream);
    for block in 0..6 {
        let played = strings.switch(block % 2, 100_000 * block as i32);
        let first = 32_768 * block as i32 + 1;
        let wanted: Vec<i32> = (first..first + 32_768).collect();
        assert!(
            played == wanted,
            "block {block} begins with {:?}",
            &played[..4]
        );
    }
    let (_stream, counting, wake) = graph.end();
    assert_eq!(wake, Wake::Interrupted);
    assert_eq!((counting.underruns, counting.torn), (0, 0));
    let wanted = (0..6).flat_map(|block| (0..32_768).map(move |at| 100_000 * block + at));
    assert!(counting.heard.into_iter().eq(wanted));
}

#[test]
fn a_graph_that_is_late_costs_its_block_and_no_more() {
    let (strings, device) = puppet();
    let stream = device.open(request(48_000, 4_096, Sides::Both)).unwrap();
    let graph = GraphThread::start(stream);
    let is_silent = |samples: &[i32]| samples.iter().all(|sample| *sample == 0);
    assert!(!is_silent(&strings.switch(0, 0)));
    // A block is 85 ms long.
    graph.delays.send(Duration::from_millis(400)).unwrap();
    let called = Instant::now();
    assert!(is_silent(&strings.switch(1, 10_000)));
    assert!(called.elapsed() >= Duration::from_millis(74));
    graph.delays.send(Duration::ZERO).unwrap();
    thread::sleep(Duration::from_millis(800));
    let played = strings.switch(0, 20_000);
    assert_eq!(
        played[0],
        2 * 4_096 + 1,
        "what came too late is not played later"
    );
    let (_stream, counting, _) = graph.end();
    assert_eq!(counting.underruns, 1);
    assert_eq!(
        counting.heard.len(),
        3 * 4_096,
        "nothing that was recorded is lost"
    );
    assert_eq!(counting.torn, 0);
}

#[test]
fn a_driver_that_misbehaves_costs_nothing_but_its_sound() {
    let (strings, device) = puppet();
    strings.starts_from_within.set(true);
    let stream = device.open(request(48_000, 64, Sides::Both)).unwrap();
    let graph = GraphThread::start(stream);
    // Halves that do not exist; many blocks at once, while nobody is quick enough.
    let (buffers, host) = strings.stream.lock().clone().unwrap();
    for half in [2, 7, usize::MAX] {
        host.buffer_switch(half, true, None);
    }
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..500).for_each(|block| host.buffer_switch(block % 2, true, None)));
        }
    });
    let (mut stream, _, wake) = graph.end();
    assert_eq!(wake, Wake::Interrupted);
    stream.stop();
    // After the stop, and after the end: silence, and nobody waits.
    let called = Instant::now();
    assert!(strings.switch(0, 1).iter().all(|sample| *sample == 0));
    drop(stream);
    host.buffer_switch(1, true, None);
    assert!(called.elapsed() < Duration::from_secs(5));
    drop(buffers);
    // And it serves again.
    let again = device.open(request(48_000, 64, Sides::Output)).unwrap();
    assert!(again.input_format().is_none());
}

#[test]
fn stop_ends_the_wait_of_a_callback() {
    let (strings, device) = puppet();
    let mut stream = device.open(request(8_000, 32_768, Sides::Output)).unwrap();
    stream.start(0).unwrap();
    let callback = thread::spawn(move || {
        let called = Instant::now();
        strings.switch(0, 0);
        called.elapsed()
    });
    thread::sleep(Duration::from_millis(100));
    assert_eq!(stream.wait(), Wake::Due);
    stream.stop();
    // A block is four seconds.
    let waited = callback.join().unwrap();
    assert!(waited < Duration::from_secs(3), "{waited:?}");
}

#[test]
fn a_driver_that_hangs_in_stop_is_left_behind() {
    let (strings, device) = puppet();
    let mut stream = device.open(request(48_000, 64, Sides::Output)).unwrap();
    stream.start(0).unwrap();
    strings.hangs_in_stop.set(true);
    let called = Instant::now();
    stream.stop();
    drop(stream);
    let refused = device.describe().unwrap_err();
    assert!(called.elapsed() < Duration::from_secs(10));
    assert!(
        refused.message.contains("\"Puppet\" does not answer"),
        "{refused}"
    );
    strings.hangs_in_stop.set(false);
    let since = Instant::now();
    while device.describe().is_err() {
        assert!(since.elapsed() < PATIENCE, "it answers again");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_driver_that_is_there_is_not_looked_for_again_and_again() {
    let (strings, device) = puppet();
    let mut reopener = device.reopener();
    let mut pauses = |count: u64| {
        let before = strings.looks.get();
        let told = (0..count).filter(|_| reopener.pause(1_000)).count();
        (told, strings.looks.get() - before)
    };
    assert_eq!(pauses(5), (0, 1));
    strings.is_away.set(true);
    assert_eq!(pauses(5), (0, 0), "it is seen when it is opened");
    assert!(device.reopener().chosen().output.is_none());
    let mut reopener = device.reopener();
    assert!(!reopener.pause(1_000));
    strings.is_away.set(false);
    assert!(
        reopener.pause(1_000_000_000),
        "it may be installed any time"
    );
}

#[test]
fn a_silent_driver_is_told_and_a_reset_ends_the_stream() {
    let (strings, device) = puppet();
    let mut stream = device.open(request(48_000, 64, Sides::Both)).unwrap();
    stream.start(0).unwrap();
    assert!(matches!(stream.wait(), Wake::TimedOut { now_ns } if now_ns > 0));
    strings.has_other_latencies.set(true);
    strings.message(HostMessage::LATENCIES_CHANGED);
    let since = Instant::now();
    while stream.measured() == MeasuredLatency::default() {
        assert!(since.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(5));
    }
    let measured = stream.measured();
    assert_eq!(measured.device_frames, Some(200));
    assert_eq!(measured.input_device_frames, Some(100));
    let busy = device.open(request(48_000, 64, Sides::Both)).err().unwrap();
    assert_eq!(busy.kind, FaultKind::InUse);
    strings.message(HostMessage::RESET_REQUEST);
    assert!(matches!(stream.wait(), Wake::Lost(fault) if fault.kind == FaultKind::Lost));
    let loads = strings.loads.get();
    // As the keeper does: the lost stream may be there still.
    let mut again = device
        .reopener()
        .open(request(48_000, 64, Sides::Both))
        .unwrap();
    assert_eq!(
        strings.loads.get(),
        loads + 1,
        "a reset loads the driver anew"
    );
    drop(stream);
    again.start(0).unwrap();
    let lost = stream_is_lost_by_rate(&strings, &mut *again);
    assert!(lost);
}

fn stream_is_lost_by_rate(strings: &Strings, stream: &mut dyn Endpoint) -> bool {
    let host = strings.stream.lock().as_ref().map(|(_, host)| host.clone());
    let host = host.unwrap();
    host.sample_rate_did_change(48_000.0);
    let stays = !matches!(stream.wait(), Wake::Lost(_));
    host.sample_rate_did_change(44_100.0);
    stays && matches!(stream.wait(), Wake::Lost(_))
}
