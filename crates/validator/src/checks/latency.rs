//! Latencies: reported before and after, and against the block.

use anyhow::Result;
use asio::host::Driver;

use crate::bench::{Bench, wait_for_blocks};

pub fn latencies(bench: &Bench<'_>) -> Result<String> {
    let mut driver = bench.open()?;
    bench.step("asking for latencies before createBuffers");
    let early = driver.latencies();
    let sizes = driver.block_sizes()?;
    let block_frames = sizes.preferred_frames;
    let seen = bench.prepare(&mut driver, block_frames)?;
    bench.step("asking for latencies after createBuffers");
    let prepared = driver.latencies()?;
    driver.start()?;
    wait_for_blocks(&seen, 4)?;
    bench.step("asking for latencies while the stream runs");
    let running = driver.latencies()?;
    driver.stop()?;
    driver.dispose_buffers()?;
    bench.advise(prepared == running, || {
        format!("the latencies change while the stream runs, from {prepared:?} to {running:?}")
    });
    let channels = driver.channels()?;
    bench.advise(
        channels.outputs == 0 || running.output_frames >= block_frames,
        || {
            format!(
                "an output latency of {} frames is less than the block of {block_frames}",
                running.output_frames
            )
        },
    );
    if let Some(internal) = driver.internal_frames() {
        bench.advise(internal.output_frames <= running.output_frames, || {
            "more frames are buffered internally than the latency counts".to_owned()
        });
    }
    grows_with_the_block(bench, &mut driver, sizes.min_frames, sizes.max_frames)?;
    let before = match early {
        Ok(early) if early == prepared => "the same before createBuffers",
        Ok(_) => "others before createBuffers",
        Err(_) => "none before createBuffers",
    };
    Ok(format!(
        "input {} and output {} frames with blocks of {block_frames}; {before}",
        running.input_frames, running.output_frames
    ))
}

fn grows_with_the_block(bench: &Bench<'_>, driver: &mut Driver, min: u32, max: u32) -> Result<()> {
    let mut total = |frames| -> Result<u64> {
        bench.step(format!("asking for latencies with blocks of {frames}"));
        bench.prepare(driver, frames)?;
        let latencies = driver.latencies()?;
        driver.dispose_buffers()?;
        Ok(u64::from(latencies.input_frames) + u64::from(latencies.output_frames))
    };
    let (short, long) = (total(min)?, total(max)?);
    bench.advise(short <= long, || {
        format!(
            "blocks of {min} frames have more latency than blocks of {max}: {short} and {long} frames"
        )
    });
    Ok(())
}
