//! Sample rates: what is promised is kept, what is refused changes nothing.

use anyhow::{Result, ensure};
use asio::host::Driver;

use crate::bench::{Bench, wait_for_blocks};

/// What programs offer their users.
const USUAL_HZ: [u32; 15] = [
    8000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000, 176_400,
    192_000, 352_800, 384_000,
];

/// What no driver can run at.
const SENSELESS_HZ: [f64; 6] = [-48_000.0, -0.0, 1e-3, 1e12, f64::NAN, f64::INFINITY];

pub fn rates(bench: &Bench<'_>) -> Result<String> {
    let mut driver = bench.open()?;
    let own_hz = driver.sample_rate()?;
    let (mut played, mut refused) = (Vec::new(), 0);
    for rate_hz in USUAL_HZ.map(f64::from) {
        bench.step(format!("trying {rate_hz} Hz"));
        let can = driver.can_sample_rate(rate_hz);
        let before_hz = driver.sample_rate()?;
        let set = driver.set_sample_rate(rate_hz);
        match (can, set) {
            (Ok(()), Err(error)) => {
                anyhow::bail!("canSampleRate promises {rate_hz} Hz, but {error}")
            }
            (Ok(()), Ok(())) => {
                play(bench, &mut driver, rate_hz)?;
                played.push(format!("{rate_hz}"));
            }
            (Err(_), Ok(())) => {
                bench.warn(format!(
                    "{rate_hz} Hz can be set although canSampleRate says no"
                ));
            }
            (Err(_), Err(_)) => {
                check_refusal(bench, &driver, rate_hz, before_hz)?;
                refused += 1;
            }
        }
    }
    ensure!(!played.is_empty(), "none of the usual rates can be played");
    // Some drivers keep the rate for the next program.
    let _ = driver.set_sample_rate(own_hz);
    Ok(format!(
        "{} Hz were played, {refused} rates refused",
        played.join(", ")
    ))
}

fn play(bench: &Bench<'_>, driver: &mut Driver, rate_hz: f64) -> Result<()> {
    let now_hz = driver.sample_rate()?;
    ensure!(
        (now_hz - rate_hz).abs() < 1.0,
        "{rate_hz} Hz were set, but getSampleRate says {now_hz} Hz"
    );
    let seen = bench.start(driver)?;
    wait_for_blocks(&seen, u64::from(bench.rounds(6, 3)))?;
    driver.stop()?;
    driver.dispose_buffers()?;
    Ok(())
}

fn check_refusal(bench: &Bench<'_>, driver: &Driver, rate_hz: f64, before_hz: f64) -> Result<()> {
    bench.advise(!driver.error_message().is_empty(), || {
        format!("{rate_hz} Hz are refused without a text")
    });
    let after_hz = driver.sample_rate()?;
    ensure!(
        before_hz == after_hz,
        "{rate_hz} Hz were refused, and the rate is {after_hz} Hz instead of {before_hz} Hz"
    );
    Ok(())
}

pub fn senseless_rates(bench: &Bench<'_>) -> Result<String> {
    let mut driver = bench.open()?;
    let before_hz = driver.sample_rate()?;
    for rate_hz in SENSELESS_HZ {
        bench.step(format!("trying {rate_hz} Hz"));
        ensure!(
            driver.can_sample_rate(rate_hz).is_err(),
            "canSampleRate promises {rate_hz} Hz"
        );
        ensure!(
            driver.set_sample_rate(rate_hz).is_err(),
            "setSampleRate accepts {rate_hz} Hz"
        );
        check_refusal(bench, &driver, rate_hz, before_hz)?;
    }
    bench.step("playing after that");
    bench.plays(&mut driver)?;
    Ok(format!(
        "{} senseless rates were refused",
        SENSELESS_HZ.len()
    ))
}
