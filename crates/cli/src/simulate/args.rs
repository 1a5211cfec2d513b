//! What `simulate` wants to know.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use simcard::Use;

/// What `simulate` wants to know.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  asio2wasapi simulate
  asio2wasapi simulate song.wav --mode shared --block 256 --output played.wav
  asio2wasapi simulate song.wav --ppm 80 --jitter-us 500 --svg fill.svg
  asio2wasapi simulate --fault \"at 2s lose\" --fault \"at 3s back\"

The file goes through the driver as an ASIO program would play it, onto a sound card that exists
only in this program: a model of what Windows documents, in virtual time. It works on every system
and touches no device. The card runs at the file's rate. Faults: lose, back, renumber, format RATE,
default, late N periods, slow TIME, service gone, service back, refuse open CODE, refuse buffer
CODE, accept, lie FORMAT; each after 'at' and a time. The exit status is 1 if not all of the file was played.")]
pub struct SimulateArguments {
    /// The WAV file; without it a tune of five seconds
    #[arg(value_name = "FILE.wav")]
    pub file: Option<PathBuf>,
    /// How the driver uses the card
    #[arg(long, value_enum, default_value_t = Mode::Exclusive)]
    pub mode: Mode,
    /// Period of the device in frames; without this it follows from the block
    #[arg(long, value_name = "FRAMES", value_parser = clap::value_parser!(u32).range(1..=192_000))]
    pub period: Option<u32>,
    /// Frames that the driver asks for at a time; without this the driver's preference
    #[arg(long, value_name = "FRAMES", value_parser = clap::value_parser!(u32).range(1..))]
    pub block: Option<u32>,
    /// How far the card's clock is off, in millionths; more is faster
    #[arg(
        long,
        value_name = "X",
        default_value_t = 0.0,
        allow_negative_numbers = true
    )]
    pub ppm: f64,
    /// How late the driver's thread is woken, in microseconds (root mean square)
    #[arg(long, value_name = "X", default_value_t = 0.0)]
    pub jitter_us: f64,
    /// Something that goes wrong, as in "at 2s lose"; can be given several times
    #[arg(long, value_name = "FAULT")]
    pub fault: Vec<String>,
    /// Everything random follows from this number
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Write what the card played to this WAV file
    #[arg(long, value_name = "FILE.wav")]
    pub output: Option<PathBuf>,
    /// Draw how full the buffers were, over time
    #[arg(long, value_name = "FILE.svg")]
    pub svg: Option<PathBuf>,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

/// How the driver uses the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Through the system's mixer
    Shared,
    /// Through the mixer, at a short period
    LowLatency,
    /// Alone, woken by the device's events
    Exclusive,
    /// Alone, woken by a timer of its own
    ExclusiveTimer,
}

impl Mode {
    /// The same in the words of the simulated card.
    pub(crate) const fn usage(self) -> Use {
        match self {
            Mode::Shared => Use::Shared,
            Mode::LowLatency => Use::LowLatency,
            Mode::Exclusive => Use::Exclusive,
            Mode::ExclusiveTimer => Use::ExclusiveTimer,
        }
    }

    /// For people.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Mode::Shared => "shared",
            Mode::LowLatency => "shared at a low latency",
            Mode::Exclusive => "exclusive with events",
            Mode::ExclusiveTimer => "exclusive with a timer",
        }
    }
}
