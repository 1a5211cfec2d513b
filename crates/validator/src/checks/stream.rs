//! A stream from its beginning to its end, and in which order the halves come.

use std::time::Duration;

use anyhow::{Result, ensure};

use crate::bench::{Bench, ensure_silent, some_channels, wait_for_blocks};

pub fn life_cycle(bench: &Bench<'_>) -> Result<String> {
    let blocks = bench.without_strays(|| {
        bench.step("loading the driver");
        let mut driver = bench.open()?;
        bench.step("creating buffers");
        let seen = bench.prepare_preferred(&mut driver)?;
        for channel in some_channels(&driver)? {
            bench.advise(driver.channel_info(channel)?.is_active, || {
                "a channel that has buffers is not active".to_owned()
            });
        }
        bench.step("waiting before start");
        std::thread::sleep(Duration::from_millis(30));
        let early = seen.blocks.get();
        ensure!(early == 0, "{early} blocks came before start");
        bench.step("starting");
        driver.start()?;
        bench.step("running");
        wait_for_blocks(&seen, 8)?;
        bench.step("stopping");
        driver.stop()?;
        ensure_silent(&seen)?;
        bench.step("disposing of the buffers");
        driver.dispose_buffers()?;
        bench.step("releasing the driver");
        drop(driver);
        Ok(seen.blocks.get())
    })?;
    Ok(format!("{blocks} blocks were played, and none after stop"))
}

pub fn halves(bench: &Bench<'_>) -> Result<String> {
    bench.step("playing");
    let mut driver = bench.open()?;
    let seen = bench.start(&mut driver)?;
    wait_for_blocks(&seen, u64::from(bench.rounds(100, 20)))?;
    bench.step("stopping");
    driver.stop()?;
    let blocks = seen.blocks.get();
    let (none, twice, overlaps) = (
        seen.no_half.get(),
        seen.same_half.get(),
        seen.overlaps.get(),
    );
    ensure!(
        none == 0,
        "{none} of {blocks} blocks had a half that is neither 0 nor 1"
    );
    ensure!(
        twice == 0,
        "{twice} of {blocks} blocks came in the same half as the one before"
    );
    ensure!(
        overlaps == 0,
        "{overlaps} blocks came while the host was still busy with the one before"
    );
    bench.advise(seen.first_half() == Some(0), || {
        "the first block is in half 1; programs expect 0".to_owned()
    });
    Ok(format!("{blocks} blocks came in turn in both halves"))
}
