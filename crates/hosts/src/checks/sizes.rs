//! Checks of block sizes and rates.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use asio::driver::BlockSizes;
use asio::host::Driver;
use serde_json::json;

use super::{Options, bench};
use crate::sheet::Sheet;

/// Sizes that hosts ask for although few drivers offer them.
const ODD_FRAMES: [u32; 7] = [37, 96, 147, 441, 480, 1000, 1023];

/// Frames may be this far from what the time suggests, as a fraction of it.
const TIME_TOLERANCE: f64 = 0.25;

pub fn blocks(options: &Options, sheet: &Sheet) -> Result<()> {
    sheet.step("opening");
    let mut driver = bench::open(options)?;
    let rate_hz = driver.sample_rate()?;
    let mut results = Vec::new();
    for block_frames in sizes_to_try(driver.block_sizes()?) {
        sheet.step(format!("playing in blocks of {block_frames}"));
        let seen = bench::prepare(&mut driver, block_frames)?;
        driver.start()?;
        // What is buffered is asked for at once, so the time counts from a later callback.
        let settled = Duration::from_millis(200);
        bench::wait_for_callbacks(&seen, 2)?;
        std::thread::sleep(settled);
        let (callbacks_before, began) = (seen.callbacks.get(), Instant::now());
        std::thread::sleep(options.run);
        let (callbacks, seconds) = (
            seen.callbacks.get() - callbacks_before,
            began.elapsed().as_secs_f64(),
        );
        driver.stop()?;
        driver.dispose_buffers()?;
        let frames = callbacks * u64::from(block_frames);
        results.push(json!({ "block": block_frames, "frames": frames, "seconds": seconds }));
        sheet.note("blocks", &results);
        bench::ensure_orderly(&seen)?;
        agrees(frames, block_frames, seconds, rate_hz)?;
    }
    Ok(())
}

/// Frames and time are the same thing, up to a block at each end and the tolerance.
fn agrees(frames: u64, block_frames: u32, seconds: f64, rate_hz: f64) -> Result<()> {
    let expected = seconds * rate_hz;
    let allowed = expected * TIME_TOLERANCE + 2.0 * f64::from(block_frames);
    ensure!(
        (frames as f64 - expected).abs() <= allowed,
        "{frames} frames were asked for in {seconds:.3} s at {rate_hz} Hz, \
         which makes about {expected:.0}"
    );
    Ok(())
}

/// Ends, preference, powers of two, odd sizes: whatever lies between the limits.
fn sizes_to_try(sizes: BlockSizes) -> Vec<u32> {
    let powers = (0..16).map(|power| 1 << power);
    let mut frames: Vec<u32> = [sizes.min_frames, sizes.preferred_frames, sizes.max_frames]
        .into_iter()
        .chain(powers)
        .chain(ODD_FRAMES)
        .filter(|frames| (sizes.min_frames..=sizes.max_frames).contains(frames))
        .collect();
    frames.sort_unstable();
    frames.dedup();
    frames
}

pub fn rates(options: &Options, sheet: &Sheet) -> Result<()> {
    sheet.step("opening");
    let mut driver = bench::open(options)?;
    let (mut played, mut refused) = (Vec::new(), Vec::new());
    for rate_hz in [
        1000, 22_050, 44_100, 48_000, 88_200, 96_000, 192_000, 1_000_000,
    ] {
        sheet.step(format!("trying {rate_hz} Hz"));
        if driver.can_sample_rate(f64::from(rate_hz)).is_ok() {
            play_at(&mut driver, options, rate_hz)?;
            played.push(rate_hz);
        } else {
            refused_leaves_rate_alone(&mut driver, rate_hz)?;
            refused.push(rate_hz);
        }
    }
    ensure!(
        !played.is_empty(),
        "the driver takes none of the common rates"
    );
    sheet.note("played_hz", played);
    sheet.note("refused_hz", refused);
    Ok(())
}

fn play_at(driver: &mut Driver, options: &Options, rate_hz: u32) -> Result<()> {
    driver.set_sample_rate(f64::from(rate_hz))?;
    let now_hz = driver.sample_rate()?;
    ensure!(
        now_hz == f64::from(rate_hz),
        "the rate was set, but it is {now_hz} Hz"
    );
    let block_frames = bench::block_frames(driver, options)?;
    let seen = bench::prepare(driver, block_frames)?;
    driver.start()?;
    bench::wait_for_callbacks(&seen, 5)?;
    driver.stop()?;
    driver.dispose_buffers()?;
    Ok(())
}

fn refused_leaves_rate_alone(driver: &mut Driver, rate_hz: u32) -> Result<()> {
    let before_hz = driver.sample_rate()?;
    let set = driver.set_sample_rate(f64::from(rate_hz));
    ensure!(set.is_err(), "{rate_hz} Hz cannot be played but can be set");
    ensure!(
        !driver.error_message().is_empty(),
        "{rate_hz} Hz is refused without a word"
    );
    let after_hz = driver.sample_rate()?;
    ensure!(
        before_hz == after_hz,
        "a refused rate changed the rate to {after_hz} Hz"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_stay_within_the_limits() {
        let sizes = BlockSizes {
            min_frames: 64,
            max_frames: 500,
            preferred_frames: 480,
            granularity: 1,
        };
        assert_eq!(sizes_to_try(sizes), [64, 96, 128, 147, 256, 441, 480, 500]);
        let fixed = BlockSizes {
            min_frames: 480,
            max_frames: 480,
            preferred_frames: 480,
            granularity: 0,
        };
        assert_eq!(sizes_to_try(fixed), [480]);
    }

    #[test]
    fn frames_must_agree_with_the_time() {
        assert!(agrees(48_000, 480, 1.0, 48_000.0).is_ok());
        assert!(agrees(44_100, 2048, 1.0, 48_000.0).is_ok());
        assert!(agrees(0, 480, 1.0, 48_000.0).is_err());
        assert!(agrees(96_000, 480, 1.0, 48_000.0).is_err());
    }
}
