//! One round trip over the card's cable.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::delay::{RATE_HZ, numbers};
use super::measure::{CHANNELS, SPARE, bare, format, lead_in_frames, playback, sound};
use super::round_trip::{Journey, Moment, RoundTrip};
use super::rows::{Player, Row};
use crate::captured;
use crate::rig::Rig;
use crate::rig::card::Service;
use crate::rig::places;

/// Seconds of sound in a round trip.
pub const SECONDS: usize = 3;

/// The bare program's report.
#[derive(Deserialize)]
struct BareReport {
    handed: Vec<Moment>,
    taken: Vec<Moment>,
}

/// As the usual card. A program that polls gets the room that it counts on, also where it asks for
/// less: PortAudio, which polls when it plays and records at once.
const CARD: &str =
    "card Simulated Card\n render OUT\n capture IN\n timer-periods 6\ncable OUT 1 2 -> IN 1 2\n";

/// Plays and records at once, on a card of its own.
///
/// # Errors
/// A program fails, or nothing comes back.
pub fn measure(rig: &mut Rig<'_>, card: &Path, row: &Row) -> Result<RoundTrip> {
    let service = Service::start_as(rig, card, Some(CARD))?;
    let journey = match row.player {
        Player::Bare => of_bare(rig, card, row),
        Player::PortAudio | Player::Ours | Player::Other => of_host(rig, row),
    };
    // A failed run's card must end, too.
    let ended = service.finish(rig, card);
    let found = journey?.finish(SECONDS * RATE_HZ as usize);
    ended?;
    found.context("nothing of the sound came back over the cable")
}

fn of_bare(rig: &mut Rig<'_>, card: &Path, row: &Row) -> Result<Journey> {
    let paths = rig.paths;
    let recording = paths.rig().join("bench-recording.raw");
    let mut duplex = bare(rig, card, "duplex", row, &sound(SECONDS))?;
    duplex.args(["--capture-device", "IN"]);
    duplex.args(["--output", &places::windows_path(&recording)]);
    let limit = Duration::from_secs(SECONDS as u64) + SPARE;
    let log = places::logs(paths).join("bench-duplex");
    let output = captured::succeed(&mut duplex, &log, limit)?;
    let report: BareReport =
        serde_json::from_str(&output.stdout).context("the bare program's report is unclear")?;
    Ok(Journey {
        handed: report.handed,
        taken: report.taken,
        lead_in_frames: 0,
        recorded: recorded(&recording, row)?,
    })
}

fn of_host(rig: &mut Rig<'_>, row: &Row) -> Result<Journey> {
    let mut how = playback(row)?;
    // An ASIO host has one driver for both directions.
    how.record_from = Some(row.driver.as_deref().unwrap_or("IN"));
    let host = rig.start_host(&how, &sound(SECONDS), "bench-duplex")?;
    let recording = host.recording();
    let report = host.finish()?;
    let block_frames = u64::from(how.block_frames);
    let moment = |(index, &time_ns)| Moment {
        first_frame: index * block_frames,
        time_ns,
    };
    let callbacks: Vec<Moment> = (0..).zip(&report.callback_times_ns).map(moment).collect();
    Ok(Journey {
        handed: callbacks.clone(),
        taken: callbacks,
        lead_in_frames: lead_in_frames() as u64,
        recorded: recorded(&recording, row)?,
    })
}

/// The numbers in a recording.
fn recorded(file: &Path, row: &Row) -> Result<Vec<u32>> {
    let bytes = fs::read(file).with_context(|| format!("there is no {}", file.display()))?;
    Ok(numbers(&format(row).decode(&bytes), CHANNELS))
}
