//! Checks of the life cycle.

use anyhow::{Context, Result, bail, ensure};
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

pub fn start_stop(options: &Options, sheet: &Sheet) -> Result<()> {
    sheet.step("opening");
    let mut driver = bench::open(options)?;
    let block_frames = bench::block_frames(&driver, options)?;
    let seen = bench::prepare(&mut driver, block_frames)?;
    for round in 1..=options.count {
        sheet.step(format!("starting, round {round}"));
        driver.start()?;
        bench::wait_for_callbacks(&seen, 3)?;
        sheet.step(format!("stopping, round {round}"));
        driver.stop()?;
        bench::ensure_silent(&seen)?;
        sheet.note("rounds", round);
    }
    sheet.note("callbacks", seen.callbacks.get());
    Ok(())
}

pub fn open_close(options: &Options, sheet: &Sheet) -> Result<()> {
    for round in 1..=options.count {
        sheet.step(format!("opening, round {round}"));
        let mut driver = bench::open(options)?;
        let block_frames = bench::block_frames(&driver, options)?;
        let seen = bench::prepare(&mut driver, block_frames)?;
        driver.start()?;
        sheet.step(format!("running, round {round}"));
        bench::wait_for_callbacks(&seen, 3)?;
        sheet.step(format!("closing, round {round}"));
        // Hosts leave out any of the three calls before the release.
        match round % 3 {
            0 => {}
            1 => driver.stop()?,
            _ => {
                driver.stop()?;
                driver.dispose_buffers()?;
            }
        }
        drop(driver);
        bench::ensure_silent(&seen)?;
        sheet.note("rounds", round);
    }
    Ok(())
}

pub fn two_instances(options: &Options, sheet: &Sheet) -> Result<()> {
    sheet.step("opening the first");
    let mut first = bench::open(options)?;
    let block_frames = bench::block_frames(&first, options)?;
    let seen_by_first = bench::prepare(&mut first, block_frames)?;
    first.start()?;
    bench::wait_for_callbacks(&seen_by_first, 3)?;

    sheet.step("opening the second");
    let second = open_second(options, block_frames);
    match &second {
        Ok(_) => sheet.note("second", "plays"),
        Err(error) if options.may_refuse => sheet.note("second", format!("{error:#}")),
        Err(error) => bail!("{error:#}"),
    }
    sheet.step("running");
    std::thread::sleep(options.run);
    bench::wait_for_callbacks(&seen_by_first, 3).context("the first instance")?;
    if let Ok((mut driver, seen)) = second {
        bench::wait_for_callbacks(&seen, 3).context("the second instance")?;
        sheet.note("callbacks_of_second", seen.callbacks.get());
        bench::ensure_orderly(&seen).context("the second instance")?;
        sheet.step("closing the second");
        driver.stop()?;
        drop(driver);
        bench::wait_for_callbacks(&seen_by_first, 3).context("the first after the second")?;
    }
    sheet.note("callbacks_of_first", seen_by_first.callbacks.get());
    bench::ensure_orderly(&seen_by_first).context("the first instance")?;
    sheet.step("closing the first");
    first.stop()?;
    ensure!(
        seen_by_first.resets.get() == 0,
        "the first instance was told to reset"
    );
    Ok(())
}

fn open_second(
    options: &Options,
    block_frames: u32,
) -> Result<(Driver, std::sync::Arc<super::probe::Seen>)> {
    let mut driver = bench::open(options)?;
    let seen = bench::prepare(&mut driver, block_frames)?;
    driver.start()?;
    bench::wait_for_callbacks(&seen, 3)?;
    Ok((driver, seen))
}
