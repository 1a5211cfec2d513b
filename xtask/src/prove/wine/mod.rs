//! Wine's own shared mode: from a program's being asked for a block to the sound server's monitor, for
//! the driver, PortAudio's WASAPI and a bare WASAPI program in turns.

mod journey;
mod players;
mod timeline;

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::bench::delay::RATE_HZ;
use crate::paths::{DEFAULT_TARGET, Paths};
use crate::process::Hurry;
use crate::rig::Rig;
use crate::rig::places::Backend;
use crate::rig::server::Sink;
use crate::sound::raw::RawFormat;
use crate::{build, progress};
use journey::{CHANNELS, Journey};
use players::{PLAYERS, Player, stalled};

const SINK: Sink = Sink {
    format: RawFormat::Float32,
    rate_hz: RATE_HZ,
    channels: CHANNELS,
};
/// The host's block, which is the period of Wine's mixer.
const BLOCK_FRAMES: u32 = 480;
/// So many blocks after a stall the latency has to be what it was: a second's.
const SETTLED_AFTER: usize = (RATE_HZ / BLOCK_FRAMES) as usize;

/// All programs in turns, so often and for so many seconds, and as often the driver with a host that
/// stalls.
///
/// # Errors
/// A program fails, or nothing of its sound is heard.
pub fn measure(paths: &Paths, (repeats, seconds): (usize, usize)) -> Result<Value> {
    build::rig_programs(paths)?;
    let driver = build::product(paths, DEFAULT_TARGET, true)?.join("asio2wasapi.dll");
    let card = build::card(paths)?;
    // Wine gives no thread real-time priority, Windows does: without it the machine is measured.
    let _hurry = Hurry::begin();
    let rig = &mut Rig::start(paths)?;
    rig.wine(Backend::Pulse)?.register(&driver, true)?;
    let mut rows: Vec<(Player, Vec<Value>)> = PLAYERS
        .map(|player| (player, Vec::new()))
        .into_iter()
        .collect();
    let mut stalls = Vec::new();
    for repeat in 1..=repeats {
        for (player, runs) in &mut rows {
            let what = format!("{repeat}/{repeats}: {}", player.name());
            let run = progress::step(&what, || undisturbed(rig, &card, *player, seconds))?;
            runs.push(run);
        }
        let what = format!("{repeat}/{repeats}: a host that stalls");
        stalls.push(progress::step(&what, || stall(rig, seconds))?);
    }
    let rows: Vec<Value> = rows
        .into_iter()
        .map(|(player, runs)| json!({ "player": player.name(), "runs": runs }))
        .collect();
    Ok(json!({
        "block_frames": BLOCK_FRAMES, "seconds": seconds, "players": rows, "stalls": stalls,
    }))
}

fn undisturbed(rig: &mut Rig<'_>, card: &Path, player: Player, seconds: usize) -> Result<Value> {
    let played = players::play(rig, card, player, seconds)?;
    let journey = Journey::of(&played);
    let frames = journey.p50(|_| true);
    Ok(json!({
        "frames": frames.context("nothing of the sound was heard as it was sent")?,
        "told_frames": played.told_frames,
        "dropouts": journey.dropouts,
    }))
}

/// A stall in the middle of the sound.
fn stall(rig: &mut Rig<'_>, seconds: usize) -> Result<Value> {
    let (played, stall) = stalled(rig, seconds)?;
    let journey = Journey::of(&played);
    let before = journey.p50(|index| index < stall.at_callback);
    let after = journey.p50(|index| index >= stall.at_callback + SETTLED_AFTER);
    Ok(json!({
        "before_frames": before.context("nothing was heard before the stall")?,
        "after_frames": after.context("nothing was heard a second after the stall")?,
        "overloads": stall.overloads,
    }))
}
