//! On the simulated card in real time: what Wine's own devices have not, exclusive streams with
//! events above all. The card itself writes down what it played.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::super::{Leg, Passed, passed, stage::Stage};
use super::{EXCLUSIVE, SHARED, hardware, playback};
use crate::captured::{self, Running};
use crate::rig::card::{Report, Service};
use crate::rig::places::{self, Backend};
use crate::rig::playback::Playback;
use crate::rig::server::Sink;
use crate::rig::witness::{Watch, undisturbed};
use crate::sound::compare::Comparison;
use crate::sound::raw::RawFormat::{self, Float32, Int16, Int32};
use crate::sound::{Sound, make};

const RATE_HZ: u32 = 48_000;
const CHANNELS: u16 = 2;
const FRAMES: usize = 72_000;
const LIMIT: Duration = Duration::from_secs(60);

/// Which program plays.
#[derive(Clone, Copy)]
enum Player {
    /// PortAudio's own WASAPI, nothing of ours: shows that the card is one that others play on.
    PortAudio(&'static str),
    /// PortAudio's ASIO on one of our drivers.
    Ours(super::Driver),
    /// PortAudio's ASIO on the hardware that has a driver of its own.
    Hardware,
}

/// Player, block, and what the host hands over.
const ROWS: &[(Player, u32, RawFormat)] = &[
    (Player::PortAudio("wasapi-exclusive"), 480, Int32),
    (Player::PortAudio("wasapi-shared"), 480, Float32),
    (Player::Ours(EXCLUSIVE), 512, Int32),
    (Player::Ours(EXCLUSIVE), 480, Int16),
    (Player::Ours(EXCLUSIVE), 2048, Int32),
    (Player::Ours(SHARED), 480, Int16),
    (Player::Hardware, 256, Int32),
    (Player::Hardware, 1024, Int16),
];

/// Playing, the documented answers, and a device that another program holds.
pub fn legs() -> Vec<Leg> {
    let mut legs: Vec<Leg> = ROWS
        .iter()
        .map(|&(player, block_frames, format)| {
            let who = match player {
                Player::PortAudio(api) => format!("PortAudio's {api}"),
                Player::Ours(driver) => driver.way.to_owned(),
                Player::Hardware => "hardware".to_owned(),
            };
            let name = format!("card: {who}, block {block_frames}, {}", format.name());
            Leg::new(name, move |stage| play(stage, player, block_frames, format))
        })
        .collect();
    legs.push(Leg::new("card: answers as documented", answers));
    legs.push(Leg::new("card: a device that is in use", in_use));
    legs
}

fn play(
    stage: &mut Stage<'_>,
    player: Player,
    block_frames: u32,
    format: RawFormat,
) -> Result<Passed> {
    let (host_api, device) = match player {
        Player::PortAudio(api) => (api, "OUT"),
        Player::Ours(driver) => ("asio", driver.name),
        Player::Hardware => ("asio", hardware::NAME),
    };
    let programs = stage.card()?;
    stage.rig_with_driver(Backend::Card)?;
    let how = Playback {
        host_api,
        device: Some(device),
        backend: Backend::Card,
        device_format: None,
        block_frames,
        format,
        // The card takes the sink's place.
        sink: Sink {
            format,
            rate_hz: RATE_HZ,
            channels: CHANNELS,
        },
        tolerance_lsb: 0,
        record_from: None,
    };
    let noise = make::noise(RATE_HZ, CHANNELS, format.bits(), FRAMES);
    let ((found, report), tries) = undisturbed(
        &Watch::each_alone(stage.paths),
        || play_once(stage, &programs, &how, &noise),
        |(found, _)| found.is_complete(),
    )?;
    playback::demand(&found, 0).with_context(|| tries.testimony())?;
    ensure!(
        report.disagreements == 0,
        "card and model disagree {} times",
        report.disagreements
    );
    let heard = report
        .streams
        .iter()
        .find_map(|stream| Some((&stream.mode, stream.latency_frames.as_ref()?.p50)));
    let (mode, latency) = heard.context("the card's report tells no latency")?;
    let remark = tries
        .remark()
        .map_or(String::new(), |remark| format!("; {remark}"));
    Ok(passed(format!(
        "bit-exact, {mode}, {latency} frames from hand-over to DAC (median){remark}"
    )))
}

fn play_once(
    stage: &mut Stage<'_>,
    programs: &Path,
    how: &Playback<'_>,
    sound: &Sound,
) -> Result<(Comparison, Report)> {
    let service = Service::start(stage.rig()?, programs)?;
    let host = stage.rig()?.start_host(how, sound, "card")?.finish();
    let (report, folder) = service.finish(stage.rig()?, programs)?;
    host?;
    Ok((report.played(&folder, sound)?, report))
}

/// A bare WASAPI program asks what is documented.
fn answers(stage: &mut Stage<'_>) -> Result<Passed> {
    let programs = stage.card()?;
    let service = Service::start(stage.rig()?, &programs)?;
    let paths = stage.paths;
    let mut check = stage
        .rig()?
        .wine(Backend::Card)?
        .command(programs.join("wasapi-client.exe"));
    check.arg("check");
    let output = captured::capture(&mut check, &places::logs(paths).join("card-check"), LIMIT)?;
    service.finish(stage.rig()?, &programs)?;
    if !output.status.success() {
        bail!("{}", output.last_words());
    }
    let good = output.stdout.matches("\"good\":true").count();
    ensure!(good > 0, "the program checked nothing");
    Ok(passed(format!("{good} answers")))
}

/// One program has the device to itself; ours says so in one sentence and fails.
fn in_use(stage: &mut Stage<'_>) -> Result<Passed> {
    let programs = stage.card()?;
    let product = stage.product()?;
    stage.rig_with_driver(Backend::Card)?;
    let service = Service::start(stage.rig()?, &programs)?;
    let outcome = refused_while_held(stage, &programs, &product);
    service.finish(stage.rig()?, &programs)?;
    outcome
}

fn refused_while_held(stage: &mut Stage<'_>, programs: &Path, product: &Path) -> Result<Passed> {
    let paths = stage.paths;
    let rig_folder = paths.rig();
    let sound = make::noise(RATE_HZ, CHANNELS, 32, 6 * RATE_HZ as usize);
    let raw = rig_folder.join("card-holder.raw");
    fs::write(&raw, Int32.encode(&sound.samples)).context("cannot write the holder's sound")?;
    let wav = rig_folder.join("card-second.wav");
    crate::sound::wav::write(&wav, &make::noise(RATE_HZ, CHANNELS, 16, 4800))?;

    let wine = stage.rig()?.wine(Backend::Card)?;
    let mut hold = wine.command(programs.join("wasapi-client.exe"));
    hold.args(["play", "--how", "exclusive", "--format", "int32"]);
    hold.args(["--input", &places::windows_path(&raw)]);
    let holder = Running::start(&mut hold, &places::logs(paths).join("card-holder"))?;
    captured::pause(Duration::from_secs(2))?;
    let mut play = wine.command(product.join("asio2wasapi.exe"));
    play.args(["play", &places::windows_path(&wav)]);
    play.args(["--driver", EXCLUSIVE.name]);
    let output = captured::capture(&mut play, &places::logs(paths).join("card-second"), LIMIT)?;
    holder.finish(LIMIT)?;
    let said = output.stderr.trim();
    ensure!(
        output.status.code() == Some(1),
        "it ended with {}",
        output.status
    );
    ensure!(
        said.lines().count() == 1 && said.contains("AUDCLNT_E_DEVICE_IN_USE"),
        "one sentence that says that the device is in use is wanted, but it said: {said}"
    );
    ensure!(
        said.contains("wasapi-client.exe"),
        "the program that has the device is not named: {said}"
    );
    Ok(passed(said))
}
