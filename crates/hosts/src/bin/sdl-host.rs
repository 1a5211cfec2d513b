//! `sdl-host`: SDL as a WASAPI program that plays and records raw files and reports.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use hosts::material::RawFormat;

/// Plays and records through SDL, a library that has nothing to do with this project.
#[derive(Parser)]
#[command(
    name = "sdl-host",
    after_help = "Example:\n  sdl-host --library SDL2.dll play --rate 48000 --format float32 \
    --channels 2 --input tune.raw --record heard.raw --report run.json"
)]
struct Arguments {
    /// The DLL of SDL 2
    #[arg(long, value_name = "DLL")]
    library: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Devices
    List,
    /// Play a file of raw interleaved frames, once; record meanwhile, if asked to
    Play(PlayArguments),
}

#[derive(Args)]
struct PlayArguments {
    /// Name of the device or a part of it; without it the default device
    #[arg(long)]
    device: Option<String>,
    /// Rate in Hz; must be the mixer's
    #[arg(long, value_name = "HZ", value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// Frames of each callback; the device may have its own
    #[arg(long, value_name = "FRAMES", default_value_t = 480,
        value_parser = clap::value_parser!(u16).range(1..))]
    block: u16,
    /// Format of the samples in the files, little-endian; must be the mixer's
    #[arg(long)]
    format: RawFormat,
    /// Channels of the files; must be the mixer's
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..))]
    channels: u8,
    /// The raw file
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Silence after the last frame, so that nothing of it is cut off
    #[arg(long, value_name = "MS", default_value_t = 200)]
    tail_ms: u32,
    /// Record meanwhile, tail included, to this raw file
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Name of the device to record from or a part of it; without it the default device
    #[arg(long, value_name = "DEVICE", requires = "record")]
    record_device: Option<String>,
    /// Where the report goes; without it to standard output
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

#[cfg(not(windows))]
fn main() -> ExitCode {
    let _ = Arguments::parse();
    eprintln!("sdl-host runs on Windows or under Wine only.");
    ExitCode::from(2)
}

#[cfg(windows)]
fn main() -> ExitCode {
    let Arguments { library, command } = Arguments::parse();
    let result = match command {
        Command::List => run::list(&library),
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
    use hosts::recording::Recording;
    use hosts::report::{self, RecordedReport, SdlReport};
    use hosts::sdl::{Device, Direction, Job, Part, Request, Sdl};

    use super::PlayArguments;

    /// A device that wants nothing for so long is taken for dead.
    const SILENCE_LIMIT: Duration = Duration::from_secs(5);
    /// What is recorded beyond what is played: two devices do not start at once.
    const SPARE_S: usize = 2;

    pub fn list(library: &Path) -> Result<()> {
        let sdl = Sdl::load(library)?;
        for (title, direction) in [("output", Direction::Output), ("input", Direction::Input)] {
            println!("{title}");
            for name in sdl.devices(direction) {
                println!("  {name}");
            }
        }
        Ok(())
    }

    pub fn play(library: &Path, arguments: &PlayArguments) -> Result<()> {
        let mut report = SdlReport::default();
        let result = play_and_note(library, arguments, &mut report);
        report.error = result.as_ref().err().map(|error| format!("{error:#}"));
        report::write(&report, arguments.report.as_deref())?;
        result
    }

    fn play_and_note(
        library: &Path,
        arguments: &PlayArguments,
        report: &mut SdlReport,
    ) -> Result<()> {
        let &PlayArguments {
            rate,
            format,
            channels,
            ..
        } = arguments;
        let tail_frames = u64::from(rate) * u64::from(arguments.tail_ms) / 1000;
        let tail_frames = usize::try_from(tail_frames)?;
        let channels = usize::from(channels);
        let material = Material::read(&arguments.input, format, channels, tail_frames)?;
        let frames = material.frames();
        // The device's blocks may be much shorter than asked for.
        let callbacks = (frames + tail_frames) / 16 + 16;
        let frames_max = frames + tail_frames + SPARE_S * rate as usize;
        let recording = Recording::new(format, channels, frames_max)?;

        let sdl = Sdl::load(library)?;
        report.library_version = sdl.version();
        let find =
            |direction, wish: Option<&str>| wish.map(|name| sdl.find(direction, name)).transpose();
        let device = find(Direction::Output, arguments.device.as_deref())?;
        let source = find(Direction::Input, arguments.record_device.as_deref())?;
        let open = |device: &Option<String>, part| {
            let request = Request {
                device: device.as_deref(),
                rate_hz: rate,
                block_frames: arguments.block,
                format,
                channels: arguments.channels,
            };
            sdl.open(request, Job::new(part, callbacks))
        };
        let is_recorded = arguments.record.is_some();
        let recorder = is_recorded.then(|| open(&source, Part::Record(recording)));
        let recorder = recorder.transpose()?;
        let player = open(&device, Part::Play(material))?;
        report.device = device.unwrap_or("default".to_owned());
        report.block_frames = player.block_frames().into();

        if let Some(recorder) = &recorder {
            recorder.start();
        }
        player.start();
        let waited = wait(&player);
        let played = player.finish();
        let recorded = recorder.map(Device::finish);
        report.callbacks = played.callbacks();
        report.callback_interval_us = Intervals::of(&played.times_ns);
        if let Part::Play(material) = &played.part {
            report.frames_played = material.frames_played() as u64;
        }
        waited?;
        if let (Some(path), Some(job)) = (&arguments.record, recorded)
            && let Part::Record(recording) = job.part
        {
            report.recorded = Some(RecordedReport {
                device: source.unwrap_or("default".to_owned()),
                channels: arguments.channels.into(),
                frames: recording.frames() as u64,
                frames_over: recording.frames_lost(),
                ..RecordedReport::default()
            });
            recording.write(path)?;
        }
        ensure!(
            report.frames_played == frames as u64,
            "only {} of {frames} frames were played",
            report.frames_played
        );
        Ok(())
    }

    /// Waits until everything is played.
    fn wait(player: &Device<'_>) -> Result<()> {
        const STEP: Duration = Duration::from_millis(5);
        let mut seen = 0;
        let mut silent = Duration::ZERO;
        while !player.is_done() {
            let callbacks = player.callbacks();
            silent = if callbacks == seen {
                silent + STEP
            } else {
                Duration::ZERO
            };
            seen = callbacks;
            ensure!(
                silent < SILENCE_LIMIT,
                "the device asked for nothing in {} s, after {callbacks} callbacks",
                SILENCE_LIMIT.as_secs()
            );
            std::thread::sleep(STEP);
        }
        Ok(())
    }
}
