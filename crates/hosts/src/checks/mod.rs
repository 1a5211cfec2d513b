//! The checks of `asio-check`: each drives an installed ASIO driver and writes what it saw on a
//! [`Sheet`]. Those that any driver has to pass are the validator's.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;

use crate::material::RawFormat;
use crate::sheet::Sheet;

mod bench;
#[cfg(windows)]
mod guard;
mod installed;
mod life;
mod play;
mod probe;
mod validated;

/// What can be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Check {
    /// The installed drivers, in both registry views
    List,
    /// A full life cycle; writes down everything the driver says
    Open,
    /// Null in each pointer argument, in every state: no crash, an error code
    NullPointers,
    /// Every method before init: no crash, an error code where a device is needed
    BeforeInit,
    /// Start and stop again and again on the same buffers
    StartStop,
    /// The whole life cycle again and again
    OpenClose,
    /// Two instances that play at the same time in one process
    TwoInstances,
    /// Every block size on offer and some odd ones: callbacks and time agree
    Blocks,
    /// Common rates: what is accepted plays, what is refused leaves the rate alone
    Rates,
    /// Play a raw file exactly
    Play,
    /// Stop, dispose and release from inside the callback
    FromCallback,
    /// With the guard build: nothing allocates, frees or locks in a real-time section
    Guard,
}

/// How to check. Each check uses what concerns it.
#[derive(Clone, Debug)]
pub struct Options {
    /// Name of the driver.
    pub driver: String,
    /// Rate in Hz; without it the driver's own.
    pub rate_hz: Option<u32>,
    /// Block in frames; without it the driver's preference.
    pub block_frames: Option<u32>,
    /// For how long a stream runs.
    pub run: Duration,
    /// How often.
    pub count: u32,
    /// Record while the guard counts.
    pub records: bool,
    /// A second instance may be refused.
    pub may_refuse: bool,
    /// Open the driver anew when it asks for that.
    pub answer_resets: bool,
    /// What to play.
    pub input: Option<Input>,
    /// Tell the instant of every callback.
    pub times: bool,
    /// A callback that pauses while it plays.
    pub stall: Option<Stall>,
}

/// A pause that one callback makes on purpose.
#[derive(Clone, Copy, Debug)]
pub struct Stall {
    /// Which callback, counted from 0.
    pub at_callback: u64,
    /// For how long.
    pub pause: Duration,
}

/// A raw file and its format.
#[derive(Clone, Debug)]
pub struct Input {
    /// The file.
    pub path: PathBuf,
    /// The format of its samples.
    pub format: RawFormat,
    /// Its channels.
    pub channels: usize,
    /// Silence after its end.
    pub tail: Duration,
}

/// Runs one check on the calling thread.
///
/// # Errors
/// The driver does not do what it should; the sentence says what.
pub fn run(check: Check, options: &Options, sheet: &Sheet) -> Result<()> {
    match check {
        #[cfg(windows)]
        Check::List => installed::list(sheet),
        Check::Open => life::open(options, sheet),
        Check::NullPointers => validated::run(&["null-pointers"], options, sheet),
        Check::BeforeInit => validated::run(&["before-init"], options, sheet),
        Check::StartStop => validated::run(&["start-stop"], options, sheet),
        Check::OpenClose => validated::run(&["open-close"], options, sheet),
        Check::TwoInstances => validated::run(&["two-instances"], options, sheet),
        Check::Blocks => validated::run(&["block-sizes", "odd-block-sizes"], options, sheet),
        Check::Rates => validated::run(&["rates", "senseless-rates"], options, sheet),
        Check::Play => play::play(options, sheet),
        Check::FromCallback => validated::run(&["from-callback"], options, sheet),
        #[cfg(windows)]
        Check::Guard => guard::guard(options, sheet),
        #[cfg(not(windows))]
        Check::List | Check::Guard => installed::nowhere(),
    }
}
