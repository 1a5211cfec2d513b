//! Null where a pointer belongs.

use anyhow::{Result, ensure};
use asio::host::Driver;
use asio::host::misuse::{self, Finding};

use crate::bench::{Bench, wait_for_blocks};

pub fn null_pointers(bench: &Bench<'_>) -> Result<String> {
    let mut answers = 0;
    let mut ask = |driver: &mut Driver, state: &str| {
        bench.step(format!("passing null pointers to a driver that is {state}"));
        let found = misuse::null_pointers(driver);
        answers += found.len();
        judge(bench, &found, state)
    };
    let mut driver = bench.load()?;
    ask(&mut driver, "not initialised")?;
    drop(driver);
    let mut driver = bench.open()?;
    ask(&mut driver, "initialised")?;
    let seen = bench.prepare_preferred(&mut driver)?;
    ask(&mut driver, "prepared")?;
    driver.start()?;
    wait_for_blocks(&seen, 2)?;
    ask(&mut driver, "running")?;
    bench.step("playing after that");
    wait_for_blocks(&seen, 3)?;
    driver.stop()?;
    Ok(format!("{answers} calls with a null pointer were survived"))
}

/// Buffers without a list or without a callback cannot work. Elsewhere an answer that is left out may
/// be one that the program does not want.
fn judge(bench: &Bench<'_>, found: &[Finding], state: &str) -> Result<()> {
    for Finding {
        method, argument, ..
    } in found.iter().filter(|finding| finding.answer.is_success())
    {
        let text =
            format!("{method} succeeds with null for {argument} in a driver that is {state}");
        ensure!(*method != "createBuffers", "{text}");
        bench.warn(text);
    }
    Ok(())
}
