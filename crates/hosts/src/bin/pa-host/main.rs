//! `pa-host`: PortAudio as an ASIO or WASAPI host that plays a raw file and reports.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use hosts::material::RawFormat;

/// Plays through PortAudio, a host that has nothing to do with this project.
#[derive(Parser)]
#[command(
    name = "pa-host",
    after_help = "Example:\n  pa-host --library libportaudio64bit-asio.dll play --host-api asio \
    --device \"ASIO2WASAPI Shared\" --rate 48000 --block 480 --format int16 --channels 2 \
    --input tune.raw --report run.json"
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
    /// Play a file of raw interleaved frames, once
    Play(PlayArguments),
}

#[derive(Args)]
struct PlayArguments {
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
    /// Format of the input's samples, little-endian
    #[arg(long)]
    format: RawFormat,
    /// Channels of the input
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1024))]
    channels: u32,
    /// The raw file
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
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
    /// Silence after the last frame, so that nothing of it is cut off
    #[arg(long, value_name = "MS", default_value_t = 200)]
    tail_ms: u32,
}

#[derive(Clone, Copy, ValueEnum)]
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
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(windows)]
mod run {
    use std::path::Path;
    use std::time::Duration;

    use anyhow::{Result, ensure};
    use hosts::intervals::Intervals;
    use hosts::material::Material;
    use hosts::portaudio::{HostApi, OutputRequest, Playback, PortAudio, Stall};
    use hosts::report::Report;

    use super::{HostApiName, PlayArguments};

    /// A device that wants nothing for so long is taken for dead.
    const SILENCE_LIMIT: Duration = Duration::from_secs(5);

    pub fn list(library: &Path, json: bool) -> Result<()> {
        let host_apis = PortAudio::load(library)?.host_apis()?;
        if json {
            println!("{}", serde_json::to_string(&host_apis)?);
            return Ok(());
        }
        for host_api in host_apis {
            println!("{}", host_api.name);
            for device in host_api.devices {
                println!(
                    "  {} {} ({} in, {} out, {} Hz)",
                    if device.default_output { '*' } else { ' ' },
                    device.name,
                    device.input_channels,
                    device.output_channels,
                    device.default_rate_hz
                );
            }
        }
        Ok(())
    }

    pub fn play(library: &Path, arguments: &PlayArguments) -> Result<()> {
        let mut report = empty_report(arguments);
        let result = play_and_note(library, arguments, &mut report);
        report.error = result.as_ref().err().map(|error| format!("{error:#}"));
        report.write(arguments.report.as_deref())?;
        result
    }

    fn play_and_note(library: &Path, arguments: &PlayArguments, report: &mut Report) -> Result<()> {
        let &PlayArguments {
            rate,
            block,
            channels,
            format,
            tail_ms,
            ..
        } = arguments;
        let tail_frames = u64::from(rate) * u64::from(tail_ms) / 1000;
        let tail_frames = usize::try_from(tail_frames)?;
        let material = Material::read(&arguments.input, format, channels as usize, tail_frames)?;
        let frames = material.frames();
        let callbacks_expected = (frames + tail_frames).div_ceil(block as usize) + 16;
        let stall = arguments.stall_ms.zip(arguments.stall_at_callback);
        let stall = stall.map(|(ms, at_callback)| Stall {
            at_callback,
            pause: Duration::from_millis(ms),
        });

        let portaudio = PortAudio::load(library)?;
        report.portaudio_version = portaudio.version();
        let host_api = match arguments.host_api {
            HostApiName::Asio => HostApi::Asio,
            HostApiName::WasapiShared => HostApi::WasapiShared,
            HostApiName::WasapiExclusive => HostApi::WasapiExclusive,
        };
        let device = portaudio.find_output(host_api, arguments.device.as_deref())?;
        report.device.clone_from(&device.name);
        let request = OutputRequest {
            host_api,
            device: &device,
            rate_hz: rate,
            block_frames: block,
            format,
            channels,
        };
        let stream =
            portaudio.open_output(request, Playback::new(material, callbacks_expected, stall))?;
        let latency_frames = stream.output_latency_s() * f64::from(rate);
        report.reported_output_latency_frames = latency_frames.round() as u64;

        let (playback, result) = stream.play(SILENCE_LIMIT);
        if let Some(playback) = playback {
            note(report, *playback, arguments.times);
        }
        result?;
        ensure!(
            report.frames_played == frames as u64,
            "only {} of {frames} frames were played",
            report.frames_played
        );
        Ok(())
    }

    fn note(report: &mut Report, playback: Playback, times: bool) {
        report.frames_played = playback.material.frames_played() as u64;
        report.callbacks = playback.callbacks();
        report.output_underflows = playback.underflows;
        report.callback_interval_us = Intervals::of(&playback.times_ns);
        report.callback_times_ns = times.then_some(playback.times_ns);
    }

    fn empty_report(arguments: &PlayArguments) -> Report {
        let host_api = match arguments.host_api {
            HostApiName::Asio => "asio",
            HostApiName::WasapiShared => "wasapi-shared",
            HostApiName::WasapiExclusive => "wasapi-exclusive",
        };
        Report {
            host_api: host_api.to_owned(),
            device: arguments
                .device
                .clone()
                .unwrap_or_else(|| "default".to_owned()),
            rate_hz: arguments.rate,
            block_frames: arguments.block,
            format: arguments.format,
            channels: arguments.channels,
            frames_played: 0,
            callbacks: 0,
            reported_output_latency_frames: 0,
            callback_interval_us: None,
            callback_times_ns: None,
            output_underflows: 0,
            portaudio_version: String::new(),
            error: None,
        }
    }
}
