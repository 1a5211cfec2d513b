//! `pa-host`: PortAudio as an ASIO or WASAPI host that plays and records raw files and reports.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use hosts::material::RawFormat;

#[cfg(windows)]
mod run;

/// Plays and records through PortAudio, a host that has nothing to do with this project.
#[derive(Parser)]
#[command(
    name = "pa-host",
    after_help = "Examples:\n  pa-host --library libportaudio64bit-asio.dll play --host-api asio \
    --device \"ASIO2WASAPI Shared\" --rate 48000 --block 480 --format int16 --channels 2 \
    --input tune.raw --report run.json\n  pa-host --library libportaudio64bit-asio.dll play \
    --host-api wasapi-exclusive --rate 48000 --block 480 --format int32 --channels 2 \
    --input tune.raw --record heard.raw"
)]
struct Arguments {
    /// PortAudio's DLL, built with ASIO
    #[arg(long, value_name = "DLL")]
    library: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Host APIs and devices
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Play a file of raw interleaved frames, once; record meanwhile, if asked to
    Play(PlayArguments),
    /// Record so many raw interleaved frames
    Record(RecordArguments),
}

/// What every stream has.
#[derive(Args)]
struct StreamArguments {
    /// The way to the device
    #[arg(long)]
    host_api: HostApiName,
    /// Name of the device or a part of it; without it the default device
    #[arg(long)]
    device: Option<String>,
    /// Rate in Hz
    #[arg(long, value_name = "HZ", value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// Frames of each callback
    #[arg(long, value_name = "FRAMES", value_parser = clap::value_parser!(u32).range(1..))]
    block: u32,
    /// Latency to ask PortAudio for; without it one block. An exclusive stream that records needs six
    /// buffers of the device's: PortAudio gives each a sixth of block and latency
    #[arg(long, value_name = "FRAMES")]
    latency: Option<u32>,
    /// Format of the samples in the files, little-endian
    #[arg(long)]
    format: RawFormat,
    /// Channels of the device
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1024))]
    channels: u32,
    /// Where the report goes; without it to standard output
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Put the instant of every callback into the report
    #[arg(long)]
    times: bool,
    /// Let one callback pause for so long
    #[arg(long, value_name = "MS", requires = "stall_at_callback")]
    stall_ms: Option<u64>,
    /// Which callback pauses, counted from 0
    #[arg(long, value_name = "N", requires = "stall_ms")]
    stall_at_callback: Option<u64>,
}

#[derive(Args)]
struct PlayArguments {
    #[command(flatten)]
    stream: StreamArguments,
    /// The raw file
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Silence after the last frame, so that nothing of it is cut off
    #[arg(long, value_name = "MS", default_value_t = 200)]
    tail_ms: u32,
    /// Record with the same callbacks, tail included, to this raw file: its first frame is recorded
    /// in the callback that plays the first
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Name of the device to record from or a part of it; without it the default device, with ASIO
    /// the one that plays
    #[arg(long, value_name = "DEVICE", requires = "record")]
    record_device: Option<String>,
    /// Channels to record; without it as many as are played
    #[arg(long, value_name = "CHANNELS", requires = "record",
        value_parser = clap::value_parser!(u32).range(1..=1024))]
    record_channels: Option<u32>,
}

#[derive(Args)]
struct RecordArguments {
    #[command(flatten)]
    stream: StreamArguments,
    /// The raw file
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// How many frames
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    frames: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum HostApiName {
    Asio,
    WasapiShared,
    WasapiExclusive,
}

#[cfg(not(windows))]
fn main() -> ExitCode {
    let _ = Arguments::parse();
    eprintln!("pa-host runs on Windows or under Wine only.");
    ExitCode::from(2)
}

#[cfg(windows)]
fn main() -> ExitCode {
    let Arguments { library, command } = Arguments::parse();
    let result = match command {
        Command::List { json } => run::list(&library, json),
        Command::Play(arguments) => run::play(&library, &arguments),
        Command::Record(arguments) => run::record(&library, &arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
