//! A device that a test drives wake-up by wake-up, and a host that counts.

pub mod host;

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use engine::endpoint::{
    Chosen, Cycle, Device, DeviceInfo, Due, Endpoint, EndpointError, EndpointTiming, FaultKind,
    Intake, Lost, OpenRequest, Reopener, SideInfo, StreamFault, Wake, Waker,
};
use engine::format::{SampleFormat, StreamFormat};
use engine::idle::{Idle, Ticker};

/// Frames that the device takes in a wake-up.
pub const PERIOD_FRAMES: u32 = 100;
const CHANNELS: u16 = 2;
const ENDPOINT_ID: &str = "fake";
/// Long enough for any machine; reached only when something hangs.
const PATIENCE: Duration = Duration::from_secs(20);

enum Event {
    Tick { underrun: bool },
    Lost(StreamFault),
    Woken,
}

/// What a test may make go wrong.
#[derive(Clone, Copy, Default)]
pub struct Faults {
    pub absent: bool,
    pub refuses_to_open: bool,
    pub refuses_to_start: bool,
    /// It falls behind when it has run dry.
    pub keeps_silence: bool,
}

/// The driver's side of the device.
pub struct FakeDevice {
    faults: Faults,
    is_absent: Arc<rt::Flag>,
    ends: Arc<rt::Mutex<Option<Ends>>>,
    /// Holds one count for each open endpoint.
    open_count: Arc<()>,
}

struct Ends {
    events: Receiver<Event>,
    waker: Sender<Event>,
    played: Sender<Vec<i32>>,
}

/// The test's side of the device.
pub struct Bench {
    events: Sender<Event>,
    played: Receiver<Vec<i32>>,
    ends: Arc<rt::Mutex<Option<Ends>>>,
    open_count: Arc<()>,
    is_absent: Arc<rt::Flag>,
}

/// A device and the bench that it is on. It can be opened once, and again when it comes back.
pub fn device(faults: Faults) -> (Arc<FakeDevice>, Bench) {
    let (ends, events, played) = ends();
    let open_count = Arc::new(());
    let ends = Arc::new(rt::Mutex::new(Some(ends).filter(|_| !faults.absent)));
    let is_absent = Arc::new(rt::Flag::new(faults.absent));
    let device = FakeDevice {
        faults,
        is_absent: Arc::clone(&is_absent),
        ends: Arc::clone(&ends),
        open_count: Arc::clone(&open_count),
    };
    (
        Arc::new(device),
        Bench {
            events,
            played,
            ends,
            open_count,
            is_absent,
        },
    )
}

fn ends() -> (Ends, Sender<Event>, Receiver<Vec<i32>>) {
    let (event_sender, events) = channel();
    let (played_sender, played) = channel();
    let ends = Ends {
        events,
        waker: event_sender.clone(),
        played: played_sender,
    };
    (ends, event_sender, played)
}

impl Bench {
    /// One wake-up; returns channel 0 of what was played.
    pub fn tick(&self) -> Vec<i32> {
        self.tick_with(false)
    }

    /// One wake-up of a device that had run dry, or not.
    pub fn tick_with(&self, underrun: bool) -> Vec<i32> {
        self.send_tick(underrun);
        self.played
            .recv_timeout(PATIENCE)
            .expect("the stream hands a period over")
    }

    /// A wake-up that nobody waits for.
    pub fn send_tick(&self, underrun: bool) {
        self.events
            .send(Event::Tick { underrun })
            .expect("the device is there");
    }

    /// The device is gone.
    pub fn lose(&self) {
        let fault = StreamFault {
            kind: FaultKind::Lost,
            code: 0x8889_0004_u32 as i32,
        };
        self.events
            .send(Event::Lost(fault))
            .expect("the device is there");
    }

    /// The device can be opened again.
    pub fn come_back(&mut self) {
        let (ends, events, played) = ends();
        (self.events, self.played) = (events, played);
        *self.ends.lock() = Some(ends);
    }

    /// The device can be opened a second time: the bench is that of the second stream from now on. What
    /// sets the first one's wake-ups.
    pub fn second(&mut self) -> FirstStream {
        let (ends, events, played) = ends();
        *self.ends.lock() = Some(ends);
        FirstStream {
            events: std::mem::replace(&mut self.events, events),
            played: std::mem::replace(&mut self.played, played),
        }
    }

    /// The device is there for the first time.
    pub fn appear(&mut self) {
        self.is_absent.set(false);
        self.come_back();
    }

    /// Waits until no stream is open on the device.
    pub fn expect_closed(&self) {
        let begun = Instant::now();
        while self.is_open() {
            assert!(begun.elapsed() < PATIENCE, "the device is still open");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whether a stream is open on the device.
    pub fn is_open(&self) -> bool {
        // The bench and the device hold one each.
        Arc::strong_count(&self.open_count) > 2
    }
}

/// The bench of a stream that is about to be exchanged for a second one.
pub struct FirstStream {
    events: Sender<Event>,
    played: Receiver<Vec<i32>>,
}

impl FirstStream {
    /// A wake-up; what was played in it, nothing when the stream is closed.
    pub fn tick(&self) -> Option<Vec<i32>> {
        self.events.send(Event::Tick { underrun: false }).ok()?;
        self.played.recv_timeout(PATIENCE).ok()
    }
}

impl Device for FakeDevice {
    fn describe(&self) -> Result<DeviceInfo, EndpointError> {
        if self.is_absent.get() {
            let message = "There is no device to play to; plug one in.";
            return Err(EndpointError::new(FaultKind::NotFound, message));
        }
        Ok(DeviceInfo {
            rate_hz: 48_000,
            period_frames_min: PERIOD_FRAMES,
            period_frames_default: PERIOD_FRAMES,
            output: Some(SideInfo {
                name: "Fake".into(),
                channels: CHANNELS,
                channel_mask: 3,
                sample: SampleFormat::Int32,
                latency_frames_estimate: 2 * PERIOD_FRAMES,
            }),
            input: None,
        })
    }

    fn remarks(&self) -> Vec<String> {
        vec!["Fake is shared.".into()]
    }

    fn check_rate(&self, rate_hz: u32) -> Result<(), EndpointError> {
        match rate_hz {
            44_100 | 48_000 => Ok(()),
            _ => Err(EndpointError::new(
                FaultKind::Unsupported,
                format!("Fake does not run at {rate_hz} Hz; it runs at 44100 and 48000 Hz."),
            )),
        }
    }

    fn open(&self, request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError> {
        if self.faults.refuses_to_open {
            let message = "Fake is in use by another program; close that program.";
            return Err(EndpointError::new(FaultKind::InUse, message));
        }
        open(&self.ends, &self.open_count, request, self.faults)
    }

    fn reopener(&self) -> Box<dyn Reopener> {
        let (wakes, woken) = channel();
        Box::new(FakeReopener {
            ends: Arc::clone(&self.ends),
            open_count: Arc::downgrade(&self.open_count),
            faults: self.faults,
            wakes,
            woken,
        })
    }

    fn idle(&self, like: &Lost) -> Box<dyn Endpoint> {
        let (wakes, woken) = channel();
        let begun = Instant::now();
        Box::new(Idle::new(
            like,
            RealTime {
                begun,
                wakes,
                woken,
            },
        ))
    }
}

fn open(
    ends: &rt::Mutex<Option<Ends>>,
    open_count: &Arc<()>,
    request: OpenRequest,
    faults: Faults,
) -> Result<Box<dyn Endpoint>, EndpointError> {
    let Some(ends) = ends.lock().take() else {
        let message = "Fake is gone; plug it in.";
        return Err(EndpointError::new(FaultKind::NotFound, message));
    };
    Ok(Box::new(FakeEndpoint {
        ends,
        rate_hz: request.rate_hz,
        refuses_to_start: faults.refuses_to_start,
        keeps_silence: faults.keeps_silence,
        has_fallen_behind: false,
        now_ns: 0,
        underrun: false,
        memory: vec![0; (PERIOD_FRAMES * 8) as usize],
        handed_over: false,
        _open: Arc::clone(open_count),
    }))
}

struct FakeReopener {
    ends: Arc<rt::Mutex<Option<Ends>>>,
    open_count: Weak<()>,
    faults: Faults,
    wakes: Sender<Event>,
    woken: Receiver<Event>,
}

impl Reopener for FakeReopener {
    fn open(&mut self, request: OpenRequest) -> Result<Box<dyn Endpoint>, EndpointError> {
        let open_count = self.open_count.upgrade().expect("the bench is there");
        open(&self.ends, &open_count, request, self.faults)
    }

    fn chosen(&mut self) -> Chosen {
        Chosen {
            output: self.ends.lock().as_ref().map(|_| ENDPOINT_ID.to_owned()),
            input: None,
        }
    }

    fn pause(&mut self, _limit_ns: u64) -> bool {
        let _ = self.woken.recv_timeout(Duration::from_millis(1));
        true
    }

    fn waker(&self) -> Arc<dyn Waker> {
        Arc::new(FakeWaker(self.wakes.clone()))
    }
}

/// The real clock, for a stream without a device.
struct RealTime {
    begun: Instant,
    wakes: Sender<Event>,
    woken: Receiver<Event>,
}

impl Ticker for RealTime {
    fn now_ns(&self) -> u64 {
        self.begun.elapsed().as_nanos() as u64
    }

    fn wait_until(&mut self, at_ns: u64) -> bool {
        let left = Duration::from_nanos(at_ns.saturating_sub(self.now_ns()));
        self.woken.recv_timeout(left).is_err()
    }

    fn waker(&self) -> Arc<dyn Waker> {
        Arc::new(FakeWaker(self.wakes.clone()))
    }

    fn set_running(&mut self, _running: bool) {}
}

struct FakeEndpoint {
    ends: Ends,
    rate_hz: u32,
    refuses_to_start: bool,
    keeps_silence: bool,
    has_fallen_behind: bool,
    now_ns: u64,
    underrun: bool,
    memory: Vec<u8>,
    /// The test has not seen yet what is in `memory`.
    handed_over: bool,
    _open: Arc<()>,
}

impl FakeEndpoint {
    /// Outside the cycle, because it allocates.
    fn show_what_was_played(&mut self) {
        if std::mem::take(&mut self.handed_over) {
            let left = self
                .memory
                .chunks_exact(8)
                .map(|frame| i32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]));
            let _ = self.ends.played.send(left.collect());
        }
    }
}

struct FakeWaker(Sender<Event>);

impl Waker for FakeWaker {
    fn wake(&self) {
        let _ = self.0.send(Event::Woken);
    }
}

impl Endpoint for FakeEndpoint {
    fn output_format(&self) -> Option<StreamFormat> {
        Some(StreamFormat {
            sample: SampleFormat::Int32,
            channels: CHANNELS,
            rate_hz: self.rate_hz,
            channel_mask: 3,
        })
    }

    fn input_format(&self) -> Option<StreamFormat> {
        None
    }

    fn timing(&self) -> EndpointTiming {
        EndpointTiming {
            period_frames: PERIOD_FRAMES,
            buffer_frames: 2 * PERIOD_FRAMES,
            intake: Intake::Whole,
            queued_frames: PERIOD_FRAMES,
            device_frames: 7,
            input_period_frames: 0,
            input_device_frames: 0,
            is_one_clock: true,
        }
    }

    fn has_fallen_behind(&self) -> bool {
        self.has_fallen_behind
    }

    fn chosen(&self) -> Chosen {
        Chosen {
            output: Some(ENDPOINT_ID.to_owned()),
            input: None,
        }
    }

    fn waker(&self) -> Arc<dyn Waker> {
        Arc::new(FakeWaker(self.ends.waker.clone()))
    }

    fn start(&mut self, _keep_frames: u32) -> Result<(), EndpointError> {
        if self.refuses_to_start {
            let message = "Fake does not start; unplug it and plug it in.";
            return Err(EndpointError::new(FaultKind::Failed, message));
        }
        Ok(())
    }

    fn stop(&mut self) {}

    fn wait(&mut self) -> Wake {
        self.show_what_was_played();
        match self.ends.events.recv_timeout(PATIENCE) {
            Ok(Event::Tick { underrun }) => {
                self.now_ns += 2_000_000;
                self.underrun = underrun;
                self.has_fallen_behind |= underrun && self.keeps_silence;
                Wake::Due
            }
            Ok(Event::Woken) => Wake::Interrupted,
            Ok(Event::Lost(fault)) => Wake::Lost(fault),
            Err(_) => Wake::TimedOut {
                now_ns: self.now_ns,
            },
        }
    }

    fn cycle(&mut self, work: &mut dyn Cycle) -> Result<(), StreamFault> {
        let Self {
            now_ns, underrun, ..
        } = *self;
        let written = work.due(Due {
            bytes: &mut self.memory,
            queued_frames: 0,
            now_ns,
            busy_ns: 0,
            underrun,
        });
        assert_eq!(written, PERIOD_FRAMES, "the device takes all or nothing");
        self.handed_over = true;
        Ok(())
    }
}
