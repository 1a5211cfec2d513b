//! Checks of the life cycle.

use anyhow::Result;
use asio::driver::ChannelId;
use asio::host::Driver;
use serde_json::json;

use super::{Options, bench};
use crate::sheet::Sheet;

const COMMON_RATES_HZ: [u32; 8] = [
    8000, 32_000, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000,
];

pub fn open(options: &Options, sheet: &Sheet) -> Result<()> {
    sheet.step("loading the driver");
    let mut driver = bench::open(options)?;
    sheet.step("asking the driver");
    describe(&driver, sheet)?;

    sheet.step("creating buffers");
    let block_frames = bench::block_frames(&driver, options)?;
    let seen = bench::prepare(&mut driver, block_frames)?;
    sheet.note("block_frames", block_frames);
    note_latencies(&driver, sheet)?;
    sheet.note("output_ready", driver.output_ready());

    sheet.step("running");
    driver.start()?;
    bench::wait_for_callbacks(&seen, 4)?;
    std::thread::sleep(options.run);
    let position = driver.sample_position()?;
    sheet.note("sample_position_frames", position.frames);
    sheet.step("stopping");
    driver.stop()?;
    bench::ensure_silent(&seen)?;
    sheet.note("callbacks", seen.callbacks.get());
    sheet.note("callbacks_with_time", seen.positions.get());
    sheet.note("overloads", seen.overloads.get());
    bench::ensure_orderly(&seen)?;

    sheet.step("disposing");
    driver.dispose_buffers()?;
    sheet.step("releasing");
    drop(driver);
    Ok(())
}

fn describe(driver: &Driver, sheet: &Sheet) -> Result<()> {
    sheet.note("name", driver.name());
    sheet.note("version", driver.version());
    let channels = driver.channels()?;
    sheet.note("inputs", channels.inputs);
    sheet.note("outputs", channels.outputs);
    let sizes = driver.block_sizes()?;
    sheet.note(
        "block_sizes",
        json!({
            "min": sizes.min_frames, "max": sizes.max_frames,
            "preferred": sizes.preferred_frames, "granularity": sizes.granularity,
        }),
    );
    sheet.note("rate_hz", driver.sample_rate()?);
    let rates = COMMON_RATES_HZ.into_iter();
    let rates: Vec<u32> = rates
        .filter(|&rate_hz| driver.can_sample_rate(f64::from(rate_hz)).is_ok())
        .collect();
    sheet.note("rates_hz", rates);
    let inputs = (0..channels.inputs).map(|index| ChannelId {
        is_input: true,
        index,
    });
    let outputs = (0..channels.outputs).map(|index| ChannelId {
        is_input: false,
        index,
    });
    let mut infos = Vec::new();
    for channel in inputs.chain(outputs) {
        let info = driver.channel_info(channel)?;
        infos.push(json!({
            "input": channel.is_input, "index": channel.index,
            "name": info.name, "sample_type": info.sample_type.to_string(),
        }));
    }
    sheet.note("channels", infos);
    let clocks = driver.clock_sources()?;
    sheet.note(
        "clocks",
        clocks
            .iter()
            .map(|clock| clock.name.clone())
            .collect::<Vec<_>>(),
    );
    Ok(())
}

fn note_latencies(driver: &Driver, sheet: &Sheet) -> Result<()> {
    let latencies = driver.latencies()?;
    sheet.note("input_latency_frames", latencies.input_frames);
    sheet.note("output_latency_frames", latencies.output_frames);
    Ok(())
}
