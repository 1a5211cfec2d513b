//! `devices`: what can be played to, and how.

use anyhow::{Context, Result};
use wasapi_io::{Direction, EndpointFormats, EndpointInfo};

use crate::devices::{DeviceEntry, DeviceFormats, device_table};
use crate::profiles::device_lines;

/// Lists the system's sound devices.
pub fn devices(json: bool) -> Result<()> {
    let found = wasapi_io::list().context("cannot list the sound devices")?;
    let mut devices: Vec<DeviceEntry> = found.into_iter().map(entry).collect();
    devices.sort_by_key(|device| {
        (
            device.direction != Direction::Render.name(),
            !device.default,
        )
    });
    if json {
        println!("{}", serde_json::to_string(&devices)?);
        return Ok(());
    }
    print!("{}", device_table(&devices));
    for device in devices.iter().filter(|device| device.state == "active") {
        if let Some(problem) = &device.problem {
            println!("? {problem}");
        }
    }
    print_lines(&devices);
    Ok(())
}

/// What can be pasted into the configuration.
fn print_lines(devices: &[DeviceEntry]) {
    let active = devices.iter().filter(|device| device.state == "active");
    let (render, capture): (Vec<_>, Vec<_>) =
        active.partition(|device| device.direction == Direction::Render.name());
    let lines = [("output", render), ("input", capture)].map(|(key, devices)| {
        let names: Vec<_> = devices
            .iter()
            .map(|device| (device.name.as_str(), device.id.as_str()))
            .collect();
        device_lines(key, &names)
    });
    let lines = lines.concat();
    if !lines.is_empty() {
        println!("\nIn a profile (`asio2wasapi profile --help`) these lines choose a device:");
        print!("{lines}");
    }
}

fn entry(info: EndpointInfo) -> DeviceEntry {
    let (formats, problem) = match info.formats {
        Ok(formats) => (Some(device_formats(formats)), None),
        Err(error) => (None, Some(error.message)),
    };
    DeviceEntry {
        direction: info.direction.name(),
        default: info.is_default,
        name: info.name,
        id: info.id,
        kind: info.form_factor,
        state: info.state.name(),
        formats,
        problem,
    }
}

fn device_formats(formats: EndpointFormats) -> DeviceFormats {
    DeviceFormats {
        mix: formats.mix.map(Into::into),
        period_default_frames: formats.period_default.frames,
        period_default_ms: formats.period_default.ms,
        period_min_frames: formats.period_min.frames,
        period_min_ms: formats.period_min.ms,
        exclusive: formats.exclusive.into_iter().map(Into::into).collect(),
    }
}
