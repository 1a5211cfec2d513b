//! Sound through a host program, recorded and compared sample by sample.

use std::time::Duration;

use anyhow::{Result, bail};

use super::super::{Leg, Outcome, passed, stage::Stage};
use crate::rig::places::Backend;
use crate::rig::playback::Playback;
use crate::rig::server::Sink;
use crate::sound::make;
use crate::sound::raw::RawFormat::{self, Float32, Int16, Int24, Int32};

const LENGTH: Duration = Duration::from_millis(1500);
const CHANNELS: u16 = 2;

/// One row.
#[derive(Clone, Copy)]
struct Row {
    way: Way,
    rate_hz: u32,
    block_frames: u32,
    format: RawFormat,
    sink: RawFormat,
    tolerance_lsb: u32,
}

/// Through which driver.
#[derive(Clone, Copy)]
enum Way {
    /// PortAudio's own WASAPI, nothing of ours: shows that the rig itself loses nothing.
    Rig,
    Shared,
    Exclusive,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Way::Rig => "rig",
            Way::Shared => "shared",
            Way::Exclusive => "exclusive",
        }
    }

    fn driver(self) -> Option<&'static str> {
        match self {
            Way::Rig => None,
            Way::Shared => Some("ASIO2WASAPI Shared"),
            Way::Exclusive => Some("ASIO2WASAPI Exclusive"),
        }
    }

    fn backend(self) -> Backend {
        match self {
            Way::Rig | Way::Shared => Backend::Pulse,
            Way::Exclusive => Backend::Alsa,
        }
    }
}

const fn row(way: Way, rate_hz: u32, block_frames: u32, format: RawFormat, sink: RawFormat) -> Row {
    // Shared mode computes in float, and the system mixes: one step is allowed.
    let tolerance_lsb = if matches!(way, Way::Exclusive) { 0 } else { 1 };
    Row {
        way,
        rate_hz,
        block_frames,
        format,
        sink,
        tolerance_lsb,
    }
}

const ROWS: &[Row] = &[
    row(Way::Rig, 48_000, 480, Int16, Int16),
    row(Way::Rig, 48_000, 480, Float32, Float32),
    row(Way::Rig, 44_100, 441, Int16, Int16),
    row(Way::Shared, 48_000, 480, Int16, Int16),
    row(Way::Shared, 48_000, 512, Int24, Float32),
    row(Way::Shared, 48_000, 64, Int16, Int16),
    row(Way::Shared, 48_000, 2048, Int16, Int16),
    row(Way::Shared, 44_100, 512, Int16, Int16),
    row(Way::Shared, 96_000, 1024, Int16, Int16),
    row(Way::Exclusive, 48_000, 480, Int16, Int16),
    row(Way::Exclusive, 48_000, 512, Int24, Int32),
    row(Way::Exclusive, 48_000, 512, Int32, Int32),
    row(Way::Exclusive, 48_000, 64, Int16, Int16),
    row(Way::Exclusive, 48_000, 2048, Int16, Int16),
    row(Way::Exclusive, 44_100, 512, Int16, Int16),
    row(Way::Exclusive, 96_000, 1024, Int32, Int32),
];

/// One leg for each row.
pub fn legs() -> Vec<Leg> {
    let leg = |row: &Row| {
        let row = *row;
        let Row {
            way,
            rate_hz,
            block_frames,
            format,
            sink,
            ..
        } = row;
        let name = format!(
            "play: {}, {rate_hz} Hz, block {block_frames}, {} to {}",
            way.name(),
            format.name(),
            sink.name()
        );
        Leg::new(name, move |stage| play(stage, row))
    };
    ROWS.iter().map(leg).collect()
}

fn play(stage: &mut Stage<'_>, row: Row) -> Result<Outcome> {
    let driver = row.way.driver();
    let rig = match driver {
        Some(_) => stage.rig_with_driver(row.way.backend())?,
        None => stage.rig()?,
    };
    let frames = row.rate_hz as usize * LENGTH.as_millis() as usize / 1000;
    let sound = make::noise(row.rate_hz, CHANNELS, row.format.bits(), frames);
    let how = Playback {
        host_api: if driver.is_some() {
            "asio"
        } else {
            "wasapi-shared"
        },
        device: driver,
        backend: row.way.backend(),
        block_frames: row.block_frames,
        format: row.format,
        sink: Sink {
            format: row.sink,
            rate_hz: row.rate_hz,
            channels: CHANNELS,
        },
        tolerance_lsb: row.tolerance_lsb,
    };
    let played = rig.play(&how, &sound)?;
    let found = &played.comparison;
    if !found.is_complete() || (row.tolerance_lsb == 0 && !found.is_exact()) {
        bail!(
            "{} of {} frames arrived, {} dropouts, first difference at {:?}, {} frames added",
            found.frames_found,
            found.frames_played,
            found.dropouts,
            found.first_difference,
            found.frames_inserted
        );
    }
    let latency = played.host.reported_output_latency_frames;
    let error = match found.first_difference {
        None => "bit-exact".to_owned(),
        Some(_) => format!("error at most {} LSB", found.max_error_lsb),
    };
    Ok(passed(format!("{error}, latency {latency} frames")))
}
