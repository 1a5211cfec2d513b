//! The thread that calls the host at the hardware's boundaries.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use asio::abi::HostMessage;
use asio::driver::{HostCallbacks, Live, SamplePosition, SwitchTime};
use rt::{Flag, SeqPair, ThreadMark};
use simcard_service::layout::{Block, HANDOVERS_MAX};

use crate::link::{Link, Signal};

/// How long `stop` waits for a callback that does not come back. The host may hold a lock that its
/// callback wants; the thread ends later by itself then.
const PATIENCE: Duration = Duration::from_millis(300);
/// How often the thread looks whether the hardware is still there, in milliseconds.
const LOOK_MS: u32 = 50;
/// A host that is more blocks behind than this goes on with the newest.
const BEHIND_MAX: u64 = 2;

/// What the host may ask at any time.
#[derive(Debug, Default)]
pub struct HardwareLive {
    position: SeqPair,
    advancing: Flag,
    callback: ThreadMark,
}

impl Live for HardwareLive {
    fn output_ready(&self) -> bool {
        false
    }

    fn sample_position(&self) -> Option<SamplePosition> {
        let (frames, system_ns) = self.position.get().filter(|_| self.advancing.get())?;
        Some(SamplePosition { frames, system_ns })
    }

    fn on_callback_thread(&self) -> bool {
        self.callback.is_here()
    }
}

/// What the thread works with.
pub(crate) struct Part {
    pub(crate) link: Arc<dyn Link>,
    pub(crate) live: Arc<HardwareLive>,
    pub(crate) signal: Arc<dyn Signal>,
    pub(crate) host: HostCallbacks,
    pub(crate) block: &'static Block,
    pub(crate) generation: u32,
    pub(crate) block_frames: u32,
    pub(crate) rate_hz: u32,
}

/// A stream from `start` to `stop`.
pub(crate) struct Run {
    state: Arc<State>,
    signal: Arc<dyn Signal>,
}

#[derive(Default)]
struct State {
    is_stopped: Flag,
    is_over: Flag,
}

impl Run {
    /// Starts calling the host.
    ///
    /// # Errors
    /// The system has no thread.
    pub(crate) fn start(part: Part) -> std::io::Result<Run> {
        let state = Arc::<State>::default();
        let run = Run {
            state: Arc::clone(&state),
            signal: Arc::clone(&part.signal),
        };
        let mut player = Player {
            part,
            state,
            served: 0,
        };
        thread::Builder::new()
            .name("simcard hardware".into())
            .spawn(move || player.play())?;
        Ok(run)
    }

    /// No block begins after this.
    pub(crate) fn ask_to_stop(&self) {
        self.state.is_stopped.set(true);
        self.signal.set();
    }

    /// Waits for the block under way, unless it is the caller's own or does not come back.
    pub(crate) fn wait(self, live: &HardwareLive) {
        let since = Instant::now();
        while !self.state.is_over.get() && !live.callback.is_here() && since.elapsed() < PATIENCE {
            thread::sleep(Duration::from_micros(100));
        }
        live.advancing.set(false);
    }
}

/// The thread's own things.
struct Player {
    part: Part,
    state: Arc<State>,
    /// Blocks since the start that the host has processed or missed.
    served: u64,
}

impl Player {
    fn play(&mut self) {
        self.part.live.callback.set();
        while !self.state.is_stopped.get() {
            self.part.signal.wait(LOOK_MS);
            if !self.state.is_stopped.get() && !self.catch_up() {
                self.part.host.message(HostMessage::RESET_REQUEST, 0);
                break;
            }
        }
        self.part.live.callback.clear();
        self.state.is_over.set(true);
    }

    /// Calls the host for each boundary that has passed. `false` when the hardware is gone.
    fn catch_up(&mut self) -> bool {
        let Part {
            block, generation, ..
        } = self.part;
        let is_ours = block.generation.load(Ordering::Acquire) == generation;
        if !is_ours || block.dead.load(Ordering::Acquire) != 0 {
            return false;
        }
        let Some((frames, at_ns)) = block.position() else {
            return false;
        };
        let passed = frames / u64::from(self.part.block_frames);
        let behind = passed.saturating_sub(self.served);
        if behind > BEHIND_MAX {
            // An even number, so that the halves still take turns.
            self.served += (behind - 1) & !1;
        }
        while self.served < passed && !self.state.is_stopped.get() {
            let later_frames = (passed - self.served - 1) * u64::from(self.part.block_frames);
            let later_ns = later_frames * 1_000_000_000 / u64::from(self.part.rate_hz.max(1));
            self.switch(at_ns.saturating_sub(later_ns));
        }
        if behind > 1 && !self.state.is_stopped.get() {
            self.part.host.message(HostMessage::OVERLOAD, 0);
        }
        true
    }

    /// One block, whose boundary was at that time.
    fn switch(&mut self, at_ns: u64) {
        let part = &self.part;
        let half = (self.served % 2) as usize;
        let position = SamplePosition {
            frames: self.served * u64::from(part.block_frames),
            system_ns: at_ns,
        };
        part.live
            .position
            .set((position.frames, position.system_ns));
        part.live.advancing.set(true);
        let got_ns = part.link.now_ns();
        let time = SwitchTime {
            position,
            rate_hz: part.rate_hz.into(),
        };
        part.host.buffer_switch(half, true, Some(&time));
        self.served += 1;
        if !self.state.is_stopped.get() {
            self.hand_over(got_ns);
        }
    }

    /// Notes when the block was filled. The hardware does not need it; its report does.
    fn hand_over(&self, got_ns: u64) {
        let block = self.part.block;
        let end_frame = self.served * u64::from(self.part.block_frames);
        // Only this thread writes these.
        let number = block.handovers_written.load(Ordering::Relaxed);
        let slot = &block.handovers[(number % HANDOVERS_MAX as u64) as usize];
        slot.end_frame.store(end_frame, Ordering::Relaxed);
        slot.got_ns.store(got_ns, Ordering::Relaxed);
        slot.released_ns
            .store(self.part.link.now_ns(), Ordering::Relaxed);
        block.client_frames.store(end_frame, Ordering::Release);
        block
            .handovers_written
            .store(number.wrapping_add(1), Ordering::Release);
    }
}
