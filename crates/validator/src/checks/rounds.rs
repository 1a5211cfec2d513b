//! The same again and again, and two at a time.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use asio::host::Driver;

use crate::bench::{Bench, ensure_silent, wait_for_blocks};
use crate::watch::Seen;

pub fn start_stop(bench: &Bench<'_>) -> Result<String> {
    let mut driver = bench.open()?;
    let seen = bench.start(&mut driver)?;
    let mut rounds = 0;
    for round in bench.each_round(50, 8) {
        rounds = round;
        if round > 1 {
            bench.step(format!("starting, round {round}"));
            driver.start()?;
        }
        wait_for_blocks(&seen, 3).with_context(|| format!("in round {round}"))?;
        bench.step(format!("stopping, round {round}"));
        driver.stop()?;
        if round % 8 == 1 {
            ensure_silent(&seen)?;
        }
    }
    Ok(format!("{rounds} starts and stops on the same buffers"))
}

pub fn open_close(bench: &Bench<'_>) -> Result<String> {
    let mut rounds = 0;
    bench.without_strays(|| {
        for round in bench.each_round(50, 9) {
            rounds = round;
            bench.step(format!("opening, round {round}"));
            let mut driver = bench.open()?;
            let seen = bench.start(&mut driver)?;
            bench.step(format!("running, round {round}"));
            wait_for_blocks(&seen, 3).with_context(|| format!("in round {round}"))?;
            bench.step(format!("closing, round {round}"));
            // Hosts leave out any of the calls before the release.
            match round % 3 {
                0 => {}
                1 => driver.stop()?,
                _ => {
                    driver.stop()?;
                    driver.dispose_buffers()?;
                }
            }
            drop(driver);
        }
        Ok(())
    })?;
    Ok(format!("{rounds} times opened and closed, in three ways"))
}

pub fn two_instances(bench: &Bench<'_>) -> Result<String> {
    bench.step("opening the first");
    let mut first = bench.open()?;
    let seen_by_first = bench.start(&mut first)?;
    wait_for_blocks(&seen_by_first, 3)?;
    bench.step("opening the second");
    let second = open_second(bench);
    bench.step("running both");
    if let Ok((_, seen)) = &second {
        wait_for_blocks(seen, 3).context("the second instance")?;
    }
    wait_for_blocks(&seen_by_first, 10).context("the first instance, with a second one")?;
    let text = match second {
        Ok((driver, _)) => {
            bench.step("closing the second");
            drop(driver);
            "both play"
        }
        Err(error) if bench.settings.second_must_play => {
            return Err(error.context("the second instance"));
        }
        Err(error) => {
            let why = format!("{error:#}");
            ensure!(
                !why.trim_end().ends_with(':'),
                "the second instance is refused without a text"
            );
            "the second is refused, the first goes on"
        }
    };
    wait_for_blocks(&seen_by_first, 5).context("the first instance after the second")?;
    ensure!(
        seen_by_first.resets.get() == 0,
        "the first instance was told to reset because of the second"
    );
    bench.step("closing the first");
    first.stop()?;
    drop(first);
    bench.ensure_still_plays()?;
    Ok(text.to_owned())
}

fn open_second(bench: &Bench<'_>) -> Result<(Driver, Arc<Seen>)> {
    let mut driver = bench.open()?;
    let seen = bench.start(&mut driver)?;
    Ok((driver, seen))
}
