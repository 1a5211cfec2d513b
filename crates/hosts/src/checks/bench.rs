//! What most checks do with a driver.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use asio::driver::ChannelId;
use asio::host::Driver;
use rt::Counter;

use super::probe::{Probe, Seen};
use super::{Options, installed};

/// A stream without a callback for so long is taken for dead.
const SILENCE_LIMIT: Duration = Duration::from_secs(5);

/// Loads the driver, calls `init` and sets the rate if one is asked for.
pub fn open(options: &Options) -> Result<Driver> {
    let mut driver = installed::load(options)?;
    driver.init()?;
    if let Some(rate_hz) = options.rate_hz {
        driver.set_sample_rate(f64::from(rate_hz))?;
    }
    Ok(driver)
}

/// The block that is asked for or that the driver prefers, in frames.
pub fn block_frames(driver: &Driver, options: &Options) -> Result<u32> {
    match options.block_frames {
        Some(frames) => Ok(frames),
        None => Ok(driver.block_sizes()?.preferred_frames),
    }
}

/// Every output, at most two.
pub fn outputs(driver: &Driver) -> Result<Vec<ChannelId>> {
    let outputs = driver.channels()?.outputs;
    ensure!(outputs > 0, "the driver has no outputs");
    Ok(first_two(outputs, false))
}

/// Every input, at most two.
#[cfg(windows)]
pub fn inputs(driver: &Driver) -> Result<Vec<ChannelId>> {
    let inputs = driver.channels()?.inputs;
    ensure!(inputs > 0, "the driver has no inputs");
    Ok(first_two(inputs, true))
}

fn first_two(count: u32, is_input: bool) -> Vec<ChannelId> {
    (0..count.min(2))
        .map(|index| ChannelId { is_input, index })
        .collect()
}

/// Creates buffers for the outputs with a [`Probe`] as callback.
pub fn prepare(driver: &mut Driver, block_frames: u32) -> Result<Arc<Seen>> {
    let outputs = outputs(driver)?;
    let (probe, seen) = Probe::new(outputs.len());
    driver.create_buffers(&outputs, block_frames, Box::new(probe))?;
    Ok(seen)
}

/// Waits until `more` callbacks came.
pub fn wait_for_callbacks(seen: &Seen, more: u64) -> Result<()> {
    wait_for(&seen.callbacks, more)
}

/// Waits until the callback has counted `more`.
pub fn wait_for(callbacks: &Counter, more: u64) -> Result<()> {
    let wanted = callbacks.get() + more;
    wait_while_counting(callbacks, || callbacks.get() < wanted)
}

/// Waits as long as `busy`, provided that callbacks keep coming.
pub fn wait_while_counting(callbacks: &Counter, busy: impl Fn() -> bool) -> Result<()> {
    let mut last = callbacks.get();
    let mut since = Instant::now();
    while busy() {
        let now = callbacks.get();
        if now != last {
            (last, since) = (now, Instant::now());
        }
        ensure!(
            since.elapsed() < SILENCE_LIMIT,
            "no callback in {} s, after {now}",
            SILENCE_LIMIT.as_secs()
        );
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// The stream has stopped: no callback comes any more.
pub fn ensure_silent(seen: &Seen) -> Result<()> {
    let before = seen.callbacks.get();
    std::thread::sleep(Duration::from_millis(50));
    let late = seen.callbacks.get() - before;
    ensure!(late == 0, "{late} callbacks came after stop had returned");
    Ok(())
}

/// What no stream may do.
pub fn ensure_orderly(seen: &Seen) -> Result<()> {
    let twice = seen.same_half_twice.get();
    ensure!(
        twice == 0,
        "{twice} blocks came in the same half as the one before"
    );
    let jumps = seen.position_jumps.get();
    ensure!(jumps == 0, "the sample position jumped {jumps} times");
    Ok(())
}
