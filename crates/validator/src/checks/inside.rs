//! Calls from inside the callback.

use std::time::Duration;

use anyhow::Result;
use asio::abi::AsioError;
use asio::host::misuse::{Inside, from_callback};

use crate::bench::{Bench, preferred, some_channels};

/// Whoever waits for this process has less patience, and tells a hang as one.
const PATIENCE: Duration = Duration::from_secs(3600);

const DEEDS: [(Inside, &str); 4] = [
    (Inside::Questions, "asking for position, latencies and rate"),
    (Inside::Stop, "stopping"),
    (Inside::DisposeBuffers, "disposing of the buffers"),
    (Inside::Release, "releasing the driver"),
];

pub fn inside(bench: &Bench<'_>) -> Result<String> {
    for round in bench.each_round(5, 1) {
        for (deed, what) in DEEDS {
            bench.step(format!("{what} inside bufferSwitch, round {round}"));
            let code = bench.without_strays(|| {
                let driver = bench.open()?;
                let (channels, frames) = (some_channels(&driver)?, preferred(&driver)?);
                Ok(from_callback(driver, &channels, frames, deed, PATIENCE)?)
            })?;
            bench.advise(code == AsioError::OK, || {
                format!("{what} inside bufferSwitch fails with {code}")
            });
            bench.ensure_still_plays()?;
        }
    }
    Ok("stop, disposeBuffers and the last Release came back from inside bufferSwitch".to_owned())
}
