//! `simulate`: a file through the whole driver onto a sound card that exists only here.

mod args;
mod host;
mod material;
mod picture;
mod report;
mod tune;
mod witness;

pub use args::{Mode, SimulateArguments};

use std::sync::Arc;

use anyhow::{Context, Result, anyhow, ensure};
use simcard::clock::ClockSpec;
use simcard::fault::{self, Scheduled};
use simcard::spec::{CardSpec, EndpointSpec};
use simcard::wake::WakeSpec;
use simcard::{EndpointId, VirtualTime, Wish, World};

use self::host::Played;
use self::report::{LatencyParts, SimulateReport};
use self::witness::Facts;
use crate::wav::Wav;

const NS_PER_SECOND: u64 = 1_000_000_000;

/// Plays, writes what was asked for, and says how it went.
///
/// # Errors
/// Nothing could be played, a file could not be read or written, or the card did not play all of it.
pub fn simulate(arguments: &SimulateArguments) -> Result<()> {
    let wav = Arc::new(match &arguments.file {
        Some(path) => Wav::read(path)?,
        None => tune::tune(),
    });
    let script = script_of(&arguments.fault)?;
    let (time, endpoint) = machine(arguments, &wav, script.clone())?;
    let wish = Wish {
        period_frames: arguments.period,
        ..Wish::new(arguments.mode.usage())
    };
    let length_ns = wav.frames() as u64 * NS_PER_SECOND / u64::from(wav.rate_hz());
    let host = host::Host {
        time: Arc::clone(&time),
        endpoint,
        wish,
        wav: Arc::clone(&wav),
        block_frames: arguments.block,
        output: arguments.output.clone(),
        length_ns,
    };
    let played = host.play()?;
    let facts = played.witness.finish()?;
    let report = report_of(arguments, &wav, &played, &facts, &time, endpoint)?;
    if let Some(path) = &arguments.svg {
        std::fs::write(path, picture::draw(&report, &facts, length_ns))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    if arguments.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        println!("{report}");
    }
    ensure!(
        report.played_file_frames + report.skipped_frames == report.file_frames,
        "the card played {} of the file's {} frames: the device was gone meanwhile",
        report.played_file_frames,
        report.file_frames
    );
    Ok(())
}

fn script_of(lines: &[String]) -> Result<Vec<Scheduled>> {
    let parse = |line: &String| fault::parse_line(line).map_err(|why| anyhow!("{why}"));
    lines.iter().map(parse).collect()
}

/// A machine with one card that fits the file.
fn machine(
    arguments: &SimulateArguments,
    wav: &Wav,
    script: Vec<Scheduled>,
) -> Result<(Arc<VirtualTime>, EndpointId)> {
    ensure!(
        arguments.mode != Mode::Shared || arguments.period.is_none(),
        "in shared mode the period is the mixer's; leave --period out or use --mode low-latency"
    );
    ensure!(
        (0.0..=1e9).contains(&arguments.jitter_us),
        "--jitter-us needs a number from 0 to 1000000000"
    );
    let rate_hz = wav.rate_hz();
    let mut spec = EndpointSpec::stereo("OUT");
    spec.channels = u16::try_from(wav.channels().max(2))
        .ok()
        .context("the file has more channels than any card")?;
    spec.mix_rate_hz = rate_hz;
    if !spec.rates_hz.contains(&rate_hz) {
        spec.rates_hz.push(rate_hz);
    }
    let card = CardSpec {
        name: "CARD".to_owned(),
        clock: ClockSpec::with_ppm(arguments.ppm),
        wake: WakeSpec::jitter((arguments.jitter_us * 1000.0) as u64),
        render: Some(spec),
        capture: None,
    };
    let mut world = World::new(arguments.seed);
    let [endpoint, _] = world.add_card(&card).map_err(|why| anyhow!("{why}"))?;
    let endpoint = endpoint.context("the card has no output")?;
    world.set_script(script).map_err(|why| anyhow!("{why}"))?;
    Ok((Arc::new(VirtualTime::new(world)), endpoint))
}

fn report_of(
    arguments: &SimulateArguments,
    wav: &Wav,
    played: &Played,
    facts: &Facts,
    time: &VirtualTime,
    endpoint: EndpointId,
) -> Result<SimulateReport> {
    let rate_hz = wav.rate_hz();
    let format = facts.format.context("the card played nothing")?;
    let converter_frames =
        time.with(|world| world.spec(endpoint).map(|spec| spec.latency_frames))?;
    let timing = played.timing;
    let measured = facts.first_frame.zip(played.first_block);
    let drift_ppm = if facts.nominal_frames > 0.0 {
        facts.more_frames / facts.nominal_frames * 1e6
    } else {
        0.0
    };
    Ok(SimulateReport {
        mode: arguments.mode.name(),
        seed: arguments.seed,
        jitter_us: arguments.jitter_us,
        rate_hz,
        format: format.sample.name(),
        channels: format.channels,
        period_frames: timing.period_frames,
        block_frames: played.block_frames,
        latency: LatencyParts {
            device_queue_frames: timing.queued_frames,
            mixer_frames: timing.device_frames.saturating_sub(converter_frames),
            converter_frames,
            output_ready_frames: played
                .reported_frames
                .saturating_sub(timing.queued_frames + timing.device_frames),
        },
        reported_frames: played.reported_frames,
        measured_frames: measured
            .map(|(first, woken)| first - woken)
            .into_iter()
            .collect(),
        file_frames: wav.frames() as u64,
        played_file_frames: facts.file_frames,
        altered_frames: facts.altered_frames,
        dropouts: facts.dropouts,
        dropout_frames: facts.dropout_frames,
        overloads_told: played.overloads,
        returns: facts.returns,
        lost_frames: facts.lost_frames,
        skipped_frames: facts.skipped_frames,
        drift_ppm,
        drift_frames: facts.more_frames,
        resampler: None,
    })
}
