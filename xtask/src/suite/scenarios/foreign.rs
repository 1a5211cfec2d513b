//! WASAPI programs that we did not write, PortAudio and SDL, play and record over the simulated
//! card's cable: what they record must be what they played. It shows that the card is one for
//! everybody. PortAudio does the same over the cable of an ASIO driver that the tests bring along.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::super::{Leg, Passed, passed, stage::Stage};
use super::playback;
use crate::captured::{self, Running};
use crate::rig::card::{Report, Service};
use crate::rig::places::{self, Backend};
use crate::rig::playback::{HostReport, LEAD_IN, Playback};
use crate::rig::server::Sink;
use crate::rig::witness::{Tries, Watch, undisturbed};
use crate::sound::compare::{Comparison, compare};
use crate::sound::raw::RawFormat::{self, Float32, Int16, Int24, Int32};
use crate::sound::{Sound, make};

const RATE_HZ: u32 = 48_000;
const CHANNELS: u16 = 2;
const BLOCK_FRAMES: u32 = 480;
const FRAMES: usize = 72_000;
const LIMIT: Duration = Duration::from_secs(60);

/// How PortAudio plays and records at once. It polls then.
#[derive(Clone, Copy)]
struct Way {
    host_api: &'static str,
    format: RawFormat,
    /// The card's description; none: the usual one.
    card: Option<&'static str>,
    /// Options of the host program.
    options: &'static [&'static str],
}

/// PortAudio counts on six periods in the recording buffer. It begins with nothing in hand for the
/// device, so that each callback that is later than all before is heard; one that is very late while
/// there is silence puts an end to that.
const fn exclusive(format: RawFormat) -> Way {
    Way {
        host_api: "wasapi-exclusive",
        format,
        card: Some(
            "card Simulated Card\n render OUT\n capture IN\n timer-periods 6\ncable OUT 1 2 -> IN 1 2\n",
        ),
        options: &["--stall-ms", "15", "--stall-at-callback", "4"],
    }
}

const BOTH_WAYS: [Way; 4] = [
    exclusive(Int32),
    exclusive(Int24),
    exclusive(Int16),
    Way {
        host_api: "wasapi-shared",
        format: Float32,
        card: None,
        options: &[],
    },
];

/// All of them.
pub fn legs() -> Vec<Leg> {
    let both_ways = |way: Way| {
        let (host_api, format) = (way.host_api, way.format.name());
        let name = format!("cable: PortAudio's {host_api} both ways, {format}");
        Leg::new(name, move |stage| both_ways(stage, way))
    };
    let mut legs: Vec<Leg> = BOTH_WAYS.into_iter().map(both_ways).collect();
    let name = "cable: PortAudio's wasapi-exclusive, one program plays, one records";
    legs.push(Leg::new(name, one_each));
    legs.push(Leg::new(
        "cable: PortAudio's asio both ways",
        asio_both_ways,
    ));
    legs.push(Leg::new("cable: SDL both ways", sdl_on_the_card));
    legs.push(Leg::new("play: SDL on Wine's own WASAPI", sdl_on_wine));
    legs
}

/// What came over the cable.
struct Heard {
    comparison: Comparison,
    card: Report,
}

impl Heard {
    fn is_whole(&self) -> bool {
        self.comparison.is_complete()
    }

    /// Exact, and nothing for the card to complain of.
    fn demand(&self, tries: &Tries) -> Result<()> {
        playback::demand(&self.comparison, 0).with_context(|| tries.testimony())?;
        let disagreements = self.card.disagreements;
        ensure!(
            disagreements == 0,
            "card and model disagree {disagreements} times"
        );
        Ok(())
    }

    /// Frames from the callback's memory back into it.
    fn round_trip_frames(&self) -> Result<usize> {
        let found = self.comparison.begin_in_recording;
        let behind = found.and_then(|begin| begin.checked_sub(lead_in_frames()));
        behind.context("the sound was heard before it was played")
    }
}

fn lead_in_frames() -> usize {
    RATE_HZ as usize * LEAD_IN.as_millis() as usize / 1000
}

fn remark(tries: &Tries) -> String {
    tries
        .remark()
        .map_or(String::new(), |remark| format!("; {remark}"))
}

fn kind(format: RawFormat) -> Sink {
    Sink {
        format,
        rate_hz: RATE_HZ,
        channels: CHANNELS,
    }
}

fn sound_of(path: &Path, format: RawFormat) -> Result<Sound> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Sound {
        rate_hz: RATE_HZ,
        channels: CHANNELS,
        bits: format.bits(),
        samples: format.decode(&bytes),
    })
}

fn with_portaudio(host_api: &str, format: RawFormat) -> Playback<'_> {
    Playback {
        host_api,
        device: Some("OUT"),
        backend: Backend::Card,
        device_format: None,
        block_frames: BLOCK_FRAMES,
        format,
        // The card takes the sink's place.
        sink: kind(format),
        tolerance_lsb: 0,
        record_from: None,
    }
}

/// One PortAudio stream plays and records.
fn both_ways(stage: &mut Stage<'_>, way: Way) -> Result<Passed> {
    let programs = stage.card()?;
    let noise = make::noise(RATE_HZ, CHANNELS, way.format.bits(), FRAMES);
    let ((heard, host), tries) = undisturbed(
        &Watch::each_alone(stage.paths),
        || both_ways_once(stage, &programs, way, &noise),
        |(heard, _)| heard.is_whole(),
    )?;
    heard.demand(&tries)?;
    let told_in = told_input(&host)?;
    Ok(passed(format!(
        "bit-exact, round trip {} frames, told {told_in} in + {} out{}",
        heard.round_trip_frames()?,
        host.reported_output_latency_frames,
        remark(&tries)
    )))
}

fn told_input(host: &HostReport) -> Result<u64> {
    let recorded = host.recorded.as_ref();
    let told = recorded.and_then(|recorded| recorded.reported_input_latency_frames);
    told.context("PortAudio told no input latency")
}

fn both_ways_once(
    stage: &mut Stage<'_>,
    programs: &Path,
    way: Way,
    sound: &Sound,
) -> Result<(Heard, HostReport)> {
    let rig = stage.rig()?;
    let service = Service::start_as(rig, programs, way.card)?;
    let how = Playback {
        record_from: Some("IN"),
        ..with_portaudio(way.host_api, way.format)
    };
    let host = rig.start_host_with(&how, sound, "cable", way.options)?;
    let recording = host.recording();
    let host = host.finish();
    // A failed run's card must end, too.
    let (card, _) = service.finish(rig, programs)?;
    let host = host?;
    let comparison = compare(sound, &sound_of(&recording, way.format)?, 0);
    Ok((Heard { comparison, card }, host))
}

/// A program for each direction: then PortAudio follows the device's events.
fn one_each(stage: &mut Stage<'_>) -> Result<Passed> {
    let programs = stage.card()?;
    let noise = make::noise(RATE_HZ, CHANNELS, 32, FRAMES);
    let how = with_portaudio("wasapi-exclusive", Int32);
    let ((heard, told_in), tries) = undisturbed(
        &Watch::each_alone(stage.paths),
        || one_each_once(stage, &programs, &how, &noise),
        |(heard, _)| heard.is_whole(),
    )?;
    heard.demand(&tries)?;
    let streams = &heard.card.streams;
    let by_events = streams
        .iter()
        .filter(|stream| stream.mode == "exclusive-event");
    let directions = by_events.map(|stream| stream.renders);
    let directions: Vec<bool> = directions.collect();
    ensure!(
        directions.contains(&true) && directions.contains(&false),
        "not both programs used the device exclusively with events"
    );
    Ok(passed(format!(
        "bit-exact by events, told {told_in} in{}",
        remark(&tries)
    )))
}

fn one_each_once(
    stage: &mut Stage<'_>,
    programs: &Path,
    how: &Playback<'_>,
    sound: &Sound,
) -> Result<(Heard, u64)> {
    let service = Service::start(stage.rig()?, programs)?;
    let both = record_and_play(stage, how, sound);
    let (card, _) = service.finish(stage.rig()?, programs)?;
    let (host, recording) = both?;
    let comparison = compare(sound, &sound_of(&recording, how.format)?, 0);
    Ok((Heard { comparison, card }, told_input(&host)?))
}

fn record_and_play(
    stage: &mut Stage<'_>,
    how: &Playback<'_>,
    sound: &Sound,
) -> Result<(HostReport, PathBuf)> {
    /// Twice what both programs need to start, and the sound.
    const RECORDED_FRAMES: u32 = 7 * RATE_HZ;
    let paths = stage.paths;
    let [recording, report] =
        ["cable-recording.raw", "cable-recorder.json"].map(|name| paths.rig().join(name));
    for old in [&recording, &report] {
        let _ = fs::remove_file(old);
    }
    let rig = stage.rig()?;
    let program = places::programs(paths).join("pa-host.exe");
    let mut recorder = rig.wine(Backend::Card)?.command(program);
    let library = places::windows_path(&places::portaudio(paths));
    recorder.args(["--library", &library, "record"]);
    recorder.args(["--host-api", how.host_api, "--device", "IN"]);
    recorder.args(["--rate", &RATE_HZ.to_string()]);
    recorder.args(["--block", &BLOCK_FRAMES.to_string()]);
    recorder.args(["--format", how.format.name()]);
    recorder.args(["--channels", &CHANNELS.to_string()]);
    recorder.args(["--frames", &RECORDED_FRAMES.to_string()]);
    recorder.args(["--output", &places::windows_path(&recording)]);
    recorder.args(["--report", &places::windows_path(&report)]);
    let recorder = Running::start(&mut recorder, &places::logs(paths).join("cable-recorder"))?;
    captured::pause(Duration::from_millis(1500))?;
    let player = rig.start_host(how, sound, "cable")?.finish();
    let recorded = recorder.finish(LIMIT)?;
    player?;
    ensure!(
        recorded.status.success(),
        "the program that records failed: {}",
        recorded.last_words()
    );
    let text = fs::read_to_string(&report).context("the program that records left no report")?;
    let report = serde_json::from_str(&text).context("the recorder's report is unclear")?;
    Ok((report, recording))
}

/// The sound one of the drivers that judge the validator plays its first output back on its inputs,
/// two blocks later.
fn asio_both_ways(stage: &mut Stage<'_>) -> Result<Passed> {
    let dll = stage.broken_driver()?;
    stage.rig()?.wine(Backend::Pulse)?.register(&dll, true)?;
    let heard = asio_both_ways_once(stage);
    stage.rig()?.wine(Backend::Pulse)?.register(&dll, false)?;
    heard
}

fn asio_both_ways_once(stage: &mut Stage<'_>) -> Result<Passed> {
    const BLOCK: u32 = 256;
    let driver = "Fixture sound";
    let noise = make::noise(RATE_HZ, 1, 32, FRAMES).on_both_sides();
    let how = Playback {
        device: Some(driver),
        backend: Backend::Pulse,
        block_frames: BLOCK,
        record_from: Some(driver),
        ..with_portaudio("asio", Int32)
    };
    let host = stage.rig()?.start_host(&how, &noise, "cable")?;
    let recording = host.recording();
    let told = host.finish()?;
    let found = compare(&noise, &sound_of(&recording, Int32)?, 0);
    playback::demand(&found, 0)?;
    let round_trip = found.begin_in_recording.unwrap_or(0) as i64 - lead_in_frames() as i64;
    ensure!(
        round_trip == i64::from(2 * BLOCK),
        "the round trip is {round_trip} frames, not two blocks of {BLOCK}"
    );
    Ok(passed(format!(
        "bit-exact, round trip {round_trip} frames, told {} in + {} out",
        told_input(&told)?,
        told.reported_output_latency_frames
    )))
}

/// What the card played is compared, too.
fn sdl_on_the_card(stage: &mut Stage<'_>) -> Result<Passed> {
    let programs = stage.card()?;
    let noise = make::noise(RATE_HZ, CHANNELS, 24, FRAMES);
    let ((heard, played, version), tries) = undisturbed(
        &Watch::each_alone(stage.paths),
        || sdl_on_the_card_once(stage, &programs, &noise),
        |(heard, played, _)| heard.is_whole() && played.is_complete(),
    )?;
    playback::demand(&played, 0)
        .context("on the card")
        .with_context(|| tries.testimony())?;
    heard.demand(&tries)?;
    let mut streams = heard.card.streams.iter();
    let told = streams.find_map(|stream| Some((&stream.mode, stream.latency_frames?.p50)));
    let (mode, latency) = told.context("the card's report tells no latency")?;
    Ok(passed(format!(
        "{version}, bit-exact on the card and in the recording, {mode}, {latency} frames from \
         hand-over to DAC (median){}",
        remark(&tries)
    )))
}

fn sdl_on_the_card_once(
    stage: &mut Stage<'_>,
    programs: &Path,
    sound: &Sound,
) -> Result<(Heard, Comparison, String)> {
    let service = Service::start(stage.rig()?, programs)?;
    let host = stage
        .rig()?
        .start_sdl(Backend::Card, kind(Float32), sound, true)?
        .finish();
    let (card, folder) = service.finish(stage.rig()?, programs)?;
    let (report, recorded) = host?;
    let played = card.played(&folder, sound)?;
    let comparison = compare(sound, &recorded, 0);
    Ok((Heard { comparison, card }, played, report.library_version))
}

/// On Wine's devices the sound server records.
fn sdl_on_wine(stage: &mut Stage<'_>) -> Result<Passed> {
    let rig = stage.rig()?;
    let watch = rig.watch(Backend::Pulse)?;
    let noise = make::noise(RATE_HZ, CHANNELS, 24, FRAMES);
    let play = || {
        let recorder = rig.record(kind(Float32))?;
        let host = rig
            .start_sdl(Backend::Pulse, kind(Float32), &noise, false)?
            .finish();
        // What was recorded of a failed run says nothing, but the recording must be ended.
        let recorded = recorder.finish()?;
        let (report, _) = host?;
        Ok((compare(&noise, &recorded, 0), report))
    };
    let ((found, report), tries) = undisturbed(&watch, play, |(found, _)| found.is_complete())?;
    playback::demand(&found, 0).with_context(|| tries.testimony())?;
    Ok(passed(format!(
        "{}, bit-exact, blocks of {} frames{}",
        report.library_version,
        report.block_frames,
        remark(&tries)
    )))
}
