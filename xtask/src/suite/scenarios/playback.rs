//! Sound through a host program, recorded and compared sample by sample.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::super::{Leg, Passed, passed, stage::Stage};
use super::{Driver, EXCLUSIVE, ROUTER, SHARED};
use crate::rig::places::Backend;
use crate::rig::playback::Playback;
use crate::rig::server::Sink;
use crate::sound::compare::Comparison;
use crate::sound::make;
use crate::sound::raw::RawFormat::{self, Float32, Int16, Int24, Int32};

const LENGTH: Duration = Duration::from_millis(1500);
const CHANNELS: u16 = 2;

/// One row.
#[derive(Clone, Copy)]
pub(super) struct Row {
    way: Way,
    device_format: Option<&'static str>,
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
    Ours(Driver),
}

const fn rig(rate_hz: u32, block_frames: u32, format: RawFormat, sink: RawFormat) -> Row {
    Row {
        way: Way::Rig,
        device_format: None,
        rate_hz,
        block_frames,
        format,
        sink,
        tolerance_lsb: 0,
    }
}

/// Shared mode computes in float, and the system mixes: one step is allowed.
pub(super) const fn shared(
    rate_hz: u32,
    block_frames: u32,
    format: RawFormat,
    sink: RawFormat,
) -> Row {
    Row {
        way: Way::Ours(SHARED),
        device_format: None,
        rate_hz,
        block_frames,
        format,
        sink,
        tolerance_lsb: 1,
    }
}

pub(super) const fn exclusive(
    rate_hz: u32,
    block_frames: u32,
    format: RawFormat,
    sink: RawFormat,
) -> Row {
    Row {
        way: Way::Ours(EXCLUSIVE),
        device_format: None,
        rate_hz,
        block_frames,
        format,
        sink,
        tolerance_lsb: 0,
    }
}

/// As an exclusive stream whose device takes that format only.
const fn device(device_format: &'static str, format: RawFormat, sink: RawFormat) -> Row {
    Row {
        device_format: Some(device_format),
        ..exclusive(48_000, 480, format, sink)
    }
}

impl Row {
    /// The same through another driver.
    pub(super) const fn through(self, driver: Driver) -> Row {
        Row {
            way: Way::Ours(driver),
            ..self
        }
    }
}

const ROWS: &[Row] = &[
    rig(48_000, 480, Int16, Int16),
    rig(48_000, 480, Float32, Float32),
    rig(44_100, 441, Int16, Int16),
    shared(48_000, 480, Int16, Int16),
    shared(48_000, 512, Int24, Float32),
    shared(48_000, 64, Int16, Int16),
    shared(48_000, 2048, Int16, Int16),
    shared(44_100, 512, Int16, Int16),
    shared(96_000, 1024, Int16, Int16),
    exclusive(48_000, 480, Int16, Int16),
    exclusive(48_000, 512, Int24, Int32),
    exclusive(48_000, 512, Int32, Int32),
    exclusive(48_000, 64, Int16, Int16),
    exclusive(48_000, 2048, Int16, Int16),
    exclusive(44_100, 512, Int16, Int16),
    exclusive(96_000, 1024, Int32, Int32),
    device("int16", Int16, Int16),
    device("int24", Int24, Int32),
    device("int24in32", Int24, Int32),
    device("float32", Int24, Float32),
    // One sink: the router that the first starts is there for the others still.
    shared(48_000, 512, Int16, Int16).through(ROUTER),
    shared(48_000, 64, Int16, Int16).through(ROUTER),
    shared(48_000, 2048, Int16, Int16).through(ROUTER),
];

/// One leg for each row.
pub fn legs() -> Vec<Leg> {
    ROWS.iter().map(|row| leg("", *row)).collect()
}

/// A row's leg; `mark` begins its name.
pub(super) fn leg(mark: &str, row: Row) -> Leg {
    let Row {
        way,
        rate_hz,
        block_frames,
        format,
        sink,
        ..
    } = row;
    let name = format!(
        "{mark}play: {}{}, {rate_hz} Hz, block {block_frames}, {} to {}",
        match way {
            Way::Rig => "rig",
            Way::Ours(driver) => driver.way,
        },
        row.device_format
            .map_or(String::new(), |format| format!(" as {format}")),
        format.name(),
        sink.name()
    );
    Leg::new(name, move |stage| play(stage, row))
}

fn play(stage: &mut Stage<'_>, row: Row) -> Result<Passed> {
    let (host_api, device, backend, rig) = match row.way {
        Way::Rig => ("wasapi-shared", None, Backend::Pulse, stage.rig()?),
        Way::Ours(driver) => {
            let rig = stage.rig_with_driver(driver.backend)?;
            ("asio", Some(driver.name), driver.backend, rig)
        }
    };
    let frames = row.rate_hz as usize * LENGTH.as_millis() as usize / 1000;
    let sound = make::noise(row.rate_hz, CHANNELS, row.format.bits(), frames);
    let how = Playback {
        host_api,
        device,
        backend,
        device_format: row.device_format,
        block_frames: row.block_frames,
        format: row.format,
        sink: Sink {
            format: row.sink,
            rate_hz: row.rate_hz,
            channels: CHANNELS,
        },
        tolerance_lsb: row.tolerance_lsb,
        record_from: None,
    };
    let played = rig.play(&how, &sound)?;
    let found = &played.comparison;
    demand(found, row.tolerance_lsb).with_context(|| played.tries.testimony())?;
    let latency = played.host.reported_output_latency_frames;
    let error = match found.first_difference {
        None => "bit-exact".to_owned(),
        Some(_) => format!("error at most {} LSB", found.max_error_lsb),
    };
    let remark = played
        .tries
        .remark()
        .map_or(String::new(), |remark| format!("; {remark}"));
    Ok(passed(format!("{error}, latency {latency} frames{remark}")))
}

/// Everything arrived; exactly, where no tolerance is given.
pub fn demand(found: &Comparison, tolerance_lsb: u32) -> Result<()> {
    if !found.is_complete() || (tolerance_lsb == 0 && !found.is_exact()) {
        bail!(
            "{} of {} frames arrived, {} dropouts, first difference at {:?}, {} frames added",
            found.frames_found,
            found.frames_played,
            found.dropouts,
            found.first_difference,
            found.frames_inserted
        );
    }
    Ok(())
}
