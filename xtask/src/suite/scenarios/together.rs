//! Two host programs at once in shared mode.

use anyhow::{Context, Result};

use super::super::{Leg, Passed, passed, stage::Stage};
use super::{SHARED, playback};
use crate::rig::Rig;
use crate::rig::playback::Playback;
use crate::rig::server::Sink;
use crate::rig::witness::{Watch, undisturbed};
use crate::sound::compare::compare;
use crate::sound::raw::RawFormat;
use crate::sound::{Sound, make};

const RATE_HZ: u32 = 48_000;
const FRAMES: usize = 96_000;
/// Wine starts a program at the expense of those that run; by then both have been started.
const BOTH_RUN_FRAMES: usize = 96_000;

/// The one leg.
pub fn legs() -> Vec<Leg> {
    vec![Leg::new("play: shared, two hosts at once", two_hosts)]
}

/// One plays on the left, one on the right, so that each is found whole in what the system mixes.
fn two_hosts(stage: &mut Stage<'_>) -> Result<Passed> {
    let watch = Watch::first(stage.paths);
    let rig = stage.rig_with_driver(SHARED.backend)?;
    let sink = Sink {
        format: RawFormat::Int16,
        rate_hz: RATE_HZ,
        channels: 2,
    };
    let how = Playback {
        host_api: "asio",
        device: Some(SHARED.name),
        backend: SHARED.backend,
        device_format: None,
        block_frames: 480,
        format: RawFormat::Int16,
        sink,
        tolerance_lsb: 1,
        record_from: None,
    };
    let noise = make::noise(RATE_HZ, 2, 16, FRAMES).between_silence(BOTH_RUN_FRAMES, 0);
    let sounds = [noise.only_channel(0), noise.only_channel(1)];

    let (arrived, tries) = undisturbed(
        &watch,
        || both(rig, &how, &sounds),
        |arrived| arrived.is_ok(),
    )?;
    arrived.with_context(|| tries.testimony())?;
    let remark = tries
        .remark()
        .map_or(String::new(), |remark| format!("; {remark}"));
    Ok(passed(format!("both whole{remark}")))
}

/// The inner result: whether both sounds arrived.
fn both(rig: &mut Rig<'_>, how: &Playback<'_>, sounds: &[Sound; 2]) -> Result<Result<()>> {
    let recorder = rig.record(how.sink)?;
    let left = rig.start_host(how, &sounds[0], "left")?;
    let right = rig.start_host(how, &sounds[1], "right")?;
    let ended = [left.finish(), right.finish()];
    let recorded = recorder.finish()?;
    for (channel, (sound, ended)) in sounds.iter().zip(ended).enumerate() {
        ended?;
        let found = compare(sound, &recorded.only_channel(channel), how.tolerance_lsb);
        if let Err(fault) = playback::demand(&found, how.tolerance_lsb) {
            return Ok(Err(fault));
        }
    }
    Ok(Ok(()))
}
