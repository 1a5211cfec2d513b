//! Latencies: reported before and after, and against what a loopback shows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use asio::host::{Driver, Offer};

use crate::bench::{Bench, preferred, skip, some_channels, wait_for_blocks};
use crate::samples;
use crate::watch::{Act, Manners, fill_silence};

/// Reported and measured may differ by so many frames.
const TOLERANCE_FRAMES: u64 = 64;
/// A click that has not come back by then has no way to come back.
const RETURN_LIMIT: Duration = Duration::from_secs(1);
/// The click, full scale 1.0, and what counts as its return.
const CLICK: f64 = 0.5;
const HEARD: f64 = 0.1;
/// The block with the click.
const CLICK_BLOCK: u64 = 20;
const NOT_YET: u64 = u64::MAX;

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

/// Where the click began and where it was heard, in frames.
struct Heard {
    at: AtomicU64,
}

pub fn measured_latency(bench: &Bench<'_>) -> Result<String> {
    let mut driver = bench.open()?;
    let counts = driver.channels()?;
    if counts.inputs == 0 || counts.outputs == 0 {
        let missing = if counts.inputs == 0 {
            "inputs"
        } else {
            "outputs"
        };
        return skip(format!(
            "the driver has no {missing}, so nothing can come back"
        ));
    }
    for channel in some_channels(&driver)? {
        let kind = driver.channel_info(channel)?.sample_type;
        if !samples::is_known(kind) {
            return skip(format!("a click cannot be made of {kind}"));
        }
    }
    bench.step("playing a click");
    let block_frames = preferred(&driver)?;
    let heard = Arc::new(Heard {
        at: AtomicU64::new(NOT_YET),
    });
    let act = click(Arc::clone(&heard), block_frames);
    let seen = bench.prepare_with(&mut driver, block_frames, Offer::ALL, Manners::Good, act)?;
    driver.start()?;
    wait_for_blocks(&seen, CLICK_BLOCK + 1)?;
    let since = Instant::now();
    while heard.at.load(Ordering::Relaxed) == NOT_YET && since.elapsed() < RETURN_LIMIT {
        wait_for_blocks(&seen, 1)?;
    }
    let reported = driver.latencies()?;
    driver.stop()?;
    let measured = match heard.at.load(Ordering::Relaxed) {
        NOT_YET => return skip("no output is connected to an input: the click did not come back"),
        at => at - CLICK_BLOCK * u64::from(block_frames),
    };
    let reported = u64::from(reported.input_frames) + u64::from(reported.output_frames);
    ensure!(measured > 0, "the click came back before it was played");
    bench.advise(measured.abs_diff(reported) <= TOLERANCE_FRAMES, || {
        format!("the round trip takes {measured} frames, the latencies say {reported}")
    });
    Ok(format!(
        "the round trip takes {measured} frames, the latencies say {reported}"
    ))
}

/// Plays one frame of click on all outputs and listens on all inputs from then on.
fn click(heard: Arc<Heard>, block_frames: u32) -> Act {
    Box::new(move |io, block| {
        fill_silence(io);
        for slot in 0..io.channel_count() {
            let Some(kind) = io.sample_type(slot) else {
                continue;
            };
            if block == CLICK_BLOCK
                && let Some(output) = io.output_bytes(slot)
            {
                samples::put(kind, output, 0, CLICK);
            }
            let input = io.input_bytes(slot).filter(|_| block >= CLICK_BLOCK);
            let Some(input) = input else { continue };
            let is_click = |frame: &usize| {
                samples::get(kind, input, *frame).is_some_and(|value| value.abs() > HEARD)
            };
            if let Some(frame) = (0..block_frames as usize).find(is_click) {
                let at = block * u64::from(block_frames) + frame as u64;
                heard.at.fetch_min(at, Ordering::Relaxed);
            }
        }
    })
}
