//! A driver without a device, for the tests of both sides.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::thread::{self, JoinHandle, ThreadId};

use rt::Mutex;

use crate::Guid;
use crate::abi::AsioError;
use crate::driver::{
    BlockSizes, ChannelCounts, ChannelId, ChannelInfo, Driver, Error, Future, Half, HostBuffers,
    HostCallbacks, InternalFrames, Latencies, Live, Object, ObjectRef, Result, SamplePosition,
    SampleType, Stream, StreamRequest, SwitchTime, WindowHandle,
};

pub(crate) const CLSID: Guid = Guid::from_u128(0x1111_2222_3333_4444_5555_6666_7777_8888);
pub(crate) const INPUTS: u32 = 1;
pub(crate) const OUTPUTS: u32 = 2;

/// What a test sees and steers from outside.
#[derive(Default)]
pub(crate) struct Probe {
    pub(crate) live_streams: AtomicI32,
    pub(crate) live_drivers: AtomicI32,
    /// Calls that the driver should not have got.
    pub(crate) violations: Mutex<Vec<&'static str>>,
    /// What the first output channel played, in the order of the blocks.
    pub(crate) played: Mutex<Vec<i32>>,
    pub(crate) ready_calls: AtomicU64,
    /// The next call of that name panics.
    pub(crate) panic_in: Mutex<Option<&'static str>>,
    /// The next call of that name fails.
    pub(crate) fail_in: Mutex<Option<&'static str>>,
    /// The host of the last stream.
    pub(crate) host: Mutex<Option<HostCallbacks>>,
    /// Done inside the next `control_panel`.
    pub(crate) inside_panel: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    callback_thread: Mutex<Option<ThreadId>>,
    running: AtomicBool,
    pub(crate) frames: AtomicU64,
}

impl Probe {
    fn enter(&self, call: &'static str) -> Result<()> {
        if self.panic_in.lock().take_if(|name| *name == call).is_some() {
            panic!("planted in {call}");
        }
        match self.fail_in.lock().take_if(|name| *name == call) {
            Some(_) => Err(Error::new(
                AsioError::HW_MALFUNCTION,
                format!("{call} failed – «ü»"),
            )),
            None => Ok(()),
        }
    }

    fn expect(&self, holds: bool, rule: &'static str) {
        if !holds {
            self.violations.lock().push(rule);
        }
    }
}

impl Live for Probe {
    fn output_ready(&self) -> bool {
        self.ready_calls.fetch_add(1, Ordering::Relaxed);
        true
    }

    fn sample_position(&self) -> Option<SamplePosition> {
        let frames = self.frames.load(Ordering::Relaxed);
        self.running
            .load(Ordering::Relaxed)
            .then_some(SamplePosition {
                frames,
                system_ns: frames * 3,
            })
    }

    fn on_callback_thread(&self) -> bool {
        *self.callback_thread.lock() == Some(thread::current().id())
    }
}

pub(crate) struct MockDriver {
    probe: Arc<Probe>,
    initialised: bool,
    /// Streams call the host from a thread of their own.
    threaded: bool,
    rate_hz: f64,
}

impl MockDriver {
    pub(crate) fn new(probe: &Arc<Probe>, threaded: bool) -> MockDriver {
        probe.live_drivers.fetch_add(1, Ordering::Relaxed);
        MockDriver {
            probe: Arc::clone(probe),
            initialised: false,
            threaded,
            rate_hz: 48_000.0,
        }
    }

    pub(crate) fn object(probe: &Arc<Probe>, threaded: bool) -> ObjectRef {
        Object::create(CLSID, MockDriver::new(probe, threaded))
    }

    fn enter(&self, call: &'static str, stream: Option<&MockStream>) -> Result<()> {
        let streams = self.probe.live_streams.load(Ordering::Relaxed);
        self.probe.expect(self.initialised, "called before init");
        self.probe
            .expect(stream.is_none() || streams == 1, "handed a dead stream");
        self.probe.enter(call)
    }
}

impl Drop for MockDriver {
    fn drop(&mut self) {
        let streams = self.probe.live_streams.load(Ordering::Relaxed);
        self.probe
            .expect(streams == 0, "driver dropped before its stream");
        self.probe.live_drivers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Driver for MockDriver {
    type Stream = MockStream;
    type Live = Probe;

    fn name(&self) -> &str {
        "Mock driver with a name that is far too long"
    }

    fn version(&self) -> i32 {
        7
    }

    fn live(&self) -> Arc<Probe> {
        Arc::clone(&self.probe)
    }

    fn init(&mut self, _window: WindowHandle) -> Result<()> {
        self.probe.expect(!self.initialised, "initialised twice");
        self.probe.enter("init")?;
        self.initialised = true;
        Ok(())
    }

    fn channel_counts(&mut self) -> Result<ChannelCounts> {
        self.enter("channel_counts", None)?;
        Ok(ChannelCounts {
            inputs: INPUTS,
            outputs: OUTPUTS,
        })
    }

    fn block_sizes(&mut self) -> Result<BlockSizes> {
        self.enter("block_sizes", None)?;
        Ok(BlockSizes {
            min_frames: 16,
            max_frames: 4096,
            preferred_frames: 480,
            granularity: -1,
        })
    }

    fn latencies(&mut self, stream: Option<&MockStream>) -> Result<Latencies> {
        self.enter("latencies", stream)?;
        let block = stream.map_or(480, |stream| stream.buffers.block_frames());
        Ok(Latencies {
            input_frames: block,
            output_frames: block + 32,
        })
    }

    fn can_sample_rate(&mut self, rate_hz: f64) -> Result<()> {
        self.enter("can_sample_rate", None)?;
        match rate_hz {
            44_100.0 | 48_000.0 => Ok(()),
            _ => Err(Error::new(
                AsioError::NO_CLOCK,
                "Only 44100 and 48000 Hz are possible.",
            )),
        }
    }

    fn sample_rate(&mut self) -> Result<f64> {
        self.enter("sample_rate", None)?;
        Ok(self.rate_hz)
    }

    fn set_sample_rate(&mut self, rate_hz: f64, stream: Option<&MockStream>) -> Result<()> {
        self.enter("set_sample_rate", stream)?;
        self.can_sample_rate(rate_hz)?;
        self.rate_hz = rate_hz;
        Ok(())
    }

    fn channel_info(
        &mut self,
        channel: ChannelId,
        stream: Option<&MockStream>,
    ) -> Result<ChannelInfo> {
        self.enter("channel_info", stream)?;
        let limit = if channel.is_input { INPUTS } else { OUTPUTS };
        self.probe.expect(
            channel.index < limit,
            "asked for a channel that is not there",
        );
        Ok(ChannelInfo {
            sample_type: SampleType::Int32Lsb,
            name: format!("Kanal {}", channel.index + 1),
            is_active: stream.is_some_and(|s| s.buffers.channels().contains(&channel)),
            group: 0,
        })
    }

    fn create_stream(&mut self, request: StreamRequest) -> Result<MockStream> {
        self.enter("create_stream", None)?;
        let before = self.probe.live_streams.fetch_add(1, Ordering::Relaxed);
        self.probe.expect(before == 0, "a second stream");
        let StreamRequest {
            channels,
            block_frames,
            host,
        } = request;
        *self.probe.host.lock() = Some(host.clone());
        Ok(MockStream {
            probe: Arc::clone(&self.probe),
            buffers: HostBuffers::new(SampleType::Int32Lsb, &channels, block_frames),
            host,
            rate_hz: self.rate_hz,
            threaded: self.threaded,
            thread: None,
        })
    }

    fn control_panel(&mut self) -> Result<()> {
        self.enter("control_panel", None)?;
        let inside = self.probe.inside_panel.lock().take();
        inside.into_iter().for_each(|inside| inside());
        Ok(())
    }

    fn future(&self, question: Future<'_>, _stream: Option<&MockStream>) -> bool {
        match question {
            Future::CanTimeInfo => true,
            Future::CanReportOverload => false,
            Future::InternalBufferFrames(frames) => {
                *frames = InternalFrames {
                    input_frames: 3,
                    output_frames: 5,
                };
                true
            }
        }
    }
}

pub(crate) struct MockStream {
    probe: Arc<Probe>,
    buffers: Arc<HostBuffers>,
    host: HostCallbacks,
    rate_hz: f64,
    threaded: bool,
    thread: Option<JoinHandle<()>>,
}

impl MockStream {
    fn halt(&mut self) {
        self.probe.running.store(false, Ordering::Relaxed);
        // A stop from inside the callback must not wait for the callback.
        let Some(thread) = self.thread.take() else {
            return;
        };
        if thread.thread().id() != thread::current().id() {
            thread.join().expect("the callback thread does not panic");
        }
    }
}

fn callback_loop(probe: &Probe, host: &HostCallbacks, buffers: &HostBuffers, rate_hz: f64) {
    *probe.callback_thread.lock() = Some(thread::current().id());
    let slot = buffers
        .channels()
        .iter()
        .position(|channel| !channel.is_input);
    let mut half = 0;
    while probe.running.load(Ordering::Relaxed) {
        let position = probe.sample_position().unwrap_or_default();
        host.buffer_switch(half, true, Some(&SwitchTime { position, rate_hz }));
        if let Some(Half::Int32(samples)) = slot.and_then(|slot| buffers.half(slot, half)) {
            probe.played.lock().extend_from_slice(samples);
        }
        probe
            .frames
            .fetch_add(buffers.block_frames().into(), Ordering::Relaxed);
        half ^= 1;
        thread::yield_now();
    }
    *probe.callback_thread.lock() = None;
}

impl Stream for MockStream {
    fn buffers(&self) -> &Arc<HostBuffers> {
        &self.buffers
    }

    fn start(&mut self) -> Result<()> {
        self.probe.enter("start")?;
        let was_running = self.probe.running.swap(true, Ordering::Relaxed);
        self.probe.expect(!was_running, "started twice");
        if self.threaded {
            let probe = Arc::clone(&self.probe);
            let host = self.host.clone();
            let buffers = Arc::clone(&self.buffers);
            let rate_hz = self.rate_hz;
            self.thread = Some(thread::spawn(move || {
                callback_loop(&probe, &host, &buffers, rate_hz)
            }));
        }
        Ok(())
    }

    fn stop(&mut self) -> Result<()> {
        let running = self.probe.running.load(Ordering::Relaxed);
        self.probe.expect(running, "stopped while it stood");
        self.halt();
        self.probe.enter("stop")
    }
}

impl Drop for MockStream {
    fn drop(&mut self) {
        self.halt();
        self.probe.live_streams.fetch_sub(1, Ordering::Relaxed);
    }
}
