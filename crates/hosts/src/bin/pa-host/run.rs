//! The commands.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use hosts::intervals::Intervals;
use hosts::material::Material;
use hosts::portaudio::{DeviceEntry, Direction, HostApi, Job, PortAudio, Request, Side, Stall};
use hosts::recording::Recording;
use hosts::report::{self, RecordedReport, Report};

use super::{HostApiName, PlayArguments, RecordArguments, StreamArguments};

/// A device that wants nothing for so long is taken for dead.
const SILENCE_LIMIT: Duration = Duration::from_secs(5);

/// Prints host APIs and devices.
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
                if device.default_output || device.default_input {
                    '*'
                } else {
                    ' '
                },
                device.name,
                device.input_channels,
                device.output_channels,
                device.default_rate_hz
            );
        }
    }
    Ok(())
}

/// Plays, and records meanwhile if asked to.
pub fn play(library: &Path, arguments: &PlayArguments) -> Result<()> {
    let stream = &arguments.stream;
    let mut report = empty_report(stream);
    report.channels = stream.channels;
    report.device = stream.device.clone().unwrap_or("default".to_owned());
    finish(
        play_and_note(library, arguments, &mut report),
        stream,
        report,
    )
}

/// Records.
pub fn record(library: &Path, arguments: &RecordArguments) -> Result<()> {
    let stream = &arguments.stream;
    let mut report = empty_report(stream);
    finish(
        record_and_note(library, arguments, &mut report),
        stream,
        report,
    )
}

fn finish(result: Result<()>, stream: &StreamArguments, mut report: Report) -> Result<()> {
    report.error = result.as_ref().err().map(|error| format!("{error:#}"));
    report::write(&report, stream.report.as_deref())?;
    result
}

fn play_and_note(library: &Path, arguments: &PlayArguments, report: &mut Report) -> Result<()> {
    let &StreamArguments {
        rate,
        format,
        channels,
        ..
    } = &arguments.stream;
    let tail_frames = u64::from(rate) * u64::from(arguments.tail_ms) / 1000;
    let tail_frames = usize::try_from(tail_frames)?;
    let material = Material::read(&arguments.input, format, channels as usize, tail_frames)?;
    let frames = material.frames();
    let callbacks = callbacks(frames + tail_frames, &arguments.stream);
    let record_channels = arguments.record_channels.unwrap_or(channels);
    let recording = arguments.record.as_ref().map(|_| {
        let frames_max = callbacks * arguments.stream.block as usize;
        Recording::new(format, record_channels as usize, frames_max)
    });

    let portaudio = PortAudio::load(library)?;
    report.library_version = portaudio.version();
    let host_api = host_api(&arguments.stream);
    let wish = arguments.stream.device.as_deref();
    let device = portaudio.find(host_api, Direction::Output, wish)?;
    report.device.clone_from(&device.name);
    let source = match &arguments.record {
        None => None,
        Some(_) => {
            // An ASIO driver is one device for both directions.
            let wish = match host_api {
                HostApi::Asio => Some(device.name.as_str()),
                HostApi::WasapiShared | HostApi::WasapiExclusive => None,
            };
            let wish = arguments.record_device.as_deref().or(wish);
            Some(portaudio.find(host_api, Direction::Input, wish)?)
        }
    };
    let output = Side {
        device: &device,
        channels,
    };
    let request = request(
        &arguments.stream,
        Some(output),
        side(source.as_ref(), record_channels),
    );
    let job = Job::new(
        Some(material),
        recording.transpose()?,
        callbacks,
        stall(&arguments.stream),
    );
    run(&portaudio, request, job, &arguments.stream, report)?
        .map_or(Ok(()), |heard| save(&heard, arguments.record.as_deref()))?;
    ensure!(
        report.frames_played == frames as u64,
        "only {} of {frames} frames were played",
        report.frames_played
    );
    Ok(())
}

fn record_and_note(library: &Path, arguments: &RecordArguments, report: &mut Report) -> Result<()> {
    let &StreamArguments {
        format, channels, ..
    } = &arguments.stream;
    let frames = arguments.frames as usize;
    let recording = Recording::new(format, channels as usize, frames)?;
    let portaudio = PortAudio::load(library)?;
    report.library_version = portaudio.version();
    let wish = arguments.stream.device.as_deref();
    let device = portaudio.find(host_api(&arguments.stream), Direction::Input, wish)?;
    let request = request(&arguments.stream, None, side(Some(&device), channels));
    let job = Job::new(
        None,
        Some(recording),
        callbacks(frames, &arguments.stream),
        stall(&arguments.stream),
    );
    let heard = run(&portaudio, request, job, &arguments.stream, report)?;
    let heard = heard.context("nothing was recorded")?;
    save(&heard, Some(&arguments.output))?;
    ensure!(
        heard.frames() == frames,
        "only {} of {frames} frames were recorded",
        heard.frames()
    );
    Ok(())
}

/// Runs the job and notes what came of it; gives back what was recorded.
fn run(
    portaudio: &PortAudio,
    request: Request<'_>,
    job: Job,
    arguments: &StreamArguments,
    report: &mut Report,
) -> Result<Option<Recording>> {
    let stream = portaudio.open(request, job)?;
    let latencies = stream.latencies_s();
    let [input_frames, output_frames] =
        latencies.map(|latency_s| (latency_s * f64::from(arguments.rate)).round() as u64);
    if request.output.is_some() {
        report.reported_output_latency_frames = output_frames;
    }
    report.recorded = request.input.map(|side| RecordedReport {
        device: side.device.name.clone(),
        channels: side.channels,
        reported_input_latency_frames: Some(input_frames),
        ..RecordedReport::default()
    });
    let (job, result) = stream.run(SILENCE_LIMIT);
    let recording = job.and_then(|job| note(report, *job, arguments.times));
    result.map(|()| recording)
}

fn note(report: &mut Report, job: Job, times: bool) -> Option<Recording> {
    let played = job.material.as_ref().map_or(0, Material::frames_played);
    report.frames_played = played as u64;
    report.callbacks = job.callbacks().get();
    report.output_underflows = job.flags.output_underflows;
    report.output_overflows = job.flags.output_overflows;
    report.callback_interval_us = Intervals::of(&job.times_ns);
    report.callback_times_ns = times.then_some(job.times_ns);
    if let (Some(recorded), Some(recording)) = (&mut report.recorded, &job.recording) {
        recorded.frames = recording.frames() as u64;
        recorded.frames_over = recording.frames_lost();
        recorded.input_underflows = Some(job.flags.input_underflows);
        recorded.input_overflows = Some(job.flags.input_overflows);
    }
    job.recording
}

fn save(recording: &Recording, path: Option<&Path>) -> Result<()> {
    path.map_or(Ok(()), |path| recording.write(path))
}

fn request<'a>(
    arguments: &StreamArguments,
    output: Option<Side<'a>>,
    input: Option<Side<'a>>,
) -> Request<'a> {
    Request {
        host_api: host_api(arguments),
        rate_hz: arguments.rate,
        block_frames: arguments.block,
        latency_frames: arguments.latency.unwrap_or(arguments.block),
        format: arguments.format,
        output,
        input,
    }
}

fn side(device: Option<&DeviceEntry>, channels: u32) -> Option<Side<'_>> {
    device.map(|device| Side { device, channels })
}

fn host_api(arguments: &StreamArguments) -> HostApi {
    match arguments.host_api {
        HostApiName::Asio => HostApi::Asio,
        HostApiName::WasapiShared => HostApi::WasapiShared,
        HostApiName::WasapiExclusive => HostApi::WasapiExclusive,
    }
}

fn stall(arguments: &StreamArguments) -> Option<Stall> {
    let stall = arguments.stall_ms.zip(arguments.stall_at_callback);
    stall.map(|(ms, at_callback)| Stall {
        at_callback,
        pause: Duration::from_millis(ms),
    })
}

/// How many callbacks so many frames take, and some to spare.
fn callbacks(frames: usize, arguments: &StreamArguments) -> usize {
    frames.div_ceil(arguments.block as usize) + 16
}

fn empty_report(arguments: &StreamArguments) -> Report {
    let host_api = match arguments.host_api {
        HostApiName::Asio => "asio",
        HostApiName::WasapiShared => "wasapi-shared",
        HostApiName::WasapiExclusive => "wasapi-exclusive",
    };
    Report {
        host_api: host_api.to_owned(),
        device: String::new(),
        rate_hz: arguments.rate,
        block_frames: arguments.block,
        format: arguments.format,
        channels: 0,
        frames_played: 0,
        callbacks: 0,
        reported_output_latency_frames: 0,
        callback_interval_us: None,
        callback_times_ns: None,
        output_underflows: 0,
        output_overflows: 0,
        recorded: None,
        library_version: String::new(),
        error: None,
    }
}
