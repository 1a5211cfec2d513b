//! `outputReady`: told always, only asked for, never, or told by another thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use asio::host::{Call, Driver, Offer};

use crate::bench::{Bench, preferred, wait_for_blocks};
use crate::watch::{Act, Manners, Seen, fill_silence, silence};

fn keeps_to_itself() -> Act {
    Box::new(|io, _| {
        fill_silence(io);
        io.withhold_output_ready();
    })
}

pub fn output_ready(bench: &Bench<'_>) -> Result<String> {
    let never = Offer {
        ready: false,
        ..Offer::ALL
    };
    let hosts = [
        ("after each block", Offer::ALL, silence as fn() -> Act),
        ("once, as a probe", Offer::ALL, keeps_to_itself),
        ("never", never, keeps_to_itself),
    ];
    let mut driver = bench.open()?;
    for (when, offer, act) in hosts {
        bench.step(format!("playing for a host that calls outputReady {when}"));
        play(bench, &mut driver, offer, act(), |_, seen, blocks| {
            wait_for_blocks(seen, blocks)
        })
        .with_context(|| format!("outputReady called {when}"))?;
    }
    bench.step("playing for a host that calls outputReady on another thread");
    play(
        bench,
        &mut driver,
        Offer::ALL,
        keeps_to_itself(),
        told_elsewhere,
    )
    .context("outputReady called on another thread")?;
    let use_of_it = match driver.output_ready() {
        true => "makes use of it",
        false => "makes no use of it",
    };
    Ok(format!(
        "blocks came however outputReady was called; the driver {use_of_it}"
    ))
}

fn play(
    bench: &Bench<'_>,
    driver: &mut Driver,
    offer: Offer,
    act: Act,
    run: impl FnOnce(&Driver, &Arc<Seen>, u64) -> Result<()>,
) -> Result<()> {
    let frames = preferred(driver)?;
    let seen = bench.prepare_with(driver, frames, offer, Manners::Good, act)?;
    driver.start()?;
    run(driver, &seen, u64::from(bench.rounds(20, 6)))?;
    driver.stop()?;
    driver.dispose_buffers()?;
    Ok(())
}

fn told_elsewhere(driver: &Driver, seen: &Arc<Seen>, blocks: u64) -> Result<()> {
    let (bare, done) = (driver.bare(), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                bare.call(Call::OutputReady);
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        let result = wait_for_blocks(seen, blocks);
        done.store(true, Ordering::Relaxed);
        result
    })
}
