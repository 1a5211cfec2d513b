//! Hardware whose ASIO driver is in a process of its own, which keeps the router's time.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::super::super::{Passed, passed, stage::Stage};
use super::{CARDS, prepare};
use crate::captured;
use crate::process;
use crate::rig::card::Service;
use crate::rig::places::{self, Backend};
use crate::rig::router::Router;
use crate::rig::witness::{Watch, undisturbed};
use crate::routed::{ALL_RUN_FRAMES, CHANNELS, DRIVER, RATE_HZ, how, played_by};
use crate::sound::pieces::{Piece, pieces};
use crate::sound::{Sound, make};

const FRAMES: usize = 480_000;
/// The host is at work by then.
const UNDER_WAY: Duration = Duration::from_secs(5);
/// Sound is back so soon after the driver's process has died.
const AWAY_FRAMES_MAX: u64 = RATE_HZ as u64;
/// The hardware's two buffers.
const ECHO_FRAMES: u64 = 2 * 512;
const CONFIG: &str = "[router.sink.Interface]\nkind = \"asio\"\ndevice = \"Simcard Hardware\"\n\
                      isolated = true\n";

/// The driver's process is killed while a host plays: the router goes on, and the sound is back when another
/// was started. Until then and from then on it is the host's, bit by bit.
pub fn killed(stage: &mut Stage<'_>) -> Result<Passed> {
    let noise = make::noise(RATE_HZ, CHANNELS, 24, FRAMES);
    let sound = noise.between_silence(ALL_RUN_FRAMES, 0);
    let (heard, tries) = undisturbed(
        &Watch::between(stage.paths),
        || once(stage, &sound),
        |heard| away(heard, &sound).is_ok(),
    )?;
    let (before, lost, after) = away(&heard, &sound).with_context(|| tries.testimony())?;
    Ok(passed(format!(
        "{before} frames bit-exact, {lost} lost while another process was started, {after} bit-exact"
    )))
}

/// How much was heard before, lost, and heard after, of the pieces on each of the hardware's two streams.
fn away(heard: &[Vec<Piece>], sound: &Sound) -> Result<(u64, u64, u64)> {
    let [first, second] = heard else {
        bail!("it was heard on {} streams: {heard:?}", heard.len());
    };
    let ([before, echoes @ ..], [after]) = (&first[..], &second[..]) else {
        bail!("it was heard in pieces: {heard:?}");
    };
    // Hardware whose program has died plays its two buffers again and again.
    let is_echo =
        |piece: &Piece| piece.from + ECHO_FRAMES >= before.end() && piece.end() <= before.end();
    ensure!(
        echoes.iter().all(is_echo),
        "it was heard in pieces: {heard:?}"
    );
    ensure!(
        before.from <= ALL_RUN_FRAMES as u64 && after.end() == sound.frames() as u64,
        "frames {}..{} were heard",
        before.from,
        after.end()
    );
    let lost = after.from.saturating_sub(before.end());
    ensure!(
        lost <= AWAY_FRAMES_MAX,
        "{lost} frames were lost until the sound was back"
    );
    Ok((before.frames, lost, after.frames))
}

fn once(stage: &mut Stage<'_>, sound: &Sound) -> Result<Vec<Vec<Piece>>> {
    let (card, product) = prepare(stage)?;
    let config = stage.paths.rig().join("router-isolated.toml");
    // Beside the cycle: programs that start take time from those in it.
    let text = format!("[profile.{DRIVER:?}]\nhand_over = \"pipelined\"\n\n{CONFIG}");
    fs::write(&config, text).context("cannot write the configuration")?;
    stage.rig()?.wine(Backend::Card)?.use_config(Some(&config));
    let service = Service::start_as(stage.rig()?, &card, Some(CARDS))?;
    let outcome = Router::start(stage.rig()?, &product)
        .and_then(|router| play(stage, sound, router, &product));
    stage.rig()?.wine(Backend::Card)?.use_config(None);
    let (report, folder) = service.finish(stage.rig()?, &card)?;
    outcome?;
    let played = played_by(&report, &folder, Some("HW OUT"))?;
    let heard = played.iter().map(|played| pieces(sound, played));
    let heard = heard.filter(|pieces| !pieces.as_ref().is_ok_and(Vec::is_empty));
    heard.collect()
}

fn play(stage: &mut Stage<'_>, sound: &Sound, router: Router, product: &Path) -> Result<()> {
    let host = stage.rig()?.start_host(&how(), sound, "router-isolated")?;
    captured::pause(UNDER_WAY)?;
    let prefix = places::prefix(stage.paths, Backend::Card);
    let pid = process_of_driver(&prefix)?;
    process::signal(pid, "KILL");
    host.finish()?;
    let output = router.finish(stage.rig()?, product)?;
    ensure!(output.status.success(), "{}", output.last_words());
    Ok(())
}

/// The number of the driver's process in that prefix, which is the router's child and not ours.
fn process_of_driver(prefix: &Path) -> Result<u32> {
    let prefix = format!("WINEPREFIX={}", prefix.display());
    let holds = |file: &Path, wanted: &dyn Fn(&str) -> bool| {
        let bytes = fs::read(file).unwrap_or_default();
        let words = bytes.split(|byte| *byte == 0);
        words.map(String::from_utf8_lossy).any(|word| wanted(&word))
    };
    for entry in fs::read_dir("/proc").context("there is no /proc")? {
        let folder = entry?.path();
        let number = folder
            .file_name()
            .and_then(|name| name.to_str()?.parse().ok());
        let Some(number) = number else { continue };
        let is_driver = holds(&folder.join("cmdline"), &|word| word == "host-driver");
        if is_driver && holds(&folder.join("environ"), &|word| word == prefix) {
            return Ok(number);
        }
    }
    bail!("the driver is in no process of its own")
}
