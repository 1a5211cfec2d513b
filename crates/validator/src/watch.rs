//! A host's callback that watches the driver.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::time::Instant;

use asio::abi::{AsioTime, HostMessage, time_info_flags};
use asio::host::{BlockIo, Events, Handler, answer};
use rt::Counter;

/// Blocks whose times are kept.
const KEPT_BLOCKS: usize = 8192;

/// What the host does inside a block, after its number, which counts from 0. Real-time, unless a
/// check wants to be slow.
pub type Act = Box<dyn FnMut(&mut BlockIo<'_>, u64) + Send>;

/// How the host answers messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manners {
    /// As ASIO expects.
    Good,
    /// This number to everything.
    Always(i32),
}

/// A block's time as the driver told it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Frames since the start.
    pub frames: u64,
    /// The system's time, in ns.
    pub system_ns: u64,
    /// When the block came, by the check's own clock, in ns.
    pub came_ns: u64,
}

/// What was seen, for other threads to read meanwhile.
pub struct Seen {
    /// Blocks asked for.
    pub blocks: Counter,
    /// Blocks whose half is neither 0 nor 1.
    pub no_half: Counter,
    /// Blocks in the same half as the one before.
    pub same_half: Counter,
    /// Blocks with the time.
    pub stamped: Counter,
    /// Times that the driver called although a block was under way.
    pub overlaps: Counter,
    /// Messages of lost blocks.
    pub overloads: Counter,
    /// Wishes to be opened anew.
    pub resets: Counter,
    /// The first half, -1 before.
    first_half: AtomicI32,
    last_half: AtomicI32,
    inside: AtomicI32,
    stamps: Box<[[AtomicU64; 3]]>,
    began: Instant,
    manners: Manners,
}

impl Seen {
    fn new(manners: Manners) -> Seen {
        Seen {
            blocks: Counter::new(),
            no_half: Counter::new(),
            same_half: Counter::new(),
            stamped: Counter::new(),
            overlaps: Counter::new(),
            overloads: Counter::new(),
            resets: Counter::new(),
            first_half: AtomicI32::new(-1),
            last_half: AtomicI32::new(-1),
            inside: AtomicI32::new(0),
            began: Instant::now(),
            stamps: (0..KEPT_BLOCKS).map(|_| Default::default()).collect(),
            manners,
        }
    }

    /// The half of the first block; `None` before it.
    pub fn first_half(&self) -> Option<i32> {
        Some(self.first_half.load(Ordering::Relaxed)).filter(|half| *half >= 0)
    }

    /// The times of the first blocks that had one.
    pub fn stamps(&self) -> Vec<Stamp> {
        let count = (self.stamped.get() as usize).min(KEPT_BLOCKS);
        let stamp = |[frames, system_ns, came_ns]: &[AtomicU64; 3]| Stamp {
            frames: frames.load(Ordering::Relaxed),
            system_ns: system_ns.load(Ordering::Relaxed),
            came_ns: came_ns.load(Ordering::Relaxed),
        };
        self.stamps[..count].iter().map(stamp).collect()
    }

    /// The check's own clock, in ns.
    pub fn now_ns(&self) -> u64 {
        self.began.elapsed().as_nanos() as u64
    }

    fn keep(&self, time: &AsioTime) {
        let info = time.time_info;
        if info.flags & time_info_flags::SAMPLE_POSITION_VALID == 0 {
            return;
        }
        let told = [{ info.sample_position }, { info.system_time }];
        if let Some([frames, system_ns, came_ns]) = self.stamps.get(self.stamped.get() as usize) {
            frames.store(told[0].value(), Ordering::Relaxed);
            system_ns.store(told[1].value(), Ordering::Relaxed);
            came_ns.store(self.now_ns(), Ordering::Relaxed);
        }
        self.stamped.add(1);
    }
}

impl Events for Seen {
    fn message(&self, selector: HostMessage, value: i32) -> i32 {
        match selector {
            HostMessage::RESET_REQUEST => self.resets.add(1),
            HostMessage::OVERLOAD => self.overloads.add(1),
            _ => {}
        }
        match self.manners {
            Manners::Good => answer(selector, value),
            Manners::Always(number) => number,
        }
    }

    fn switched(&self, half: i32, time: Option<&AsioTime>) {
        if self.inside.load(Ordering::Relaxed) > 0 {
            self.overlaps.add(1);
            return;
        }
        if !(0..2).contains(&half) {
            self.no_half.add(1);
        }
        let before = self.last_half.swap(half, Ordering::Relaxed);
        if before == half {
            self.same_half.add(1);
        }
        if before < 0 {
            self.first_half.store(half, Ordering::Relaxed);
        }
        if let Some(time) = time {
            self.keep(time);
        }
    }
}

/// The callback.
pub struct Watch {
    seen: Arc<Seen>,
    act: Act,
}

impl Watch {
    /// A callback that does `act` in each block.
    pub fn new(manners: Manners, act: Act) -> (Box<Watch>, Arc<Seen>) {
        let seen = Arc::new(Seen::new(manners));
        let watch = Watch {
            seen: Arc::clone(&seen),
            act,
        };
        (Box::new(watch), seen)
    }
}

/// Fills every output with silence.
pub fn silence() -> Act {
    Box::new(|io, _| fill_silence(io))
}

/// Zero is silence in all of ASIO's types but those of DSD, where it is a faint hum.
pub fn fill_silence(io: &mut BlockIo<'_>) {
    for slot in 0..io.channel_count() {
        if let Some(bytes) = io.output_bytes(slot) {
            bytes.fill(0);
        }
    }
}

impl Handler for Watch {
    fn buffer_switch(&mut self, io: &mut BlockIo<'_>) {
        self.seen.inside.store(1, Ordering::Relaxed);
        (self.act)(io, self.seen.blocks.get());
        self.seen.blocks.add(1);
        self.seen.inside.store(0, Ordering::Relaxed);
    }

    fn events(&self) -> Arc<dyn Events> {
        Arc::clone(&self.seen) as Arc<dyn Events>
    }
}
