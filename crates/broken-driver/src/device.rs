//! The device that is none: a thread that asks for blocks at the pace of the sample rate.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use asio::driver::{Half, HostBuffers, HostCallbacks, Live, SamplePosition, SwitchTime};
use rt::{Flag, SeqPair, ThreadMark};

use crate::Fault;
use crate::sound::PREFERRED_FRAMES;

/// How long `stop` waits for a callback that does not come back.
const PATIENCE: Duration = Duration::from_millis(300);
/// Blocks on the cable between outputs and inputs.
const CABLE_BLOCKS: usize = 2;

/// What a host may ask at any time.
#[derive(Debug, Default)]
pub struct Device {
    position: SeqPair,
    is_running: Flag,
    callback: ThreadMark,
    /// The host has filled the block.
    is_ready: Flag,
    clock: Clock,
}

/// Counts from when the device was made.
#[derive(Debug)]
struct Clock(Instant);

impl Default for Clock {
    fn default() -> Clock {
        Clock(Instant::now())
    }
}

impl Live for Device {
    fn output_ready(&self) -> bool {
        self.is_ready.set(true);
        true
    }

    fn sample_position(&self) -> Option<SamplePosition> {
        let (frames, system_ns) = self.position.get().filter(|_| self.is_running.get())?;
        Some(SamplePosition { frames, system_ns })
    }

    fn on_callback_thread(&self) -> bool {
        self.callback.is_here()
    }
}

/// A stream from `start` to `stop`.
#[derive(Debug)]
pub struct Run {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    is_stopped: Flag,
    is_over: Flag,
}

impl Run {
    /// Starts asking for blocks.
    pub fn start(
        device: &Arc<Device>,
        buffers: Arc<HostBuffers>,
        host: HostCallbacks,
        rate_hz: f64,
        fault: Fault,
    ) -> Run {
        let shared = Arc::<Shared>::default();
        let start_ns = device.clock.0.elapsed().as_nanos() as u64;
        let mut player = Player {
            device: Arc::clone(device),
            shared: Arc::clone(&shared),
            cable: VecDeque::new(),
            buffers,
            host,
            rate_hz,
            fault,
            start_ns,
            block: 0,
        };
        device.position.set((0, start_ns));
        device.is_running.set(true);
        if fault == Fault::CallsInStart {
            player.ask();
        }
        Run {
            thread: thread::spawn(move || player.play()),
            shared,
        }
    }

    /// Ends it. On the callback's own thread, or when the callback does not come back, the thread
    /// ends later by itself.
    pub fn stop(self, device: &Device, fault: Fault) {
        self.shared.is_stopped.set(true);
        wake(self.thread.thread());
        let since = Instant::now();
        let is_own = device.callback.is_here();
        while !self.shared.is_over.get() {
            let gives_up = is_own || since.elapsed() > PATIENCE;
            let waits_for_ever = match fault {
                Fault::HangsInStop => is_own,
                Fault::StopWaits => !is_own,
                _ => false,
            };
            if gives_up && !waits_for_ever {
                break;
            }
            thread::sleep(Duration::from_micros(100));
        }
        device.is_running.set(false);
    }
}

fn wake(thread: &Thread) {
    thread.unpark();
}

/// The thread's own things.
struct Player {
    device: Arc<Device>,
    shared: Arc<Shared>,
    /// What the first output played, block by block.
    cable: VecDeque<Vec<i32>>,
    buffers: Arc<HostBuffers>,
    host: HostCallbacks,
    rate_hz: f64,
    fault: Fault,
    start_ns: u64,
    block: u64,
}

impl Player {
    fn play(mut self) {
        self.device.callback.set();
        while !self.shared.is_stopped.get() {
            let due_ns = self.ns_of((self.block + 1) * self.advance_frames());
            if !self.wait_until(due_ns) {
                break;
            }
            self.ask();
        }
        self.device.callback.clear();
        self.shared.is_over.set(true);
    }

    fn advance_frames(&self) -> u64 {
        match self.fault {
            Fault::IgnoresBlock => PREFERRED_FRAMES.into(),
            _ => self.buffers.block_frames().into(),
        }
    }

    fn ns_of(&self, frames: u64) -> u64 {
        self.start_ns + (frames as f64 * 1e9 / self.rate_hz) as u64
    }

    /// `false` when the stream is stopped meanwhile.
    fn wait_until(&self, due_ns: u64) -> bool {
        loop {
            if self.shared.is_stopped.get() {
                return false;
            }
            let now_ns = self.device.clock.0.elapsed().as_nanos() as u64;
            let held = self.fault == Fault::WaitsForReady && self.block > 0;
            let is_held = held && !self.device.is_ready.get();
            if now_ns >= due_ns && !is_held {
                return true;
            }
            let left_ns = due_ns.saturating_sub(now_ns).clamp(100_000, 5_000_000);
            thread::park_timeout(Duration::from_nanos(left_ns));
        }
    }

    /// One block.
    fn ask(&mut self) {
        let half = match self.fault {
            Fault::SameHalf => 0,
            _ => (self.block % 2) as usize,
        };
        let goes_back = self.fault == Fault::PositionGoesBack && self.block % 3 == 2;
        let told = self.block - if goes_back { 2 } else { 0 };
        let frames = told * self.advance_frames();
        let position = SamplePosition {
            frames,
            system_ns: self.ns_of(frames),
        };
        self.device
            .position
            .set((position.frames, position.system_ns));
        self.device.is_ready.set(false);
        self.hear(half);
        let time = SwitchTime {
            position,
            rate_hz: self.rate_hz,
        };
        self.host.buffer_switch(half, true, Some(&time));
        self.tell(half);
        self.block += 1;
    }

    fn slots(&self, is_input: bool) -> impl Iterator<Item = usize> {
        let channels = self.buffers.channels().iter().enumerate();
        channels
            .filter(move |(_, channel)| channel.is_input == is_input)
            .map(|(slot, _)| slot)
    }

    /// The inputs hear what came through the cable.
    fn hear(&mut self, half: usize) {
        if self.cable.len() < CABLE_BLOCKS {
            return;
        }
        if let Some(block) = self.cable.pop_front() {
            for slot in self.slots(true) {
                self.buffers.fill(slot, half, Half::Int32(&block));
            }
        }
    }

    /// The first output goes into the cable.
    fn tell(&mut self, half: usize) {
        let first = self.slots(false).next();
        let played = first.and_then(|slot| self.buffers.half(slot, half));
        if let Some(Half::Int32(samples)) = played {
            self.cable.push_back(samples.to_vec());
        }
    }
}
