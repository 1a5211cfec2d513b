//! Programs that play through the router to the simulated card: their sounds, and what the card heard.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::bench::measure::measure_on;
use crate::bench::rows::{Player, Row};
use crate::rig::Rig;
use crate::rig::card::Report;
use crate::rig::places::Backend;
use crate::rig::playback::Playback;
use crate::rig::router;
use crate::rig::server::Sink;
use crate::sound::compare::{Comparison, compare};
use crate::sound::raw::RawFormat;
use crate::sound::{Sound, make};

/// Frames per second of everything here.
pub const RATE_HZ: u32 = 48_000;
/// Of every sound.
pub const CHANNELS: u16 = 2;
/// The hosts' block, which is the card's period.
pub const BLOCK_FRAMES: u32 = 480;
/// As hosts list it.
pub const DRIVER: &str = "ASIO2WASAPI Router";
/// Wine starts a program at the expense of those that run; by then all have been started.
pub const ALL_RUN_FRAMES: usize = 96_000;
/// How far a latency may be off that is told by two clocks, in frames: a third of a millisecond.
const OFF_FRAMES_MAX: i64 = 16;

/// Sounds whose sum tells both: one in the upper bits, one in the lower.
pub fn two_sounds(frames: usize) -> [Sound; 2] {
    let made = |bits: u32, shift: u32| {
        let mut sound = make::noise(RATE_HZ, CHANNELS, bits, frames);
        for sample in &mut sound.samples {
            *sample >>= shift;
        }
        sound.bits = 24;
        sound.between_silence(ALL_RUN_FRAMES, 0)
    };
    [made(12, 1), made(8, 13)]
}

/// The two sounds of a sum.
pub fn split(sum: &Sound) -> [Sound; 2] {
    const STEP_BITS: u32 = 19;
    let upper =
        |sample: i32| (sample.saturating_add(1 << (STEP_BITS - 1)) >> STEP_BITS) << STEP_BITS;
    let with = |part: &dyn Fn(i32) -> i32| Sound {
        samples: sum.samples.iter().map(|sample| part(*sample)).collect(),
        ..*sum
    };
    [with(&upper), with(&|sample| sample - upper(sample))]
}

/// All that the card's DACs played, piece by piece.
pub fn played(report: &Report, folder: &Path) -> Result<Vec<Sound>> {
    played_by(report, folder, None)
}

/// All that one of them played, or all of them.
pub fn played_by(report: &Report, folder: &Path, endpoint: Option<&str>) -> Result<Vec<Sound>> {
    let mut sounds = Vec::new();
    let tracks = report.tracks.iter().filter(|track| track.played);
    for track in tracks.filter(|track| endpoint.is_none_or(|name| track.endpoint == name)) {
        let Some(format) = RawFormat::from_name(&track.sample) else {
            continue;
        };
        let bytes = fs::read(folder.join(&track.file))
            .with_context(|| format!("the card left no {}", track.file))?;
        sounds.push(Sound {
            rate_hz: track.rate_hz,
            channels: track.channels,
            bits: format.bits(),
            samples: format.decode(&bytes),
        });
    }
    Ok(sounds)
}

/// What was found of one of the two sounds, in the piece that has most of it.
pub fn found(sounds: &[Sound], which: usize, sound: &Sound) -> Comparison {
    let found = sounds
        .iter()
        .map(|played| compare(sound, &split(played)[which], 0));
    found
        .max_by_key(|found| found.frames_found)
        .unwrap_or_default()
}

/// How PortAudio plays through the router.
pub fn how() -> Playback<'static> {
    let format = RawFormat::Int32;
    Playback {
        host_api: "asio",
        device: Some(DRIVER),
        backend: Backend::Card,
        device_format: None,
        block_frames: BLOCK_FRAMES,
        format,
        // The card takes the sink's place.
        sink: Sink {
            format,
            rate_hz: RATE_HZ,
            channels: CHANNELS,
        },
        tolerance_lsb: 0,
        record_from: None,
    }
}

/// What the router plays on while latencies are taken.
pub struct Under {
    /// The driver that plays on the same device without the router.
    alone: &'static str,
    /// What the simulated machine is; none: what it is without a description.
    machine: Option<&'static str>,
    /// The router's part of the configuration.
    router: &'static str,
    /// The device's period and the host's block.
    pub block_frames: u32,
}

/// A card in exclusive mode.
pub const ON_CARD: Under = Under {
    alone: "ASIO2WASAPI Exclusive",
    machine: None,
    router: "[router]\ncycle_frames = 512\n\
             [router.sink.Out]\nkind = \"device\"\ndevice = \"default\"\nmode = \"exclusive\"\n",
    block_frames: 512,
};

/// Another maker's ASIO driver keeps the time.
pub const ON_HARDWARE: Under = Under {
    alone: "Simcard Hardware",
    machine: Some(MACHINE),
    router: "[router.sink.Interface]\nkind = \"asio\"\ndevice = \"Simcard Hardware\"\n",
    block_frames: 64,
};

/// A card, another beside it, and hardware with an ASIO driver and short blocks.
pub const MACHINE: &str = "card Simulated Card\n render OUT\n capture IN\n\
                           card Spare Card\n render SPARE\n\
                           hardware Simcard Hardware\n blocks 64\n render HW OUT\n capture HW IN\n";

/// Frames from a program's callback to the DAC, and as the driver tells them.
#[derive(Clone, Debug)]
pub struct Latencies {
    /// The driver alone, then through the router inside the cycle and beside it: measured, told.
    pub rows: [(u64, u64); 3],
    block_frames: u32,
}

const WAYS: [&str; 3] = ["the driver alone", "synchronous", "pipelined"];

impl Latencies {
    /// Nothing is added inside the cycle, one block beside it, and told is as much.
    pub fn is_right(&self) -> bool {
        let [alone, inside, beside] = self.rows;
        let block = i64::from(self.block_frames);
        let is = |added: i64, wanted: i64| (added - wanted).abs() <= OFF_FRAMES_MAX;
        let more = |a: u64, b: u64| a as i64 - b as i64;
        is(more(inside.0, alone.0), 0)
            && is(more(beside.0, alone.0), block)
            && is(more(inside.1, alone.1), 0)
            && is(more(beside.1, alone.1), block)
    }

    /// All of them.
    pub fn words(&self) -> String {
        let rows = WAYS.iter().zip(self.rows);
        let rows: Vec<String> = rows
            .map(|(way, (frames, told))| format!("{way} {frames} frames (told {told})"))
            .collect();
        rows.join(", ")
    }
}

/// PortAudio for so many seconds: by the driver alone, through the router inside the cycle, and beside it.
/// The driver starts the router.
///
/// # Errors
/// A program fails, or nothing is heard.
pub fn latencies(
    rig: &mut Rig<'_>,
    card: &Path,
    product: &Path,
    under: &Under,
    seconds: usize,
) -> Result<Latencies> {
    let mut rows = [(0, 0); 3];
    for (way, row) in WAYS.iter().zip(&mut rows) {
        let driver = if *way == WAYS[0] { under.alone } else { DRIVER };
        if driver == DRIVER {
            let config = rig.paths.rig().join("routed.toml");
            let router = under.router;
            let text = format!("[profile.{DRIVER:?}]\nhand_over = {way:?}\n{router}");
            fs::write(&config, text).context("cannot write the configuration")?;
            rig.wine(Backend::Card)?.use_config(Some(&config));
        }
        let player = Row {
            player: Player::Ours,
            mode: None,
            block_frames: Some(under.block_frames),
            driver: Some(driver.to_owned()),
            records: false,
        };
        let taken = measure_on(rig, card, under.machine, &player, seconds, false);
        router::end(rig, product)?;
        rig.wine(Backend::Card)?.use_config(None);
        let taken = taken.context(*way)?;
        *row = (taken.frames, taken.told_frames);
    }
    Ok(Latencies {
        rows,
        block_frames: under.block_frames,
    })
}
